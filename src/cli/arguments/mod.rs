//! Arguments that several commands share.

pub mod choices;
pub mod filter;
pub mod format;
pub mod list;
pub mod stack;
pub mod subject;
pub mod words;
