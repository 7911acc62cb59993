//! Where to look next.

use ndarray::ArrayView2;

use super::difference::Difference;
use super::heads::HeadFigures;
use super::place::{HeadPlace, Stack};
use super::statistics::mass_on;
use crate::model::Trace;
use crate::model::tokenizer::Tokens;

/// The heads, the sharpest first; ties in the order given. Heads that rest on a sink are left out,
/// where there are others: the sharpest of all, they say the least.
pub fn by_sharpness(figures: &[HeadFigures]) -> Vec<HeadPlace> {
    let all_rest = figures.iter().all(|figures| figures.is_sink);
    let mut ranked: Vec<&HeadFigures> = figures.iter().filter(|one| all_rest || !one.is_sink).collect();
    // A broken map (NaN) comes last.
    let sharpness =
        |figures: &HeadFigures| Some(figures.sharpness).filter(|one| one.is_finite()).unwrap_or(-1.0);
    ranked.sort_by(|one, other| sharpness(other).total_cmp(&sharpness(one)));
    ranked.into_iter().map(|figures| figures.place).collect()
}

/// The share of attention on the first token from which a head rests on it.
const RESTS_FROM: f64 = 0.35;

/// The head in which token `query` of the text looks hardest at one that says something, and that
/// token. Heads that rest on the first token are passed over; the token is neither special nor the first, nor itself, its like or its neighbour, for which there are
/// heads in every text. `None` where there is none.
pub fn most_telling(trace: &Trace, tokens: &Tokens, query: usize) -> Option<(HeadPlace, usize)> {
    let telling = |key: usize| {
        let special = tokens.special.get(key).copied().unwrap_or(false);
        key > 0 && !special && key.abs_diff(query) > 1 && tokens.ids.get(key) != tokens.ids.get(query)
    };
    let mut best: Option<(f32, HeadPlace, usize)> = None;
    for layer in 0..Stack::Text.layers(trace) {
        let Some(attention) = Stack::Text.trace(trace, layer) else { continue };
        let rests = |map: ArrayView2<'_, f32>| mass_on(map, 0) >= RESTS_FROM;
        let maps = attention.weights.outer_iter().enumerate();
        for (head, map) in maps.filter(|(_, map)| query < map.nrows() && !rests(*map)) {
            for (key, &weight) in map.row(query).iter().enumerate().filter(|(key, _)| telling(*key)) {
                if best.is_none_or(|(most, ..)| weight > most) {
                    best = Some((weight, HeadPlace::new(layer, head), key));
                }
            }
        }
    }
    best.map(|(_, place, key)| (place, key))
}

/// The heads by falling largest change; ties in order.
pub fn by_change(difference: &Difference) -> Vec<HeadPlace> {
    let mut ranked: Vec<_> = difference.heads.iter().collect();
    ranked.sort_by(|one, other| other.largest.total_cmp(&one.largest));
    ranked.into_iter().map(|head| head.place).collect()
}

/// Index and value of every finite number, the largest first; of changes, which have a direction, the
/// largest step first whatever its sign. Equal ones in order.
pub fn largest_first(
    values: impl IntoIterator<Item = f64>,
    are_changes: bool,
) -> impl Iterator<Item = (usize, f64)> {
    let size = move |value: f64| if are_changes { value.abs() } else { value };
    let mut order: Vec<(usize, f64)> =
        values.into_iter().enumerate().filter(|(_, value)| value.is_finite()).collect();
    order.sort_by(|one, other| size(other.1).total_cmp(&size(one.1)).then(one.0.cmp(&other.0)));
    order.into_iter()
}

/// The head after `current` in a ranking, the first after the last one or when `current` is not in
/// it; `None` when the ranking is empty.
pub fn next(ranking: &[HeadPlace], current: HeadPlace) -> Option<HeadPlace> {
    let found = ranking.iter().position(|&place| place == current);
    ranking.get(found.map_or(0, |index| index + 1)).or(ranking.first()).copied()
}

#[cfg(test)]
mod tests {
    use super::super::heads::{HeadKind, HeadLabel};
    use super::*;

    #[test]
    fn scores_go_by_value_and_changes_by_size() {
        let order = |are_changes| -> Vec<usize> {
            let values = [0.5, -3.0, f64::NEG_INFINITY, 2.0, f64::NAN, 0.5];
            largest_first(values, are_changes).map(|(index, _)| index).collect()
        };
        assert_eq!(order(false), [3, 0, 5, 1]);
        assert_eq!(order(true), [1, 3, 0, 5]);
    }

    #[test]
    fn the_sharpest_heads_come_first_and_sinks_not_at_all() {
        let figures = |head: usize, is_sink: bool, sharpness: f64| HeadFigures {
            place: HeadPlace::new(0, head),
            label: HeadLabel { kind: HeadKind::Mixed, score: 1.0 - sharpness },
            patterns: Vec::new(),
            entropy: 0.0,
            sharpness,
            is_sink,
            mean_distance: 0.0,
            first_token_mass: 0.0,
            separator_mass: 0.0,
        };
        let ranking = by_sharpness(&[
            figures(0, false, f64::NAN),
            figures(1, false, 0.1),
            figures(2, false, 0.6),
            figures(3, false, 0.2),
            figures(4, false, 0.9),
            figures(5, true, 0.99),
        ]);
        assert_eq!(ranking.iter().map(|place| place.head).collect::<Vec<_>>(), [4, 2, 3, 1, 0]);
        assert_eq!(by_sharpness(&[figures(5, true, 0.99)]), [HeadPlace::new(0, 5)]);
        assert_eq!(next(&ranking, HeadPlace::new(0, 2)), Some(HeadPlace::new(0, 3)));
        assert_eq!(next(&ranking, HeadPlace::new(0, 0)), Some(HeadPlace::new(0, 4)));
        assert_eq!(next(&ranking, HeadPlace::new(7, 7)), Some(HeadPlace::new(0, 4)));
        assert_eq!(next(&[], HeadPlace::new(0, 0)), None);
    }
}
