//! `neighbors`: the words nearest to a word.

use anyhow::Result;
use clap::Args;

use super::arguments::explained::explained;
use super::arguments::list::{ListArguments, results};
use super::arguments::words::given;
use super::command::{Answer, Command, Shared};
use super::report::{Report, Value};
use super::{progress, vector_source};
use crate::vectors::explain::neighbourhood_of;
use crate::vectors::expression::Expression;
use crate::vectors::neighbours::neighbours;

/// The words nearest to a word
#[derive(Debug, Args)]
pub struct Arguments {
    /// The word; without it being in the vectors, its subwords answer where the file has them
    word: String,
    /// Let the asked word be an answer
    #[arg(long)]
    include_query: bool,
    /// Show the query's vector, what the search looked at, and all words on a plane
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    list: ListArguments,
}

impl Command for Arguments {
    fn answer(self, shared: &Shared) -> Result<Answer> {
        let options = self.list.options(self.include_query)?;
        let expression = Expression::word(given(&self.word)?);
        let vectors = vector_source::open(shared.vectors.as_deref())?;
        if self.explain {
            let answer = progress::shown("searching", |progress| {
                neighbourhood_of(&vectors, &self.word, &expression, &options, progress)
            })?;
            return Ok(Answer::report(
                explained(&vectors, &answer).filtered(self.list.is_filtered()),
                self.list.format(),
            ));
        }
        let answer =
            progress::shown("searching", |progress| neighbours(&vectors, &expression, &options, progress))?;
        let report =
            Report::default().fact("query", Value::text(&self.word)).list(results(&vectors, &answer.hits));
        Ok(Answer::report(report.filtered(self.list.is_filtered()), self.list.format()))
    }
}
