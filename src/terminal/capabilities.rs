//! What the terminal can show, as far as can be known without asking it much.

use std::str::FromStr;
use std::time::Duration;

use crate::theme::{Background, ColourDepth};

/// How long a terminal may take to tell its background colour.
const BACKGROUND_PATIENCE: Duration = Duration::from_millis(100);

/// What the person wants of colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ColourChoice {
    /// What the environment shows evidence of.
    #[default]
    Auto,
    /// This depth, whatever the environment says.
    Depth(ColourDepth),
}

/// Text that is no colour choice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no colour depth; there are: auto, always, 256, 16, never")]
pub struct UnknownColourChoice(pub String);

impl ColourChoice {
    /// The names of all choices.
    pub const NAMES: [&str; 5] = ["auto", "always", "256", "16", "never"];
}

impl FromStr for ColourChoice {
    type Err = UnknownColourChoice;

    fn from_str(text: &str) -> Result<Self, UnknownColourChoice> {
        match text {
            "auto" => Ok(Self::Auto),
            "always" => Ok(Self::Depth(ColourDepth::TrueColour)),
            "256" => Ok(Self::Depth(ColourDepth::C256)),
            "16" => Ok(Self::Depth(ColourDepth::C16)),
            "never" => Ok(Self::Depth(ColourDepth::Mono)),
            other => Err(UnknownColourChoice(other.to_owned())),
        }
    }
}

/// The colour depth for a choice and an environment. Without evidence of more it is 256 colours:
/// terminals that know fewer are rare, and those that know more mostly say so.
pub fn colour_depth(choice: ColourChoice, environment: impl Fn(&str) -> Option<String>) -> ColourDepth {
    if let ColourChoice::Depth(depth) = choice {
        return depth;
    }
    let value = |name: &str| environment(name).unwrap_or_default();
    let term = value("TERM");
    // https://no-color.org: set and not empty.
    if !value("NO_COLOR").is_empty() || term == "dumb" || term.starts_with("vt") {
        return ColourDepth::Mono;
    }
    let colour_term = value("COLORTERM");
    let says_so = colour_term == "truecolor" || colour_term == "24bit" || term.ends_with("-direct");
    let known = matches!(value("TERM_PROGRAM").as_str(), "iTerm.app" | "WezTerm" | "vscode" | "ghostty")
        || !value("WT_SESSION").is_empty();
    if says_so || (known && value("TMUX").is_empty()) || recent_apple_terminal(&value) {
        return ColourDepth::TrueColour;
    }
    if matches!(term.as_str(), "linux" | "ansi" | "cygwin") || term.ends_with("-16color") {
        return ColourDepth::C16;
    }
    ColourDepth::C256
}

/// Terminal.app shows 24-bit colour from version 464 on, and never sets COLORTERM.
fn recent_apple_terminal(value: &impl Fn(&str) -> String) -> bool {
    let version = value("TERM_PROGRAM_VERSION");
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    value("TERM_PROGRAM") == "Apple_Terminal" && major.is_some_and(|major| major >= 464)
}

/// Whether the background is dark or light, from COLORFGBG (`15;0`, `0;default;15`).
pub fn background_from_environment(environment: impl Fn(&str) -> Option<String>) -> Option<Background> {
    let value = environment("COLORFGBG")?;
    let colour: u8 = value.rsplit(';').next()?.parse().ok()?;
    match colour {
        0..=6 | 8 => Some(Background::Dark),
        7 | 9..=15 => Some(Background::Light),
        _ => None,
    }
}

/// What asking the terminal for its background came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// It answered, or it was not asked.
    Told(Option<Background>),
    /// It did not answer in time. Over a slow line the answer may still come, and would be taken
    /// for keys: see [`super::late_reply`].
    TooLate,
}

/// Asks the terminal for its background (OSC 11, ended by DA1), for 100 ms at most. To be called
/// before anything reads keys.
pub fn ask_background() -> Asked {
    let mut options = terminal_colorsaurus::QueryOptions::default();
    options.timeout = BACKGROUND_PATIENCE;
    match terminal_colorsaurus::theme_mode(options) {
        Ok(terminal_colorsaurus::ThemeMode::Dark) => Asked::Told(Some(Background::Dark)),
        Ok(terminal_colorsaurus::ThemeMode::Light) => Asked::Told(Some(Background::Light)),
        Err(terminal_colorsaurus::Error::Timeout(_)) => Asked::TooLate,
        Err(_) => Asked::Told(None),
    }
}

/// How many columns the terminal has; 80 where it does not say.
pub fn columns() -> usize {
    crossterm::terminal::size().map_or(80, |(columns, _)| usize::from(columns))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn environment(pairs: &'static [(&'static str, &'static str)]) -> impl Fn(&str) -> Option<String> {
        |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    }

    #[rstest]
    #[case(&[], ColourDepth::C256)]
    #[case(&[("TERM", "xterm-256color")], ColourDepth::C256)]
    #[case(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")], ColourDepth::TrueColour)]
    #[case(&[("COLORTERM", "24bit")], ColourDepth::TrueColour)]
    #[case(&[("COLORTERM", "yes")], ColourDepth::C256)]
    #[case(&[("COLORTERM", "truecolor"), ("NO_COLOR", "1")], ColourDepth::Mono)]
    #[case(&[("COLORTERM", "truecolor"), ("NO_COLOR", "")], ColourDepth::TrueColour)]
    #[case(&[("TERM", "dumb")], ColourDepth::Mono)]
    #[case(&[("TERM", "linux")], ColourDepth::C16)]
    #[case(&[("TERM", "xterm-direct")], ColourDepth::TrueColour)]
    #[case(&[("TERM_PROGRAM", "Apple_Terminal"), ("TERM_PROGRAM_VERSION", "455.1")], ColourDepth::C256)]
    #[case(&[("TERM_PROGRAM", "Apple_Terminal"), ("TERM_PROGRAM_VERSION", "464")], ColourDepth::TrueColour)]
    #[case(&[("TERM_PROGRAM", "WezTerm")], ColourDepth::TrueColour)]
    #[case(&[("TERM_PROGRAM", "WezTerm"), ("TMUX", "/tmp/tmux")], ColourDepth::C256)]
    #[case(&[("WT_SESSION", "guid")], ColourDepth::TrueColour)]
    fn depth_follows_the_evidence(
        #[case] pairs: &'static [(&'static str, &'static str)],
        #[case] expected: ColourDepth,
    ) {
        assert_eq!(colour_depth(ColourChoice::Auto, environment(pairs)), expected);
    }

    #[test]
    fn a_choice_wins_over_the_environment() {
        let choice: ColourChoice = "16".parse().unwrap();
        assert_eq!(colour_depth(choice, environment(&[("NO_COLOR", "1")])), ColourDepth::C16);
        assert!("no".parse::<ColourChoice>().unwrap_err().to_string().contains("auto, always"));
        for name in ColourChoice::NAMES {
            name.parse::<ColourChoice>().unwrap();
        }
    }

    #[rstest]
    #[case("15;0", Some(Background::Dark))]
    #[case("0;default;15", Some(Background::Light))]
    #[case("0;7", Some(Background::Light))]
    #[case("default;default", None)]
    #[case("", None)]
    fn background_is_read_from_colorfgbg(#[case] value: &'static str, #[case] expected: Option<Background>) {
        assert_eq!(background_from_environment(|_| Some(value.to_owned())), expected);
    }
}
