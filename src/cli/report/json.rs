//! An answer as one JSON object.

use serde_json::{Map, json};

use super::content::Report;
use super::value::{Value, rounded};

/// The object; a terminal would obey nothing of it.
pub(super) fn text(report: &Report) -> Vec<u8> {
    object_text(&object(report))
}

/// The object on one line.
pub(super) fn line(report: &Report) -> Vec<u8> {
    line_of(&object(report))
}

fn object(report: &Report) -> serde_json::Value {
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
    serde_json::Value::Object(object)
}

/// An object as text that no terminal obeys.
pub fn object_text(object: &serde_json::Value) -> Vec<u8> {
    tamed(&format!("{object:#}\n"))
}

/// An object on one line, as [`object_text`].
pub fn line_of(object: &serde_json::Value) -> Vec<u8> {
    tamed(&format!("{object}\n"))
}

fn tamed(json: &str) -> Vec<u8> {
    let mut text = String::new();
    for character in json.chars() {
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
