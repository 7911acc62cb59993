//! What came out of an experiment, as it is shown, kept and read again.

use serde::{Deserialize, Serialize};

/// One cell of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Cell {
    /// A number of things.
    Count(u64),
    /// A measurement.
    Number(f64),
    /// A name.
    Text(String),
    /// Yes or no.
    Flag(bool),
    /// There is none.
    Nothing,
}

impl Cell {
    /// The number in it.
    pub fn number(&self) -> Option<f64> {
        match *self {
            Self::Count(number) => Some(number as f64),
            Self::Number(number) => Some(number),
            _ => None,
        }
    }
}

/// As many cells as there are columns.
pub type Row = Vec<Cell>;

/// A line that grows while an experiment runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Whose it is.
    pub name: String,
    /// Steps and values.
    pub points: Vec<(u64, f64)>,
}

/// What is new in an experiment that runs.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// A row of the table.
    Row(Row),
    /// A point of the curve of that name.
    Point(String, u64, f64),
}

/// What came out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcome {
    /// The name of the experiment.
    pub experiment: String,
    /// The name of the model that was looked at.
    pub model: Option<String>,
    /// What all that is random followed from.
    pub seed: u64,
    /// How much was done.
    pub budget: u64,
    /// The columns of the table.
    pub columns: Vec<String>,
    /// The table.
    pub rows: Vec<Row>,
    /// What was seen on the way.
    pub curves: Vec<Curve>,
}

impl Outcome {
    /// Adds what is new.
    pub fn add(&mut self, news: News) {
        match news {
            News::Row(row) => self.rows.push(row),
            News::Point(name, at, value) => self.add_point(&name, at, value),
        }
    }

    /// Adds a point to a curve.
    pub fn add_point(&mut self, name: &str, at: u64, value: f64) {
        match self.curves.iter_mut().find(|curve| curve.name == name) {
            Some(curve) => curve.points.push((at, value)),
            None => self.curves.push(Curve { name: name.to_owned(), points: vec![(at, value)] }),
        }
    }

    /// The number of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    /// The number in `column` of the first row whose cells are `known`: pairs of a column and its cell.
    pub fn find(&self, known: &[(&str, Cell)], column: &str) -> Option<f64> {
        let wanted = self.column(column)?;
        let is_meant = |row: &&Row| {
            known.iter().all(|(name, cell)| self.column(name).is_some_and(|index| row[index] == *cell))
        };
        self.rows.iter().find(is_meant)?[wanted].number()
    }
}
