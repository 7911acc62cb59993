//! Keys in, state and effects out, for the tests of screens: no terminal, no threads.

use std::sync::Arc;

use crate::app::{App, Effect, IndexWords, Message, OpenVectors, PreparePlane};
use crate::jobs::{Failure, Job, News, Parcel, Report};
use crate::vectors::formats::{Flaws, Parts};
use crate::vectors::lookup::Lookup;
use crate::vectors::{Rows, Vocabulary, WordVectors};

pub(super) fn app() -> App {
    App::new(super::all(), None)
}

pub(super) fn vectors() -> Arc<WordVectors> {
    let parts = Parts {
        format: "GloVe text".into(),
        vocabulary: Vocabulary::from_words(["king", "queen", "man"]),
        rows: Rows::Owned(ndarray::arr2(&[[1.0_f32, 0.0], [0.9, 0.1], [0.0, 1.0]])),
        subwords: None,
        flaws: Flaws::default(),
    };
    Arc::new(WordVectors::from_parts("test", None, parts))
}

pub(super) fn key(app: &mut App, text: &str) -> Vec<Effect> {
    app.handle(Message::Key(text.parse().unwrap()))
}

pub(super) fn paste(app: &mut App, text: &str) -> Vec<Effect> {
    app.handle(Message::Paste(text.into()))
}

/// The generation of the job `J` among `effects`.
pub(super) fn generation<J: Job>(effects: &[Effect]) -> u64 {
    effects
        .iter()
        .find_map(|effect| match effect {
            Effect::Start(task) if task.slot == J::SLOT => Some(task.generation),
            _ => None,
        })
        .unwrap_or_else(|| panic!("no work for {} among {effects:?}", J::SLOT.name))
}

/// The end of the job `J`.
pub(super) fn finish<J: Job>(
    app: &mut App,
    generation: u64,
    result: Result<J::Output, Failure>,
) -> Vec<Effect> {
    let news = News::Finished(result.map(|output| Box::new(output) as Parcel));
    app.handle(Message::Report(Report { slot: J::SLOT, generation, news }))
}

/// What the job `J` tells while it runs.
pub(super) fn note<J: Job>(app: &mut App, generation: u64, note: J::Note) -> Vec<Effect> {
    let news = News::Noted(Box::new(note));
    app.handle(Message::Report(Report { slot: J::SLOT, generation, news }))
}

/// An application with open vectors.
pub(super) fn ready() -> App {
    let mut app = app();
    let effects = app.start();
    let effects = finish::<OpenVectors>(&mut app, generation::<OpenVectors>(&effects), Ok(vectors()));
    let lookup = Arc::new(Lookup::build(&vectors()));
    finish::<IndexWords>(&mut app, generation::<IndexWords>(&effects), Ok(lookup));
    finish::<PreparePlane>(&mut app, generation::<PreparePlane>(&effects), Ok(()));
    assert!(!app.frame.is_waiting());
    app
}
