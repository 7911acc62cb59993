//! The person's own settings: `config.toml` and `themes/` in the configuration folder
//! (`$XDG_CONFIG_HOME/lexiscope`, usually `~/.config/lexiscope`; `LEXISCOPE_CONFIG` names another
//! file).
//!
//! ```toml
//! theme = "light"
//! color = "256"
//! [keys]
//! compare = "x"
//! down = ["n", "ctrl-n"]
//! ```

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::capabilities::ColourChoice;
use crate::app::{App, Keymap, keymap::KeymapError};
use crate::spelling::did_you_mean;

const KEYS: [&str; 3] = ["color", "keys", "theme"];

/// The settings.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// The theme's name.
    pub theme: Option<String>,
    /// The colour depth.
    pub colour: Option<ColourChoice>,
    /// The keys; `None` for the defaults.
    pub keymap: Option<Keymap>,
}

/// A mistake in the configuration file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The system refused the file.
    #[error("cannot read {}: {message}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        message: String,
    },
    /// Something in it is wrong.
    #[error("{}:{line}: {message}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Counted from one.
        line: usize,
        /// What was found and what would be right.
        message: String,
    },
}

/// The configuration folder, where the system has one.
pub fn folder() -> Option<PathBuf> {
    etcetera::choose_base_strategy().ok().map(|strategy| strategy.config_dir().join("lexiscope"))
}

/// The configuration file to read.
pub fn path() -> Option<PathBuf> {
    match std::env::var_os("LEXISCOPE_CONFIG") {
        Some(path) => Some(path.into()),
        None => folder().map(|folder| folder.join("config.toml")),
    }
}

/// Reads the file at `path`, with the commands that `app` has; a file that does not exist is an
/// empty one.
///
/// # Errors
/// The file cannot be read, or has a mistake.
pub fn read(path: &Path, app: &App) -> Result<Config, ConfigError> {
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&text, path, app),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Config::default()),
        Err(error) => Err(ConfigError::Unreadable { path: path.to_owned(), message: error.to_string() }),
    }
}

/// Reads `text`, the content of `path`, with the commands that `app` has.
///
/// # Errors
/// The first mistake in it.
pub fn parse(text: &str, path: &Path, app: &App) -> Result<Config, ConfigError> {
    Reader { text, path, app }.read()
}

/// A file with every setting and what it is without one, all of it commented out.
pub fn sample(app: &App) -> String {
    let mut text = String::from(
        "# Settings of lexiscope. Every line shows what holds without it; take the # away to change it.\n\
         # A mistake is told on the screen with its line, and the defaults are used.\n\n\
         # dark, light, high-contrast, mono, terminal, the name of a file in themes/ beside this one,\n\
         # or auto: by the background of the terminal.\n\
         #theme = \"auto\"\n\n\
         # auto, always (24 bits), 256, 16, never.\n\
         #color = \"auto\"\n\n\
         # A command has one key or several; arrows, Enter and Esc keep their meaning beside them.\n\
         #[keys]\n",
    );
    let mut told = std::collections::BTreeSet::new();
    for heading in app.registry.headings() {
        let _ = writeln!(text, "\n# {heading}");
        let own = app.registry.iter().filter(|listed| listed.heading == heading);
        for listed in own.filter(|listed| told.insert(listed.entry.id)) {
            let keys: Vec<String> = app
                .frame
                .keymap
                .keys(listed.entry.id)
                .iter()
                .map(|key| format!("{:?}", key.to_string()))
                .collect();
            let _ = writeln!(text, "#{} = [{}]  # {}", listed.entry.id, keys.join(", "), listed.entry.help);
        }
    }
    text
}

struct Reader<'a> {
    text: &'a str,
    path: &'a Path,
    app: &'a App,
}

impl Reader<'_> {
    fn read(&self) -> Result<Config, ConfigError> {
        let table = DeTable::parse(self.text).map_err(|error| {
            self.error(error.span().map_or(0, |span| span.start), error.message().to_owned())
        })?;
        let mut config = Config::default();
        for (key, value) in table.get_ref() {
            match key.get_ref().as_ref() {
                "theme" => config.theme = Some(self.string("theme", value)?.to_owned()),
                "color" => {
                    let choice = self.string("color", value)?.parse();
                    let choice =
                        choice.map_err(|error| self.error(value.span().start, format!("color: {error}")))?;
                    config.colour = Some(choice);
                }
                "keys" => config.keymap = Some(self.keys(value)?),
                other => return Err(self.unknown("setting", other, key.span().start, KEYS)),
            }
        }
        Ok(config)
    }

    fn keys(&self, value: &Spanned<DeValue>) -> Result<Keymap, ConfigError> {
        let DeValue::Table(table) = value.get_ref() else {
            return Err(self.error(value.span().start, String::from("keys: expected a table [keys]")));
        };
        let mut overrides = BTreeMap::new();
        for (name, value) in table {
            let command = self.app.registry.id(name.get_ref()).ok_or_else(|| {
                let names: Vec<&str> = self.app.registry.iter().map(|listed| listed.entry.id).collect();
                self.unknown("command", name.get_ref(), name.span().start, names)
            })?;
            let keys = match value.get_ref() {
                DeValue::Array(keys) => keys
                    .iter()
                    .map(|key| self.string(name.get_ref(), key).map(str::to_owned))
                    .collect::<Result<_, _>>()?,
                _ => vec![self.string(name.get_ref(), value)?.to_owned()],
            };
            // One at a time, so that a key that cannot be read is told with its own line.
            let alone = BTreeMap::from([(command, keys.clone())]);
            if let Err(error) = self.defaults().with_overrides(&alone)
                && !matches!(error, KeymapError::Conflict { .. })
            {
                return Err(self.error(value.span().start, format!("{}: {error}", name.get_ref())));
            }
            overrides.insert(command, keys);
        }
        let keymap = self.defaults().with_overrides(&overrides);
        keymap.map_err(|error| self.error(value.span().start, error.to_string()))
    }

    fn defaults(&self) -> Keymap {
        self.app.frame.keymap.clone()
    }

    fn string<'v>(&self, name: &str, value: &'v Spanned<DeValue>) -> Result<&'v str, ConfigError> {
        match value.get_ref() {
            DeValue::String(text) => Ok(text),
            other => {
                let message = format!("{name}: expected a string in quotes, found {}", other.type_str());
                Err(self.error(value.span().start, message))
            }
        }
    }

    fn unknown<'n>(
        &self,
        what: &str,
        name: &str,
        offset: usize,
        names: impl IntoIterator<Item = &'n str> + Clone,
    ) -> ConfigError {
        let hint = did_you_mean(name, names.clone());
        let known = names.into_iter().collect::<Vec<_>>().join(", ");
        let hint = if hint.is_empty() { format!("; there are: {known}") } else { hint };
        self.error(offset, format!("there is no {what} `{name}`{hint}"))
    }

    fn error(&self, offset: usize, message: String) -> ConfigError {
        let before = self.text.get(..offset).unwrap_or(self.text);
        ConfigError::Invalid { path: self.path.to_owned(), line: before.matches('\n').count() + 1, message }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::screens;
    use crate::theme::ColourDepth;

    fn app() -> App {
        App::new(screens::all(), None)
    }

    #[test]
    fn settings_are_read() {
        let text =
            "theme = \"light\"\ncolor = \"256\"\n[keys]\ncompare = \"x\"\ndown = [\"z\", \"ctrl-n\"]\n";
        let config = parse(text, Path::new("config.toml"), &app()).unwrap();
        assert_eq!(config.theme.as_deref(), Some("light"));
        assert_eq!(config.colour, Some(ColourChoice::Depth(ColourDepth::C256)));
        let keys: Vec<_> = config.keymap.unwrap().keys("down").iter().map(ToString::to_string).collect();
        assert_eq!(keys, ["down", "z", "ctrl-n"]);
    }

    #[rstest]
    #[case("colour = \"256\"", "c.toml:1: there is no setting `colour`; did you mean `color`?")]
    #[case("\n\ncolor = \"red\"", "c.toml:3: color: \"red\" is no colour depth")]
    #[case("theme = 3", "c.toml:1: theme: expected a string in quotes, found integer")]
    #[case("[keys]\ncompair = \"x\"", "c.toml:2: there is no command `compair`; did you mean `compare`?")]
    #[case("[keys]\ncompare = \"hyper-x\"", "c.toml:2: compare: \"hyper-x\" is no key")]
    #[case("[keys]\ncompare = \"f\"", "the key f is bound twice")]
    #[case("theme = ", "c.toml:1: ")]
    fn mistakes_are_told_with_their_line(#[case] text: &str, #[case] expected: &str) {
        let error = parse(text, Path::new("c.toml"), &app()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn the_sample_says_what_holds_without_it() {
        let app = app();
        let sample = sample(&app);
        assert!(parse(&sample, Path::new("c.toml"), &app).unwrap().keymap.is_none(), "all is commented out");
        // Without the sign before a setting; sentences have a space behind theirs.
        let settings: Vec<&str> = sample
            .lines()
            .filter_map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')))
            .collect();
        let config = parse(&settings.join("\n"), Path::new("c.toml"), &app).unwrap();
        assert_eq!(config.theme.as_deref(), Some("auto"));
        assert_eq!(config.colour, Some(ColourChoice::Auto));
        let keymap = config.keymap.unwrap();
        let told = |map: &Keymap, id: &str| {
            let mut keys: Vec<String> = map.keys(id).iter().map(ToString::to_string).collect();
            keys.sort();
            keys
        };
        for listed in app.registry.iter() {
            let id = listed.entry.id;
            assert_eq!(told(&keymap, id), told(&app.frame.keymap, id), "{id}");
        }
    }

    #[test]
    fn no_file_is_no_mistake() {
        assert!(read(Path::new("/nonexistent/lexiscope/config.toml"), &app()).unwrap().theme.is_none());
    }
}
