//! What the commands of the screen *Words* do.

use std::sync::Arc;

use super::state::{Focus, Panel, Words};
use super::work::{Compare, Complete, FindNeighbours, TakeApart};
use crate::app::overlay::{Field, Form, List, ListEntry};
use crate::app::{Frame, Overlay, moved};
use crate::jobs::Job;
use crate::vectors::explain::{Origin, Suggestions};
use crate::vectors::filter::{self, FilterSettings};
use crate::widgets::canvas::Target;
use crate::widgets::line::Line;

/// How many suggestions are asked for.
const SUGGESTIONS: usize = 20;
/// The numbers of neighbours that `more` and `fewer` go through.
const COUNTS: [usize; 6] = [10, 25, 50, 100, 250, 1000];

/// The kind of target that a neighbour is.
pub(super) const NEIGHBOUR: &str = "neighbour";
/// The kind of target that the line is.
pub(super) const LINE: &str = "line";

impl Words {
    pub(super) fn ask_neighbours(&mut self, frame: &mut Frame) {
        if self.chosen.input.is_blank() {
            self.unknown = None;
            self.answer = None;
            self.chosen.panel = Panel::Strip;
            frame.cancel(FindNeighbours::SLOT);
            return;
        }
        let Some(vectors) = frame.vectors.open().map(Arc::clone) else { return };
        frame.start::<Self, _>(FindNeighbours {
            vectors,
            query: self.chosen.input.text().trim_ascii().to_owned(),
            count: self.chosen.count,
            filter: self.chosen.filter.clone(),
            kept: Arc::clone(&self.kept_filter),
        });
    }

    pub(super) fn ask_suggestions(&mut self, frame: &mut Frame) {
        if self.chosen.input.is_blank() {
            self.suggestions = Suggestions::default();
            frame.cancel(Complete::SLOT);
            return;
        }
        let (Some(vectors), Some(lookup)) = (frame.vectors.open(), &frame.lookup) else { return };
        let (vectors, lookup) = (Arc::clone(vectors), Arc::clone(lookup));
        let typed = self.chosen.input.text().to_owned();
        let cursor = self.chosen.input.cursor_byte();
        frame.start::<Self, _>(Complete { vectors, lookup, typed, cursor, limit: SUGGESTIONS });
    }

    fn ask_both(&mut self, frame: &mut Frame) {
        self.ask_neighbours(frame);
        self.ask_suggestions(frame);
    }

    /// Enter: from the list to the selected word; from the line to the list, or, for an unknown
    /// word, to the first suggestion.
    pub(super) fn accept(&mut self, frame: &mut Frame) {
        if self.chosen.focus == Focus::List {
            if let Some(word) = self.selected_neighbour().map(|neighbour| neighbour.word.clone()) {
                self.go_to(&word, frame);
            }
            return;
        }
        if self.chosen.input.is_blank() {
            self.chosen.focus = Focus::List;
            return;
        }
        let typed = self.chosen.input.text().trim_ascii().to_owned();
        let unknown = self.unknown.as_ref().is_some_and(|unknown| unknown.query == typed);
        let fresh = self.suggestions.typed.trim_ascii() == typed;
        match self.suggestions.items.first() {
            Some(first) if unknown && fresh => {
                let (query, _) = self.suggestions.completed(&first.word);
                let wrong = self.suggestions.typed[self.suggestions.range.clone()].trim_ascii();
                frame.inform(format!("\"{wrong}\" is not among the words: went to {query}"));
                self.go_to(&query, frame);
            }
            _ if unknown => {}
            _ => {
                self.chosen.remember(typed);
                self.chosen.focus = Focus::List;
            }
        }
    }

    /// Asks for `word` as if it had been typed and accepted.
    pub(super) fn go_to(&mut self, word: &str, frame: &mut Frame) {
        self.chosen.input.set(word);
        self.chosen.focus = Focus::List;
        self.chosen.remember(word.to_owned());
        self.ask_both(frame);
    }

    /// Puts the next suggestion into the line.
    pub(super) fn complete(&mut self, frame: &mut Frame) {
        if self.chosen.focus == Focus::List {
            self.chosen.focus = Focus::Input;
            return;
        }
        let suggestions = &self.suggestions;
        // Suggestions for an earlier text fit no other.
        if suggestions.typed != self.chosen.input.text() {
            return;
        }
        let typed = suggestions.typed[suggestions.range.clone()].trim_ascii().trim_matches('"');
        let Some(next) = suggestions.items.iter().find(|item| item.word != typed) else { return };
        let (text, cursor) = suggestions.completed(&next.word);
        self.chosen.input.set_with_cursor(text, cursor);
        self.ask_both(frame);
    }

    pub(super) fn walk_history(&mut self, forward: bool, frame: &mut Frame) {
        let position = self.chosen.history_position;
        let next = if forward { position.checked_add(1) } else { position.checked_sub(1) };
        let found = next.and_then(|next| Some((next, self.chosen.history.get(next)?.clone())));
        if let Some((next, query)) = found {
            self.chosen.history_position = next;
            self.chosen.input.set(query);
            self.ask_both(frame);
        }
    }

    pub(super) fn toggle_bookmark(&mut self, frame: &mut Frame) {
        let Some(query) = self.answer.as_ref().map(|answer| answer.query.clone()) else { return };
        if self.is_bookmarked(&query) {
            self.chosen.bookmarks.retain(|mark| *mark != query);
            frame.inform(format!("forgot the bookmark {query}"));
        } else {
            frame.inform(format!("bookmarked {query}"));
            self.chosen.bookmarks.push(query);
        }
    }

    pub(super) fn change_count(&mut self, more: bool, frame: &mut Frame) {
        let present = self.chosen.count;
        let next = if more {
            COUNTS.iter().copied().find(|count| *count > present)
        } else {
            COUNTS.iter().copied().rev().find(|count| *count < present)
        };
        let Some(next) = next else {
            let which = if more { "largest" } else { "smallest" };
            frame.warn(format!("{present} is the {which} number of neighbours"));
            return;
        };
        self.chosen.count = next;
        frame.inform(format!("the {next} nearest words"));
        self.ask_neighbours(frame);
    }

    pub(super) fn move_selection(&mut self, rows: isize, frame: &mut Frame) {
        let length = self.answer.as_ref().map_or(0, |answer| answer.neighbours.len());
        self.chosen.selected = moved(self.chosen.selected, rows, length);
        self.refresh_panel(frame);
    }

    pub(super) fn select_target(&mut self, target: Target, frame: &mut Frame) {
        match target.kind {
            LINE => self.chosen.focus = Focus::Input,
            NEIGHBOUR => {
                self.chosen.focus = Focus::List;
                self.chosen.selected = target.row;
                self.move_selection(0, frame);
            }
            _ => {}
        }
    }

    pub(super) fn toggle_comparison(&mut self, frame: &mut Frame) {
        self.toggle_panel(Panel::Comparison, frame);
    }

    pub(super) fn toggle_subwords(&mut self, frame: &mut Frame) {
        self.toggle_panel(Panel::Subwords, frame);
    }

    fn toggle_panel(&mut self, panel: Panel, frame: &mut Frame) {
        self.chosen.panel = if self.chosen.panel == panel { Panel::Strip } else { panel };
        (self.comparison, self.subwords) = (None, None);
        self.refresh_panel(frame);
    }

    /// Goes back to the strip; `false` when it is shown already.
    pub(super) fn close_panel(&mut self, frame: &mut Frame) -> bool {
        if self.chosen.panel == Panel::Strip {
            return false;
        }
        self.chosen.panel = Panel::Strip;
        frame.cancel(Compare::SLOT);
        frame.cancel(TakeApart::SLOT);
        true
    }

    pub(super) fn cancel_search(&mut self, frame: &mut Frame) -> bool {
        let running = frame.is_running(FindNeighbours::SLOT);
        if running {
            frame.cancel(FindNeighbours::SLOT);
            frame.inform("the search was cancelled");
        }
        running
    }

    /// Brings the lower part of the screen up to the query and the selection. What it shows
    /// stays until the new content is there.
    pub(super) fn refresh_panel(&mut self, frame: &mut Frame) {
        let (Some(vectors), Some(answer)) = (frame.vectors.open().map(Arc::clone), &self.answer) else {
            return;
        };
        match self.chosen.panel {
            Panel::Strip => {}
            Panel::Comparison => {
                if let Some(selected) = self.selected_neighbour() {
                    let (left, right) = (answer.query.clone(), selected.row);
                    frame.start::<Self, _>(Compare { vectors, left, right });
                }
            }
            Panel::Subwords if answer.origin == Origin::Expression => self.chosen.panel = Panel::Strip,
            Panel::Subwords => {
                let word = answer.query.clone();
                frame.start::<Self, _>(TakeApart { vectors, word });
            }
        }
    }

    pub(super) fn show_go_to(&mut self, frame: &mut Frame) {
        frame.overlay = Some(Overlay::List(List {
            id: "go-to",
            title: "Go to a bookmark, an earlier query, or a rank",
            nothing: "no bookmark or earlier query; type a rank such as 500",
            ..List::default()
        }));
    }

    /// Where one can go to for what is typed: the word of a rank, bookmarks, history (latest first).
    pub(super) fn places_to_go(&self, typed: &str, frame: &Frame) -> Vec<ListEntry> {
        let typed = typed.trim_ascii();
        let mut entries: Vec<ListEntry> = Vec::new();
        let rank = typed.replace(',', "").parse::<usize>().ok().and_then(|rank| rank.checked_sub(1));
        if let (Some(vectors), Some(row)) = (frame.vectors.open(), rank)
            && row < vectors.len()
        {
            let text = vectors.vocabulary().display(row).into_owned();
            entries.push(ListEntry { text, reason: format!("rank {}", row + 1) });
        }
        let bookmarks = self.chosen.bookmarks.iter().map(|query| (query, "bookmark"));
        let history = self.chosen.history.iter().rev().map(|query| (query, "history"));
        for (query, reason) in bookmarks.chain(history) {
            if query.contains(typed) && !entries.iter().any(|entry| entry.text == *query) {
                entries.push(ListEntry { text: query.clone(), reason: reason.into() });
            }
        }
        entries
    }

    pub(super) fn show_filter(&mut self, frame: &mut Frame) {
        frame.overlay = Some(Overlay::Form(filter_form(&self.chosen.filter)));
    }

    pub(super) fn use_filter(&mut self, form: &Form, frame: &mut Frame) -> Result<(), String> {
        let settings = filter_settings(form)?;
        frame.inform(if settings.is_empty() {
            String::from("no filter: every word may be an answer")
        } else {
            format!("only words with {}", settings.describe())
        });
        self.chosen.filter = settings;
        // A list that is asked for again is read again.
        self.kept_filter = Arc::default();
        self.ask_neighbours(frame);
        Ok(())
    }
}

/// The three conditions of a filter, as lines to be filled in.
pub fn filter_form(settings: &FilterSettings) -> Form {
    let ranks = settings.ranks.as_ref().map(|ranks| match ranks.end {
        usize::MAX => format!("{}-", ranks.start + 1),
        end => format!("{}-{end}", ranks.start + 1),
    });
    let words = settings.words.as_ref().map(|words| words.join(" "));
    let field = |label, example, text: Option<String>| Field {
        label,
        example,
        line: Line::new(text.unwrap_or_default()),
    };
    Form {
        id: "filter",
        title: "Which words may be answers",
        fields: vec![
            field("ranks", "1-5000", ranks),
            field("regex", "^[a-z]+$", settings.pattern.clone()),
            field("words", "cat dog mouse, or @words.txt", words),
        ],
        note: "An empty line sets no condition.",
        ..Form::default()
    }
}

/// What the lines of the form ask for, or what is wrong with them.
fn filter_settings(form: &Form) -> Result<FilterSettings, String> {
    let text = |index: usize| form.fields.get(index).map_or("", |field| field.line.text().trim());
    let (ranks, pattern, words) = (text(0), text(1), text(2));
    let pattern = (!pattern.is_empty()).then(|| pattern.to_owned());
    if let Some(pattern) = &pattern {
        filter::read_pattern(pattern).map_err(|reason| format!("regex: {reason}"))?;
    }
    let words: Vec<String> = match words {
        file if file.starts_with('@') => vec![file.to_owned()],
        list => list.split([' ', ',']).filter(|word| !word.is_empty()).map(str::to_owned).collect(),
    };
    let rows = (!ranks.is_empty()).then(|| filter::read_ranks(ranks)).transpose();
    let ranks = rows.map_err(|reason| format!("ranks: {ranks}: {reason}; {}", filter::RANKS))?;
    Ok(FilterSettings { ranks, pattern, words: (!words.is_empty()).then_some(words) })
}
