//! The guided tour: stops that set a screen up and say what to look at there.

use serde::Deserialize;
use serde_json::Value;

/// The tour inside the program.
static FIRST: &str = include_str!("tour.toml");

/// One stop.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stop {
    /// A few words.
    pub title: String,
    /// The name of the screen.
    pub screen: String,
    /// What there is to see, in a sentence or two.
    pub look: String,
    /// A key to try, and what it does.
    #[serde(rename = "try")]
    pub trial: String,
    /// Which of the screen's choices are made, as sessions keep them; the others stay.
    #[serde(default)]
    pub choices: serde_json::Map<String, Value>,
}

/// A tour, at one of its stops.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tour {
    /// The stops.
    #[serde(rename = "stop")]
    pub stops: Vec<Stop>,
    /// The number of the present one.
    #[serde(skip)]
    pub index: usize,
}

impl Tour {
    /// Reads a tour from TOML: `[[stop]]` with `title`, `screen`, `look`, `try` and `choices`.
    ///
    /// # Errors
    /// What is wrong, with its line; a tour without stops.
    pub fn parse(text: &str) -> Result<Self, String> {
        let tour: Self = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        if tour.stops.is_empty() {
            return Err("a tour has at least one [[stop]]".into());
        }
        Ok(tour)
    }

    /// The tour inside the program.
    ///
    /// # Panics
    /// It cannot be read: a mistake in the program, found by every test.
    pub fn first() -> Self {
        Self::parse(FIRST).unwrap_or_else(|error| panic!("tour.toml: {error}"))
    }

    /// The present stop.
    pub fn stop(&self) -> &Stop {
        &self.stops[self.index.min(self.stops.len() - 1)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tour_says_what_is_wrong_with_it() {
        for (text, expected) in [
            ("", "stop"),
            ("stop = []", "at least one"),
            ("[[stop]]\ntitle = \"a\"", "screen"),
            ("[[stop]]\ntitle = \"a\"\nscreen = \"b\"\nlook = \"c\"\ntry = \"d\"\nlok = \"e\"", "lok"),
        ] {
            let error = Tour::parse(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
        assert_eq!(Tour::first().stops.len(), 10);
    }
}
