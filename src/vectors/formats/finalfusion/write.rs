//! Writing finalfusion `.fifu` (finalfusion 0.18, `src/chunks`): a simple vocabulary, unit rows as an
//! array, and the norms that make them the original rows again. Every chunk is its u32 identifier,
//! the u64 length of what follows, and that.

use super::chunk::{ARRAY, NORMS, SIMPLE_VOCABULARY};
use crate::files::AtomicFile;
use crate::vectors::error::Result;
use crate::vectors::formats::selection::{Row, Selection};

/// The type of f32 numbers.
const F32: u32 = 10;

/// Bytes that bring a number at `position` to the next multiple of 4: 1 to 4, never none, as
/// finalfusion counts them.
fn padding(position: u64) -> u64 {
    4 - position % 4
}

/// Why the format cannot hold a row.
pub(super) fn objection(row: &Row) -> Option<&'static str> {
    if std::str::from_utf8(row.word).is_err() {
        Some("finalfusion files hold UTF-8 only, and this word is broken")
    } else if row.is_duplicate {
        Some("finalfusion files hold a word once, and it came before")
    } else {
        None
    }
}

/// Writes the file and returns its size.
pub(super) fn write(selection: &Selection) -> Result<u64> {
    let mut file = Positioned { file: selection.create(selection.path)?, at: 0 };
    file.write(b"FiFu")?;
    for number in [0, 3, SIMPLE_VOCABULARY, ARRAY, NORMS] {
        file.write(&number.to_le_bytes())?;
    }
    vocabulary(selection, &mut file)?;
    let norms = array(selection, &mut file)?;
    write_norms(&norms, &mut file)?;
    Ok(file.file.commit()?)
}

struct Positioned {
    file: AtomicFile,
    at: u64,
}

impl Positioned {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.at += bytes.len() as u64;
        Ok(self.file.write(bytes)?)
    }

    /// A chunk of f32: its own `fields`, the type, padding; `count` numbers have to follow.
    fn begin_floats(&mut self, identifier: u32, fields: &[u8], count: u64) -> Result<()> {
        let start = self.at + 12;
        let padding = padding(start + fields.len() as u64 + 4);
        self.write(&identifier.to_le_bytes())?;
        self.write(&(fields.len() as u64 + 4 + padding + 4 * count).to_le_bytes())?;
        self.write(fields)?;
        self.write(&F32.to_le_bytes())?;
        self.write(&[0; 4][..padding as usize])
    }
}

fn vocabulary(selection: &Selection, file: &mut Positioned) -> Result<()> {
    let words = || selection.rows.iter().map(|&row| selection.vectors.vocabulary().word(row));
    let length = 8 + words().map(|word| 4 + word.len() as u64).sum::<u64>();
    file.write(&SIMPLE_VOCABULARY.to_le_bytes())?;
    file.write(&length.to_le_bytes())?;
    file.write(&(selection.rows.len() as u64).to_le_bytes())?;
    for word in words() {
        file.write(&(word.len() as u32).to_le_bytes())?;
        file.write(word)?;
    }
    Ok(())
}

/// Writes the rows with length 1 and returns their norms. A row without a direction is written as
/// it is, with norm 1, so that reading gives it back.
fn array(selection: &Selection, file: &mut Positioned) -> Result<Vec<f32>> {
    let (rows, dimensions) = (selection.rows.len() as u64, selection.vectors.dimensions());
    let mut fields = rows.to_le_bytes().to_vec();
    fields.extend_from_slice(&(dimensions as u32).to_le_bytes());
    file.begin_floats(ARRAY, &fields, rows * dimensions as u64)?;
    let mut norms = Vec::with_capacity(selection.rows.len());
    let mut unit = vec![0.0_f32; dimensions];
    selection.one_by_one(|_, numbers| {
        let norm = numbers.iter().map(|&number| f64::from(number).powi(2)).sum::<f64>().sqrt();
        let stored = norm as f32;
        let directed = stored.is_finite() && stored >= f32::MIN_POSITIVE;
        let norm = if directed { f64::from(stored) } else { 1.0 };
        unit.iter_mut().zip(numbers).for_each(|(unit, &number)| *unit = (f64::from(number) / norm) as f32);
        norms.push(norm as f32);
        file.write(bytemuck::cast_slice(&unit))
    })?;
    Ok(norms)
}

fn write_norms(norms: &[f32], file: &mut Positioned) -> Result<()> {
    let count = norms.len() as u64;
    file.begin_floats(NORMS, &count.to_le_bytes(), count)?;
    file.write(bytemuck::cast_slice(norms))
}
