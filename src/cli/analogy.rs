//! `analogy`: A is to B as C is to which word?

use anyhow::Result;
use clap::Args;

use super::arguments::choices::{Choice, Choices};
use super::arguments::list::{ListArguments, results};
use super::arguments::words::given;
use super::batch::{Batch, BatchArguments, exactly, only, words};
use super::command::{Answer, Command, Shared};
use super::report::{Report, Table, Value};
use super::{progress, vector_source};
use crate::vectors::analogy::{self, Method};
use crate::vectors::neighbours::Options;
use crate::vectors::search::{self, Hit};
use crate::vectors::{WordVectors, explain};

static METHODS: Choices<Method> = Choices(&[
    Choice {
        name: "3cosadd",
        aliases: &["add", "cosadd"],
        help: "Add and subtract (Mikolov et al. 2013)",
        value: Method::CosAdd,
    },
    Choice {
        name: "3cosmul",
        aliases: &["mul", "cosmul"],
        help: "Multiply and divide (Levy and Goldberg 2014)",
        value: Method::CosMul,
    },
    Choice {
        name: "pair-direction",
        aliases: &["direction", "pairdirection"],
        help: "Compare only the direction of the step (Levy and Goldberg 2014)",
        value: Method::PairDirection,
    },
]);

/// A is to B as C is to which word?
///
/// `lexiscope analogy man king woman` asks: man is to king as woman is to which word?
#[derive(Debug, Args)]
pub struct Arguments {
    /// The word that B belongs to; - alone for three words a line of standard input
    #[arg(required_unless_present = "batch", conflicts_with = "batch")]
    a: Option<String>,
    /// What A has
    b: Option<String>,
    /// The word whose counterpart is asked for
    c: Option<String>,
    #[command(flatten)]
    batch: BatchArguments,
    /// How to score a word
    #[arg(long, value_parser = METHODS.parser(), default_value = "3cosadd")]
    method: Method,
    /// Let A, B and C be answers
    #[arg(long)]
    include_query: bool,
    /// Show why: each answer's cosine with A, B and C, the dimensions that carry its score, and where
    /// the first answer stands among the neighbours of C
    #[arg(long, conflicts_with = "batch")]
    explain: bool,
    #[command(flatten)]
    list: ListArguments,
}

impl Command for Arguments {
    fn answer(self, shared: &Shared) -> Result<Answer> {
        let options = self.list.options(self.include_query)?;
        let typed: Vec<String> = [self.a, self.b, self.c].into_iter().flatten().collect();
        let (format, filtered, method) = (self.list.format(), self.list.is_filtered(), self.method);
        if let Some(questions) = self.batch.questions(only(&typed))? {
            let vectors = vector_source::open(shared.vectors.as_deref())?;
            let ask = move |vectors: &WordVectors, line: &str| {
                Ok(analogy::question(vectors, words(line)?, method, &options)?.1)
            };
            let found = move |vectors: &WordVectors, line: &str, answer: &search::Answer| {
                let asked = words(line).map_or_else(|_| line.to_owned(), asked);
                report(&asked, method).list(results(vectors, &answer.hits))
            };
            return Ok(Answer::Batch(Batch::of_searches(questions, format, vectors, ask, found)?));
        }
        let [a, b, c] = exactly(typed.iter().map(String::as_str).collect())?;
        let (a, b, c) = (given(a)?, given(b)?, given(c)?);
        let vectors = vector_source::open(shared.vectors.as_deref())?;
        let answer = progress::shown("searching", |progress| {
            analogy::solve(&vectors, a, b, c, self.method, &options, progress)
        })?;
        let hits = &answer.answer.hits;
        let report = report(&asked([a, b, c]), method);
        let report = match self.explain {
            true => explained(report, &vectors, [a, b, c], hits, &options)?,
            false => report.list(results(&vectors, hits)),
        };
        Ok(Answer::report(report.filtered(filtered), format))
    }
}

fn asked([a, b, c]: [&str; 3]) -> String {
    format!("{a} : {b} :: {c} : ?")
}

fn report(asked: &str, method: Method) -> Report {
    Report::default().fact("query", Value::text(asked)).fact("method", Value::text(METHODS.name(method)))
}

/// The answers with what their scores are made of, and the four words on the plane of both offsets.
fn explained(
    mut report: Report,
    vectors: &WordVectors,
    [a, b, c]: [&str; 3],
    hits: &[Hit],
    options: &Options,
) -> Result<Report> {
    let words = [a, b, c].map(str::to_owned);
    let sum = explain::sum_of(&words)?.evaluate(vectors)?;
    if let Some(first) = hits.first() {
        let why = progress::shown("searching", |progress| {
            analogy::explain(vectors, a, b, c, first.row, options, progress)
        })?;
        report = report.fact("rank_without_offset", why.rank_for_c.map_or(Value::Nothing, Value::from));
        if let Some(plane) = explain::parallelogram(vectors, &words, &sum, first.row) {
            let place = |point: &explain::MapPoint| Value::List(vec![point.x.into(), point.y.into()]);
            report = report
                .fact("plane_keeps", plane.explained)
                .fact("plane", Value::List(plane.points.iter().map(place).collect()));
        }
    }
    let columns = ["rank", "word", "score", "cosine_a", "cosine_b", "cosine_c", "dimensions", "shares"];
    let mut table = Table::new("results", &columns);
    for (index, hit) in hits.iter().enumerate() {
        let why = explain::explanation(vectors, &sum, hit.row);
        // The sum is b - a + c.
        let cosine = |term: usize| why.terms.get(term).map_or(Value::Nothing, |term| term.cosine.into());
        table.records.push(vec![
            (index + 1).into(),
            Value::Word(vectors.vocabulary().word(hit.row).to_vec()),
            hit.score.into(),
            cosine(1),
            cosine(0),
            cosine(2),
            Value::List(why.dimensions.iter().map(|&(dimension, _)| dimension.into()).collect()),
            Value::List(why.dimensions.iter().map(|&(_, share)| share.into()).collect()),
        ]);
    }
    Ok(report.list(table))
}
