//! What background work on vectors hands back: plain data, ready to be shown.
//!
//! Words are already text for showing, so that drawing needs no vectors, only these values.

pub use crate::vectors::explain::{
    AnalogyAnswer, Certificate, ComparedDimension, Comparison, Explanation, MapPoint, Neighbour,
    NeighbourAnswer, NeighbourMap, NgramShare, Origin, Parallelogram, SubwordReport, Suggestion,
    SuggestionKind, Suggestions, TermShare, VectorStrip,
};
