//! An answer that is a map, in JSON and in plain text.

use ndarray::Array2;
use serde_json::{Map as Object, json};
use unicode_width::UnicodeWidthStr;

use super::shown::shown;
use super::value::{fixed, rounded};
use crate::analysis::ranking::largest_first;
pub use crate::export::Map;

/// Plain text stays within this many columns.
const WIDTH: usize = 80;
/// Labels over numbers are cut to this many columns.
const LABEL: usize = 5;

impl Map {
    /// The members `rows`, `columns`, `values` and, where there is one, `before`.
    pub fn write_members(&self, object: &mut Object<String, serde_json::Value>) {
        let nested = |values: &Array2<f64>| -> serde_json::Value {
            let row = |row: ndarray::ArrayView1<'_, f64>| -> serde_json::Value {
                row.iter().map(|&value| json!(rounded(value))).collect()
            };
            values.outer_iter().map(row).collect()
        };
        object.insert("rows".into(), json!(self.rows));
        object.insert("columns".into(), json!(self.columns));
        object.insert("values".into(), nested(&self.values));
        if let Some(before) = &self.before {
            object.insert("before".into(), nested(before));
        }
    }

    /// Readable at 80 columns: all numbers where they fit, otherwise the strongest of each row.
    pub fn push_plain(&self, text: &mut String, terminal: bool) {
        match &self.before {
            None => self.push_values(text, &self.values, false, terminal),
            Some(before) => {
                text.push_str("before\n");
                self.push_values(text, before, false, terminal);
                text.push_str("\nafter\n");
                self.push_values(text, &self.values, false, terminal);
                text.push_str("\nchange\n");
                self.push_values(text, &(&self.values - before), true, terminal);
            }
        }
    }

    fn push_values(&self, text: &mut String, values: &Array2<f64>, are_changes: bool, terminal: bool) {
        let tamed = |labels: &[String]| -> Vec<String> {
            labels.iter().map(|label| shown(label, terminal)).collect()
        };
        let (rows, columns) = (tamed(&self.rows), tamed(&self.columns));
        if !push_table(text, values, &rows, &columns) {
            push_strongest(text, values, &rows, &columns, are_changes);
        }
    }
}

fn short_number(value: f64) -> String {
    if value.is_finite() { fixed(value, 2) } else { "-".into() }
}

/// Writes all numbers with a heading, or says that they do not fit.
fn push_table(text: &mut String, values: &Array2<f64>, rows: &[String], columns: &[String]) -> bool {
    let cells = values.map(|&value| short_number(value));
    let headings: Vec<String> = columns.iter().map(|label| cut(label, LABEL)).collect();
    let width = |column: usize| {
        let numbers = cells.column(column).iter().map(String::len).max().unwrap_or(0);
        numbers.max(headings[column].width())
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let first = rows.iter().map(|label| label.width()).max().unwrap_or(0).min(2 * LABEL);
    if first + widths.iter().map(|width| width + 1).sum::<usize>() > WIDTH {
        return false;
    }
    let mut push_line = |label: &str, cells: &mut dyn Iterator<Item = &String>| {
        let mut line = padded(label, first);
        for (cell, width) in cells.zip(&widths) {
            line.push_str(&" ".repeat(1 + width.saturating_sub(cell.width())));
            line.push_str(cell);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    };
    push_line("", &mut headings.iter());
    for (label, cells) in rows.iter().zip(cells.outer_iter()) {
        push_line(&cut(label, first), &mut cells.iter());
    }
    true
}

/// Writes each row's label with its largest numbers, as many as fit into a line.
fn push_strongest(
    text: &mut String,
    values: &Array2<f64>,
    rows: &[String],
    columns: &[String],
    are_changes: bool,
) {
    let digits = rows.len().saturating_sub(1).to_string().len();
    let first = rows.iter().map(|label| label.width()).max().unwrap_or(0).min(16);
    for (index, (label, values)) in rows.iter().zip(values.outer_iter()).enumerate() {
        let mut line = format!("{index:digits$} {}", padded(&cut(label, first), first));
        for (column, value) in largest_first(values.iter().copied(), are_changes) {
            let next = format!("  {} {} {}", column, cut(&columns[column], 16), short_number(value));
            if line.width() + next.width() > WIDTH {
                break;
            }
            line.push_str(&next);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
}

fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// `text` cut to `width` columns, with a dot where something is missing.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut short = String::new();
    for character in text.chars() {
        if format!("{short}{character}").width() + 1 > width {
            break;
        }
        short.push(character);
    }
    short + "."
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(count: usize) -> Map {
        let labels: Vec<String> = (0..count).map(|index| format!("token{index}")).collect();
        Map {
            title: "a map".into(),
            quantity: "weight",
            row: "query",
            column: "key",
            rows: labels.clone(),
            columns: labels,
            values: Array2::from_shape_fn((count, count), |(i, j)| if i == j { 0.9 } else { 0.001 }),
            before: None,
        }
    }

    #[test]
    fn stays_within_eighty_columns() {
        for count in [1, 5, 12, 13, 40, 200] {
            let mut text = String::new();
            map(count).push_plain(&mut text, true);
            assert!(text.lines().all(|line| line.width() <= WIDTH), "{count}:\n{text}");
            assert!(text.lines().count() >= count, "{count}");
            assert_eq!(text.matches("0.90").count(), count, "every row's strongest is there\n{text}");
        }
    }

    #[test]
    fn what_is_masked_is_a_dash_and_zero_has_no_sign() {
        assert_eq!(short_number(f64::NEG_INFINITY), "-");
        assert_eq!(short_number(-0.001), "0.00");
        assert_eq!(short_number(-12.345), "-12.35");
    }

    #[test]
    fn long_labels_are_cut_by_their_width() {
        assert_eq!(cut("because", 5), "beca.");
        assert_eq!(cut("日本語", 5), "日本.");
        assert_eq!(cut("cat", 5), "cat");
    }
}
