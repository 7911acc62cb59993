//! What an expression is parsed to.

/// Part of an expression. Sums and weights are flat, so that long expressions are not deep.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Word(String),
    Literal(Vec<f64>),
    Scaled(f64, Box<Node>),
    /// At least two parts; `true` marks a part that is subtracted.
    Sum(Vec<(bool, Node)>),
}

impl Node {
    /// Calls `visit` with each word and literal and the weight that it has in the whole.
    pub(super) fn visit<'a>(&'a self, weight: f64, visit: &mut impl FnMut(f64, &'a Node)) {
        match self {
            Self::Word(_) | Self::Literal(_) => visit(weight, self),
            Self::Scaled(factor, node) => node.visit(weight * factor, visit),
            Self::Sum(parts) => {
                for (subtracted, part) in parts {
                    part.visit(if *subtracted { -weight } else { weight }, visit);
                }
            }
        }
    }

    /// The node times `factor`, in the one form that `Display` and the parser agree on.
    pub(super) fn scaled(self, factor: f64) -> Self {
        let (factor, node) = match self {
            Self::Scaled(inner, node) => (factor * inner, node),
            other => (factor, Box::new(other)),
        };
        if factor == 1.0 { *node } else { Self::Scaled(factor, node) }
    }
}
