//! `--stack`.

use clap::Args;

use super::choices::{Choice, Choices};
use crate::analysis::Stack;

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
}
