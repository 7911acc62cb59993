//! The frame around the screens: what they share, and what they may ask for.

use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::effect::Effect;
use super::keymap::Keymap;
use super::news::{News, Wanted};
use super::opened::Opened;
use super::overlay::Overlay;
use super::pending::Pending;
use super::tour::Tour;
use crate::jobs::{Failure, Job, Parcel, Slot, Task};
use crate::model::Model;
use crate::progress::Progress;
use crate::vectors::WordVectors;
use crate::vectors::lookup::Lookup;
use crate::widgets::canvas::{Hits, Target};

/// How much a message matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Something was done.
    Information,
    /// Something was not done, for a reason.
    Warning,
    /// Something went wrong.
    Error,
}

/// A line above the footer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// How much it matters.
    pub severity: Severity,
    /// The message.
    pub text: String,
}

/// Takes in the results of a job that a screen (or the frame) has started.
pub trait Answers<J: Job>: 'static {
    /// The work came to its end.
    fn answered(&mut self, output: J::Output, frame: &mut Frame);

    /// The work failed; never called for work that was cancelled.
    fn failed(&mut self, failure: Failure, frame: &mut Frame) {
        frame.complain(failure.to_string());
    }

    /// The work goes on and tells something.
    fn noted(&mut self, _note: J::Note, _frame: &mut Frame) {}
}

/// Who awaits a kind of work, and since when.
#[derive(Debug, Clone, Copy)]
struct Awaited {
    pending: Pending,
    owner: TypeId,
    finished: fn(&mut dyn Any, Result<Parcel, Failure>, &mut Frame),
    noted: fn(&mut dyn Any, Parcel, &mut Frame),
}

/// A report on its way to who awaits it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Delivery {
    /// The type of the screen.
    pub owner: TypeId,
    /// Takes in a result.
    pub finished: fn(&mut dyn Any, Result<Parcel, Failure>, &mut Frame),
    /// Takes in a note.
    pub noted: fn(&mut dyn Any, Parcel, &mut Frame),
}

/// Effects on their way to the loop. A copy of the state has none: they are carried out once.
#[derive(Debug, Default)]
struct Effects(Vec<Effect>);

impl Clone for Effects {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// What all screens share, and what they may ask for.
#[derive(Debug, Clone, Default)]
pub struct Frame {
    /// The vectors.
    pub vectors: Opened<WordVectors>,
    /// The file that was asked for; `None` for the shipped vectors.
    pub path: Option<PathBuf>,
    /// The index of the vectors' words, once it is there.
    pub lookup: Option<Arc<Lookup>>,
    /// How far the plane is that is made of the vectors.
    pub preparing: Option<Arc<Progress>>,
    /// The model.
    pub model: Opened<Model>,
    /// The model that was asked for; `None` for the shipped one.
    pub model_name: Option<String>,
    /// The guided tour, while it goes on.
    pub tour: Option<Tour>,
    /// What lies on top of the screen.
    pub overlay: Option<Overlay>,
    /// The last message.
    pub status: Option<Status>,
    /// The name of the theme in use.
    pub theme: String,
    /// The names of all themes, in the order that `next-theme` goes through.
    pub themes: Vec<String>,
    /// Whether the program has the mouse.
    pub mouse: bool,
    /// The keys.
    pub keymap: Keymap,
    /// Time since the start of the program when the present message arrived. The only clock that
    /// drawing may look at.
    pub now: Duration,
    /// Set once the program is to end.
    pub quit: bool,
    /// Whether something was changed since the last frame.
    pub changed: bool,
    /// Where the last drawing put what can be clicked.
    pub hits: Hits,
    /// What was clicked last, while nothing else happened.
    pub clicked: Option<Target>,
    work: BTreeMap<Slot, Awaited>,
    generation: u64,
    effects: Effects,
    news: Vec<News>,
    wanted: Option<Wanted>,
}

impl Frame {
    /// Nothing is open yet; `path` is the vector file that is to be opened.
    pub(super) fn new(path: Option<PathBuf>, keymap: Keymap) -> Self {
        Self { path, keymap, theme: "dark".into(), changed: true, ..Self::default() }
    }

    /// Starts `job` for `S`, in place of what runs in its slot. Returns how far it is, for a
    /// progress bar.
    pub fn start<S: Answers<J>, J: Job>(&mut self, job: J) -> Arc<Progress> {
        self.generation += 1;
        let task = Task::new(job, self.generation);
        let progress = Arc::clone(&task.progress);
        let awaited = self.work.entry(J::SLOT).or_insert(Awaited {
            pending: Pending::default(),
            owner: TypeId::of::<S>(),
            finished: finished::<S, J>,
            noted: noted::<S, J>,
        });
        awaited.pending.await_generation(self.generation, self.now);
        (awaited.finished, awaited.noted) = (finished::<S, J>, noted::<S, J>);
        self.effects.0.push(Effect::Start(task));
        progress
    }

    /// Awaits nothing of `slot` any more and stops what runs there.
    pub fn cancel(&mut self, slot: Slot) {
        self.forget(slot);
        self.effects.0.push(Effect::Cancel(slot));
    }

    /// Awaits nothing of `slot` any more.
    pub fn forget(&mut self, slot: Slot) {
        if let Some(awaited) = self.work.get_mut(&slot) {
            awaited.pending.clear();
        }
    }

    /// Whether work of `slot` is awaited.
    pub fn is_running(&self, slot: Slot) -> bool {
        self.work.get(&slot).is_some_and(|awaited| awaited.pending.is_running())
    }

    /// Whether work of `slot` takes so long that a spinner is due and the old result dimmed.
    pub fn is_late(&self, slot: Slot) -> bool {
        self.work.get(&slot).is_some_and(|awaited| awaited.pending.is_late(self.now))
    }

    /// Whether anything runs for so long that a spinner is to be drawn.
    pub fn anything_late(&self) -> bool {
        self.spinner_due().is_some_and(|due| self.now >= due)
    }

    /// When the next spinner is to appear, `None` while nothing runs that one is shown for.
    pub fn spinner_due(&self) -> Option<Duration> {
        let shown = self.work.iter().filter(|(slot, _)| !slot.quiet);
        shown.filter_map(|(_, awaited)| awaited.pending.spinner_due()).min()
    }

    /// Whether some work was asked for and has not come back.
    pub fn is_waiting(&self) -> bool {
        self.work.values().any(|awaited| awaited.pending.is_running())
    }

    /// The frame of the spinner: counts up ten times a second.
    pub fn spinner_frame(&self) -> usize {
        (self.now.as_millis() / 100) as usize
    }

    /// Asks for something outside of the state.
    pub fn ask(&mut self, effect: Effect) {
        self.effects.0.push(effect);
    }

    /// Hands `wanted` to the first screen that takes it, and shows that screen.
    pub fn want(&mut self, wanted: Wanted) {
        self.wanted = Some(wanted);
    }

    /// Tells all screens.
    pub fn tell(&mut self, news: News) {
        self.news.push(news);
    }

    /// Puts a message into the status line.
    pub fn inform(&mut self, text: impl Into<String>) {
        self.status = Some(Status { severity: Severity::Information, text: text.into() });
    }

    /// Puts a warning into the status line.
    pub fn warn(&mut self, text: impl Into<String>) {
        self.status = Some(Status { severity: Severity::Warning, text: text.into() });
    }

    /// Puts an error into the status line.
    pub fn complain(&mut self, text: impl Into<String>) {
        self.status = Some(Status { severity: Severity::Error, text: text.into() });
    }

    /// The key to show for a command, as the person has it; `?` where it has none.
    pub fn key_of(&self, command: &str) -> String {
        self.keymap.keys(command).first().map_or_else(|| String::from("?"), ToString::to_string)
    }

    /// Takes note that a report of `slot` arrived: who awaits it, or `None` when it was overtaken.
    /// The end of the work (`ends`) is awaited no more.
    pub(super) fn deliver(&mut self, slot: Slot, generation: u64, ends: bool) -> Option<Delivery> {
        let awaited = self.work.get_mut(&slot)?;
        let current =
            if ends { awaited.pending.finish(generation) } else { awaited.pending.awaits(generation) };
        let Awaited { owner, finished, noted, .. } = *awaited;
        current.then_some(Delivery { owner, finished, noted })
    }

    pub(super) fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects.0)
    }

    pub(super) fn take_news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    pub(super) fn take_wanted(&mut self) -> Option<Wanted> {
        self.wanted.take()
    }
}

fn finished<S: Answers<J>, J: Job>(owner: &mut dyn Any, result: Result<Parcel, Failure>, frame: &mut Frame) {
    let Some(owner) = owner.downcast_mut::<S>() else { return };
    match result {
        Ok(parcel) => match parcel.downcast::<J::Output>() {
            Ok(output) => owner.answered(*output, frame),
            Err(_) => owner.failed(Failure::Panicked("a result of another type".into()), frame),
        },
        Err(Failure::Cancelled) => {}
        Err(failure) => owner.failed(failure, frame),
    }
}

fn noted<S: Answers<J>, J: Job>(owner: &mut dyn Any, note: Parcel, frame: &mut Frame) {
    if let (Some(owner), Ok(note)) = (owner.downcast_mut::<S>(), note.downcast::<J::Note>()) {
        owner.noted(*note, frame);
    }
}

/// Stands for the frame where work of its own is told from that of a screen.
#[derive(Debug, Clone, Copy)]
pub(super) struct FrameItself;
