//! Where to look next.

use super::difference::Difference;
use super::heads::{HeadFigures, HeadKind};
use super::place::HeadPlace;

/// The heads, the most telling first: labelled heads by falling score, then broad ones by rising
/// relative entropy (the sharpest first); ties in the order given.
pub fn by_label(figures: &[HeadFigures]) -> Vec<HeadPlace> {
    let mut ranked: Vec<&HeadFigures> = figures.iter().collect();
    ranked.sort_by(|one, other| {
        let broad = |figures: &HeadFigures| figures.label.kind == HeadKind::Broad;
        let (one_score, other_score) = (one.label.score, other.label.score);
        broad(one).cmp(&broad(other)).then(if broad(one) {
            one_score.total_cmp(&other_score)
        } else {
            other_score.total_cmp(&one_score)
        })
    });
    ranked.into_iter().map(|figures| figures.place).collect()
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
    use super::super::heads::HeadLabel;
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
    fn labelled_heads_come_first_and_the_sharpest_broad_one_next() {
        let figures = |head: usize, kind: HeadKind, score: f64| HeadFigures {
            place: HeadPlace::new(0, head),
            label: HeadLabel { kind, score },
            patterns: Vec::new(),
            entropy: 0.0,
            mean_distance: 0.0,
            first_token_mass: 0.0,
            separator_mass: 0.0,
        };
        let ranking = by_label(&[
            figures(0, HeadKind::Broad, f64::NAN),
            figures(1, HeadKind::Broad, 0.9),
            figures(2, HeadKind::FirstToken, 0.6),
            figures(3, HeadKind::Broad, 0.2),
            figures(4, HeadKind::PreviousToken, 0.99),
        ]);
        assert_eq!(ranking.iter().map(|place| place.head).collect::<Vec<_>>(), [4, 2, 3, 1, 0]);
        assert_eq!(next(&ranking, HeadPlace::new(0, 2)), Some(HeadPlace::new(0, 3)));
        assert_eq!(next(&ranking, HeadPlace::new(0, 0)), Some(HeadPlace::new(0, 4)));
        assert_eq!(next(&ranking, HeadPlace::new(7, 7)), Some(HeadPlace::new(0, 4)));
        assert_eq!(next(&[], HeadPlace::new(0, 0)), None);
    }
}
