//! An answer for people: aligned columns.

use unicode_width::UnicodeWidthStr;

use super::content::{Report, Table};
use super::shown::shown;
use super::value::{Value, fixed};

/// `terminal` says that a terminal will interpret the text.
pub(super) fn text(report: &Report, terminal: bool) -> String {
    let mut text = String::new();
    let table = report.table.as_ref().filter(|table| !report.sheet || !table.records.is_empty());
    // The list of a simple question speaks for itself.
    if table.is_none() || report.facts.iter().any(|(key, _)| *key != "query") {
        let rows: Vec<Vec<Cell>> = report
            .facts
            .iter()
            .map(|(key, value)| vec![Cell::label(key), Cell { right: false, ..Cell::of(value, terminal) }])
            .collect();
        push_aligned(&mut text, &rows);
        if table.is_some() || report.map.is_some() {
            text.push('\n');
        }
    }
    if let Some(map) = &report.map {
        map.push_plain(&mut text, terminal);
        if table.is_some() {
            text.push('\n');
        }
    }
    if let Some(table) = table {
        push_table(&mut text, table, terminal);
    }
    text
}

fn push_table(text: &mut String, table: &Table, terminal: bool) {
    let cells = |values: &[Value]| values.iter().map(|value| Cell::of(value, terminal)).collect::<Vec<_>>();
    let mut rows: Vec<Vec<Cell>> = table.records.iter().map(|record| cells(record)).collect();
    for (name, values) in &table.totals {
        let mut row = vec![Cell::label(name)];
        row.extend(cells(values));
        rows.push(row);
    }
    // A heading stands over its column's values: right over numbers, left over text.
    let heading = |(column, name): (usize, &&str)| {
        let right = rows.first().and_then(|row| row.get(column)).is_some_and(|cell| cell.right);
        Cell { text: (*name).to_owned(), right }
    };
    let headings = table.columns.iter().enumerate().map(heading).collect();
    rows.insert(0, headings);
    push_aligned(text, &rows);
}

/// One cell of a plain table.
#[derive(Debug, Clone)]
struct Cell {
    text: String,
    right: bool,
}

impl Cell {
    fn label(text: &str) -> Self {
        Self { text: text.replace('_', " "), right: false }
    }

    fn of(value: &Value, terminal: bool) -> Self {
        let right = matches!(value, Value::Integer(_) | Value::Offset(_) | Value::Number(_));
        let text = match value {
            Value::Text(text) => shown(text, terminal),
            Value::Word(bytes) => shown(&String::from_utf8_lossy(bytes), terminal),
            Value::Integer(number) => number.to_string(),
            Value::Offset(number) => number.to_string(),
            Value::Number(number) if number.is_finite() => fixed(*number, 4),
            Value::Number(_) | Value::Nothing => "-".to_owned(),
            Value::Flag(flag) => if *flag { "yes" } else { "no" }.to_owned(),
            Value::List(values) if values.is_empty() => "-".to_owned(),
            Value::List(values) => {
                let shown: Vec<String> = values.iter().map(|value| Self::of(value, terminal).text).collect();
                shown.join(", ")
            }
        };
        Self { text, right }
    }
}

/// Writes rows of cells as columns, two blanks apart, by the width that they take on a terminal.
fn push_aligned(text: &mut String, rows: &[Vec<Cell>]) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.text.width()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let padding = " ".repeat(width.saturating_sub(cell.text.width()));
            if cell.right {
                line.push_str(&padding);
                line.push_str(&cell.text);
            } else {
                line.push_str(&cell.text);
                line.push_str(&padding);
            }
            line.push_str("  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
}
