//! What the commands of the screen *Memory* do.

use std::sync::Arc;

use super::state::{Focus, Lower, Memory, Read};
use super::work::{Feel, ReadText, TryFresh, Wait};
use crate::app::{Frame, moved};
use crate::jobs::Job;
use crate::widgets::canvas::Target;

/// The kind of target that the line is.
pub(super) const LINE: &str = "line";
/// The kind of target that a token is.
pub(super) const TOKEN: &str = "token";

/// By how much the sliders move, and how far.
const BIAS_STEP: f32 = 0.5;
const BIASES: (f32, f32) = (-3.0, 8.0);
const THRESHOLD_STEP: f32 = 0.1;
const THRESHOLDS: (f32, f32) = (0.0, 0.9);

impl Memory {
    pub(super) fn edit_text(&mut self, _: &mut Frame) {
        self.chosen.focus = Focus::Input;
    }

    /// From the line to the tokens.
    pub(super) fn accept_line(&mut self, frame: &mut Frame) {
        self.chosen.focus = Focus::Tokens;
        let is_read = self.read.as_ref().is_some_and(|read| read.text == self.chosen.input.text().trim());
        if !is_read && !frame.is_running(ReadText::SLOT) {
            self.ask_read(frame);
        }
    }

    pub(super) fn ask_read(&mut self, frame: &mut Frame) {
        let text = self.chosen.input.text().trim().to_owned();
        self.stop_playing(frame);
        if text.is_empty() {
            frame.cancel(ReadText::SLOT);
            self.read = None;
            self.felt_at = None;
            return;
        }
        let mut models = self.models.clone();
        if let (Some(name), Some(model)) = (&frame.model_name, frame.model.open()) {
            models.insert(name.clone(), Arc::clone(model));
        }
        frame.start::<Self, _>(ReadText { networks: self.chosen.networks.clone(), models, text });
    }

    pub(super) fn show_read(&mut self, read: Read, frame: &mut Frame) {
        let is_first = self.read.is_none();
        self.read = Some(read);
        let last = self.tokens().saturating_sub(1);
        let is_new = is_first && self.chosen.step == 0;
        self.chosen.step = match is_new {
            true => self.most_telling().unwrap_or(last.saturating_sub(2)),
            false => self.chosen.step.min(last),
        };
        self.chosen.range_start = self.chosen.range_start.filter(|&start| start <= last);
        self.ask_felt(frame);
    }

    /// Where the lower network expects what comes most surely, compared with the upper one.
    fn most_telling(&self) -> Option<usize> {
        let (upper, lower) = (self.side(0)?, self.side(1)?);
        let both = upper.reading.expected.iter().zip(&lower.reading.expected);
        let ahead = both.map(|(upper, lower)| Some(lower.of_next? - upper.of_next?));
        let known = ahead.enumerate().filter_map(|(step, ahead)| Some((step, ahead?)));
        known.max_by(|one, other| one.1.total_cmp(&other.1)).map(|(step, _)| step)
    }

    fn ask_felt(&mut self, frame: &mut Frame) {
        let side = |index: usize| {
            let side = self.side(index)?;
            let texts = side.reading.texts_until(self.chosen.step).into_iter().map(<[u32]>::to_vec).collect();
            Some((Arc::clone(&side.model), texts))
        };
        let sides = [side(0), side(1)];
        if sides.iter().all(Option::is_none) {
            self.felt = Default::default();
            self.felt_at = None;
            return;
        }
        frame.start::<Self, _>(Feel { sides, step: self.chosen.step });
    }

    pub(super) fn step_by(&mut self, by: isize, frame: &mut Frame) {
        let step = moved(self.chosen.step, by, self.tokens());
        if step != self.chosen.step {
            self.chosen.step = step;
            self.ask_felt(frame);
        }
    }

    pub(super) fn select_target(&mut self, target: Target, frame: &mut Frame) {
        match target.kind {
            LINE => self.chosen.focus = Focus::Input,
            TOKEN => {
                self.chosen.focus = Focus::Tokens;
                self.step_by(target.row as isize - self.chosen.step as isize, frame);
            }
            _ => {}
        }
    }

    /// Begins to play from the first token where the last is stood at.
    pub(super) fn play(&mut self, frame: &mut Frame) {
        if self.stop_playing(frame) {
            return;
        }
        if self.chosen.step + 1 >= self.tokens() {
            self.chosen.step = 0;
            self.ask_felt(frame);
        }
        self.is_playing = true;
        frame.start::<Self, _>(Wait);
    }

    /// Whether it played.
    pub(super) fn stop_playing(&mut self, frame: &mut Frame) -> bool {
        if self.is_playing {
            frame.cancel(Wait::SLOT);
        }
        std::mem::take(&mut self.is_playing)
    }

    pub(super) fn play_on(&mut self, frame: &mut Frame) {
        if !self.is_playing {
            return;
        }
        self.step_by(1, frame);
        if self.chosen.step + 1 < self.tokens() {
            frame.start::<Self, _>(Wait);
        } else {
            self.is_playing = false;
        }
    }

    /// Begins a range here; where one was begun, ends it.
    pub(super) fn mark_range(&mut self, _: &mut Frame) {
        self.chosen.range_start = match self.chosen.range_start {
            Some(_) => None,
            None => Some(self.chosen.step),
        };
    }

    pub(super) fn next_upper(&mut self, frame: &mut Frame) {
        self.next_network(0, frame);
    }

    pub(super) fn next_lower(&mut self, frame: &mut Frame) {
        self.chosen.lower = Lower::Network;
        self.next_network(1, frame);
    }

    fn next_network(&mut self, half: usize, frame: &mut Frame) {
        let known = Self::known(frame.model_name.as_deref());
        let now = known.iter().position(|name| *name == self.chosen.networks[half]);
        let next = now.map_or(0, |index| (index + 1) % known.len().max(1));
        if let Some(name) = known.get(next) {
            name.clone_into(&mut self.chosen.networks[half]);
            self.ask_read(frame);
        }
    }

    pub(super) fn show_fresh(&mut self, frame: &mut Frame) {
        self.chosen.lower = match self.chosen.lower {
            Lower::Network => Lower::Fresh,
            Lower::Fresh => Lower::Network,
        };
        if self.chosen.lower == Lower::Fresh {
            self.ask_fresh(frame);
        }
    }

    fn ask_fresh(&self, frame: &mut Frame) {
        frame.start::<Self, _>(TryFresh { forget_bias: self.chosen.forget_bias });
    }

    pub(super) fn raise(&mut self, frame: &mut Frame) {
        self.slide(1.0, frame);
    }

    pub(super) fn lower(&mut self, frame: &mut Frame) {
        self.slide(-1.0, frame);
    }

    /// The slider of what is shown: the threshold while a range is marked, else the forget bias.
    fn slide(&mut self, by: f32, frame: &mut Frame) {
        if self.chosen.range_start.is_some() {
            let tenths = (10.0 * (self.chosen.threshold + by * THRESHOLD_STEP)).round() / 10.0;
            self.chosen.threshold = tenths.clamp(THRESHOLDS.0, THRESHOLDS.1);
        } else {
            self.chosen.forget_bias = (self.chosen.forget_bias + by * BIAS_STEP).clamp(BIASES.0, BIASES.1);
            self.ask_fresh(frame);
        }
    }
}
