//! lexiscope: a terminal explorer for the two ideas that modern language models stand on,
//! words as points in a space, and attention.
//!
//! # The rooms
//!
//! ```text
//! cli, ui, terminal     what a person sees: commands, screens, the terminal itself
//!        |
//!       app             state, actions, update(state, action) -> effects; no terminal, no IO
//!        |
//!       jobs            background work: the latest request wins, progress, cancel
//!        |
//!     vectors           words as points: files, search, analogies, evaluation, projection
//!     analysis          what can be read off a trace: head patterns, rollout, logit lens
//!        |
//!      model            networks that keep everything they computed
//!        |
//! linalg, matmul, elementary    decompositions, products, functions of many numbers at a time
//! mmap, files, progress         mapped files, files written whole, progress of long work
//! random, spelling, log         numbers from a seed, names that were probably meant, the log file
//! ```
//!
//! Dependencies point downwards only; `tests/architecture.rs` holds that. Numeric code knows
//! nothing of the screen, and drawing changes nothing.
//!
//! # How data flows
//!
//! ```text
//! keys, resize -> terminal::events -> app::keymap -> Action --+
//! finished job (with its generation) -------------------------+-> app::update -> effects -> jobs -> vectors
//!                        ui::draw(&App) <- once per drained queue, only if something changed
//! ```

#[cfg(not(target_endian = "little"))]
compile_error!("lexiscope maps little-endian files in place and runs on little-endian machines only");

pub mod analysis;
pub mod app;
pub mod cli;
pub mod elementary;
pub mod files;
pub mod jobs;
#[cfg(not(feature = "openblas"))]
mod lapack;
pub mod linalg;
pub mod log;
pub mod matmul;
pub mod mmap;
pub mod model;
pub mod progress;
pub mod random;
pub mod spelling;
pub mod terminal;
pub mod theme;
pub mod ui;
pub mod vectors;
