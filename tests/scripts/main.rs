//! The whole application without a terminal: a test is what a person would type, and what they
//! would then see. Keys go in one by one, each when everything before it is finished and drawn.

#[path = "../support/screens.rs"]
mod look;
#[path = "../support/mod.rs"]
mod support;

mod attention;
mod images;
mod lab;
mod memory;
mod models;
mod pictures;
mod positions;
mod tour;
mod twins;
mod words;

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;

use crossbeam_channel::{Receiver, Sender, unbounded};
use lexiscope::app::key::Key;
use lexiscope::app::{App, Message};
use lexiscope::jobs::Jobs;
use lexiscope::screens;
use lexiscope::terminal::{Ended, Event, EventSource, Host, Looks, run};
use lexiscope::theme::ColourDepth;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

/// Sends the next step of a script whenever the application is idle, and ends it after the last.
struct Script {
    steps: VecDeque<Vec<Message>>,
    sender: Sender<Event>,
    receiver: Receiver<Event>,
}

impl Script {
    /// `king<enter>jj`: characters, keys in angle brackets, `<paste:text>`. What stands in braces
    /// is typed at once, without waiting for what it starts: `{x<esc>}`.
    fn new(text: &str) -> Self {
        let mut steps = VecDeque::new();
        for (index, part) in text.split(['{', '}']).enumerate() {
            let messages = messages(part);
            match index % 2 {
                0 => steps.extend(messages.into_iter().map(|message| vec![message])),
                _ => steps.push_back(messages),
            }
        }
        let (sender, receiver) = unbounded();
        Self { steps, sender, receiver }
    }
}

fn messages(text: &str) -> Vec<Message> {
    let mut messages = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find('>').filter(|_| first == '<');
        let step = match end {
            Some(end) => &rest[1..end],
            None => &rest[..first.len_utf8()],
        };
        rest = &rest[end.map_or(first.len_utf8(), |end| end + 1)..];
        messages.push(match step.strip_prefix("paste:") {
            Some(text) => Message::Paste(text.into()),
            None if step == " " => Message::Key("space".parse().unwrap()),
            None if step.starts_with("click:") => click(step),
            None => Message::Key(step.parse::<Key>().unwrap()),
        });
    }
    messages
}

/// `click:12,3`: the column and the row of a click.
fn click(step: &str) -> Message {
    let place = step.strip_prefix("click:").and_then(|place| place.split_once(',')).unwrap();
    Message::Click(place.0.parse().unwrap(), place.1.parse().unwrap())
}

impl EventSource for Script {
    fn events(&self) -> &Receiver<Event> {
        &self.receiver
    }

    fn idle(&mut self) {
        match self.steps.pop_front() {
            Some(step) => step.into_iter().for_each(|message| {
                self.sender.send(Event::Message(message)).unwrap();
            }),
            None => self.sender.send(Event::Lost("end of the script".into())).unwrap(),
        }
    }
}

#[derive(Default)]
struct Notes {
    copied: Vec<String>,
    saved: Vec<(String, String)>,
    suspended: usize,
}

impl Host for Notes {
    fn copy(&mut self, text: &str) -> io::Result<()> {
        self.copied.push(text.into());
        Ok(())
    }

    fn save(&mut self, name: &str, text: &str) -> io::Result<()> {
        self.saved.push((name.into(), text.into()));
        Ok(())
    }

    fn capture_mouse(&mut self, _capture: bool) -> io::Result<()> {
        Ok(())
    }

    fn suspend(&mut self, _mouse: bool) -> io::Result<()> {
        self.suspended += 1;
        Ok(())
    }
}

struct Played {
    app: App,
    screen: String,
    notes: Notes,
    ended: Ended,
}

impl Played {
    #[track_caller]
    fn shows(&self, text: &str) {
        assert!(self.screen.contains(text), "no \"{text}\" on\n{}", self.screen);
    }

    #[track_caller]
    fn shows_not(&self, text: &str) {
        assert!(!self.screen.contains(text), "\"{text}\" on\n{}", self.screen);
    }

    /// The last message.
    fn status(&self) -> &str {
        self.app.frame.status.as_ref().map_or("", |status| &status.text)
    }
}

/// How the program is started.
#[derive(Default)]
struct Start {
    vectors: Option<PathBuf>,
    model: Option<String>,
}

impl Start {
    fn on_vectors(path: impl Into<PathBuf>) -> Self {
        Self { vectors: Some(path.into()), model: None }
    }

    /// On the shipped vectors and the shipped model.
    fn on_shipped() -> Self {
        Self::default()
    }

    /// On a model, with vectors that are there at once.
    fn on_model(model: Option<String>) -> Self {
        Self { vectors: Some(support::golden("vectors/word2vec.bin")), model }
    }

    fn play(self, script: &str) -> Played {
        support::own_cache();
        let mut terminal = Terminal::new(TestBackend::new(120, 40)).unwrap();
        let mut app = App::new(screens::all(), self.vectors);
        app.frame.model_name = self.model;
        let mut notes = Notes::default();
        let mut jobs = Jobs::default();
        let (mut looks, mistake) = Looks::new("dark", ColourDepth::TrueColour, None);
        assert_eq!(mistake, None);
        app.frame.theme = looks.theme().name().to_owned();
        app.frame.themes = looks.names();
        let mut source = Script::new(script);
        let ended = run(&mut terminal, &mut notes, &mut source, &mut app, &mut jobs, &mut looks).unwrap();
        Played { app, screen: terminal.backend().to_string(), notes, ended }
    }
}

/// On the shipped vectors.
fn play(script: &str) -> Played {
    Start::default().play(script)
}
