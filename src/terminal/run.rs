//! The loop between events, finished work and frames.

use std::io;
use std::time::{Duration, Instant};

use crossbeam_channel::{Select, TryRecvError};
use ratatui::Terminal;
use ratatui::backend::Backend;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::event::Event;
use super::events::EventSource;
use super::host::{Host, Looks};
use crate::app::{App, Effect, Message, draw};
use crate::jobs::Jobs;
use crate::widgets::canvas::Hits;
use crate::widgets::print::Format;

/// How often a spinner turns.
const SPINNER: Duration = Duration::from_millis(100);

/// Why the loop ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The person quit.
    Quit,
    /// A signal asked for it.
    Signal(i32),
    /// The terminal went away, for this reason.
    Lost(String),
}

/// Shows `app` on `terminal` until it quits. Both ends are parameters, so that a test can be a
/// string of keys.
///
/// The first frame is drawn before any file is read. After that the loop sleeps until an event or
/// a result arrives; it wakes by itself only while a spinner is to be shown.
///
/// # Errors
/// The terminal cannot be written to.
pub fn run<B: Backend>(
    terminal: &mut Terminal<B>,
    host: &mut dyn Host,
    source: &mut dyn EventSource,
    app: &mut App,
    jobs: &mut Jobs,
    looks: &mut Looks,
) -> io::Result<Ended> {
    let mut running = Loop { terminal, host, app, jobs, looks, started: Instant::now() };
    running.draw()?;
    let effects = running.app.start();
    running.carry_out(effects)?;
    loop {
        if let Some(ended) = running.drain(source)? {
            return Ok(ended);
        }
        if running.app.frame.changed {
            running.draw()?;
        }
        if !running.app.frame.is_waiting() && source.events().is_empty() {
            source.idle();
        }
        running.wait(source);
    }
}

struct Loop<'a, B: Backend> {
    terminal: &'a mut Terminal<B>,
    host: &'a mut dyn Host,
    app: &'a mut App,
    jobs: &'a mut Jobs,
    looks: &'a mut Looks,
    started: Instant,
}

impl<B: Backend> Loop<'_, B> {
    /// Handles everything that has arrived; results first, because they are older wishes.
    fn drain(&mut self, source: &dyn EventSource) -> io::Result<Option<Ended>> {
        loop {
            self.app.frame.now = self.started.elapsed();
            if let Ok(report) = self.jobs.reports().try_recv() {
                self.handle(Message::Report(report))?;
                continue;
            }
            match source.events().try_recv() {
                Ok(Event::Message(message)) => self.handle(message)?,
                Ok(Event::Terminate(signal)) => return Ok(Some(Ended::Signal(signal))),
                Ok(Event::Suspend) => self.carry_out(vec![Effect::Suspend])?,
                Ok(Event::Lost(reason)) => return Ok(Some(Ended::Lost(reason))),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => {
                    return Ok(Some(Ended::Lost(String::from("no more keys can be read"))));
                }
            }
            if self.app.frame.quit {
                return Ok(Some(Ended::Quit));
            }
        }
        if self.app.frame.anything_late() {
            self.handle(Message::Tick)?;
        }
        Ok(None)
    }

    fn handle(&mut self, message: Message) -> io::Result<()> {
        let effects = self.app.handle(message);
        self.carry_out(effects)
    }

    fn carry_out(&mut self, effects: Vec<Effect>) -> io::Result<()> {
        for effect in effects {
            match effect {
                Effect::Start(task) => {
                    #[cfg(debug_assertions)]
                    let task = super::sabotage::spoil(task);
                    self.jobs.start(task);
                }
                Effect::Cancel(slot) => self.jobs.cancel(slot),
                Effect::Copy(text) => {
                    if let Err(error) = self.host.copy(&text) {
                        self.app.frame.complain(format!("cannot copy: {error}"));
                    }
                }
                Effect::SaveScreen(name) => self.save_screen(&name)?,
                Effect::Save { name, text } => self.save(&name, &text),
                Effect::Mouse(capture) => self.host.capture_mouse(capture)?,
                Effect::UseTheme(name) => {
                    if let Err(error) = self.looks.use_theme(&name) {
                        self.app.frame.complain(error);
                    }
                }
                Effect::Redraw => self.forget_frame()?,
                Effect::Suspend => {
                    match self.host.suspend(self.app.frame.mouse) {
                        Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                            self.app.frame.complain(error.to_string());
                        }
                        suspended => suspended?,
                    }
                    self.forget_frame()?;
                }
            }
        }
        Ok(())
    }

    /// Writes what is on the screen to the file `name`.
    fn save_screen(&mut self, name: &str) -> io::Result<()> {
        let Some(format) = Format::of_name(name) else { return Ok(()) };
        let area = Rect::from((Position::ORIGIN, self.terminal.size().map_err(broken)?));
        let (mut buffer, theme) = (Buffer::empty(area), self.looks.theme());
        draw::render(self.app, theme, &mut buffer, area);
        let text = format.print(&buffer, theme.is_light());
        self.save(name, &text);
        Ok(())
    }

    fn save(&mut self, name: &str, text: &str) {
        match self.host.save(name, text) {
            Ok(()) => self.app.frame.inform(format!("wrote {name}")),
            Err(error) => self.app.frame.complain(error.to_string()),
        }
    }

    /// Makes the next frame write every cell. Not by `Terminal::clear`, which asks the terminal
    /// for its cursor while the events thread would swallow the reply.
    fn forget_frame(&mut self) -> io::Result<()> {
        self.app.frame.changed = true;
        let size = self.terminal.size().map_err(broken)?;
        self.terminal.resize(Rect::from((Position::ORIGIN, size))).map_err(broken)
    }

    fn draw(&mut self) -> io::Result<()> {
        self.app.frame.changed = false;
        self.host.begin_frame()?;
        let mut hits = Hits::default();
        let drawn = self.terminal.draw(|frame| hits = draw::draw(self.app, self.looks.theme(), frame));
        drawn.map_err(broken)?;
        self.app.frame.hits = hits;
        self.host.end_frame()
    }

    /// Sleeps until something arrives or the spinner is to turn.
    fn wait(&self, source: &dyn EventSource) {
        let mut select = Select::new();
        select.recv(source.events());
        select.recv(self.jobs.reports());
        match self.app.frame.spinner_due() {
            None => {
                select.ready();
            }
            Some(due) => {
                let patience = due.checked_sub(self.started.elapsed()).filter(|rest| !rest.is_zero());
                let _ = select.ready_timeout(patience.unwrap_or(SPINNER));
            }
        }
    }
}

fn broken(error: impl std::error::Error) -> io::Error {
    io::Error::other(error.to_string())
}
