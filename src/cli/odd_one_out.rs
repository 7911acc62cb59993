//! `odd-one-out`: the word that fits least among several.

use anyhow::Result;
use clap::Args;

use super::arguments::format::FormatArguments;
use super::arguments::words::given;
use super::command::{Answer, Command, Shared};
use super::report::{Report, Table, Value};
use super::vector_source;
use crate::vectors::resolve::resolve;
use crate::vectors::{VectorsError, compare};

/// The word that fits least among several
#[derive(Debug, Args)]
pub struct Arguments {
    /// Three words or more
    #[arg(required = true, num_args = 1..)]
    words: Vec<String>,
    /// Leave out words that are not among the vectors, as gensim does, and name them
    #[arg(long)]
    skip_unknown: bool,
    #[command(flatten)]
    output: FormatArguments,
}

impl Command for Arguments {
    fn answer(self, shared: &Shared) -> Result<Answer> {
        self.words.iter().try_for_each(|word| given(word).map(|_| ()))?;
        let vectors = vector_source::open(shared.vectors.as_deref())?;
        let is_unknown = |word: &&String| {
            self.skip_unknown && matches!(resolve(&vectors, word), Err(VectorsError::UnknownWord { .. }))
        };
        let (unknown, words): (Vec<&String>, Vec<&String>) = self.words.iter().partition(is_unknown);
        let odd = compare::odd_one_out(&vectors, &words)?;
        let mut order: Vec<(&String, f64)> = words.iter().copied().zip(odd.cosines).collect();
        order.sort_by(|one, other| one.1.total_cmp(&other.1));
        let mut table = Table::new("results", &["rank", "word", "score"]);
        table.records = order
            .into_iter()
            .enumerate()
            .map(|(index, (word, cosine))| vec![(index + 1).into(), Value::text(word), cosine.into()])
            .collect();
        let query = self.words.iter().map(Value::text).collect();
        let word = words.get(odd.index).map_or(Value::Nothing, |word| Value::text(*word));
        let mut report = Report::default().fact("query", Value::List(query)).fact("odd_one_out", word);
        if self.skip_unknown {
            report = report.fact("unknown", Value::List(unknown.into_iter().map(Value::text).collect()));
        }
        let report = report.list(table);
        Ok(Answer::report(report, self.output.format))
    }
}
