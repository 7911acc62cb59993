//! What a front computed.

use ndarray::Array2;

use crate::model::keep::Keep;

/// What each step of a front gave, `[T, D or the front's own size]`.
#[derive(Debug, Clone, Default)]
pub struct FrontTrace {
    /// The tokens' (or patches') own vectors; not on a tape.
    pub tokens: Option<Array2<f32>>,
    /// What position added; not on a tape.
    pub positions: Option<Array2<f32>>,
    /// The sum of all, before any norm; on a tape only where there is one.
    pub sum: Option<Array2<f32>>,
    /// What is projected to D, where that is done; on a tape only.
    pub unprojected: Option<Array2<f32>>,
    /// The pixels of every patch `[patches, C x P x P]`; on a tape only.
    pub pixels: Option<Array2<f32>>,
}

impl FrontTrace {
    /// Of a front that adds positions to tokens, where its stages are looked at.
    pub(super) fn looked_at(
        keep: Keep,
        tokens: Array2<f32>,
        positions: Array2<f32>,
        sum: &Array2<f32>,
    ) -> Self {
        match keep {
            Keep::Weights | Keep::Everything => Self {
                tokens: Some(tokens),
                positions: Some(positions),
                sum: Some(sum.clone()),
                ..Self::default()
            },
            Keep::Logits | Keep::Tape => Self::default(),
        }
    }
}
