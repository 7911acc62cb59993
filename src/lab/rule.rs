//! Texts of a made-up language, whose next symbol follows from two before.

use std::borrow::Cow;

use super::lessons::{Batch, Lessons};
use crate::random::Random;

/// How many symbols the language has.
pub const SYMBOLS: usize = 16;

/// How often the rule holds; else any symbol comes.
const CERTAINTY: f64 = 0.8;

/// How many texts are looked at to see what was learned.
const HELD_OUT: usize = 64;

/// The next symbol follows from the last and the third last, so that who reads must know places, and
/// those at both distances.
pub struct Rule {
    /// What follows, by the last and the third last symbol.
    next: Vec<u32>,
    length: usize,
    seed: u64,
}

impl Rule {
    /// The rule and the texts of `length` symbols that follow from `seed`.
    pub fn new(seed: u64, length: usize) -> Self {
        let mut random = Random::of_step(seed, u64::MAX);
        let next = (0..SYMBOLS * SYMBOLS).map(|_| random.below(SYMBOLS) as u32).collect();
        Self { next, length, seed }
    }

    /// The same language, in texts of another length.
    pub fn of_length(&self, length: usize) -> Self {
        Self { next: self.next.clone(), length, seed: self.seed }
    }

    /// The perplexity of who knows the rule.
    pub fn least_perplexity() -> f64 {
        let other = (1.0 - CERTAINTY) / SYMBOLS as f64;
        let right = CERTAINTY + other;
        (-right * right.ln() - (SYMBOLS - 1) as f64 * other * other.ln()).exp()
    }

    fn text(&self, random: &mut Random) -> Vec<u32> {
        let mut text: Vec<u32> = (0..3.min(self.length)).map(|_| random.below(SYMBOLS) as u32).collect();
        while text.len() < self.length {
            let (last, third) = (text[text.len() - 1], text[text.len() - 3]);
            let known = self.next[last as usize * SYMBOLS + third as usize];
            let is_by_rule = random.fraction() < CERTAINTY;
            text.push(if is_by_rule { known } else { random.below(SYMBOLS) as u32 });
        }
        text
    }

    fn texts(&self, mut random: Random, count: usize) -> Batch<'_> {
        Batch::Texts((0..count).map(|_| Cow::Owned(self.text(&mut random))).collect())
    }
}

impl Lessons for Rule {
    fn batch(&self, seed: u64, step: u64, count: usize) -> Batch<'_> {
        self.texts(Random::of_step(seed, step), count)
    }

    fn held_out(&self) -> Batch<'_> {
        self.texts(Random::of_step(!self.seed, self.length as u64), HELD_OUT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_symbols_follow_the_rule_in_texts_of_any_length() {
        let rule = Rule::new(3, 40);
        assert!((2.5..3.0).contains(&Rule::least_perplexity()));
        for rule in [rule.of_length(200), rule] {
            let Batch::Texts(texts) = rule.held_out() else { panic!("texts") };
            let follows = |text: &[u32]| text[3] == rule.next[text[2] as usize * SYMBOLS + text[0] as usize];
            let windows = texts.iter().flat_map(|text| text.windows(4));
            let (right, all) =
                windows.fold((0, 0), |(right, all), w| (right + usize::from(follows(w)), all + 1));
            let share = right as f64 / all as f64;
            assert!((share - 0.8125).abs() < 0.02, "{share}");
        }
        assert_eq!(Rule::new(1, 2).held_out().len(), HELD_OUT);
    }
}
