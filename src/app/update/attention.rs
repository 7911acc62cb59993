//! Actions on the screen Attention.

use std::sync::Arc;

use super::super::attention::{
    AttentionFocus, AttentionPanel, CellStep, FIRST_TEXT, MapScale, ModelState, View, Zoom,
};
use super::super::{Action, App, Effect};
use super::moved;
use crate::analysis::{Stack, ranking};
use crate::jobs::attention::{DerivedKind, DerivedMaps, Inspect, Inspection, Pass};
use crate::jobs::positions::{PositionKind, shuffled};
use crate::jobs::{Request, Slot};
use crate::model::Model;
use crate::model::interventions::{HeadChange, Interventions, PositionChange};
use crate::progress::Progress;

/// All work that asks the open model.
const OF_A_MODEL: [Slot; 9] = [
    Slot::Tokenise,
    Slot::Pass,
    Slot::ChangedPass,
    Slot::Figures,
    Slot::Derive,
    Slot::Cell,
    Slot::Inspect,
    Slot::Positions,
    Slot::Experiments,
];

impl App {
    pub(super) fn update_attention(&mut self, action: Action) -> Vec<Effect> {
        let state = &mut self.attention;
        match action {
            Action::Search | Action::EditText => state.focus = AttentionFocus::Input,
            Action::Accept if state.focus == AttentionFocus::Input => return self.leave_attention_line(),
            Action::Accept => return self.zoom_in(),
            Action::Complete if state.focus == AttentionFocus::Input => return self.leave_attention_line(),
            Action::Complete => {
                // Panels stand below one head; there the next one can be seen.
                state.zoom = Zoom::Head;
                state.panel = after(&AttentionPanel::ALL, state.panel);
                return self.ask_inspection();
            }
            Action::NextLayer => return self.move_head(1, 0),
            Action::PreviousLayer => return self.move_head(-1, 0),
            Action::NextHead | Action::PreviousHead => {
                return self.move_head(0, if action == Action::NextHead { 1 } else { -1 });
            }
            Action::Right => return self.move_cell(0, 1),
            Action::Left => return self.move_cell(0, -1),
            Action::NextStep => return self.step_cell(true),
            Action::PreviousStep => return self.step_cell(false),
            Action::NextInteresting => return self.go_to_interesting(false),
            Action::PreviousInteresting => return self.go_to_interesting(true),
            Action::ChangeView => return self.change_view(),
            Action::ChangeScale => state.scale = after(&MapScale::ALL, state.scale),
            Action::ChangeStack => {
                state.stack = after(&[Stack::Text, Stack::Decoder, Stack::Cross], state.stack);
                self.clamp_attention();
                return self.cursor_moved();
            }
            Action::ShowBefore => {
                state.show_before = !state.show_before;
                return self.other_pass_shown();
            }
            Action::ToggleHead
            | Action::ChangeHead
            | Action::HeadAlone
            | Action::HideToken
            | Action::ChangePositions
            | Action::RestoreAll => {
                self.change_interventions(action);
                return self.ask_changed_pass();
            }
            _ => {}
        }
        Vec::new()
    }

    /// Opens the model when a screen that needs it is first entered.
    pub(super) fn enter_model_screen(&mut self) -> Vec<Effect> {
        match self.model {
            ModelState::NotOpened => self.open_model(),
            _ => self.ask_positions_if_needed(),
        }
    }

    /// Opens the model, in place of the one that is open and all that it computed.
    pub(super) fn open_model(&mut self) -> Vec<Effect> {
        let name = self.model_name.clone().unwrap_or_else(|| String::from("the shipped model"));
        self.model = ModelState::Opening { name, since: self.now };
        self.attention.forget_model();
        self.positions.forget_model();
        let mut effects: Vec<Effect> = OF_A_MODEL.into_iter().map(Effect::Cancel).collect();
        let request = Request::OpenModel { name: self.model_name.clone() };
        effects.push(self.begin(request, |app| &mut app.opening_model));
        effects
    }

    pub(super) fn open_model_ready(&self) -> Option<Arc<Model>> {
        match &self.model {
            ModelState::Ready(model) => Some(Arc::clone(model)),
            _ => None,
        }
    }

    pub(super) fn model_opened(&mut self, model: Arc<Model>) -> Vec<Effect> {
        self.positions.kind = PositionKind::of(&model.network).unwrap_or_default();
        self.model = ModelState::Ready(model);
        self.attention.take_paths(self.looks_at_images());
        let mut effects = self.attention_text_changed();
        effects.extend(self.ask_positions_if_needed());
        effects
    }

    /// Cuts what is typed into tokens and runs the model on it.
    pub(super) fn attention_text_changed(&mut self) -> Vec<Effect> {
        let Some(model) = self.open_model_ready() else { return Vec::new() };
        if self.looks_at_images() {
            // A path is wrong until its last character: the old message stays until the answer is
            // there, so that nothing flickers.
            return self.ask_pass();
        }
        self.attention.problem = None;
        let text = self.attention.input.text().trim().to_owned();
        let typed = Request::Tokenise { model, text };
        let mut effects = vec![self.begin(typed, |app| &mut app.attention.tokenising)];
        effects.extend(self.ask_pass());
        effects
    }

    fn ask_pass(&mut self) -> Vec<Effect> {
        let Some(model) = self.open_model_ready() else { return Vec::new() };
        if self.attention.input.is_blank() {
            self.attention.running.clear();
            self.attention.problem = None;
            return vec![Effect::Cancel(Slot::Pass)];
        }
        let text = self.attention.input.text().trim().to_owned();
        let request = Request::Run { model, text, changes: None };
        let generation = self.next_generation();
        let now = self.now;
        self.attention.running.await_generation(generation, now);
        self.attention.progress = Arc::default();
        let progress = Arc::clone(&self.attention.progress);
        vec![Effect::Start { generation, request, progress }]
    }

    /// A new unchanged pass: what belonged to the old one goes.
    pub(super) fn pass_arrived(&mut self, pass: Arc<Pass>) -> Vec<Effect> {
        let first = self.attention.before.is_none();
        let state = &mut self.attention;
        let other_text = state.before.as_ref().is_none_or(|old| old.text != pass.text);
        state.problem = None;
        state.before = Some(Arc::clone(&pass));
        if pass.image.is_some() {
            state.tokens = Some(Arc::clone(&pass.tokens));
        }
        (state.after, state.difference, state.figures) = (None, None, None);
        (state.inspection, state.cell) = (None, None);
        state.changing.clear();
        state.inspecting.clear();
        if other_text && !first {
            // Tokens are counted in the old text; heads are the same ones.
            state.interventions.hidden_tokens.clear();
            state.interventions.positions = PositionChange::Keep;
        }
        if first {
            self.choose_first_cell(&pass);
        }
        self.clamp_attention();
        let mut effects =
            vec![self.begin(Request::Figures { pass: Arc::clone(&pass) }, |app| &mut app.attention.figuring)];
        effects.extend(self.other_pass_shown());
        if !self.attention.interventions.is_empty() {
            effects.extend(self.ask_changed_pass());
        }
        effects
    }

    /// The last head of the last layer; in the first text the row of "it", elsewhere of the last
    /// token of the text, of an image the class token; the column (of an image the patch) that it
    /// looks at most.
    fn choose_first_cell(&mut self, pass: &Pass) {
        let state = &mut self.attention;
        let (layers, _) = state.layers_and_heads();
        state.layer = layers.saturating_sub(1);
        state.head = state.layers_and_heads().1.saturating_sub(1);
        let tokens = &pass.tokens;
        let first_key = usize::from(pass.image.is_some());
        let own = tokens.special.iter().rposition(|special| !special).unwrap_or(0);
        let pronoun = tokens.pieces.iter().position(|piece| piece == "it");
        state.query = match pass.image {
            Some(_) => 0,
            None => pronoun.filter(|_| pass.text == FIRST_TEXT).unwrap_or(own),
        };
        if let Some(weights) = state.weights(pass, state.layer, state.head)
            && state.query < weights.nrows()
        {
            let row = weights.row(state.query);
            let best = row.iter().enumerate().skip(first_key).max_by(|one, other| one.1.total_cmp(other.1));
            state.key = best.map_or(0, |(key, _)| key);
        }
    }

    pub(super) fn changed_pass_arrived(&mut self) -> Vec<Effect> {
        self.attention.show_before = false;
        self.other_pass_shown()
    }

    /// Another pass of the same text is shown: what was read off the one before is not true of it.
    fn other_pass_shown(&mut self) -> Vec<Effect> {
        self.attention.derived = None;
        self.attention.deriving.clear();
        let mut effects = vec![Effect::Cancel(Slot::Derive)];
        effects.extend(self.cursor_moved());
        effects
    }

    /// The changes that were asked for last came to nothing.
    pub(super) fn change_failed(&mut self) {
        if self.attention.changing.is_running() {
            return;
        }
        self.attention.keep_shown_changes();
        self.clamp_attention();
    }

    /// What is worked out for the place of the cursor.
    pub(super) fn cursor_moved(&mut self) -> Vec<Effect> {
        let mut effects = self.ask_cell();
        effects.extend(self.ask_derived());
        effects.extend(self.ask_inspection());
        effects
    }

    fn ask_cell(&mut self) -> Vec<Effect> {
        let Some((model, pass)) = self.model_and_pass() else { return Vec::new() };
        let state = &self.attention;
        let kept = state.stack.trace(&pass.trace, state.layer).is_some_and(|trace| trace.scores.is_some());
        if !kept {
            self.attention.cell = None;
            self.attention.explaining.clear();
            return Vec::new();
        }
        let (place, from, to) = (state.place(), state.query, state.key);
        let request = Request::Cell { model, pass, place, from, to };
        vec![self.begin(request, |app| &mut app.attention.explaining)]
    }

    fn ask_derived(&mut self) -> Vec<Effect> {
        let stack = self.attention.stack;
        let (kind, known) = match (self.attention.view, &self.attention.derived) {
            (View::Norm, derived) => {
                (DerivedKind::Norm, matches!(derived, Some(DerivedMaps::Norm(of, _)) if *of == stack))
            }
            (View::Mean, derived) => {
                (DerivedKind::Mean, matches!(derived, Some(DerivedMaps::Mean(of, _)) if *of == stack))
            }
            (View::Rollout, derived) => {
                (DerivedKind::Rollout, matches!(derived, Some(DerivedMaps::Rollout(_))))
            }
            _ => return Vec::new(),
        };
        let Some((model, pass)) = self.model_and_pass().filter(|_| !known) else { return Vec::new() };
        let request = Request::Derive { model, pass, kind, stack };
        vec![self.begin(request, |app| &mut app.attention.deriving)]
    }

    fn ask_inspection(&mut self) -> Vec<Effect> {
        let state = &self.attention;
        let (what, known) = match (state.panel, &state.inspection) {
            (AttentionPanel::Row, _) => {
                self.attention.inspecting.clear();
                return vec![Effect::Cancel(Slot::Inspect)];
            }
            (AttentionPanel::Lens, _) => (Inspect::Lens(state.query), false),
            (AttentionPanel::Spectra, shown) => {
                let same = matches!(shown, Some(Inspection::Spectrum(place, _)) if *place == state.place());
                (Inspect::Spectrum(state.place()), same)
            }
            (AttentionPanel::Importance, shown) => {
                let running = state.inspecting.is_running() && state.inspecting_importance;
                (Inspect::Importance, running || matches!(shown, Some(Inspection::Importance(_))))
            }
        };
        let Some((model, pass)) = self.model_and_pass().filter(|_| !known) else { return Vec::new() };
        self.attention.panel_problem = None;
        self.attention.inspecting_importance = what == Inspect::Importance;
        let generation = self.next_generation();
        let now = self.now;
        self.attention.inspecting.await_generation(generation, now);
        self.attention.inspection_progress = Arc::new(Progress::default());
        let progress = Arc::clone(&self.attention.inspection_progress);
        vec![Effect::Start { generation, request: Request::Inspect { model, pass, what }, progress }]
    }

    fn model_and_pass(&self) -> Option<(Arc<Model>, Arc<Pass>)> {
        Some((self.open_model_ready()?, Arc::clone(self.attention.shown()?)))
    }

    fn ask_changed_pass(&mut self) -> Vec<Effect> {
        let state = &mut self.attention;
        if state.interventions.is_empty() {
            (state.after, state.difference) = (None, None);
            state.changing.clear();
            self.clamp_attention();
            let mut effects = vec![Effect::Cancel(Slot::ChangedPass)];
            effects.extend(self.other_pass_shown());
            return effects;
        }
        let (Some(model), Some(before)) = (self.open_model_ready(), self.attention.before.clone()) else {
            return Vec::new();
        };
        let text = before.text.clone();
        let changes = Some((self.attention.interventions.clone(), before));
        let generation = self.next_generation();
        let now = self.now;
        self.attention.changing.await_generation(generation, now);
        self.attention.progress = Arc::default();
        let progress = Arc::clone(&self.attention.progress);
        vec![Effect::Start { generation, request: Request::Run { model, text, changes }, progress }]
    }

    fn change_interventions(&mut self, action: Action) {
        let state = &mut self.attention;
        let place = (state.layer, state.head);
        let (_, heads) = state.layers_and_heads();
        let tokens = state.before.as_ref().map_or(0, |pass| pass.tokens.len());
        let changes = &mut state.interventions;
        match action {
            Action::ToggleHead => {
                if changes.heads.remove(&place).is_none() {
                    changes.heads.insert(place, HeadChange::Zero);
                }
            }
            Action::ChangeHead => {
                match changes.heads.remove(&place) {
                    None => changes.heads.insert(place, HeadChange::Zero),
                    Some(HeadChange::Zero) => changes.heads.insert(place, HeadChange::Mean),
                    Some(HeadChange::Mean) => changes.heads.insert(place, HeadChange::Uniform),
                    Some(HeadChange::Uniform) => None,
                };
            }
            Action::HeadAlone => {
                let mut alone = changes.clone();
                alone.keep_only(place.0, place.1, heads);
                let already = alone == *changes;
                *changes = alone;
                if already {
                    changes.heads.retain(|(layer, _), _| *layer != place.0);
                }
            }
            Action::HideToken => {
                if !changes.hidden_tokens.remove(&state.key) {
                    changes.hidden_tokens.insert(state.key);
                }
            }
            Action::ChangePositions => {
                changes.positions = match changes.positions {
                    PositionChange::Keep => PositionChange::Permute(shuffled(tokens)),
                    PositionChange::Permute(_) => PositionChange::Remove,
                    PositionChange::Remove => PositionChange::Keep,
                };
            }
            _ => *changes = Interventions::default(),
        }
    }

    fn change_view(&mut self) -> Vec<Effect> {
        let mut view = after(&View::ALL, self.attention.view);
        while !self.can_show(view) {
            view = after(&View::ALL, view);
        }
        self.attention.view = view;
        self.ask_derived()
    }

    /// Whether a view can be had of the present pass: weights always.
    fn can_show(&self, view: View) -> bool {
        let state = &self.attention;
        let Some(pass) = state.shown() else { return view == View::Weights };
        let everything = pass.keep == crate::model::trace::Keep::Everything;
        match view {
            View::Weights | View::Mean => true,
            View::Scores | View::Norm => everything,
            View::Difference => !state.interventions.is_empty(),
            View::Rollout => state.stack == Stack::Text,
        }
    }

    fn zoom_in(&mut self) -> Vec<Effect> {
        match self.attention.zoom {
            Zoom::Wall => self.attention.zoom = Zoom::Head,
            Zoom::Head => (self.attention.zoom, self.attention.step) = (Zoom::Cell, CellStep::default()),
            Zoom::Cell => return self.step_cell(true),
        }
        Vec::new()
    }

    /// Esc on the maps; `false` when there is nothing further out.
    pub(super) fn zoom_out(&mut self) -> bool {
        let further = match self.attention.zoom {
            Zoom::Wall => return false,
            Zoom::Head => Zoom::Wall,
            Zoom::Cell => Zoom::Head,
        };
        self.attention.zoom = further;
        true
    }

    fn step_cell(&mut self, forward: bool) -> Vec<Effect> {
        let state = &mut self.attention;
        let index = CellStep::ALL.iter().position(|step| *step == state.step).unwrap_or(0);
        match (state.zoom, forward) {
            (Zoom::Cell, true) => state.step = CellStep::ALL[moved(index, 1, CellStep::ALL.len())],
            (Zoom::Cell, false) if index > 0 => state.step = CellStep::ALL[index - 1],
            (Zoom::Cell, false) => state.zoom = Zoom::Head,
            (_, true) => (state.zoom, state.step) = (Zoom::Cell, CellStep::default()),
            (_, false) => {}
        }
        Vec::new()
    }

    fn move_head(&mut self, layers: isize, heads: isize) -> Vec<Effect> {
        let (layer_count, head_count) = self.attention.layers_and_heads();
        let state = &mut self.attention;
        state.layer = moved(state.layer, layers, layer_count);
        state.head = moved(state.head, heads, head_count);
        self.clamp_attention();
        self.cursor_moved()
    }

    /// Moves the cursor over the map; on the wall, where no cell can be seen, over the heads.
    pub(super) fn move_cell(&mut self, rows: isize, columns: isize) -> Vec<Effect> {
        if self.attention.zoom == Zoom::Wall {
            return self.move_head(rows, columns);
        }
        let length = |tokens: Option<&crate::model::tokenizer::Tokens>| tokens.map_or(0, |t| t.len());
        let (queries, keys) = (length(self.attention.query_tokens()), length(self.attention.key_tokens()));
        let state = &mut self.attention;
        state.query = moved(state.query, rows, queries);
        state.key = moved(state.key, columns, keys);
        self.cursor_moved()
    }

    fn go_to_interesting(&mut self, backwards: bool) -> Vec<Effect> {
        let state = &mut self.attention;
        let mut heads = match (&state.difference, &state.figures) {
            (Some(difference), _) if state.stack == Stack::Text => ranking::by_change(difference),
            (_, Some(figures)) => ranking::by_label(figures),
            (_, None) => return Vec::new(),
        };
        heads.retain(|place| place.stack == state.stack);
        if backwards {
            heads.reverse();
        }
        if let Some(place) = ranking::next(&heads, state.place()) {
            (state.layer, state.head) = (place.layer, place.head);
        }
        self.clamp_attention();
        self.cursor_moved()
    }

    /// Keeps layer, head and cursor inside of what there is.
    fn clamp_attention(&mut self) {
        if self.attention.stack != Stack::Text && self.attention.layers_and_heads().0 == 0 {
            self.attention.stack = Stack::Text;
        }
        let (layers, _) = self.attention.layers_and_heads();
        self.attention.layer = self.attention.layer.min(layers.saturating_sub(1));
        let (_, heads) = self.attention.layers_and_heads();
        self.attention.head = self.attention.head.min(heads.saturating_sub(1));
        let last = |tokens: Option<&crate::model::tokenizer::Tokens>| {
            tokens.map_or(0, |tokens| tokens.len().saturating_sub(1))
        };
        self.attention.query = self.attention.query.min(last(self.attention.query_tokens()));
        self.attention.key = self.attention.key.min(last(self.attention.key_tokens()));
        if !self.can_show(self.attention.view) {
            self.attention.view = View::Weights;
        }
    }

    /// From the line to the maps; a text whose pass was cancelled is run again.
    fn leave_attention_line(&mut self) -> Vec<Effect> {
        self.attention.focus = AttentionFocus::Maps;
        let text = self.attention.input.text().trim();
        let known = self.attention.before.as_ref().is_some_and(|pass| pass.text == text);
        if known || self.attention.running.is_running() { Vec::new() } else { self.ask_pass() }
    }
}

/// The entry after `present`, the first after the last.
pub(super) fn after<T: Copy + PartialEq>(all: &[T], present: T) -> T {
    let next = all.iter().position(|entry| *entry == present).map_or(0, |index| index + 1);
    all[next % all.len()]
}
