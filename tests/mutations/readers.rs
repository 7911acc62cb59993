//! Every reader of files that come from outside, with what a person would do next. What they answer
//! to nonsense is their own affair; that they answer is the property. Shared by the mutation test and
//! the fuzz targets of `tests/fuzz`.

use std::path::Path;

use lexiscope::app::App;
use lexiscope::model::forward::{Input, PassOptions, forward};
use lexiscope::model::image;
use lexiscope::model::tokenizer::Tokenizer;
use lexiscope::model::{Model, open};
use lexiscope::progress::Progress;
use lexiscope::screens;
use lexiscope::terminal::config;
use lexiscope::vectors::evaluate::{PairSet, QuestionSet};
use lexiscope::vectors::filter::read_words;
use lexiscope::vectors::open::open as open_vectors;

/// A reader of the file or folder at a path.
pub type Reader = fn(&Path);

/// All of them, by what they read.
pub const READERS: &[(&str, Reader)] = &[
    ("vectors", vectors),
    ("model", model),
    ("tokenizer", tokenizer),
    ("image", picture),
    ("evaluation", evaluation),
    ("words", words),
    ("configuration", configuration),
    ("theme", theme),
];

/// The reader of this name.
#[allow(dead_code)]
pub fn reader(name: &str) -> Reader {
    READERS.iter().find(|(known, _)| *known == name).map(|(_, reader)| *reader).expect("a reader")
}

/// Opens vectors, and reads the first and the last word and what an unknown word is made of.
fn vectors(path: &Path) {
    let Ok(vectors) = open_vectors(path, &Progress::unobserved()) else { return };
    for row in [0, vectors.len().saturating_sub(1)] {
        if row < vectors.len() {
            let word = vectors.vocabulary().word(row);
            let _ = (vectors.vocabulary().row(word), vectors.rows().to_vec(row));
        }
    }
    if let Some(subwords) = vectors.subwords() {
        let _ = (subwords.vector(b"kingdom"), subwords.ngrams(b"kingdom"));
    }
}

/// Opens a model, cuts a text and runs it.
fn model(path: &Path) {
    let Ok(model) = open::open(&path.to_string_lossy()) else { return };
    let text = model.tokenizer.as_ref().map(|tokenizer| tokenizer.encode("the cat sat, 12 times"));
    for ids in [vec![1, 2, 3], text.and_then(Result::ok).map(|tokens| tokens.ids).unwrap_or_default()] {
        run(&model, &ids);
    }
}

fn run(model: &Model, ids: &[u32]) {
    let options = PassOptions { memory_limit: 64 << 20, ..PassOptions::default() };
    let _ = forward(&model.network, &Input::Tokens(ids), &options, &Progress::unobserved());
}

fn tokenizer(path: &Path) {
    let Ok(bytes) = std::fs::read(path) else { return };
    let Ok(tokenizer) = Tokenizer::from_json(path, &bytes) else { return };
    let _ = (tokenizer.encode("the cat sat, 12 times"), tokenizer.decode(&[0, 1, 2, 1 << 30]));
    let _ = tokenizer.describe(&[0, 7, u32::MAX]);
}

fn picture(path: &Path) {
    let _ = image::read(path);
}

fn evaluation(path: &Path) {
    let _ = (QuestionSet::read(path), PairSet::read(path));
}

fn words(path: &Path) {
    let _ = read_words(path);
}

fn configuration(path: &Path) {
    let Ok(text) = std::fs::read_to_string(path) else { return };
    let _ = config::parse(&text, path, &App::new(screens::all(), None));
}

fn theme(path: &Path) {
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let _ = lexiscope::theme::load(&name, path.parent());
}
