//! Reading `themes/*.toml`: the themes inside the binary, and the user's own.
//!
//! A theme file may say `parent = "light"` and then only what differs. Every mistake in it is
//! an error with its line and, where there is one, the name that was probably meant.

use std::path::{Path, PathBuf};

use ratatui::style::{Color, Modifier, Style};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::colour_map::{Background, Diverging, Sequential};
use super::depth::ColourDepth;
use super::roles::Roles;
use super::{DEFAULT_THEME, Theme};
use crate::spelling::did_you_mean;

/// The themes inside the binary.
const BUILT_IN: [(&str, &str); 5] = [
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("high-contrast", include_str!("../../themes/high-contrast.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
    ("terminal", include_str!("../../themes/terminal.toml")),
];

/// How deep a chain of parents may be: deeper is taken for a circle.
const MOST_PARENTS: usize = 8;

const TOP_KEYS: [&str; 6] = ["background", "depth", "diverging", "parent", "roles", "sequential"];
const STYLE_KEYS: [&str; 7] = ["bg", "bold", "dim", "fg", "italic", "reversed", "underlined"];
const COLOUR_NAMES: [&str; 17] = [
    "reset",
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "gray",
    "darkgray",
    "lightred",
    "lightgreen",
    "lightyellow",
    "lightblue",
    "lightmagenta",
    "lightcyan",
    "white",
];

/// Why a theme could not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ThemeError {
    /// No theme of that name, neither built in nor in the user's folder.
    #[error("there is no theme `{name}`{hint}; there are: {}", known.join(", "))]
    Unknown {
        /// The name asked for.
        name: String,
        /// "; did you mean ...?" or nothing.
        hint: String,
        /// All themes that could have been asked for.
        known: Vec<String>,
    },
    /// The theme file cannot be read.
    #[error("reading the theme {}: {message}", path.display())]
    Unreadable {
        /// The theme file.
        path: PathBuf,
        /// What the system said.
        message: String,
    },
    /// Something in the theme file is wrong.
    #[error("theme `{theme}`, line {line}: {message}")]
    Invalid {
        /// The theme's name.
        theme: String,
        /// Counted from one.
        line: usize,
        /// What was expected and what was found.
        message: String,
    },
}

/// All names that [`load`] accepts: the built-in themes, then the user's.
pub fn names(user_folder: Option<&Path>) -> Vec<String> {
    let mut names: Vec<String> = BUILT_IN.iter().map(|(name, _)| (*name).to_owned()).collect();
    let entries = user_folder.and_then(|folder| std::fs::read_dir(folder).ok());
    let mut own: Vec<String> = entries
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .filter_map(|path| path.file_stem()?.to_str().map(str::to_owned))
        .filter(|name| !names.contains(name))
        .collect();
    own.sort();
    names.append(&mut own);
    names
}

/// The theme called `name`: the user's file `NAME.toml` in `user_folder`, or else the built-in
/// one. Its colour depth is the full one; see [`Theme::with_depth`].
///
/// # Errors
/// An unknown name, a file that cannot be read, or a mistake in it.
pub fn load(name: &str, user_folder: Option<&Path>) -> Result<Theme, ThemeError> {
    load_below(name, user_folder, 0)
}

/// [`load`], but with a theme in every case: the default one and the reason to show beside it.
pub fn load_or_default(name: &str, user_folder: Option<&Path>) -> (Theme, Option<ThemeError>) {
    match load(name, user_folder) {
        Ok(theme) => (theme, None),
        Err(error) => (load(DEFAULT_THEME, None).unwrap_or_default(), Some(error)),
    }
}

fn load_below(name: &str, user_folder: Option<&Path>, depth: usize) -> Result<Theme, ThemeError> {
    let is_a_name = !name.is_empty() && !name.contains(['/', '\\']);
    if let Some(path) = user_folder.filter(|_| is_a_name).map(|folder| folder.join(format!("{name}.toml"))) {
        match std::fs::read_to_string(&path) {
            // A file that patches the built-in theme of its own name names it as parent.
            Ok(text) => return Reader { theme: name, text: &text, user_folder, depth }.read(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(ThemeError::Unreadable { path, message: error.to_string() }),
        }
    }
    match BUILT_IN.iter().find(|(known, _)| *known == name) {
        Some((_, text)) => Reader { theme: name, text, user_folder: None, depth }.read(),
        None => {
            let known = names(user_folder);
            let hint = did_you_mean(name, known.iter().map(String::as_str));
            Err(ThemeError::Unknown { name: name.to_owned(), hint, known })
        }
    }
}

/// Reads one theme file.
struct Reader<'a> {
    theme: &'a str,
    text: &'a str,
    user_folder: Option<&'a Path>,
    depth: usize,
}

type Entry<'i> = Spanned<DeValue<'i>>;

impl Reader<'_> {
    fn read(&self) -> Result<Theme, ThemeError> {
        let table = DeTable::parse(self.text).map_err(|error| {
            self.error(error.span().map_or(0, |span| span.start), error.message().to_owned())
        })?;
        let table = table.get_ref();
        self.only_known(table, &TOP_KEYS)?;
        let mut theme = match table.get("parent") {
            Some(parent) => self.parent(parent)?,
            None => Theme::default(),
        };
        self.theme.clone_into(&mut theme.name);
        if let Some(value) = table.get("background") {
            let choices =
                [("dark", Background::Dark), ("light", Background::Light), ("unknown", Background::Unknown)];
            theme.background = self.choice("background", value, &choices)?;
        }
        if let Some(value) = table.get("sequential") {
            theme.sequential = self.choice("sequential", value, &Sequential::ALL)?;
        }
        if let Some(value) = table.get("diverging") {
            theme.diverging = self.choice("diverging", value, &Diverging::ALL)?;
        }
        if let Some(value) = table.get("depth") {
            let choices = [
                ("mono", ColourDepth::Mono),
                ("16", ColourDepth::C16),
                ("256", ColourDepth::C256),
                ("truecolor", ColourDepth::TrueColour),
            ];
            theme.depth = self.choice("depth", value, &choices)?;
        }
        if let Some(value) = table.get("roles") {
            self.roles(value, &mut theme.roles)?;
        }
        Ok(theme)
    }

    fn parent(&self, value: &Entry) -> Result<Theme, ThemeError> {
        let name = self.string("parent", value)?;
        if self.depth >= MOST_PARENTS {
            let message = format!("`parent` goes in a circle, or more than {MOST_PARENTS} themes deep");
            return Err(self.error(value.span().start, message));
        }
        // A theme that names itself patches the built-in theme of its name.
        let folder = if name == self.theme { None } else { self.user_folder };
        load_below(name, folder, self.depth + 1)
    }

    fn roles(&self, value: &Entry, roles: &mut Roles) -> Result<(), ThemeError> {
        let table = self.table("roles", value)?;
        self.only_known(table, Roles::NAMES)?;
        for (name, value) in table {
            let style = self.style(name.get_ref(), value)?;
            if let Some(role) = roles.named_mut(name.get_ref()) {
                *role = style;
            }
        }
        Ok(())
    }

    fn style(&self, role: &str, value: &Entry) -> Result<Style, ThemeError> {
        let table = self.table(role, value)?;
        self.only_known(table, &STYLE_KEYS)?;
        let mut style = Style::new();
        if let Some(value) = table.get("fg") {
            style.fg = Some(self.colour(value)?);
        }
        if let Some(value) = table.get("bg") {
            style.bg = Some(self.colour(value)?);
        }
        let modifiers = [
            ("bold", Modifier::BOLD),
            ("dim", Modifier::DIM),
            ("italic", Modifier::ITALIC),
            ("reversed", Modifier::REVERSED),
            ("underlined", Modifier::UNDERLINED),
        ];
        for (key, modifier) in modifiers {
            match table.get(key).map(|value| (value, value.get_ref())) {
                None | Some((_, DeValue::Boolean(false))) => {}
                Some((_, DeValue::Boolean(true))) => style = style.add_modifier(modifier),
                Some((value, _)) => {
                    return Err(self.error(value.span().start, format!("`{key}` must be true or false")));
                }
            }
        }
        Ok(style)
    }

    fn colour(&self, value: &Entry) -> Result<Color, ThemeError> {
        let text = self.string("a colour", value)?;
        parse_colour(text).map_err(|message| self.error(value.span().start, message))
    }

    fn choice<T: Copy>(&self, key: &str, value: &Entry, choices: &[(&str, T)]) -> Result<T, ThemeError> {
        let text = self.string(key, value)?;
        choices.iter().find(|(name, _)| *name == text).map(|(_, choice)| *choice).ok_or_else(|| {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            let hint = did_you_mean(text, names.iter().copied());
            let message = format!("`{key}` must be one of {}, found `{text}`{hint}", names.join(", "));
            self.error(value.span().start, message)
        })
    }

    fn string<'v>(&self, key: &str, value: &'v Entry) -> Result<&'v str, ThemeError> {
        match value.get_ref() {
            DeValue::String(text) => Ok(text),
            _ => Err(self.error(value.span().start, format!("{key} must be a text in quotes"))),
        }
    }

    fn table<'v, 'i>(&self, key: &str, value: &'v Entry<'i>) -> Result<&'v DeTable<'i>, ThemeError> {
        match value.get_ref() {
            DeValue::Table(table) => Ok(table),
            _ => Err(self
                .error(value.span().start, format!("`{key}` must be a table such as {{ fg = \"blue\" }}"))),
        }
    }

    fn only_known(&self, table: &DeTable, known: &[&str]) -> Result<(), ThemeError> {
        match table.keys().find(|key| !known.contains(&key.get_ref().as_ref())) {
            None => Ok(()),
            Some(key) => {
                let name = key.get_ref().as_ref();
                let hint = did_you_mean(name, known.iter().copied());
                let message = format!("unknown key `{name}`{hint}; known are {}", known.join(", "));
                Err(self.error(key.span().start, message))
            }
        }
    }

    fn error(&self, byte: usize, message: String) -> ThemeError {
        let before = self.text.as_bytes().iter().take(byte);
        let line = 1 + before.filter(|byte| **byte == b'\n').count();
        ThemeError::Invalid { theme: self.theme.to_owned(), line, message }
    }
}

/// A colour as theme files write it: `#rrggbb`, a palette index `0` to `255`, or a name.
fn parse_colour(text: &str) -> Result<Color, String> {
    if let Some(digits) = text.strip_prefix('#') {
        let is_hex = digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        return match u32::from_str_radix(digits, 16) {
            Ok(value) if is_hex => {
                let [_, red, green, blue] = value.to_be_bytes();
                Ok(Color::Rgb(red, green, blue))
            }
            _ => Err(format!("expected six hexadecimal digits such as `#ffb454`, found `{text}`")),
        };
    }
    if let Ok(index) = text.parse::<u8>() {
        return Ok(Color::Indexed(index));
    }
    if !COLOUR_NAMES.contains(&text) {
        let hint = did_you_mean(text, COLOUR_NAMES);
        return Err(format!(
            "no colour is called `{text}`{hint}; write `#rrggbb`, 0 to 255, or one of {}",
            COLOUR_NAMES.join(", ")
        ));
    }
    text.parse().map_err(|_| format!("no colour is called `{text}`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::colour::{Rgb, contrast, to_rgb};
    use rstest::rstest;

    fn message(text: &str) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("mine.toml"), text).expect("a theme file");
        load("mine", Some(folder.path())).expect_err(text).to_string()
    }

    #[test]
    fn every_built_in_theme_loads_and_names_every_role() {
        for (name, text) in BUILT_IN {
            let theme = load(name, None).expect("built in");
            assert_eq!(theme.name, name);
            let table = text.parse::<toml::Table>().expect("TOML");
            let roles = table["roles"].as_table().expect("a table");
            for role in Roles::NAMES {
                assert!(roles.contains_key(*role), "{name} lacks {role}");
            }
        }
    }

    #[rstest]
    #[case("rolls = {}", "line 1: unknown key `rolls`; did you mean `roles`?")]
    #[case("[roles]\ntetx = {}", "line 2: unknown key `tetx`; did you mean `text`?")]
    #[case("[roles]\n\ntext = { fg = \"#ab\" }", "line 3: expected six hexadecimal digits")]
    #[case("[roles]\ntext = { fg = \"#gggggg\" }", "expected six hexadecimal digits")]
    #[case("[roles]\ntext = { fg = \"#äää\" }", "expected six hexadecimal digits")]
    #[case("[roles]\ntext = { fg = \"yelow\" }", "did you mean `yellow`?")]
    #[case("[roles]\ntext = { fgg = \"red\" }", "did you mean `fg`?")]
    #[case("[roles]\ntext = { fg = 7 }", "must be a text in quotes")]
    #[case("[roles]\ntext = { bold = 1 }", "must be true or false")]
    #[case("[roles]\ntext = 3", "must be a table")]
    #[case("roles = 3", "must be a table")]
    #[case("background = \"drak\"", "did you mean `dark`?")]
    #[case("sequential = \"turbo\"", "must be one of viridis")]
    #[case("parent = \"mine2\"", "there is no theme `mine2`; did you mean `mine`?")]
    #[case("parent = \"mine\"", "there is no theme `mine`")]
    #[case("[roles\n", "line 1")]
    #[case("\u{0}", "line 1")]
    fn mistakes_are_told_with_their_place(#[case] text: &str, #[case] expected: &str) {
        let message = message(text);
        assert!(message.contains(expected), "{message}");
    }

    #[test]
    fn circles_of_parents_end() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("a.toml"), "parent = \"b\"").expect("a");
        std::fs::write(folder.path().join("b.toml"), "parent = \"a\"").expect("b");
        assert!(load("a", Some(folder.path())).expect_err("a circle").to_string().contains("circle"));
    }

    #[test]
    fn the_users_file_patches_the_built_in_theme() {
        let folder = tempfile::tempdir().expect("a folder");
        let text = "parent = \"dark\"\n[roles]\ntext = { fg = \"208\", bold = true }";
        std::fs::write(folder.path().join("dark.toml"), text).expect("a theme file");
        let theme = load("dark", Some(folder.path())).expect("a patch");
        let plain = load("dark", None).expect("built in");
        assert_eq!(theme.roles.text, Style::new().fg(Color::Indexed(208)).add_modifier(Modifier::BOLD));
        assert_eq!(theme.roles.faint, plain.roles.faint);
        assert_eq!(names(Some(folder.path())).len(), BUILT_IN.len());
    }

    #[test]
    fn an_unknown_theme_gives_the_default_and_the_reason() {
        let (theme, error) = load_or_default("drak", None);
        assert_eq!(theme.name, DEFAULT_THEME);
        let message = error.expect("a reason").to_string();
        assert!(message.contains("did you mean `dark`?") && message.contains("high-contrast"), "{message}");
    }

    #[test]
    fn names_never_leave_the_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("themes")).expect("a folder");
        std::fs::write(folder.path().join("outside.toml"), "").expect("a file");
        assert!(load("../outside", Some(&folder.path().join("themes"))).is_err());
    }

    /// Where no background is painted, text must be readable on what such terminals usually have.
    #[test]
    fn every_explicit_colour_can_be_read() {
        let dark: &[Rgb] = &[(0, 0, 0), (30, 30, 30)];
        let light: &[Rgb] = &[(255, 255, 255), (250, 250, 245)];
        for (name, _) in BUILT_IN {
            let theme = load(name, None).expect("built in");
            let usual = if theme.background == Background::Light { light } else { dark };
            for (role, style) in theme.roles.all() {
                // Named colours are the terminal's own and cannot be judged here.
                let Some(Color::Rgb(..)) = style.fg else { continue };
                let Some(foreground) = style.fg.and_then(to_rgb) else { continue };
                let painted = style.bg.and_then(to_rgb);
                let least = match (name, role) {
                    ("high-contrast", _) => 7.0,
                    (_, "stale") => 3.5,
                    // A shape, not text (WCAG 2.2, success criterion 1.4.11).
                    (_, "bar") => 3.0,
                    _ => 4.5,
                };
                for background in painted.as_ref().map_or(usual, std::slice::from_ref) {
                    let found = contrast(foreground, *background);
                    assert!(found >= least, "{name}: {role} has {found:.2}, needs {least}");
                }
            }
        }
    }
}
