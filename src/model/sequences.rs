//! Where one text ends and the next begins in the rows of a pass over several.

use std::ops::Range;

/// Several texts, whose rows lie one after the other: linear parts see one tall matrix, mixers go
/// text by text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequences {
    /// The row behind the last of each text.
    ends: Vec<usize>,
}

impl Sequences {
    /// One text of `tokens` tokens.
    pub fn one(tokens: usize) -> Self {
        Self { ends: vec![tokens] }
    }

    /// Texts of these lengths.
    pub fn of(lengths: impl IntoIterator<Item = usize>) -> Self {
        let ends = lengths.into_iter().scan(0, |end, length| {
            *end += length;
            Some(*end)
        });
        Self { ends: ends.collect() }
    }

    /// How many texts.
    pub fn count(&self) -> usize {
        self.ends.len()
    }

    /// How many rows all have together.
    pub fn rows(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    /// The rows of every text.
    pub fn ranges(&self) -> impl ExactSizeIterator<Item = Range<usize>> + '_ {
        (0..self.count()).map(|index| self.range(index))
    }

    /// The rows of text `index`.
    pub fn range(&self, index: usize) -> Range<usize> {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        start..self.ends[index]
    }

    /// The length of the longest text.
    pub fn longest(&self) -> usize {
        self.ranges().map(|range| range.len()).max().unwrap_or(0)
    }

    /// The place of every row in its own text.
    pub fn places(&self) -> impl Iterator<Item = usize> + '_ {
        self.ranges().flat_map(|range| 0..range.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_belong_to_the_text_that_they_lie_in() {
        let three = Sequences::of([2, 0, 3]);
        assert_eq!(three.ranges().collect::<Vec<_>>(), [0..2, 2..2, 2..5]);
        assert_eq!((three.count(), three.rows(), three.longest()), (3, 5, 3));
        assert_eq!(three.places().collect::<Vec<_>>(), [0, 1, 0, 1, 2]);
        assert_eq!(Sequences::one(4), Sequences::of([4]));
    }
}
