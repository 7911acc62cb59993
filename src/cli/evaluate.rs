//! `evaluate`: analogy questions under the rules of a named tool, or word pairs that people rated.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::arguments::choices::{Choice, Choices};
use super::arguments::format::FormatArguments;
use super::arguments::standard_input::file_parser;
use super::command::{Answer, Command, Shared};
use super::failure::Failure;
use super::report::{Report, Table, Value};
use super::{progress, vector_source};
use crate::vectors::evaluate::{self, Count, Objective, PairSet, Protocol, QuestionSet};
use crate::vectors::{VectorsError, WordVectors};

const fn protocol(name: &'static str, help: &'static str, value: Protocol) -> Choice<Protocol> {
    Choice { name, aliases: &[], help, value }
}

static PROTOCOLS: Choices<Protocol> = Choices(&[
    protocol("word2vec", "compute-accuracy of the word2vec tools", Protocol::Word2vec),
    protocol("gensim", "evaluate_word_analogies of gensim", Protocol::Gensim),
    protocol("glove", "evaluate.py of GloVe", Protocol::Glove),
    protocol("gluon", "The evaluation scripts of gluon-nlp", Protocol::Gluon),
    protocol("honest", "Nothing excluded, nothing skipped, no folding of case", Protocol::Honest),
]);

static OBJECTIVES: Choices<Objective> = Choices(&[
    Choice {
        name: "3cosadd",
        aliases: &["add", "cosadd"],
        help: "Add and subtract (Mikolov et al. 2013)",
        value: Objective::CosAdd,
    },
    Choice {
        name: "3cosmul",
        aliases: &["mul", "cosmul"],
        help: "Multiply and divide (Levy and Goldberg 2014)",
        value: Objective::CosMul,
    },
]);

/// Test the vectors on analogy questions or on word pairs that people rated
///
/// Which of the two FILE holds is recognised by its content: questions have four words a line
/// and sections that begin with a colon; pairs have two words and a number.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Questions, such as questions-words.txt, or pairs, such as wordsim353.tsv; - is standard input
    #[arg(value_parser = file_parser())]
    file: PathBuf,
    /// Whose rules to follow: they differ in case folding, unknown words and candidates
    #[arg(long, value_parser = PROTOCOLS.parser(), default_value = "glove")]
    protocol: Protocol,
    /// Use only the first N words of the vectors
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// How to score a word
    #[arg(long, value_parser = OBJECTIVES.parser(), default_value = "3cosadd")]
    method: Objective,
    #[command(flatten)]
    output: FormatArguments,
}

impl Command for Arguments {
    fn answer(self, shared: &Shared) -> Result<Answer> {
        let path = &self.file;
        let bytes = fs::read(path).map_err(VectorsError::io("read the questions", path))?;
        let text = String::from_utf8_lossy(&bytes);
        let vectors = || vector_source::open(shared.vectors.as_deref());
        let report = if holds_questions(&text) {
            let questions = QuestionSet::parse(&text, path)?;
            questions_report(&self, &questions, &vectors()?)?
        } else if self.limit.is_some() {
            return Err(Failure::usage("--limit is for analogy questions, and this file holds word pairs")
                .hint("leave it out")
                .into());
        } else {
            let pairs = PairSet::parse(&text, path)?;
            pairs_report(&self, &pairs, &vectors()?)?
        };
        Ok(Answer::report(report, self.output.format))
    }
}

/// Whether sections or lines of four words outnumber the lines with a number.
fn holds_questions(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}');
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let is_number =
        |field: &str| field.contains(|c: char| c.is_ascii_digit()) && field.parse::<f64>().is_ok();
    let (mut questions, mut pairs, mut all) = (0, 0, 0);
    for line in lines {
        all += 1;
        if line.starts_with(':') {
            return true;
        }
        let fields = line.split([' ', '\t', ',', ';', '\r']).filter(|field| !field.is_empty());
        if fields.clone().skip(2).any(is_number) {
            pairs += 1;
        } else if fields.count() == 4 {
            questions += 1;
        }
    }
    questions > pairs && 2 * questions > all
}

fn questions_report(request: &Arguments, questions: &QuestionSet, vectors: &WordVectors) -> Result<Report> {
    let mut options = request.protocol.options();
    let limit = request.limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
    options.vocabulary = limit.or(options.vocabulary);
    options.objective = request.method;
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
    Ok(Report::default()
        .fact("query", Value::text(request.file.display().to_string()))
        .fact("vectors", Value::text(vectors.name()))
        .fact("protocol", Value::text(request.protocol.name()))
        .fact("method", Value::text(OBJECTIVES.name(request.method)))
        .fact("lines_left_out", Value::List(left_out(questions)))
        .list(table))
}

/// The first lines of the file that are no question.
fn left_out(questions: &QuestionSet) -> Vec<Value> {
    const SHOWN: usize = 20;
    let lines = questions.skipped.iter().take(SHOWN);
    lines.map(|(line, text)| Value::text(format!("line {line}: \"{text}\""))).collect()
}

fn counts(count: Count) -> Vec<Value> {
    let accuracy = count.accuracy().map_or(Value::Nothing, Value::Number);
    vec![count.correct.into(), count.total.into(), accuracy, count.skipped.into()]
}

fn pairs_report(request: &Arguments, pairs: &PairSet, vectors: &WordVectors) -> Result<Report> {
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
