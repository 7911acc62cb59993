//! What follows from keys, pasted text and finished work.

mod analogy;
mod attention;
mod copy;
mod finished;
mod overlay;
mod positions;
mod words;

pub(super) use overlay::matches_typed;

use std::sync::Arc;

use super::analogy::AnalogyFocus;
use super::attention::{AttentionFocus, AttentionPanel};
use super::commands::command;
use super::key::Key;
use super::overlay::Overlay;
use super::pending::Pending;
use super::positions::PositionsFocus;
use super::words::{WordsFocus, WordsPanel};
use super::{Action, App, Effect, ModelState, Screen, Severity, Status, VectorsState};
use crate::jobs::{Finished, Request, Slot};
use crate::progress::Progress;

/// How many entries a page has.
const PAGE: isize = 10;

/// What happened outside of the state.
#[derive(Debug, Clone)]
pub enum Message {
    /// A key went down.
    Key(Key),
    /// Text was pasted.
    Paste(String),
    /// The wheel was turned so many notches down.
    Scroll(isize),
    /// The screen has another size, or must be drawn again for another reason.
    Redraw,
    /// Time has passed while a spinner is to be shown.
    Tick,
    /// A piece of work came to its end.
    Finished(Finished),
}

/// What to do after the first frame: open the vectors.
pub fn start(app: &mut App) -> Vec<Effect> {
    app.open()
}

/// Takes in a message; the clock is [`App::now`], set by the caller before.
pub fn handle(app: &mut App, message: Message) -> Vec<Effect> {
    match message {
        Message::Key(key) => match app.keymap.action(key, &app.contexts()) {
            Some(action) => update(app, action),
            None => match key.typed() {
                Some(character) if app.is_typing() => app.type_text(&character.to_string()),
                _ => Vec::new(),
            },
        },
        Message::Paste(text) => app.type_text(&text),
        Message::Scroll(notches) => app.move_selection(notches.saturating_mul(3)),
        // A terminal that was smaller for a moment has lost what stood there, even if it is
        // as large as before by now.
        Message::Redraw => vec![Effect::Redraw],
        Message::Tick => {
            app.changed |= app.is_late();
            Vec::new()
        }
        Message::Finished(finished) => app.finished(finished),
    }
}

/// Carries out an action. A command that is not available says why in the status line.
pub fn update(app: &mut App, action: Action) -> Vec<Effect> {
    app.changed = true;
    if let Err(reason) = (command(action).availability)(app) {
        app.warn(format!("{}: {reason}", command(action).title));
        return Vec::new();
    }
    if action.edits_text() {
        return app.edit_text(action);
    }
    if app.overlay.is_some()
        && let Some(effects) = app.update_overlay(action)
    {
        return effects;
    }
    app.update_general(action)
}

impl App {
    fn update_general(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Quit => self.quit = true,
            Action::Suspend => return vec![Effect::Suspend],
            Action::Redraw => return vec![Effect::Redraw],
            Action::Cancel => return self.cancel(),
            Action::ShowHelp => self.overlay = Some(Overlay::Help { scroll: 0 }),
            Action::ShowPalette => {
                self.overlay = Some(Overlay::Palette { input: Default::default(), selected: 0 });
            }
            Action::ShowMessage => {
                let text = self.status.as_ref().map(|status| status.text.clone()).unwrap_or_default();
                self.overlay = Some(Overlay::Message { title: "message".into(), text, scroll: 0 });
            }
            Action::ShowWords => return self.go_to_screen(Screen::Words),
            Action::ShowAnalogy => return self.go_to_screen(Screen::Analogy),
            Action::ShowAttention => return self.go_to_screen(Screen::Attention),
            Action::ShowPositions => return self.go_to_screen(Screen::Positions),
            Action::NextScreen => {
                return self.go_to_screen(attention::after(&Screen::ALL, self.screen));
            }
            Action::NextTheme => return self.next_theme(),
            Action::ToggleMouse => {
                self.mouse = !self.mouse;
                let text = if self.mouse {
                    "the wheel scrolls lists; M gives the mouse back to the terminal"
                } else {
                    "the mouse selects text again"
                };
                self.inform(text);
                return vec![Effect::Mouse(self.mouse)];
            }
            Action::Reopen if self.screen.needs_model() => return self.open_model(),
            Action::Reopen => return self.open(),
            Action::OpenShipped if self.screen.needs_model() => {
                self.model_name = None;
                return self.open_model();
            }
            Action::OpenShipped => {
                self.path = None;
                return self.open();
            }
            Action::Down => return self.move_selection(1),
            Action::Up => return self.move_selection(-1),
            Action::PageDown => return self.move_selection(PAGE),
            Action::PageUp => return self.move_selection(-PAGE),
            Action::First => return self.move_selection(isize::MIN),
            Action::Last => return self.move_selection(isize::MAX),
            Action::Copy => return self.copy_selected(),
            Action::CopyList => return self.copy_list(),
            _ => {
                return match self.screen {
                    Screen::Words => self.update_words(action),
                    Screen::Analogy => self.update_analogy(action),
                    Screen::Attention => self.update_attention(action),
                    Screen::Positions => self.update_positions(action),
                };
            }
        }
        Vec::new()
    }

    /// Opens the vectors, in place of those that are open.
    fn open(&mut self) -> Vec<Effect> {
        let name = match &self.path {
            Some(path) => path.display().to_string(),
            None => String::from("the shipped vectors"),
        };
        let progress = Arc::new(Progress::default());
        let generation = self.next_generation();
        self.vectors = VectorsState::Opening { name, progress: Arc::clone(&progress), since: self.now };
        self.opening = Pending::default();
        self.opening.await_generation(generation, self.now);
        self.lookup = None;
        self.changed = true;
        vec![Effect::Start { generation, request: Request::Open { path: self.path.clone() }, progress }]
    }

    /// Starts `request`, awaited by `pending`.
    fn begin(&mut self, request: Request, pending: fn(&mut Self) -> &mut Pending) -> Effect {
        let generation = self.next_generation();
        let now = self.now;
        pending(self).await_generation(generation, now);
        Effect::Start { generation, request, progress: Arc::default() }
    }

    fn next_generation(&mut self) -> u64 {
        self.generation += 1;
        self.generation
    }

    /// Esc: one step out of whatever is transient.
    fn cancel(&mut self) -> Vec<Effect> {
        if self.words.searching.is_running() && self.screen == Screen::Words {
            self.words.searching.clear();
            self.inform("the search was cancelled");
            return vec![Effect::Cancel(Slot::Neighbours)];
        }
        if self.analogy.searching.is_running() && self.screen == Screen::Analogy {
            self.analogy.searching.clear();
            self.inform("the search was cancelled");
            return vec![Effect::Cancel(Slot::Analogy)];
        }
        if self.screen.needs_model()
            && let Some(effects) = self.cancel_model_work()
        {
            return effects;
        }
        if self.is_typing() {
            self.leave_line();
            return Vec::new();
        }
        if self.screen == Screen::Attention && self.zoom_out() {
            return Vec::new();
        }
        if let (VectorsState::Opening { name, .. }, false) = (&self.vectors, self.screen.needs_model()) {
            self.vectors = VectorsState::Failed {
                message: format!("opening {name} was cancelled"),
                way_out: self.way_out(),
            };
            self.opening.clear();
            return vec![Effect::Cancel(Slot::Open)];
        }
        if self.screen == Screen::Words && self.words.panel != WordsPanel::Strip {
            self.words.panel = WordsPanel::Strip;
            self.words.panel_pending.clear();
            return vec![Effect::Cancel(Slot::Panel)];
        }
        self.status = None;
        Vec::new()
    }

    /// Stops what runs on a model; `None` when nothing does.
    fn cancel_model_work(&mut self) -> Option<Vec<Effect>> {
        let attention = self.screen == Screen::Attention;
        let (slot, what) = if attention && self.attention.running.is_running() {
            self.attention.running.clear();
            self.attention.problem = Some("the pass was cancelled; Enter in the line runs it again".into());
            (Slot::Pass, "the pass was cancelled")
        } else if attention && self.attention.changing.is_running() {
            self.attention.changing.clear();
            self.change_failed();
            (Slot::ChangedPass, "the change was cancelled")
        } else if attention && self.attention.inspecting.is_running() {
            self.attention.inspecting.clear();
            self.attention.panel = AttentionPanel::Row;
            (Slot::Inspect, "the work for the panel was cancelled")
        } else if !attention && self.positions.experimenting.is_running() {
            self.positions.experimenting.clear();
            (Slot::Experiments, "the experiments were cancelled")
        } else if let (ModelState::Opening { name, .. }, false) = (&self.model, self.is_typing()) {
            let message = format!("opening {name} was cancelled");
            self.model = ModelState::Failed { message, way_out: self.model_way_out() };
            self.opening_model.clear();
            return Some(vec![Effect::Cancel(Slot::Model)]);
        } else {
            return None;
        };
        self.inform(what);
        Some(vec![Effect::Cancel(slot)])
    }

    fn go_to_screen(&mut self, screen: Screen) -> Vec<Effect> {
        self.screen = screen;
        if screen.needs_model() { self.enter_model_screen() } else { Vec::new() }
    }

    fn leave_line(&mut self) {
        match self.screen {
            Screen::Words => self.words.focus = WordsFocus::List,
            Screen::Analogy => {
                self.analogy.focus =
                    if self.analogy.in_multiply { AnalogyFocus::Multiply } else { AnalogyFocus::Add };
            }
            Screen::Attention => self.attention.focus = AttentionFocus::Maps,
            Screen::Positions => self.positions.focus = PositionsFocus::Table,
        }
    }

    /// What to do when vectors cannot be opened, with the keys that the person has.
    fn way_out(&self) -> String {
        let key =
            |action| self.keymap.keys(action).first().map_or_else(|| String::from("?"), ToString::to_string);
        let shipped = match self.path {
            Some(_) => format!("{} opens the vectors shipped inside, ", key(Action::OpenShipped)),
            None => String::new(),
        };
        format!(
            "{} opens it again, {shipped}{} leaves (Esc first, while typing)",
            key(Action::Reopen),
            key(Action::Quit)
        )
    }

    /// What to do when a model cannot be opened, with the keys that the person has.
    fn model_way_out(&self) -> String {
        let key =
            |action| self.keymap.keys(action).first().map_or_else(|| String::from("?"), ToString::to_string);
        let shipped = match self.model_name {
            Some(_) => format!(", {} opens the shipped model", key(Action::OpenShipped)),
            None => String::new(),
        };
        format!("{} opens it again{shipped}", key(Action::Reopen))
    }

    fn next_theme(&mut self) -> Vec<Effect> {
        let position = self.themes.iter().position(|theme| *theme == self.theme);
        let next = position.map_or(0, |index| index + 1);
        let Some(theme) = self.themes.get(next).or(self.themes.first()) else { return Vec::new() };
        self.theme.clone_from(theme);
        self.inform(format!("theme {}", self.theme));
        vec![Effect::UseTheme(self.theme.clone())]
    }

    fn type_text(&mut self, text: &str) -> Vec<Effect> {
        self.changed = true;
        self.status = None;
        if let Some(overlay) = &mut self.overlay {
            return overlay.type_text(text);
        }
        match self.screen {
            Screen::Words if self.is_typing() => {
                self.words.input.insert(text);
                self.words_text_changed()
            }
            Screen::Analogy if self.is_typing() => {
                self.analogy_line().insert(text);
                self.ask_analogy()
            }
            Screen::Attention if self.is_typing() => {
                self.attention.input.insert(text);
                self.attention_text_changed()
            }
            Screen::Positions if self.is_typing() => {
                self.positions.input.insert(text);
                self.ask_experiments()
            }
            _ => Vec::new(),
        }
    }

    fn edit_text(&mut self, action: Action) -> Vec<Effect> {
        if let Some(overlay) = &mut self.overlay {
            return overlay.edit_text(action);
        }
        match self.screen {
            Screen::Words => match self.words.input.edit(action) {
                Some(true) => self.words_text_changed(),
                _ => Vec::new(),
            },
            Screen::Analogy => match self.analogy_line().edit(action) {
                Some(true) => self.ask_analogy(),
                _ => Vec::new(),
            },
            Screen::Attention => match self.attention.input.edit(action) {
                Some(true) => self.attention_text_changed(),
                _ => Vec::new(),
            },
            Screen::Positions => match self.positions.input.edit(action) {
                Some(true) => self.ask_experiments(),
                _ => Vec::new(),
            },
        }
    }

    fn move_selection(&mut self, by: isize) -> Vec<Effect> {
        self.changed = true;
        if self.overlay.is_some() {
            self.move_in_overlay(by);
            return Vec::new();
        }
        match self.screen {
            Screen::Words => {
                let length = self.words.answer.as_ref().map_or(0, |answer| answer.neighbours.len());
                self.words.selected = moved(self.words.selected, by, length);
                self.refresh_panel()
            }
            Screen::Analogy => {
                let length = self.analogy.selected_list().len();
                self.analogy.selected = moved(self.analogy.selected, by, length);
                Vec::new()
            }
            Screen::Attention => self.move_cell(by, 0),
            Screen::Positions => {
                self.move_in_table(by, 0);
                Vec::new()
            }
        }
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
}

/// `selected` moved by `by` within a list of `length`; never out of it.
fn moved(selected: usize, by: isize, length: usize) -> usize {
    selected.saturating_add_signed(by).min(length.saturating_sub(1))
}

#[cfg(test)]
mod tests;
