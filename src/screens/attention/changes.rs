//! Changes made to a pass from the screen *Attention*, and the pass that they lead to.

use std::sync::Arc;

use super::pass::Pass;
use super::state::Attention;
use super::work::RunChanged;
use crate::analysis::difference::Difference;
use crate::analysis::positions::shuffled;
use crate::app::Frame;
use crate::jobs::Job;
use crate::model::interventions::{HeadChange, Interventions, PositionChange};

impl Attention {
    pub(super) fn toggle_head(&mut self, frame: &mut Frame) {
        let place = self.place();
        let heads = &mut self.chosen.interventions.heads;
        if heads.remove(&place).is_none() {
            heads.insert(place, HeadChange::Zero);
        }
        self.ask_changed_pass(frame);
    }

    pub(super) fn change_head(&mut self, frame: &mut Frame) {
        let place = self.place();
        let heads = &mut self.chosen.interventions.heads;
        let next = match heads.remove(&place) {
            None => Some(HeadChange::Zero),
            Some(HeadChange::Zero) => Some(HeadChange::Mean),
            Some(HeadChange::Mean) => Some(HeadChange::Uniform),
            Some(HeadChange::Uniform) => None,
        };
        heads.extend(next.map(|change| (place, change)));
        self.ask_changed_pass(frame);
    }

    /// Switches off all other heads of the layer; where they are off already, on again.
    pub(super) fn leave_head_alone(&mut self, frame: &mut Frame) {
        let place = self.place();
        let mut alone = self.chosen.interventions.clone();
        alone.keep_only(place, self.layers_and_heads().1);
        if alone == self.chosen.interventions {
            alone.heads.retain(|other, _| (other.stack, other.layer) != (place.stack, place.layer));
        }
        self.chosen.interventions = alone;
        self.ask_changed_pass(frame);
    }

    pub(super) fn hide_token(&mut self, frame: &mut Frame) {
        let (token, hidden) = (self.chosen.key, &mut self.chosen.interventions.hidden_tokens);
        if !hidden.remove(&token) {
            hidden.insert(token);
        }
        self.ask_changed_pass(frame);
    }

    pub(super) fn change_positions(&mut self, frame: &mut Frame) {
        let tokens = self.before.as_ref().map_or(0, |pass| pass.tokens.len());
        let positions = &mut self.chosen.interventions.positions;
        *positions = match positions {
            PositionChange::Keep => PositionChange::Permute(shuffled(tokens)),
            PositionChange::Permute(_) => PositionChange::Remove,
            PositionChange::Remove => PositionChange::Keep,
        };
        self.ask_changed_pass(frame);
    }

    pub(super) fn take_changes_back(&mut self, frame: &mut Frame) {
        self.chosen.interventions = Interventions::default();
        self.ask_changed_pass(frame);
    }

    /// Shows the pass before the changes, or after.
    pub(super) fn show_before(&mut self, frame: &mut Frame) {
        self.chosen.show_before = !self.chosen.show_before;
        self.other_pass_shown(frame);
    }

    /// Runs the model with the changes; without any, there is no pass after them.
    pub(super) fn ask_changed_pass(&mut self, frame: &mut Frame) {
        if self.chosen.interventions.is_empty() {
            (self.after, self.difference) = (None, None);
            frame.cancel(RunChanged::SLOT);
            self.clamp();
            return self.other_pass_shown(frame);
        }
        let (Some(model), Some(before)) = (frame.model.open().map(Arc::clone), self.before.clone()) else {
            return;
        };
        let interventions = self.chosen.interventions.clone();
        self.progress = frame.start::<Self, _>(RunChanged { model, before, interventions });
    }

    pub(super) fn changed_pass_arrived(
        &mut self,
        pass: Arc<Pass>,
        difference: Arc<Difference>,
        frame: &mut Frame,
    ) {
        self.after = Some(pass);
        self.difference = Some(difference);
        self.chosen.show_before = false;
        self.other_pass_shown(frame);
    }

    /// The changes that were asked for last came to nothing: those of the pass that is shown remain.
    pub(super) fn change_failed(&mut self) {
        let shown = self.after.as_ref().map(|pass| pass.interventions.clone());
        self.chosen.interventions = shown.unwrap_or_default();
        self.clamp();
    }
}
