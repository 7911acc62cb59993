//! Actions on the screen Words.

use std::sync::Arc;

use super::super::line::Line;
use super::super::overlay::{FilterForm, Overlay};
use super::super::words::{WordsFocus, WordsPanel};
use super::super::{Action, App, Effect, VectorsState, WordsState};
use crate::jobs::answers::{Origin, Suggestions};
use crate::jobs::{Request, Slot};

/// How many suggestions are asked for.
const SUGGESTIONS: usize = 20;
/// How many queries the history keeps.
const HISTORY: usize = 500;
/// The numbers of neighbours that `more` and `fewer` go through.
const COUNTS: [usize; 6] = [10, 25, 50, 100, 250, 1000];

impl App {
    pub(super) fn update_words(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Search => self.words.focus = WordsFocus::Input,
            Action::Accept => return self.accept_word(),
            Action::Complete => return self.complete_word(),
            Action::Back => return self.walk_history(false),
            Action::Forward => return self.walk_history(true),
            Action::Compare => return self.toggle_comparison(),
            Action::Subwords => return self.toggle_subwords(),
            Action::Filter => self.overlay = Some(Overlay::Filter(FilterForm::from(&self.words.filter))),
            Action::Bookmark => self.toggle_bookmark(),
            Action::GoTo => self.overlay = Some(Overlay::GoTo { input: Line::default(), selected: 0 }),
            Action::More => return self.change_count(true),
            Action::Fewer => return self.change_count(false),
            _ => {}
        }
        Vec::new()
    }

    /// Searches for what is typed and completes it.
    pub(super) fn words_text_changed(&mut self) -> Vec<Effect> {
        let mut effects = self.ask_neighbours();
        effects.extend(self.ask_suggestions());
        effects
    }

    pub(super) fn ask_neighbours(&mut self) -> Vec<Effect> {
        if self.words.input.is_blank() {
            self.words.searching.clear();
            self.words.unknown = None;
            self.words.answer = None;
            self.words.panel = WordsPanel::Strip;
            return vec![Effect::Cancel(Slot::Neighbours)];
        }
        let VectorsState::Ready(vectors) = &self.vectors else { return Vec::new() };
        let request = Request::Neighbours {
            vectors: Arc::clone(vectors),
            query: self.words.input.text().trim().to_owned(),
            count: self.words.count,
            filter: self.words.filter.clone(),
        };
        vec![self.begin(request, |app| &mut app.words.searching)]
    }

    pub(super) fn ask_suggestions(&mut self) -> Vec<Effect> {
        if self.words.input.is_blank() {
            self.words.suggestions = Suggestions::default();
            self.words.completing.clear();
            return vec![Effect::Cancel(Slot::Complete)];
        }
        let (VectorsState::Ready(vectors), Some(lookup)) = (&self.vectors, &self.lookup) else {
            return Vec::new();
        };
        let request = Request::Complete {
            vectors: Arc::clone(vectors),
            lookup: Arc::clone(lookup),
            typed: self.words.input.text().to_owned(),
            limit: SUGGESTIONS,
        };
        vec![self.begin(request, |app| &mut app.words.completing)]
    }

    fn accept_word(&mut self) -> Vec<Effect> {
        if self.words.focus == WordsFocus::List {
            let Some(word) = self.words.selected_neighbour().map(|neighbour| neighbour.word.clone()) else {
                return Vec::new();
            };
            return self.go_to_word(&word);
        }
        if self.words.input.is_blank() {
            self.words.focus = WordsFocus::List;
            return Vec::new();
        }
        let typed = self.words.input.text().trim().to_owned();
        let unknown = self.words.unknown.as_ref().is_some_and(|unknown| unknown.query == typed);
        let fresh = self.words.suggestions.typed.trim() == typed;
        match self.words.suggestions.items.first() {
            Some(first) if unknown && fresh => {
                let word = first.word.clone();
                self.inform(format!("\"{typed}\" is not among the words: went to {word}"));
                self.go_to_word(&word)
            }
            _ if unknown => Vec::new(),
            _ => {
                self.words.remember(typed);
                self.words.focus = WordsFocus::List;
                Vec::new()
            }
        }
    }

    /// Asks for `word` as if it had been typed and accepted.
    pub(super) fn go_to_word(&mut self, word: &str) -> Vec<Effect> {
        self.words.input.set(word);
        self.words.focus = WordsFocus::List;
        self.words.remember(word.to_owned());
        self.words_text_changed()
    }

    /// Puts the next suggestion into the line.
    fn complete_word(&mut self) -> Vec<Effect> {
        if self.words.focus == WordsFocus::List {
            self.words.focus = WordsFocus::Input;
            return Vec::new();
        }
        let typed = self.words.input.text().trim();
        let items = &self.words.suggestions.items;
        let Some(next) = items.iter().find(|item| item.word != typed) else { return Vec::new() };
        let word = next.word.clone();
        self.words.input.set(word);
        self.words_text_changed()
    }

    fn walk_history(&mut self, forward: bool) -> Vec<Effect> {
        let position = self.words.history_position;
        let next = if forward { position.checked_add(1) } else { position.checked_sub(1) };
        let Some((next, query)) = next.and_then(|next| Some((next, self.words.history.get(next)?.clone())))
        else {
            return Vec::new();
        };
        self.words.history_position = next;
        self.words.input.set(query);
        self.words_text_changed()
    }

    fn toggle_bookmark(&mut self) {
        let Some(query) = self.words.answer.as_ref().map(|answer| answer.query.clone()) else { return };
        if self.words.is_bookmarked(&query) {
            self.words.bookmarks.retain(|mark| *mark != query);
            self.inform(format!("forgot the bookmark {query}"));
        } else {
            self.inform(format!("bookmarked {query}"));
            self.words.bookmarks.push(query);
        }
    }

    fn change_count(&mut self, more: bool) -> Vec<Effect> {
        let present = self.words.count;
        let next = if more {
            COUNTS.iter().copied().find(|count| *count > present)
        } else {
            COUNTS.iter().copied().rev().find(|count| *count < present)
        };
        let Some(next) = next else {
            self.warn(format!(
                "{present} is the {} number of neighbours",
                if more { "largest" } else { "smallest" }
            ));
            return Vec::new();
        };
        self.words.count = next;
        self.inform(format!("the {next} nearest words"));
        self.ask_neighbours()
    }

    fn toggle_comparison(&mut self) -> Vec<Effect> {
        if matches!(self.words.panel, WordsPanel::Comparison(_)) {
            self.words.panel = WordsPanel::Strip;
            return Vec::new();
        }
        self.words.panel = WordsPanel::Comparison(None);
        self.refresh_panel()
    }

    fn toggle_subwords(&mut self) -> Vec<Effect> {
        if matches!(self.words.panel, WordsPanel::Subwords(_)) {
            self.words.panel = WordsPanel::Strip;
            return Vec::new();
        }
        if self.words.answer.as_ref().is_some_and(|answer| answer.origin == Origin::Expression) {
            self.warn("subwords: an expression has none; ask for a single word");
            return Vec::new();
        }
        self.words.panel = WordsPanel::Subwords(None);
        self.refresh_panel()
    }

    /// Brings the lower part of the screen up to the query and the selection. What it shows
    /// stays until the new content is there.
    pub(super) fn refresh_panel(&mut self) -> Vec<Effect> {
        let (VectorsState::Ready(vectors), Some(answer)) = (&self.vectors, &self.words.answer) else {
            return Vec::new();
        };
        let vectors = Arc::clone(vectors);
        let request = match &self.words.panel {
            WordsPanel::Strip => return Vec::new(),
            WordsPanel::Comparison(_) => match self.words.selected_neighbour() {
                Some(selected) => {
                    Request::Compare { vectors, left: answer.query.clone(), right: selected.row }
                }
                None => return Vec::new(),
            },
            WordsPanel::Subwords(_) if answer.origin == Origin::Expression => {
                self.words.panel = WordsPanel::Strip;
                return Vec::new();
            }
            WordsPanel::Subwords(_) => Request::Subwords { vectors, word: answer.query.clone() },
        };
        vec![self.begin(request, |app| &mut app.words.panel_pending)]
    }
}

impl WordsState {
    /// Puts `query` behind the present place in the history; what lay ahead is forgotten.
    fn remember(&mut self, query: String) {
        if self.history.get(self.history_position) == Some(&query) {
            return;
        }
        self.history.truncate(self.history_position + 1);
        self.history.push(query);
        if self.history.len() > HISTORY {
            self.history.remove(0);
        }
        self.history_position = self.history.len() - 1;
    }
}
