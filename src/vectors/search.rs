//! The one function that looks at all rows, and what it answers.
//!
//! Every query is a handful of unit vectors whose cosines with a row are combined into a score by
//! an [`Objective`]. Cosines are first computed over all rows, in parallel, from the [`Plane`] that takes
//! the fewest bytes: codes where there are any, else the rows' own f32. The rows that can be among the
//! best within the error of that plane are then scored again in f64 from their own numbers. Answers are
//! sorted by falling score and then by rank, and are the same for any plane and any number of threads.
//!
//! # Why the answer is exact
//!
//! A plane gives every cosine within a known error (see [`planes`](super::planes) and `cosines`), and
//! `bounds` turns that into an interval for the score.
//! Let tau be the k-th largest lower end. At least k rows score tau or more, so a row whose upper
//! end is below tau is not among the best k; all others are scored in f64 from their numbers.
//! Blocks of rows prune by their own tau, which is never above that of all rows, and so the set of
//! rows that is rescored does not depend on who scanned which block.
//! A row whose squared length is zero, not finite, or so small or large that f32 may have lost
//! digits gets the interval of everything: f64 decides whether it is a row at all.

mod bounds;
mod cosines;
mod objective;

pub use self::cosines::Plane;
pub use self::objective::Objective;

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::ops::Range;
use std::time::{Duration, Instant};

use rayon::prelude::*;

use self::bounds::Interval;
use self::cosines::Cosines;
use super::error::{Result, VectorsError};
use super::filter::Filter;
use super::norms::dot;
use super::word_vectors::WordVectors;
use crate::progress::Progress;

/// Rows that one task scans between two looks at the cancel flag.
const BLOCK: usize = 2048;

/// A question to all rows.
#[derive(Debug, Clone)]
pub struct Query {
    /// Unit vectors, one a row of the array.
    pub vectors: ndarray::Array2<f32>,
    /// How their cosines become a score.
    pub objective: Objective,
    /// Rows that must not be answers, usually those of the asked words.
    pub excluded: Vec<usize>,
    /// A further condition on the answers.
    pub filter: Filter,
    /// How many answers.
    pub count: usize,
}

/// One answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// The row, which is also the word's rank.
    pub row: usize,
    /// Its score.
    pub score: f64,
}

/// All answers, with what it took to find them.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// By falling score, then rising row.
    pub hits: Vec<Hit>,
    /// Rows looked at.
    pub scanned: usize,
    /// Rows scored again in f64.
    pub rescored: usize,
    /// What they were looked at in.
    pub plane: &'static str,
    /// Time from question to answer.
    pub elapsed: Duration,
}

/// The best rows for `query`. Rows that are zero or not finite are never answers.
///
/// # Errors
/// A query whose vectors have the wrong length or no direction; [`super::VectorsError::Cancelled`].
pub fn search(vectors: &WordVectors, query: &Query, progress: &Progress) -> Result<Answer> {
    search_over(vectors, Plane::best(vectors), query, progress)
}

/// As [`search`], over a plane of the caller's choice: the answer is the same.
///
/// # Errors
/// As [`search`].
pub fn search_over(
    vectors: &WordVectors,
    plane: Plane<'_>,
    query: &Query,
    progress: &Progress,
) -> Result<Answer> {
    let start = Instant::now();
    let prepared = Prepared::new(vectors, plane, query)?;
    let scanned = query.filter.rows(vectors.len());
    let count = query.count.min(scanned.len());
    if count == 0 {
        return Ok(Answer { elapsed: start.elapsed(), plane: plane.name(), ..Answer::default() });
    }
    progress.start(scanned.len() as u64);
    let candidates: Vec<Vec<Candidate>> = blocks(&scanned)
        .into_par_iter()
        .map(|block| {
            progress.check()?;
            let rows = block.len();
            let found = prepared.scan(block, count);
            progress.advance(rows as u64);
            Ok(found)
        })
        .collect::<Result<_>>()?;
    let survivors = survivors(candidates.into_iter().flatten().collect(), count);
    progress.check()?;
    let rescored = survivors.len();
    let mut hits: Vec<Hit> = survivors
        .into_par_iter()
        .with_min_len(256)
        .filter_map(|row| prepared.exact(row).map(|score| Hit { row, score }))
        .collect();
    hits.sort_unstable_by(|left, right| best_first(*left, *right));
    hits.truncate(count);
    let plane = plane.name();
    Ok(Answer { hits, scanned: scanned.len(), rescored, plane, elapsed: start.elapsed() })
}

/// The best rows for `query`, and those with the excluded rows among them, from one scan.
///
/// # Errors
/// As [`search`].
pub fn search_with_and_without(
    vectors: &WordVectors,
    query: &Query,
    progress: &Progress,
) -> Result<(Answer, Answer)> {
    let count = query.count.saturating_add(query.excluded.len());
    let all = Query { excluded: Vec::new(), count, ..query.clone() };
    let mut with = search(vectors, &all, progress)?;
    let mut without = with.clone();
    without.hits.retain(|hit| !query.excluded.contains(&hit.row));
    without.hits.truncate(query.count);
    with.hits.truncate(query.count);
    Ok((without, with))
}

/// The 1-based place of `row` among all answers to `query` (whose `count` plays no role); `None`
/// when the row cannot be an answer.
///
/// # Errors
/// As [`search`].
pub fn rank(vectors: &WordVectors, query: &Query, row: usize, progress: &Progress) -> Result<Option<usize>> {
    let prepared = Prepared::new(vectors, Plane::best(vectors), query)?;
    let scanned = query.filter.rows(vectors.len());
    if !scanned.contains(&row) || !prepared.eligible(row) {
        return Ok(None);
    }
    let Some(score) = prepared.exact(row) else { return Ok(None) };
    let target = Hit { row, score };
    progress.start(scanned.len() as u64);
    let better: usize = blocks(&scanned)
        .into_par_iter()
        .map(|block| {
            progress.check()?;
            let rows = block.len();
            let better = prepared.count_better(block, target);
            progress.advance(rows as u64);
            Ok(better)
        })
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .sum();
    Ok(Some(better + 1))
}

/// The cosine in f64 between two vectors; `None` when one of them has no direction.
pub fn cosine(left: &[f32], right: &[f32]) -> Option<f64> {
    let cosine = dot(left, right) / (dot(left, left) * dot(right, right)).sqrt();
    cosine.is_finite().then_some(cosine)
}

/// A row that may be among the best.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    row: usize,
    bounds: Interval,
}

/// A query made ready for the scan.
struct Prepared<'a> {
    vectors: &'a WordVectors,
    query: &'a Query,
    /// The query vectors, one after the other, of length about 1.
    flat: Vec<f32>,
    /// Their exact lengths.
    lengths: Vec<f64>,
    /// For PairDirection: the cosine between its two vectors.
    offset_at_c: f64,
    cosines: Cosines<'a>,
    excluded: Vec<usize>,
}

impl<'a> Prepared<'a> {
    fn new(vectors: &'a WordVectors, plane: Plane<'a>, query: &'a Query) -> Result<Self> {
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
        Ok(Self { vectors, query, flat, lengths, offset_at_c, cosines, excluded })
    }

    /// What the score of a row can be whose cosines are known to within `error`.
    fn bounds(&self, cosines: &[f64], error: f64) -> Interval {
        if !error.is_finite() {
            return Interval::UNKNOWN;
        }
        bounds::bounds(&self.query.objective, cosines, error, self.offset_at_c)
    }

    /// The rows of `block` that may be among the best `count`.
    fn scan(&self, block: Range<usize>, count: usize) -> Vec<Candidate> {
        let mut best = LargestLower::new(count);
        let mut candidates = Vec::new();
        let mut threshold = best.threshold();
        self.cosines.for_each(block, |row, cosines, error| {
            if !bounds::can_reach(&self.query.objective, cosines, error, threshold) {
                return;
            }
            let bounds = self.bounds(cosines, error);
            if bounds.upper >= threshold && self.eligible(row) {
                best.push(bounds.lower);
                threshold = best.threshold();
                candidates.push(Candidate { row, bounds });
            }
        });
        candidates.retain(|candidate| candidate.bounds.upper >= threshold);
        candidates
    }

    /// How many rows of `block` come before `target`.
    fn count_better(&self, block: Range<usize>, target: Hit) -> usize {
        let mut better = 0;
        self.cosines.for_each(block, |row, cosines, error| {
            let bounds = self.bounds(cosines, error);
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
    fn eligible(&self, row: usize) -> bool {
        self.excluded.binary_search(&row).is_err()
            && self.query.filter.admits_word(self.vectors.vocabulary().word(row))
    }

    /// The score of `row` in f64; `None` when the row has no direction.
    fn exact(&self, row: usize) -> Option<f64> {
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

/// The `count` largest of the numbers pushed; it knows the smallest of them.
struct LargestLower {
    count: usize,
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
    fn new(count: usize) -> Self {
        Self { count, heap: BinaryHeap::new() }
    }

    /// The `count`-th largest number so far, or minus infinity.
    fn threshold(&self) -> f64 {
        match self.heap.peek() {
            Some(smallest) if self.heap.len() == self.count => smallest.0,
            _ => f64::NEG_INFINITY,
        }
    }

    fn push(&mut self, lower: f64) {
        if self.heap.len() < self.count {
            self.heap.push(Smallest(lower));
        } else if lower > self.threshold() {
            self.heap.pop();
            self.heap.push(Smallest(lower));
        }
    }
}

/// The rows of those candidates that may be among the best `count` of all.
fn survivors(mut candidates: Vec<Candidate>, count: usize) -> Vec<usize> {
    if candidates.len() > count {
        let mut lowers: Vec<f64> = candidates.iter().map(|candidate| candidate.bounds.lower).collect();
        let (_, threshold, _) = lowers.select_nth_unstable_by(count - 1, |left, right| right.total_cmp(left));
        let threshold = *threshold;
        candidates.retain(|candidate| candidate.bounds.upper >= threshold);
    }
    candidates.into_iter().map(|candidate| candidate.row).collect()
}

fn blocks(rows: &Range<usize>) -> Vec<Range<usize>> {
    rows.clone().step_by(BLOCK).map(|start| start..(start + BLOCK).min(rows.end)).collect()
}

fn best_first(left: Hit, right: Hit) -> Ordering {
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
