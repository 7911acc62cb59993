//! What a command is.

use std::fmt;

use super::entry::{Entry, Reason, Scope};
use super::frame::Frame;

/// A command of `S`: a screen, or the frame itself ([`super::Screens`]). Everything that is shown
/// of it (keymap, footer, help, palette, README) comes from here.
pub struct Command<S: 'static> {
    /// Its name in the configuration file.
    pub id: &'static str,
    /// Two or three words, for footer and palette.
    pub title: &'static str,
    /// One sentence, for help and README.
    pub help: &'static str,
    /// Other words that a person may look for in the palette.
    pub search: &'static str,
    /// Default keys with their scopes; the first is the one to show.
    pub keys: &'static [(Scope, &'static str)],
    /// Position in the footer, lowest first; `None` keeps it out.
    pub footer: Option<u8>,
    /// Whether it is worth a place in the footer now.
    pub advertised: fn(&S, &Frame) -> bool,
    /// Whether the palette offers it.
    pub listed: bool,
    /// `Err` with the reason while it cannot be used.
    pub availability: fn(&S, &Frame) -> Result<(), Reason>,
    /// Carries it out.
    pub run: fn(&mut S, &mut Frame),
}

impl<S: 'static> Command<S> {
    /// A command that can always be used, without keys.
    pub const fn new(
        id: &'static str,
        title: &'static str,
        help: &'static str,
        run: fn(&mut S, &mut Frame),
    ) -> Self {
        Self {
            id,
            title,
            help,
            search: "",
            keys: &[],
            footer: None,
            advertised: |_, _| true,
            listed: true,
            availability: |_, _| Ok(()),
            run,
        }
    }

    /// With these default keys.
    pub const fn keys(mut self, keys: &'static [(Scope, &'static str)]) -> Self {
        self.keys = keys;
        self
    }

    /// At this position of the footer.
    pub const fn footer(mut self, position: u8) -> Self {
        self.footer = Some(position);
        self
    }

    /// In the footer only while `advertised`.
    pub const fn advertised(mut self, advertised: fn(&S, &Frame) -> bool) -> Self {
        self.advertised = advertised;
        self
    }

    /// Usable only where `availability` does not give a reason why not.
    pub const fn when(mut self, availability: fn(&S, &Frame) -> Result<(), Reason>) -> Self {
        self.availability = availability;
        self
    }

    /// Found in the palette by these words, too.
    pub const fn search(mut self, words: &'static str) -> Self {
        self.search = words;
        self
    }

    /// Not offered by the palette: it makes no sense once that has closed.
    pub const fn unlisted(mut self) -> Self {
        self.listed = false;
        self
    }
}

impl<S> fmt::Debug for Command<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Command").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What is told of `command`.
///
/// # Panics
/// A default key that cannot be read: a mistake in the program, found by every test.
pub fn entry<S>(command: &Command<S>) -> Entry {
    let read = |key: &str| key.parse().unwrap_or_else(|error| panic!("{}: {error}", command.id));
    Entry {
        id: command.id,
        title: command.title,
        help: command.help.to_owned(),
        search: command.search,
        keys: command.keys.iter().map(|(scope, key)| (*scope, read(key))).collect(),
        footer: command.footer,
        listed: command.listed,
    }
}
