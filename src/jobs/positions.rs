//! What background work on positions hands back.

use ndarray::Array2;

use crate::model::network::{AttentionPosition, Embedding, FIRST, Network};

/// The ways to tell a network where a token stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, PartialOrd, Ord)]
pub enum PositionKind {
    /// Sines and cosines, added to the embedding (Vaswani et al. 2017).
    Sinusoidal,
    /// A learned table, added to the embedding.
    #[default]
    Learned,
    /// Queries and keys are turned (Su et al. 2021).
    Rotary,
    /// A penalty by distance (Press et al. 2022).
    Alibi,
    /// A learned bias by bucketed distance (Raffel et al. 2020).
    T5,
}

impl PositionKind {
    /// All kinds, in the order of the screen.
    pub const ALL: [Self; 5] = [Self::Sinusoidal, Self::Learned, Self::Rotary, Self::Alibi, Self::T5];

    /// The method that a network uses; `None` when it uses none.
    pub fn of(network: &Network) -> Option<Self> {
        match (network.front(), attention_position(network)) {
            (_, Some(AttentionPosition::Rotary(_))) => Some(Self::Rotary),
            (_, Some(AttentionPosition::Alibi(_))) => Some(Self::Alibi),
            (_, Some(AttentionPosition::Relative(_))) => Some(Self::T5),
            (Embedding::Patches(_), _) => Some(Self::Learned),
            (Embedding::Tokens(tokens), _) => tokens.positions.as_ref().map(|_| Self::Learned),
        }
    }

    /// What to call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Sinusoidal => "sinusoidal",
            Self::Learned => "learned",
            Self::Rotary => "rotary",
            Self::Alibi => "ALiBi",
            Self::T5 => "T5",
        }
    }
}

/// What the attention of the first block does with positions.
pub(super) fn attention_position(network: &Network) -> Option<&AttentionPosition> {
    network.attention(FIRST, 0).map(|attention| &attention.position)
}

/// One method as numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct PositionTable {
    /// Which method.
    pub kind: PositionKind,
    /// Whether the numbers are the open model's own.
    pub of_model: bool,
    /// Where the numbers come from, in one line: "minilm-l6's own table: 512 x 384".
    pub origin: String,
    /// The table: rows and columns as named below.
    pub values: Array2<f32>,
    /// What a row is: "position", "head".
    pub row_name: &'static str,
    /// What a column is: "dimension", "distance".
    pub column_name: &'static str,
    /// The number of the first column (T5 counts distances from a negative one).
    pub first_column: i64,
    /// What the curve shows: "mean cosine", "bias of head 1".
    pub curve_name: String,
    /// One number a distance from 0.
    pub curve: Vec<f64>,
}

/// What telling the words in another order does.
#[derive(Debug, Clone, PartialEq)]
pub struct ShuffleExperiment {
    /// The words in the other order.
    pub shuffled: String,
    /// Cosine of the two sentences' vectors.
    pub with_positions: f64,
    /// The same, with positions removed from both passes.
    pub without_positions: f64,
    /// Whether a causal mask still tells the tokens their order (Haviv et al. 2022).
    pub causal: bool,
}

/// One word at two places, layer by layer.
#[derive(Debug, Clone, PartialEq)]
pub struct TwoPlaces {
    /// The word.
    pub word: String,
    /// Indices of the two tokens.
    pub tokens: (usize, usize),
    /// The words around each place.
    pub contexts: (String, String),
    /// Cosine of the two tokens' streams: after the embedding, then after every layer.
    pub by_layer: Vec<f64>,
}

/// What is found in the text of the screen.
#[derive(Debug, Clone, PartialEq)]
pub struct PositionExperiments {
    /// The text.
    pub text: String,
    /// The words in another order; `None` for fewer than two words.
    pub shuffle: Option<ShuffleExperiment>,
    /// Every word that stands at two places, the one that changes most first.
    pub places: Vec<TwoPlaces>,
}

/// A permutation of `0..count` that looks random and is always the same (Fisher and Yates, with
/// the splitmix64 generator of Steele et al. 2014).
pub fn shuffled(count: usize) -> Vec<usize> {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let mut order: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        order.swap(last, (next() % (last as u64 + 1)) as usize);
    }
    order
}
