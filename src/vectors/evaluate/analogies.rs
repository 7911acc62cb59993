//! Asking all analogy questions at once, and counting right answers as a protocol does.

use super::protocol::{Exclusion, Options, UnknownRule};
use super::questions::{Question, QuestionSet};
use super::scoring::{Asked, Scorer};
use super::spelling::Spelling;
use crate::progress::Progress;
use crate::vectors::error::Result;
use crate::vectors::word_vectors::WordVectors;

/// How many answers gensim asks for before it drops those spelled as a word asked.
const GENSIM_ANSWERS: usize = 5;

/// Right answers among questions asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Answered as expected.
    pub correct: usize,
    /// Questions that count.
    pub total: usize,
    /// Questions left out because a word is unknown.
    pub skipped: usize,
}

impl Count {
    /// The share of right answers, or `None` when nothing was asked.
    pub fn accuracy(&self) -> Option<f64> {
        (self.total > 0).then(|| self.correct as f64 / self.total as f64)
    }
}

/// The count of one section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its name.
    pub name: String,
    /// Whether it asks for grammar.
    pub syntactic: bool,
    /// Its count.
    pub count: Count,
}

/// The result of an analogy evaluation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evaluation {
    /// By section, in the order of the file.
    pub sections: Vec<Section>,
    /// Sections that are not syntactic.
    pub semantic: Count,
    /// Sections named `gram...`.
    pub syntactic: Count,
    /// All.
    pub total: Count,
}

/// Asks all questions.
///
/// # Errors
/// Cancelled.
pub fn analogies(
    vectors: &WordVectors,
    questions: &QuestionSet,
    options: &Options,
    progress: &Progress,
) -> Result<Evaluation> {
    let limit = options.vocabulary.unwrap_or(usize::MAX).min(vectors.len());
    let spelling = Spelling::new(vectors, options.case, limit, questions);
    let mut counts = vec![Count::default(); questions.sections.len()];
    let mut asked = Vec::new();
    let mut expected = Vec::new();
    for (section, question) in in_sections(questions) {
        let [a, b, c, d] = question.words.each_ref().map(|word| spelling.row(word));
        match (a, b, c, d, options.unknown) {
            (Some(a), Some(b), Some(c), Some(d), _) => {
                asked.push(Asked {
                    rows: [a, b, c],
                    excluded: excluded(&spelling, question, [a, b, c], options),
                });
                expected.push((section, d));
            }
            (.., UnknownRule::Skip) => counts[section].skipped += 1,
            (.., UnknownRule::Wrong) => counts[section].total += 1,
        }
    }
    let scorer = Scorer::new(vectors, limit, options);
    let answers = scorer.best_rows(&asked, progress)?;
    for ((question, (section, expected)), answer) in asked.iter().zip(expected).zip(answers) {
        let answer = answer.filter(|&(_, score)| score > 0.0 || !options.positive_only);
        let row = match options.exclusion {
            Exclusion::Spellings => crowded_out(&scorer, question, answer).or(answer.map(|(row, _)| row)),
            Exclusion::Rows | Exclusion::Nothing => answer.map(|(row, _)| row),
        };
        counts[section].total += 1;
        counts[section].correct += usize::from(row.is_some_and(|row| spelling.same(row, expected)));
    }
    Ok(summed(questions, &counts))
}

fn in_sections(questions: &QuestionSet) -> impl Iterator<Item = (usize, &Question)> {
    let sections = questions.sections.iter().enumerate();
    sections.flat_map(|(index, section)| section.questions.iter().map(move |question| (index, question)))
}

/// The rows that may not answer, rising.
fn excluded(spelling: &Spelling, question: &Question, rows: [usize; 3], options: &Options) -> Vec<usize> {
    let mut excluded = match options.exclusion {
        Exclusion::Nothing => Vec::new(),
        Exclusion::Rows => rows.to_vec(),
        Exclusion::Spellings => {
            let asked = question.words.iter().take(3);
            asked.flat_map(|word| spelling.variants(word)).copied().chain(rows).collect()
        }
    };
    excluded.sort_unstable();
    excluded.dedup();
    excluded
}

/// gensim looks at five answers only. Where all five are spelled as words asked, the last of them is
/// its prediction.
fn crowded_out(scorer: &Scorer, question: &Asked, answer: Option<(usize, f64)>) -> Option<usize> {
    let variants = question.excluded.iter().filter(|row| !question.rows.contains(row));
    if variants.clone().count() < GENSIM_ANSWERS {
        return None;
    }
    let mut better: Vec<(usize, f64)> = variants
        .filter_map(|&row| Some((row, scorer.exact(question, row)?)))
        .filter(|&(row, score)| {
            answer.is_none_or(|(other, best)| score > best || (score == best && row < other))
        })
        .collect();
    better.sort_by(|left, right| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0)));
    better.get(GENSIM_ANSWERS - 1).map(|&(row, _)| row)
}

fn summed(questions: &QuestionSet, counts: &[Count]) -> Evaluation {
    let mut evaluation = Evaluation::default();
    for (section, &count) in questions.sections.iter().zip(counts) {
        let syntactic = section.is_syntactic();
        let kind = if syntactic { &mut evaluation.syntactic } else { &mut evaluation.semantic };
        for sum in [kind, &mut evaluation.total] {
            sum.correct += count.correct;
            sum.total += count.total;
            sum.skipped += count.skipped;
        }
        evaluation.sections.push(Section { name: section.name.clone(), syntactic, count });
    }
    evaluation
}
