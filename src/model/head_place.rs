//! Which attention is meant.

/// The number of the only stack, or of the encoder.
pub const FIRST: usize = 0;
/// The number of the decoder, in an encoder-decoder model.
pub const DECODER: usize = 1;

/// Which attentions of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Stack {
    /// The only stack, or the encoder's.
    #[default]
    Text,
    /// The decoder's attention to its own text.
    Decoder,
    /// The decoder's attention to the encoder.
    Cross,
}

impl Stack {
    /// All of them, in the order in which they run.
    pub const ALL: [Self; 3] = [Self::Text, Self::Decoder, Self::Cross];

    /// The network's stack that these attentions are in.
    pub fn index(self) -> usize {
        match self {
            Self::Text => FIRST,
            Self::Decoder | Self::Cross => DECODER,
        }
    }

    /// The attentions of the network's stack `index` to their own stream; of further stacks than a
    /// decoder none are told apart.
    pub fn of_own(index: usize) -> Option<Self> {
        match index {
            FIRST => Some(Self::Text),
            DECODER => Some(Self::Decoder),
            _ => None,
        }
    }
}

/// One head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct HeadPlace {
    /// Its stack.
    pub stack: Stack,
    /// Its layer, from 0.
    pub layer: usize,
    /// Its number in the layer, from 0.
    pub head: usize,
}

impl HeadPlace {
    /// A head of the only stack, or of the encoder.
    pub fn new(layer: usize, head: usize) -> Self {
        Self { stack: Stack::Text, layer, head }
    }
}
