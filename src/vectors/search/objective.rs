//! What a search is after.

/// How the cosines between a row and the query's unit vectors become a score.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Objective {
    /// The cosine with the one query vector: neighbours, and 3CosAdd.
    Cosine,
    /// 3CosMul (Levy and Goldberg 2014, eq. 4) as gensim computes it: the product of (1 + cos) / 2
    /// over the first `positive` vectors, divided by the product over the rest plus 1e-6.
    Product {
        /// How many of the query vectors are wanted rather than unwanted.
        positive: usize,
    },
    /// PairDirection (Levy and Goldberg 2014, eq. 2): the cosine between (row - c) and the offset
    /// b - a, all of unit vectors. Query vectors: the unit offset, then the unit c.
    PairDirection,
}
