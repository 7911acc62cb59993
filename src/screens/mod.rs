//! The screens: one folder each, and the only list of them.
//!
//! To add one: a folder with `mod.rs` (the [`Screen`](crate::app::Screen)), `state.rs`,
//! `commands.rs`, `update.rs`, `work.rs` and `draw.rs`, and a line in [`all`].

use crate::app::AnyScreen;

pub mod analogy;
pub mod attention;
pub mod lab;
pub mod memory;
pub mod positions;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod words;

/// All screens, in the order of their tabs.
pub fn all() -> Vec<Box<dyn AnyScreen>> {
    vec![
        Box::new(words::Words::default()),
        Box::new(analogy::Analogy::default()),
        Box::new(attention::Attention::default()),
        Box::new(positions::Positions::default()),
        Box::new(memory::Memory::default()),
        Box::new(lab::Lab::default()),
    ]
}
