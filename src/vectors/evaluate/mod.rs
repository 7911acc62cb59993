//! Evaluation against human answers: analogy questions and word pairs.

mod analogies;
mod pairs;
mod protocol;
mod questions;
mod scoring;
mod spelling;

use std::path::{Path, PathBuf};

pub use analogies::{Count, Evaluation, Section, analogies};
pub use pairs::{Pair, PairSet, PairsEvaluation, word_pairs};
pub use protocol::{CaseRule, Exclusion, Objective, Options, Protocol, UnknownRule};
pub use questions::{Question, QuestionSection, QuestionSet};

use super::{Result, VectorsError};

/// The text of an evaluation set; broken UTF-8 becomes U+FFFD, which no vocabulary matches.
fn read_text(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).map_err(VectorsError::io("read", path))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn bad_line(path: &Path, line: usize, expected: &str, found: &str) -> VectorsError {
    const SHOWN: usize = 60;
    let shown: String = found.chars().take(SHOWN).collect();
    VectorsError::Unsupported {
        path: PathBuf::from(path),
        what: format!("line {line} is \"{}\"", shown.escape_debug()),
        advice: format!("expected {expected}"),
    }
}

fn nothing_in(path: &Path, expected: &str) -> VectorsError {
    VectorsError::Unsupported {
        path: PathBuf::from(path),
        what: "nothing is in it".into(),
        advice: format!("expected {expected}"),
    }
}
