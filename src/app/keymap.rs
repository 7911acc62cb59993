//! Which key means which command, in which scope.

use std::collections::BTreeMap;

use super::entry::{Entry, Scope};
use super::key::{Key, KeyCode, UnknownKey};

/// The commands of the frame, or of one screen, for the keymap.
#[derive(Debug, Clone)]
pub struct Group {
    /// The screen's id; `None` for the frame.
    pub screen: Option<&'static str>,
    /// Whether the screen is moved through as through a list.
    pub is_list: bool,
    /// Its commands.
    pub entries: Vec<Entry>,
}

/// Where keys are pressed now: the scopes, most special first, and the screen in front.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The scopes that are active.
    pub scopes: &'a [Scope],
    /// The screen in front.
    pub screen: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Binding {
    scope: Scope,
    screen: Option<&'static str>,
    is_list: bool,
    key: Key,
    command: &'static str,
}

impl Binding {
    /// Whether both can be active at the same time, so that the key can have only one meaning.
    fn overlaps(&self, other: &Self) -> bool {
        let apart = self.screen.zip(other.screen).is_some_and(|(one, other)| one != other);
        let covers = |one: &Self, other: &Self| match one.scope {
            Scope::Everywhere => true,
            Scope::Browsing => matches!(other.scope, Scope::Lists | Scope::Own),
            Scope::Lists => other.scope == Scope::Own && other.is_list,
            Scope::Typing | Scope::Own | Scope::Reading => one.scope == other.scope,
        };
        !apart && (self.scope == other.scope || covers(self, other) || covers(other, self))
    }

    fn is_active(&self, scope: Scope, place: Place<'_>) -> bool {
        self.scope == scope && self.screen.is_none_or(|screen| screen == place.screen)
    }
}

/// The bindings: the defaults of the commands, with the user's own in their place.
#[derive(Debug, Clone, Default)]
pub struct Keymap {
    bindings: Vec<Binding>,
}

/// A binding that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeymapError {
    /// A key with two meanings at the same time.
    #[error(
        "the key {key} is bound twice {place}: to \"{first}\" and to \"{second}\"; give one of them another key"
    )]
    Conflict {
        /// The key.
        key: Key,
        /// Where.
        place: String,
        /// One command.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// Text that is no key.
    #[error(transparent)]
    Key(#[from] UnknownKey),
    /// A printable key was bound where it must type.
    #[error(
        "\"{command}\" works while typing, where the key {key} types a character; use one with ctrl- or alt-, or a function key"
    )]
    Typed {
        /// The key.
        key: Key,
        /// The command.
        command: &'static str,
    },
}

impl Keymap {
    /// The default keys of all commands.
    pub fn new(groups: &[Group]) -> Self {
        let of_entry = |group: &Group, entry: &Entry| -> Vec<Binding> {
            let (screen, is_list, command) = (group.screen, group.is_list, entry.id);
            entry.keys.iter().map(|&(scope, key)| Binding { scope, screen, is_list, key, command }).collect()
        };
        let of_group = |group: &Group| -> Vec<Binding> {
            group.entries.iter().flat_map(|entry| of_entry(group, entry)).collect()
        };
        Self { bindings: groups.iter().flat_map(of_group).collect() }
    }

    /// The same with the keys of the named commands replaced by the user's. A new key has its
    /// meaning in all scopes that the command has keys in, one that it had before where it had it.
    /// Arrow keys, Enter, Esc and Ctrl-C keep their meaning beside any other key, so that nobody can
    /// lock themselves in or out.
    ///
    /// # Errors
    /// Text that is no key; a key with two meanings in one scope.
    pub fn with_overrides(
        mut self,
        overrides: &BTreeMap<&'static str, Vec<String>>,
    ) -> Result<Self, KeymapError> {
        for (&command, keys) in overrides {
            self.replace(command, keys)?;
        }
        self.check()?;
        Ok(self)
    }

    fn replace(&mut self, command: &'static str, keys: &[String]) -> Result<(), KeymapError> {
        let mut places: Vec<Binding> = Vec::new();
        for binding in self.bindings.iter().filter(|binding| binding.command == command) {
            let same = |other: &Binding| other.scope == binding.scope && other.screen == binding.screen;
            if !places.iter().any(same) {
                places.push(*binding);
            }
        }
        let (own, others) = std::mem::take(&mut self.bindings)
            .into_iter()
            .partition::<Vec<Binding>, _>(|binding| binding.command == command);
        self.bindings = others;
        self.bindings.extend(own.iter().filter(|binding| is_fixed(binding.key)));
        for text in keys {
            let key: Key = text.parse()?;
            if own.iter().any(|binding| binding.key == key) {
                let same = own.iter().filter(|binding| binding.key == key && !is_fixed(binding.key));
                self.bindings.extend(same);
                continue;
            }
            let types = |place: &&Binding| {
                key.typed().is_some() && matches!(place.scope, Scope::Everywhere | Scope::Typing)
            };
            let bound: Vec<Binding> =
                places.iter().filter(|place| !types(place)).map(|place| Binding { key, ..*place }).collect();
            if bound.is_empty() {
                return Err(KeymapError::Typed { key, command });
            }
            self.bindings.extend(bound);
        }
        Ok(())
    }

    /// Looks for a key with two meanings.
    ///
    /// # Errors
    /// The first such key.
    pub fn check(&self) -> Result<(), KeymapError> {
        for (index, binding) in self.bindings.iter().enumerate() {
            let clash = self.bindings[..index].iter().find(|other| {
                other.key == binding.key && other.command != binding.command && binding.overlaps(other)
            });
            if let Some(other) = clash {
                return Err(KeymapError::Conflict {
                    key: binding.key,
                    place: place_label(binding),
                    first: other.command,
                    second: binding.command,
                });
            }
        }
        Ok(())
    }

    /// The command that `key` means at `place`.
    pub fn command(&self, key: Key, place: Place<'_>) -> Option<&'static str> {
        place.scopes.iter().find_map(|&scope| {
            let found = |binding: &&Binding| binding.key == key && binding.is_active(scope, place);
            self.bindings.iter().find(found).map(|binding| binding.command)
        })
    }

    /// The first key of `command` at `place`.
    pub fn key_for(&self, command: &str, place: Place<'_>) -> Option<Key> {
        let found = |binding: &&Binding| {
            let active = place.scopes.iter().any(|&scope| binding.is_active(scope, place));
            binding.command == command && active
        };
        // The user's own keys stand behind the fixed ones and are the ones to show.
        let own = self.bindings.iter().filter(found).find(|binding| !is_fixed(binding.key));
        own.or_else(|| self.bindings.iter().find(found)).map(|binding| binding.key)
    }

    /// All keys of `command` in any scope, without repetition.
    pub fn keys(&self, command: &str) -> Vec<Key> {
        let mut keys = Vec::new();
        for binding in self.bindings.iter().filter(|binding| binding.command == command) {
            if !keys.contains(&binding.key) {
                keys.push(binding.key);
            }
        }
        keys
    }
}

/// What to call the place of a binding in messages.
fn place_label(binding: &Binding) -> String {
    match (binding.scope, binding.screen) {
        (Scope::Everywhere, _) => "everywhere".into(),
        (Scope::Typing, _) => "while typing".into(),
        (Scope::Browsing, _) => "while browsing".into(),
        (Scope::Lists, _) => "in lists".into(),
        (Scope::Reading, _) => "in help and messages".into(),
        (Scope::Own, screen) => format!("on the screen {}", screen.unwrap_or_default()),
    }
}

fn is_fixed(key: Key) -> bool {
    use KeyCode::*;
    match (key.control, key.alt, key.code) {
        (true, false, code) => code == Char('c'),
        (false, false, code) => matches!(code, Left | Right | Up | Down | Enter | Esc),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(screen: Option<&'static str>, is_list: bool, keys: &[(&'static str, Scope, &str)]) -> Group {
        let entry = |(id, scope, key): &(&'static str, Scope, &str)| Entry {
            id,
            title: id,
            help: String::new(),
            search: "",
            keys: vec![(*scope, key.parse().unwrap())],
            footer: None,
            listed: true,
        };
        Group { screen, is_list, entries: keys.iter().map(entry).collect() }
    }

    /// Two screens, one of them a list.
    fn keymap() -> Keymap {
        Keymap::new(&[
            group(
                None,
                false,
                &[
                    ("down", Scope::Lists, "j"),
                    ("down", Scope::Everywhere, "down"),
                    ("delete-word", Scope::Typing, "ctrl-w"),
                    ("quit", Scope::Browsing, "q"),
                    ("quit", Scope::Everywhere, "ctrl-c"),
                ],
            ),
            group(Some("words"), true, &[("compare", Scope::Own, "c"), ("filter", Scope::Own, "f")]),
            group(Some("maps"), false, &[("layer", Scope::Own, "j"), ("view", Scope::Own, "c")]),
        ])
    }

    fn with(overrides: &[(&'static str, &[&str])]) -> Result<Keymap, KeymapError> {
        let owned = |keys: &[&str]| keys.iter().map(|&key| key.into()).collect();
        keymap().with_overrides(&overrides.iter().map(|(id, keys)| (*id, owned(keys))).collect())
    }

    const BROWSING: [Scope; 4] = [Scope::Own, Scope::Lists, Scope::Browsing, Scope::Everywhere];
    const WORDS: Place<'static> = Place { scopes: &BROWSING, screen: "words" };
    const MAPS: Place<'static> = Place { scopes: &[Scope::Own, Scope::Browsing], screen: "maps" };

    fn key(text: &str) -> Key {
        text.parse().unwrap()
    }

    #[test]
    fn a_key_means_what_the_screen_in_front_says() {
        let keymap = keymap();
        keymap.check().unwrap();
        assert_eq!(keymap.command(key("c"), WORDS), Some("compare"));
        assert_eq!(keymap.command(key("c"), MAPS), Some("view"));
        assert_eq!(keymap.command(key("j"), WORDS), Some("down"));
        assert_eq!(keymap.command(key("j"), MAPS), Some("layer"));
        assert_eq!(keymap.command(key("f"), MAPS), None);
    }

    #[test]
    fn a_key_bound_twice_names_both_commands() {
        let error = with(&[("compare", &["f"])]).unwrap_err().to_string();
        for part in ["\"compare\"", "\"filter\"", "key f", "screen words"] {
            assert!(error.contains(part), "{error}");
        }
        with(&[("compare", &["f"]), ("filter", &["c"])]).unwrap();
        // What the frame has everywhere no screen may have for itself.
        assert!(with(&[("compare", &["q"])]).is_err());
        assert!(with(&[("compare", &["j"])]).is_err(), "a list moves by j");
        assert!(with(&[("view", &["f"])]).is_ok(), "another screen's key");
    }

    #[test]
    fn arrows_stay_beside_other_keys() {
        let keymap = with(&[("down", &["z"])]).unwrap();
        assert_eq!(keymap.command(key("down"), WORDS), Some("down"));
        assert_eq!(keymap.command(key("z"), WORDS), Some("down"));
        assert_eq!(keymap.command(key("j"), WORDS), None);
        assert_eq!(keymap.key_for("down", WORDS).unwrap().to_string(), "z");
    }

    #[test]
    fn nobody_can_take_the_way_out_away() {
        for keys in [&[][..], &["x"], &["ctrl-q"]] {
            let keymap = with(&[("quit", keys)]).unwrap();
            assert_eq!(keymap.command(key("ctrl-c"), WORDS), Some("quit"), "{keys:?}");
            assert_eq!(keymap.command(key("q"), WORDS), None, "{keys:?}");
        }
        let error = with(&[("compare", &["ctrl-c"])]).unwrap_err().to_string();
        assert!(error.contains("\"compare\"") && error.contains("\"quit\""), "{error}");
    }

    #[test]
    fn a_letter_cannot_be_taken_from_typing() {
        let error = with(&[("delete-word", &["x"])]).unwrap_err();
        assert!(matches!(error, KeymapError::Typed { .. }), "{error}");
    }
}
