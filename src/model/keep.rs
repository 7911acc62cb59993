//! How much of a pass is kept.

/// How much of a pass is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keep {
    /// Logits only: for generation and for switching off heads one by one.
    Logits,
    /// Attention weights, hidden states and logits.
    Weights,
    /// What a backward pass needs, and no more: for every linear map and norm its input, for every
    /// non-linearity what went in, for every attention its queries, keys, values and weights. What
    /// one product or sum gives again (scores, a branch before it joins the stream) is left out.
    Tape,
    /// Every stage that can be looked at.
    #[default]
    Everything,
}

impl Keep {
    /// Whether more is kept than weights and hidden states.
    pub fn stages(self) -> bool {
        matches!(self, Self::Tape | Self::Everything)
    }
}
