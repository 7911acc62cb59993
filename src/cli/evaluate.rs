//! `evaluate`: analogy questions under the rules of a named tool, or word pairs that people rated.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;

use super::failure::Failure;
use super::output::{Report, Table, Value};
use super::{progress, source};
use crate::vectors::evaluate::{self, Count, Objective, PairSet, Protocol, QuestionSet};
use crate::vectors::{VectorsError, WordVectors};

/// What is asked.
pub struct Request {
    /// The questions or pairs.
    pub file: PathBuf,
    /// Whose rules to follow.
    pub protocol: Protocol,
    /// Only the first so many words of the vectors, instead of as many as the tool uses.
    pub limit: Option<usize>,
    /// How to score a word.
    pub objective: Objective,
    /// The vectors; `None` for the shipped ones.
    pub vectors: Option<PathBuf>,
}

/// Counts by section and in total, or the correlations.
///
/// # Errors
/// A file that holds neither questions nor pairs; nothing in it that the vectors know.
pub fn answer(request: &Request) -> Result<Report> {
    let path = &request.file;
    let bytes = fs::read(path).map_err(VectorsError::io("read the questions", path))?;
    let text = String::from_utf8_lossy(&bytes);
    if holds_questions(&text) {
        let questions = QuestionSet::parse(&text, path)?;
        return questions_report(request, &questions, &source::vectors(request.vectors.as_deref())?);
    }
    if request.limit.is_some() {
        return Err(Failure::usage("--limit is for analogy questions, and this file holds word pairs")
            .hint("leave it out")
            .into());
    }
    let pairs = PairSet::parse(&text, path)?;
    pairs_report(request, &pairs, &source::vectors(request.vectors.as_deref())?)
}

/// Whether the first line that says anything is a section or a question.
fn holds_questions(text: &str) -> bool {
    let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    first.is_some_and(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        line.starts_with(':') || (words.len() == 4 && words.iter().all(|word| word.parse::<f64>().is_err()))
    })
}

fn questions_report(request: &Request, questions: &QuestionSet, vectors: &WordVectors) -> Result<Report> {
    let mut options = request.protocol.options();
    options.vocabulary = request.limit.or(options.vocabulary);
    options.objective = request.objective;
    let evaluation = progress::shown("asking the questions", |progress| {
        evaluate::analogies(vectors, questions, &options, progress)
    })?;
    if evaluation.total.total == 0 {
        return Err(Failure::no_answer("no question has all its words among the vectors").into());
    }
    let mut table = Table::new("sections", &["name", "correct", "total", "accuracy", "skipped"]);
    for section in &evaluation.sections {
        let mut record = vec![Value::text(&section.name)];
        record.extend(counts(section.count));
        table.records.push(record);
    }
    table.totals = vec![
        ("semantic", counts(evaluation.semantic)),
        ("syntactic", counts(evaluation.syntactic)),
        ("total", counts(evaluation.total)),
    ];
    let method = match request.objective {
        Objective::CosAdd => "3cosadd",
        Objective::CosMul => "3cosmul",
    };
    Ok(Report::default()
        .fact("query", Value::text(request.file.display().to_string()))
        .fact("vectors", Value::text(vectors.name()))
        .fact("protocol", Value::text(request.protocol.name()))
        .fact("method", Value::text(method))
        .list(table))
}

fn counts(count: Count) -> Vec<Value> {
    let accuracy = count.accuracy().map_or(Value::Nothing, Value::Number);
    vec![count.correct.into(), count.total.into(), accuracy, count.skipped.into()]
}

fn pairs_report(request: &Request, pairs: &PairSet, vectors: &WordVectors) -> Result<Report> {
    let result = evaluate::word_pairs(vectors, pairs);
    if result.pairs == 0 {
        return Err(Failure::no_answer("no pair has both its words among the vectors").into());
    }
    let correlation = |value: Option<f64>| value.map_or(Value::Nothing, Value::Number);
    Ok(Report::default()
        .fact("query", Value::text(request.file.display().to_string()))
        .fact("vectors", Value::text(vectors.name()))
        .fact("spearman", correlation(result.spearman))
        .fact("pearson", correlation(result.pearson))
        .fact("pairs", result.pairs)
        .fact("missing", result.missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_told_from_pairs_by_content() {
        assert!(holds_questions(": family\nboy girl brother sister\n"));
        assert!(holds_questions("\nboy girl brother sister\n"));
        assert!(!holds_questions("# a comment\ntiger\tcat\t7.35\n"));
        assert!(!holds_questions("sun sunlight 50.0"));
        assert!(!holds_questions(""));
    }
}
