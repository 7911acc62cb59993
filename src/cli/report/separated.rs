//! An answer as CSV or TSV.

use std::borrow::Cow;

use super::content::Report;
use super::value::{Value, rounded};
use crate::visible;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Separator {
    /// Fields with commas, quotes or ends of lines are quoted (RFC 4180).
    Comma,
    /// Nothing is quoted, so that `cut` and `awk` find their fields: tab, end of line and backslash are
    /// written `\\t`, `\\n`, `\\r` and `\\\\`.
    Tab,
}

/// The cells of a map, else the records of a list, else the facts; of a sheet one fact a line. On a
/// `terminal` everything is made visible; files and pipes get the bytes as they are.
pub(super) fn bytes(report: &Report, separator: Separator, terminal: bool) -> anyhow::Result<Vec<u8>> {
    let (delimiter, quotes) = match separator {
        Separator::Comma => (b',', csv::QuoteStyle::Necessary),
        Separator::Tab => (b'\t', csv::QuoteStyle::Never),
    };
    let mut writer = csv::WriterBuilder::new()
        .delimiter(delimiter)
        .quote_style(quotes)
        .flexible(true)
        .from_writer(Vec::new());
    for record in records(report) {
        writer.write_record(record.iter().map(|field| shaped(field, separator, terminal)))?;
    }
    Ok(writer.into_inner()?)
}

/// How many fields of a CSV begin like a formula, which spreadsheets would compute rather than show.
pub(super) fn formulas(report: &Report) -> usize {
    let is_formula = |value: &&Value| match value {
        Value::Text(text) => begins_a_formula(text.as_bytes()),
        Value::Word(bytes) => begins_a_formula(bytes),
        _ => false,
    };
    let facts = report.facts.iter().map(|(_, value)| value);
    let cells = report.table.iter().flat_map(|table| &table.records).flatten();
    let labels = report.map.iter().flat_map(|map| map.rows.iter().chain(&map.columns));
    let in_map = labels.filter(|label| begins_a_formula(label.as_bytes())).count();
    let shown_facts = report.table.is_none() && report.map.is_none() || report.sheet;
    let in_facts = facts.filter(is_formula).count() * usize::from(shown_facts);
    in_map + in_facts + cells.filter(is_formula).count()
}

fn begins_a_formula(field: &[u8]) -> bool {
    field.len() > 1 && matches!(field[0], b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r')
}

/// The fields of one line.
type Line = Vec<Vec<u8>>;

/// Heading and records.
fn records(report: &Report) -> Box<dyn Iterator<Item = Line> + '_> {
    let names = |names: &[String]| names.iter().map(|name| name.clone().into_bytes()).collect::<Vec<_>>();
    let fields = |values: &[Value]| values.iter().map(field).collect::<Vec<_>>();
    if let Some(map) = &report.map {
        let (heading, cells) = map.cells();
        return Box::new(std::iter::once(names(&heading)).chain(cells.map(move |cell| names(&cell))));
    }
    match &report.table {
        _ if report.sheet => Box::new(sheet(report)),
        Some(table) => {
            let heading = table.columns.iter().map(|name| name.as_bytes().to_vec()).collect();
            let totals = table.totals.iter().map(move |(name, values)| {
                let mut record = vec![name.as_bytes().to_vec()];
                record.extend(fields(values));
                record
            });
            let list = table.records.iter().map(move |record| fields(record));
            Box::new(std::iter::once(heading).chain(list).chain(totals))
        }
        None => {
            let names: Line = report.facts.iter().map(|(key, _)| key.as_bytes().to_vec()).collect();
            let values: Line = report.facts.iter().map(|(_, value)| field(value)).collect();
            Box::new([names, values].into_iter())
        }
    }
}

/// One fact a line, then one record a line, its fields in one.
fn sheet(report: &Report) -> impl Iterator<Item = Line> {
    let facts = report.facts.iter().map(|(key, value)| vec![key.as_bytes().to_vec(), field(value)]);
    let list = report.table.iter().flat_map(|table| &table.records).map(|record| {
        let mut fields = record.iter().map(field).filter(|field| !field.is_empty());
        vec![fields.next().unwrap_or_default(), fields.collect::<Vec<_>>().join(&b' ')]
    });
    std::iter::once(vec![b"fact".to_vec(), b"value".to_vec()]).chain(facts).chain(list)
}

/// A field as it is written.
fn shaped(field: &[u8], separator: Separator, terminal: bool) -> Cow<'_, [u8]> {
    if terminal {
        let shown = visible::line(&String::from_utf8_lossy(field)).into_owned();
        return Cow::Owned(shown.into_bytes());
    }
    if separator == Separator::Comma || !field.iter().any(|byte| b"\t\n\r\\".contains(byte)) {
        return Cow::Borrowed(field);
    }
    let escaped = field.iter().flat_map(|byte| match byte {
        b'\t' => b"\\t".to_vec(),
        b'\n' => b"\\n".to_vec(),
        b'\r' => b"\\r".to_vec(),
        b'\\' => b"\\\\".to_vec(),
        other => vec![*other],
    });
    Cow::Owned(escaped.collect())
}

/// A value as a field of CSV or TSV. Words keep their own bytes.
fn field(value: &Value) -> Vec<u8> {
    match value {
        Value::Text(text) => text.as_bytes().to_vec(),
        Value::Word(bytes) => bytes.clone(),
        Value::Integer(number) => number.to_string().into_bytes(),
        Value::Offset(number) => number.to_string().into_bytes(),
        Value::Number(number) if number.is_finite() => format!("{:.6}", rounded(*number)).into_bytes(),
        Value::Number(_) | Value::Nothing => Vec::new(),
        Value::Flag(flag) => flag.to_string().into_bytes(),
        Value::List(values) => values.iter().map(field).collect::<Vec<_>>().join(&b' '),
    }
}
