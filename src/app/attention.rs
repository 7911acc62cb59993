//! State of the screen *Attention*.

use std::sync::Arc;
use std::time::Duration;

use ndarray::{ArrayView2, Axis, CowArray, Ix2};

use super::line::Line;
use super::pending::Pending;
use crate::analysis::cell::CellSteps;
use crate::analysis::difference::Difference;
use crate::analysis::heads::HeadFigures;
pub use crate::analysis::maps::View;
use crate::analysis::{HeadPlace, Stack, maps};
use crate::jobs::attention::{DerivedMaps, Inspection, Pass};
use crate::model::Model;
use crate::model::interventions::{HeadChange, Interventions};
use crate::model::tokenizer::Tokens;
use crate::progress::Progress;

/// The text that stands there at first: "it" must look back to find out what it is.
pub const FIRST_TEXT: &str = "the cat sat on the mat because it was tired";

/// The model, from the wish to the answer.
#[derive(Debug, Clone, Default)]
pub enum ModelState {
    /// Nothing was read yet.
    #[default]
    NotOpened,
    /// A worker reads it.
    Opening {
        /// What is opened.
        name: String,
        /// Since when, on the clock of [`super::App::now`].
        since: Duration,
    },
    /// It can be run.
    Ready(Arc<Model>),
    /// It could not be read.
    Failed {
        /// What is wrong, with place and expectation.
        message: String,
        /// What to do now.
        way_out: String,
    },
}

/// What receives the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AttentionFocus {
    /// The line at the top.
    Input,
    /// The maps.
    #[default]
    Maps,
}

/// How numbers become colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MapScale {
    /// 0 to the largest number of the map.
    #[default]
    Linear,
    /// The square root, which shows small weights.
    SquareRoot,
    /// 0 to the largest number of each row.
    Row,
}

impl MapScale {
    /// All scales, in the order that `scale` goes through.
    pub const ALL: [Self; 3] = [Self::Linear, Self::SquareRoot, Self::Row];

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AttentionPanel {
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

impl AttentionPanel {
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

/// Everything that the screen *Attention* shows.
#[derive(Debug, Clone)]
pub struct AttentionState {
    /// The line that is typed into.
    pub input: Line,
    /// Whether it is the path of an image, for a vision model, rather than a text.
    pub(super) takes_paths: bool,
    /// What receives the keys.
    pub focus: AttentionFocus,
    /// The tokens of the line; may still belong to an earlier text while `tokenising`.
    pub tokens: Option<Arc<Tokens>>,
    /// The cutting that runs, if any.
    pub tokenising: Pending,
    /// The unchanged pass that is shown. While a pass runs it is the old one (draw it dimmed).
    pub before: Option<Arc<Pass>>,
    /// The same text with the interventions, where there are any.
    pub after: Option<Arc<Pass>>,
    /// The unchanged pass that runs, if any.
    pub running: Pending,
    /// The changed pass that runs, if any.
    pub changing: Pending,
    /// How far the running pass is.
    pub progress: Arc<Progress>,
    /// Why the text in the line has no pass, in one line (too large, too long, ...).
    pub problem: Option<String>,
    /// What a cell is.
    pub view: View,
    /// How numbers become colours.
    pub scale: MapScale,
    /// How near the screen looks.
    pub zoom: Zoom,
    /// Which attention of an encoder-decoder model.
    pub stack: Stack,
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
    /// Whether the pass before the changes is shown although there is one after.
    pub show_before: bool,
    /// What is changed.
    pub interventions: Interventions,
    /// What the changes did, once the changed pass is there.
    pub difference: Option<Arc<Difference>>,
    /// What each head of the unchanged pass does, layer by layer. `None` until it is known.
    pub figures: Option<Arc<Vec<HeadFigures>>>,
    /// The figures that are worked out, if any.
    pub figuring: Pending,
    /// The making of the cell under the cursor, in the shown pass. `None` where not every stage was
    /// kept.
    pub cell: Option<Arc<CellSteps>>,
    /// Maps of a derived view.
    pub derived: Option<DerivedMaps>,
    /// The derived maps that are computed, if any.
    pub deriving: Pending,
    /// The cell that is explained, if any.
    pub explaining: Pending,
    /// What stands below the map.
    pub panel: AttentionPanel,
    /// What the panel shows, when it has to be worked out. May still be of another panel.
    pub inspection: Option<Inspection>,
    /// The panel's work that runs, if any.
    pub inspecting: Pending,
    /// Whether the panel's work is that of importance, which goes on while the cursor moves.
    pub(super) inspecting_importance: bool,
    /// How far the panel's work is.
    pub inspection_progress: Arc<Progress>,
    /// Why the panel has nothing to show.
    pub panel_problem: Option<String>,
}

impl Default for AttentionState {
    fn default() -> Self {
        Self {
            input: Line::new(FIRST_TEXT),
            takes_paths: false,
            focus: AttentionFocus::default(),
            tokens: None,
            tokenising: Pending::default(),
            before: None,
            after: None,
            running: Pending::default(),
            changing: Pending::default(),
            progress: Arc::default(),
            problem: None,
            view: View::default(),
            scale: MapScale::default(),
            zoom: Zoom::default(),
            stack: Stack::default(),
            layer: 0,
            head: 0,
            query: 0,
            key: 0,
            step: CellStep::default(),
            show_before: false,
            interventions: Interventions::default(),
            difference: None,
            figures: None,
            figuring: Pending::default(),
            cell: None,
            derived: None,
            deriving: Pending::default(),
            explaining: Pending::default(),
            panel: AttentionPanel::default(),
            inspecting: Pending::default(),
            inspecting_importance: false,
            inspection: None,
            inspection_progress: Arc::default(),
            panel_problem: None,
        }
    }
}

impl AttentionState {
    /// Makes the line one for paths of images, or for texts: with an empty one, ready to be typed
    /// into since there is nothing else to do, or the first text, where it was of the other kind.
    pub(super) fn take_paths(&mut self, paths: bool) {
        if self.takes_paths != paths {
            self.takes_paths = paths;
            (self.input, self.focus) = match paths {
                true => (Line::default(), AttentionFocus::Input),
                false => (Line::new(FIRST_TEXT), AttentionFocus::Maps),
            };
        }
    }

    /// The pass that is shown: after the changes where there are any, unless before is wanted.
    pub fn shown(&self) -> Option<&Arc<Pass>> {
        match &self.after {
            Some(after) if !self.show_before => Some(after),
            _ => self.before.as_ref(),
        }
    }

    /// Forgets all that was computed, as for another model. What was typed and how it is looked at stay.
    pub(super) fn forget_model(&mut self) {
        *self = Self {
            input: std::mem::take(&mut self.input),
            takes_paths: self.takes_paths,
            focus: self.focus,
            view: self.view,
            scale: self.scale,
            zoom: self.zoom,
            panel: self.panel,
            ..Self::default()
        };
    }

    /// Takes back the changes that came to nothing: those of the pass that is shown remain.
    pub(super) fn keep_shown_changes(&mut self) {
        self.interventions = self.after.as_ref().map(|pass| pass.interventions.clone()).unwrap_or_default();
    }

    /// Whether the line holds another text than the maps, and nothing runs that would change that.
    pub fn is_outdated(&self) -> bool {
        let other = self.before.as_ref().is_some_and(|pass| pass.text != self.input.text().trim());
        other && !self.running.is_running()
    }

    /// How many layers and heads there are.
    pub fn layers_and_heads(&self) -> (usize, usize) {
        let Some(pass) = &self.before else { return (0, 0) };
        let attention = self.stack.trace(&pass.trace, self.layer);
        (self.stack.layers(&pass.trace), attention.map_or(0, |attention| attention.weights.dim().0))
    }

    /// The tokens that look: the rows of a map.
    pub fn query_tokens(&self) -> Option<&Tokens> {
        let pass = self.shown()?;
        match self.stack {
            Stack::Text => Some(&pass.tokens),
            Stack::Decoder | Stack::Cross => pass.decoder_tokens.as_deref(),
        }
    }

    /// The tokens that are looked at: the columns of a map.
    pub fn key_tokens(&self) -> Option<&Tokens> {
        let pass = self.shown()?;
        match self.stack {
            Stack::Text | Stack::Cross => Some(&pass.tokens),
            Stack::Decoder => pass.decoder_tokens.as_deref(),
        }
    }

    /// The attention weights of a head in `pass`, `[T, S]`.
    pub fn weights<'a>(&self, pass: &'a Pass, layer: usize, head: usize) -> Option<ArrayView2<'a, f32>> {
        maps::weights(&pass.trace, HeadPlace { stack: self.stack, layer, head })
    }

    /// The map of a head in the present view, `[T, S]`: `None` while it is not known (it is being
    /// computed, the stage was not kept, or nothing was changed that would make a difference).
    pub fn map(&self, layer: usize, head: usize) -> Option<CowArray<'_, f32, Ix2>> {
        let pass = self.shown()?;
        let place = HeadPlace { stack: self.stack, layer, head };
        match (self.view, &self.derived) {
            (View::Weights, _) => self.weights(pass, layer, head).map(CowArray::from),
            (View::Scores, _) => maps::scores(&pass.trace, place).map(CowArray::from),
            (View::Difference, _) => {
                let (before, after) = (self.before.as_ref()?, self.after.as_ref()?);
                maps::difference(&before.trace, &after.trace, place).map(CowArray::from)
            }
            (View::Norm, Some(DerivedMaps::Norm(stack, maps))) if *stack == self.stack => {
                let maps = maps.get(layer)?;
                (head < maps.dim().0).then(|| CowArray::from(maps.index_axis(Axis(0), head)))
            }
            (View::Mean, Some(DerivedMaps::Mean(stack, maps))) if *stack == self.stack => {
                maps.get(layer).map(CowArray::from)
            }
            (View::Rollout, Some(DerivedMaps::Rollout(maps))) if self.stack == Stack::Text => {
                maps.get(layer).map(CowArray::from)
            }
            (View::Norm | View::Mean | View::Rollout, _) => None,
        }
    }

    /// The selected head.
    pub fn place(&self) -> HeadPlace {
        HeadPlace { stack: self.stack, layer: self.layer, head: self.head }
    }

    /// What a head does.
    pub fn figures_of(&self, layer: usize, head: usize) -> Option<&HeadFigures> {
        let place = HeadPlace { stack: self.stack, layer, head };
        self.figures.as_ref()?.iter().find(|figures| figures.place == place)
    }

    /// The number under the cursor in the present view.
    pub fn value(&self) -> Option<f32> {
        self.map(self.layer, self.head)?.get((self.query, self.key)).copied()
    }

    /// The cell under the cursor in one line: `it -> cat  0.6826`.
    pub fn cell_in_words(&self) -> Option<String> {
        let piece = |tokens: Option<&Tokens>, index: usize| tokens?.pieces.get(index).cloned();
        let (from, to) = (piece(self.query_tokens(), self.query)?, piece(self.key_tokens(), self.key)?);
        Some(format!("{from} -> {to}  {:.4}", self.value()?))
    }

    /// What is changed of a head of the stack that is looked at; only the first stack's can be.
    pub fn change_of(&self, layer: usize, head: usize) -> Option<&HeadChange> {
        self.interventions.heads.get(&(layer, head)).filter(|_| self.stack == Stack::Text)
    }

    /// Whether a pass runs whose result will replace what is shown.
    pub fn is_running(&self) -> bool {
        self.running.is_running() || self.changing.is_running()
    }
}
