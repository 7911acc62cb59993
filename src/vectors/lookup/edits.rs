//! Counting edits: insertions, deletions, substitutions and swaps of neighbouring characters
//! (optimal string alignment), 64 cells of the table at once.
//!
//! Hyyrö, "A bit-vector algorithm for computing Levenshtein and Damerau edit distances" (2003).

use std::collections::HashMap;

/// Longer texts are no words with a typo; one machine word holds a bit a character.
const LONGEST: usize = 64;

/// Counts edits from one typed text to many words.
pub(super) struct EditCounter {
    length: usize,
    most: usize,
    ascii: Box<[u64; 128]>,
    others: HashMap<char, u64>,
}

impl EditCounter {
    /// For `typed`; `None` where it is too short to tell a typo or too long.
    pub(super) fn new(typed: &str) -> Option<Self> {
        let length = typed.chars().count();
        // One edit in a short word is as telling as two in a longer one.
        let most = match length {
            0..=1 => return None,
            2..=4 => 1,
            5..=LONGEST => 2,
            _ => return None,
        };
        let mut counter = Self { length, most, ascii: Box::new([0; 128]), others: HashMap::new() };
        for (index, character) in typed.chars().enumerate() {
            match counter.ascii.get_mut(character as usize) {
                Some(places) => *places |= 1 << index,
                None => *counter.others.entry(character).or_default() |= 1 << index,
            }
        }
        Some(counter)
    }

    /// The number of edits to `word`, or `None` when there are none or too many.
    pub(super) fn edits(&self, word: &[u8]) -> Option<usize> {
        // A character is one to four bytes, so a word outside these lengths is too far away.
        if word.len() + self.most < self.length || word.len() > 4 * (self.length + self.most) {
            return None;
        }
        let edits = if word.is_ascii() {
            if word.len() > self.length + self.most {
                return None;
            }
            self.count(word.iter().map(|&byte| self.ascii[usize::from(byte)]))
        } else {
            let text = String::from_utf8_lossy(word);
            self.count(text.chars().map(|character| self.places(character)))
        };
        (1..=self.most).contains(&edits).then_some(edits)
    }

    fn places(&self, character: char) -> u64 {
        match self.ascii.get(character as usize) {
            Some(&places) => places,
            None => self.others.get(&character).copied().unwrap_or(0),
        }
    }

    /// The edits to the word whose characters stand at these `places` of the typed text.
    fn count(&self, places: impl Iterator<Item = u64>) -> usize {
        let last = 1u64 << (self.length - 1);
        let (mut up, mut down) = (u64::MAX, 0u64);
        let (mut diagonal, mut before) = (0u64, 0u64);
        let mut edits = self.length;
        for places in places {
            let swaps = ((!diagonal & places) << 1) & before;
            diagonal = (((places & up).wrapping_add(up)) ^ up) | places | down | swaps;
            let (rises, falls) = (down | !(diagonal | up), diagonal & up);
            if rises & last != 0 {
                edits += 1;
            }
            if falls & last != 0 {
                edits -= 1;
            }
            let (rises, falls) = ((rises << 1) | 1, falls << 1);
            up = falls | !(diagonal | rises);
            down = rises & diagonal;
            before = places;
        }
        edits
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Optimal string alignment by the textbook table.
    fn table(left: &str, right: &str) -> usize {
        let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
        let mut cost = vec![vec![0; right.len() + 1]; left.len() + 1];
        for i in 0..=left.len() {
            for j in 0..=right.len() {
                cost[i][j] = if i == 0 || j == 0 {
                    i + j
                } else {
                    let differs = usize::from(left[i - 1] != right[j - 1]);
                    let mut least =
                        (cost[i - 1][j] + 1).min(cost[i][j - 1] + 1).min(cost[i - 1][j - 1] + differs);
                    if i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] {
                        least = least.min(cost[i - 2][j - 2] + 1);
                    }
                    least
                };
            }
        }
        cost[left.len()][right.len()]
    }

    proptest! {
        #[test]
        fn the_bits_count_as_the_table_does(typed in "[abc\u{e9}\u{65e5}]{2,9}", word in "[abc\u{e9}\u{65e5}]{0,10}") {
            let counter = EditCounter::new(&typed).unwrap();
            let edits = table(&typed, &word);
            prop_assert_eq!(counter.edits(word.as_bytes()), (1..=counter.most).contains(&edits).then_some(edits));
        }

        #[test]
        fn long_texts_too(typed in "[ab]{60,66}", word in "[ab]{58,66}") {
            if let Some(counter) = EditCounter::new(&typed) {
                let edits = table(&typed, &word);
                prop_assert_eq!(counter.edits(word.as_bytes()), (1..=counter.most).contains(&edits).then_some(edits));
            }
        }
    }
}
