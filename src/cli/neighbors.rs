//! `neighbors`: the words nearest to a word.

use anyhow::Result;
use clap::Args;

use super::arguments::explained::explained;
use super::arguments::list::{ListArguments, results};
use super::arguments::words::given;
use super::batch::{Batch, BatchArguments};
use super::command::{Answer, Command, Shared};
use super::report::{Report, Value};
use super::{progress, vector_source};
use crate::vectors::explain::neighbourhood_of;
use crate::vectors::expression::Expression;
use crate::vectors::neighbours::{neighbours, question};
use crate::vectors::{WordVectors, search};

/// The words nearest to a word
#[derive(Debug, Args)]
pub struct Arguments {
    /// The word, or - for one a line of standard input; without it being in the vectors, its subwords
    /// answer where the file has them
    #[arg(required_unless_present = "batch", conflicts_with = "batch")]
    word: Option<String>,
    #[command(flatten)]
    batch: BatchArguments,
    /// Let the asked word be an answer
    #[arg(long)]
    include_query: bool,
    /// Show the query's vector, what the search looked at, and all words on a plane
    #[arg(long, conflicts_with = "batch")]
    explain: bool,
    #[command(flatten)]
    list: ListArguments,
}

impl Command for Arguments {
    fn answer(self, shared: &Shared) -> Result<Answer> {
        let options = self.list.options(self.include_query)?;
        let (format, filtered) = (self.list.format(), self.list.is_filtered());
        if let Some(questions) = self.batch.questions(self.word.as_deref())? {
            let vectors = vector_source::open(shared.vectors.as_deref())?;
            let ask = move |vectors: &WordVectors, word: &str| {
                Ok(question(&Expression::word(given(word)?).evaluate(vectors)?, &options))
            };
            return Ok(Answer::Batch(Batch::of_searches(questions, format, vectors, ask, found)?));
        }
        let word = self.word.unwrap_or_default();
        let expression = Expression::word(given(&word)?);
        let vectors = vector_source::open(shared.vectors.as_deref())?;
        if self.explain {
            let answer = progress::shown("searching", |progress| {
                neighbourhood_of(&vectors, &word, &expression, &options, progress)
            })?;
            return Ok(Answer::report(explained(&vectors, &answer).filtered(filtered), format));
        }
        let answer =
            progress::shown("searching", |progress| neighbours(&vectors, &expression, &options, progress))?;
        Ok(Answer::report(found(&vectors, &word, &answer).filtered(filtered), format))
    }
}

/// What was asked, and the words that were found.
pub fn found(vectors: &WordVectors, query: &str, answer: &search::Answer) -> Report {
    Report::default().fact("query", Value::text(query)).list(results(vectors, &answer.hits))
}
