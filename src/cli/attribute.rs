//! `attribute`: which tokens or heads an output is due to.

use anyhow::Result;
use clap::Args;

use super::arguments::choices::{Choice, Choices};
use super::arguments::format::FormatArguments;
use super::arguments::stack::StackArguments;
use super::arguments::subject::{Subject, SubjectArguments};
use super::command::{Answer, Command, Shared};
use super::failure::Failure;
use super::predict::{places, token_called};
use super::progress;
use super::report::{Report, Table, Value};
use crate::analysis::Stack;
use crate::analysis::attribution::{self, Attribution, Claim, Method};
use crate::analysis::names::output_name;
use crate::model::forward::PassOptions;
use crate::model::trace::Keep;

/// Which tokens, or which heads, a prediction is due to
///
/// Explained is the logarithm of the probability of one output: the likeliest, or --of. A share above 0
/// made it likelier.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    subject: SubjectArguments,
    /// The output that is explained, as the vocabulary writes it or as it reads; the likeliest without it
    #[arg(long, value_name = "TOKEN")]
    of: Option<String>,
    /// The place to look from, by position or text, in place of the mask or the end of the text
    #[arg(long, value_name = "TOKEN")]
    at: Option<String>,
    /// How tokens are held to account
    #[arg(long, value_parser = KINDS.parser(), default_value = "integrated-gradients", conflicts_with = "heads")]
    method: Kind,
    /// Steps of integrated gradients [default: 50]
    #[arg(long, value_name = "N", conflicts_with = "heads", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    steps: Option<u32>,
    /// Heads in place of tokens: what would be lost, to first order, without each
    #[arg(long)]
    heads: bool,
    #[command(flatten)]
    stack: StackArguments,
    #[command(flatten)]
    output: FormatArguments,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Gradient,
    Integrated,
}

static KINDS: Choices<Kind> = Choices(&[
    Choice {
        name: "integrated-gradients",
        aliases: &["ig"],
        help: "The mean gradient on the way from no vector to the token's, times the vector",
        value: Kind::Integrated,
    },
    Choice {
        name: "gradient-x-input",
        aliases: &["gxi"],
        help: "The gradient at the token's vector, times the vector",
        value: Kind::Gradient,
    },
]);

impl Command for Arguments {
    fn answer(self, shared: &Shared) -> Result<Answer> {
        self.check()?;
        let subject = Subject::open_predicting(&self.subject, shared)?;
        let claim = self.claim(&subject)?;
        let report =
            if self.heads { self.by_head(&subject, claim)? } else { self.by_token(&subject, claim)? };
        Ok(Answer::report(report, self.output.format))
    }
}

/// Steps where none are given.
const STEPS: u32 = 50;

impl Arguments {
    /// Refuses what would have no effect.
    fn check(&self) -> Result<(), Failure> {
        if self.steps.is_some() && self.method == Kind::Gradient {
            return Err(Failure::usage("--steps are those of integrated gradients, not of gradient-x-input"));
        }
        if self.stack.stack != Stack::Text && !self.heads {
            return Err(Failure::usage("--stack says whose heads are meant").hint("add --heads"));
        }
        Ok(())
    }

    fn claim(&self, subject: &Subject) -> Result<Claim> {
        let places = places(subject, self.at.as_deref())?;
        let [place] = places.as_slice() else {
            return Err(Failure::usage(format!("{} places could be explained", places.len()))
                .hint("choose one with --at POSITION")
                .into());
        };
        Ok(match &self.of {
            Some(wanted) => Claim { row: place.row, output: token_called(subject, "--of", wanted)? },
            None => {
                let options = PassOptions { keep: Keep::Logits, ..PassOptions::default() };
                Claim::likeliest(&subject.run(&options)?, place.row)?
            }
        })
    }

    fn by_token(&self, subject: &Subject, claim: Claim) -> Result<Report> {
        let method = match self.method {
            Kind::Gradient => Method::GradientTimesInput,
            Kind::Integrated => Method::IntegratedGradients(self.steps.unwrap_or(STEPS) as usize),
        };
        let network = &subject.model.network;
        let found = progress::shown("attributing", |progress| {
            attribution::tokens(network, &subject.input(), claim, method, progress)
        })?;
        let Attribution { value, baseline, tokens } = found;
        let mut report = explained(subject, claim).fact("log_probability", Value::Number(value));
        if let Some(baseline) = baseline {
            report = report.fact("log_probability_without_tokens", Value::Number(baseline));
        }
        let mut table = Table::new("tokens", &["position", "token", "share"]);
        for (position, (label, share)) in subject.labels().into_iter().zip(tokens).enumerate() {
            table.records.push(vec![position.into(), Value::text(label), Value::Number(share)]);
        }
        Ok(report.list(table))
    }

    fn by_head(&self, subject: &Subject, claim: Claim) -> Result<Report> {
        let network = &subject.model.network;
        let (stack, input) = (self.stack.stack, subject.input());
        let mut shares =
            progress::shown("attributing", |_| attribution::heads(network, &input, stack, &[claim]))?;
        shares.sort_by(|one, other| other.1.abs().total_cmp(&one.1.abs()));
        let mut table = Table::new("heads", &["head", "share"]);
        for (place, share) in shares {
            table.records.push(vec![Value::text(StackArguments::head(place)), Value::Number(share)]);
        }
        Ok(explained(subject, claim).list(table))
    }
}

/// What is explained.
fn explained(subject: &Subject, claim: Claim) -> Report {
    let output = Value::text(output_name(&subject.model, claim.output));
    subject.report().fact("output", output).fact("place", claim.row)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::command::parsed;

    #[test]
    fn what_would_have_no_effect_is_refused() {
        let is_fine = |typed: &[&str]| {
            parsed::<Arguments>(&[&["a"], typed].concat()).is_ok_and(|arguments| arguments.check().is_ok())
        };
        assert!(is_fine(&[]) && is_fine(&["--steps", "9"]) && is_fine(&["--method", "gxi"]));
        assert!(is_fine(&["--heads", "--stack", "cross"]));
        assert!(!is_fine(&["--stack", "cross"]));
        assert!(!is_fine(&["--method", "gxi", "--steps", "9"]));
        assert!(!is_fine(&["--heads", "--steps", "9"]));
    }
}
