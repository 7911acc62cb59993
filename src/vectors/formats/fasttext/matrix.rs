//! The matrices of a fastText model: `DenseMatrix::load`, `QuantMatrix::load` and
//! `ProductQuantizer::load` (fastText 0.9.2).

use crate::vectors::error::Result;
use crate::vectors::formats::cursor::Cursor;
use crate::vectors::quantize::{Codebook, ProductQuantizedRows, RowNorms};
use crate::vectors::rows::Rows;

/// Centroids of every part: a code is one byte.
const CENTROIDS: usize = 256;

/// Reads a dense matrix in place.
pub(super) fn read_dense(cursor: &mut Cursor, name: &str) -> Result<Rows> {
    let rows = cursor.long_count(&format!("the {name} matrix's rows"))?;
    let columns = cursor.long_count(&format!("the {name} matrix's columns"))?;
    let stride = columns.saturating_mul(4);
    let what = format!("the {name} matrix of {rows} x {columns} numbers");
    let bytes = cursor.share(rows.saturating_mul(stride), &what)?;
    Ok(Rows::Strided { bytes, stride: stride as usize, rows: rows as usize, dimensions: columns as usize })
}

/// Reads a product-quantised matrix; codes stay in place, centroids are copied.
pub(super) fn read_quantized(cursor: &mut Cursor, name: &str) -> Result<ProductQuantizedRows> {
    let has_norms = cursor.u8("the flag of quantised norms")? != 0;
    let rows = cursor.long_count(&format!("the {name} matrix's rows"))?;
    let columns = cursor.long_count(&format!("the {name} matrix's columns"))?;
    let at_codes = cursor.position();
    let code_bytes = u64::from(cursor.count(&format!("the size of the {name} matrix's codes"))?);
    let codes = cursor.share(code_bytes, &format!("the {name} matrix's codes"))?;
    let codebook = read_codebook(cursor, columns)?;
    let norms = if has_norms {
        let codes = cursor.share(rows, "the codes of the norms")?;
        let table = read_codebook(cursor, 1)?;
        let table = Box::new(std::array::from_fn(|code| table.centroid(0, code as u8)[0]));
        RowNorms::Codes { codes, table }
    } else {
        RowNorms::Absent
    };
    let parts = codebook.parts();
    usize::try_from(rows)
        .ok()
        .and_then(|rows| ProductQuantizedRows::new(rows, codes, codebook, norms, None))
        .ok_or_else(|| {
            cursor.malformed(
                at_codes,
                format!("codes for {rows} rows of {parts} parts"),
                format!("{code_bytes} bytes"),
            )
        })
}

/// Reads a product quantiser's tables, which must be for rows of `columns` numbers.
fn read_codebook(cursor: &mut Cursor, columns: u64) -> Result<Codebook> {
    let at = cursor.position();
    let dimensions = cursor.count("the quantiser's dimensions")?;
    let parts = cursor.count("the quantiser's parts")?;
    let part_length = cursor.count("the length of a part")?;
    let last_length = cursor.count("the length of the last part")?;
    let fits = u64::from(dimensions) == columns
        && part_length > 0
        && parts == dimensions.div_ceil(part_length)
        && last_length == dimensions - (parts.max(1) - 1) * part_length;
    let mismatch = |cursor: &Cursor| {
        cursor.malformed(
            at,
            format!("a quantiser of {columns} dimensions whose parts add up"),
            format!("{dimensions} dimensions in {parts} parts of {part_length} and a last of {last_length}"),
        )
    };
    if !fits {
        return Err(mismatch(cursor));
    }
    let values = cursor.floats(u64::from(dimensions) * CENTROIDS as u64, "centroids")?;
    Codebook::new(values, dimensions as usize, part_length as usize, CENTROIDS)
        .ok_or_else(|| mismatch(cursor))
}

/// Walks past the output matrix, which no question about words needs; it is checked to be whole
/// but none of it is read.
pub(super) fn skip_output(cursor: &mut Cursor, is_quantized: bool) -> Result<()> {
    if is_quantized {
        read_quantized(cursor, "output").map(drop)
    } else {
        read_dense(cursor, "output").map(drop)
    }
}
