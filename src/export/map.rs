//! Numbers by row and column.

use ndarray::Array2;

use super::svg;
use crate::numerals::rounded;

/// Numbers by row and column, with labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Map {
    /// What is shown, for the heading of a drawing.
    pub title: String,
    /// What a number is, such as `weight`: the name of its column, and of the legend.
    pub quantity: &'static str,
    /// What a row is, such as `query`.
    pub row: &'static str,
    /// What a column is, such as `key`.
    pub column: &'static str,
    /// One label a row.
    pub rows: Vec<String>,
    /// One label a column.
    pub columns: Vec<String>,
    /// The numbers `[rows, columns]`; not finite where there is none.
    pub values: Array2<f64>,
    /// The same numbers without the changes that were asked for, to be shown beside.
    pub before: Option<Array2<f64>>,
}

impl Map {
    /// Heading and records, one a cell: row, its label, column, column label, number, and the number
    /// before.
    pub fn cells(&self) -> (Vec<String>, impl Iterator<Item = Vec<String>>) {
        let mut heading = vec![
            self.row.to_owned(),
            format!("{}_label", self.row),
            self.column.to_owned(),
            format!("{}_label", self.column),
            self.quantity.to_owned(),
        ];
        heading.extend(self.before.as_ref().map(|_| String::from("before")));
        let number =
            |value: f64| if value.is_finite() { format!("{:.6}", rounded(value)) } else { String::new() };
        let cell = move |((row, column), &value): ((usize, usize), &f64)| {
            let mut cell = vec![
                row.to_string(),
                self.rows[row].clone(),
                column.to_string(),
                self.columns[column].clone(),
                number(value),
            ];
            cell.extend(self.before.as_ref().map(|before| number(before[[row, column]])));
            cell
        };
        (heading, self.values.indexed_iter().map(cell))
    }

    /// Its cells as CSV.
    ///
    /// # Errors
    /// None that writing to memory has.
    pub fn csv(&self) -> csv::Result<String> {
        let (heading, cells) = self.cells();
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(heading)?;
        for cell in cells {
            writer.write_record(cell)?;
        }
        let bytes = writer.into_inner().map_err(|error| std::io::Error::other(error.to_string()))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// It as a drawing, SVG 1.1.
    pub fn svg(&self) -> String {
        svg::draw(self)
    }
}
