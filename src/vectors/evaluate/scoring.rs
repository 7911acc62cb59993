//! The best row for each of many questions, by one product of matrices.
//!
//! Thousands of questions use few distinct words. Their cosines with a tile of rows are one matrix
//! product, and a question is then two additions (3CosAdd) or two multiplications (3CosMul) a row:
//! the largest of a tile is found by [`Kernel`], and only tiles that can hold a better answer than
//! the best so far are looked at row by row. Cosines in f32 have a bounded error, so a question ends
//! with the few rows that may be the best, and f64 decides between them: the counts do not depend
//! on the machine or the number of threads.

use std::collections::HashMap;
use std::ops::Range;

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

use super::protocol::{Objective, Options};
use crate::matmul;
use crate::progress::Progress;
use crate::vectors::error::Result;
use crate::vectors::kernels::{self, Kernel};
use crate::vectors::norms::dot;
use crate::vectors::search;
use crate::vectors::word_vectors::WordVectors;

/// Rows of a tile: with the 905 words of the Google set 0.9 MB of cosines, which stay in the
/// second-level cache.
const TILE: usize = 256;

/// Rows that are kept as possible answers before those that fell behind are dropped.
const CROWD: usize = 32;

/// A question to be answered.
pub(super) struct Asked {
    /// The rows of a, b and c.
    pub rows: [usize; 3],
    /// Rows that may not answer, rising.
    pub excluded: Vec<usize>,
}

/// Finds the best rows for many questions.
pub(super) struct Scorer<'a> {
    vectors: &'a WordVectors,
    limit: usize,
    objective: Objective,
    epsilon: f64,
    /// Bound on the error of a cosine in a tile.
    error: f64,
    kernel: Kernel,
}

/// What is known of a question's answer.
#[derive(Clone)]
struct Best {
    /// The best score is at least this.
    lower: f64,
    /// Upper bounds of the scores of rows that may be the best.
    near: Vec<(f64, usize)>,
}

impl Best {
    fn nothing() -> Self {
        Self { lower: f64::NEG_INFINITY, near: Vec::new() }
    }

    fn push(&mut self, lower: f64, upper: f64, row: usize) {
        self.lower = self.lower.max(lower);
        self.near.push((upper, row));
        if self.near.len() >= CROWD && self.near.len().is_multiple_of(CROWD) {
            self.drop_beaten();
        }
    }

    fn drop_beaten(&mut self) {
        let lower = self.lower;
        self.near.retain(|&(upper, _)| upper >= lower);
    }

    fn merge(&mut self, other: Self) {
        self.lower = self.lower.max(other.lower);
        self.near.extend(other.near);
        self.drop_beaten();
    }
}

/// The numbers of one tile, for the words of the questions (down) and its rows (across).
struct Tile {
    /// 3CosAdd: cosines. 3CosMul: upper bounds of (1 + cos) / 2.
    wanted: Array2<f32>,
    /// 3CosMul: upper bounds of 1 / ((1 + cos) / 2 + epsilon).
    unwanted: Array2<f32>,
    /// Unit rows.
    rows: Array2<f32>,
    /// Whether each row has a direction.
    alive: Vec<bool>,
}

impl<'a> Scorer<'a> {
    pub(super) fn new(vectors: &'a WordVectors, limit: usize, options: &Options) -> Self {
        Self {
            vectors,
            limit,
            objective: options.objective,
            epsilon: options.epsilon,
            // The product's rounding, and that of the two unit vectors.
            error: kernels::relative_error(vectors.dimensions() + 8),
            kernel: Kernel::detect(),
        }
    }

    /// For each question its best row with the score in f64; `None` where no row can answer.
    pub(super) fn best_rows(
        &self,
        asked: &[Asked],
        progress: &Progress,
    ) -> Result<Vec<Option<(usize, f64)>>> {
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let (words, places) = self.distinct_words(asked);
        progress.start(self.limit as u64);
        // The first tile of a part is looked at row by row, so parts are few.
        let part = self.limit.div_ceil(4 * rayon::current_num_threads()).next_multiple_of(TILE);
        let parts: Vec<Range<usize>> =
            (0..self.limit).step_by(part).map(|start| start..(start + part).min(self.limit)).collect();
        let best: Vec<Best> = parts
            .into_par_iter()
            .map(|part| self.scan(part, &words, asked, &places, progress))
            .try_reduce_with(|left, right| {
                let mut merged = left;
                merged.iter_mut().zip(right).for_each(|(left, right)| left.merge(right));
                Ok(merged)
            })
            .unwrap_or_else(|| Ok(vec![Best::nothing(); asked.len()]))?;
        Ok(asked.par_iter().zip(best).map(|(question, best)| self.decide(question, &best)).collect())
    }

    /// The unit vectors of all words asked, and for each question where those of a, b, c are.
    fn distinct_words(&self, asked: &[Asked]) -> (Array2<f32>, Vec<[usize; 3]>) {
        let mut order = Vec::new();
        let mut place_of = HashMap::new();
        let mut place = |row: usize| {
            *place_of.entry(row).or_insert_with(|| {
                order.push(row);
                order.len() - 1
            })
        };
        let places = asked.iter().map(|question| question.rows.map(&mut place)).collect();
        let mut words = Array2::zeros((order.len(), self.vectors.dimensions()));
        for (mut unit, row) in words.rows_mut().into_iter().zip(order) {
            if let Some(unit) = unit.as_slice_mut() {
                self.unit_row(row, unit);
            }
        }
        (words, places)
    }

    /// Writes the unit vector of `row`; zeros and `false` where it has no direction.
    fn unit_row(&self, row: usize, unit: &mut [f32]) -> bool {
        self.vectors.rows().copy_row(row, unit);
        let length = dot(unit, unit).sqrt();
        let alive = length > 0.0 && length.is_finite();
        unit.iter_mut()
            .for_each(|value| *value = if alive { (f64::from(*value) / length) as f32 } else { 0.0 });
        alive
    }

    fn scan(
        &self,
        part: Range<usize>,
        words: &Array2<f32>,
        asked: &[Asked],
        places: &[[usize; 3]],
        progress: &Progress,
    ) -> Result<Vec<Best>> {
        let mut tile = Tile {
            wanted: Array2::zeros((words.nrows(), TILE)),
            unwanted: Array2::zeros((
                if self.objective == Objective::CosMul { words.nrows() } else { 0 },
                TILE,
            )),
            rows: Array2::zeros((TILE, words.ncols())),
            alive: vec![false; TILE],
        };
        let mut best = vec![Best::nothing(); asked.len()];
        for start in part.clone().step_by(TILE) {
            progress.check()?;
            let rows = start..(start + TILE).min(part.end);
            self.fill(&mut tile, rows.clone(), words.view());
            for ((question, places), best) in asked.iter().zip(places).zip(&mut best) {
                if f64::from(self.largest(&tile, *places)) + self.slack() >= best.lower {
                    self.walk(&tile, rows.clone(), question, *places, best);
                }
            }
            progress.advance(rows.len() as u64);
        }
        best.iter_mut().for_each(Best::drop_beaten);
        Ok(best)
    }

    fn fill(&self, tile: &mut Tile, rows: Range<usize>, words: ArrayView2<f32>) {
        tile.alive.fill(false);
        for ((mut unit, alive), row) in tile.rows.rows_mut().into_iter().zip(&mut tile.alive).zip(rows) {
            if let Some(unit) = unit.as_slice_mut() {
                *alive = self.unit_row(row, unit);
            }
        }
        matmul::multiply_transposed_here(words, tile.rows.view(), tile.wanted.view_mut());
        if self.objective == Objective::CosMul {
            // Half the error of a cosine, and the rounding of the few operations here.
            let (half_error, epsilon) = ((self.error / 2.0) as f32 * 1.01 + 2e-7, self.epsilon as f32);
            for (wanted, unwanted) in tile.wanted.iter_mut().zip(&mut tile.unwanted) {
                let shifted = (1.0 + *wanted) / 2.0;
                *unwanted = 1.0 / ((shifted - half_error).max(0.0) + epsilon);
                *wanted = (shifted + half_error).max(0.0);
            }
        }
    }

    /// What the rounding of scores in f32 can hide from [`Scorer::largest`], cosines' errors apart.
    fn slack(&self) -> f64 {
        match self.objective {
            Objective::CosAdd => 3.0 * self.error + 2e-6,
            Objective::CosMul => 0.0,
        }
    }

    /// The largest number in the tile for a question: of scores, or of upper bounds (3CosMul).
    fn largest(&self, tile: &Tile, [a, b, c]: [usize; 3]) -> f32 {
        let wanted = |word: usize| row_of(&tile.wanted, word);
        match self.objective {
            Objective::CosAdd => self.kernel.largest_sum(wanted(b), wanted(a), wanted(c)),
            Objective::CosMul => {
                // Four roundings in f32.
                self.kernel.largest_product(wanted(b), wanted(c), row_of(&tile.unwanted, a)) * (1.0 + 1e-6)
            }
        }
    }

    /// Looks at the rows of a tile one by one.
    fn walk(
        &self,
        tile: &Tile,
        rows: Range<usize>,
        question: &Asked,
        [a, b, c]: [usize; 3],
        best: &mut Best,
    ) {
        for (column, row) in rows.enumerate() {
            let number = |matrix: &Array2<f32>, word: usize| f64::from(matrix[(word, column)]);
            let (b, c) = (number(&tile.wanted, b), number(&tile.wanted, c));
            let (lower, upper) = match self.objective {
                Objective::CosAdd => {
                    let sum = b - number(&tile.wanted, a) + c;
                    (sum - self.slack(), sum + self.slack())
                }
                Objective::CosMul => {
                    let a = number(&tile.unwanted, a);
                    // Back from the upper bounds to the lower ones: twice half the error, and rounding.
                    let step = 1.1 * self.error + 1e-6;
                    let lower = (b - step).max(0.0) * (c - step).max(0.0) / (1.0 / a + step);
                    (lower * (1.0 - 2e-6), b * c * a * (1.0 + 2e-6))
                }
            };
            if upper >= best.lower && tile.alive[column] && question.excluded.binary_search(&row).is_err() {
                best.push(lower, upper, row);
            }
        }
    }

    fn decide(&self, question: &Asked, best: &Best) -> Option<(usize, f64)> {
        let scored = best.near.iter().filter_map(|&(_, row)| Some((row, self.exact(question, row)?)));
        scored.min_by(|left, right| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0)))
    }

    /// The score of `row` in f64; `None` where it has no direction. A word asked that has none has
    /// the cosine 0 with everything.
    pub(super) fn exact(&self, question: &Asked, row: usize) -> Option<f64> {
        let rows = self.vectors.rows();
        let values = rows.to_vec(row);
        let length = dot(&values, &values);
        if !(length > 0.0 && length.is_finite()) {
            return None;
        }
        let [a, b, c] =
            question.rows.map(|asked| search::cosine(&rows.to_vec(asked), &values).unwrap_or(0.0));
        let shifted = |cosine: f64| (1.0 + cosine).max(0.0) / 2.0;
        Some(match self.objective {
            Objective::CosAdd => b - a + c,
            Objective::CosMul => shifted(b) * shifted(c) / (shifted(a) + self.epsilon),
        })
    }
}

/// A row of a matrix in standard layout.
fn row_of(matrix: &Array2<f32>, row: usize) -> &[f32] {
    let columns = matrix.ncols();
    matrix.as_slice().map_or(&[], |numbers| &numbers[row * columns..(row + 1) * columns])
}
