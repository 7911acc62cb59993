//! The methods, and which of them a network uses.

use crate::model::network::{AttentionPosition, FIRST, Front, Network};

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
            (_, Some(AttentionPosition::Alibi(_) | AttentionPosition::AlibiOfKeys(_))) => Some(Self::Alibi),
            (_, Some(AttentionPosition::Relative(_))) => Some(Self::T5),
            (Front::Patches(_) | Front::Spectrogram(_) | Front::Trajectory(_), _) => Some(Self::Learned),
            (Front::Pixels(_), _) => None,
            (front @ Front::Sound(_), _) => front.position_table().map(|_| Self::Learned),
            (Front::Tokens(tokens), _) if tokens.waves.is_some() => Some(Self::Sinusoidal),
            (Front::Tokens(tokens), _) => tokens.positions.as_ref().map(|_| Self::Learned),
        }
    }

    /// What to call the method of a network, also where it is none of these.
    pub fn title_of(network: &Network) -> &'static str {
        match (Self::of(network), network.front()) {
            (Some(kind), _) => kind.title(),
            (None, Front::Sound(_)) => "a convolution over neighbours",
            (None, _) => "no positions",
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
