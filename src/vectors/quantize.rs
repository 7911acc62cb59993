//! Product quantisation: rows stored as indices into small tables of centroids.
//!
//! A row is cut into `q` parts; each part is one byte, the number of a centroid in that part's own
//! table (Jégou, Douze and Schmid 2011, "Product quantization for nearest neighbor search").
//! fastText's `.ftz` and finalfusion's quantised storage are both read into
//! [`ProductQuantizedRows`]; neither is blown up to f32.

use ndarray::{Array2, ArrayView1};

use crate::mmap::Bytes;

/// The tables of centroids that a row's codes point into.
///
/// Part `p` has `centroids` centroids of `part_length` numbers, the last part of `last_length`;
/// part `p`'s table starts at number `p * centroids * part_length`.
#[derive(Debug, Clone, PartialEq)]
pub struct Codebook {
    values: Vec<f32>,
    dimensions: usize,
    parts: usize,
    part_length: usize,
    last_length: usize,
    centroids: usize,
}

impl Codebook {
    /// A codebook for rows of `dimensions` numbers in parts of `part_length`, the last of which
    /// has what remains. `values` are all tables, one after the other.
    ///
    /// `None` when the sizes do not fit together: a part length or centroid count of 0, more than
    /// 256 centroids, or a number of values other than `dimensions * centroids`.
    pub fn new(values: Vec<f32>, dimensions: usize, part_length: usize, centroids: usize) -> Option<Self> {
        if dimensions == 0 || part_length == 0 || part_length > dimensions || !(1..=256).contains(&centroids)
        {
            return None;
        }
        if dimensions.checked_mul(centroids)? != values.len() {
            return None;
        }
        let parts = dimensions.div_ceil(part_length);
        let last_length = dimensions - (parts - 1) * part_length;
        Some(Self { values, dimensions, parts, part_length, last_length, centroids })
    }

    /// Numbers in a row.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Codes in a row.
    pub fn parts(&self) -> usize {
        self.parts
    }

    /// Centroids of a part; codes must be smaller.
    pub fn centroids(&self) -> usize {
        self.centroids
    }

    /// The numbers that code `code` of part `part` stands for.
    pub fn centroid(&self, part: usize, code: u8) -> &[f32] {
        let length = if part + 1 == self.parts { self.last_length } else { self.part_length };
        let start = part * self.centroids * self.part_length + usize::from(code) * length;
        &self.values[start..start + length]
    }

    fn decode(&self, codes: &[u8], out: &mut [f32]) {
        for ((part, &code), piece) in codes.iter().enumerate().zip(out.chunks_mut(self.part_length)) {
            piece.copy_from_slice(self.centroid(part, code));
        }
    }
}

/// What a reconstructed row is multiplied with.
#[derive(Debug, Clone)]
pub enum RowNorms {
    /// Nothing.
    Absent,
    /// The row's own f32, little-endian, one a row, at any alignment.
    Floats(Bytes),
    /// A number of a table, chosen by one byte a row (fastText's quantised norm).
    Codes {
        /// One code a row.
        codes: Bytes,
        /// One number for every code.
        table: Box<[f32; 256]>,
    },
}

/// Rows stored as product-quantiser codes, with an optional norm a row and an optional rotation.
#[derive(Debug, Clone)]
pub struct ProductQuantizedRows {
    codes: Bytes,
    codebook: Codebook,
    norms: RowNorms,
    rotation: Option<Array2<f32>>,
    rows: usize,
}

impl ProductQuantizedRows {
    /// `rows` rows whose codes lie in `codes`, row after row.
    ///
    /// `rotation` is the D x D matrix P that rows were multiplied with before they were quantised
    /// (optimised product quantisation, Ge et al. 2013); the reconstruction is multiplied with
    /// its transpose.
    ///
    /// `None` when the sizes do not fit together, or when a code has no centroid.
    pub fn new(
        rows: usize,
        codes: Bytes,
        codebook: Codebook,
        norms: RowNorms,
        rotation: Option<Array2<f32>>,
    ) -> Option<Self> {
        let norms_fit = match &norms {
            RowNorms::Absent => true,
            RowNorms::Floats(bytes) => Some(bytes.len()) == rows.checked_mul(4),
            RowNorms::Codes { codes, .. } => codes.len() == rows,
        };
        let side = codebook.dimensions();
        let rotation_fits = rotation.as_ref().is_none_or(|matrix| matrix.dim() == (side, side));
        let codes_fit = Some(codes.len()) == rows.checked_mul(codebook.parts())
            && (codebook.centroids() == 256
                || codes.iter().all(|&code| usize::from(code) < codebook.centroids()));
        (norms_fit && rotation_fits && codes_fit).then_some(Self { codes, codebook, norms, rotation, rows })
    }

    /// The first `rows` of these rows (all of them when there are fewer), sharing their bytes.
    #[must_use]
    pub fn first(&self, rows: usize) -> Self {
        let rows = rows.min(self.rows);
        Self { rows, ..self.clone() }
    }

    /// The codes, and the norms where they are stored, as they lie in the file.
    pub fn stored(&self) -> Vec<&Bytes> {
        match &self.norms {
            RowNorms::Absent => vec![&self.codes],
            RowNorms::Floats(norms) | RowNorms::Codes { codes: norms, .. } => vec![&self.codes, norms],
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Numbers in a row.
    pub fn dimensions(&self) -> usize {
        self.codebook.dimensions()
    }

    /// Whether rows were rotated before they were quantised.
    pub fn is_rotated(&self) -> bool {
        self.rotation.is_some()
    }

    /// The tables of centroids.
    pub fn codebook(&self) -> &Codebook {
        &self.codebook
    }

    /// The codes of row `row`. Panics when there is no such row.
    pub fn codes(&self, row: usize) -> &[u8] {
        let parts = self.codebook.parts();
        &self.codes[row * parts..(row + 1) * parts]
    }

    /// What row `row` is multiplied with after its parts are put together.
    pub fn norm(&self, row: usize) -> f32 {
        match &self.norms {
            RowNorms::Absent => 1.0,
            RowNorms::Floats(bytes) => bytemuck::pod_read_unaligned(&bytes[4 * row..4 * row + 4]),
            RowNorms::Codes { codes, table } => table[usize::from(codes[row])],
        }
    }

    /// Writes row `row`, reconstructed, into `out`, which must have
    /// [`ProductQuantizedRows::dimensions`] numbers.
    pub fn copy_row(&self, row: usize, out: &mut [f32]) {
        self.codebook.decode(self.codes(row), out);
        if let Some(rotation) = &self.rotation {
            let rotated = rotation.dot(&ArrayView1::from(&*out));
            out.iter_mut().zip(&rotated).for_each(|(value, &number)| *value = number);
        }
        let norm = self.norm(row);
        out.iter_mut().for_each(|value| *value *= norm);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Five dimensions in parts of two: the last part has one.
    fn codebook() -> Codebook {
        let values = (0..10).map(|number| number as f32).collect();
        Codebook::new(values, 5, 2, 2).unwrap()
    }

    #[test]
    fn the_last_part_is_shorter_and_its_table_is_denser() {
        let rows = ProductQuantizedRows::new(
            2,
            Bytes::from_static(&[0, 1, 1, 1, 0, 0]),
            codebook(),
            RowNorms::Absent,
            None,
        )
        .unwrap();
        let mut row = [0.0; 5];
        rows.copy_row(0, &mut row);
        assert_eq!(row, [0.0, 1.0, 6.0, 7.0, 9.0]);
        rows.copy_row(1, &mut row);
        assert_eq!(row, [2.0, 3.0, 4.0, 5.0, 8.0]);
    }

    #[test]
    fn norms_multiply_and_the_rotation_is_transposed_back() {
        let codebook = Codebook::new(vec![1.0, 2.0], 2, 1, 1).unwrap();
        // P turns the first axis into the second: (x, y) P = (-y, x).
        let rotation = ndarray::array![[0.0, 1.0], [-1.0, 0.0]];
        let norms = RowNorms::Floats(Bytes::from_vec(2.0f32.to_le_bytes().to_vec()));
        let rows = ProductQuantizedRows::new(1, Bytes::from_static(&[0, 0]), codebook, norms, Some(rotation))
            .unwrap();
        let mut row = [0.0; 2];
        rows.copy_row(0, &mut row);
        assert_eq!(row, [4.0, -2.0]);
    }

    #[test]
    fn sizes_that_do_not_fit_and_codes_without_centroid_are_refused() {
        assert!(Codebook::new(vec![0.0; 9], 5, 2, 2).is_none());
        assert!(Codebook::new(vec![], 0, 1, 2).is_none());
        assert!(Codebook::new(vec![0.0; 257], 1, 1, 257).is_none());
        let with = |codes: &'static [u8]| {
            ProductQuantizedRows::new(1, Bytes::from_static(codes), codebook(), RowNorms::Absent, None)
        };
        assert!(with(&[0, 1, 0]).is_some());
        assert!(with(&[0, 2, 0]).is_none());
        assert!(with(&[0, 1]).is_none());
    }
}
