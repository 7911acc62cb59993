//! Background work: the latest request wins.

pub mod answers;

/// Kinds of work. Each has one worker; a new request overtakes the one that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
}

/// A piece of work.
#[derive(Debug)]
pub enum Request {}
