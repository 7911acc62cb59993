//! What the commands of the screen *Attention* do, and what is asked of the background for it.

use std::sync::Arc;

use super::pass::{Inspection, Pass, Question};
use super::state::{Attention, CellStep, FIRST_TEXT, Focus, MapScale, Panel, Zoom};
use super::work::{
    Derive, ExplainCell, Figures, Inspect, MeasureImportance, RunChanged, RunPass, SLOTS, Tokenise,
};
use crate::analysis::maps::View;
use crate::analysis::{Stack, ranking};
use crate::app::{Frame, moved};
use crate::jobs::{Failure, Job, Slot};
use crate::model::Model;
use crate::model::interventions::PositionChange;
use crate::model::network::Kind;
use crate::model::tokenizer::Tokens;
use crate::model::trace::Keep;
use crate::widgets::canvas::Target;

/// The kind of target that the line is.
pub(super) const LINE: &str = "line";
/// The kind of target that a token of the line is.
pub(super) const TOKEN: &str = "token";
/// The kind of target that a cell of a map is: row and column are query and key.
pub(super) const CELL: &str = "cell";
/// The kind of target that the label of a map's row is.
pub(super) const QUERY: &str = "query";
/// The kind of target that the label of a map's column is.
pub(super) const KEY: &str = "key";
/// The kind of target that a head is: row and column are layer and head.
pub(super) const HEAD: &str = "head";
/// The kind of target that a layer is, in views of whole layers.
pub(super) const LAYER: &str = "layer";
/// The kind of target that a step of a cell's making is.
pub(super) const STEP: &str = "step";

/// Whether the open model looks at images, so that paths are typed in place of texts.
pub(super) fn looks_at_images(frame: &Frame) -> bool {
    frame.model.open().is_some_and(|model| model.network.kind == Kind::Vision)
}

/// Stops what runs in `slot`, if anything does.
fn stop(slot: Slot, frame: &mut Frame) {
    if frame.is_running(slot) {
        frame.cancel(slot);
    }
}

/// Typing, and the passes that follow from it.
impl Attention {
    /// Whether the line holds another text than the maps, and nothing runs that would change that.
    pub fn is_outdated(&self, frame: &Frame) -> bool {
        let other = self.before.as_ref().is_some_and(|pass| pass.text != self.chosen.input.text().trim());
        other && !frame.is_running(RunPass::SLOT)
    }

    pub(super) fn edit_text(&mut self, _: &mut Frame) {
        self.chosen.focus = Focus::Input;
    }

    /// From the line to the maps; a text whose pass was cancelled is run again.
    pub(super) fn accept_line(&mut self, frame: &mut Frame) {
        self.chosen.focus = Focus::Maps;
        let text = self.chosen.input.text().trim();
        let known = self.before.as_ref().is_some_and(|pass| pass.text == text);
        if !known && !frame.is_running(RunPass::SLOT) {
            self.ask_pass(frame);
        }
    }

    /// Forgets all that was computed for the model that was open, and what was chosen in it. What
    /// was typed and how it is looked at stay.
    pub(super) fn forget_model(&mut self, frame: &mut Frame) {
        SLOTS.into_iter().for_each(|slot| frame.cancel(slot));
        let mut chosen = std::mem::take(&mut self.chosen);
        if self.had_model {
            chosen = chosen.of_any_model();
        }
        *self = Self { chosen, had_model: self.had_model, ..Self::default() };
    }

    pub(super) fn model_opened(&mut self, frame: &mut Frame) {
        self.had_model = true;
        self.chosen.take_paths(looks_at_images(frame));
        self.ask_for_text(frame);
    }

    /// Tokens are counted in the text that is given up; heads are the same in every text.
    fn forget_changed_tokens(&mut self) {
        self.chosen.interventions.hidden_tokens.clear();
        self.chosen.interventions.positions = PositionChange::Keep;
    }

    pub(super) fn text_typed(&mut self, frame: &mut Frame) {
        if self.before.is_none() {
            self.forget_changed_tokens();
        }
        self.ask_for_text(frame);
    }

    /// Cuts what is typed into tokens and runs the model on it.
    fn ask_for_text(&mut self, frame: &mut Frame) {
        let Some(model) = frame.model.open().map(Arc::clone) else { return };
        // The path of an image is wrong until its last character: the old message stays until the
        // answer is there, so that nothing flickers.
        if !looks_at_images(frame) {
            self.problem = None;
            let text = self.chosen.input.text().trim().to_owned();
            frame.start::<Self, _>(Tokenise { model, text });
        }
        self.ask_pass(frame);
    }

    fn ask_pass(&mut self, frame: &mut Frame) {
        let Some(model) = frame.model.open().map(Arc::clone) else { return };
        if self.chosen.input.is_blank() {
            self.problem = None;
            frame.cancel(RunPass::SLOT);
            return;
        }
        let text = self.chosen.input.text().trim().to_owned();
        self.progress = frame.start::<Self, _>(RunPass { model, text });
    }

    /// The text in the line has no tokens or no pass.
    pub(super) fn text_failed(&mut self, failure: Failure, frame: &mut Frame) {
        match failure {
            Failure::Refused(message) => self.problem = Some(message),
            other => frame.complain(other.to_string()),
        }
    }

    /// A new unchanged pass: what belonged to the old one goes.
    pub(super) fn pass_arrived(&mut self, pass: Arc<Pass>, frame: &mut Frame) {
        let other_text = self.before.as_ref().is_some_and(|old| old.text != pass.text);
        self.problem = None;
        self.before = Some(Arc::clone(&pass));
        if pass.image.is_some() {
            self.tokens = Some(Arc::clone(&pass.tokens));
        }
        (self.after, self.difference, self.figures) = (None, None, None);
        (self.inspection, self.cell) = (None, None);
        for slot in [RunChanged::SLOT, Inspect::SLOT, MeasureImportance::SLOT] {
            stop(slot, frame);
        }
        if other_text {
            self.forget_changed_tokens();
        }
        if !self.chosen.is_placed {
            self.choose_first_cell(&pass);
        }
        self.clamp();
        if let Some(model) = frame.model.open().map(Arc::clone) {
            frame.start::<Self, _>(Figures { model, pass });
        }
        self.other_pass_shown(frame);
        if !self.chosen.interventions.is_empty() {
            self.ask_changed_pass(frame);
        }
    }

    /// In the first text the row of "it", elsewhere of the last token of the text, of an image the
    /// class token; the head in which it looks hardest at one that says something, of an image the
    /// last; the column (of an image the patch) that it looks at most.
    fn choose_first_cell(&mut self, pass: &Pass) {
        self.chosen.is_placed = true;
        let (layers, _) = self.layers_and_heads();
        self.chosen.layer = layers.saturating_sub(1);
        self.chosen.head = self.layers_and_heads().1.saturating_sub(1);
        let tokens = &pass.tokens;
        let first_key = usize::from(pass.image.is_some());
        let own = tokens.special.iter().rposition(|special| !special).unwrap_or(0);
        let pronoun = tokens.pieces.iter().position(|piece| piece == "it");
        self.chosen.query = match pass.image {
            Some(_) => 0,
            None => pronoun.filter(|_| pass.text == FIRST_TEXT).unwrap_or(own),
        };
        if let Some((place, key)) = ranking::most_telling(&pass.trace, tokens, self.chosen.query)
            && pass.image.is_none()
        {
            (self.chosen.layer, self.chosen.head, self.chosen.key) = (place.layer, place.head, key);
            return;
        }
        if let Some(weights) = self.weights(pass, self.chosen.layer, self.chosen.head)
            && self.chosen.query < weights.nrows()
        {
            let row = weights.row(self.chosen.query);
            let best = row.iter().enumerate().skip(first_key).max_by(|one, other| one.1.total_cmp(other.1));
            self.chosen.key = best.map_or(0, |(key, _)| key);
        }
    }

    /// Another pass of the same text is shown: what was read off the one before is not true of it.
    pub(super) fn other_pass_shown(&mut self, frame: &mut Frame) {
        self.derived = None;
        stop(Derive::SLOT, frame);
        if matches!(self.inspection, Some(Inspection::Importance(_))) {
            self.inspection = None;
        }
        stop(MeasureImportance::SLOT, frame);
        self.cursor_moved(frame);
    }
}

/// What is worked out for the place of the cursor.
impl Attention {
    pub(super) fn model_and_pass(&self, frame: &Frame) -> Option<(Arc<Model>, Arc<Pass>)> {
        Some((Arc::clone(frame.model.open()?), Arc::clone(self.shown()?)))
    }

    pub(super) fn cursor_moved(&mut self, frame: &mut Frame) {
        self.ask_cell(frame);
        self.ask_derived(frame);
        self.ask_inspection(frame);
    }

    fn ask_cell(&mut self, frame: &mut Frame) {
        let Some((model, pass)) = self.model_and_pass(frame) else { return };
        let trace = self.chosen.stack.trace(&pass.trace, self.chosen.layer);
        if trace.is_none_or(|trace| trace.scores.is_none()) {
            self.cell = None;
            stop(ExplainCell::SLOT, frame);
            return;
        }
        let (place, from, to) = (self.place(), self.chosen.query, self.chosen.key);
        frame.start::<Self, _>(ExplainCell { model, pass, place, from, to });
    }

    fn ask_derived(&mut self, frame: &mut Frame) {
        let (view, stack) = (self.chosen.view, self.chosen.stack);
        if view == View::Weights || self.derived().is_some() {
            return;
        }
        let Some((model, shown)) = self.model_and_pass(frame) else { return };
        let Some(before) = self.before.clone() else { return };
        let pass = match (view, &self.after) {
            (View::Difference, None) => return,
            (View::Difference, Some(after)) => Arc::clone(after),
            _ => shown,
        };
        frame.start::<Self, _>(Derive { model, before, pass, view, stack });
    }

    /// Asks for what the panel shows, and stops what it does not show any more.
    fn ask_inspection(&mut self, frame: &mut Frame) {
        if self.chosen.panel != Panel::Importance {
            stop(MeasureImportance::SLOT, frame);
        }
        let question = match self.chosen.panel {
            Panel::Row => None,
            Panel::Lens => Some(Question::Lens(self.chosen.query)),
            Panel::Spectra => Some(Question::Spectrum(self.place())),
            Panel::Importance => {
                self.ask_importance(frame);
                None
            }
        };
        // Singular values are the same for every text.
        let known = match (question, &self.inspection) {
            (Some(Question::Spectrum(place)), Some(Inspection::Spectrum(of, _))) => place == *of,
            _ => false,
        };
        let Some(question) = question.filter(|_| !known) else { return stop(Inspect::SLOT, frame) };
        let Some((model, pass)) = self.model_and_pass(frame) else { return };
        self.panel_problem = None;
        self.inspection_progress = frame.start::<Self, _>(Inspect { model, pass, question });
    }

    /// Importance is of the whole text: it goes on while the cursor moves.
    fn ask_importance(&mut self, frame: &mut Frame) {
        let stack = self.chosen.stack;
        let known = match &self.inspection {
            Some(Inspection::Importance(importance)) => importance.stack == stack,
            _ => false,
        };
        if known || frame.is_running(MeasureImportance::SLOT) {
            return;
        }
        let Some((model, pass)) = self.model_and_pass(frame) else { return };
        self.panel_problem = None;
        self.inspection_progress = frame.start::<Self, _>(MeasureImportance { model, pass, stack });
    }

    /// The panel has nothing to show.
    pub(super) fn panel_failed(&mut self, failure: Failure, frame: &mut Frame) {
        match failure {
            Failure::Refused(message) => {
                self.inspection = None;
                self.panel_problem = Some(message);
            }
            other => frame.complain(other.to_string()),
        }
    }

    /// Stops the work that a person waits for, one kind at a time; `false` where nothing runs.
    pub(super) fn stop_work(&mut self, frame: &mut Frame) -> bool {
        let panel = [Inspect::SLOT, MeasureImportance::SLOT];
        let what = if frame.is_running(RunPass::SLOT) {
            frame.cancel(RunPass::SLOT);
            self.problem = Some("the pass was cancelled; Enter in the line runs it again".into());
            "the pass was cancelled"
        } else if frame.is_running(RunChanged::SLOT) {
            frame.cancel(RunChanged::SLOT);
            self.change_failed();
            "the change was cancelled"
        } else if panel.iter().any(|slot| frame.is_running(*slot)) {
            panel.into_iter().for_each(|slot| stop(slot, frame));
            self.chosen.panel = Panel::Row;
            "the work for the panel was cancelled"
        } else {
            return false;
        };
        frame.inform(what);
        true
    }
}

/// Looking about.
impl Attention {
    /// Panels stand below one head; there the next one can be seen.
    pub(super) fn next_panel(&mut self, frame: &mut Frame) {
        self.chosen.zoom = Zoom::Head;
        self.chosen.panel = after(&Panel::ALL, self.chosen.panel);
        self.ask_inspection(frame);
    }

    pub(super) fn change_scale(&mut self, _: &mut Frame) {
        self.chosen.scale = after(&MapScale::ALL, self.chosen.scale);
    }

    pub(super) fn change_scales(&mut self, _: &mut Frame) {
        self.chosen.own_scales = !self.chosen.own_scales;
    }

    pub(super) fn change_stack(&mut self, frame: &mut Frame) {
        self.chosen.stack = after(&Stack::ALL, self.chosen.stack);
        // What is lost without a head is known of the stack before.
        stop(MeasureImportance::SLOT, frame);
        self.clamp();
        self.cursor_moved(frame);
    }

    pub(super) fn change_view(&mut self, frame: &mut Frame) {
        let mut view = after(&View::ALL, self.chosen.view);
        while !self.can_show(view) {
            view = after(&View::ALL, view);
        }
        self.chosen.view = view;
        self.ask_derived(frame);
    }

    /// Whether a view can be had of the present pass: weights always.
    fn can_show(&self, view: View) -> bool {
        let Some(pass) = self.shown() else { return view == View::Weights };
        match view {
            View::Weights | View::Mean => true,
            View::Scores | View::Norm => pass.keep == Keep::Everything,
            View::Difference => !self.chosen.interventions.is_empty(),
            View::Rollout => self.chosen.stack == Stack::Text,
        }
    }

    pub(super) fn zoom_in(&mut self) {
        match self.chosen.zoom {
            Zoom::Wall => self.chosen.zoom = Zoom::Head,
            Zoom::Head => (self.chosen.zoom, self.chosen.step) = (Zoom::Cell, CellStep::default()),
            Zoom::Cell => self.step_cell(true),
        }
    }

    /// `false` when there is nothing further out.
    pub(super) fn zoom_out(&mut self) -> bool {
        let further = match self.chosen.zoom {
            Zoom::Wall => return false,
            Zoom::Head => Zoom::Wall,
            Zoom::Cell => Zoom::Head,
        };
        self.chosen.zoom = further;
        true
    }

    pub(super) fn step_cell(&mut self, forward: bool) {
        let index = CellStep::ALL.iter().position(|step| *step == self.chosen.step).unwrap_or(0);
        match (self.chosen.zoom, forward) {
            (Zoom::Cell, true) => self.chosen.step = CellStep::ALL[moved(index, 1, CellStep::ALL.len())],
            (Zoom::Cell, false) if index > 0 => self.chosen.step = CellStep::ALL[index - 1],
            (Zoom::Cell, false) => self.chosen.zoom = Zoom::Head,
            (_, true) => (self.chosen.zoom, self.chosen.step) = (Zoom::Cell, CellStep::default()),
            (_, false) => {}
        }
    }

    pub(super) fn move_head(&mut self, layers: isize, heads: isize, frame: &mut Frame) {
        if self.before.is_none() {
            return;
        }
        let (layer_count, head_count) = self.layers_and_heads();
        self.chosen.layer = moved(self.chosen.layer, layers, layer_count);
        self.chosen.head = moved(self.chosen.head, heads, head_count);
        self.clamp();
        self.cursor_moved(frame);
    }

    /// Moves the cursor over the map; on the wall, where no cell can be seen, over the heads.
    pub(super) fn move_cursor(&mut self, rows: isize, columns: isize, frame: &mut Frame) {
        match self.chosen.zoom {
            Zoom::Wall => self.move_head(rows, columns, frame),
            Zoom::Head | Zoom::Cell => self.move_cell(rows, columns, frame),
        }
    }

    fn move_cell(&mut self, rows: isize, columns: isize, frame: &mut Frame) {
        if self.before.is_none() {
            return;
        }
        let length = |tokens: Option<&Tokens>| tokens.map_or(0, Tokens::len);
        let (queries, keys) = (length(self.query_tokens()), length(self.key_tokens()));
        self.chosen.query = moved(self.chosen.query, rows, queries);
        self.chosen.key = moved(self.chosen.key, columns, keys);
        self.cursor_moved(frame);
    }

    pub(super) fn go_to_interesting(&mut self, backwards: bool, frame: &mut Frame) {
        let mut heads = match (&self.difference, &self.figures) {
            (Some(difference), _) => ranking::by_change(difference),
            (_, Some(figures)) => ranking::by_sharpness(figures),
            (_, None) => return,
        };
        heads.retain(|place| place.stack == self.chosen.stack);
        if backwards {
            heads.reverse();
        }
        if let Some(place) = ranking::next(&heads, self.place()) {
            (self.chosen.layer, self.chosen.head) = (place.layer, place.head);
        }
        self.clamp();
        self.cursor_moved(frame);
    }

    /// Keeps layer, head and cursor inside of what there is, once there is something.
    pub(super) fn clamp(&mut self) {
        if self.before.is_none() {
            return;
        }
        if self.chosen.stack != Stack::Text && self.layers_and_heads().0 == 0 {
            self.chosen.stack = Stack::Text;
        }
        let (layers, _) = self.layers_and_heads();
        self.chosen.layer = self.chosen.layer.min(layers.saturating_sub(1));
        let (_, heads) = self.layers_and_heads();
        self.chosen.head = self.chosen.head.min(heads.saturating_sub(1));
        let last = |tokens: Option<&Tokens>| tokens.map_or(0, |tokens| tokens.len().saturating_sub(1));
        self.chosen.query = self.chosen.query.min(last(self.query_tokens()));
        self.chosen.key = self.chosen.key.min(last(self.key_tokens()));
        if !self.can_show(self.chosen.view) {
            self.chosen.view = View::Weights;
        }
    }

    /// Selects what was clicked.
    pub(super) fn select_target(&mut self, target: Target, frame: &mut Frame) {
        let Target { kind, row, column } = target;
        let chosen = &mut self.chosen;
        match kind {
            LINE => return self.edit_text(frame),
            STEP => return chosen.step = CellStep::ALL[row.min(CellStep::ALL.len() - 1)],
            CELL => (chosen.query, chosen.key) = (row, column),
            QUERY | TOKEN => chosen.query = row,
            KEY => chosen.key = column,
            HEAD => (chosen.layer, chosen.head) = (row, column),
            LAYER => chosen.layer = row,
            _ => return,
        }
        chosen.focus = Focus::Maps;
        self.clamp();
        self.cursor_moved(frame);
    }

    /// The wheel goes through what lies under it: rows of the map, or layers of all heads.
    pub(super) fn scroll_over(&mut self, target: Option<Target>, rows: isize, frame: &mut Frame) {
        match target.map(|target| target.kind) {
            Some(HEAD | LAYER) => self.move_head(rows.signum(), 0, frame),
            Some(CELL | QUERY | KEY) => self.move_cell(rows, 0, frame),
            _ => self.move_cursor(rows, 0, frame),
        }
    }
}

/// The entry after `present`, the first after the last.
fn after<T: Copy + PartialEq>(all: &[T], present: T) -> T {
    let next = all.iter().position(|entry| *entry == present).map_or(0, |index| index + 1);
    all[next % all.len()]
}
