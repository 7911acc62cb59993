//! What a recurrent layer is.

use crate::model::keep::Keep;
use crate::model::linear::Linear;
use crate::model::parameters::parameters_in;

/// What is computed at every step, from x (the input) and h (the hidden state of the step before).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// h = tanh(W x + U h) (Elman 1990).
    Tanh,
    /// h = max(0, W x + U h) (Le et al. 2015).
    Relu,
    /// Reset r, update z, new n = tanh(W x + r (U h)); h = (1 - z) n + z h (Cho et al. 2014, with the
    /// reset behind the product, as cuDNN and PyTorch have it).
    Gru,
    /// Input i, forget f, candidate g, output o; c = f c + i g, h = o tanh c (Hochreiter and
    /// Schmidhuber 1997, with the forget gate of Gers et al. 2000).
    Lstm,
}

impl Cell {
    /// G.
    pub fn gates(self) -> usize {
        self.gate_names().len().max(1)
    }

    /// The gates in the order of their rows; none for a cell without.
    pub fn gate_names(self) -> &'static [&'static str] {
        match self {
            Self::Tanh | Self::Relu => &[],
            Self::Gru => &["reset", "update", "new"],
            Self::Lstm => &["input", "forget", "candidate", "output"],
        }
    }
}

/// One direction of a recurrent layer.
#[derive(Debug, Clone)]
pub struct Direction {
    /// From the input, `[G H, E]`.
    pub input: Linear,
    /// From the hidden state of the step before, `[G H, H]`.
    pub hidden: Linear,
}

parameters_in!(Direction: input, hidden);

/// One recurrent layer.
#[derive(Debug, Clone)]
pub struct Recurrent {
    /// What is computed at every step.
    pub cell: Cell,
    /// H.
    pub size: usize,
    /// From the first token to the last.
    pub forward: Direction,
    /// From the last token to the first; its hidden states stand behind those of the other
    /// direction (Schuster and Paliwal 1997).
    pub reverse: Option<Direction>,
    /// The stack and its block whose last state this one starts from; it starts from 0 without one.
    pub starts_from: Option<(usize, usize)>,
}

parameters_in!(Recurrent: forward, reverse);

impl Recurrent {
    /// A layer of one direction that starts from 0.
    pub fn new(cell: Cell, size: usize, forward: Direction) -> Self {
        Self { cell, size, forward, reverse: None, starts_from: None }
    }

    /// Both directions, the one from the first token on first.
    pub fn directions(&self) -> impl Iterator<Item = &Direction> {
        std::iter::once(&self.forward).chain(&self.reverse)
    }

    /// Numbers a token that it makes: H, or 2 H with two directions.
    pub fn outputs(&self) -> usize {
        self.size * self.directions().count()
    }

    /// How many numbers its trace has of `t` tokens.
    pub fn numbers_kept(&self, t: u64, keep: Keep) -> u64 {
        let kinds = match self.cell {
            Cell::Tanh | Cell::Relu => 1,
            Cell::Gru => 5,
            Cell::Lstm => 6,
        };
        let directions = self.directions().count() as u64;
        if keep.stages() { directions * kinds * t * self.size as u64 } else { 0 }
    }
}
