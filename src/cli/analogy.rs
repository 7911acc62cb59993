//! `analogy`: A is to B as C is to which word?

use anyhow::Result;
use clap::Args;

use super::arguments::choices::{Choice, Choices};
use super::arguments::list::{ListArguments, results};
use super::arguments::words::given;
use super::command::{Answer, Command, Shared};
use super::report::{Report, Value};
use super::{progress, vector_source};
use crate::vectors::analogy::{self, Method};

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
    /// The word that B belongs to
    a: String,
    /// What A has
    b: String,
    /// The word whose counterpart is asked for
    c: String,
    /// How to score a word
    #[arg(long, value_parser = METHODS.parser(), default_value = "3cosadd")]
    method: Method,
    /// Let A, B and C be answers
    #[arg(long)]
    include_query: bool,
    #[command(flatten)]
    list: ListArguments,
}

impl Command for Arguments {
    fn answer(self, shared: &Shared) -> Result<Answer> {
        let options = self.list.options(self.include_query)?;
        let (a, b, c) = (given(&self.a)?, given(&self.b)?, given(&self.c)?);
        let vectors = vector_source::open(shared.vectors.as_deref())?;
        let answer = progress::shown("searching", |progress| {
            analogy::solve(&vectors, a, b, c, self.method, &options, progress)
        })?;
        let report = Report::default()
            .fact("query", Value::text(format!("{a} : {b} :: {c} : ?")))
            .fact("method", Value::text(METHODS.name(self.method)))
            .list(results(&vectors, &answer.answer.hits));
        Ok(Answer::report(report, self.list.format()))
    }
}
