//! Parts of screens: pure functions from plain data to cells.

pub mod arcs;
pub mod bars;
pub mod braille;
pub mod canvas;
pub mod chart;
pub mod heatmap;
pub mod input;
pub mod legend;
pub mod line;
pub mod picture;
pub mod plot;
pub mod print;
pub mod race;
pub mod signed;
pub mod strip;
pub mod text;
pub mod wall;
