//! Which words may be answers.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use clap::Args;

use super::standard_input::file_parser;
use crate::cli::failure::Failure;
use crate::vectors::VectorsError;
use crate::vectors::filter::{Filter, RANKS, read_pattern, read_ranks, read_words};

/// Which words may be answers.
#[derive(Debug, Args)]
pub struct FilterArguments {
    /// Only words of these frequency ranks: 1..5000, 1-5000, ..5000 or 1000..
    #[arg(long, value_name = "FROM..TO")]
    ranks: Option<String>,
    /// Only words that match this regular expression
    #[arg(long, value_name = "REGEX")]
    pattern: Option<String>,
    /// Only words of this list, one a line
    #[arg(long, value_name = "FILE", value_parser = file_parser())]
    only: Option<PathBuf>,
}

impl FilterArguments {
    /// Whether any condition is set.
    pub fn is_any(&self) -> bool {
        self.ranks.is_some() || self.pattern.is_some() || self.only.is_some()
    }

    /// The condition on the answers.
    ///
    /// # Errors
    /// A range, a regular expression or a list that cannot be read.
    pub fn filter(&self) -> Result<Filter> {
        let ranks = self.ranks.as_deref().map(|text| {
            read_ranks(text).map_err(|reason| Failure::usage(format!("--ranks {text}: {reason}")).hint(RANKS))
        });
        let pattern = self.pattern.as_deref().map(|text| {
            read_pattern(text).map_err(|reason| {
                Failure::usage(format!("--pattern {text}: {reason}")).hint(
                    "the syntax is that of Rust's regex crate; put a backslash before a character meant \
                     literally",
                )
            })
        });
        let words = self.only.as_deref().map(|path| {
            read_words(path).map_err(|error| match error {
                VectorsError::Request(message) => Failure::file(message).into(),
                other => anyhow::Error::from(other),
            })
        });
        let words = words.transpose()?.map(Arc::new);
        Ok(Filter { ranks: ranks.transpose()?, pattern: pattern.transpose()?, words })
    }
}
