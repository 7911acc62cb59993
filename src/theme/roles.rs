//! Styles by meaning. Screens ask for "the chosen row", never for "yellow".

use ratatui::style::Style;

macro_rules! roles {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// A style for everything that the screens tell apart.
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub struct Roles { $($(#[$doc])* pub $name: Style),* }

        impl Roles {
            /// The names of all roles, as theme files write them.
            pub const NAMES: &[&str] = &[$(stringify!($name)),*];

            /// The style of the role called `name`, to be changed.
            pub fn named_mut(&mut self, name: &str) -> Option<&mut Style> {
                match name { $(stringify!($name) => Some(&mut self.$name),)* _ => None }
            }

            /// Every role with its name.
            pub fn all(&self) -> impl Iterator<Item = (&'static str, Style)> + '_ {
                [$((stringify!($name), self.$name)),*].into_iter()
            }
        }
    };
}

roles! {
    /// Ordinary text.
    text,
    /// Less important text: units, hints, places that are empty.
    faint,
    /// An answer to an earlier question while the new one is on its way.
    stale,
    /// The name of a part of the screen.
    heading,
    /// A screen that is not shown, in the line of tabs.
    tab,
    /// The screen that is shown, in the line of tabs.
    current,
    /// What is being typed.
    input,
    /// The marker of the part that has the keys.
    focus,
    /// The row, word or point under the cursor.
    selected,
    /// The word that was asked about.
    query,
    /// Other words on a map.
    word,
    /// A bar's length.
    bar,
    /// Exact numbers.
    number,
    /// A key in the footer and in help.
    key,
    /// Why a suggestion is there: it begins with what was typed.
    prefix,
    /// Why a suggestion is there: it is spelled nearly so.
    typo,
    /// Why a suggestion is there: it differs in case or in Unicode form.
    variant,
    /// A share above zero.
    positive,
    /// A share below zero.
    negative,
    /// Something went well.
    success,
    /// Something to know about.
    warning,
    /// Something failed.
    error,
}
