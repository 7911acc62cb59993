//! Why an answer is the answer: the numbers behind neighbours, comparisons, analogies and subwords,
//! with words that are text for showing.

mod analogy;
mod comparison;
mod completion;
mod neighbourhood;
mod shown;
mod subwords;

pub use analogy::{
    AnalogyAnswer, AnalogyQuestion, Explanation, Parallelogram, TermShare, explanation, parallelogram, solve,
    sum_of,
};
pub use comparison::{ComparedDimension, Comparison, compare, compare_words};
pub use completion::{Suggestion, SuggestionKind, Suggestions, complete};
pub use neighbourhood::{
    NeighbourAnswer, NeighbourMap, Origin, VectorStrip, neighbourhood, neighbourhood_of,
};
pub use shown::{Certificate, MapPoint, Neighbour};
pub use subwords::{NgramShare, SubwordReport, take_apart};
