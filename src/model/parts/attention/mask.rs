//! Which tokens a token sees.

use std::ops::Range;

/// How far a token sees. The default is the whole text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mask {
    /// How many tokens before itself; `None` for all.
    pub back: Option<usize>,
    /// How many tokens after itself; `None` for all, 0 in a causal network.
    pub ahead: Option<usize>,
    /// The first so many tokens of the text are seen however far back they lie (Xiao et al. 2023).
    pub sinks: usize,
}

impl Mask {
    /// Itself and all before.
    pub const CAUSAL: Self = Self { back: None, ahead: Some(0), sinks: 0 };

    /// Itself and those before, `window` together (all when `None`).
    pub fn causal(window: Option<usize>) -> Self {
        Self { back: window.map(|window| window.saturating_sub(1)), ..Self::CAUSAL }
    }

    /// Itself and `reach` tokens on either side.
    pub fn around(reach: usize) -> Self {
        Self { back: Some(reach), ahead: Some(reach), sinks: 0 }
    }

    /// Whether no token sees a later one.
    pub fn is_causal(self) -> bool {
        self.ahead == Some(0)
    }

    /// Whether `query` sees `key`.
    pub fn sees(self, query: usize, key: usize) -> bool {
        let open = self.open(query, key + 1);
        open.iter().any(|range| range.contains(&key))
    }

    /// The keys, of `keys`, that are open to `query`: sinks, and what lies within reach. The first
    /// range is empty where the second begins at 0; the two do not overlap.
    pub fn open(self, query: usize, keys: usize) -> [Range<usize>; 2] {
        let end = self.ahead.map_or(keys, |ahead| keys.min(query.saturating_add(ahead).saturating_add(1)));
        let start = self.back.map_or(0, |back| query.saturating_sub(back)).min(end);
        [0..self.sinks.min(start), start..end]
    }

    /// Queries in blocks of neighbours, those after the first `past` numbered from 0, each with the keys
    /// that one of the block may see: what lies behind these need not be computed.
    pub fn blocks(
        self,
        past: usize,
        queries: usize,
        keys: usize,
    ) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
        // Small enough to leave most of the dark half out, large enough for a product.
        let size = if self.ahead.is_some() { 64 } else { queries.max(1) };
        (0..queries).step_by(size).map(move |first| {
            let end = queries.min(first + size);
            let [_, reach] = self.open(past + end - 1, keys);
            (first..end, 0..reach.end)
        })
    }

    /// How many of `keys` are open to `query`.
    pub fn count(self, query: usize, keys: usize) -> usize {
        self.open(query, keys).iter().map(ExactSizeIterator::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rule as it is written down: j is seen from i when -back <= j - i <= ahead, or when it is
    /// a sink and not ahead of what may be seen.
    fn plain(mask: Mask, i: usize, j: usize) -> bool {
        let ahead = mask.ahead.is_none_or(|ahead| j.saturating_sub(i) <= ahead);
        ahead && (mask.back.is_none_or(|back| i.saturating_sub(j) <= back) || j < mask.sinks)
    }

    #[test]
    fn open_keys_are_those_of_the_rule() {
        let reaches = [None, Some(0), Some(1), Some(3), Some(usize::MAX)];
        for back in reaches {
            for ahead in reaches {
                for sinks in [0, 1, 2, 20] {
                    let mask = Mask { back, ahead, sinks };
                    for (i, j) in (0..9).flat_map(|i| (0..9).map(move |j| (i, j))) {
                        let expected = plain(mask, i, j);
                        let open = mask.open(i, 9);
                        assert_eq!(
                            open[0].contains(&j) || open[1].contains(&j),
                            expected,
                            "{mask:?} {i} {j}"
                        );
                        assert_eq!(mask.sees(i, j), expected, "{mask:?} {i} {j}");
                        assert!(!(open[0].contains(&j) && open[1].contains(&j)), "{mask:?} {i} {j}");
                    }
                    assert_eq!(mask.count(4, 9), (0..9).filter(|&j| mask.sees(4, j)).count());
                }
            }
        }
    }

    #[test]
    fn blocks_hold_all_that_is_seen() {
        for (mask, past, queries, keys) in [
            (Mask::CAUSAL, 0, 200, 200),
            (Mask::CAUSAL, 7, 1, 8),
            (Mask::causal(Some(3)), 5, 130, 135),
            (Mask::around(70), 0, 150, 150),
            (Mask::default(), 0, 90, 20),
        ] {
            let mut next = 0;
            for (rows, seen) in mask.blocks(past, queries, keys) {
                assert_eq!(rows.start, next);
                next = rows.end;
                for query in rows {
                    let last = (0..keys).rev().find(|&key| mask.sees(past + query, key));
                    assert!(last.is_none_or(|last| seen.contains(&last)), "{mask:?} {query}");
                }
            }
            assert_eq!(next, queries);
        }
        let sizes: Vec<_> = Mask::CAUSAL.blocks(0, 100, 100).collect();
        assert_eq!(sizes, [(0..64, 0..64), (64..100, 0..100)]);
    }

    #[test]
    fn a_window_counts_the_token_itself() {
        let window = Mask::causal(Some(3));
        assert_eq!(window.open(5, 9), [0..0, 3..6]);
        assert_eq!(Mask { sinks: 2, ..window }.open(5, 9), [0..2, 3..6]);
        assert_eq!(Mask::around(2).open(5, 9), [0..0, 3..8]);
        assert!(window.is_causal() && !Mask::around(2).is_causal() && !Mask::default().is_causal());
    }
}
