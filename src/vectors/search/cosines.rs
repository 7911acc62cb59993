//! The cosines of all rows with the query vectors, each within a known error.
//!
//! - f32: the kernels' dot products and squared lengths err by at most gamma relative to the lengths
//!   ([`kernels::relative_error`]), so a cosine errs by at most gamma + gamma / 2 and terms of gamma
//!   squared. A row whose squared length is zero, not finite, or so small or large that f32 may have lost
//!   digits is not known at all: f64 decides whether it is a row.
//! - int8: see [`planes`](crate::vectors::planes). A row without direction is known to be none, and is
//!   passed over.
//! - int4: tells of most rows that they cannot be among the best; the others are looked at in int8.

use std::ops::Range;

use super::bounds::Reach;
use super::objective::Objective;
use crate::vectors::kernels::codes::IntegerKernel;
use crate::vectors::kernels::half_bytes::{ByteQuery, HalfByteKernel};
use crate::vectors::kernels::query::CodedQuery;
use crate::vectors::kernels::{self, Kernel};
use crate::vectors::norms::{TRUSTED_SQUARES, row_bytes};
use crate::vectors::planes::Planes;
use crate::vectors::planes::int4::Int4Plane;
use crate::vectors::planes::int8::Int8Plane;
use crate::vectors::planes::scales::Scales;
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
    /// Half a byte a component, and of the rows that this leaves one byte.
    Int4(&'a Int4Plane, &'a Int8Plane),
}

impl<'a> Plane<'a> {
    /// The one of those that `vectors` have which tells soonest. Of a score of several cosines four bits
    /// tell too little: most rows would have to be looked at again.
    pub fn best(vectors: &'a WordVectors, objective: &Objective) -> Self {
        match (stored::planes(vectors), objective) {
            (Some(Planes { int8, int4: Some(int4) }), Objective::Cosine) => Self::Int4(int4, int8),
            (Some(planes), _) => Self::Int8(&planes.int8),
            (None, _) => Self::Floats,
        }
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Floats => "f32",
            Self::Int8(_) => "int8",
            Self::Int4(..) => "int4, then int8",
        }
    }
}

/// How far a cosine is off at most that was computed from products and squared lengths in f32.
pub(super) fn float_error(dimensions: usize) -> f64 {
    let gamma = kernels::relative_error(dimensions);
    1.5 * gamma + 2.0 * gamma * gamma + f64::EPSILON * 8.0
}

/// What is known of a row.
pub(super) struct Known<'a> {
    pub row: usize,
    /// Its cosines with the query vectors.
    pub cosines: &'a [f64],
    /// How far each is off at most: infinitely where nothing is known.
    pub error: f64,
    /// What the score is at most, as far as something else than the cosines tells.
    pub at_most: f64,
}

/// What finds the cosines of rows with some query vectors.
pub(super) enum Cosines<'a> {
    Floats(FloatCosines<'a>),
    Int8(Int8Cosines<'a>),
    Int4(Int4Cosines<'a>),
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
            Plane::Int8(plane) => Self::Int8(Int8Cosines::new(plane, flat, lengths)),
            Plane::Int4(coarse, fine) => Self::Int4(Int4Cosines::new(coarse, fine, flat, lengths)),
        }
    }

    /// Calls `visit` with each row of `block` that may have a direction. Rows that cannot score
    /// `reach.least` may be left out; `visit` may raise that.
    pub(super) fn for_each(&self, block: Range<usize>, reach: &Reach<'_>, visit: impl FnMut(Known<'_>)) {
        match self {
            Self::Floats(cosines) => cosines.for_each(block, visit),
            Self::Int8(cosines) => cosines.for_each(block, reach, visit),
            Self::Int4(cosines) => cosines.for_each(block, reach, visit),
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
    fn for_each(&self, block: Range<usize>, mut visit: impl FnMut(Known<'_>)) {
        let mut buffer = vec![0.0; self.rows.dimensions()];
        let mut dots = vec![0.0f32; self.lengths.len()];
        let mut cosines = vec![0.0f64; self.lengths.len()];
        for row in block {
            let squared = self.kernel.dots(row_bytes(self.rows, row, &mut buffer), &self.flat, &mut dots);
            if !TRUSTED_SQUARES.contains(&squared) {
                let error = f64::INFINITY;
                visit(Known { row, cosines: &cosines, error, at_most: f64::INFINITY });
                continue;
            }
            let scale = 1.0 / f64::from(squared).sqrt();
            for ((cosine, &dot), length) in cosines.iter_mut().zip(&dots).zip(&self.lengths) {
                *cosine = f64::from(dot) * scale / length;
            }
            visit(Known { row, cosines: &cosines, error: self.error, at_most: f64::INFINITY });
        }
    }
}

/// Rows that are passed over together where none can be of use.
pub(super) const TOGETHER: usize = 16;

/// More than what f32 rounds off the cosines of rows that are passed over.
pub(super) const ROUNDED: f64 = 2e-6;

/// Less than any end in f32 of a score of `least` or more that is made of `factors` cosines.
fn rounded_down(least: f64, factors: usize) -> f32 {
    (least - ROUNDED * (factors as f64 * least.abs() + 1.0)) as f32
}

/// Slack for the rounding of the few f64 operations here.
const SLACK: f64 = 1e-12;

/// What products of integers say of cosines.
struct Decoder<'a> {
    /// Of the rows.
    scales: &'a Scales,
    /// What one unit of each query's integers is worth.
    units: Vec<f64>,
    /// How far a query vector is from its integers at most.
    farthest: f64,
}

/// The products of a block of rows with each query: those of the first one after the other, then those of
/// the second.
struct Products {
    block: Range<usize>,
    products: Vec<i32>,
}

impl Products {
    fn of(&self, query: usize) -> &[i32] {
        let rows = self.block.len();
        &self.products[query * rows..(query + 1) * rows]
    }
}

impl<'a> Decoder<'a> {
    /// `queries`: what one unit of each is worth, and how far each is off.
    fn new(scales: &'a Scales, queries: impl Iterator<Item = (f64, f64)>) -> Self {
        let (units, errors): (Vec<f64>, Vec<f64>) = queries.unzip();
        Self { scales, units, farthest: errors.into_iter().fold(0.0, f64::max) }
    }

    /// Calls `look` with the rows of the block (by their places in it) that may score `reach.least`: many
    /// are passed over at a time, in f32.
    fn for_each_row(&self, products: &Products, reach: &Reach<'_>, mut look: impl FnMut(usize)) {
        let rows = products.block.len();
        for first in (0..rows).step_by(TOGETHER) {
            let group = first..(first + TOGETHER).min(rows);
            let ends = match reach.objective {
                Objective::Cosine => self.cosine_ends(products, group.clone()),
                Objective::Product { positive } => self.product_ends(products, group.clone(), *positive),
                Objective::PairDirection => [f32::INFINITY; TOGETHER],
            };
            // A row without direction has no scale that is a number, and reaches nothing.
            let least = || rounded_down(reach.least.get(), self.units.len());
            let now = least();
            if ends.iter().fold(false, |any, &end| any | (end >= now)) {
                group.zip(ends).filter(|(_, end)| *end >= least()).for_each(|(row, _)| look(row));
            }
        }
    }

    fn scale_bytes(&self, products: &Products, group: &Range<usize>) -> [&[[u8; 4]]; 2] {
        let first = products.block.start;
        self.scales.bytes(first + group.start..first + group.end)
    }

    /// What the cosines of these rows with the only query are at most.
    fn cosine_ends(&self, products: &Products, group: Range<usize>) -> [f32; TOGETHER] {
        let [scales, errors] = self.scale_bytes(products, &group);
        let (unit, farthest) = (self.units[0] as f32, self.farthest as f32);
        let mut ends = [f32::NEG_INFINITY; TOGETHER];
        let of_rows = products.of(0)[group].iter().zip(scales).zip(errors);
        for (end, ((&product, &scale), &error)) in ends.iter_mut().zip(of_rows) {
            let (scale, error) = (f32::from_le_bytes(scale), f32::from_le_bytes(error));
            *end = product as f32 * (scale * unit) + (error + (1.0 + error) * farthest);
        }
        ends
    }

    /// What 3CosMul with `positive` wanted vectors gives these rows at most.
    fn product_ends(&self, products: &Products, group: Range<usize>, positive: usize) -> [f32; TOGETHER] {
        let [scales, errors] = self.scale_bytes(products, &group);
        let (mut wanted, mut unwanted) = ([1.0f32; TOGETHER], [1.0f32; TOGETHER]);
        let farthest = self.farthest as f32;
        for (query, &unit) in self.units.iter().enumerate() {
            let of_rows = products.of(query)[group.clone()].iter().zip(scales).zip(errors);
            let factors = if query < positive { &mut wanted } else { &mut unwanted };
            let sign = if query < positive { 1.0 } else { -1.0 };
            for (factor, ((&product, &scale), &error)) in factors.iter_mut().zip(of_rows) {
                let (scale, error) = (f32::from_le_bytes(scale), f32::from_le_bytes(error));
                let error = error + (1.0 + error) * farthest + ROUNDED as f32;
                let end = product as f32 * (scale * unit as f32) + sign * error;
                *factor *= (1.0 + end).clamp(0.0, 2.0) / 2.0;
            }
        }
        wanted.iter_mut().zip(unwanted).for_each(|(end, unwanted)| *end /= unwanted + 1e-6);
        wanted
    }

    /// Writes the cosines of the row whose product with each query `product` tells, and returns how far
    /// they are off; `None` where the row has no direction.
    fn cosines(&self, row: usize, product: impl Fn(usize) -> i32, cosines: &mut [f64]) -> Option<f64> {
        let (scale, off) = self.scales.of(row..row + 1).next().filter(|(scale, _)| !scale.is_nan())?;
        let (scale, off) = (f64::from(scale), f64::from(off));
        for (query, (cosine, unit)) in cosines.iter_mut().zip(&self.units).enumerate() {
            *cosine = f64::from(product(query)) * (scale * unit);
        }
        Some(off + (1.0 + off) * self.farthest + SLACK)
    }
}

/// From a plane of one byte a component.
pub(super) struct Int8Cosines<'a> {
    plane: &'a Int8Plane,
    kernel: IntegerKernel,
    queries: Vec<CodedQuery>,
    decoder: Decoder<'a>,
}

impl<'a> Int8Cosines<'a> {
    fn new(plane: &'a Int8Plane, flat: &[f32], lengths: &[f64]) -> Self {
        let vectors = flat.chunks_exact(plane.dimensions()).zip(lengths);
        let queries: Vec<CodedQuery> =
            vectors.map(|(vector, &length)| CodedQuery::new(vector, length)).collect();
        let decoder = Decoder::new(plane.scales(), queries.iter().map(|query| (query.unit(), query.error())));
        Self { plane, kernel: IntegerKernel::detect(), queries, decoder }
    }

    fn products(&self, block: Range<usize>) -> Products {
        let mut products = vec![0; block.len() * self.queries.len()];
        self.kernel.products(self.plane.codes(block.clone()), &self.queries, &mut products);
        Products { block, products }
    }

    fn for_each(&self, block: Range<usize>, reach: &Reach<'_>, mut visit: impl FnMut(Known<'_>)) {
        let products = self.products(block);
        let mut cosines = vec![0.0f64; self.queries.len()];
        self.decoder.for_each_row(&products, reach, |index| {
            let row = products.block.start + index;
            let product = |query: usize| products.of(query)[index];
            if let Some(error) = self.decoder.cosines(row, product, &mut cosines) {
                visit(Known { row, cosines: &cosines, error, at_most: f64::INFINITY });
            }
        });
    }

    /// Writes the products of one row with each query.
    fn products_of_row(&self, row: usize, products: &mut [i32]) {
        self.kernel.products(self.plane.codes(row..row + 1), &self.queries, products);
    }
}

/// From a plane of half a byte a component, and of the rows that may matter from one of a byte.
pub(super) struct Int4Cosines<'a> {
    plane: &'a Int4Plane,
    kernel: HalfByteKernel,
    queries: Vec<ByteQuery>,
    decoder: Decoder<'a>,
    fine: Int8Cosines<'a>,
}

impl<'a> Int4Cosines<'a> {
    fn new(plane: &'a Int4Plane, fine: &'a Int8Plane, flat: &[f32], lengths: &[f64]) -> Self {
        let vectors = flat.chunks_exact(plane.dimensions()).zip(lengths);
        let queries: Vec<ByteQuery> =
            vectors.map(|(vector, &length)| ByteQuery::new(vector, length)).collect();
        let decoder = Decoder::new(plane.scales(), queries.iter().map(|query| (query.unit(), query.error())));
        let fine = Int8Cosines::new(fine, flat, lengths);
        Self { plane, kernel: HalfByteKernel::detect(), queries, decoder, fine }
    }

    fn products(&self, block: Range<usize>) -> Products {
        let rows = block.len();
        // The kernel may read into the rows that follow.
        let codes = self.plane.bytes(block.start..self.plane.len());
        let mut products = vec![0; rows * self.queries.len()];
        for (query, products) in self.queries.iter().zip(products.chunks_mut(rows.max(1))) {
            self.kernel.products(codes, query, products);
        }
        Products { block, products }
    }

    fn for_each(&self, block: Range<usize>, reach: &Reach<'_>, mut visit: impl FnMut(Known<'_>)) {
        let products = self.products(block);
        let mut cosines = vec![0.0f64; self.queries.len()];
        let mut fine_products = vec![0; self.queries.len()];
        self.decoder.for_each_row(&products, reach, |index| {
            let row = products.block.start + index;
            let product = |query: usize| products.of(query)[index];
            let Some(error) = self.decoder.cosines(row, product, &mut cosines) else { return };
            let at_most = reach.bounds(&cosines, error).upper;
            if at_most < reach.least.get() {
                return;
            }
            self.fine.products_of_row(row, &mut fine_products);
            let product = |query: usize| fine_products[query];
            if let Some(error) = self.fine.decoder.cosines(row, product, &mut cosines) {
                visit(Known { row, cosines: &cosines, error, at_most });
            }
        });
    }
}
