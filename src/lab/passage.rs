//! A text that none of the shipped networks has learned from, to look at what they make of a text.

/// The beginning of a tale of the brothers Grimm, in the public domain.
pub static TALE: &str = include_str!("../../models/stories/passage.txt");
