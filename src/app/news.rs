//! What the frame tells its screens, and what screens hand to each other through it.

/// What became of the things that all screens share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// The screen was brought to the front.
    InFront,
    /// Other vectors are being opened: what was found in the old ones is void.
    VectorsClosed,
    /// The vectors are open.
    VectorsOpen,
    /// The index of their words is there ([`super::Frame::lookup`]).
    LookupReady,
    /// Another model is being opened: what the old one computed is void.
    ModelClosed,
    /// The model is open.
    ModelOpen,
}

/// Something that one screen hands to whichever screen knows what to do with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Look at a word.
    Word(String),
}
