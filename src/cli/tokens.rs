//! `tokens`: how a tokenizer cuts a text.

use anyhow::Result;
use clap::Args;

use super::arguments::format::FormatArguments;
use super::arguments::subject::{Subject, SubjectArguments};
use super::command::{Answer, Command, Shared};
use super::report::{Table, Value};
use crate::model::tokenizer::Tokens;

/// How a model's tokenizer cuts a text
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    subject: SubjectArguments,
    #[command(flatten)]
    output: FormatArguments,
}

impl Command for Arguments {
    fn answer(self, shared: &Shared) -> Result<Answer> {
        let subject = Subject::open(&self.subject, shared)?;
        let report = match subject.written() {
            Some(ids) => {
                let ids = ids.iter().map(|&id| Value::Integer(id.into())).collect();
                subject.report().fact("decoder_ids", Value::List(ids))
            }
            None => subject.report(),
        };
        let report = report.list(table(&subject.tokens));
        Ok(Answer::report(report, self.output.format))
    }
}

/// One record a token.
fn table(tokens: &Tokens) -> Table {
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
    table
}
