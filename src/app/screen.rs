//! What a screen is to the frame around it.
//!
//! A screen is a type with its state that implements [`Screen`]; `screens/mod.rs` lists them all.
//! The frame keeps them as [`AnyScreen`] and asks whichever is in front.

use std::any::Any;

use serde_json::Value;

use super::command::{Command, entry};
use super::entry::{Entry, Reason};
use super::frame::Frame;
use super::news::{News, Wanted};
use super::overlay::{Form, ListEntry};
use crate::widgets::canvas::{Canvas, Target};
use crate::widgets::line::Line;

/// What a screen looks at. The frame opens it and keeps it for all screens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing that has to be opened.
    Nothing,
    /// Word vectors.
    Vectors,
    /// A model.
    Model,
}

/// A screen's place in the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its name in the configuration file and in sessions; also that of the command that shows it.
    pub id: &'static str,
    /// What its tab says.
    pub title: &'static str,
    /// What it looks at.
    pub needs: Needs,
    /// Whether `j`, `k`, `h` and `l` move through it as through a list.
    pub is_list: bool,
}

/// What a person can mean on any screen; each screen says what it does there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gesture {
    /// Go into the line that is typed into.
    EnterLine,
    /// Go on with what is selected or typed.
    Accept,
    /// Take the next suggestion, field or panel.
    Complete,
    /// Go to the field before.
    PreviousField,
    /// Move to the left.
    Left,
    /// Move to the right.
    Right,
}

/// What a gesture does on a screen at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Its title now ("go to queen"); `None` for that of the command.
    pub title: Option<String>,
    /// Why it does nothing now.
    pub unavailable: Option<Reason>,
    /// Whether it is worth a place in the footer.
    pub in_footer: bool,
}

impl Offer {
    /// It can be made, and is called what the command is called.
    pub fn plain() -> Self {
        Self { title: None, unavailable: None, in_footer: true }
    }

    /// It can be made, and is called `title` now.
    pub fn titled(title: impl Into<String>) -> Self {
        Self { title: Some(title.into()), ..Self::plain() }
    }

    /// It does nothing now, for this reason.
    pub fn none(reason: impl Into<Reason>) -> Self {
        Self { title: None, unavailable: Some(reason.into()), in_footer: false }
    }

    /// The same, not told in the footer.
    pub fn unadvertised(mut self) -> Self {
        self.in_footer = false;
        self
    }
}

/// Text for the clipboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// The text.
    pub text: String,
    /// What it is, for the message: `"queen"`, `25 lines (word, tab, score)`.
    pub what: String,
}

/// A screen: its state, and what the frame asks of it. `update` code changes state and starts work
/// through the [`Frame`]; it does no input or output itself.
pub trait Screen: Clone + Default + Send + 'static {
    /// Its place in the program.
    const PLACE: Place;
    /// Its own commands, in the order of the help.
    const COMMANDS: &'static [Command<Self>];

    /// What a gesture would do now.
    fn offer(&self, gesture: Gesture, frame: &Frame) -> Offer;

    /// Carries out a gesture that [`Screen::offer`] offers.
    fn gesture(&mut self, gesture: Gesture, frame: &mut Frame);

    /// Moves the selection down by so many entries (up, where negative; the ends hold).
    fn move_by(&mut self, rows: isize, frame: &mut Frame);

    /// The line that is typed into, while one has the focus.
    fn line(&mut self) -> Option<&mut Line> {
        None
    }

    /// Whether a line has the focus, so that printable keys are text.
    fn is_typing(&self) -> bool {
        false
    }

    /// The text of the line was changed.
    fn text_changed(&mut self, _frame: &mut Frame) {}

    /// Takes the focus away from the line.
    fn leave_line(&mut self, _frame: &mut Frame) {}

    /// Esc, first: stops the work that a person waits for. `false` when there was none.
    fn cancel_work(&mut self, _frame: &mut Frame) -> bool {
        false
    }

    /// Esc, then: takes one step out of what the screen looks at. `false` when there is nothing
    /// further out.
    fn step_out(&mut self, _frame: &mut Frame) -> bool {
        false
    }

    /// Takes note of what became of the things that all screens share.
    fn news(&mut self, _news: News, _frame: &mut Frame) {}

    /// Takes what another screen wants to be looked at; `false` where it is of no kind that this
    /// screen knows.
    fn take(&mut self, _wanted: &Wanted, _frame: &mut Frame) -> bool {
        false
    }

    /// What is selected, for the clipboard.
    fn copy(&self, _frame: &Frame) -> Option<Copied> {
        None
    }

    /// All that is listed, for the clipboard.
    fn copy_all(&self, _frame: &Frame) -> Option<Copied> {
        None
    }

    /// What was drawn at `target` was clicked: selects it.
    fn clicked(&mut self, _target: Target, _frame: &mut Frame) {}

    /// The wheel was turned over `target`, down by so many entries.
    fn scrolled(&mut self, _target: Option<Target>, rows: isize, frame: &mut Frame) {
        self.move_by(rows, frame);
    }

    /// A form of this screen was filled in; `Err` with what is wrong keeps it open.
    ///
    /// # Errors
    /// What is wrong with what was typed.
    fn form_filled(&mut self, _form: &Form, _frame: &mut Frame) -> Result<(), String> {
        Ok(())
    }

    /// The entries of this screen's list `id` for what is typed.
    fn list_entries(&self, _id: &str, _typed: &str, _frame: &Frame) -> Vec<ListEntry> {
        Vec::new()
    }

    /// An entry of this screen's list `id` was chosen.
    fn list_chosen(&mut self, _id: &str, _entry: &ListEntry, _frame: &mut Frame) {}

    /// What a person chose here (texts, views, bookmarks), to be kept with a session. Results are
    /// not part of it: they are computed again.
    fn choices(&self) -> Value;

    /// Goes back to what [`Screen::choices`] once gave.
    ///
    /// # Errors
    /// What in `choices` is not understood; nothing is changed then.
    fn restore(&mut self, choices: Value) -> Result<(), String>;

    /// What outlives the program by itself (bookmarks, history); null where there is nothing.
    fn memory(&self) -> Value {
        Value::Null
    }

    /// Takes back what [`Screen::memory`] gave to an earlier run.
    ///
    /// # Errors
    /// What in it is not understood; nothing is changed then.
    fn remember(&mut self, _memory: Value) -> Result<(), String> {
        Ok(())
    }

    /// Draws the screen over the canvas.
    fn draw(&self, frame: &Frame, canvas: &mut Canvas<'_>);
}

/// A [`Screen`] whose type the frame does not know. Commands are told by their index.
#[allow(missing_docs)] // Each method is that of `Screen`.
pub trait AnyScreen: Any + Send {
    fn place(&self) -> Place;
    fn entries(&self) -> Vec<Entry>;
    fn unavailable(&self, command: usize, frame: &Frame) -> Option<Reason>;
    fn is_in_footer(&self, command: usize, frame: &Frame) -> bool;
    fn run(&mut self, command: usize, frame: &mut Frame);
    fn offer(&self, gesture: Gesture, frame: &Frame) -> Offer;
    fn gesture(&mut self, gesture: Gesture, frame: &mut Frame);
    fn move_by(&mut self, rows: isize, frame: &mut Frame);
    fn line(&mut self) -> Option<&mut Line>;
    fn is_typing(&self) -> bool;
    fn text_changed(&mut self, frame: &mut Frame);
    fn leave_line(&mut self, frame: &mut Frame);
    fn cancel_work(&mut self, frame: &mut Frame) -> bool;
    fn step_out(&mut self, frame: &mut Frame) -> bool;
    fn news(&mut self, news: News, frame: &mut Frame);
    fn take(&mut self, wanted: &Wanted, frame: &mut Frame) -> bool;
    fn copy(&self, frame: &Frame) -> Option<Copied>;
    fn copy_all(&self, frame: &Frame) -> Option<Copied>;
    fn clicked(&mut self, target: Target, frame: &mut Frame);
    fn scrolled(&mut self, target: Option<Target>, rows: isize, frame: &mut Frame);
    fn form_filled(&mut self, form: &Form, frame: &mut Frame) -> Result<(), String>;
    fn list_entries(&self, id: &str, typed: &str, frame: &Frame) -> Vec<ListEntry>;
    fn list_chosen(&mut self, id: &str, entry: &ListEntry, frame: &mut Frame);
    fn choices(&self) -> Value;
    fn restore(&mut self, choices: Value) -> Result<(), String>;
    fn memory(&self) -> Value;
    fn remember(&mut self, memory: Value) -> Result<(), String>;
    fn draw(&self, frame: &Frame, canvas: &mut Canvas<'_>);
    fn boxed(&self) -> Box<dyn AnyScreen>;
    fn as_any(&self) -> &dyn Any;
    fn as_any_mut(&mut self) -> &mut dyn Any;
}

impl<S: Screen> AnyScreen for S {
    fn place(&self) -> Place {
        S::PLACE
    }

    fn entries(&self) -> Vec<Entry> {
        S::COMMANDS.iter().map(entry).collect()
    }

    fn unavailable(&self, command: usize, frame: &Frame) -> Option<Reason> {
        (S::COMMANDS[command].availability)(self, frame).err()
    }

    fn is_in_footer(&self, command: usize, frame: &Frame) -> bool {
        (S::COMMANDS[command].advertised)(self, frame)
    }

    fn run(&mut self, command: usize, frame: &mut Frame) {
        (S::COMMANDS[command].run)(self, frame);
    }

    fn offer(&self, gesture: Gesture, frame: &Frame) -> Offer {
        Screen::offer(self, gesture, frame)
    }

    fn gesture(&mut self, gesture: Gesture, frame: &mut Frame) {
        Screen::gesture(self, gesture, frame);
    }

    fn move_by(&mut self, rows: isize, frame: &mut Frame) {
        Screen::move_by(self, rows, frame);
    }

    fn line(&mut self) -> Option<&mut Line> {
        Screen::line(self)
    }

    fn is_typing(&self) -> bool {
        Screen::is_typing(self)
    }

    fn text_changed(&mut self, frame: &mut Frame) {
        Screen::text_changed(self, frame);
    }

    fn leave_line(&mut self, frame: &mut Frame) {
        Screen::leave_line(self, frame);
    }

    fn cancel_work(&mut self, frame: &mut Frame) -> bool {
        Screen::cancel_work(self, frame)
    }

    fn step_out(&mut self, frame: &mut Frame) -> bool {
        Screen::step_out(self, frame)
    }

    fn news(&mut self, news: News, frame: &mut Frame) {
        Screen::news(self, news, frame);
    }

    fn take(&mut self, wanted: &Wanted, frame: &mut Frame) -> bool {
        Screen::take(self, wanted, frame)
    }

    fn copy(&self, frame: &Frame) -> Option<Copied> {
        Screen::copy(self, frame)
    }

    fn copy_all(&self, frame: &Frame) -> Option<Copied> {
        Screen::copy_all(self, frame)
    }

    fn clicked(&mut self, target: Target, frame: &mut Frame) {
        Screen::clicked(self, target, frame);
    }

    fn scrolled(&mut self, target: Option<Target>, rows: isize, frame: &mut Frame) {
        Screen::scrolled(self, target, rows, frame);
    }

    fn form_filled(&mut self, form: &Form, frame: &mut Frame) -> Result<(), String> {
        Screen::form_filled(self, form, frame)
    }

    fn list_entries(&self, id: &str, typed: &str, frame: &Frame) -> Vec<ListEntry> {
        Screen::list_entries(self, id, typed, frame)
    }

    fn list_chosen(&mut self, id: &str, entry: &ListEntry, frame: &mut Frame) {
        Screen::list_chosen(self, id, entry, frame);
    }

    fn choices(&self) -> Value {
        Screen::choices(self)
    }

    fn restore(&mut self, choices: Value) -> Result<(), String> {
        Screen::restore(self, choices)
    }

    fn memory(&self) -> Value {
        Screen::memory(self)
    }

    fn remember(&mut self, memory: Value) -> Result<(), String> {
        Screen::remember(self, memory)
    }

    fn draw(&self, frame: &Frame, canvas: &mut Canvas<'_>) {
        Screen::draw(self, frame, canvas);
    }

    fn boxed(&self) -> Box<dyn AnyScreen> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}
