//! Which key means which action, in which context.

use std::collections::BTreeMap;

use super::Action;
use super::commands::{COMMANDS, Context, command};
use super::key::Key;

/// The bindings: the defaults of the registry, with the user's own in their place.
#[derive(Debug, Clone)]
pub struct Keymap {
    bindings: Vec<(Context, Key, Action)>,
}

/// A binding that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeymapError {
    /// A key with two meanings at the same time.
    #[error("the key {key} is bound twice {}: to \"{first}\" and to \"{second}\"; give one of them another key", context.label())]
    Conflict {
        /// The key.
        key: Key,
        /// Where.
        context: Context,
        /// One command.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// Text that is no key.
    #[error(transparent)]
    Key(#[from] super::key::UnknownKey),
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

impl Default for Keymap {
    fn default() -> Self {
        let bindings = COMMANDS
            .iter()
            .flat_map(|command| command.default_keys().map(|(context, key)| (context, key, command.action)))
            .collect();
        Self { bindings }
    }
}

impl Keymap {
    /// The defaults with the keys of the named commands replaced by the user's. A new key has its
    /// meaning in all contexts that the command has keys in. Arrow keys, Enter and Esc keep their
    /// meaning beside any other key, so that nobody can lock themselves out.
    ///
    /// # Errors
    /// Text that is no key; a key with two meanings in one context.
    pub fn with_overrides(overrides: &BTreeMap<Action, Vec<String>>) -> Result<Self, KeymapError> {
        let mut keymap = Self::default();
        for (&action, keys) in overrides {
            keymap.replace(action, keys)?;
        }
        keymap.check()?;
        Ok(keymap)
    }

    fn replace(&mut self, action: Action, keys: &[String]) -> Result<(), KeymapError> {
        let mut contexts: Vec<_> = command(action).keys.iter().map(|(context, _)| *context).collect();
        contexts.sort();
        contexts.dedup();
        self.bindings.retain(|(_, key, bound)| *bound != action || is_fixed(*key));
        for text in keys {
            let key: Key = text.parse()?;
            let mut bound = false;
            for &context in &contexts {
                let types = key.typed().is_some() && matches!(context, Context::Everywhere | Context::Typing);
                if !types {
                    self.bindings.push((context, key, action));
                    bound = true;
                }
            }
            if !bound {
                return Err(KeymapError::Typed { key, command: action.name() });
            }
        }
        Ok(())
    }

    fn check(&self) -> Result<(), KeymapError> {
        for (index, &(context, key, action)) in self.bindings.iter().enumerate() {
            let clash = self.bindings[..index].iter().find(|(other_context, other_key, other)| {
                *other_key == key && *other != action && context.overlaps(*other_context)
            });
            if let Some(&(_, _, other)) = clash {
                return Err(KeymapError::Conflict {
                    key,
                    context,
                    first: other.name(),
                    second: action.name(),
                });
            }
        }
        Ok(())
    }

    /// What `key` means where `contexts` are active.
    pub fn action(&self, key: Key, contexts: &[Context]) -> Option<Action> {
        contexts.iter().find_map(|active| {
            self.bindings
                .iter()
                .find(|(context, bound, _)| context == active && *bound == key)
                .map(|(_, _, action)| *action)
        })
    }

    /// The first key of `action` where `contexts` are active.
    pub fn key_for(&self, action: Action, contexts: &[Context]) -> Option<Key> {
        let found =
            |(context, _, bound): &&(Context, Key, Action)| *bound == action && contexts.contains(context);
        // The user's own keys stand behind the fixed ones and are the ones to show.
        let own = self.bindings.iter().filter(found).find(|(_, key, _)| !is_fixed(*key));
        own.or_else(|| self.bindings.iter().find(found)).map(|(_, key, _)| *key)
    }

    /// All keys of `action` in any context, without repetition.
    pub fn keys(&self, action: Action) -> Vec<Key> {
        let mut keys = Vec::new();
        for (_, key, bound) in &self.bindings {
            if *bound == action && !keys.contains(key) {
                keys.push(*key);
            }
        }
        keys
    }
}

fn is_fixed(key: Key) -> bool {
    use super::key::KeyCode::*;
    !key.control && !key.alt && matches!(key.code, Left | Right | Up | Down | Enter | Esc)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::key::KeyCode;

    fn overrides(entries: &[(Action, &[&str])]) -> BTreeMap<Action, Vec<String>> {
        entries.iter().map(|(action, keys)| (*action, keys.iter().map(|&key| key.into()).collect())).collect()
    }

    #[test]
    fn defaults_have_no_conflict_and_all_of_them_parse() {
        Keymap::default().check().unwrap();
        for command in COMMANDS {
            assert_eq!(command.default_keys().count(), command.keys.len(), "{}", command.id());
        }
    }

    #[test]
    fn every_action_is_one_command() {
        for action in Action::ALL {
            assert_eq!(COMMANDS.iter().filter(|command| command.action == *action).count(), 1, "{action:?}");
            assert_eq!(Action::from_name(action.name()), Some(*action));
        }
    }

    #[test]
    fn keys_of_multiplexers_are_left_alone() {
        for taken in ["ctrl-a", "ctrl-b", "ctrl-s"] {
            let key: Key = taken.parse().unwrap();
            assert!(
                !COMMANDS.iter().any(|command| command.default_keys().any(|(_, bound)| bound == key)),
                "{taken}"
            );
        }
    }

    #[test]
    fn a_key_bound_twice_names_both_commands() {
        let error = Keymap::with_overrides(&overrides(&[(Action::Compare, &["f"])])).unwrap_err().to_string();
        assert!(
            error.contains("\"compare\"") && error.contains("\"filter\"") && error.contains("key f"),
            "{error}"
        );
        Keymap::with_overrides(&overrides(&[(Action::Compare, &["f"]), (Action::Filter, &["c"])])).unwrap();
    }

    #[test]
    fn arrows_stay_beside_other_keys() {
        let keymap = Keymap::with_overrides(&overrides(&[(Action::Down, &["z"])])).unwrap();
        let contexts = [Context::Words, Context::Lists, Context::Browsing, Context::Everywhere];
        assert_eq!(keymap.action(Key::plain(KeyCode::Down), &contexts), Some(Action::Down));
        assert_eq!(keymap.action(Key::plain(KeyCode::Char('z')), &contexts), Some(Action::Down));
        assert_eq!(keymap.action(Key::plain(KeyCode::Char('j')), &contexts), None);
        assert_eq!(keymap.key_for(Action::Down, &contexts).unwrap().to_string(), "z");
    }

    #[test]
    fn a_letter_cannot_be_taken_from_typing() {
        let error = Keymap::with_overrides(&overrides(&[(Action::DeleteWord, &["x"])])).unwrap_err();
        assert!(matches!(error, KeymapError::Typed { .. }), "{error}");
    }
}
