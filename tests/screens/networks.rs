//! The screens Memory and Lab: text at three sizes, styles of one theme. Their numbers are written
//! down here: nothing is run.

use std::f32::consts::TAU;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use lexiscope::analysis::influence::Felt;
use lexiscope::analysis::reading::{Expectation, Reading, Source, Track};
use lexiscope::app::App;
use lexiscope::lab::outcome::{Cell, Curve, Outcome};
use lexiscope::model::generate::Candidate;
use lexiscope::model::{Model, open};
use lexiscope::progress::Progress;
use lexiscope::screens::lab::View;
use lexiscope::screens::lab::state::{Ending, Kept, Running};
use lexiscope::screens::memory::state::{Lower, Read, Side};
use lexiscope::theme::ColourDepth;
use ndarray::{Array1, Array2, Array3};

use crate::look::{self, Look, show};
use crate::{assert_text, render, styles, theme};

const WORDS: [&str; 9] = ["She", "sat", "on", "the", "river", "bank", "and", "she", "sat"];
const SOURCE: [&str; 4] = ["Sie", "sass", "am", "Ufer"];
const STEP: usize = 6;

/// A tiny LSTM, for its name.
fn model() -> Arc<Model> {
    static MODEL: OnceLock<Arc<Model>> = OnceLock::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/golden/recurrent/lstm");
    let opened = || Arc::new(open::open(&folder.display().to_string()).expect("the fixture"));
    Arc::clone(MODEL.get_or_init(opened))
}

/// A number between 0 and 1 that is far from any border between two signs.
fn made_up(row: usize, column: usize) -> f32 {
    ((row * 5 + column * 3) % 9) as f32 / 8.0 * 0.9 + 0.02
}

fn expected(step: usize) -> Expectation {
    let candidate = |rank: u32| Candidate { id: rank, probability: 0.4 / f64::from(rank + 1) };
    Expectation {
        likeliest: (0..5).map(candidate).collect(),
        of_next: (step + 1 < WORDS.len()).then_some(0.0312),
        perplexity: (step > 0).then_some(20.0 + step as f64),
    }
}

fn maps(columns: usize) -> Vec<(usize, Array3<f32>)> {
    let map =
        |layer| Array3::from_shape_fn((2, WORDS.len(), columns), |(head, _, to)| made_up(head + layer, to));
    (0..2).map(|layer| (layer, map(layer))).collect()
}

fn side(tracks: Vec<Track>, attention: Vec<(usize, Array3<f32>)>, source: Option<Source>) -> Side {
    let expected = (0..WORDS.len()).map(expected).collect();
    Side {
        model: model(),
        labels: WORDS.map(String::from).to_vec(),
        source_labels: source.as_ref().map_or_else(Vec::new, |_| SOURCE.map(String::from).to_vec()),
        has_target: true,
        reading: Reading { ids: (0..WORDS.len() as u32).collect(), expected, tracks, attention, source },
    }
}

fn recurrent() -> Side {
    let track = |(row, name): (usize, &str)| Track {
        layer: 0,
        name: name.to_owned(),
        values: Array2::from_shape_fn((WORDS.len(), 12), |(token, cell)| match name {
            "hidden" | "cell" => (TAU * made_up(token, cell)).sin() * 0.9,
            _ => made_up(row, token),
        }),
    };
    let names = ["input", "forget", "candidate", "output", "cell", "hidden"];
    side(names.into_iter().enumerate().map(track).collect(), Vec::new(), None)
}

fn felt(lengths: &[usize]) -> Felt {
    let numbers =
        |row| lengths.iter().map(move |&length| Array1::from_shape_fn(length, |at| made_up(row, at).into()));
    Felt { by_gradient: numbers(1).collect(), by_omission: numbers(2).collect() }
}

/// A recurrent network above one that attends, in the middle of a text.
fn memory() -> App {
    let mut app = look::app();
    show(&mut app, "memory");
    let memory = app.memory_screen_mut();
    let sides = [Ok(recurrent()), Ok(side(Vec::new(), maps(WORDS.len()), None))];
    memory.read = Some(Read { text: WORDS.join(" "), sides });
    memory.chosen.step = STEP;
    memory.felt = [felt(&[STEP + 1]), felt(&[STEP + 1])];
    memory.felt_at = Some(STEP);
    app
}

#[test]
fn two_networks_on_one_text() {
    assert_text("memory", &memory());
    let theme = theme("dark").with_depth(ColourDepth::C256);
    insta::assert_snapshot!("styles_memory", styles(&render(&memory(), &theme, 80, 24)));
}

#[test]
fn cells_that_are_on_over_a_range() {
    let mut app = memory();
    app.memory_screen_mut().chosen.range_start = Some(4);
    assert_text("memory_range", &app);
}

#[test]
fn an_encoder_decoder_has_two_texts() {
    let mut app = memory();
    let source = Source { ids: (0..SOURCE.len() as u32).collect(), attention: maps(SOURCE.len()) };
    let memory = app.memory_screen_mut();
    let read = memory.read.as_mut().expect("it reads");
    read.sides[0] = Ok(side(Vec::new(), maps(WORDS.len()), Some(source)));
    memory.felt[0] = felt(&[SOURCE.len(), STEP + 1]);
    assert_text("memory_source", &app);
}

#[test]
fn a_fresh_lstm_and_a_network_that_cannot_read() {
    let mut app = memory();
    let memory = app.memory_screen_mut();
    memory.read.as_mut().expect("it reads").sides[0] = Err("it looks at images, not at text".into());
    memory.chosen.lower = Lower::Fresh;
    memory.fresh = Some((1.0, Array1::from_shape_fn(129, |distance| 0.8f64.powi(distance as i32))));
    assert_text("memory_fresh", &app);
}

/// What came out of two networks at three distances.
fn recall() -> Outcome {
    let row = |(network, distance, accuracy): (&str, u64, f64)| {
        vec![Cell::Text(network.into()), Cell::Count(distance), Cell::Number(accuracy), Cell::Count(600)]
    };
    let rows = [
        ("lstm", 5, 1.0),
        ("lstm", 20, 0.98),
        ("lstm", 80, 0.06),
        ("transformer", 5, 1.0),
        ("transformer", 20, 1.0),
        ("transformer", 80, 0.99),
    ];
    let curve = |(name, steep): (&str, f64)| Curve {
        name: name.into(),
        measure: "accuracy".into(),
        points: (0..=12).map(|at| (50 * at, 1.0 - 0.95 * (-steep * at as f64).exp())).collect(),
    };
    Outcome {
        experiment: "recall".into(),
        model: None,
        seed: 1,
        budget: 600,
        columns: ["network", "distance", "accuracy", "steps"].map(String::from).to_vec(),
        rows: rows.into_iter().map(row).collect(),
        curves: [("lstm 20", 0.2), ("transformer 20", 0.5)].into_iter().map(curve).collect(),
    }
}

fn lab(ending: Option<Ending>) -> App {
    let mut app = look::app();
    show(&mut app, "lab");
    if let Some(ending) = ending {
        app.lab_mut().results.insert("recall", Kept { outcome: recall(), ending });
    }
    app
}

#[test]
fn an_experiment_before_it_ran() {
    assert_text("lab", &lab(None));
}

#[test]
fn what_came_out_as_table_rows_and_curves() {
    for view in [View::Table, View::Rows, View::Curves] {
        let mut app = lab(Some(Ending::Done));
        app.lab_mut().chosen.view = view;
        assert_text(&format!("lab_{}", view.title()), &app);
    }
    let theme = theme("dark").with_depth(ColourDepth::C256);
    insta::assert_snapshot!("styles_lab", styles(&render(&lab(Some(Ending::Done)), &theme, 80, 24)));
}

#[test]
fn an_experiment_that_runs() {
    let mut app = lab(None);
    let progress = Arc::new(Progress::unobserved());
    progress.start(100);
    progress.advance(37);
    let running = Running { name: "recall", outcome: recall(), progress, since: Duration::ZERO };
    app.lab_mut().running = Some(running);
    app.frame.now = Duration::from_secs(100);
    assert_text("lab_runs", &app);
}

#[test]
fn an_experiment_that_cannot_run_says_why() {
    let mut app = lab(None);
    app.lab_mut().problems.insert("recall", "this model predicts no tokens".into());
    assert_text("lab_problem", &app);
}
