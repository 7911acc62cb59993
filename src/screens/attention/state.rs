//! State of the screen *Attention*: what was chosen, and what was computed.

use std::sync::Arc;

use ndarray::{ArrayView2, Axis, CowArray, Ix2};
use serde::{Deserialize, Serialize};

use super::kept::{self, KeptStack, KeptView};
use super::pass::{Derived, Inspection, Pass};
use crate::analysis::cell::CellSteps;
use crate::analysis::difference::Difference;
use crate::analysis::heads::HeadFigures;
use crate::analysis::maps::{DerivedMaps, View};
use crate::analysis::thumbnails::SmallMaps;
use crate::analysis::{HeadPlace, Stack, maps};
use crate::model::interventions::{HeadChange, Interventions};
use crate::model::tokenizer::Tokens;
use crate::progress::Progress;
use crate::widgets::line::Line;
use crate::widgets::text::decimal;

/// The text that stands there at first: "it" must look back to find out what it is.
pub const FIRST_TEXT: &str = "the cat sat on the mat because it was tired";

/// What receives the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Focus {
    /// The line at the top.
    Input,
    /// The maps.
    #[default]
    Maps,
}

/// How numbers become colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MapScale {
    /// The square root, which shows small weights.
    #[default]
    SquareRoot,
    /// 0 to the largest number of the map.
    Linear,
    /// 0 to the largest number of each row.
    Row,
}

impl MapScale {
    /// All scales, in the order that `scale` goes through.
    pub const ALL: [Self; 3] = [Self::SquareRoot, Self::Linear, Self::Row];

    /// What to call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::SquareRoot => "square root",
            Self::Row => "by row",
        }
    }
}

/// How near the screen looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Zoom {
    /// All heads as thumbnails, the selected one marked.
    Wall,
    /// One head, with its row, its column and a small wall.
    #[default]
    Head,
    /// One cell being made.
    Cell,
}

/// The stages of a cell's making, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CellStep {
    /// Query and key, side by side.
    #[default]
    QueryKey,
    /// Their products, component by component; the sum is q·k.
    Products,
    /// q·k x scale.
    Scale,
    /// Plus the position's bias, and the mask.
    Mask,
    /// The softmax over the row.
    Softmax,
    /// The weight times the value.
    Value,
}

impl CellStep {
    /// All steps, in order.
    pub const ALL: [Self; 6] =
        [Self::QueryKey, Self::Products, Self::Scale, Self::Mask, Self::Softmax, Self::Value];

    /// What to call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::QueryKey => "query and key",
            Self::Products => "their products",
            Self::Scale => "scale",
            Self::Mask => "position and mask",
            Self::Softmax => "softmax over the row",
            Self::Value => "weight times value",
        }
    }
}

/// What stands below the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Panel {
    /// Row and column of the cursor, largest first.
    #[default]
    Row,
    /// What the model would predict after every layer.
    Lens,
    /// Singular values of the head's maps.
    Spectra,
    /// How much switching each head off changes.
    Importance,
}

impl Panel {
    /// All panels, in the order that Tab goes through.
    pub const ALL: [Self; 4] = [Self::Row, Self::Lens, Self::Spectra, Self::Importance];

    /// What to call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Row => "row and column",
            Self::Lens => "predictions by layer",
            Self::Spectra => "singular values",
            Self::Importance => "importance",
        }
    }
}

/// What a person chose on the screen *Attention*.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Choices {
    /// The line that is typed into.
    pub input: Line,
    /// Whether it is the path of an image, for a vision model, rather than a text.
    pub takes_paths: bool,
    /// What receives the keys.
    pub focus: Focus,
    /// What a cell is.
    #[serde(with = "KeptView")]
    pub view: View,
    /// How numbers become colours.
    pub scale: MapScale,
    /// Whether each small map is coloured by its own largest number rather than by that of all.
    pub own_scales: bool,
    /// How near the screen looks.
    pub zoom: Zoom,
    /// What stands below the map.
    pub panel: Panel,
    /// Which attention of an encoder-decoder model.
    #[serde(with = "KeptStack")]
    pub stack: Stack,
    /// Whether the cursor was put somewhere; else the first pass puts it where there is most to see.
    pub is_placed: bool,
    /// The selected layer, from 0.
    pub layer: usize,
    /// The selected head, from 0.
    pub head: usize,
    /// The row of the cursor: the token that looks.
    pub query: usize,
    /// The column of the cursor: the token that is looked at.
    pub key: usize,
    /// How far the cell's making is shown.
    pub step: CellStep,
    /// What is changed.
    #[serde(with = "kept::changes")]
    pub interventions: Interventions,
    /// Whether the pass before the changes is shown although there is one after.
    pub show_before: bool,
}

impl Default for Choices {
    fn default() -> Self {
        Self {
            input: Line::new(FIRST_TEXT),
            takes_paths: false,
            focus: Focus::default(),
            view: View::default(),
            scale: MapScale::default(),
            own_scales: false,
            zoom: Zoom::default(),
            panel: Panel::default(),
            stack: Stack::default(),
            is_placed: false,
            layer: 0,
            head: 0,
            query: 0,
            key: 0,
            step: CellStep::default(),
            interventions: Interventions::default(),
            show_before: false,
        }
    }
}

impl Choices {
    /// Makes the line one for paths of images, or for texts: with an empty one, ready to be typed
    /// into since there is nothing else to do, or the first text, where it was of the other kind.
    pub(super) fn take_paths(&mut self, paths: bool) {
        if self.takes_paths != paths {
            self.takes_paths = paths;
            (self.input, self.focus) = match paths {
                true => (Line::default(), Focus::Input),
                false => (Line::new(FIRST_TEXT), Focus::Maps),
            };
        }
    }

    /// What holds of any model: what was typed and how it is looked at.
    pub(super) fn of_any_model(self) -> Self {
        let Self { input, takes_paths, focus, view, scale, own_scales, zoom, panel, .. } = self;
        Self { input, takes_paths, focus, view, scale, own_scales, zoom, panel, ..Self::default() }
    }
}

/// Everything that the screen *Attention* shows.
#[derive(Debug, Clone, Default)]
pub struct Attention {
    /// What a person chose.
    pub chosen: Choices,
    /// Whether a model was ever open: what was chosen in it is nothing to the next.
    pub had_model: bool,
    /// The tokens of the line; may still belong to an earlier text.
    pub tokens: Option<Arc<Tokens>>,
    /// The unchanged pass that is shown. While a pass runs it is the old one (draw it dimmed).
    pub before: Option<Arc<Pass>>,
    /// The same text with the interventions, where there are any.
    pub after: Option<Arc<Pass>>,
    /// How far the running pass is.
    pub progress: Arc<Progress>,
    /// Why the text in the line has no pass, in one line (too large, too long, ...).
    pub problem: Option<String>,
    /// What the changes did, once the changed pass is there.
    pub difference: Option<Arc<Difference>>,
    /// What each head of the unchanged pass does, layer by layer. `None` until it is known.
    pub figures: Option<Arc<Vec<HeadFigures>>>,
    /// The making of the cell under the cursor, in the shown pass. `None` where not every stage was
    /// kept.
    pub cell: Option<Arc<CellSteps>>,
    /// What the view needs besides the passes. May still be of another view.
    pub derived: Option<Derived>,
    /// What the panel shows, when it has to be worked out. May still be of another panel.
    pub inspection: Option<Inspection>,
    /// How far the panel's work is.
    pub inspection_progress: Arc<Progress>,
    /// Why the panel has nothing to show.
    pub panel_problem: Option<String>,
}

impl Attention {
    /// The pass that is shown: after the changes where there are any, unless before is wanted.
    pub fn shown(&self) -> Option<&Arc<Pass>> {
        match &self.after {
            Some(after) if !self.chosen.show_before => Some(after),
            _ => self.before.as_ref(),
        }
    }

    /// Whether any layer of the stack that is looked at attends; a recurrent network has none.
    pub fn attends(&self) -> bool {
        let (Some(pass), stack) = (&self.before, self.chosen.stack) else { return false };
        (0..stack.layers(&pass.trace)).any(|layer| stack.trace(&pass.trace, layer).is_some())
    }

    /// How many layers and heads there are.
    pub fn layers_and_heads(&self) -> (usize, usize) {
        let Some(pass) = &self.before else { return (0, 0) };
        let attention = self.chosen.stack.trace(&pass.trace, self.chosen.layer);
        (self.chosen.stack.layers(&pass.trace), attention.map_or(0, |attention| attention.weights.dim().0))
    }

    /// The tokens that look: the rows of a map.
    pub fn query_tokens(&self) -> Option<&Tokens> {
        let pass = self.shown()?;
        match self.chosen.stack {
            Stack::Text => Some(&pass.tokens),
            Stack::Decoder | Stack::Cross => pass.decoder_tokens.as_deref(),
        }
    }

    /// The tokens that are looked at: the columns of a map.
    pub fn key_tokens(&self) -> Option<&Tokens> {
        let pass = self.shown()?;
        match self.chosen.stack {
            Stack::Text | Stack::Cross => Some(&pass.tokens),
            Stack::Decoder => pass.decoder_tokens.as_deref(),
        }
    }

    /// The attention weights of a head in `pass`, `[T, S]`.
    pub fn weights<'a>(&self, pass: &'a Pass, layer: usize, head: usize) -> Option<ArrayView2<'a, f32>> {
        maps::weights(&pass.trace, HeadPlace { stack: self.chosen.stack, layer, head })
    }

    /// The map of a head in the present view, `[T, S]`: `None` while it is not known (it is being
    /// computed, the stage was not kept, or nothing was changed that would make a difference).
    pub fn map(&self, layer: usize, head: usize) -> Option<CowArray<'_, f32, Ix2>> {
        let pass = self.shown()?;
        let place = HeadPlace { stack: self.chosen.stack, layer, head };
        match (self.chosen.view, self.derived().and_then(|derived| derived.maps.as_ref())) {
            (View::Weights, _) => self.weights(pass, layer, head).map(CowArray::from),
            (View::Scores, _) => maps::scores(&pass.trace, place).map(CowArray::from),
            (View::Difference, _) => {
                let (before, after) = (self.before.as_ref()?, self.after.as_ref()?);
                maps::difference(&before.trace, &after.trace, place).map(CowArray::from)
            }
            (View::Norm, Some(DerivedMaps::Norm(_, maps))) => {
                let maps = maps.get(layer)?;
                (head < maps.dim().0).then(|| CowArray::from(maps.index_axis(Axis(0), head)))
            }
            (View::Mean, Some(DerivedMaps::Mean(_, maps)))
            | (View::Rollout, Some(DerivedMaps::Rollout(maps))) => maps.get(layer).map(CowArray::from),
            (View::Norm | View::Mean | View::Rollout, _) => None,
        }
    }

    /// What the present view needs, once it is there.
    pub fn derived(&self) -> Option<&Derived> {
        let chosen = &self.chosen;
        self.derived.as_ref().filter(|derived| derived.view == chosen.view && derived.stack == chosen.stack)
    }

    /// All maps of the present view, small; `None` while they are not known.
    pub fn small(&self) -> Option<&SmallMaps> {
        match self.chosen.view {
            View::Weights => Some(self.shown()?.thumbnails.of_stack(self.chosen.stack)),
            _ => Some(&self.derived()?.small),
        }
    }

    /// The selected head.
    pub fn place(&self) -> HeadPlace {
        HeadPlace { stack: self.chosen.stack, layer: self.chosen.layer, head: self.chosen.head }
    }

    /// What a head does.
    pub fn figures_of(&self, layer: usize, head: usize) -> Option<&HeadFigures> {
        let place = HeadPlace { stack: self.chosen.stack, layer, head };
        self.figures.as_ref()?.iter().find(|figures| figures.place == place)
    }

    /// The number under the cursor in the present view.
    pub fn value(&self) -> Option<f32> {
        self.map(self.chosen.layer, self.chosen.head)?.get((self.chosen.query, self.chosen.key)).copied()
    }

    /// The cell under the cursor in one line: `it -> cat  0.6826`.
    pub fn cell_in_words(&self) -> Option<String> {
        let piece = |tokens: Option<&Tokens>, index: usize| tokens?.pieces.get(index).cloned();
        let (from, to) =
            (piece(self.query_tokens(), self.chosen.query)?, piece(self.key_tokens(), self.chosen.key)?);
        Some(format!("{from} -> {to}  {}", decimal(self.value()?, 4)))
    }

    /// What is changed of a head of the stack that is looked at.
    pub fn change_of(&self, layer: usize, head: usize) -> Option<&HeadChange> {
        let place = HeadPlace { stack: self.chosen.stack, layer, head };
        self.chosen.interventions.heads.get(&place)
    }
}
