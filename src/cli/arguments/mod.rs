//! Arguments that several commands share.

pub mod changes;
pub mod choices;
pub mod explained;
pub mod filter;
pub mod format;
pub mod heads;
pub mod inputs;
pub mod list;
pub mod sampling;
pub mod stack;
pub mod standard_input;
pub mod subject;
pub mod words;
