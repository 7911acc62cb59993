//! Networks that learn: what changes parameters so that a loss falls.

pub mod optimiser;
