//! The screens Words and Analogy, and what holds on all of them.

use std::process::{Command, Stdio};

use portable_pty::CommandBuilder;

use crate::{Terminal, VECTORS, colour_codes};

#[test]
fn the_shipped_vectors_put_queen_near_king() {
    let mut terminal = Terminal::start(&[], &[]);
    terminal.wait_text("30,000");
    terminal.send("king\r");
    terminal.wait_text("queen");
    terminal.quit();
}

#[test]
fn quitting_gives_the_terminal_back_with_the_mouse() {
    let mut terminal = Terminal::on_small_vectors(&[]);
    // What is typed before the terminal is taken would be echoed by the shell's side.
    terminal.wait("the screens", |terminal| terminal.screen.screen().alternate_screen());
    terminal.send("king\r");
    terminal.wait_text("queen");
    assert!(terminal.screen.screen().alternate_screen());
    terminal.send("M");
    terminal.wait("the mouse", |terminal| {
        terminal.screen.screen().mouse_protocol_mode() != vt100::MouseProtocolMode::None
    });
    terminal.quit();
    assert_eq!(terminal.text().trim(), "", "nothing but the screens is written");
}

#[test]
fn control_c_leaves_even_while_typing() {
    let mut terminal = Terminal::on_small_vectors(&[]);
    terminal.send("king");
    terminal.wait_text("queen");
    terminal.send("\u{3}");
    assert!(terminal.end().success());
    terminal.assert_restored();
}

#[test]
fn any_size_is_survived() {
    let mut terminal = Terminal::on_small_vectors(&[]);
    terminal.send("king\r");
    terminal.wait_text("queen");
    for (rows, cols) in [(1, 1), (2, 200), (60, 3), (8, 24), (7, 23), (100, 300), (1, 80), (24, 1), (3, 10)] {
        terminal.resize(rows, cols);
        terminal.send("j");
    }
    terminal.resize(30, 100);
    terminal.wait_text("queen");
    terminal.send("q");
    assert!(terminal.end().success());
}

#[test]
fn a_panic_while_drawing_is_told_on_a_clean_terminal() {
    let mut terminal = Terminal::on_small_vectors(&[("LEXISCOPE_SABOTAGE", "draw")]);
    assert_eq!(terminal.end().exit_code(), 101);
    terminal.assert_restored();
    terminal.text().contains("LEXISCOPE_SABOTAGE").then_some(()).expect("the panic's message");
}

#[test]
fn a_panic_of_a_worker_is_told_on_the_screen_and_nothing_is_lost() {
    let mut terminal = Terminal::on_small_vectors(&[("LEXISCOPE_SABOTAGE", "work")]);
    terminal.wait_text("told to panic");
    assert!(terminal.screen.screen().alternate_screen());
    terminal.send("king\r");
    terminal.wait_text("queen");
    terminal.send("q");
    assert!(terminal.end().success());
    assert!(!terminal.raw_text().contains("src/jobs/work.rs"), "the panic was printed over the screen");
}

#[test]
fn signals_end_it_with_a_clean_terminal() {
    for signal in ["TERM", "HUP", "INT", "QUIT", "ABRT"] {
        let mut terminal = Terminal::on_small_vectors(&[]);
        terminal.send("king\r");
        terminal.wait_text("queen");
        terminal.signal(signal);
        let status = terminal.end();
        assert!(status.signal().is_some(), "{signal}: {status:?}");
        terminal.assert_restored();
    }
}

/// Another program shortens a mapped file: nothing can be saved, but the terminal is, and the reason is
/// told.
#[test]
fn a_file_cut_short_is_told_on_a_clean_terminal() {
    let mut terminal = Terminal::on_small_vectors(&[("LEXISCOPE_SABOTAGE", "cut-short")]);
    assert_eq!(terminal.end().exit_code(), 3);
    terminal.assert_restored();
    assert!(terminal.text().contains("a file became shorter") && terminal.text().contains("--no-mmap"));
}

#[test]
fn without_job_control_the_program_is_not_stopped_for_good() {
    let mut terminal = Terminal::on_small_vectors(&[]);
    terminal.send("king\r");
    terminal.wait_text("queen");
    terminal.send("\u{1a}");
    terminal.wait_text("nothing here resumes");
    terminal.quit();
}

/// Where the window is closed, nobody is left to tell that something cannot be kept, which is no
/// defect.
#[test]
fn what_cannot_be_told_any_more_is_not_a_defect() {
    let mut command = CommandBuilder::new("sh");
    let program = env!("CARGO_BIN_EXE_lexiscope");
    command.args(["-c", &format!("exec {program} --vectors {VECTORS} 2>/dev/full")]);
    let mut terminal = Terminal::spawn(command, &[("XDG_STATE_HOME", "/dev/null")]);
    terminal.send("king\r");
    terminal.wait_text("queen");
    terminal.signal("HUP");
    let status = terminal.end();
    assert!(status.signal().is_some(), "{status:?}");
    terminal.assert_restored();
}

#[test]
fn a_configuration_file_decides_keys_and_colours_from_the_first_frame() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "theme = \"mono\"\n[keys]\nquit = [\"Q\"]\nhelp = [\"H\"]\n").unwrap();
    let path = file.path().to_str().unwrap();
    let environment = [("LEXISCOPE_CONFIG", path), ("COLORTERM", "truecolor")];
    let mut terminal = Terminal::on_small_vectors(&environment);
    terminal.send("king\r");
    terminal.wait_text("queen");
    terminal.wait_text("H help");
    assert_eq!(colour_codes(&terminal.raw_text()), Vec::<String>::new());
    terminal.send("q");
    terminal.send("H");
    terminal.wait_text("Show the keys.");
    terminal.send("\u{1b}");
    terminal.wait("the list", |terminal| !terminal.text().contains("Show the keys."));
    terminal.send("Q");
    assert!(terminal.end().success());
    // A mistake in it is told with its line, and everything else works.
    std::fs::write(file.path(), "theme = \"mono\"\ncolour = 3\n").unwrap();
    let mut terminal = Terminal::on_small_vectors(&environment);
    terminal.wait_text(":2: there is no setting");
    terminal.send("\u{3}");
    assert!(terminal.end().success());
}

#[test]
fn suspended_and_resumed_it_draws_again() {
    // A shell with job control: fg is what a person types.
    let mut command = CommandBuilder::new("bash");
    command.args(["--norc", "--noprofile", "-i"]);
    let mut terminal = Terminal::spawn(command, &[("PS1", "ready> ")]);
    terminal.wait_text("ready>");
    let vectors = terminal.home.path().join(VECTORS);
    terminal.send(&format!("{} --vectors {}\r", env!("CARGO_BIN_EXE_lexiscope"), vectors.display()));
    terminal.wait("the screens", |terminal| terminal.screen.screen().alternate_screen());
    terminal.send("king\r");
    terminal.wait_text("queen");
    for stop in ["\u{1a}", "TSTP"] {
        match stop {
            "TSTP" => terminal.signal_program(),
            key => terminal.send(key),
        }
        terminal.wait("the shell", |terminal| {
            !terminal.screen.screen().alternate_screen() && terminal.text().trim_end().ends_with("ready>")
        });
        assert!(terminal.text().contains("Stopped"), "{}", terminal.text());
        terminal.assert_restored_but_for_paste();
        terminal.send("fg\r");
        terminal.wait("the screens again", |terminal| terminal.screen.screen().alternate_screen());
        terminal.wait_text("queen");
    }
    terminal.send("q");
    terminal.wait("the shell", |terminal| {
        !terminal.screen.screen().alternate_screen() && terminal.text().trim_end().ends_with("ready>")
    });
    terminal.send("exit\r");
    terminal.end();
}

#[test]
fn colours_are_no_more_than_the_terminal_shows() {
    let colours = |environment: &[(&str, &str)]| {
        let mut terminal = Terminal::on_small_vectors(environment);
        terminal.send("king\r");
        terminal.wait_text("queen");
        terminal.send("q");
        terminal.end();
        terminal.raw_text()
    };
    let plain = colours(&[]);
    assert!(!plain.contains("38;2;") && !plain.contains("48;2;"), "24-bit colour without evidence");
    assert!(plain.contains("38;5;"), "no colour at all");
    let full = colours(&[("COLORTERM", "truecolor")]);
    assert!(full.contains("38;2;") || full.contains("48;2;"), "no 24-bit colour with evidence");
    let none = colours(&[("NO_COLOR", "1"), ("COLORTERM", "truecolor")]);
    assert_eq!(colour_codes(&none), Vec::<String>::new(), "colour in spite of NO_COLOR");
}

#[test]
fn bracketed_paste_is_text_and_never_commands() {
    let mut terminal = Terminal::on_small_vectors(&[]);
    terminal.wait("bracketed paste", |terminal| terminal.screen.screen().bracketed_paste());
    terminal.send("\u{1b}[200~queen\r\u{3}q\u{1b}[201~");
    terminal.wait_text("queen q");
    terminal.send("\u{3}");
    assert!(terminal.end().success());
}

/// A line that broke off in the middle of a pasted text leaves the keyboard alive.
#[test]
fn a_paste_without_its_end_does_not_swallow_the_keys() {
    let mut terminal = Terminal::on_small_vectors(&[]);
    terminal.wait("the line", |terminal| terminal.screen.screen().bracketed_paste());
    terminal.send("\u{1b}[200~king");
    // Once nothing more comes, what came is the text.
    terminal.wait_text("queen");
    terminal.send("\u{3}");
    assert!(terminal.end().success());
}

#[test]
fn a_terminal_that_cannot_place_text_gets_one_line() {
    let mut terminal = Terminal::on_small_vectors(&[("TERM", "dumb")]);
    assert!(!terminal.end().success());
    assert!(terminal.text().contains("lexiscope neighbors king"), "{}", terminal.text());
    assert!(!terminal.raw_text().contains("\u{1b}[?1049h"));
}

#[test]
fn without_a_terminal_there_is_one_line_that_names_the_commands() {
    let output = Command::new(env!("CARGO_BIN_EXE_lexiscope"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("standard input") && error.contains("lexiscope neighbors king"), "{error}");
    assert_eq!(error.trim_end().lines().count(), 1, "{error}");
}

#[test]
fn bookmarks_and_history_survive_the_program() {
    let state = tempfile::tempdir().unwrap();
    let environment = [("XDG_STATE_HOME", state.path().to_str().unwrap())];
    let mut first = Terminal::on_small_vectors(&environment);
    first.send("king\r");
    first.wait_text("queen");
    first.send("b");
    first.wait_text("bookmarked king");
    first.send("q");
    assert!(first.end().success());
    let mut second = Terminal::on_small_vectors(&environment);
    second.wait_text("bookmarks");
    second.send("\u{1b}");
    second.wait_text("g go to");
    second.send("g");
    second.wait_text("Go to a bookmark");
    second.send("\r");
    second.wait_text("queen");
    second.send("q");
    assert!(second.end().success());
    // What is no memory is said and does not keep the program from starting.
    std::fs::write(state.path().join("lexiscope/memory.json"), "{").unwrap();
    let mut third = Terminal::on_small_vectors(&environment);
    third.wait_text("begin anew");
    third.send("\u{3}");
    assert!(third.end().success());
}
