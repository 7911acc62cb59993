//! The storages of a finalfusion file, and its norms (chunks/storage/ and chunks/norms.rs of the
//! crate finalfusion 0.18).

use ndarray::Array2;

use crate::mmap::Bytes;
use crate::vectors::error::Result;
use crate::vectors::formats::cursor::Cursor;
use crate::vectors::quantize::{Codebook, ProductQuantizedRows, RowNorms};
use crate::vectors::rows::Rows;

/// Type ids.
const U8: u32 = 1;
const F32: u32 = 10;

/// Reads an array of f32 in place.
pub(super) fn read_array(cursor: &mut Cursor) -> Result<Rows> {
    let at = cursor.position();
    let rows = cursor.u64("the number of rows")?;
    let columns = cursor.u32("the number of columns")?;
    if columns == 0 {
        return Err(cursor.malformed(at, "at least one column", 0));
    }
    expect_type(cursor, F32, "f32")?;
    skip_padding(cursor)?;
    let stride = u64::from(columns) * 4;
    let bytes =
        cursor.share(rows.saturating_mul(stride), &format!("an array of {rows} x {columns} numbers"))?;
    Ok(Rows::Strided { bytes, stride: stride as usize, rows: rows as usize, dimensions: columns as usize })
}

/// Reads a product-quantised array; norms and codes stay in place, the tables are copied.
pub(super) fn read_quantized(cursor: &mut Cursor) -> Result<Rows> {
    let has_projection = cursor.u32("the flag of a projection")? != 0;
    let has_norms = cursor.u32("the flag of norms")? != 0;
    let at = cursor.position();
    let parts = cursor.u32("the number of parts")?;
    let dimensions = cursor.u32("the number of dimensions")?;
    let centroids = cursor.u32("the number of centroids")?;
    if parts == 0 || dimensions == 0 || dimensions % parts != 0 || !(1..=256).contains(&centroids) {
        return Err(cursor.malformed(
            at,
            "parts that divide the dimensions, and 1 to 256 centroids each",
            format!("{dimensions} dimensions in {parts} parts of {centroids} centroids"),
        ));
    }
    let rows = cursor.u64("the number of rows")?;
    expect_type(cursor, U8, "u8")?;
    expect_type(cursor, F32, "f32")?;
    skip_padding(cursor)?;

    let side = dimensions as usize;
    let rotation = if has_projection {
        let values = cursor.floats(u64::from(dimensions) * u64::from(dimensions), "the projection")?;
        Array2::from_shape_vec((side, side), values).ok()
    } else {
        None
    };
    let values = cursor.floats(u64::from(dimensions) * u64::from(centroids), "centroids")?;
    let codebook = Codebook::new(values, side, side / parts as usize, centroids as usize);
    let norms = if has_norms {
        RowNorms::Floats(cursor.share(rows.saturating_mul(4), &format!("{rows} norms"))?)
    } else {
        RowNorms::Absent
    };
    let at_codes = cursor.position();
    let codes = cursor.share(rows.saturating_mul(u64::from(parts)), &format!("codes of {rows} rows"))?;
    codebook
        .and_then(|codebook| ProductQuantizedRows::new(rows as usize, codes, codebook, norms, rotation))
        .map(Rows::ProductQuantized)
        .ok_or_else(|| cursor.malformed(at_codes, format!("codes below {centroids}"), "a larger one"))
}

/// Reads the words' norms in place: little-endian f32.
pub(super) fn read_norms(cursor: &mut Cursor) -> Result<Bytes> {
    let count = cursor.u64("the number of norms")?;
    expect_type(cursor, F32, "f32")?;
    skip_padding(cursor)?;
    cursor.share(count.saturating_mul(4), &format!("{count} norms"))
}

fn expect_type(cursor: &mut Cursor, id: u32, name: &str) -> Result<()> {
    let at = cursor.position();
    match cursor.u32("a type")? {
        found if found == id => Ok(()),
        found => Err(cursor.malformed(at, format!("type {id} ({name})"), found)),
    }
}

/// Numbers start at a multiple of 4 in the file, after 1 to 4 bytes of padding: never none, even
/// where they would be aligned without.
fn skip_padding(cursor: &mut Cursor) -> Result<()> {
    let padding = 4 - cursor.position() % 4;
    cursor.take(padding as u64, "padding").map(drop)
}

/// The first `words` rows of `storage`, in place.
pub(super) fn first_rows(storage: &Rows, words: usize) -> Rows {
    match storage {
        Rows::Strided { bytes, stride, dimensions, .. } => {
            Rows::Strided { bytes: bytes.clone(), stride: *stride, rows: words, dimensions: *dimensions }
        }
        Rows::ProductQuantized(rows) => Rows::ProductQuantized(rows.first(words)),
        other => unreachable!("a storage is an array or quantised, not {other:?}"),
    }
}

/// Whether giving out a row costs a rotation.
pub(super) fn is_rotated(rows: &Rows) -> bool {
    match rows {
        Rows::ProductQuantized(rows) => rows.is_rotated(),
        Rows::Scaled { rows, .. } => is_rotated(rows),
        _ => false,
    }
}
