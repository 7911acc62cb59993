//! An answer as CSV or TSV.

use super::content::Report;
use super::value::{Value, rounded};

/// The cells of a map, else the records of a list, else the facts; of a sheet one fact a line.
pub(super) fn bytes(report: &Report, delimiter: u8) -> anyhow::Result<Vec<u8>> {
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
