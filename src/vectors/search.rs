//! The one function that looks at all rows, and what it answers.
//!
//! Every query is a handful of unit vectors whose cosines with a row are combined into a score by
//! an [`Objective`]. Cosines are first computed over all rows, in parallel, from the [`Plane`] that tells
//! soonest: codes where there are any, else the rows' own f32. The rows that can be among the
//! best within the error of that plane are then scored again in f64 from their own numbers. Answers are
//! sorted by falling score and then by rank, and are the same for any plane and any number of threads.
//!
//! # Why the answer is exact
//!
//! A plane gives every cosine within a known error (see [`planes`](super::planes) and `cosines`), and
//! `bounds` turns that into an interval for the score.
//! Let tau be the k-th largest lower end. At least k rows score tau or more, so a row whose upper
//! end is below tau is not among the best k; all others are scored in f64 from their numbers.
//! Blocks of rows prune by the highest tau that any of them has found so far, which is never above that of
//! all rows, and so the set of rows that is rescored does not depend on who scanned which block.
//! With two planes a row's upper end is the lower of the two.
//! A row whose squared length is zero, not finite, or so small or large that f32 may have lost
//! digits gets the interval of everything: f64 decides whether it is a row at all.

mod bounds;
mod cosines;
mod objective;
mod prepared;
mod query;
mod together;

pub use self::cosines::Plane;
pub use self::objective::Objective;
pub use self::prepared::cosine;
pub use self::query::{Answer, Hit, Query};
pub use self::together::search_together;

use std::ops::Range;
use std::time::Instant;

use rayon::prelude::*;

use self::prepared::{Candidate, Prepared, survivors};
use super::error::Result;
use super::word_vectors::WordVectors;
use crate::progress::Progress;

/// Rows that one task scans between two looks at the cancel flag.
const BLOCK: usize = 2048;

/// The best rows for `query`. Rows that are zero or not finite are never answers.
///
/// # Errors
/// A query whose vectors have the wrong length or no direction; [`super::VectorsError::Cancelled`].
pub fn search(vectors: &WordVectors, query: &Query, progress: &Progress) -> Result<Answer> {
    search_over(vectors, Plane::best(vectors, &query.objective), query, progress)
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
    let hits = prepared.best_of(survivors, count);
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
    let prepared = Prepared::new(vectors, Plane::best(vectors, &query.objective), query)?;
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

fn blocks(rows: &Range<usize>) -> Vec<Range<usize>> {
    rows.clone().step_by(BLOCK).map(|start| start..(start + BLOCK).min(rows.end)).collect()
}
