//! Actions in what lies on top of a screen.

use super::super::commands::{self, command};
use super::super::line::Line;
use super::super::overlay::{FilterForm, GoToEntry, Overlay};
use super::super::{Action, App, Effect, VectorsState};
use super::{moved, update};
use crate::jobs::FilterSettings;
use crate::vectors::filter;

impl App {
    /// Carries out an action in the overlay; `None` when it is not one of the overlay's.
    pub(super) fn update_overlay(&mut self, action: Action) -> Option<Vec<Effect>> {
        match action {
            Action::Cancel => self.overlay = None,
            Action::ShowHelp if matches!(self.overlay, Some(Overlay::Help { .. })) => self.overlay = None,
            Action::Accept => return Some(self.accept_overlay()),
            Action::Complete | Action::PreviousField => {
                if let Some(Overlay::Filter(form)) = &mut self.overlay {
                    let step = if action == Action::Complete { 1 } else { form.lines.len() - 1 };
                    form.field = (form.field + step) % form.lines.len();
                }
            }
            Action::First => self.move_in_overlay(isize::MIN),
            Action::Last => self.move_in_overlay(isize::MAX),
            _ => return None,
        }
        Some(Vec::new())
    }

    pub(super) fn move_in_overlay(&mut self, by: isize) {
        let length = match &self.overlay {
            Some(Overlay::Palette { input, .. }) => commands::palette(self, input.text()).len(),
            Some(Overlay::GoTo { input, .. }) => self.go_to_entries(input.text()).len(),
            _ => 0,
        };
        match &mut self.overlay {
            Some(Overlay::Help { scroll } | Overlay::Message { scroll, .. }) => {
                // Drawing knows how many lines there are and stops at the last.
                *scroll = scroll.saturating_add_signed(by).min(MOST_LINES);
            }
            Some(Overlay::Palette { selected, .. } | Overlay::GoTo { selected, .. }) => {
                *selected = moved(*selected, by, length);
            }
            Some(Overlay::Filter(form)) => form.field = moved(form.field, by.signum(), form.lines.len()),
            None => {}
        }
    }

    fn accept_overlay(&mut self) -> Vec<Effect> {
        match self.overlay.take() {
            Some(Overlay::Palette { input, selected }) => {
                let chosen =
                    commands::palette(self, input.text()).get(selected).map(|entry| entry.command.action);
                chosen.map_or_else(Vec::new, |action| update(self, action))
            }
            Some(Overlay::GoTo { input, selected }) => {
                let entry = self.go_to_entries(input.text()).into_iter().nth(selected);
                match entry {
                    Some(entry) => self.go_to_word(&entry.query),
                    None => Vec::new(),
                }
            }
            Some(Overlay::Filter(mut form)) => match form.settings() {
                Ok(settings) => {
                    self.inform(if settings.is_empty() {
                        String::from("no filter: every word may be an answer")
                    } else {
                        format!("only words with {}", settings.describe())
                    });
                    self.words.filter = settings;
                    self.ask_neighbours()
                }
                Err(error) => {
                    form.error = Some(error);
                    self.overlay = Some(Overlay::Filter(form));
                    Vec::new()
                }
            },
            Some(Overlay::Help { .. } | Overlay::Message { .. }) | None => Vec::new(),
        }
    }

    /// The entries of the go-to list for what is typed: the word of a rank, bookmarks, history
    /// (latest first).
    pub fn go_to_entries(&self, typed: &str) -> Vec<GoToEntry> {
        let typed = typed.trim();
        let mut entries: Vec<GoToEntry> = Vec::new();
        let rank = typed.replace(',', "").parse::<usize>().ok().and_then(|rank| rank.checked_sub(1));
        if let (VectorsState::Ready(vectors), Some(row)) = (&self.vectors, rank)
            && row < vectors.len()
        {
            let query = vectors.vocabulary().display(row).into_owned();
            entries.push(GoToEntry { query, reason: format!("rank {}", row + 1) });
        }
        let bookmarks = self.words.bookmarks.iter().map(|query| (query, "bookmark"));
        let history = self.words.history.iter().rev().map(|query| (query, "history"));
        for (query, reason) in bookmarks.chain(history) {
            if query.contains(typed) && !entries.iter().any(|entry| entry.query == *query) {
                entries.push(GoToEntry { query: query.clone(), reason: reason.into() });
            }
        }
        entries
    }
}

/// More lines than any help or message has.
const MOST_LINES: usize = 10_000;

impl Overlay {
    pub(super) fn type_text(&mut self, text: &str) -> Vec<Effect> {
        if let Some(line) = self.line_mut() {
            line.insert(text);
            self.text_changed();
        }
        Vec::new()
    }

    pub(super) fn edit_text(&mut self, action: Action) -> Vec<Effect> {
        if self.line_mut().and_then(|line| line.edit(action)) == Some(true) {
            self.text_changed();
        }
        Vec::new()
    }

    fn text_changed(&mut self) {
        match self {
            Self::Palette { selected, .. } | Self::GoTo { selected, .. } => *selected = 0,
            Self::Filter(form) => form.error = None,
            Self::Help { .. } | Self::Message { .. } => {}
        }
    }
}

impl From<&FilterSettings> for FilterForm {
    fn from(settings: &FilterSettings) -> Self {
        let ranks = settings.ranks.as_ref().map(|ranks| match ranks.end {
            usize::MAX => format!("{}-", ranks.start + 1),
            end => format!("{}-{end}", ranks.start + 1),
        });
        let words = settings.words.as_ref().map(|words| words.join(" "));
        let lines = [ranks, settings.pattern.clone(), words].map(|text| Line::new(text.unwrap_or_default()));
        Self { lines, field: 0, error: None }
    }
}

impl FilterForm {
    /// What the lines ask for, or what is wrong with them.
    fn settings(&self) -> Result<FilterSettings, String> {
        let [ranks, pattern, words] = self.lines.each_ref().map(|line| line.text().trim());
        let pattern = (!pattern.is_empty()).then(|| pattern.to_owned());
        if let Some(pattern) = &pattern {
            filter::read_pattern(pattern).map_err(|reason| format!("regex: {reason}"))?;
        }
        let words: Vec<String> = match words {
            file if file.starts_with('@') => vec![file.to_owned()],
            list => list.split([' ', ',']).filter(|word| !word.is_empty()).map(str::to_owned).collect(),
        };
        let rows = (!ranks.is_empty()).then(|| filter::read_ranks(ranks)).transpose();
        Ok(FilterSettings {
            ranks: rows.map_err(|reason| format!("ranks: {ranks}: {reason}; {}", filter::RANKS))?,
            pattern,
            words: (!words.is_empty()).then_some(words),
        })
    }
}

/// Keeps the help of a command in reach of the palette's text search.
pub(in crate::app) fn matches_typed(action: Action, typed: &str) -> bool {
    let command = command(action);
    let text = format!("{} {} {}", command.title, command.help, command.id()).to_lowercase();
    typed.to_lowercase().split_whitespace().all(|part| text.contains(part))
}
