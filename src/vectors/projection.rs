//! Pictures of a space of many dimensions: principal components of all rows, a flat map of a
//! neighbourhood, and the plane of an analogy's parallelogram.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, Axis, s};
use rayon::join;

use super::error::Result;
use super::rows::Rows;
use super::word_vectors::WordVectors;
use crate::linalg::{fix_sign, symmetric_eigen};
use crate::progress::Progress;

/// Rows that make one matrix product.
const BLOCK: usize = 512;
/// Rows that are summed one block after the other; above that, sums are added in a fixed tree,
/// so that the answer does not depend on the number of threads.
const LEAF: usize = 32 * BLOCK;

/// The principal components of all rows.
#[derive(Debug, Clone)]
pub struct PrincipalComponents {
    /// Mean of the rows, one number a dimension.
    pub mean: Array1<f64>,
    /// Unit vectors, one a row, by falling variance; the entry of largest magnitude is positive.
    pub components: Array2<f64>,
    /// Variance of the rows along each component (over n - 1).
    pub variances: Array1<f64>,
    /// Rows that were used.
    pub used: usize,
    /// Rows that were left out: all zero, or not finite.
    pub skipped: usize,
}

impl PrincipalComponents {
    /// The share of the whole variance that the first `count` components carry, from 0 to 1;
    /// 1 when there is no variance at all.
    pub fn explained(&self, count: usize) -> f64 {
        share(self.variances.iter().copied(), count)
    }

    /// The coordinates of `vector` along the first `count` components, from the mean.
    pub fn project(&self, vector: &[f32], count: usize) -> Vec<f64> {
        let components = self.components.rows().into_iter().take(count);
        let coordinate = |component: ndarray::ArrayView1<f64>| {
            let terms = component.into_iter().zip(vector).zip(&self.mean);
            terms.map(|((axis, &number), mean)| axis * (f64::from(number) - mean)).sum()
        };
        components.map(coordinate).collect()
    }
}

/// The principal components of all rows, from mean and covariance in one parallel pass.
///
/// # Errors
/// [`super::VectorsError::Cancelled`]; numbers so large that their squares are not finite.
pub fn principal_components(vectors: &WordVectors, progress: &Progress) -> Result<PrincipalComponents> {
    let rows = vectors.rows();
    progress.start(rows.len() as u64);
    let centre = first_mean(rows);
    let moments = sum_moments(rows, 0, rows.len(), &centre, progress)?;
    let used = moments.count;
    let offset = &moments.sum / used.max(1) as f64;
    // Moments about `centre`, which is near the mean, lose nothing to cancellation:
    // cov = (sum of (x - c)(x - c)' - n (m - c)(m - c)') / (n - 1), with m the mean.
    let column = offset.view().insert_axis(Axis(1));
    let mut covariance = moments.products;
    general_mat_mul(-(used as f64), &column, &column.t(), 1.0, &mut covariance);
    covariance /= used.saturating_sub(1).max(1) as f64;
    let eigen = symmetric_eigen(covariance.view())?;
    Ok(PrincipalComponents {
        mean: centre + offset,
        components: eigen.vectors,
        variances: eigen.values.mapv(|value| value.max(0.0)),
        used,
        skipped: rows.len() - used,
    })
}

/// Count, sum and sum of products of rows, about some centre.
struct Moments {
    count: usize,
    sum: Array1<f64>,
    products: Array2<f64>,
}

impl Moments {
    fn add(mut self, other: Self) -> Self {
        self.count += other.count;
        self.sum += &other.sum;
        self.products += &other.products;
        self
    }
}

/// The mean of the usable rows among the first block: a centre for the moments.
fn first_mean(rows: &Rows) -> Array1<f64> {
    let mut block = Array2::zeros((BLOCK.min(rows.len()), rows.dimensions()));
    let usable = fill(rows, 0, &Array1::zeros(rows.dimensions()), block.view_mut());
    block.slice(s![..usable, ..]).mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(rows.dimensions()))
}

fn sum_moments(
    rows: &Rows,
    start: usize,
    end: usize,
    centre: &Array1<f64>,
    progress: &Progress,
) -> Result<Moments> {
    if end - start > LEAF {
        let middle = start + (end - start).div_ceil(2 * LEAF) * LEAF;
        let (left, right) = join(
            || sum_moments(rows, start, middle, centre, progress),
            || sum_moments(rows, middle, end, centre, progress),
        );
        return Ok(left?.add(right?));
    }
    let dimensions = rows.dimensions();
    let mut moments = Moments {
        count: 0,
        sum: Array1::zeros(dimensions),
        products: Array2::zeros((dimensions, dimensions)),
    };
    let mut block = Array2::zeros((BLOCK, dimensions));
    for first in (start..end).step_by(BLOCK) {
        progress.check()?;
        let length = BLOCK.min(end - first);
        let mut block = block.slice_mut(s![..length, ..]);
        let usable = fill(rows, first, centre, block.view_mut());
        let block = block.slice(s![..usable, ..]);
        moments.count += usable;
        moments.sum += &block.sum_axis(Axis(0));
        general_mat_mul(1.0, &block.t(), &block, 1.0, &mut moments.products);
        progress.advance(length as u64);
    }
    Ok(moments)
}

/// Writes the usable ones of the rows from `first` on, less `centre`, to the top of `block`;
/// how many those are.
fn fill(rows: &Rows, first: usize, centre: &Array1<f64>, mut block: ArrayViewMut2<f64>) -> usize {
    let mut numbers = vec![0.0_f32; rows.dimensions()];
    let mut usable = 0;
    for row in first..first + block.nrows() {
        rows.copy_row(row, &mut numbers);
        if !is_usable(numbers.iter().copied()) {
            continue;
        }
        for ((out, &number), centre) in block.row_mut(usable).iter_mut().zip(&numbers).zip(centre) {
            *out = f64::from(number) - centre;
        }
        usable += 1;
    }
    usable
}

fn is_usable(mut numbers: impl Iterator<Item = f32> + Clone) -> bool {
    numbers.clone().all(f32::is_finite) && numbers.any(|number| number != 0.0)
}

fn share(variances: impl Iterator<Item = f64> + Clone, count: usize) -> f64 {
    let total: f64 = variances.clone().sum();
    if total > 0.0 { variances.take(count).sum::<f64>() / total } else { 1.0 }
}

/// A flat map of a few vectors.
#[derive(Debug, Clone, PartialEq)]
pub struct Map {
    /// One point (x, y) a vector, in the order given; NaN for a vector that is not finite.
    pub points: Array2<f64>,
    /// The share of the vectors' variance that the map shows, from 0 to 1.
    pub explained: f64,
}

/// The map of a neighbourhood (n x dimensions): its own first two principal components.
///
/// Give unit vectors, so that distances on the map follow cosines. Signs are fixed as in
/// [`fix_sign`], so that a picture does not flip from one drawing to the next. No points, one
/// point and points that all coincide are fine: they lie at the origin and nothing is lost.
///
/// # Errors
/// Numbers so large that their squares are not finite.
pub fn map(vectors: ArrayView2<f32>) -> Result<Map> {
    let usable: Vec<usize> = (0..vectors.nrows())
        .filter(|&row| vectors.row(row).iter().all(|number| number.is_finite()))
        .collect();
    let mut points = Array2::from_elem((vectors.nrows(), 2), f64::NAN);
    let mut centred = vectors.select(Axis(0), &usable).mapv(f64::from);
    if let Some(mean) = centred.mean_axis(Axis(0)) {
        centred -= &mean;
    }
    // The smaller of the two products has the same non-zero eigenvalues (Gram's trick).
    let few = centred.nrows() < centred.ncols();
    let product = if few { centred.dot(&centred.t()) } else { centred.t().dot(&centred) };
    let eigen = symmetric_eigen(product.view())?;
    // Below this, a variance is rounding error of the largest one or of the mean.
    let scale = usable.iter().map(|&row| vectors.row(row).iter().map(|&x| f64::from(x).powi(2)).sum::<f64>());
    let noise = 64.0 * f64::EPSILON * scale.sum::<f64>();
    let values = eigen.values.mapv(|value| if value > noise { value } else { 0.0 });
    for axis in 0..2 {
        let value = values.get(axis).copied().unwrap_or(0.0);
        let mut coordinates = Array1::zeros(usable.len());
        if value > 0.0 {
            let vector = eigen.vectors.row(axis);
            let component = if few { centred.t().dot(&vector) / value.sqrt() } else { vector.to_owned() };
            coordinates = centred.dot(&component) * fix_sign(component.view());
        }
        for (&row, &coordinate) in usable.iter().zip(&coordinates) {
            points[[row, axis]] = coordinate;
        }
    }
    Ok(Map { points, explained: share(values.iter().copied(), 2) })
}

/// The plane through a, b and c of an analogy a : b :: c : ?, in which the parallelogram
/// a, b, c, b - a + c lies as it is; whatever else is placed on it falls straight down.
#[derive(Debug, Clone)]
pub struct OffsetPlane {
    origin: Vec<f64>,
    axes: [Vec<f64>; 2],
}

impl OffsetPlane {
    /// Where `vector` falls: x along b - a, y across it; `a` lies at the origin.
    pub fn place(&self, vector: &[f32]) -> [f64; 2] {
        let offset = difference(vector, &self.origin);
        [dot(&offset, &self.axes[0]), dot(&offset, &self.axes[1])]
    }

    /// How far above (or below) the plane `vector` lies.
    pub fn distance(&self, vector: &[f32]) -> f64 {
        let offset = difference(vector, &self.origin);
        let [x, y] = self.place(vector);
        let [along, across] = &self.axes;
        let rest = offset.iter().zip(along).zip(across).map(|((o, u), v)| o - x * u - y * v);
        rest.map(|number| number * number).sum::<f64>().sqrt()
    }
}

/// The plane of the parallelogram of a : b :: c : answer; all of one length.
///
/// Its basis comes from b - a and c - a by Gram-Schmidt. Where one of them has no direction of
/// its own (a word repeated, offsets in one line), answer - a steps in; where that has none
/// either, the axis is zero and all points lie on a line or on one spot.
pub fn offset_plane(a: &[f32], b: &[f32], c: &[f32], answer: &[f32]) -> OffsetPlane {
    let origin: Vec<f64> = a.iter().map(|&number| f64::from(number)).collect();
    let mut axes: Vec<Vec<f64>> = Vec::new();
    for point in [b, c, answer] {
        let mut direction = difference(point, &origin);
        let length = dot(&direction, &direction).sqrt();
        // Twice: once leaves a rounding error where two offsets are nearly parallel.
        for _ in 0..2 {
            for axis in &axes {
                let along = dot(&direction, axis);
                direction.iter_mut().zip(axis).for_each(|(number, axis)| *number -= along * axis);
            }
        }
        let rest = dot(&direction, &direction).sqrt();
        if axes.len() < 2 && rest.is_finite() && rest > 1e-6 * length {
            axes.push(direction.into_iter().map(|number| number / rest).collect());
        }
    }
    axes.resize(2, vec![0.0; origin.len()]);
    let across = axes.pop().unwrap_or_default();
    let along = axes.pop().unwrap_or_default();
    OffsetPlane { origin, axes: [along, across] }
}

fn difference(vector: &[f32], origin: &[f64]) -> Vec<f64> {
    vector.iter().zip(origin).map(|(&number, origin)| f64::from(number) - origin).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
