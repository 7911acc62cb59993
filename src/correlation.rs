//! How far two lists of numbers rise and fall together.

/// Pearson's correlation; `None` below two values or where one side does not vary.
pub fn pearson(left: &[f64], right: &[f64]) -> Option<f64> {
    let count = left.len() as f64;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / count;
    let (left_mean, right_mean) = (mean(left), mean(right));
    let (mut product, mut left_squares, mut right_squares) = (0.0, 0.0, 0.0);
    for (left, right) in left.iter().zip(right) {
        product += (left - left_mean) * (right - right_mean);
        left_squares += (left - left_mean).powi(2);
        right_squares += (right - right_mean).powi(2);
    }
    let correlation = product / (left_squares.sqrt() * right_squares.sqrt());
    (left.len() > 1 && correlation.is_finite()).then_some(correlation)
}

/// Spearman's correlation, that of the ranks; `None` as for [`pearson`].
pub fn spearman(left: &[f64], right: &[f64]) -> Option<f64> {
    pearson(&ranks(left), &ranks(right))
}

/// The rank of each value, from 1; equal values share the mean of their ranks.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&left, &right| values[left].total_cmp(&values[right]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    for equal in order.chunk_by(|&left, &right| values[left] == values[right]) {
        // Ranks start + 1 ..= start + n have this mean.
        let mean = start as f64 + (equal.len() as f64 + 1.0) / 2.0;
        equal.iter().for_each(|&index| ranks[index] = mean);
        start += equal.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_share_their_mean_rank() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0, 3.0]), [4.0, 1.0, 4.0, 2.0, 4.0]);
    }

    #[test]
    fn correlations() {
        let close =
            |found: Option<f64>, wanted: f64| assert!((found.unwrap() - wanted).abs() < 1e-12, "{found:?}");
        close(pearson(&[1.0, 2.0, 3.0], &[2.0, 4.0, 6.0]), 1.0);
        // By hand: means 2 and 2, product -1, squares 2 and 2.
        close(pearson(&[1.0, 2.0, 3.0], &[3.0, 1.0, 2.0]), -0.5);
        assert_eq!(pearson(&[1.0], &[1.0]), None);
        assert_eq!(pearson(&[1.0, 1.0], &[1.0, 2.0]), None);
    }
}
