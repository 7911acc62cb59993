//! The head detector of TransformerLens (`head_detector.py`), number for number.
//!
//! [`super::heads`] scores rows that a pattern applies to; these scores compare with what other
//! people publish.

use ndarray::{Array2, ArrayView2};

/// A pattern that TransformerLens knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detection {
    /// The diagonal below the main one ("previous_token_head").
    PreviousToken,
    /// The same token earlier ("duplicate_token_head").
    DuplicateToken,
    /// What followed the same token earlier ("induction_head").
    Induction,
}

impl Detection {
    /// The pattern `[T, T]` of 0 and 1, lower triangular.
    pub fn pattern(self, ids: &[u32]) -> Array2<f32> {
        let duplicate = |i: usize, j: usize| j < i && ids[i] == ids[j];
        Array2::from_shape_fn((ids.len(), ids.len()), |(i, j)| {
            let on = match self {
                Self::PreviousToken => j + 1 == i,
                Self::DuplicateToken => duplicate(i, j),
                // The duplicate pattern moved one column to the right, with column 0 cleared.
                Self::Induction => j > 0 && j <= i && duplicate(i, j - 1),
            };
            f32::from(u8::from(on))
        })
    }

    /// Its name in TransformerLens.
    pub fn name(self) -> &'static str {
        match self {
            Self::PreviousToken => "previous_token_head",
            Self::DuplicateToken => "duplicate_token_head",
            Self::Induction => "induction_head",
        }
    }
}

/// The score with error measure "mul": Σ A P / Σ A, over all cells but column 0 when `exclude_first`
/// and the diagonal when `exclude_current`. 0 for an empty map; NaN for shapes that differ.
pub fn multiplication_score(
    weights: ArrayView2<'_, f32>,
    pattern: ArrayView2<'_, f32>,
    exclude_first: bool,
    exclude_current: bool,
) -> f64 {
    if weights.dim() != pattern.dim() {
        return f64::NAN;
    }
    let (mut on_pattern, mut all) = (0.0, 0.0);
    for (((i, j), &weight), &pattern) in weights.indexed_iter().zip(pattern) {
        if (exclude_first && j == 0) || (exclude_current && i == j) {
            continue;
        }
        all += f64::from(weight);
        on_pattern += f64::from(weight) * f64::from(pattern);
    }
    if all == 0.0 { 0.0 } else { on_pattern / all }
}
