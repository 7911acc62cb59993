//! A question made ready for a scan: which rows may be among the best, and their scores in f64.

use std::cell::Cell;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::ops::Range;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use rayon::prelude::*;

use super::bounds::{self, Interval, Reach};
use super::cosines::{Cosines, Known, Plane};
use super::objective::Objective;
use super::query::{Hit, Query};
use crate::vectors::error::{Result, VectorsError};
use crate::vectors::norms::dot;
use crate::vectors::word_vectors::WordVectors;

/// The cosine in f64 between two vectors; `None` when one of them has no direction.
pub fn cosine(left: &[f32], right: &[f32]) -> Option<f64> {
    let cosine = dot(left, right) / (dot(left, left) * dot(right, right)).sqrt();
    cosine.is_finite().then_some(cosine)
}

/// A row that may be among the best.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub row: usize,
    pub bounds: Interval,
}

/// A query made ready for the scan.
pub(super) struct Prepared<'a> {
    vectors: &'a WordVectors,
    pub query: &'a Query,
    /// The query vectors, one after the other, of length about 1.
    pub flat: Vec<f32>,
    /// Their exact lengths.
    pub lengths: Vec<f64>,
    /// For PairDirection: the cosine between its two vectors.
    offset_at_c: f64,
    /// The score that as many rows as are asked for are known to have.
    reached: Highest,
    cosines: Cosines<'a>,
    excluded: Vec<usize>,
}

impl<'a> Prepared<'a> {
    pub(super) fn new(vectors: &'a WordVectors, plane: Plane<'a>, query: &'a Query) -> Result<Self> {
        check_shape(vectors, query)?;
        let dimensions = vectors.dimensions();
        let mut flat = Vec::with_capacity(query.vectors.len());
        for vector in query.vectors.rows() {
            flat.extend(about_unit(&vector.to_vec())?);
        }
        let lengths: Vec<f64> =
            flat.chunks_exact(dimensions).map(|vector| dot(vector, vector).sqrt()).collect();
        let offset_at_c = match query.objective {
            Objective::PairDirection => {
                let (offset, c) = flat.split_at(dimensions);
                cosine(offset, c).unwrap_or(0.0)
            }
            _ => 0.0,
        };
        let cosines = Cosines::new(vectors.rows(), plane, &flat, &lengths);
        let mut excluded = query.excluded.clone();
        excluded.sort_unstable();
        let reached = Highest::default();
        Ok(Self { vectors, query, flat, lengths, offset_at_c, reached, cosines, excluded })
    }

    /// What the score of a row can be whose cosines are known to within `error`.
    pub(super) fn bounds(&self, cosines: &[f64], error: f64) -> Interval {
        self.reach(f64::NEG_INFINITY).bounds(cosines, error)
    }

    fn reach(&self, least: f64) -> Reach<'_> {
        Reach { objective: &self.query.objective, offset_at_c: self.offset_at_c, least: Cell::new(least) }
    }

    /// The rows of `block` that may be among the best `count`.
    pub(super) fn scan(&self, block: Range<usize>, count: usize) -> Vec<Candidate> {
        let mut best = LargestLower::new(count);
        let mut candidates: Vec<Candidate> = Vec::new();
        let reach = self.reach(self.reached.get());
        self.cosines.for_each(block, &reach, |Known { row, cosines, error, at_most }| {
            if !bounds::can_reach(&self.query.objective, cosines, error, reach.least.get()) {
                return;
            }
            let mut bounds = reach.bounds(cosines, error);
            bounds.upper = bounds.upper.min(at_most);
            if bounds.upper >= reach.least.get() && self.eligible(row) {
                best.push(bounds.lower);
                reach.least.set(self.reached.raise(best.threshold()));
                candidates.push(Candidate { row, bounds });
            }
        });
        candidates.retain(|candidate| candidate.bounds.upper >= reach.least.get());
        candidates
    }

    /// How many rows of `block` come before `target`.
    pub(super) fn count_better(&self, block: Range<usize>, target: Hit) -> usize {
        let mut better = 0;
        let reach = self.reach(target.score);
        self.cosines.for_each(block, &reach, |Known { row, cosines, error, .. }| {
            let bounds = reach.bounds(cosines, error);
            if row == target.row || bounds.upper < target.score || !self.eligible(row) {
                return;
            }
            let before = bounds.lower > target.score
                || self.exact(row).is_some_and(|score| best_first(Hit { row, score }, target).is_lt());
            better += usize::from(before);
        });
        better
    }

    /// Whether `row` may be an answer, its numbers apart.
    pub(super) fn eligible(&self, row: usize) -> bool {
        self.excluded.binary_search(&row).is_err()
            && self.query.filter.admits_word(self.vectors.vocabulary().word(row))
    }

    /// The best `count` of `rows`, by their scores in f64.
    pub(super) fn best_of(&self, rows: Vec<usize>, count: usize) -> Vec<Hit> {
        let scored = rows.into_par_iter().with_min_len(256);
        let mut hits: Vec<Hit> =
            scored.filter_map(|row| self.exact(row).map(|score| Hit { row, score })).collect();
        hits.sort_unstable_by(|left, right| best_first(*left, *right));
        hits.truncate(count);
        hits
    }

    /// The score of `row` in f64; `None` when the row has no direction.
    pub(super) fn exact(&self, row: usize) -> Option<f64> {
        let values = self.vectors.rows().to_vec(row);
        let length = dot(&values, &values).sqrt();
        if !(length > 0.0 && length.is_finite()) {
            return None;
        }
        let cosines: Vec<f64> = self
            .flat
            .chunks_exact(values.len())
            .zip(&self.lengths)
            .map(|(vector, own)| dot(vector, &values) / (own * length))
            .collect();
        bounds::score(&self.query.objective, &cosines, self.offset_at_c).filter(|score| score.is_finite())
    }
}

/// The highest of the numbers that any thread has said.
struct Highest(AtomicU64);

impl Default for Highest {
    fn default() -> Self {
        Self(AtomicU64::new(f64::NEG_INFINITY.to_bits()))
    }
}

impl Highest {
    fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Relaxed))
    }

    /// Raises it to `number` where that is higher, and returns what it is then.
    fn raise(&self, number: f64) -> f64 {
        let higher = |bits: u64| (number > f64::from_bits(bits)).then(|| number.to_bits());
        match self.0.fetch_update(Relaxed, Relaxed, higher) {
            Ok(_) => number,
            Err(bits) => f64::from_bits(bits),
        }
    }
}

/// The `count` largest of the numbers pushed; it knows the smallest of them.
pub(super) struct LargestLower {
    pub count: usize,
    heap: BinaryHeap<Smallest>,
}

/// Orders a max-heap with the smallest number on top.
#[derive(PartialEq)]
struct Smallest(f64);

impl Eq for Smallest {}

impl PartialOrd for Smallest {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Smallest {
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.total_cmp(&self.0)
    }
}

impl LargestLower {
    pub(super) fn new(count: usize) -> Self {
        Self { count, heap: BinaryHeap::new() }
    }

    /// The `count`-th largest number so far, or minus infinity.
    pub(super) fn threshold(&self) -> f64 {
        match self.heap.peek() {
            Some(smallest) if self.heap.len() == self.count => smallest.0,
            _ => f64::NEG_INFINITY,
        }
    }

    pub(super) fn push(&mut self, lower: f64) {
        if self.heap.len() < self.count {
            self.heap.push(Smallest(lower));
        } else if lower > self.threshold() {
            self.heap.pop();
            self.heap.push(Smallest(lower));
        }
    }
}

/// The rows of those candidates that may be among the best `count` of all.
pub(super) fn survivors(mut candidates: Vec<Candidate>, count: usize) -> Vec<usize> {
    if candidates.len() > count {
        let mut lowers: Vec<f64> = candidates.iter().map(|candidate| candidate.bounds.lower).collect();
        let (_, threshold, _) = lowers.select_nth_unstable_by(count - 1, |left, right| right.total_cmp(left));
        let threshold = *threshold;
        candidates.retain(|candidate| candidate.bounds.upper >= threshold);
    }
    candidates.into_iter().map(|candidate| candidate.row).collect()
}

pub(super) fn best_first(left: Hit, right: Hit) -> Ordering {
    right.score.total_cmp(&left.score).then(left.row.cmp(&right.row))
}

fn check_shape(vectors: &WordVectors, query: &Query) -> Result<()> {
    let (count, found) = query.vectors.dim();
    let expected = vectors.dimensions();
    if found != expected {
        return Err(VectorsError::DimensionMismatch { what: "the query".into(), expected, found });
    }
    let fits = match query.objective {
        Objective::Cosine => count == 1,
        Objective::Product { positive } => count > 0 && positive <= count,
        Objective::PairDirection => count == 2,
    };
    if fits {
        Ok(())
    } else {
        Err(VectorsError::Request(format!(
            "{:?} cannot be asked with {count} query vectors",
            query.objective
        )))
    }
}

/// `vector` brought to a length near 1 by a power of two: no digit is lost, so the query stays what
/// was asked, and no f32 of the scan can overflow.
fn about_unit(vector: &[f32]) -> Result<Vec<f32>> {
    let length = dot(vector, vector).sqrt();
    if !length.is_finite() {
        return Err(VectorsError::NoDirection {
            reason: "its vector has a number that is not finite".into(),
        });
    }
    if length == 0.0 {
        return Err(VectorsError::NoDirection { reason: "its vector is all zero".into() });
    }
    let scale = (-length.log2().round()).exp2();
    Ok(vector.iter().map(|&value| (f64::from(value) * scale) as f32).collect())
}
