//! The application without its terminal: state, actions, and what follows from them.
//!
//! [`App`] is all that a frame is drawn from. Keys become [`Action`]s through the [`keymap`],
//! [`update`] changes the state and answers with [`Effect`]s, and the loop in
//! [`crate::terminal`] carries those out. Nothing here blocks, reads a file or a clock.

pub mod action;
pub mod analogy;
pub mod attention;
pub mod commands;
pub mod effect;
pub mod key;
pub mod keymap;
pub mod line;
pub mod overlay;
pub mod pending;
pub mod positions;
mod update;
pub mod words;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use action::Action;
pub use analogy::AnalogyState;
pub use attention::{AttentionState, ModelState};
use commands::Context;
pub use effect::Effect;
pub use keymap::Keymap;
pub use overlay::Overlay;
use pending::Pending;
pub use positions::PositionsState;
pub use update::{Message, handle, start, update};
pub use words::WordsState;

use crate::model::network::Kind;
use crate::progress::Progress;
use crate::vectors::WordVectors;
use crate::vectors::lookup::Lookup;

/// The screens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord)]
pub enum Screen {
    /// Neighbours of a word.
    #[default]
    Words,
    /// a : b :: c : ?
    Analogy,
    /// What every head of a model looks at.
    Attention,
    /// How a model knows the order of words.
    Positions,
}

impl Screen {
    /// All screens, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::Words, Self::Analogy, Self::Attention, Self::Positions];

    /// Whether it looks at the model rather than at the word vectors.
    pub fn needs_model(self) -> bool {
        matches!(self, Self::Attention | Self::Positions)
    }

    /// What the tab says.
    pub fn title(self) -> &'static str {
        match self {
            Self::Words => "Words",
            Self::Analogy => "Analogy",
            Self::Attention => "Attention",
            Self::Positions => "Positions",
        }
    }
}

/// The vector file, from the wish to the answer.
#[derive(Debug, Clone, Default)]
pub enum VectorsState {
    /// Nothing was read yet: the first frame.
    #[default]
    NotOpened,
    /// A worker reads it.
    Opening {
        /// What is opened.
        name: String,
        /// How far it is.
        progress: Arc<Progress>,
        /// Since when, on the clock of [`App::now`].
        since: Duration,
    },
    /// It can be asked.
    Ready(Arc<WordVectors>),
    /// It could not be read.
    Failed {
        /// What is wrong, with place and expectation.
        message: String,
        /// What to do now.
        way_out: String,
    },
}

/// How much a message matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Something was done.
    Information,
    /// Something was not done, for a reason.
    Warning,
    /// Something went wrong.
    Error,
}

/// A line above the footer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// How much it matters.
    pub severity: Severity,
    /// The message.
    pub text: String,
}

/// Everything that is drawn.
#[derive(Debug, Clone)]
pub struct App {
    /// The screen that is shown.
    pub screen: Screen,
    /// What lies on top of it.
    pub overlay: Option<Overlay>,
    /// The vectors.
    pub vectors: VectorsState,
    /// The file that was asked for; `None` for the shipped vectors.
    pub path: Option<PathBuf>,
    /// The screen Words.
    pub words: WordsState,
    /// The screen Analogy.
    pub analogy: AnalogyState,
    /// The model that was asked for; `None` for the shipped one.
    pub model_name: Option<String>,
    /// The model.
    pub model: ModelState,
    /// The screen Attention.
    pub attention: AttentionState,
    /// The screen Positions.
    pub positions: PositionsState,
    /// The last message.
    pub status: Option<Status>,
    /// The name of the theme in use.
    pub theme: String,
    /// The names of all themes, in the order that `next-theme` goes through.
    pub themes: Vec<String>,
    /// Whether the program has the mouse.
    pub mouse: bool,
    /// The keys.
    pub keymap: Keymap,
    /// Time since the start of the program when the present message arrived. The only clock that
    /// drawing may look at.
    pub now: Duration,
    /// Set once the program is to end.
    pub quit: bool,
    /// Whether something was changed since the last frame.
    pub changed: bool,
    lookup: Option<Arc<Lookup>>,
    opening: Pending,
    opening_model: Pending,
    indexing: Pending,
    generation: u64,
}

impl Default for App {
    fn default() -> Self {
        Self::new(None, Keymap::default())
    }
}

impl App {
    /// The state before anything was read.
    pub fn new(path: Option<PathBuf>, keymap: Keymap) -> Self {
        Self {
            screen: Screen::default(),
            overlay: None,
            vectors: VectorsState::NotOpened,
            path,
            words: WordsState { count: words::DEFAULT_COUNT, ..WordsState::default() },
            analogy: AnalogyState::default(),
            model_name: None,
            model: ModelState::default(),
            attention: AttentionState::default(),
            positions: PositionsState::default(),
            status: None,
            theme: String::from("dark"),
            themes: Vec::new(),
            mouse: false,
            keymap,
            now: Duration::ZERO,
            quit: false,
            changed: true,
            lookup: None,
            opening: Pending::default(),
            opening_model: Pending::default(),
            indexing: Pending::default(),
            generation: 0,
        }
    }

    /// Whether printable keys are text now.
    pub fn is_typing(&self) -> bool {
        match (&self.overlay, self.screen) {
            (Some(overlay), _) => overlay.is_typing(),
            (None, Screen::Words) => self.words.focus == words::WordsFocus::Input,
            (None, Screen::Analogy) => {
                matches!(
                    self.analogy.focus,
                    analogy::AnalogyFocus::Field(_) | analogy::AnalogyFocus::Expression
                )
            }
            (None, Screen::Attention) => self.attention.focus == attention::AttentionFocus::Input,
            (None, Screen::Positions) => self.positions.focus == positions::PositionsFocus::Input,
        }
    }

    /// Whether the open model looks at images, so that paths are typed in place of texts.
    pub fn looks_at_images(&self) -> bool {
        matches!(&self.model, ModelState::Ready(model) if model.network.kind == Kind::Vision)
    }

    /// The contexts that keys are looked up in now, most special first.
    pub fn contexts(&self) -> Vec<Context> {
        if self.is_typing() {
            return vec![Context::Typing, Context::Everywhere];
        }
        if self.overlay.is_some() {
            return vec![Context::Reading, Context::Everywhere];
        }
        match self.screen {
            Screen::Words => vec![Context::Words, Context::Lists, Context::Browsing, Context::Everywhere],
            Screen::Analogy => vec![Context::Analogy, Context::Lists, Context::Browsing, Context::Everywhere],
            Screen::Attention => vec![Context::Attention, Context::Browsing, Context::Everywhere],
            Screen::Positions => vec![Context::Positions, Context::Browsing, Context::Everywhere],
        }
    }

    /// Whether something runs for so long that a spinner is to be drawn.
    pub fn is_late(&self) -> bool {
        self.spinner_due().is_some_and(|due| self.now >= due)
    }

    /// When the next spinner is to appear, `None` while nothing runs that one is shown for.
    pub fn spinner_due(&self) -> Option<Duration> {
        let words = [self.opening, self.words.searching, self.analogy.searching, self.words.panel_pending];
        let attention = &self.attention;
        let attention = [attention.running, attention.changing, attention.deriving, attention.inspecting];
        let positions = [self.opening_model, self.positions.tabling, self.positions.experimenting];
        let all = words.iter().chain(&attention).chain(&positions);
        all.filter_map(Pending::spinner_due).min()
    }

    /// Whether some work was asked for and has not come back.
    pub fn is_waiting(&self) -> bool {
        let quiet = [self.words.completing, self.indexing];
        let attention = [self.attention.tokenising, self.attention.figuring, self.attention.explaining];
        self.spinner_due().is_some() || quiet.iter().chain(&attention).any(Pending::is_running)
    }

    /// The frame of the spinner: counts up ten times a second.
    pub fn spinner_frame(&self) -> usize {
        (self.now.as_millis() / 100) as usize
    }
}
