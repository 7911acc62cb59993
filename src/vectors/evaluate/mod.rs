//! Evaluation against human answers: analogy questions and word pairs.

mod analogies;
mod pairs;
mod protocol;
mod questions;
mod scoring;
mod spelling;
mod text_file;

pub use analogies::{Count, Evaluation, Section, analogies};
pub use pairs::{Pair, PairSet, PairsEvaluation, word_pairs};
pub use protocol::{CaseRule, Exclusion, Objective, Options, Protocol, UnknownRule};
pub use questions::{Question, QuestionSection, QuestionSet};
