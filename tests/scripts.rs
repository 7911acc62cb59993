//! The whole application without a terminal: a test is what a person would type, and what they
//! would then see. Keys go in one by one, each when everything before it is finished and drawn.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};

use crossbeam_channel::{Receiver, Sender, unbounded};
use lexiscope::app::analogy::AnalogyFocus;
use lexiscope::app::key::Key;
use lexiscope::app::words::WordsPanel;
use lexiscope::app::{App, Keymap, Message, Overlay, Screen, VectorsState};
use lexiscope::jobs::Jobs;
use lexiscope::terminal::{Ended, Event, EventSource, Host, Looks, run};
use lexiscope::theme::ColourDepth;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

/// Sends the next step of a script whenever the application is idle, and ends it after the last.
struct Script {
    steps: VecDeque<Message>,
    sender: Sender<Event>,
    receiver: Receiver<Event>,
}

impl Script {
    /// `king<enter>jj`: characters, keys in angle brackets, `<paste:text>`.
    fn new(text: &str) -> Self {
        let mut steps = VecDeque::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let end = rest.find('>').filter(|_| first == '<');
            let step = match end {
                Some(end) => &rest[1..end],
                None => &rest[..first.len_utf8()],
            };
            rest = &rest[end.map_or(first.len_utf8(), |end| end + 1)..];
            steps.push_back(match step.strip_prefix("paste:") {
                Some(text) => Message::Paste(text.into()),
                None if step == " " => Message::Key("space".parse().unwrap()),
                None => Message::Key(step.parse::<Key>().unwrap()),
            });
        }
        let (sender, receiver) = unbounded();
        Self { steps, sender, receiver }
    }
}

impl EventSource for Script {
    fn events(&self) -> &Receiver<Event> {
        &self.receiver
    }

    fn idle(&mut self) {
        let event = match self.steps.pop_front() {
            Some(step) => Event::Message(step),
            None => Event::Lost("end of the script".into()),
        };
        self.sender.send(event).unwrap();
    }
}

#[derive(Default)]
struct Notes {
    copied: Vec<String>,
    suspended: usize,
}

impl Host for Notes {
    fn copy(&mut self, text: &str) -> io::Result<()> {
        self.copied.push(text.into());
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
    fn shows(&self, text: &str) {
        assert!(self.screen.contains(text), "no \"{text}\" on\n{}", self.screen);
    }
}

fn play_with(path: Option<PathBuf>, script: &str) -> Played {
    let mut terminal = Terminal::new(TestBackend::new(120, 40)).unwrap();
    let mut app = App::new(path, Keymap::default());
    let mut notes = Notes::default();
    let mut jobs = Jobs::default();
    let (mut looks, mistake) = Looks::new("dark", ColourDepth::TrueColour, None);
    assert_eq!(mistake, None);
    app.theme = looks.theme().name().to_owned();
    app.themes = looks.names();
    let mut source = Script::new(script);
    let ended = run(&mut terminal, &mut notes, &mut source, &mut app, &mut jobs, &mut looks).unwrap();
    Played { app, screen: terminal.backend().to_string(), notes, ended }
}

fn play(script: &str) -> Played {
    play_with(None, script)
}

#[test]
fn king_has_queen_among_its_neighbours() {
    let played = play("king<enter>");
    played.shows("queen");
    played.shows("0.7");
    let answer = played.app.words.answer.unwrap();
    assert_eq!(answer.query, "king");
    assert_eq!(answer.certificate.scanned, 30_000);
}

#[test]
fn a_person_looks_around_and_leaves() {
    let played = play("king<enter>jj<esc>?");
    assert!(matches!(played.app.overlay, Some(Overlay::Help { .. })));
    assert_eq!(played.app.words.selected, 2);
    assert_eq!(play("king<enter>jj<esc>?qq").ended, Ended::Quit);
}

#[test]
fn enter_goes_to_the_selected_word_and_back_returns() {
    let played = play("king<enter>j<enter>");
    let second = played.app.words.history[1].clone();
    assert_eq!(played.app.words.answer.as_ref().unwrap().query, second);
    assert_eq!(play("king<enter>j<enter>[").app.words.answer.unwrap().query, "king");
}

#[test]
fn a_slip_is_understood() {
    let played = play("kigndom");
    played.shows("kingdom");
    assert_eq!(play("kigndom<enter>").app.words.answer.unwrap().query, "kingdom");
}

#[test]
fn words_take_expressions_too() {
    let played = play("king - man + woman");
    assert_eq!(played.app.words.answer.unwrap().neighbours[0].word, "queen");
    let unfinished = play("king - (man");
    assert!(unfinished.app.words.unknown.unwrap().message.contains("column"));
}

#[test]
fn the_analogy_of_all_analogies() {
    let played = play("<alt-2>man<enter>king<enter>woman<enter>");
    assert_eq!(played.app.screen, Screen::Analogy);
    assert_eq!(played.app.analogy.focus, AnalogyFocus::Add);
    played.shows("3CosMul");
    let answer = played.app.analogy.answer.as_ref().unwrap();
    assert_eq!((answer.add[0].word.as_str(), answer.multiply[0].word.as_str()), ("queen", "queen"));
    assert_eq!(answer.add_with_asked[0].word, "king");
    let plane = answer.parallelogram.as_ref().unwrap();
    let names: Vec<_> = plane.points.iter().map(|point| point.word.as_str()).collect();
    assert_eq!(names, ["man", "king", "woman", "queen"]);
    assert!((0.5..=1.0).contains(&plane.explained), "{}", plane.explained);
    let why = played.app.analogy.explanation().unwrap();
    let signs: Vec<_> = why.terms.iter().map(|term| (term.weight, term.word.as_str())).collect();
    assert_eq!(signs, [(1.0, "king"), (-1.0, "man"), (1.0, "woman")]);
}

#[test]
fn an_analogy_can_be_edited_as_an_expression() {
    let played = play("<alt-2>man<enter>king<enter>woman<enter>e<ctrl-u>2 king - man + woman<enter>");
    assert!(played.app.analogy.free);
    let answer = played.app.analogy.answer.as_ref().unwrap();
    assert!(answer.multiply.is_empty(), "3CosMul knows no weight 2");
    let unknown = play("<alt-2>man<enter>king<enter>womann");
    assert!(unknown.app.analogy.problem.unwrap().contains("womann"));
}

#[test]
fn comparing_follows_the_selection() {
    let played = play("king<enter>cj");
    let WordsPanel::Comparison(Some(comparison)) = &played.app.words.panel else {
        panic!("{:?}", played.app.words.panel)
    };
    assert_eq!(comparison.left, "king");
    assert_eq!(comparison.right, played.app.words.selected_neighbour().unwrap().word);
    let sum: f64 = comparison.dimensions.iter().map(|dimension| dimension.share).sum();
    assert!((sum - comparison.similarity).abs() < 1e-9);
    assert!((comparison.similarity - played.app.words.selected_neighbour().unwrap().score).abs() < 1e-5);
}

#[test]
fn a_filter_keeps_rare_words_out() {
    let played = play("king<enter>f500<enter>");
    let answer = played.app.words.answer.unwrap();
    assert!(!answer.neighbours.is_empty() && answer.neighbours.iter().all(|neighbour| neighbour.row < 500));
}

#[test]
fn go_to_a_rank_bookmark_and_copy() {
    let played = play("king<enter>bg1<enter>y");
    assert_eq!(played.app.words.bookmarks, ["king"]);
    assert_eq!(played.app.words.history, ["king", "the"]);
    assert_eq!(played.notes.copied, [played.app.words.selected_neighbour().unwrap().word.clone()]);
}

#[test]
fn a_file_that_cannot_be_read_leaves_ways_out() {
    let played = play_with(Some("/nonexistent/vectors.bin".into()), "<esc>");
    let VectorsState::Failed { message, .. } = &played.app.vectors else {
        panic!("{:?}", played.app.vectors)
    };
    assert!(message.contains("/nonexistent/vectors.bin"), "{message}");
    played.shows("opens it again");
    let rescued = play_with(Some("/nonexistent/vectors.bin".into()), "<esc>D/king");
    rescued.shows("queen");
}

#[test]
fn strange_words_do_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("strange.txt");
    let words = ["日本", "日本語", "مرحبا", "e\u{301}t\u{e9}", "\u{200d}joined", "\u{1b}[31mred", "plain"];
    let lines: String =
        words.iter().enumerate().map(|(row, word)| format!("{word} 1.0 0.{row} 0.5\n")).collect();
    std::fs::write(&path, lines).unwrap();
    let played = play_with(Some(path), "<paste:日本\n><enter>jjjj");
    assert_eq!(played.app.words.input.text(), "日本 ");
    let answer = played.app.words.answer.as_ref().unwrap();
    assert_eq!(answer.neighbours.len(), 6);
    assert!(!played.screen.contains('\u{1b}'));
}

#[test]
fn themes_take_turns_and_suspending_comes_back() {
    let played = play("<esc>T<ctrl-z>q");
    assert_ne!(played.app.theme, "dark");
    assert_eq!((played.notes.suspended, played.ended), (1, Ended::Quit));
}

#[test]
fn a_vectors_file_is_shown_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.txt");
    std::fs::write(&path, "king 1.0 0.5\nqueen 0.9 0.6\nman 0.1 0.7\n").unwrap();
    let played = play_with(Some(Path::new(&path).into()), "king<enter>");
    played.shows("tiny");
    assert_eq!(played.app.words.answer.unwrap().neighbours[0].word, "queen");
}
