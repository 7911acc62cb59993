//! The real binary in a pseudo-terminal, read by a terminal emulator. Tests wait for what should
//! appear, and give up after a generous time; none sleeps for a result.
#![cfg(unix)]

mod model;
mod networks;
mod words;

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::process::Command;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use tempfile::TempDir;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

struct Terminal {
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    child: Box<dyn Child + Send + Sync>,
    screen: vt100::Parser,
    /// Everything that was written.
    raw: Vec<u8>,
    /// Its home: empty but for the small vectors, without a configuration.
    home: TempDir,
}

/// A home folder with a few vectors in it.
fn home() -> TempDir {
    let words = ["king", "queen", "prince", "man", "woman", "table", "chair"];
    let rows = ["1 .9 .1", ".95 .92 .1", ".9 .9 .2", ".8 .1 .1", ".7 .2 .1", ".1 .1 .9", ".1 .2 .8"];
    let text: String = words.iter().zip(rows).map(|(word, row)| format!("{word} {row}\n")).collect();
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join(VECTORS), text).unwrap();
    home
}

const VECTORS: &str = "small.txt";

fn nonzero(value: u16) -> NonZeroU16 {
    NonZeroU16::new(value).unwrap()
}

impl Terminal {
    /// Starts the program on `vectors` with an environment of its own.
    fn start(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_lexiscope"));
        command.args(arguments);
        Self::spawn(command, environment)
    }

    fn on_small_vectors(environment: &[(&str, &str)]) -> Self {
        Self::start(&["--vectors", VECTORS], environment)
    }

    fn spawn(mut command: CommandBuilder, environment: &[(&str, &str)]) -> Self {
        let size = PtySize { rows: 30, cols: 100, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let home = home();
        command.env_clear();
        command.env("HOME", home.path());
        command.cwd(home.path());
        // COLORFGBG answers what the emulator would be asked.
        for (name, value) in [("TERM", "xterm-256color"), ("COLORFGBG", "15;0"), ("PATH", "/usr/bin:/bin")] {
            command.env(name, value);
        }
        for (name, value) in environment {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let writer = pair.master.take_writer().unwrap();
        let (sender, output) = channel();
        thread::spawn(move || {
            let mut buffer = [0; 65536];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        let screen = vt100::Parser::new(nonzero(30), nonzero(100), 0);
        Self { master: pair.master, writer, output, child, screen, raw: Vec::new(), home }
    }

    fn text(&self) -> String {
        self.screen.screen().contents()
    }

    /// Reads until `holds`, or panics with the screen.
    fn wait(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !holds(self) {
            let rest = end.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(rest) {
                Ok(bytes) => {
                    self.screen.process(&bytes);
                    self.raw.extend(bytes);
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("waited in vain for {what}; the screen is\n{}", self.text());
                }
            }
        }
    }

    fn wait_text(&mut self, text: &str) {
        self.wait(text, |terminal| terminal.text().contains(text));
    }

    fn go_to(&mut self, screen: &str) {
        // What is typed before the terminal is taken would be echoed by the shell's side.
        self.wait("the screens", |terminal| terminal.screen.screen().alternate_screen());
        self.send(&format!("\u{1b}{screen}"));
    }

    /// Leaves, and finds the terminal as it was before.
    fn quit(&mut self) {
        self.send("q");
        assert!(self.end().success());
        self.assert_restored();
    }

    fn send(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    fn resize(&mut self, rows: u16, cols: u16) {
        self.master.resize(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
        self.screen.screen_mut().set_size(nonzero(rows), nonzero(cols));
    }

    fn signal(&self, signal: &str) {
        let process = self.child.process_id().unwrap().to_string();
        assert!(Command::new("kill").args(["-s", signal, &process]).status().unwrap().success());
    }

    /// Reads to the end and returns the exit code, or 128 and more for a signal.
    fn end(&mut self) -> portable_pty::ExitStatus {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(bytes) => {
                    self.screen.process(&bytes);
                    self.raw.extend(bytes);
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end; the screen is\n{}", self.text()),
            }
        }
        self.child.wait().unwrap()
    }

    /// The terminal is as the shell left it.
    fn assert_restored(&self) {
        let screen = self.screen.screen();
        assert!(!screen.alternate_screen(), "the alternate screen is left on");
        assert!(!screen.hide_cursor(), "the cursor is left hidden");
        assert!(!screen.bracketed_paste(), "bracketed paste is left on");
        assert_eq!(
            screen.mouse_protocol_mode(),
            vt100::MouseProtocolMode::None,
            "the mouse is left captured"
        );
    }

    /// Stops the program that runs in the foreground of the shell.
    fn signal_program(&self) {
        let group = self.master.process_group_leader().unwrap();
        let status = Command::new("kill").args(["-s", "TSTP", "--", &format!("-{group}")]).status().unwrap();
        assert!(status.success());
    }

    /// As [`Terminal::assert_restored`]; the shell switches bracketed paste on for itself.
    fn assert_restored_but_for_paste(&self) {
        let screen = self.screen.screen();
        assert!(!screen.alternate_screen() && !screen.hide_cursor());
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    }

    fn raw_text(&self) -> String {
        String::from_utf8_lossy(&self.raw).into_owned()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

/// Parameters of all SGR sequences that set (and do not merely reset) a colour.
fn colour_codes(raw: &str) -> Vec<String> {
    let sequences = raw.split("\u{1b}[").skip(1).filter_map(|rest| rest.split_once('m'));
    sequences
        .map(|(parameters, _)| parameters)
        .filter(|parameters| parameters.bytes().all(|byte| byte.is_ascii_digit() || byte == b';'))
        .filter(|parameters| {
            parameters
                .split(';')
                .filter_map(|number| number.parse::<u16>().ok())
                .any(|number| matches!(number, 30..=38 | 40..=48 | 90..=97 | 100..=107))
        })
        .map(str::to_owned)
        .collect()
}
