//! `--stack`.

use clap::Args;

use super::choices::{Choice, Choices};
use crate::analysis::{HeadPlace, Stack};

const fn choice(name: &'static str, help: &'static str, value: Stack) -> Choice<Stack> {
    Choice { name, aliases: &[], help, value }
}

static STACKS: Choices<Stack> = Choices(&[
    choice("encoder", "The encoder's, or the only one", Stack::Text),
    choice("decoder", "The decoder's to itself", Stack::Decoder),
    choice("cross", "The decoder's to the encoder", Stack::Cross),
]);

/// Which attentions of a network.
#[derive(Debug, Args)]
pub struct StackArguments {
    /// Which attention of an encoder-decoder model
    #[arg(long, value_parser = STACKS.parser(), default_value = "encoder")]
    pub stack: Stack,
}

impl StackArguments {
    /// What a stack is called on the command line and in answers.
    pub fn name(stack: Stack) -> &'static str {
        STACKS.name(stack)
    }

    /// A head as it is written: 5.11, or decoder.5.11 and cross.5.11 in a decoder.
    pub fn head(place: HeadPlace) -> String {
        let HeadPlace { stack, layer, head } = place;
        match stack {
            Stack::Text => format!("{layer}.{head}"),
            Stack::Decoder | Stack::Cross => format!("{}.{layer}.{head}", Self::name(stack)),
        }
    }

    /// The stack of this name.
    pub fn named(name: &str) -> Option<Stack> {
        Stack::ALL.into_iter().find(|&stack| Self::name(stack) == name)
    }
}
