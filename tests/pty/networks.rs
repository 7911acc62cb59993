//! The screens Memory and Lab.

use crate::{Terminal, colour_codes};

/// The first experiment takes minutes on any machine.
const LONG: &str = "After how many words does a network forget the first one?";

impl Terminal {
    /// On the screen Memory, with what is felt drawn.
    fn on_memory(environment: &[(&str, &str)]) -> Self {
        let mut terminal = Self::on_small_vectors(environment);
        terminal.go_to("5");
        terminal.wait_text("perplexity");
        terminal
    }

    /// On the screen Lab, with a long experiment under way.
    fn on_a_long_run(environment: &[(&str, &str)]) -> Self {
        let mut terminal = Self::on_small_vectors(environment);
        terminal.go_to("6");
        terminal.wait_text(LONG);
        terminal.send("\r");
        terminal.wait_text("runs, ");
        terminal
    }
}

#[test]
fn a_text_is_read_at_any_size_and_the_terminal_given_back() {
    for (rows, cols) in [(24, 80), (40, 120), (50, 160)] {
        let mut terminal = Terminal::on_memory(&[]);
        terminal.resize(rows, cols);
        terminal.send("e\u{15}the wolf ate the goat\r");
        terminal.wait_text("9 of 9");
        terminal.send("hh");
        terminal.wait_text("7 of 9");
        for (rows, cols) in [(6, 30), (1, 1), (100, 300), (2, 9), (rows, cols)] {
            terminal.resize(rows, cols);
            terminal.send("l h");
        }
        terminal.send("f+");
        terminal.wait_text("forget bias 1.5");
        terminal.quit();
    }
}

#[test]
fn the_lab_answers_while_it_trains() {
    let mut terminal = Terminal::on_a_long_run(&[]);
    for (rows, cols) in [(6, 30), (1, 1), (24, 80), (50, 160)] {
        terminal.resize(rows, cols);
        terminal.send("vvv");
    }
    terminal.send("j");
    terminal.wait_text("How much does the state at the end");
    terminal.send("k");
    terminal.wait_text(LONG);
    terminal.send("\u{1b}");
    terminal.wait_text("stopped");
    terminal.quit();
}

#[test]
fn leaving_does_not_wait_for_an_experiment() {
    for signal in ["TERM", "HUP"] {
        let mut terminal = Terminal::on_a_long_run(&[]);
        terminal.signal(signal);
        let status = terminal.end();
        assert!(status.signal().is_some(), "{signal}: {status:?}");
        terminal.assert_restored();
    }
    let mut terminal = Terminal::on_a_long_run(&[]);
    terminal.send("\u{3}");
    assert!(terminal.end().success());
    terminal.assert_restored();
}

#[test]
fn a_panic_is_told_on_the_screen_and_nothing_is_lost() {
    for (key, slot, more) in [("5", "memory.read", ""), ("6", "lab.experiment", "\r")] {
        let mut terminal = Terminal::on_small_vectors(&[("LEXISCOPE_SABOTAGE", slot)]);
        terminal.go_to(key);
        if !more.is_empty() {
            terminal.wait_text(LONG);
            terminal.send(more);
        }
        terminal.wait_text("told to panic");
        assert!(terminal.screen.screen().alternate_screen());
        terminal.quit();
    }
}

#[test]
fn colours_are_as_many_as_asked_for() {
    for key in ["5", "6"] {
        let mut terminal = Terminal::on_small_vectors(&[("NO_COLOR", "1")]);
        terminal.go_to(key);
        terminal.wait_text(if key == "5" { "perplexity" } else { LONG });
        assert!(colour_codes(&terminal.raw_text()).is_empty(), "NO_COLOR on {key}");
        terminal.quit();
        let mut terminal = Terminal::on_small_vectors(&[]);
        terminal.go_to(key);
        terminal.wait_text(if key == "5" { "perplexity" } else { LONG });
        let codes = colour_codes(&terminal.raw_text());
        assert!(!codes.is_empty() && codes.iter().all(|code| !code.contains("38;2")), "{codes:?}");
        terminal.quit();
    }
}
