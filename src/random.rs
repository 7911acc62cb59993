//! Random numbers that are the same on every machine and in every version: SplitMix64.

/// A seeded generator (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The generator whose numbers follow from `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The generator of step `step` of something that goes on step by step. Its state is mixed from
    /// both: states that are a few increments apart would give the same numbers, shifted.
    pub fn of_step(seed: u64, step: u64) -> Self {
        Self(Self(seed).bits() ^ Self(step.rotate_left(32)).bits())
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 up to, but not, 1; every multiple of 2^-53 is as likely as the next.
    pub fn fraction(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// One of the numbers `0..count`; 0 where there is none.
    pub fn below(&mut self, count: usize) -> usize {
        (self.bits() % (count as u64).max(1)) as usize
    }

    /// A normal number, of two uniform ones (Box and Muller 1958).
    pub fn normal(&mut self) -> f64 {
        let (radius, angle) = (1.0 - self.fraction(), self.fraction());
        (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
    }

    /// The numbers `0..count` in a random order (Fisher and Yates).
    pub fn permutation(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            order.swap(last, self.below(last + 1));
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_reference_code() {
        // splitmix64.c by Sebastiano Vigna, seed 1234567.
        let mut random = Random::new(1_234_567);
        let expected = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!([random.bits(), random.bits(), random.bits()], expected);
    }

    #[test]
    fn steps_have_no_numbers_in_common() {
        let mut seen = std::collections::HashSet::new();
        for (seed, step) in (0..5).flat_map(|seed| (0..200).map(move |step| (seed, step))) {
            let mut random = Random::of_step(seed, step);
            assert!((0..20).all(|_| seen.insert(random.bits())), "{seed} {step}");
        }
    }

    #[test]
    fn fractions_lie_below_one_and_permutations_hold_every_number_once() {
        let mut random = Random::new(7);
        let fractions: Vec<f64> = (0..1000).map(|_| random.fraction()).collect();
        assert!(fractions.iter().all(|fraction| (0.0..1.0).contains(fraction)));
        assert!((fractions.iter().sum::<f64>() / 1000.0 - 0.5).abs() < 0.05);
        let mut order = random.permutation(100);
        assert_ne!(order, (0..100).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..100).collect::<Vec<_>>());
    }
}
