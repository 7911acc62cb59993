//! The answer of a terminal that was asked for its background and took too long to give it.

use crate::app::key::{Key, KeyCode};

/// No answer has more characters: `11;rgb:ffff/ffff/ffff`.
const LONGEST: usize = 40;

/// Keeps a late answer (`ESC ] 11;rgb:1e1e/1e1e/1e1e ESC \`) from being typed into a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LateReply {
    /// None will come.
    None,
    /// One may still come.
    Awaited,
    /// One is coming, so many characters of it are there.
    Coming(usize),
}

impl LateReply {
    /// Whether `key` is a piece of the answer. Each key that arrives is to be shown to this.
    pub(super) fn swallows(&mut self, key: Key) -> bool {
        let begins = Key { code: KeyCode::Char(']'), control: false, alt: true };
        match *self {
            Self::None => false,
            Self::Awaited => {
                let is_answer = key == begins;
                if is_answer {
                    *self = Self::Coming(0);
                }
                is_answer
            }
            Self::Coming(count) => {
                // ST is ESC and a backslash, BEL is Ctrl-G.
                let ends = key.code == KeyCode::Char('\\') && key.alt
                    || key.code == KeyCode::Char('g') && key.control;
                *self = if ends || count >= LONGEST { Self::None } else { Self::Coming(count + 1) };
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(reply: &mut LateReply, keys: &[&str]) -> String {
        let left = keys.iter().filter(|key| !reply.swallows(key.parse().unwrap()));
        left.copied().collect::<Vec<_>>().join("")
    }

    #[test]
    fn a_late_answer_is_not_typed() {
        for end in ["alt-\\", "ctrl-g"] {
            let mut reply = LateReply::Awaited;
            let keys = [
                "k", "alt-]", "1", "1", ";", "r", "g", "b", ":", "0", "/", "0", "/", "0", end, "i", "n", "g",
            ];
            assert_eq!(typed(&mut reply, &keys), "king");
            assert_eq!(reply, LateReply::None);
            assert_eq!(typed(&mut reply, &["alt-]", "x"]), "alt-]x", "there is one answer only");
        }
    }

    #[test]
    fn an_answer_without_an_end_does_not_take_the_keys_for_ever() {
        let mut reply = LateReply::Awaited;
        assert!(typed(&mut reply, &["alt-]"]).is_empty());
        let keys = vec!["a"; LONGEST + 10];
        assert_eq!(typed(&mut reply, &keys).len(), 9);
    }

    #[test]
    fn nothing_is_taken_where_no_answer_is_awaited() {
        assert_eq!(typed(&mut LateReply::None, &["alt-]", "1"]), "alt-]1");
    }
}
