//! Numbers that are left out at random while a network learns, so that it does not rely on few of them
//! (Srivastava et al. 2014).

use ndarray::Array2;

use crate::random::Random;

/// Which numbers of what parts make are left out. The default leaves out none.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Dropout {
    /// Which share.
    pub share: f32,
    /// What the choice follows from: the same one forward and backward.
    pub seed: u64,
}

impl Dropout {
    /// Another choice of the same share, for the `index`th of several places.
    pub fn at(self, index: usize) -> Self {
        let seed = Random::new(self.seed ^ (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)).bits();
        Self { seed, ..self }
    }

    /// Leaves numbers out, and makes up for them with the others: what is expected stays the same.
    pub fn apply(self, numbers: &mut Array2<f32>) {
        if self.share <= 0.0 {
            return;
        }
        let mut random = Random::new(self.seed);
        let (share, rest) = (f64::from(self.share), 1.0 / (1.0 - self.share));
        for number in numbers {
            *number *= if random.fraction() < share { 0.0 } else { rest };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_left_out_and_the_sum_stays() {
        let dropout = Dropout { share: 0.25, seed: 3 };
        let mut numbers = Array2::ones((100, 100));
        dropout.apply(&mut numbers);
        let left_out = numbers.iter().filter(|&&number| number == 0.0).count();
        assert!((2300..2700).contains(&left_out), "{left_out}");
        assert!((numbers.sum() - 10_000.0).abs() < 400.0);
        let mut again = Array2::ones((100, 100));
        dropout.apply(&mut again);
        assert_eq!(again, numbers);
        let mut elsewhere = Array2::ones((100, 100));
        dropout.at(1).apply(&mut elsewhere);
        assert_ne!(elsewhere, numbers);
        assert_ne!(dropout.at(0).seed, dropout.at(1).seed);
        let mut all = Array2::ones((3, 3));
        Dropout::default().apply(&mut all);
        assert_eq!(all, Array2::<f32>::ones((3, 3)));
    }
}
