//! The evaluation against a direct f64 computation of every question, under every protocol.

use lexiscope::progress::Progress;
use lexiscope::vectors::evaluate::{
    CaseRule, Exclusion, Objective, Options, Protocol, Question, QuestionSection, QuestionSet, UnknownRule,
    analogies,
};
use lexiscope::vectors::formats::{Flaws, Parts};
use lexiscope::vectors::{Rows, Vocabulary, WordVectors};
use ndarray::Array2;

/// Numbers from a fixed seed.
struct Source(u64);

impl Source {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

/// 700 words, many of them case variants of each other; few dimensions, equal, zero and NaN rows.
fn vectors(dimensions: usize) -> WordVectors {
    let mut source = Source(11);
    let words: Vec<String> = (0..700)
        .map(|row| match row % 5 {
            0 => format!("word{}", row / 7),
            1 => format!("Word{}", row / 7),
            2 => format!("WORD{}", row / 7),
            3 => format!("wOrd{}", row / 7),
            _ => format!("\u{e9}cole{row}"),
        })
        .collect();
    let mut rows =
        Array2::from_shape_simple_fn((700, dimensions), || (source.next() as f32 / 2f32.powi(30)) - 1.0);
    rows.row_mut(13).fill(0.0);
    rows.row_mut(300).fill(f32::NAN);
    let copied = rows.row(20).to_owned();
    rows.row_mut(500).assign(&copied);
    let parts = Parts {
        format: "NumPy".into(),
        vocabulary: Vocabulary::from_words(&words),
        rows: Rows::Owned(rows),
        subwords: None,
        flaws: Flaws::default(),
    };
    WordVectors::from_parts("test", None, parts)
}

/// Questions whose expected answer is likely, so that right and wrong answers both occur.
fn questions(vectors: &WordVectors, protocol: &Options) -> QuestionSet {
    let mut source = Source(5);
    let mut sections = Vec::new();
    for name in ["family", "gram1-odd", "capital"] {
        let mut questions = Vec::new();
        for _ in 0..30 {
            let rows = [0; 3].map(|_| source.below(vectors.len()));
            let words = rows.map(|row| vectors.vocabulary().display(row).into_owned());
            let expected = match resolve_all(vectors, protocol, &words) {
                Some(rows) if source.below(3) > 0 => best_row(vectors, protocol, &words, rows)
                    .map_or("nothing".into(), |row| vectors.vocabulary().display(row).into_owned()),
                _ => format!("word{}", source.below(120)),
            };
            let [a, b, c] = words;
            questions.push(Question { words: [a, b, c, expected] });
        }
        sections.push(QuestionSection { name: name.into(), questions });
    }
    QuestionSet { sections, ..QuestionSet::default() }
}

fn fold(rule: CaseRule, word: &str) -> String {
    match rule {
        CaseRule::LowerQuestion | CaseRule::AsWrittenElseLower => word.to_owned(),
        CaseRule::UpperAscii => word.to_ascii_uppercase(),
        CaseRule::Upper => word.to_uppercase(),
    }
}

fn limit(vectors: &WordVectors, options: &Options) -> usize {
    options.vocabulary.unwrap_or(vectors.len()).min(vectors.len())
}

fn resolve(vectors: &WordVectors, options: &Options, word: &str) -> Option<usize> {
    let find = |wanted: &str, rule: CaseRule| {
        (0..limit(vectors, options)).find(|&row| fold(rule, &vectors.vocabulary().display(row)) == wanted)
    };
    match options.case {
        CaseRule::LowerQuestion => find(&word.to_lowercase(), options.case),
        CaseRule::AsWrittenElseLower => {
            find(word, options.case).or_else(|| find(&word.to_lowercase(), options.case))
        }
        rule => find(&fold(rule, word), rule),
    }
}

fn resolve_all(vectors: &WordVectors, options: &Options, words: &[String; 3]) -> Option<[usize; 3]> {
    let [a, b, c] = words.each_ref().map(|word| resolve(vectors, options, word));
    Some([a?, b?, c?])
}

fn unit(vectors: &WordVectors, row: usize) -> Option<Vec<f64>> {
    let values: Vec<f64> = vectors.rows().to_vec(row).into_iter().map(f64::from).collect();
    let length = values.iter().map(|value| value * value).sum::<f64>().sqrt();
    (length > 0.0).then(|| values.iter().map(|value| value / length).collect())
}

/// What the tool predicts, question by question as it does it.
fn best_row(
    vectors: &WordVectors,
    options: &Options,
    words: &[String; 3],
    rows: [usize; 3],
) -> Option<usize> {
    let asked = rows.map(|row| unit(vectors, row));
    let mut scored: Vec<(usize, f64)> = (0..limit(vectors, options))
        .filter(|row| options.exclusion == Exclusion::Nothing || !rows.contains(row))
        .filter_map(|row| {
            let unit = unit(vectors, row)?;
            let cosine = |asked: &Option<Vec<f64>>| -> f64 {
                asked.as_ref().map_or(0.0, |asked| asked.iter().zip(&unit).map(|(x, y)| x * y).sum())
            };
            let [a, b, c] = asked.each_ref().map(cosine);
            let shifted = |cosine: f64| (1.0 + cosine) / 2.0;
            let score = match options.objective {
                Objective::CosAdd => b - a + c,
                Objective::CosMul => shifted(b) * shifted(c) / (shifted(a) + options.epsilon),
            };
            (score > 0.0 || !options.positive_only).then_some((row, score))
        })
        .collect();
    scored.sort_by(|left, right| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0)));
    if options.exclusion != Exclusion::Spellings {
        return scored.first().map(|hit| hit.0);
    }
    let spelling = |row: usize| fold(options.case, &vectors.vocabulary().display(row));
    let asked: Vec<String> = words.iter().map(|word| fold(options.case, word)).collect();
    scored.truncate(5);
    let free = scored.iter().find(|hit| !asked.contains(&spelling(hit.0)));
    free.or(scored.last()).map(|hit| hit.0)
}

fn expected_counts(
    vectors: &WordVectors,
    questions: &QuestionSet,
    options: &Options,
) -> Vec<(usize, usize, usize)> {
    let count = |section: &QuestionSection| {
        let (mut correct, mut total, mut skipped) = (0, 0, 0);
        for question in &section.questions {
            let [a, b, c, d] = &question.words;
            let words = [a, b, c].map(Clone::clone);
            match (resolve_all(vectors, options, &words), resolve(vectors, options, d)) {
                (Some(rows), Some(expected)) => {
                    let spelling = |row: usize| fold(options.case, &vectors.vocabulary().display(row));
                    let found = best_row(vectors, options, &words, rows);
                    total += 1;
                    correct += usize::from(found.is_some_and(|row| spelling(row) == spelling(expected)));
                }
                _ if options.unknown == UnknownRule::Wrong => total += 1,
                _ => skipped += 1,
            }
        }
        (correct, total, skipped)
    };
    questions.sections.iter().map(count).collect()
}

#[test]
fn every_protocol_counts_as_the_direct_computation() {
    for dimensions in [2, 40] {
        let vectors = vectors(dimensions);
        for protocol in Protocol::ALL {
            for objective in [Objective::CosAdd, Objective::CosMul] {
                for vocabulary in [None, Some(100)] {
                    let options = Options { objective, vocabulary, ..protocol.options() };
                    let questions = questions(&vectors, &options);
                    let expected = expected_counts(&vectors, &questions, &options);
                    for threads in [1, 2, 3] {
                        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                        let found = pool
                            .install(|| analogies(&vectors, &questions, &options, &Progress::unobserved()))
                            .unwrap();
                        let counts: Vec<_> = found
                            .sections
                            .iter()
                            .map(|section| {
                                (section.count.correct, section.count.total, section.count.skipped)
                            })
                            .collect();
                        assert_eq!(
                            counts, expected,
                            "{protocol:?} {objective:?} {vocabulary:?} {dimensions}"
                        );
                        assert_eq!(found.total.correct, found.semantic.correct + found.syntactic.correct);
                        assert_eq!(found.syntactic.total, expected[1].1);
                    }
                }
            }
        }
    }
}

#[test]
fn an_evaluation_can_be_cancelled_and_can_be_empty() {
    let vectors = vectors(3);
    let options = Protocol::Glove.options();
    let cancelled = Progress::unobserved();
    cancelled.cancel();
    assert!(analogies(&vectors, &questions(&vectors, &options), &options, &cancelled).is_err());
    let unknown = QuestionSet {
        sections: vec![QuestionSection {
            name: "none".into(),
            questions: vec![Question { words: ["x", "y", "z", "q"].map(str::to_owned) }],
        }],
        skipped: Vec::new(),
    };
    let found = analogies(&vectors, &unknown, &options, &Progress::unobserved()).unwrap();
    assert_eq!((found.total.total, found.total.skipped, found.total.accuracy()), (0, 1, None));
}
