//! Fixed states of the application: no clock, no search, every number written down here.

use std::sync::Arc;
use std::time::Duration;

use lexiscope::app::{App, Opened};
use lexiscope::screens::{analogy, words};
use lexiscope::vectors::explain::{
    AnalogyAnswer, Certificate, ComparedDimension, Comparison, Explanation, MapPoint, Neighbour,
    NeighbourAnswer, NeighbourMap, NgramShare, Origin, Parallelogram, SubwordReport, Suggestion,
    SuggestionKind, Suggestions, TermShare, VectorStrip,
};
use lexiscope::vectors::formats::{Flaws, Parts};
use lexiscope::vectors::{Rows, Vocabulary, WordVectors};
use lexiscope::widgets::line::Line;
use ndarray::Array2;

use crate::look::{self, Look, show};

/// Neighbours of "king" in GloVe 6B 100d, with places on a map that were made up.
const NEIGHBOURS: [(&str, usize, f64, f64, f64); 14] = [
    ("prince", 1213, 0.768, 0.9, 0.1),
    ("queen", 1012, 0.751, 1.1, 0.5),
    ("son", 630, 0.703, 0.2, 1.4),
    ("brother", 1089, 0.699, 0.35, 1.5),
    ("monarch", 6513, 0.698, 0.6, -1.0),
    ("throne", 4857, 0.692, -0.2, -1.1),
    ("kingdom", 1338, 0.681, -1.3, -0.6),
    ("father", 629, 0.680, 0.3, 1.3),
    ("emperor", 4158, 0.671, -0.7, -1.3),
    ("ii", 1055, 0.668, -1.5, 0.2),
    ("grandson", 9110, 0.654, 0.5, 1.6),
    ("crown", 3124, 0.650, -0.4, -0.4),
    ("reign", 5601, 0.644, -0.5, -1.2),
    ("daughter", 1230, 0.641, 0.8, 1.7),
];

/// Vectors that can be named but need not be asked: what is drawn comes from the answers.
pub fn vectors(words: &[&str]) -> Opened<WordVectors> {
    let vocabulary = Vocabulary::from_words(words);
    let rows = Rows::Owned(Array2::from_shape_fn((words.len(), 4), |(row, column)| (row + column) as f32));
    let parts =
        Parts { format: "GloVe text".into(), vocabulary, rows, subwords: None, flaws: Flaws::default() };
    Opened::Open(Arc::new(WordVectors::from_parts("glove-6b-100d", None, parts)))
}

/// A vector of 100 values between -1.5 and 1.5 without any randomness.
fn strip() -> VectorStrip {
    let values: Vec<f32> =
        (0..100).map(|index| 1.5 * (index as f32 * 0.7).sin() * (index as f32 * 0.13).cos()).collect();
    VectorStrip { values, norm: 5.91, extremes: vec![(17, 1.41), (64, -1.32), (3, 0.9)] }
}

fn certificate() -> Certificate {
    Certificate { scanned: 30_000, rescored: 14, plane: "int8", elapsed: Duration::from_micros(1234) }
}

pub fn neighbour_answer(query: &str, words: &[&str]) -> NeighbourAnswer {
    let named = |index: usize| words.get(index).copied().unwrap_or(NEIGHBOURS[index].0).to_owned();
    let neighbours: Vec<Neighbour> = NEIGHBOURS
        .iter()
        .enumerate()
        .map(|(index, (_, row, score, ..))| Neighbour { row: *row, word: named(index), score: *score })
        .collect();
    let mut points = vec![MapPoint { word: query.to_owned(), row: Some(691), x: 0.0, y: 0.0 }];
    points.extend(NEIGHBOURS.iter().enumerate().map(|(index, (_, row, _, x, y))| MapPoint {
        word: named(index),
        row: Some(*row),
        x: *x,
        y: *y,
    }));
    NeighbourAnswer {
        query: query.to_owned(),
        origin: Origin::Row(691),
        neighbours,
        strip: strip(),
        map: Some(NeighbourMap { points, explained: 0.41 }),
        certificate: certificate(),
    }
}

/// "king" is asked, "brother" is selected.
pub fn words() -> App {
    let mut app = look::app();
    app.frame.vectors = vectors(&["the", "king", "queen"]);
    app.words_mut().chosen.input = Line::new("king");
    app.words_mut().suggestions = suggestions();
    app.words_mut().answer = Some(neighbour_answer("king", &[]));
    app.words_mut().chosen.selected = 3;
    app.words_mut().chosen.focus = words::Focus::List;
    app.words_mut().chosen.history = vec!["prince".into(), "king".into()];
    app.words_mut().chosen.history_position = 1;
    app
}

fn suggestions() -> Suggestions {
    let item = |row, word: &str, kind| Suggestion { row, word: word.into(), kind };
    Suggestions {
        typed: "king".into(),
        range: 0..4,
        items: vec![
            item(691, "king", SuggestionKind::Exact),
            item(2713, "kings", SuggestionKind::Prefix),
            item(1338, "kingdom", SuggestionKind::Prefix),
            item(6011, "kingston", SuggestionKind::Prefix),
            item(9412, "kin", SuggestionKind::Typo),
        ],
        total: 32,
    }
}

pub fn comparison() -> Comparison {
    let dimensions = (0..100)
        .map(|index| {
            let (left, right) = ((index as f32 * 0.7).sin() * 0.2, (index as f32 * 0.7 + 0.5).sin() * 0.2);
            ComparedDimension { dimension: index, left, right, share: f64::from(left * right) }
        })
        .collect();
    Comparison { left: "king".into(), right: "brother".into(), similarity: 0.6993, dimensions }
}

pub fn subwords() -> SubwordReport {
    let ngrams = ["<ki", "kin", "ing", "ng>", "<kin", "king", "ing>"]
        .into_iter()
        .enumerate()
        .map(|(index, ngram)| NgramShare {
            ngram: ngram.into(),
            bucket: (index != 3).then_some(index as u64 * 191_919),
            collisions: if index == 5 { vec!["ing>".into()] } else { Vec::new() },
            share: 0.2 - index as f64 * 0.05,
        })
        .collect();
    SubwordReport { word: "king".into(), in_vocabulary: true, ngrams }
}

/// man : king :: woman : ?
pub fn analogy() -> App {
    let mut app = words();
    show(&mut app, "analogy");
    app.analogy_mut().chosen.fields = ["man", "king", "woman"].map(Line::new);
    app.analogy_mut().chosen.focus = analogy::Focus::Add;
    app.analogy_mut().answer = Some(analogy_answer());
    app
}

fn analogy_answer() -> AnalogyAnswer {
    let list = |words: &[(&str, f64)]| -> Vec<Neighbour> {
        words
            .iter()
            .enumerate()
            .map(|(row, (word, score))| Neighbour { row, word: (*word).into(), score: *score })
            .collect()
    };
    let add =
        [("queen", 0.783), ("monarch", 0.693), ("throne", 0.683), ("daughter", 0.681), ("princess", 0.676)];
    let multiply =
        [("queen", 0.98), ("monarch", 0.91), ("princess", 0.9), ("elizabeth", 0.89), ("throne", 0.88)];
    let with_asked = [("king", 0.855), ("queen", 0.783), ("monarch", 0.693)];
    let point = |word: &str, x, y| MapPoint { word: word.into(), row: None, x, y };
    let term = |weight, word: &str, cosine| TermShare { weight, word: word.into(), cosine };
    let explanation = Explanation {
        word: "queen".into(),
        terms: vec![term(1.0, "king", 0.751), term(-1.0, "man", 0.397), term(1.0, "woman", 0.509)],
        dimensions: vec![(55, 0.041), (17, 0.038), (64, -0.022)],
    };
    AnalogyAnswer {
        expression: "king - man + woman".into(),
        add: list(&add),
        multiply: list(&multiply),
        add_with_asked: list(&with_asked),
        multiply_with_asked: list(&with_asked),
        rank_without_offset: Some(3),
        parallelogram: Some(Parallelogram {
            points: vec![
                point("man", -1.0, -0.8),
                point("king", -1.2, 1.0),
                point("woman", 1.2, -0.9),
                point("queen", 0.9, 0.8),
            ],
            explained: 0.87,
        }),
        explanations: vec![(0, explanation)],
        certificate: certificate(),
    }
}
