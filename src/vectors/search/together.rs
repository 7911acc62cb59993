//! Many questions at once: the cosines of a tile of rows with all of them are one product of matrices, so
//! the rows are read once and not once a question.
//!
//! The answers are those of [`search`](super::search()), and for the same reason: what a product gives is
//! known to [`relative_error`](crate::vectors::kernels::relative_error), and the rows that it leaves are
//! scored in f64.

use std::ops::Range;
use std::time::Instant;

use ndarray::{Array2, ArrayView2, Axis, s};
use rayon::prelude::*;

use super::bounds;
use super::cosines::{Plane, ROUNDED, TOGETHER, float_error};
use super::objective::Objective;
use super::prepared::{Candidate, LargestLower, Prepared, survivors};
use super::query::{Answer, Query};
use crate::matmul;
use crate::progress::Progress;
use crate::vectors::error::Result;
use crate::vectors::kernels::Kernel;
use crate::vectors::norms::TRUSTED_SQUARES;
use crate::vectors::word_vectors::WordVectors;

/// Rows of a tile: with 300 components 0.3 MB, which stay in the second-level cache.
const TILE: usize = 256;

/// Query vectors that one scan of the rows takes along.
const VECTORS: usize = 240;

/// As [`search`](super::search()) for each of `queries`, in their order. Progress counts rows, once a scan.
///
/// # Errors
/// As [`search`](super::search()): one question that cannot be asked refuses all.
pub fn search_together(vectors: &WordVectors, queries: &[Query], progress: &Progress) -> Result<Vec<Answer>> {
    let prepared: Vec<Prepared<'_>> =
        queries.iter().map(|query| Prepared::new(vectors, Plane::Floats, query)).collect::<Result<_>>()?;
    let groups = groups_of(&prepared);
    let rows = |group: &Range<usize>| {
        let ends = queries[group.clone()].iter().map(|query| query.filter.rows(vectors.len()).end);
        ends.max().unwrap_or(0)
    };
    progress.start(groups.iter().map(|group| rows(group) as u64).sum());
    let mut answers = Vec::with_capacity(queries.len());
    for group in groups {
        let end = rows(&group);
        answers.extend(Group::new(vectors, &prepared[group]).answers(end, progress)?);
    }
    Ok(answers)
}

/// Neighbouring questions, cut where their vectors become more than one scan takes.
fn groups_of(prepared: &[Prepared<'_>]) -> Vec<Range<usize>> {
    let mut groups = Vec::new();
    let (mut first, mut vectors) = (0, 0);
    for (index, question) in prepared.iter().enumerate() {
        let more = question.lengths.len();
        if vectors + more > VECTORS && index > first {
            groups.push(first..index);
            (first, vectors) = (index, 0);
        }
        vectors += more;
    }
    if first < prepared.len() {
        groups.push(first..prepared.len());
    }
    groups
}

/// Whether one of the products times its row's inverse length is `least` or more.
fn any_reaches(products: &[f32], inverse_lengths: &[f32], least: f32) -> bool {
    let mut reaches = false;
    for (&product, &inverse_length) in products.iter().zip(inverse_lengths) {
        reaches |= product * inverse_length >= least;
    }
    reaches
}

/// Questions that one scan answers.
struct Group<'a> {
    vectors: &'a WordVectors,
    questions: &'a [Prepared<'a>],
    /// The vectors of all questions, one a row.
    flat: Array2<f32>,
    /// How far a cosine is off at most.
    error: f64,
    kernel: Kernel,
}

/// Some rows, and what they have to do with every query vector.
struct Tile {
    /// `[rows, dimensions]`.
    numbers: Array2<f32>,
    /// 1 / length; `None` where f32 may have lost digits.
    inverse_lengths: Vec<Option<f64>>,
    /// The same in f32, where there is one for every row, else empty.
    inverse_lengths_f32: Vec<f32>,
    /// `[query vectors, rows]`.
    products: Array2<f32>,
}

/// What is known so far of one question's answers.
struct Found {
    best: LargestLower,
    candidates: Vec<Candidate>,
}

impl<'a> Group<'a> {
    fn new(vectors: &'a WordVectors, questions: &'a [Prepared<'a>]) -> Self {
        let dimensions = vectors.dimensions();
        let flat: Vec<f32> = questions.iter().flat_map(|question| question.flat.iter().copied()).collect();
        let count = questions.iter().map(|question| question.lengths.len()).sum();
        Self {
            vectors,
            questions,
            flat: Array2::from_shape_vec((count, dimensions), flat).expect("vectors of the rows' length"),
            error: float_error(dimensions),
            kernel: Kernel::detect(),
        }
    }

    fn answers(&self, end: usize, progress: &Progress) -> Result<Vec<Answer>> {
        let start = Instant::now();
        // Every part begins without knowing what is near, so parts are few.
        let part = end.div_ceil(4 * rayon::current_num_threads()).next_multiple_of(TILE).max(TILE);
        let parts: Vec<Range<usize>> =
            (0..end).step_by(part).map(|first| first..(first + part).min(end)).collect();
        let found: Vec<Vec<Vec<Candidate>>> =
            parts.into_par_iter().map(|part| self.scan(part, progress)).collect::<Result<_>>()?;
        progress.check()?;
        let answers = self.questions.par_iter().enumerate().map(|(index, question)| {
            let candidates = found.iter().flat_map(|part| part[index].iter().copied()).collect();
            self.decide(question, candidates, start)
        });
        Ok(answers.collect())
    }

    fn scan(&self, part: Range<usize>, progress: &Progress) -> Result<Vec<Vec<Candidate>>> {
        let size = self.vectors.len();
        let counts = self
            .questions
            .iter()
            .map(|question| question.query.count.min(question.query.filter.rows(size).len()));
        let mut found: Vec<Found> =
            counts.map(|count| Found { best: LargestLower::new(count), candidates: Vec::new() }).collect();
        let mut tile = Tile {
            numbers: Array2::zeros((TILE, self.vectors.dimensions())),
            inverse_lengths: Vec::with_capacity(TILE),
            inverse_lengths_f32: Vec::with_capacity(TILE),
            products: Array2::zeros((self.flat.nrows(), TILE)),
        };
        for first in part.clone().step_by(TILE) {
            progress.check()?;
            let rows = first..(first + TILE).min(part.end);
            self.fill(&mut tile, rows.clone());
            let mut vector = 0;
            for (question, found) in self.questions.iter().zip(&mut found) {
                let vectors = vector..vector + question.lengths.len();
                let products = tile.products.slice(s![vectors.clone(), ..rows.len()]);
                self.look(question, products, &tile, rows.clone(), found);
                vector = vectors.end;
            }
            progress.advance(rows.len() as u64);
        }
        Ok(found.into_iter().map(Found::into_candidates).collect())
    }

    fn fill(&self, tile: &mut Tile, rows: Range<usize>) {
        tile.inverse_lengths.clear();
        for (mut numbers, row) in tile.numbers.rows_mut().into_iter().zip(rows.clone()) {
            let numbers = numbers.as_slice_mut().expect("rows of a tile are contiguous");
            self.vectors.rows().copy_row(row, numbers);
            let squared = self.kernel.dots(bytemuck::cast_slice(numbers), &[], &mut []);
            let trusted = TRUSTED_SQUARES.contains(&squared);
            tile.inverse_lengths.push(trusted.then(|| 1.0 / f64::from(squared).sqrt()));
        }
        tile.inverse_lengths_f32.clear();
        tile.inverse_lengths_f32
            .extend(tile.inverse_lengths.iter().map_while(|length| length.map(|length| length as f32)));
        if tile.inverse_lengths_f32.len() < rows.len() {
            tile.inverse_lengths_f32.clear();
        }
        let numbers = tile.numbers.slice(s![..rows.len(), ..]);
        let products = tile.products.slice_mut(s![.., ..rows.len()]);
        matmul::multiply_transposed_here(self.flat.view(), numbers, products);
    }

    /// Adds the rows of a tile that may be among the best answers of one question.
    fn look(
        &self,
        question: &Prepared<'_>,
        products: ArrayView2<'_, f32>,
        tile: &Tile,
        rows: Range<usize>,
        found: &mut Found,
    ) {
        if found.best.count == 0 {
            return;
        }
        let line = products.row(0).to_slice().filter(|_| question.query.objective == Objective::Cosine);
        let Some(line) = line.filter(|_| !tile.inverse_lengths_f32.is_empty()) else {
            return self.look_closely(question, products, &tile.inverse_lengths, rows, found);
        };
        let groups = line.chunks(TOGETHER).zip(tile.inverse_lengths_f32.chunks(TOGETHER));
        for (index, (of_group, inverse_lengths)) in groups.enumerate() {
            let least = (found.best.threshold() - self.error - ROUNDED) * question.lengths[0];
            if any_reaches(of_group, inverse_lengths, least as f32) {
                let group = index * TOGETHER..index * TOGETHER + of_group.len();
                let products = products.slice(s![.., group.clone()]);
                let rows = rows.start + group.start..rows.start + group.end;
                self.look_closely(question, products, &tile.inverse_lengths[group], rows, found);
            }
        }
    }

    /// As [`Group::look`], at every row.
    fn look_closely(
        &self,
        question: &Prepared<'_>,
        products: ArrayView2<'_, f32>,
        inverse_lengths: &[Option<f64>],
        rows: Range<usize>,
        found: &mut Found,
    ) {
        let asked = question.query.filter.rows(self.vectors.len());
        let mut cosines = vec![0.0f64; question.lengths.len()];
        let mut threshold = found.best.threshold();
        for ((row, products), inverse_length) in rows.zip(products.axis_iter(Axis(1))).zip(inverse_lengths) {
            let mut error = f64::INFINITY;
            if let Some(inverse_length) = inverse_length {
                error = self.error;
                for ((cosine, &product), length) in cosines.iter_mut().zip(products).zip(&question.lengths) {
                    *cosine = f64::from(product) * inverse_length / length;
                }
            }
            if !bounds::can_reach(&question.query.objective, &cosines, error, threshold) {
                continue;
            }
            let bounds = question.bounds(&cosines, error);
            if bounds.upper >= threshold && asked.contains(&row) && question.eligible(row) {
                found.best.push(bounds.lower);
                threshold = found.best.threshold();
                found.candidates.push(Candidate { row, bounds });
            }
        }
    }

    fn decide(&self, question: &Prepared<'_>, candidates: Vec<Candidate>, start: Instant) -> Answer {
        let scanned = question.query.filter.rows(self.vectors.len()).len();
        let count = question.query.count.min(scanned);
        let plane = Plane::Floats.name();
        if count == 0 {
            return Answer { plane, elapsed: start.elapsed(), ..Answer::default() };
        }
        let rows = survivors(candidates, count);
        let rescored = rows.len();
        let hits = question.best_of(rows, count);
        Answer { hits, scanned, rescored, plane, elapsed: start.elapsed() }
    }
}

impl Found {
    fn into_candidates(mut self) -> Vec<Candidate> {
        let threshold = self.best.threshold();
        self.candidates.retain(|candidate| candidate.bounds.upper >= threshold);
        self.candidates
    }
}
