//! Why an answer is the answer: the numbers behind neighbours, comparisons, analogies and subwords,
//! with words that are text for showing.

mod analogy;
mod comparison;
mod completion;
mod neighbourhood;
mod shown;
mod subwords;

pub use analogy::{AnalogyAnswer, AnalogyQuestion, Explanation, Parallelogram, TermShare, solve};
pub use comparison::{ComparedDimension, Comparison, compare};
pub use completion::{Suggestion, SuggestionKind, Suggestions, complete};
pub use neighbourhood::{NeighbourAnswer, NeighbourMap, Origin, VectorStrip, neighbourhood};
pub use shown::{Certificate, MapPoint, Neighbour};
pub use subwords::{NgramShare, SubwordReport, take_apart};
