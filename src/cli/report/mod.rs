//! Answers as text: plain, JSON, JSON lines, CSV, TSV and SVG, all made from one description, [`Report`].
//!
//! A command says once what its answer consists of; each format shows the same things in its own way,
//! so no format can fall behind another.

mod content;
mod json;
mod map;
mod plain;
mod render;
mod separated;
mod shown;
mod value;

pub use content::{Report, Table};
pub use json::{line_of, object_text};
pub use map::Map;
pub use render::{Format, remark, render};
pub use value::Value;
