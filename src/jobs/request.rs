//! What can be asked of the workers, and what comes back.

use std::path::PathBuf;
use std::sync::Arc;

use super::answers::{AnalogyAnswer, Comparison, NeighbourAnswer, SubwordReport, Suggestions};
use super::attention::{DerivedKind, DerivedMaps, Inspect, Inspection, Pass};
use super::positions::{PositionExperiments, PositionKind, PositionTable};
use crate::analysis::cell::CellSteps;
use crate::analysis::difference::Difference;
use crate::analysis::heads::HeadFigures;
use crate::analysis::{HeadPlace, Stack};
use crate::model::interventions::Interventions;
use crate::model::tokenizer::Tokens;
use crate::model::{Model, ModelError};
pub use crate::vectors::explain::AnalogyQuestion;
pub use crate::vectors::filter::FilterSettings;
use crate::vectors::lookup::Lookup;
use crate::vectors::{VectorsError, WordVectors};

/// Kinds of work. Each has one worker; a new request overtakes the one that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Slot {
    /// Reading a vector file.
    Open,
    /// Building the index of words.
    Lookup,
    /// Completing what is typed.
    Complete,
    /// Neighbours, with their map.
    Neighbours,
    /// Analogies.
    Analogy,
    /// Comparisons and n-grams.
    Panel,
    /// Reading a model.
    Model,
    /// Cutting what is typed into tokens.
    Tokenise,
    /// A forward pass.
    Pass,
    /// A forward pass with changes.
    ChangedPass,
    /// What each head does.
    Figures,
    /// Maps that have to be computed.
    Derive,
    /// The making of one cell.
    Cell,
    /// What stands below the maps.
    Inspect,
    /// Numbers of a position method.
    Positions,
    /// What position does to a text.
    Experiments,
}

/// A piece of work.
#[derive(Debug, Clone)]
pub enum Request {
    /// Open a vector file, or the shipped vectors.
    Open {
        /// The file; `None` for the shipped vectors.
        path: Option<PathBuf>,
    },
    /// Build the index of words.
    Lookup {
        /// The vectors.
        vectors: Arc<WordVectors>,
    },
    /// Complete what is typed.
    Complete {
        /// The vectors.
        vectors: Arc<WordVectors>,
        /// Their index.
        lookup: Arc<Lookup>,
        /// What is typed.
        typed: String,
        /// At most so many suggestions.
        limit: usize,
    },
    /// The neighbours of a word or an expression.
    Neighbours {
        /// The vectors.
        vectors: Arc<WordVectors>,
        /// A word or an expression.
        query: String,
        /// At most so many neighbours.
        count: usize,
        /// Which words may be answers.
        filter: FilterSettings,
    },
    /// An analogy.
    Analogy {
        /// The vectors.
        vectors: Arc<WordVectors>,
        /// The question.
        question: AnalogyQuestion,
        /// At most so many answers a list.
        count: usize,
    },
    /// A word or expression beside a row, dimension by dimension.
    Compare {
        /// The vectors.
        vectors: Arc<WordVectors>,
        /// A word or an expression.
        left: String,
        /// A row.
        right: usize,
    },
    /// The n-grams of a word.
    Subwords {
        /// The vectors.
        vectors: Arc<WordVectors>,
        /// The word.
        word: String,
    },
    /// Open a model.
    OpenModel {
        /// A folder, a file or a name; `None` for the shipped model.
        name: Option<String>,
    },
    /// Cut a text into tokens.
    Tokenise {
        /// The model.
        model: Arc<Model>,
        /// The text.
        text: String,
    },
    /// Run the model on a text, or on the image of a path.
    Run {
        /// The model.
        model: Arc<Model>,
        /// The text.
        text: String,
        /// What to change, and the unchanged pass to compare with.
        changes: Option<(Interventions, Arc<Pass>)>,
    },
    /// Tell what each head does.
    Figures {
        /// The pass.
        pass: Arc<Pass>,
    },
    /// Compute maps.
    Derive {
        /// The model.
        model: Arc<Model>,
        /// The pass.
        pass: Arc<Pass>,
        /// Which maps.
        kind: DerivedKind,
        /// Of which attentions.
        stack: Stack,
    },
    /// Explain one cell.
    Cell {
        /// The model.
        model: Arc<Model>,
        /// The pass.
        pass: Arc<Pass>,
        /// The head.
        place: HeadPlace,
        /// The token that looks.
        from: usize,
        /// The token looked at.
        to: usize,
    },
    /// Work out what stands below the maps.
    Inspect {
        /// The model.
        model: Arc<Model>,
        /// The pass.
        pass: Arc<Pass>,
        /// What to look at.
        what: Inspect,
    },
    /// The numbers of a position method.
    Positions {
        /// The model, whose own numbers are taken where it has them.
        model: Option<Arc<Model>>,
        /// The method.
        kind: PositionKind,
    },
    /// What position does to a text.
    Experiments {
        /// The model.
        model: Arc<Model>,
        /// The text.
        text: String,
    },
    /// Work of this kind that fails on purpose, for tests of the machinery.
    #[cfg(debug_assertions)]
    Panic(Slot),
}

impl Request {
    /// The kind of work that this is.
    pub fn slot(&self) -> Slot {
        match self {
            Self::Open { .. } => Slot::Open,
            Self::Lookup { .. } => Slot::Lookup,
            Self::Complete { .. } => Slot::Complete,
            Self::Neighbours { .. } => Slot::Neighbours,
            Self::Analogy { .. } => Slot::Analogy,
            Self::Compare { .. } | Self::Subwords { .. } => Slot::Panel,
            Self::OpenModel { .. } => Slot::Model,
            Self::Tokenise { .. } => Slot::Tokenise,
            Self::Run { changes: None, .. } => Slot::Pass,
            Self::Run { changes: Some(_), .. } => Slot::ChangedPass,
            Self::Figures { .. } => Slot::Figures,
            Self::Derive { .. } => Slot::Derive,
            Self::Cell { .. } => Slot::Cell,
            Self::Inspect { .. } => Slot::Inspect,
            Self::Positions { .. } => Slot::Positions,
            Self::Experiments { .. } => Slot::Experiments,
            #[cfg(debug_assertions)]
            Self::Panic(slot) => *slot,
        }
    }
}

/// The result of a piece of work.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Of [`Request::Open`].
    Opened(Arc<WordVectors>),
    /// Of [`Request::Lookup`].
    Indexed(Arc<Lookup>),
    /// Of [`Request::Complete`].
    Completed(Suggestions),
    /// Of [`Request::Neighbours`].
    Neighbours(Box<NeighbourAnswer>),
    /// Of [`Request::Analogy`].
    Analogy(Box<AnalogyAnswer>),
    /// Of [`Request::Compare`].
    Compared(Comparison),
    /// Of [`Request::Subwords`].
    Subwords(SubwordReport),
    /// Of [`Request::OpenModel`].
    ModelOpened(Arc<Model>),
    /// Of [`Request::Tokenise`].
    Tokenised(Arc<Tokens>),
    /// Of [`Request::Run`] without changes.
    Ran(Arc<Pass>),
    /// Of [`Request::Run`] with changes: the pass, and what the changes did.
    RanChanged(Arc<Pass>, Arc<Difference>),
    /// Of [`Request::Figures`].
    Figured(Arc<Vec<HeadFigures>>),
    /// Of [`Request::Derive`].
    Derived(DerivedMaps),
    /// Of [`Request::Cell`].
    Explained(Arc<CellSteps>),
    /// Of [`Request::Inspect`].
    Inspected(Inspection),
    /// Of [`Request::Positions`].
    Tabulated(Box<PositionTable>),
    /// Of [`Request::Experiments`].
    Experimented(Box<PositionExperiments>),
}

/// Why there is no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It was overtaken or cancelled.
    #[error("cancelled")]
    Cancelled,
    /// What was asked cannot be answered; the text says why.
    #[error("{0}")]
    Refused(String),
    /// A mistake in this program; the work panicked.
    #[error("this is a mistake in lexiscope, please report it: {0}")]
    Panicked(String),
}

impl From<VectorsError> for Failure {
    fn from(error: VectorsError) -> Self {
        match error {
            VectorsError::Cancelled(_) => Self::Cancelled,
            other => Self::Refused(other.to_string()),
        }
    }
}

impl From<ModelError> for Failure {
    fn from(error: ModelError) -> Self {
        match error {
            ModelError::Cancelled(_) => Self::Cancelled,
            other => Self::Refused(other.to_string()),
        }
    }
}
