//! `tokens`: how a tokenizer cuts a text.

use anyhow::Result;

use super::model_source::{Request, Subject};
use super::output::{Report, Table, Value};

/// One record a token.
///
/// # Errors
/// A model that cannot be opened, or that has no tokenizer.
pub fn answer(request: &Request) -> Result<Report> {
    let subject = Subject::open(request)?;
    let tokens = &subject.tokens;
    let columns = ["position", "token", "id", "text", "start", "end", "special", "word"];
    let mut table = Table::new("tokens", &columns);
    for position in 0..tokens.len() {
        let (start, end) = tokens.spans[position];
        let in_text = start < end;
        let place = |byte: usize| if in_text { Value::from(byte) } else { Value::Nothing };
        let word = tokens.words[position].map_or(Value::Nothing, |word| Value::Integer(word.into()));
        table.records.push(vec![
            position.into(),
            Value::text(&tokens.pieces[position]),
            Value::Integer(tokens.ids[position].into()),
            Value::text(&tokens.texts[position]),
            place(start),
            place(end),
            Value::Flag(tokens.special[position]),
            word,
        ]);
    }
    Ok(subject.report().list(table))
}
