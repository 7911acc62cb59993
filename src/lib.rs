//! lexiscope: a terminal explorer for the two ideas that modern language models stand on,
//! words as points in a space, and attention.
//!
//! # The rooms
//!
//! ```text
//! cli, terminal         commands of the command line; the terminal itself
//!        |
//!      screens          one folder a screen: state, commands with keys and help, update, work, draw
//!        |
//!       app             the frame around the screens: focus, keymap, palette, messages; no terminal, no IO
//!        |
//! jobs, widgets, theme  background work: the latest request wins, notes, cancel; plain data to cells
//!        |
//!     export            maps as files: svg, csv
//!        |
//!     vectors           words as points: files, search, analogies, evaluation, projection
//!     analysis          what can be read off a trace: head patterns, rollout, logit lens
//!     lab               networks that learn, and experiments with them
//!        |
//!      model            networks that keep everything they computed
//!        |
//! linalg, matmul, elementary    decompositions, products, functions of many numbers at a time
//! copies                        arrays copied on all threads
//! mmap, files, foreign          mapped files, files written whole, readers of other crates
//! progress, visible, numerals   progress of long work, text and numbers for eyes
//! random, correlation           numbers from a seed, how two lists of numbers go together
//! spelling, log                 names that were probably meant, the log file
//! ```
//!
//! Dependencies point downwards only; `tests/architecture.rs` holds that. Numeric code knows
//! nothing of the screen, and drawing changes nothing.
//!
//! # How data flows
//!
//! ```text
//! keys, mouse, resize -> terminal::events -> keymap -> command of the frame or of the screen in front --+
//! a job's note or output (with its generation) ---------------------------------------------------------+-> state, effects -> jobs -> vectors, model
//!                        app::draw(&App) <- once per drained queue, only if something changed; returns what can be clicked
//! ```

#[cfg(not(target_endian = "little"))]
compile_error!("lexiscope maps little-endian files in place and runs on little-endian machines only");

pub mod analysis;
pub mod app;
pub mod cli;
pub mod copies;
pub mod correlation;
pub mod elementary;
pub mod export;
pub mod files;
pub mod foreign;
pub mod jobs;
pub mod lab;
#[cfg(not(feature = "openblas"))]
mod lapack;
pub mod linalg;
pub mod log;
pub mod matmul;
pub mod mmap;
pub mod model;
pub mod numerals;
pub mod progress;
pub mod random;
pub mod screens;
pub mod spelling;
pub mod terminal;
pub mod theme;
pub mod vectors;
pub mod visible;
pub mod widgets;
