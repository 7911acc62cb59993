//! Scores as intervals: what a score can be, given cosines with a known error.
//!
//! Every cosine c is known to lie in [c - e, c + e], cut to [-1, 1].
//!
//! - Cosine: that interval.
//! - Product: each factor (1 + c) / 2 is between 0 and 1 and the quotient rises with every wanted
//!   and falls with every unwanted cosine, so its ends come from the ends of the cosines.
//! - PairDirection: with o the unit offset and x, c unit vectors, the score is
//!   (cos(x, o) - c.o) / |x - c| and |x - c|^2 = 2 - 2 cos(x, c). Numerator and denominator are
//!   intervals; where the denominator may be zero nothing is known.

use std::cell::Cell;

use super::objective::Objective;

/// Least distance between two unit vectors whose difference is trusted to have a direction:
/// unit vectors in f32 are themselves only known to some 1e-7.
pub(super) const LEAST_DISTANCE: f64 = 1e-6;

/// What gensim adds to the denominator of 3CosMul.
const GENSIM_EPSILON: f64 = 1e-6;

/// Slack for the rounding of the few f64 operations here.
const SLACK: f64 = 1e-12;

/// A closed interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Interval {
    pub lower: f64,
    pub upper: f64,
}

impl Interval {
    pub(super) const UNKNOWN: Self = Self { lower: f64::NEG_INFINITY, upper: f64::INFINITY };

    fn around(cosine: f64, error: f64) -> Self {
        Self { lower: (cosine - error).max(-1.0), upper: (cosine + error).min(1.0) }
    }

    fn widened(self) -> Self {
        let slack = SLACK * (1.0 + self.lower.abs().max(self.upper.abs()));
        Self { lower: self.lower - slack, upper: self.upper + slack }
    }
}

/// What a row must be to matter: able to score as much as the best so far.
pub(super) struct Reach<'a> {
    pub objective: &'a Objective,
    /// c.o for PairDirection.
    pub offset_at_c: f64,
    /// The least score that matters; it rises during a scan.
    pub least: Cell<f64>,
}

impl Reach<'_> {
    /// What the score can be when each cosine is known to within `error`.
    pub(super) fn bounds(&self, cosines: &[f64], error: f64) -> Interval {
        match error.is_finite() {
            true => bounds(self.objective, cosines, error, self.offset_at_c),
            false => Interval::UNKNOWN,
        }
    }
}

/// The score of `objective` for exact cosines; `offset_at_c` is c.o for PairDirection. `None` where
/// the row has no score: it is c itself.
pub(super) fn score(objective: &Objective, cosines: &[f64], offset_at_c: f64) -> Option<f64> {
    match objective {
        Objective::Cosine => cosines.first().copied(),
        Objective::Product { positive } => {
            let product = |cosines: &[f64]| -> f64 { cosines.iter().map(|c| shifted(*c)).product() };
            let (wanted, unwanted) = cosines.split_at(*positive);
            Some(product(wanted) / (product(unwanted) + GENSIM_EPSILON))
        }
        Objective::PairDirection => {
            let &[offset, c] = cosines else { return None };
            let distance = (2.0 - 2.0 * c).max(0.0).sqrt();
            (distance > LEAST_DISTANCE).then(|| (offset - offset_at_c) / distance)
        }
    }
}

/// Whether the score can be `least` or more when each cosine is known to within `error`; sooner told than
/// [`bounds`], and where it is not, true.
pub(super) fn can_reach(objective: &Objective, cosines: &[f64], error: f64, least: f64) -> bool {
    match (objective, cosines) {
        (Objective::Cosine, [cosine, ..]) => cosine + error + 4.0 * SLACK >= least,
        _ => true,
    }
}

/// What the score can be when each cosine is known to within `error`.
pub(super) fn bounds(objective: &Objective, cosines: &[f64], error: f64, offset_at_c: f64) -> Interval {
    let known = |cosine: f64| Interval::around(cosine, error);
    match objective {
        Objective::Cosine => cosines.first().map_or(Interval::UNKNOWN, |&cosine| known(cosine).widened()),
        Objective::Product { positive } => {
            let product = |cosines: &[f64]| {
                cosines.iter().map(|&c| known(c)).fold(Interval { lower: 1.0, upper: 1.0 }, |product, c| {
                    Interval {
                        lower: product.lower * shifted(c.lower),
                        upper: product.upper * shifted(c.upper),
                    }
                })
            };
            let (wanted, unwanted) = cosines.split_at(*positive);
            let (wanted, unwanted) = (product(wanted), product(unwanted));
            Interval {
                lower: wanted.lower / (unwanted.upper + GENSIM_EPSILON),
                upper: wanted.upper / (unwanted.lower + GENSIM_EPSILON),
            }
            .widened()
        }
        Objective::PairDirection => match *cosines {
            [offset, c] => direction_bounds(known(offset), known(c), offset_at_c),
            _ => Interval::UNKNOWN,
        },
    }
}

fn direction_bounds(offset: Interval, c: Interval, offset_at_c: f64) -> Interval {
    let nearest = (2.0 - 2.0 * c.upper).max(0.0).sqrt();
    let farthest = (2.0 - 2.0 * c.lower).max(0.0).sqrt();
    if nearest <= 2.0 * LEAST_DISTANCE {
        return Interval::UNKNOWN;
    }
    let (low, high) = (offset.lower - offset_at_c, offset.upper - offset_at_c);
    Interval {
        lower: low / if low < 0.0 { nearest } else { farthest },
        upper: high / if high < 0.0 { farthest } else { nearest },
    }
    .widened()
}

fn shifted(cosine: f64) -> f64 {
    (1.0 + cosine).max(0.0) / 2.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bounds_hold_the_score(
            cosines in prop::collection::vec(-1.0f64..=1.0, 2),
            errors in prop::collection::vec(-1.0f64..=1.0, 2),
            offset_at_c in -1.0f64..1.0,
            error in 0.0f64..0.01,
        ) {
            let noisy: Vec<_> = cosines.iter().zip(&errors).map(|(cosine, by)| cosine + by * error).collect();
            let objectives = [
                Objective::Cosine, Objective::Product { positive: 1 }, Objective::Product { positive: 2 },
                Objective::Product { positive: 0 }, Objective::PairDirection,
            ];
            for objective in objectives {
                if let Some(score) = score(&objective, &cosines, offset_at_c) {
                    let bounds = bounds(&objective, &noisy, error, offset_at_c);
                    prop_assert!(can_reach(&objective, &noisy, error, bounds.upper));
                    prop_assert!(bounds.lower <= score && score <= bounds.upper, "{objective:?} {score} {bounds:?}");
                }
            }
        }
    }
}
