//! Answers as text: plain, JSON, CSV and TSV, all made from one description, [`Report`].
//!
//! A command says once what its answer consists of: named facts, at most one list of records, and
//! totals under that list. Each format shows the same things in its own way, so no format can
//! fall behind another.

use std::borrow::Cow;

use serde_json::{Map, json};
use unicode_width::UnicodeWidthStr;

use super::arguments::OutputFormat;
use super::map::Map as NumberMap;
use super::svg;

/// One value of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text of our own.
    Text(String),
    /// A word from a vector file: bytes that need not be UTF-8.
    Word(Vec<u8>),
    /// A count, a rank, a size.
    Integer(u64),
    /// A difference of positions.
    Offset(i64),
    /// A similarity or another real number; shown with four decimals, written with six.
    Number(f64),
    /// Yes or no.
    Flag(bool),
    /// Several values.
    List(Vec<Value>),
    /// Nothing known.
    Nothing,
}

impl Value {
    /// A text value.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Integer(number as u64)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

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
    pub map: Option<NumberMap>,
    /// The answer is a sheet of facts of different kinds. CSV and TSV then give one fact a line, the
    /// list's records after them, and an empty list is not shown.
    pub sheet: bool,
}

impl Report {
    /// The report with one more fact.
    pub fn fact(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        self.facts.push((key, value.into()));
        self
    }

    /// The report with its list.
    pub fn list(mut self, table: Table) -> Self {
        self.table = Some(table);
        self
    }

    /// The report with its map.
    pub fn map(mut self, map: NumberMap) -> Self {
        self.map = Some(map);
        self
    }
}

/// Writes `report` in `format`. `terminal` says that a terminal will interpret the text.
pub fn render(report: &Report, format: OutputFormat, terminal: bool) -> anyhow::Result<Vec<u8>> {
    match format {
        OutputFormat::Plain => Ok(plain(report, terminal).into_bytes()),
        OutputFormat::Json => Ok(json_text(report)),
        OutputFormat::Csv => separated(report, b','),
        OutputFormat::Tsv => separated(report, b'\t'),
        OutputFormat::Svg => Ok(report.map.as_ref().map(svg::draw).unwrap_or_default().into_bytes()),
    }
}

fn json_text(report: &Report) -> Vec<u8> {
    let mut object = Map::new();
    for (key, value) in &report.facts {
        insert(&mut object, key, value);
    }
    if let Some(map) = &report.map {
        map.write_members(&mut object);
    }
    if let Some(table) = &report.table {
        let records = table.records.iter().map(|record| json_record(&table.columns, record));
        object.insert(table.key.into(), records.collect());
        for (name, values) in &table.totals {
            object.insert((*name).into(), json_record(&table.columns[1..], values));
        }
    }
    let mut text = String::new();
    for character in format!("{:#}\n", serde_json::Value::Object(object)).chars() {
        // JSON may carry DEL and the C1 controls as they are, but a terminal would obey them.
        match character {
            '\u{7f}'..='\u{9f}' => text.push_str(&format!("\\u{:04x}", u32::from(character))),
            _ => text.push(character),
        }
    }
    text.into_bytes()
}

fn json_record(columns: &[&'static str], values: &[Value]) -> serde_json::Value {
    let mut record = Map::new();
    for (column, value) in columns.iter().zip(values) {
        insert(&mut record, column, value);
    }
    serde_json::Value::Object(record)
}

/// Adds a member; a word that is not UTF-8 gets `"lossy": true` beside it.
fn insert(object: &mut Map<String, serde_json::Value>, key: &str, value: &Value) {
    object.insert(key.into(), json_value(value));
    if is_lossy(value) {
        object.insert("lossy".into(), json!(true));
    }
}

fn is_lossy(value: &Value) -> bool {
    match value {
        Value::Word(bytes) => std::str::from_utf8(bytes).is_err(),
        Value::List(values) => values.iter().any(is_lossy),
        _ => false,
    }
}

fn json_value(value: &Value) -> serde_json::Value {
    match value {
        Value::Text(text) => json!(text),
        Value::Word(bytes) => json!(String::from_utf8_lossy(bytes)),
        Value::Integer(number) => json!(number),
        Value::Offset(number) => json!(number),
        // serde_json writes null for a number that is not finite.
        Value::Number(number) => json!(rounded(*number)),
        Value::Flag(flag) => json!(flag),
        Value::List(values) => values.iter().map(json_value).collect(),
        Value::Nothing => serde_json::Value::Null,
    }
}

/// `number` to six decimals: what f32 vectors can be trusted for. Minus zero becomes zero.
pub fn rounded(number: f64) -> f64 {
    (number * 1e6).round() / 1e6 + 0.0
}

fn separated(report: &Report, delimiter: u8) -> anyhow::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
    if let Some(map) = &report.map {
        map.write_cells(&mut writer)?;
        return Ok(writer.into_inner()?);
    }
    match &report.table {
        _ if report.sheet => write_sheet(&mut writer, report)?,
        Some(table) => {
            writer.write_record(&table.columns)?;
            for record in &table.records {
                writer.write_record(record.iter().map(field))?;
            }
            for (name, values) in &table.totals {
                writer.write_field(name)?;
                writer.write_record(values.iter().map(field))?;
            }
        }
        None => {
            writer.write_record(report.facts.iter().map(|(key, _)| key))?;
            writer.write_record(report.facts.iter().map(|(_, value)| field(value)))?;
        }
    }
    Ok(writer.into_inner()?)
}

fn write_sheet(writer: &mut csv::Writer<Vec<u8>>, report: &Report) -> csv::Result<()> {
    writer.write_record(["fact", "value"])?;
    for (key, value) in &report.facts {
        writer.write_field(key)?;
        writer.write_record([field(value)])?;
    }
    for record in report.table.iter().flat_map(|table| &table.records) {
        let mut fields = record.iter().map(field).filter(|field| !field.is_empty());
        writer.write_field(fields.next().unwrap_or_default())?;
        writer.write_record([fields.collect::<Vec<_>>().join(&b' ')])?;
    }
    Ok(())
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

fn plain(report: &Report, terminal: bool) -> String {
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
            Value::Text(text) => tame(text, terminal).into_owned(),
            Value::Word(bytes) => tame(&String::from_utf8_lossy(bytes), terminal).into_owned(),
            Value::Integer(number) => number.to_string(),
            Value::Offset(number) => number.to_string(),
            Value::Number(number) if number.is_finite() => format!("{number:.4}"),
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

/// `text` with everything escaped that a terminal would obey instead of show: control characters,
/// and marks that turn the direction of the rest of the line.
pub fn tame(text: &str, terminal: bool) -> Cow<'_, str> {
    let obeyed = |character: char| {
        character.is_control()
            || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !terminal || !text.chars().any(obeyed) {
        return Cow::Borrowed(text);
    }
    let escaped = text.chars().map(|character| match obeyed(character) {
        true => character.escape_unicode().to_string(),
        false => character.to_string(),
    });
    Cow::Owned(escaped.collect())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&[u8]]) -> Report {
        let mut table = Table::new("results", &["rank", "word", "score"]);
        for (index, word) in words.iter().enumerate() {
            table.records.push(vec![(index + 1).into(), Value::Word(word.to_vec()), 0.5.into()]);
        }
        Report::default().fact("query", Value::text("x")).list(table)
    }

    fn text(report: &Report, format: OutputFormat, terminal: bool) -> String {
        String::from_utf8(render(report, format, terminal).unwrap()).unwrap()
    }

    #[test]
    fn plain_columns_are_aligned_by_display_width() {
        let report = words(&["日本".as_bytes(), b"cat", "e\u{301}te".as_bytes()]);
        assert_eq!(
            text(&report, OutputFormat::Plain, true),
            "rank  word   score\n   1  日本  0.5000\n   2  cat   0.5000\n   3  e\u{301}te   0.5000\n"
        );
    }

    #[test]
    fn a_terminal_never_gets_control_characters_of_a_word() {
        let report = words(&[b"a\x1b[2Jb", "x\u{9b}y".as_bytes(), "r\u{202e}l".as_bytes(), b"t\tn\n"]);
        let shown = text(&report, OutputFormat::Plain, true);
        assert!(shown.chars().all(|character| character == '\n' || !character.is_control()), "{shown:?}");
        assert_eq!(shown.lines().count(), 5);
        assert!(shown.contains("a\\u{1b}[2Jb"), "{shown}");
        let shown = text(&report, OutputFormat::Json, true);
        assert!(shown.chars().all(|character| character == '\n' || !character.is_control()), "{shown:?}");
        let parsed: serde_json::Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(parsed["results"][1]["word"], "x\u{9b}y");
    }

    #[test]
    fn broken_utf8_is_flagged_in_json_and_kept_in_csv() {
        let report = words(&[b"\xff\xfe", b"good"]);
        let parsed: serde_json::Value =
            serde_json::from_str(&text(&report, OutputFormat::Json, false)).unwrap();
        assert_eq!(parsed["results"][0]["word"], "\u{fffd}\u{fffd}");
        assert_eq!(parsed["results"][0]["lossy"], true);
        assert!(parsed["results"][1].get("lossy").is_none());
        let csv = render(&report, OutputFormat::Csv, false).unwrap();
        assert_eq!(csv, b"rank,word,score\n1,\xff\xfe,0.500000\n2,good,0.500000\n");
    }

    #[test]
    fn csv_quotes_what_needs_quotes() {
        let report = words(&[b"a,b", b"say \"hi\""]);
        assert_eq!(
            text(&report, OutputFormat::Csv, false),
            "rank,word,score\n1,\"a,b\",0.500000\n2,\"say \"\"hi\"\"\",0.500000\n"
        );
        assert!(text(&words(&[b"a\tb"]), OutputFormat::Tsv, false).contains("\t\"a\tb\"\t"));
    }

    #[test]
    fn totals_stand_under_the_list_and_as_members_in_json() {
        let mut table = Table::new("sections", &["name", "correct", "total"]);
        table.records.push(vec![Value::text("family"), 349.into(), 506.into()]);
        table.totals.push(("semantic", vec![349.into(), 506.into()]));
        let report = Report::default().list(table);
        assert_eq!(
            text(&report, OutputFormat::Csv, false),
            "name,correct,total\nfamily,349,506\nsemantic,349,506\n"
        );
        let parsed: serde_json::Value =
            serde_json::from_str(&text(&report, OutputFormat::Json, false)).unwrap();
        assert_eq!(parsed["semantic"], json!({"correct": 349, "total": 506}));
        assert_eq!(parsed["sections"][0]["name"], "family");
    }

    #[test]
    fn numbers_that_are_not_finite_stay_out_of_json() {
        let report = Report::default().fact("spearman", f64::NAN);
        assert_eq!(text(&report, OutputFormat::Json, false), "{\n  \"spearman\": null\n}\n");
        assert_eq!(text(&report, OutputFormat::Plain, false), "spearman  -\n");
    }
}
