//! Lists of words: which may be in them, how long they are, and how they are reported.

use anyhow::Result;
use clap::Args;

use super::filter::FilterArguments;
use crate::cli::report::{Format, Table, Value};
use crate::vectors::WordVectors;
use crate::vectors::neighbours::Options;
use crate::vectors::search::Hit;

use super::format::FormatArguments;

/// Length of a list when nobody asked for another.
const DEFAULT_COUNT: usize = 10;

/// Which words are in a list of answers, how many, and its shape.
#[derive(Debug, Args)]
pub struct ListArguments {
    #[command(flatten)]
    filter: FilterArguments,
    /// How many answers; 10 unless given
    #[arg(short = 'k', long = "count", value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    count: Option<u32>,
    #[command(flatten)]
    output: FormatArguments,
}

impl ListArguments {
    /// How to search; `include_query` lets the asked words be answers.
    ///
    /// # Errors
    /// Those of [`FilterArguments::filter`].
    pub fn options(&self, include_query: bool) -> Result<Options> {
        let count = self.count.map_or(DEFAULT_COUNT, |count| count as usize);
        Ok(Options { count, exclude_query: !include_query, filter: self.filter.filter()? })
    }

    /// Whether there are conditions on the words.
    pub fn is_filtered(&self) -> bool {
        self.filter.is_any()
    }

    /// The shape of the answer.
    pub fn format(&self) -> Format {
        self.output.format
    }
}

/// Found rows as the list that every search answers with.
pub fn results(vectors: &WordVectors, hits: &[Hit]) -> Table {
    let mut table = Table::new("results", &["rank", "word", "score"]);
    table.records = hits
        .iter()
        .enumerate()
        .map(|(index, hit)| {
            let word = vectors.vocabulary().word(hit.row).to_vec();
            vec![(index + 1).into(), Value::Word(word), hit.score.into()]
        })
        .collect();
    table
}
