//! Figures of one attention map `[T, S]`, row i being what token i attends to.
//!
//! Sums are taken in f64; a map without rows has figures of 0, and NaN in a map gives NaN.

use ndarray::{ArrayView1, ArrayView2, Axis};

use crate::model::network::Mask;

/// The entropy of one row in nats, -Σ a ln a with 0 ln 0 = 0 (Shannon 1948). From 0 (one token) to
/// ln of the number of tokens seen (all alike).
pub fn entropy(row: ArrayView1<'_, f32>) -> f64 {
    -row.iter()
        .map(|&weight| f64::from(weight))
        .filter(|&weight| weight != 0.0)
        .map(|w| w * w.ln())
        .sum::<f64>()
}

/// The mean of [`entropy`] over the rows (Clark et al. 2019, section 3.3).
pub fn mean_entropy(weights: ArrayView2<'_, f32>) -> f64 {
    mean(weights.axis_iter(Axis(0)).map(entropy))
}

/// The mean entropy as a share of the largest possible, from 0 to 1: of each row ln of the number of
/// tokens that `mask` opens to it. Rows that see one token only are left out.
pub fn relative_entropy(weights: ArrayView2<'_, f32>, mask: Mask) -> f64 {
    let visible = |row: usize| mask.count(row, weights.ncols());
    let rows = weights.axis_iter(Axis(0)).enumerate().filter(|(row, _)| visible(*row) > 1);
    mean(rows.map(|(row, values)| entropy(values) / (visible(row) as f64).ln()))
}

/// The mean attention distance in tokens, Σ a |i - j| averaged over the rows (Vig and Belinkov
/// 2019, section 4.2).
pub fn mean_distance(weights: ArrayView2<'_, f32>) -> f64 {
    mean(weights.axis_iter(Axis(0)).enumerate().map(|(i, row)| {
        row.iter().enumerate().map(|(j, &weight)| f64::from(weight) * i.abs_diff(j) as f64).sum()
    }))
}

/// The mean attention distance of a vision transformer in pixels (Dosovitskiy et al. 2021,
/// appendix D.7): between the centres of patches that lie in rows of `columns`, each `patch` pixels
/// wide. The `before` tokens that are no patches are left out and the rest of each row scaled to sum to 1.
pub fn mean_patch_distance(weights: ArrayView2<'_, f32>, before: usize, columns: usize, patch: usize) -> f64 {
    let columns = columns.max(1);
    let place = |token: usize| ((token - before) / columns, (token - before) % columns);
    let rows = weights.axis_iter(Axis(0)).enumerate().skip(before).map(|(i, row)| {
        let (mut total, mut sum) = (0.0, 0.0);
        for (j, &weight) in row.iter().enumerate().skip(before) {
            let ((y, x), (v, u)) = (place(i), place(j));
            let distance = (y.abs_diff(v) as f64).hypot(x.abs_diff(u) as f64);
            sum += f64::from(weight) * distance;
            total += f64::from(weight);
        }
        if total == 0.0 { 0.0 } else { sum / total }
    });
    patch as f64 * mean(rows)
}

/// The mean weight that rows put on `token`: what a sink gathers (Xiao et al. 2024, section 3.1).
pub fn mass_on(weights: ArrayView2<'_, f32>, token: usize) -> f64 {
    if token >= weights.ncols() {
        return 0.0;
    }
    mean(weights.column(token).iter().map(|&weight| f64::from(weight)))
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0usize), |(sum, count), value| (sum + value, count + 1));
    if count == 0 { 0.0 } else { sum / count as f64 }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;

    #[test]
    fn even_rows_have_the_largest_entropy() {
        let even = Array2::from_elem((4, 4), 0.25f32);
        assert!((mean_entropy(even.view()) - 4f64.ln()).abs() < 1e-12);
        assert!((relative_entropy(even.view(), Mask::default()) - 1.0).abs() < 1e-12);
        let causal = array![[1.0, 0.0], [0.5, 0.5f32]];
        assert!((relative_entropy(causal.view(), Mask::CAUSAL) - 1.0).abs() < 1e-12);
        let window = array![[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.0, 0.5, 0.5f32]];
        assert!((relative_entropy(window.view(), Mask::causal(Some(2))) - 1.0).abs() < 1e-12);
        assert!(relative_entropy(window.view(), Mask::CAUSAL) < 0.9);
    }

    #[test]
    fn odd_maps_have_figures_too() {
        for map in [Array2::zeros((0, 0)), array![[1.0f32]]] {
            assert_eq!(mean_entropy(map.view()), 0.0);
            assert_eq!(relative_entropy(map.view(), Mask::CAUSAL), 0.0);
            assert_eq!(mean_distance(map.view()), 0.0);
            assert_eq!(mean_patch_distance(map.view(), 1, 0, 16), 0.0);
            assert_eq!(mass_on(map.view(), 7), 0.0);
        }
        assert!(mean_entropy(array![[f32::NAN, 1.0]].view()).is_nan());
    }

    #[test]
    fn patches_are_as_far_apart_as_their_centres() {
        // A class token and 2 x 2 patches; the first patch sees the one diagonally below.
        let mut map = Array2::zeros((5, 5));
        map[[1, 4]] = 0.5f32;
        map[[1, 0]] = 0.5;
        assert!((mean_patch_distance(map.view(), 1, 2, 16) - 16.0 * 2f64.sqrt() / 4.0).abs() < 1e-12);
    }
}
