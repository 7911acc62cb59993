//! Keys, pasted text and sizes from the terminal, on a channel.

use std::thread;

use crossbeam_channel::{Receiver, Sender};
use crossterm::event::{self, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEventKind};

use super::event::Event;
use super::late_reply::LateReply;
use crate::app::Message;
use crate::app::key::{Key, KeyCode};

/// Where events come from: the terminal, or a script.
pub trait EventSource {
    /// The channel that they arrive on.
    fn events(&self) -> &Receiver<Event>;

    /// Called when everything that had arrived is handled and drawn, and no work is under way.
    fn idle(&mut self) {}
}

/// Events of the real terminal.
#[derive(Debug)]
pub struct TerminalEvents {
    receiver: Receiver<Event>,
}

impl TerminalEvents {
    /// Starts the thread that reads keys, and, on Unix, the one that waits for signals. What comes
    /// of `late_reply` is kept away from the application.
    ///
    /// # Errors
    /// The system refuses a thread or a signal handler.
    pub(super) fn start(late_reply: LateReply) -> std::io::Result<Self> {
        let (sender, receiver) = crossbeam_channel::unbounded();
        #[cfg(unix)]
        super::signals::watch(sender.clone())?;
        thread::Builder::new()
            .name(String::from("lexiscope-events"))
            .spawn(move || read_events(&sender, late_reply))?;
        Ok(Self { receiver })
    }
}

impl EventSource for TerminalEvents {
    fn events(&self) -> &Receiver<Event> {
        &self.receiver
    }
}

fn read_events(sender: &Sender<Event>, mut late_reply: LateReply) {
    loop {
        let event = match event::read() {
            Ok(event) => translate(event)
                .filter(|message| !matches!(message, Message::Key(key) if late_reply.swallows(*key)))
                .map(Event::Message),
            Err(error) => {
                // Nothing to do if nobody listens any more.
                let _ = sender.send(Event::Lost(error.to_string()));
                return;
            }
        };
        if let Some(event) = event
            && sender.send(event).is_err()
        {
            return;
        }
    }
}

/// The application's message for a terminal's event, if it has one.
pub fn translate(event: event::Event) -> Option<Message> {
    match event {
        event::Event::Key(key) => translate_key(key).map(Message::Key),
        event::Event::Paste(text) => Some(Message::Paste(text)),
        event::Event::Resize(..) => Some(Message::Redraw),
        event::Event::Mouse(mouse) => match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => Some(Message::Click(mouse.column, mouse.row)),
            MouseEventKind::ScrollDown => Some(Message::Scroll(mouse.column, mouse.row, 1)),
            MouseEventKind::ScrollUp => Some(Message::Scroll(mouse.column, mouse.row, -1)),
            _ => None,
        },
        event::Event::FocusGained | event::Event::FocusLost => None,
    }
}

/// The application's key. Releases are dropped: Windows reports them, and would type everything twice.
fn translate_key(event: KeyEvent) -> Option<Key> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    let code = match event.code {
        event::KeyCode::Char(character) => KeyCode::Char(character),
        event::KeyCode::F(number) => KeyCode::F(number),
        event::KeyCode::Enter => KeyCode::Enter,
        event::KeyCode::Esc => KeyCode::Esc,
        event::KeyCode::Tab if event.modifiers.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
        event::KeyCode::Tab => KeyCode::Tab,
        event::KeyCode::BackTab => KeyCode::BackTab,
        event::KeyCode::Backspace => KeyCode::Backspace,
        event::KeyCode::Delete => KeyCode::Delete,
        event::KeyCode::Left => KeyCode::Left,
        event::KeyCode::Right => KeyCode::Right,
        event::KeyCode::Up => KeyCode::Up,
        event::KeyCode::Down => KeyCode::Down,
        event::KeyCode::Home => KeyCode::Home,
        event::KeyCode::End => KeyCode::End,
        event::KeyCode::PageUp => KeyCode::PageUp,
        event::KeyCode::PageDown => KeyCode::PageDown,
        _ => return None,
    };
    let control = event.modifiers.contains(KeyModifiers::CONTROL);
    // What was typed ahead, before raw mode, reaches us with Enter turned into a line feed.
    if control && code == KeyCode::Char('j') {
        return Some(Key::plain(KeyCode::Enter));
    }
    let alt = event.modifiers.contains(KeyModifiers::ALT);
    // AltGr reaches Windows programs as Control and Alt together, and types a character.
    let types = cfg!(windows) && control && alt && matches!(code, KeyCode::Char(_));
    Some(Key { code, control: control && !types, alt: alt && !types })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kind: KeyEventKind) -> event::Event {
        event::Event::Key(KeyEvent::new_with_kind(event::KeyCode::Char('a'), KeyModifiers::NONE, kind))
    }

    #[test]
    fn a_key_that_is_released_types_nothing() {
        assert!(translate(key(KeyEventKind::Release)).is_none());
        for kind in [KeyEventKind::Press, KeyEventKind::Repeat] {
            let Some(Message::Key(key)) = translate(key(kind)) else { panic!("no key") };
            assert_eq!(key.typed(), Some('a'));
        }
    }

    #[test]
    fn control_is_no_text() {
        let event = KeyEvent::new(event::KeyCode::Char('w'), KeyModifiers::CONTROL);
        let key = translate_key(event).unwrap();
        assert_eq!((key.to_string(), key.typed()), ("ctrl-w".into(), None));
        let typed_ahead = KeyEvent::new(event::KeyCode::Char('j'), KeyModifiers::CONTROL);
        assert_eq!(translate_key(typed_ahead).unwrap().to_string(), "enter");
    }
}
