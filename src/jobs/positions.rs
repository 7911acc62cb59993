//! What background work on positions hands back.

pub use crate::analysis::positions::{
    PositionExperiments, PositionKind, PositionTable, ShuffleExperiment, TwoPlaces, shuffled,
};
