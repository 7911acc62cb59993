//! State of the screen *Memory*: what was chosen, and what the two networks make of the text.

use std::collections::BTreeMap;
use std::sync::Arc;

use ndarray::Array1;
use serde::{Deserialize, Serialize};

use crate::analysis::influence::Felt;
use crate::analysis::names::labels_of;
use crate::analysis::reading::Reading;
use crate::model::{Model, shipped};
use crate::widgets::line::Line;

/// The text that stands there at first: what it says last was said before.
pub const FIRST_TEXT: &str = "Hansel and Gretel ate the bread. Hansel and Gretel ate the bread.";

/// What receives the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Focus {
    /// The line with the text.
    Input,
    /// The tokens.
    #[default]
    Tokens,
}

/// What stands in the lower half.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lower {
    /// The other network.
    #[default]
    Network,
    /// How far back a fresh LSTM feels, by its forget bias.
    Fresh,
}

/// What a person chose on the screen *Memory*.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Choices {
    /// The line that is typed into.
    pub input: Line,
    /// What receives the keys.
    pub focus: Focus,
    /// The names of the networks, the upper one first.
    pub networks: [String; 2],
    /// The token that is stood at.
    pub step: usize,
    /// The first token of the range whose cells are looked for elsewhere.
    pub range_start: Option<usize>,
    /// A cell is on above this.
    pub threshold: f32,
    /// What stands in the lower half.
    pub lower: Lower,
    /// What a fresh LSTM's forget gate starts from.
    pub forget_bias: f32,
}

impl Default for Choices {
    fn default() -> Self {
        Self {
            input: Line::new(FIRST_TEXT),
            focus: Focus::default(),
            networks: ["stories-lstm".into(), shipped::WRITER.into()],
            step: 0,
            range_start: None,
            threshold: 0.3,
            lower: Lower::default(),
            forget_bias: 1.0,
        }
    }
}

/// A text as both networks read it. They may cut it into other tokens.
#[derive(Debug, Clone)]
pub struct Read {
    /// The text.
    pub text: String,
    /// What each network makes of it, or why it makes nothing of it.
    pub sides: [Result<Side, String>; 2],
}

/// A text as one network reads it.
#[derive(Debug, Clone)]
pub struct Side {
    /// The network.
    pub model: Arc<Model>,
    /// How its tokens read.
    pub labels: Vec<String>,
    /// How those of what its encoder read do; empty without an encoder.
    pub source_labels: Vec<String>,
    /// Whether the decoder is given a text of its own.
    pub has_target: bool,
    /// What it expects and holds.
    pub reading: Reading,
}

impl Side {
    /// What `model` makes of a text; `has_target` where its decoder was given one of its own.
    pub fn new(model: Arc<Model>, reading: Reading, has_target: bool) -> Self {
        let labels = labels_of(&model, &reading.ids);
        let source_labels = reading.source.as_ref().map(|source| labels_of(&model, &source.ids));
        Self { model, labels, source_labels: source_labels.unwrap_or_default(), has_target, reading }
    }
}

/// Everything that the screen *Memory* shows.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    /// What a person chose.
    pub chosen: Choices,
    /// What is read; while another text is read the old one.
    pub read: Option<Read>,
    /// How much of it each network feels at the step that `felt_at` names.
    pub felt: [Felt; 2],
    /// The step that [`Memory::felt`] belongs to.
    pub felt_at: Option<usize>,
    /// The influence by distance of a fresh LSTM, with its forget bias.
    pub fresh: Option<(f32, Array1<f64>)>,
    /// Models that were opened for this screen.
    pub models: BTreeMap<String, Arc<Model>>,
    /// Whether it steps by itself.
    pub is_playing: bool,
    /// Whether the screen was ever in front: before, it asks for nothing.
    pub was_shown: bool,
}

impl Memory {
    /// What the network of a half makes of the text.
    pub fn side(&self, index: usize) -> Option<&Side> {
        self.read.as_ref()?.sides[index].as_ref().ok()
    }

    /// How many tokens the text has for the upper network.
    pub fn tokens(&self) -> usize {
        self.side(0).or_else(|| self.side(1)).map_or(0, |side| side.labels.len())
    }

    /// The networks to choose from: those inside the program that say the next token, and the one
    /// that a person opened.
    pub fn known(opened: Option<&str>) -> Vec<String> {
        let shipped = shipped::of_stories().map(|model| model.name);
        shipped.chain(opened).map(str::to_owned).collect()
    }
}
