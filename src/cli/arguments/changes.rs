//! Changes that are made to a pass.

use anyhow::Result;
use clap::Args;

use super::choices::{Choice, Choices};
use super::heads;
use super::subject::Subject;
use crate::analysis::Stack;
use crate::analysis::positions::shuffled;
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
    /// Switch a head off and show the map before and after: 2.5 is head 5 of layer 2
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
    /// Hide a token from all others, by its position or its text, and show before and after
    #[arg(long, value_name = "TOKEN")]
    hide: Vec<String>,
    /// Tell the tokens other positions than theirs, or none
    #[arg(long, value_parser = TOLD.parser())]
    positions: Option<Told>,
}

impl ChangeArguments {
    /// What is changed of a pass over `subject`.
    ///
    /// # Errors
    /// Heads and tokens that are not there, with those that are.
    pub fn interventions(&self, subject: &Subject) -> Result<Interventions> {
        let mut changes = Interventions::default();
        for (layer, head) in places("--keep-only", &self.keep_only, subject)? {
            let heads = subject.model.network.heads(Stack::Text.index(), layer);
            changes.keep_only(layer, head, heads);
        }
        let of_heads = [
            ("--off", &self.off, HeadChange::Zero),
            ("--mean", &self.mean, HeadChange::Mean),
            ("--uniform", &self.uniform, HeadChange::Uniform),
        ];
        for (option, written, change) in of_heads {
            for place in places(option, written, subject)? {
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

/// Layer and head of each that is written, where they are there.
fn places(option: &str, written: &[String], subject: &Subject) -> Result<Vec<(usize, usize)>> {
    let checked = |text: &String| {
        let (layer, head) = heads::layer_and_head(option, text)?;
        let layer = heads::layer(&subject.model, Stack::Text, Some(layer))?;
        let place = heads::head(&subject.model, Stack::Text, layer, head)?;
        Ok((place.layer, place.head))
    };
    written.iter().map(checked).collect()
}
