//! From the bytes of a terminal to events.
//!
//! crossterm keeps the bytes of a sequence until its end comes, and where a pasted text lacks its end
//! (a line that broke off), that is for ever: every key is taken for more of the text. Here the wait
//! has an end.

use std::io;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::stdio::stdin;
use terminput::Event;

/// How long the rest of a sequence may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// Bytes that are taken at a time.
const BUFFER: usize = 1 << 16;

const PASTE_BEGINS: &[u8] = b"\x1b[200~";

/// Events from the bytes of standard input.
#[derive(Debug)]
pub(super) struct TerminalBytes {
    decoder: Decoder,
    buffer: Vec<u8>,
}

impl TerminalBytes {
    /// Reads from standard input, which is the terminal.
    pub(super) fn new() -> Self {
        Self { decoder: Decoder::default(), buffer: vec![0; BUFFER] }
    }

    /// Waits for events and hands them to `take`.
    ///
    /// # Errors
    /// The terminal is gone.
    pub(super) fn read(&mut self, take: &mut dyn FnMut(Event)) -> io::Result<()> {
        let patience = Timespec::try_from(PATIENCE).map_err(io::Error::other)?;
        let timeout = self.decoder.is_pending().then_some(&patience);
        let input = stdin();
        let mut waited = [PollFd::new(&input, PollFlags::IN)];
        match poll(&mut waited, timeout) {
            Err(rustix::io::Errno::INTR) => return Ok(()),
            Err(error) => return Err(error.into()),
            Ok(0) => {
                self.decoder.give_up().into_iter().for_each(take);
                return Ok(());
            }
            Ok(_) => {}
        }
        let count = match rustix::io::read(stdin(), &mut self.buffer) {
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => return Ok(()),
            Err(error) => return Err(error.into()),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => count,
        };
        self.decoder.feed(&self.buffer[..count], count == self.buffer.len(), take);
        Ok(())
    }
}

/// Bytes that are not whole yet.
#[derive(Debug, Default)]
struct Decoder {
    bytes: Vec<u8>,
}

impl Decoder {
    /// Takes in `bytes`, with `more` to come at once; hands over the events that are whole.
    fn feed(&mut self, bytes: &[u8], more: bool, take: &mut dyn FnMut(Event)) {
        for (index, byte) in bytes.iter().enumerate() {
            self.bytes.push(*byte);
            // A lone escape is the key; one with something behind it begins a sequence.
            if self.bytes == b"\x1b" && (more || index + 1 < bytes.len()) {
                continue;
            }
            match Event::parse_from(&self.bytes) {
                Ok(Some(event)) => {
                    self.bytes.clear();
                    take(event);
                }
                Ok(None) => {}
                // What is no event is let go, as the keys behind it are worth more.
                Err(_) => self.bytes.clear(),
            }
        }
    }

    /// Whether there is the beginning of something.
    fn is_pending(&self) -> bool {
        !self.bytes.is_empty()
    }

    /// Nothing more came: a pasted text without its end is the text that is there, all else is let go.
    fn give_up(&mut self) -> Option<Event> {
        let bytes = std::mem::take(&mut self.bytes);
        let text = bytes.strip_prefix(PASTE_BEGINS)?;
        Some(Event::Paste(String::from_utf8_lossy(text).into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use terminput::KeyCode;

    use super::*;

    fn events(decoder: &mut Decoder, bytes: &[u8]) -> Vec<Event> {
        let mut found = Vec::new();
        decoder.feed(bytes, false, &mut |event| found.push(event));
        found
    }

    fn keys(bytes: &[u8]) -> Vec<KeyCode> {
        let mut decoder = Decoder::default();
        let of = |event| if let Event::Key(key) = event { Some(key.code) } else { None };
        events(&mut decoder, bytes).into_iter().filter_map(of).collect()
    }

    #[test]
    fn a_lone_escape_is_a_key_and_others_begin_a_sequence() {
        assert_eq!(keys(b"\x1b"), [KeyCode::Esc]);
        assert_eq!(keys(b"\x1b[A"), [KeyCode::Up]);
        assert_eq!(keys(b"\x1b[Ax\x1b[6~"), [KeyCode::Up, KeyCode::Char('x'), KeyCode::PageDown]);
        assert_eq!(keys("é日".as_bytes()), [KeyCode::Char('é'), KeyCode::Char('日')]);
        let mut decoder = Decoder::default();
        // What never becomes an event takes no key once the wait is over.
        assert!(events(&mut decoder, b"\x1b[?nonsense").is_empty());
        assert_eq!((decoder.give_up(), events(&mut decoder, b"x").len()), (None, 1));
    }

    #[test]
    fn a_pasted_text_without_its_end_is_the_text_and_keys_are_keys_again() {
        let mut decoder = Decoder::default();
        assert!(events(&mut decoder, b"\x1b[200~king and\nqueen").is_empty());
        assert!(decoder.is_pending());
        assert_eq!(decoder.give_up(), Some(Event::Paste("king and\nqueen".into())));
        assert!(!decoder.is_pending());
        assert_eq!(events(&mut decoder, b"q").len(), 1);
        // Its end, should it come yet, is nothing.
        assert!(events(&mut decoder, b"\x1b[201~").iter().all(|event| !matches!(event, Event::Paste(_))));
        assert_eq!(events(&mut decoder, b"\x1b[200~a\x1b[201~"), [Event::Paste("a".into())]);
        assert!(events(&mut decoder, b"\x1b[1;").is_empty());
        assert_eq!(decoder.give_up(), None);
    }
}
