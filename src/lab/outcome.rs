//! What came out of an experiment, as it is shown, kept and read again.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::numerals::rounded;

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

    /// As JSON; a number with six decimals.
    fn value(&self) -> Value {
        match self {
            Self::Count(number) => json!(number),
            Self::Number(number) => json!(rounded(*number)),
            Self::Text(text) => json!(text),
            Self::Flag(flag) => json!(flag),
            Self::Nothing => Value::Null,
        }
    }
}

impl std::fmt::Display for Cell {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Count(number) => write!(formatter, "{number}"),
            Self::Number(number) => write!(formatter, "{:.6}", rounded(*number)),
            Self::Text(text) => formatter.write_str(text),
            Self::Flag(flag) => write!(formatter, "{flag}"),
            Self::Nothing => Ok(()),
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
    /// What its values are: "loss", "accuracy".
    #[serde(default)]
    pub measure: String,
    /// Steps and values.
    pub points: Vec<(u64, f64)>,
}

/// What is new in an experiment that runs.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// A row of the table.
    Row(Row),
    /// A point of a curve.
    Point(Point),
}

/// A point of a curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The curve's name.
    pub curve: String,
    /// What the curve's values are.
    pub measure: String,
    /// The step.
    pub at: u64,
    /// What was measured there.
    pub value: f64,
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
            News::Point(point) => self.add_point(point),
        }
    }

    /// Adds a point to a curve.
    pub fn add_point(&mut self, point: Point) {
        let Point { curve: name, measure, at, value } = point;
        let known = self.curves.iter_mut().find(|curve| curve.name == name && curve.measure == measure);
        match known {
            Some(curve) => curve.points.push((at, value)),
            None => self.curves.push(Curve { name, measure, points: vec![(at, value)] }),
        }
    }

    /// The number of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    /// The numbers in a column, row by row; those that are none are left out.
    pub fn numbers(&self, column: &str) -> Vec<f64> {
        let column = self.column(column);
        self.rows.iter().filter_map(|row| row[column?].number()).collect()
    }

    /// The number in `column` of the first row whose cells are `known`: pairs of a column and its cell.
    pub fn find(&self, known: &[(&str, Cell)], column: &str) -> Option<f64> {
        let wanted = self.column(column)?;
        let is_meant = |row: &&Row| {
            known.iter().all(|(name, cell)| self.column(name).is_some_and(|index| row[index] == *cell))
        };
        self.rows.iter().find(is_meant)?[wanted].number()
    }

    /// The whole of it as JSON: `{"experiment", "model", "seed", "budget", "rows": [{column: cell}],
    /// "curves": [{"name", "measure", "points": [[step, value]]}]}`.
    pub fn json(&self) -> Value {
        let row = |row: &Row| {
            let cells = self.columns.iter().zip(row);
            Value::Object(cells.map(|(column, cell)| (column.clone(), cell.value())).collect::<Map<_, _>>())
        };
        let curve = |curve: &Curve| {
            let points: Vec<Value> =
                curve.points.iter().map(|&(at, value)| json!([at, rounded(value)])).collect();
            json!({"name": curve.name, "measure": curve.measure, "points": points})
        };
        json!({
            "experiment": self.experiment, "model": self.model, "seed": self.seed, "budget": self.budget,
            "rows": self.rows.iter().map(row).collect::<Vec<_>>(),
            "curves": self.curves.iter().map(curve).collect::<Vec<_>>(),
        })
    }

    /// What [`Outcome::json`] wrote, of an experiment with these `columns`.
    ///
    /// # Errors
    /// What is missing or is something else, in words.
    pub fn from_json(written: &Value, columns: &[&str]) -> Result<Self, String> {
        let number = |key: &str| written[key].as_u64().ok_or_else(|| format!("\"{key}\" is no number"));
        let list = |key: &str| written[key].as_array().ok_or_else(|| format!("\"{key}\" is no list"));
        let row = |(index, row): (usize, &Value)| {
            let cell = |column: &&str| {
                let cell = row.get(column).ok_or_else(|| format!("row {index} has no \"{column}\""))?;
                Cell::deserialize(cell).map_err(|_| format!("row {index}: {column} is {cell}"))
            };
            columns.iter().map(cell).collect::<Result<Row, String>>()
        };
        let curve = |curve: &Value| Curve::deserialize(curve).map_err(|error| format!("a curve: {error}"));
        Ok(Self {
            experiment: written["experiment"].as_str().ok_or("\"experiment\" is no text")?.to_owned(),
            model: written["model"].as_str().map(str::to_owned),
            seed: number("seed")?,
            budget: number("budget")?,
            columns: columns.iter().map(|&column| column.to_owned()).collect(),
            rows: list("rows")?.iter().enumerate().map(row).collect::<Result<_, _>>()?,
            curves: list("curves")?.iter().map(curve).collect::<Result<_, _>>()?,
        })
    }

    /// The table as CSV, with a heading.
    ///
    /// # Errors
    /// None that writing to memory has.
    pub fn csv(&self) -> csv::Result<String> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(&self.columns)?;
        for row in &self.rows {
            writer.write_record(row.iter().map(Cell::to_string))?;
        }
        let bytes = writer.into_inner().map_err(|error| std::io::Error::other(error.to_string()))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome() -> Outcome {
        Outcome {
            experiment: "recall".into(),
            model: Some("minilm-l6".into()),
            seed: 3,
            budget: 20,
            columns: vec!["network".into(), "right".into(), "distance".into(), "accuracy".into()],
            rows: vec![
                vec![Cell::Text("rnn, old".into()), Cell::Flag(true), Cell::Count(5), Cell::Number(0.25)],
                vec![Cell::Text("gru".into()), Cell::Flag(false), Cell::Nothing, Cell::Number(1.5)],
            ],
            curves: vec![Curve {
                name: "rnn".into(),
                measure: "loss".into(),
                points: vec![(50, 0.5), (100, 0.25)],
            }],
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let (outcome, columns) = (outcome(), ["network", "right", "distance", "accuracy"]);
        let written: Value = serde_json::from_str(&outcome.json().to_string()).unwrap();
        assert_eq!(Outcome::from_json(&written, &columns), Ok(outcome.clone()));
        assert_eq!(written["rows"][0]["accuracy"], 0.25);
        for (key, wrong) in
            [("seed", json!("x")), ("rows", json!([{"network": "rnn"}])), ("curves", json!([1]))]
        {
            let mut changed = written.clone();
            changed[key] = wrong;
            assert!(Outcome::from_json(&changed, &columns).is_err(), "{key}");
        }
        let csv = outcome.csv().unwrap();
        assert_eq!(csv.lines().nth(1), Some("\"rnn, old\",true,5,0.250000"));
        assert_eq!(csv.lines().nth(2), Some("gru,false,,1.500000"));
    }

    #[test]
    fn rows_and_points_are_added_as_they_come() {
        let mut outcome = outcome();
        outcome.add(News::Row(vec![Cell::Nothing; 4]));
        let point = |curve: &str, measure: &str, at| {
            News::Point(Point { curve: curve.into(), measure: measure.into(), at, value: 1.0 })
        };
        outcome.add(point("rnn", "loss", 150));
        outcome.add(point("rnn", "accuracy", 50));
        assert_eq!((outcome.rows.len(), outcome.curves.len(), outcome.curves[0].points.len()), (3, 2, 3));
        let known = [("network", Cell::Text("gru".into()))];
        assert_eq!((outcome.find(&known, "accuracy"), outcome.find(&known, "distance")), (Some(1.5), None));
    }
}
