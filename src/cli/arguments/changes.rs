//! Changes that are made to a pass.

use anyhow::Result;
use clap::Args;

use super::choices::{Choice, Choices};
use super::heads;
use super::subject::Subject;
use crate::analysis::positions::shuffled;
use crate::analysis::{HeadPlace, Stack};
use crate::model::interventions::{HeadChange, Interventions, PositionChange};

/// What the tokens are told about their places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Shuffled,
    Removed,
}

static TOLD: Choices<Told> = Choices(&[
    Choice {
        name: "shuffled",
        aliases: &[],
        help: "Every token is told the place of another",
        value: Told::Shuffled,
    },
    Choice { name: "removed", aliases: &[], help: "No token is told where it stands", value: Told::Removed },
]);

/// Changes made to a pass, which is then shown before and after.
#[derive(Debug, Args)]
pub struct ChangeArguments {
    /// Switch a head off and show the map before and after: 2.5 is head 5 of layer 2 of the stack that
    /// is looked at, decoder.2.5 and cross.2.5 of those
    #[arg(long, value_name = "LAYER.HEAD", value_delimiter = ',')]
    off: Vec<String>,
    /// Put the mean over the tokens in place of a head's output
    #[arg(long, value_name = "LAYER.HEAD", value_delimiter = ',')]
    mean: Vec<String>,
    /// Let a head look at all that it can see alike
    #[arg(long, value_name = "LAYER.HEAD", value_delimiter = ',')]
    uniform: Vec<String>,
    /// Switch off every other head of this head's layer
    #[arg(long, value_name = "LAYER.HEAD", value_delimiter = ',')]
    keep_only: Vec<String>,
    /// Hide a token of the text from all others (and from a decoder that reads it), by its position or
    /// its text, and show before and after
    #[arg(long, value_name = "TOKEN")]
    hide: Vec<String>,
    /// Tell the tokens other positions than theirs, or none
    #[arg(long, value_parser = TOLD.parser())]
    positions: Option<Told>,
}

impl ChangeArguments {
    /// What is changed of a pass over `subject`; heads are those of `looked_at` unless another stack
    /// stands before them.
    ///
    /// # Errors
    /// Heads and tokens that are not there, with those that are.
    pub fn interventions(&self, subject: &Subject, looked_at: Stack) -> Result<Interventions> {
        let mut changes = Interventions::default();
        for kept in places("--keep-only", &self.keep_only, subject, looked_at)? {
            changes.keep_only(kept, kept.attention(&subject.model.network)?.heads);
        }
        let of_heads = [
            ("--off", &self.off, HeadChange::Zero),
            ("--mean", &self.mean, HeadChange::Mean),
            ("--uniform", &self.uniform, HeadChange::Uniform),
        ];
        for (option, written, change) in of_heads {
            for place in places(option, written, subject, looked_at)? {
                changes.heads.insert(place, change.clone());
            }
        }
        for wanted in &self.hide {
            changes.hidden_tokens.extend(subject.tokens_called("--hide", wanted)?);
        }
        changes.positions = match self.positions {
            None => PositionChange::Keep,
            Some(Told::Shuffled) => PositionChange::Permute(shuffled(subject.tokens.len())),
            Some(Told::Removed) => PositionChange::Remove,
        };
        Ok(changes)
    }
}

/// Each head that is written, where it is there.
fn places(option: &str, written: &[String], subject: &Subject, looked_at: Stack) -> Result<Vec<HeadPlace>> {
    let checked = |text: &String| {
        let HeadPlace { stack, layer, head } = heads::written(option, text, looked_at)?;
        let stack = heads::stack(&subject.model, stack)?;
        let layer = heads::layer(&subject.model, stack, Some(layer))?;
        heads::head(&subject.model, stack, layer, head)
    };
    written.iter().map(checked).collect()
}
