//! One of several values by its name, without a second type for the command line.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

/// A value, and how it is written.
pub struct Choice<T> {
    /// Its name.
    pub name: &'static str,
    /// Other names, which the help does not show.
    pub aliases: &'static [&'static str],
    /// What it is, in a few words.
    pub help: &'static str,
    /// The value.
    pub value: T,
}

/// All values that an argument may have.
pub struct Choices<T: 'static>(pub &'static [Choice<T>]);

impl<T: Copy + PartialEq + Send + Sync> Choices<T> {
    /// What clap reads the argument with.
    pub fn parser(&'static self) -> impl TypedValueParser<Value = T> {
        let possible = self.0.iter().map(|choice| {
            PossibleValue::new(choice.name).help(choice.help).aliases(choice.aliases.iter().copied())
        });
        // clap lets only these names through.
        PossibleValuesParser::new(possible).try_map(|name| {
            let found = self.0.iter().find(|one| one.name == name || one.aliases.contains(&name.as_str()));
            found.map(|choice| choice.value).ok_or("not one of the choices")
        })
    }

    /// The name of `value`.
    pub fn name(&self, value: T) -> &'static str {
        self.0.iter().find(|choice| choice.value == value).map_or("", |choice| choice.name)
    }
}
