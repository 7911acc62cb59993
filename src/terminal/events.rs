//! Keys, pasted text and sizes from the terminal, on a channel.

use std::thread;

use crossbeam_channel::{Receiver, Sender};
use terminput::{KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEventKind, ScrollDirection};

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

/// Reads events until nobody listens any more or the terminal is gone.
fn read_events(sender: &Sender<Event>, mut late_reply: LateReply) {
    let mut source = Source::new();
    let mut listening = true;
    while listening {
        let read = source.read(&mut |event| {
            let message = translate(event);
            let message =
                message.filter(|message| !matches!(message, Message::Key(key) if late_reply.swallows(*key)));
            if let Some(message) = message {
                listening &= sender.send(Event::Message(message)).is_ok();
            }
        });
        if let Err(error) = read {
            // Nothing to do if nobody listens any more.
            let _ = sender.send(Event::Lost(error.to_string()));
            return;
        }
    }
}

#[cfg(unix)]
use super::bytes::TerminalBytes as Source;

/// Events as crossterm reads them, where a terminal does not send bytes.
#[cfg(not(unix))]
struct Source;

#[cfg(not(unix))]
impl Source {
    fn new() -> Self {
        Self
    }

    fn read(&mut self, take: &mut dyn FnMut(terminput::Event)) -> std::io::Result<()> {
        let event = terminput_crossterm::to_terminput(crossterm::event::read()?);
        event.into_iter().for_each(take);
        Ok(())
    }
}

/// The application's message for a terminal's event, if it has one.
pub fn translate(event: terminput::Event) -> Option<Message> {
    match event {
        terminput::Event::Key(key) => translate_key(key).map(Message::Key),
        terminput::Event::Paste(text) => Some(Message::Paste(text)),
        terminput::Event::Resize { .. } => Some(Message::Redraw),
        terminput::Event::Mouse(mouse) => match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => Some(Message::Click(mouse.column, mouse.row)),
            MouseEventKind::Scroll(ScrollDirection::Down) => {
                Some(Message::Scroll(mouse.column, mouse.row, 1))
            }
            MouseEventKind::Scroll(ScrollDirection::Up) => Some(Message::Scroll(mouse.column, mouse.row, -1)),
            _ => None,
        },
        terminput::Event::FocusGained | terminput::Event::FocusLost => None,
    }
}

/// The application's key. Releases are dropped: Windows reports them, and would type everything twice.
fn translate_key(event: KeyEvent) -> Option<Key> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    let code = match event.code {
        terminput::KeyCode::Char(character) => KeyCode::Char(character),
        terminput::KeyCode::F(number) => KeyCode::F(number),
        terminput::KeyCode::Enter => KeyCode::Enter,
        terminput::KeyCode::Esc => KeyCode::Esc,
        terminput::KeyCode::Tab if event.modifiers.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
        terminput::KeyCode::Tab => KeyCode::Tab,
        terminput::KeyCode::Backspace => KeyCode::Backspace,
        terminput::KeyCode::Delete => KeyCode::Delete,
        terminput::KeyCode::Left => KeyCode::Left,
        terminput::KeyCode::Right => KeyCode::Right,
        terminput::KeyCode::Up => KeyCode::Up,
        terminput::KeyCode::Down => KeyCode::Down,
        terminput::KeyCode::Home => KeyCode::Home,
        terminput::KeyCode::End => KeyCode::End,
        terminput::KeyCode::PageUp => KeyCode::PageUp,
        terminput::KeyCode::PageDown => KeyCode::PageDown,
        _ => return None,
    };
    let control = event.modifiers.contains(KeyModifiers::CTRL);
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

    fn key(kind: KeyEventKind) -> terminput::Event {
        terminput::Event::Key(KeyEvent::new(terminput::KeyCode::Char('a')).kind(kind))
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
        let event = KeyEvent::new(terminput::KeyCode::Char('w')).modifiers(KeyModifiers::CTRL);
        let key = translate_key(event).unwrap();
        assert_eq!((key.to_string(), key.typed()), ("ctrl-w".into(), None));
        let typed_ahead = KeyEvent::new(terminput::KeyCode::Char('j')).modifiers(KeyModifiers::CTRL);
        assert_eq!(translate_key(typed_ahead).unwrap().to_string(), "enter");
    }
}
