//! Learned positions of a grid of patches, stretched to a grid of another size.
//!
//! As PyTorch's `interpolate` does it bicubically, centres aligned: the new grid is A P Bᵀ for matrices of
//! weights A and B that depend on the sizes alone (Keys 1981).

use ndarray::{Array2, ArrayView2, Axis, s};

/// How the weights of old places are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stretch {
    /// Four neighbours, a = -0.75, places beyond the border are those on it.
    Plain,
    /// A kernel with a = -0.5 that is widened where the grid shrinks, cut off at the border.
    Antialiased,
}

impl Stretch {
    /// The weights of `from` old places for each of `to` new ones, `[to, from]`.
    pub fn weights(self, from: usize, to: usize) -> Array2<f32> {
        let mut weights = Array2::zeros((to, from));
        let scale = from as f64 / to as f64;
        for (place, mut row) in weights.rows_mut().into_iter().enumerate() {
            let centre = scale * (place as f64 + 0.5);
            match self {
                Self::Plain => {
                    let real = centre - 0.5;
                    let first = real.floor();
                    for step in -1..=2 {
                        let old = (first as isize + step).clamp(0, from as isize - 1) as usize;
                        row[old] += cubic(-0.75, real - (first + step as f64)) as f32;
                    }
                }
                Self::Antialiased => {
                    let wider = scale.max(1.0);
                    let first = (centre - 2.0 * wider + 0.5).max(0.0) as usize;
                    let end = ((centre + 2.0 * wider + 0.5) as usize).min(from);
                    let of = |old: usize| cubic(-0.5, (old as f64 - centre + 0.5) / wider);
                    let sum: f64 = (first..end).map(of).sum();
                    (first..end).for_each(|old| row[old] = (of(old) / sum) as f32);
                }
            }
        }
        weights
    }

    /// `[h w, D]`, row by row, from `[h0 w0, D]`.
    pub fn apply(self, table: ArrayView2<'_, f32>, from: (usize, usize), to: (usize, usize)) -> Array2<f32> {
        let (down, right) = (self.weights(from.0, to.0), self.weights(from.1, to.1));
        combine(down.view(), right.view(), table)
    }

    /// The gradient of the table, given that of what [`Stretch::apply`] made of it.
    pub fn backward(
        self,
        gradient: ArrayView2<'_, f32>,
        from: (usize, usize),
        to: (usize, usize),
    ) -> Array2<f32> {
        let (down, right) = (self.weights(from.0, to.0), self.weights(from.1, to.1));
        combine(down.t(), right.t(), gradient)
    }
}

/// A P Bᵀ for every component of P `[h w, D]`, with A `[H, h]` and B `[W, w]`.
fn combine(down: ArrayView2<'_, f32>, right: ArrayView2<'_, f32>, table: ArrayView2<'_, f32>) -> Array2<f32> {
    let ((new_rows, rows), (new_columns, columns)) = (down.dim(), right.dim());
    let size = table.ncols();
    // First along the rows of the grid: [h, W, D].
    let mut wide = Array2::zeros((rows * new_columns, size));
    for row in 0..rows {
        let old = table.slice(s![row * columns..(row + 1) * columns, ..]);
        wide.slice_mut(s![row * new_columns..(row + 1) * new_columns, ..]).assign(&right.dot(&old));
    }
    // Then along its columns, all of one row of the grid side by side.
    let wide = wide.into_shape_with_order((rows, new_columns * size)).expect("as many numbers");
    let new = down.dot(&wide);
    let new = new.into_shape_with_order((new_rows * new_columns, size)).expect("as many numbers");
    debug_assert_eq!(new.len_of(Axis(0)), new_rows * new_columns);
    new
}

/// Keys' cubic at `distance`.
fn cubic(a: f64, distance: f64) -> f64 {
    let x = distance.abs();
    if x < 1.0 {
        ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * a
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_of_the_same_size_stays_and_weights_sum_to_one() {
        let table = Array2::from_shape_fn((6, 2), |(row, column)| (row * 3 + column) as f32);
        for stretch in [Stretch::Plain, Stretch::Antialiased] {
            assert_eq!(stretch.apply(table.view(), (2, 3), (2, 3)), table, "{stretch:?}");
            for (from, to) in [(4, 7), (7, 4), (3, 1), (1, 3)] {
                for sum in stretch.weights(from, to).sum_axis(Axis(1)) {
                    assert!((sum - 1.0).abs() < 1e-6, "{stretch:?} {from} to {to}: {sum}");
                }
            }
        }
    }

    #[test]
    fn the_gradient_is_that_of_the_weights() {
        let table = Array2::from_shape_fn((6, 1), |(row, _)| (row as f32).sin());
        let gradient = Array2::from_shape_fn((12, 1), |(row, _)| (row as f32 * 0.7).cos());
        for stretch in [Stretch::Plain, Stretch::Antialiased] {
            let made = stretch.apply(table.view(), (2, 3), (4, 3));
            let back = stretch.backward(gradient.view(), (2, 3), (4, 3));
            // <g, S p> = <Sᵀ g, p>.
            let (one, other) = ((&made * &gradient).sum(), (&back * &table).sum());
            assert!((one - other).abs() < 1e-5, "{stretch:?}: {one}, {other}");
        }
    }
}
