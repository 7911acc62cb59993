//! Product quantisation: rows stored as indices into small tables of centroids.

/// Rows stored as product-quantiser codes, with an optional norm a row and an optional rotation.
#[derive(Debug)]
pub struct ProductQuantizedRows {}

impl ProductQuantizedRows {
    /// Number of rows.
    pub fn len(&self) -> usize {
        todo!()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Numbers in a row.
    pub fn dimensions(&self) -> usize {
        todo!()
    }

    /// Writes row `row`, reconstructed, into `out`.
    pub fn copy_row(&self, _row: usize, _out: &mut [f32]) {
        todo!()
    }
}
