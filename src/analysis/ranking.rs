//! Where to look next.

use super::difference::Difference;
use super::heads::HeadFigures;
use super::place::HeadPlace;

/// The heads, the most telling first: labelled heads by falling score, then broad ones by rising
/// relative entropy (the sharpest first); ties in the order given.
pub fn by_label(figures: &[HeadFigures]) -> Vec<HeadPlace> {
    todo!()
}

/// The heads by falling largest change; ties in order.
pub fn by_change(difference: &Difference) -> Vec<HeadPlace> {
    todo!()
}

/// The head after `current` in a ranking, the first after the last one or when `current` is not in
/// it; `None` when the ranking is empty.
pub fn next(ranking: &[HeadPlace], current: HeadPlace) -> Option<HeadPlace> {
    let found = ranking.iter().position(|&place| place == current);
    ranking.get(found.map_or(0, |index| index + 1)).or(ranking.first()).copied()
}
