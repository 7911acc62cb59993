//! What is done with a product, and by whom.

/// Who multiplies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Threads {
    Caller,
    All,
}

/// What is done with a product.
#[derive(Debug, Clone, Copy)]
pub(super) struct Task<'a> {
    /// It is added to what is there, or replaces it.
    pub adds: bool,
    /// Added to every row; empty where nothing is.
    pub bias: &'a [f32],
    /// Who multiplies.
    pub threads: Threads,
}

impl Task<'static> {
    /// The product alone, or what is there and the product.
    pub(super) fn new(adds: bool, threads: Threads) -> Self {
        Self { adds, bias: &[], threads }
    }
}
