//! The cosines of all rows with the query vectors, each within a known error.
//!
//! - f32: the kernels' dot products and squared lengths err by at most gamma relative to the lengths
//!   ([`kernels::relative_error`]), so a cosine errs by at most gamma + gamma / 2 and terms of gamma
//!   squared. A row whose squared length is zero, not finite, or so small or large that f32 may have lost
//!   digits is not known at all: f64 decides whether it is a row.
//! - int8: see [`planes`](crate::vectors::planes). A row without direction is known to be none, and is passed over.

use std::cell::Cell;
use std::ops::Range;

use crate::vectors::kernels::codes::IntegerKernel;
use crate::vectors::kernels::query::CodedQuery;
use crate::vectors::kernels::{self, Kernel};
use crate::vectors::norms::{TRUSTED_SQUARES, row_bytes};
use crate::vectors::planes::int8::Int8Plane;
use crate::vectors::planes::stored;
use crate::vectors::rows::Rows;
use crate::vectors::word_vectors::WordVectors;

/// What the rows are read in.
#[derive(Debug, Clone, Copy)]
pub enum Plane<'a> {
    /// Their own numbers.
    Floats,
    /// One byte a component.
    Int8(&'a Int8Plane),
}

impl<'a> Plane<'a> {
    /// The one with the fewest bytes that `vectors` have.
    pub fn best(vectors: &'a WordVectors) -> Self {
        stored::plane(vectors).map_or(Self::Floats, Self::Int8)
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Floats => "f32",
            Self::Int8(_) => "int8",
        }
    }
}

/// How far a cosine is off at most that was computed from products and squared lengths in f32.
pub(super) fn float_error(dimensions: usize) -> f64 {
    let gamma = kernels::relative_error(dimensions);
    1.5 * gamma + 2.0 * gamma * gamma + f64::EPSILON * 8.0
}

/// What finds the cosines of rows with some query vectors.
pub(super) enum Cosines<'a> {
    Floats(FloatCosines<'a>),
    Int8(IntegerCosines<'a>),
}

impl<'a> Cosines<'a> {
    /// Of `rows` with the vectors that stand one after the other in `flat`, whose lengths are `lengths`.
    pub(super) fn new(rows: &'a Rows, plane: Plane<'a>, flat: &[f32], lengths: &[f64]) -> Self {
        match plane {
            Plane::Floats => Self::Floats(FloatCosines {
                rows,
                kernel: Kernel::detect(),
                flat: flat.to_vec(),
                lengths: lengths.to_vec(),
                error: float_error(rows.dimensions()),
            }),
            Plane::Int8(plane) => {
                let vectors = flat.chunks_exact(plane.dimensions()).zip(lengths);
                Self::Int8(IntegerCosines {
                    plane,
                    kernel: IntegerKernel::detect(),
                    queries: vectors.map(|(vector, &length)| CodedQuery::new(vector, length)).collect(),
                })
            }
        }
    }

    /// Calls `visit` with each row of `block` that may have a direction, its cosines, and how far each is
    /// off at most: infinitely where nothing is known. Rows whose only cosine cannot be `least` may be left
    /// out; `visit` may raise it.
    pub(super) fn for_each(
        &self,
        block: Range<usize>,
        least: &Cell<f64>,
        visit: impl FnMut(usize, &[f64], f64),
    ) {
        match self {
            Self::Floats(cosines) => cosines.for_each(block, visit),
            Self::Int8(cosines) => cosines.for_each(block, least, visit),
        }
    }
}

/// From the rows' own numbers.
pub(super) struct FloatCosines<'a> {
    rows: &'a Rows,
    kernel: Kernel,
    flat: Vec<f32>,
    lengths: Vec<f64>,
    error: f64,
}

impl FloatCosines<'_> {
    fn for_each(&self, block: Range<usize>, mut visit: impl FnMut(usize, &[f64], f64)) {
        let mut buffer = vec![0.0; self.rows.dimensions()];
        let mut dots = vec![0.0f32; self.lengths.len()];
        let mut cosines = vec![0.0f64; self.lengths.len()];
        for row in block {
            let squared = self.kernel.dots(row_bytes(self.rows, row, &mut buffer), &self.flat, &mut dots);
            if !TRUSTED_SQUARES.contains(&squared) {
                visit(row, &cosines, f64::INFINITY);
                continue;
            }
            let scale = 1.0 / f64::from(squared).sqrt();
            for ((cosine, &dot), length) in cosines.iter_mut().zip(&dots).zip(&self.lengths) {
                *cosine = f64::from(dot) * scale / length;
            }
            visit(row, &cosines, self.error);
        }
    }
}

/// From a plane of codes.
pub(super) struct IntegerCosines<'a> {
    plane: &'a Int8Plane,
    kernel: IntegerKernel,
    queries: Vec<CodedQuery>,
}

/// Rows that are passed over together where none can be of use.
pub(super) const TOGETHER: usize = 16;

/// More than what f32 rounds off the cosines of rows that are passed over.
pub(super) const ROUNDED: f64 = 2e-6;

/// Whether the cosine of one of these rows with `query` can be `least`: in f32, many rows at a time.
fn any_reaches(
    query: &CodedQuery,
    products: &[i32],
    scales: &[[u8; 4]],
    errors: &[[u8; 4]],
    least: f64,
) -> bool {
    let (unit, farthest, least) = (query.unit() as f32, query.error() as f32, (least - ROUNDED) as f32);
    let mut reaches = false;
    for ((&product, &scale), &error) in products.iter().zip(scales).zip(errors) {
        let (scale, error) = (f32::from_le_bytes(scale), f32::from_le_bytes(error));
        // A row without direction has no scale that is a number, and reaches nothing.
        reaches |= product as f32 * (scale * unit) + (error + (1.0 + error) * farthest) >= least;
    }
    reaches
}

/// Slack for the rounding of the few f64 operations here.
const SLACK: f64 = 1e-12;

impl IntegerCosines<'_> {
    fn for_each(&self, block: Range<usize>, least: &Cell<f64>, mut visit: impl FnMut(usize, &[f64], f64)) {
        let rows = block.len();
        let mut products = vec![0; rows * self.queries.len()];
        self.kernel.products(self.plane.codes(block.clone()), &self.queries, &mut products);
        let [query] = &self.queries[..] else {
            return self.visit_all(block.clone(), rows, &products, &mut visit);
        };
        let first = block.start;
        let [scales, errors] = self.plane.scale_bytes(block);
        let groups = products.chunks(TOGETHER).zip(scales.chunks(TOGETHER)).zip(errors.chunks(TOGETHER));
        for (index, ((products, scales), errors)) in groups.enumerate() {
            if any_reaches(query, products, scales, errors, least.get()) {
                let start = first + index * TOGETHER;
                self.visit_all(start..start + products.len(), products.len(), products, &mut visit);
            }
        }
    }

    /// Visits all of `block`, whose products with each query stand `rows` apart.
    fn visit_all(
        &self,
        block: Range<usize>,
        rows: usize,
        products: &[i32],
        visit: &mut impl FnMut(usize, &[f64], f64),
    ) {
        let farthest = self.queries.iter().map(CodedQuery::error).fold(0.0, f64::max);
        let units: Vec<f64> = self.queries.iter().map(CodedQuery::unit).collect();
        let mut cosines = vec![0.0f64; self.queries.len()];
        for ((index, row), (scale, off)) in block.clone().enumerate().zip(self.plane.scales(block)) {
            if scale.is_nan() {
                continue;
            }
            let (scale, off) = (f64::from(scale), f64::from(off));
            for (query, (cosine, unit)) in cosines.iter_mut().zip(&units).enumerate() {
                *cosine = f64::from(products[query * rows + index]) * (scale * unit);
            }
            visit(row, &cosines, off + (1.0 + off) * farthest + SLACK);
        }
    }
}
