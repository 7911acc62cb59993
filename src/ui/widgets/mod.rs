//! Parts of screens: pure functions from plain data to cells.

pub mod bars;
pub mod plot;
pub mod signed;
pub mod strip;
