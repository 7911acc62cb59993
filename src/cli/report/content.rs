//! What a command answers: named facts, at most one map and one list of records, and totals under
//! that list.

use super::map::Map;
use super::value::Value;

/// A list of records with the same columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Name of the list in JSON, such as `results`.
    pub key: &'static str,
    /// Names of the columns.
    pub columns: Vec<&'static str>,
    /// The records; as many values each as there are columns.
    pub records: Vec<Vec<Value>>,
    /// Sums under the list: a name, which stands in the first column, and the other columns' values.
    pub totals: Vec<(&'static str, Vec<Value>)>,
}

impl Table {
    /// An empty list called `key` with these columns.
    pub fn new(key: &'static str, columns: &[&'static str]) -> Self {
        Self { key, columns: columns.to_vec(), records: Vec::new(), totals: Vec::new() }
    }
}

/// What a command answers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// Named facts about the whole answer, in order.
    pub facts: Vec<(&'static str, Value)>,
    /// The list, where the answer is one.
    pub table: Option<Table>,
    /// The map, where the answer is one. CSV and TSV then give its cells, SVG draws it.
    pub map: Option<Map>,
    /// The answer is a sheet of facts of different kinds. CSV and TSV then give one fact a line, the
    /// list's records after them, and an empty list is not shown.
    pub sheet: bool,
    /// Conditions were set on the words of the list.
    pub filtered: bool,
}

impl Report {
    /// Whether the answer is a list of words with no word in it.
    pub fn is_empty_list(&self) -> bool {
        self.table.as_ref().is_some_and(|table| table.key == "results" && table.records.is_empty())
    }

    /// The report of a list that had to pass conditions, or not.
    pub fn filtered(mut self, filtered: bool) -> Self {
        self.filtered = filtered;
        self
    }

    /// The report with one more fact.
    pub fn fact(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        self.facts.push((key, value.into()));
        self
    }

    /// The report without one of its facts.
    pub fn without(mut self, key: &str) -> Self {
        self.facts.retain(|(name, _)| *name != key);
        self
    }

    /// The report with its list.
    pub fn list(mut self, table: Table) -> Self {
        self.table = Some(table);
        self
    }

    /// The report with its map.
    pub fn map(mut self, map: Map) -> Self {
        self.map = Some(map);
        self
    }
}
