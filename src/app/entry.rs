//! What is told of a command, and where its keys have their meaning.

use std::borrow::Cow;

use super::key::Key;

/// Why a command cannot be used now.
pub type Reason = Cow<'static, str>;

/// Where a key has its meaning. A key may mean different things in scopes that are never active
/// together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Everywhere, also while typing.
    Everywhere,
    /// While a line of text has the focus.
    Typing,
    /// While no line of text has the focus, on any screen.
    Browsing,
    /// The same, on screens that are moved through as through a list.
    Lists,
    /// While browsing on the screen that the command belongs to.
    Own,
    /// In help and messages, which lie on top.
    Reading,
}

/// All that is told of a command, whomever it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name in the configuration file.
    pub id: &'static str,
    /// Two or three words.
    pub title: &'static str,
    /// One sentence.
    pub help: String,
    /// Other words that it is found by.
    pub search: &'static str,
    /// Default keys with their scopes.
    pub keys: Vec<(Scope, Key)>,
    /// Position in the footer.
    pub footer: Option<u8>,
    /// Whether the palette offers it.
    pub listed: bool,
}
