//! The screens Attention and Positions.

use std::path::Path;

use crate::{Terminal, colour_codes};

/// A folder with a tiny GPT-2.
fn tiny_model() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/golden/transformers/gpt2");
    folder.display().to_string()
}

/// A text whose pass takes long enough to do something meanwhile.
fn long_text() -> String {
    vec!["word"; 400].join(" ")
}

impl Terminal {
    /// On the screen Attention, with the first map drawn.
    fn on_attention(environment: &[(&str, &str)]) -> Self {
        let mut terminal = Self::on_small_vectors(environment);
        terminal.go_to("3");
        terminal.wait_text("it -> cat");
        terminal
    }

    fn paste(&mut self, text: &str) {
        self.send(&format!("\u{1b}[200~{text}\u{1b}[201~"));
    }

    /// Types a text whose pass takes long, and waits until its tokens are there.
    fn start_long_pass(&mut self) {
        self.send("e\u{15}");
        self.wait_text("a sentence to look into");
        self.paste(&long_text());
        self.wait_text("402 tokens");
    }

    /// The background colours of the cells in `row`, counted from 0.
    fn backgrounds(&self, row: u16) -> Vec<vt100::Color> {
        let (_, width) = self.screen.screen().size();
        let cells = (0..width.get()).filter_map(|column| self.screen.screen().cell(row, column));
        cells.map(vt100::Cell::bgcolor).collect()
    }

    /// How many colours stand behind the rows of the map.
    fn shades(&self) -> usize {
        let mut colours: Vec<String> =
            (6..18).flat_map(|row| self.backgrounds(row)).map(|colour| format!("{colour:?}")).collect();
        colours.sort();
        colours.dedup();
        colours.len()
    }
}

#[test]
fn a_map_is_drawn_and_the_terminal_given_back() {
    let mut terminal = Terminal::on_attention(&[]);
    terminal.wait_text("layer 5 of 0-5  head 11 of 0-11");
    assert!(terminal.shades() > 4, "{} shades on\n{}", terminal.shades(), terminal.text());
    terminal.send("e\u{15}dogs bark");
    terminal.wait_text("[CLS]|dogs|bark|[SEP]|");
    terminal.send("\r");
    terminal.wait_text("[SEP] looks at  bark");
    terminal.send("x");
    terminal.wait_text("after: head 5.11 off");
    terminal.quit();
    assert_eq!(terminal.text().trim(), "", "nothing but the screens is written");
}

#[test]
fn any_size_is_survived_while_a_pass_runs() {
    let mut terminal = Terminal::on_attention(&[]);
    terminal.start_long_pass();
    for (rows, cols) in [(6, 30), (30, 6), (1, 1), (6, 30), (100, 300), (2, 9)] {
        terminal.resize(rows, cols);
    }
    terminal.resize(30, 100);
    terminal.send("\r");
    terminal.wait_text(" looks at");
    for (rows, cols) in [(6, 30), (30, 6), (12, 40)] {
        terminal.resize(rows, cols);
        terminal.send("  j\t");
    }
    terminal.resize(30, 100);
    terminal.wait_text("402 tokens");
    terminal.quit();
}

#[test]
fn a_long_text_arrives_whole_without_bracketed_paste() {
    let mut terminal = Terminal::on_attention(&[]);
    terminal.send("e\u{15}");
    terminal.wait_text("a sentence to look into");
    terminal.send(&long_text());
    terminal.wait_text("402 tokens");
    terminal.send("\u{3}");
    assert!(terminal.end().success());
}

#[test]
fn leaving_does_not_wait_for_a_pass() {
    for signal in ["TERM", "HUP"] {
        let mut terminal = Terminal::on_attention(&[]);
        terminal.start_long_pass();
        terminal.signal(signal);
        let status = terminal.end();
        assert!(status.signal().is_some(), "{signal}: {status:?}");
        terminal.assert_restored();
    }
    let mut terminal = Terminal::on_attention(&[]);
    terminal.start_long_pass();
    terminal.send("\u{3}");
    assert!(terminal.end().success());
    terminal.assert_restored();
}

#[test]
fn a_panic_of_a_pass_is_told_on_the_screen_and_nothing_is_lost() {
    let mut terminal = Terminal::on_small_vectors(&[("LEXISCOPE_SABOTAGE", "attention.pass")]);
    terminal.go_to("3");
    terminal.wait_text("told to panic");
    assert!(terminal.screen.screen().alternate_screen());
    terminal.send("e again\r");
    terminal.wait_text("13 tokens");
    terminal.wait_text("again looks at");
    terminal.quit();
    assert!(!terminal.raw_text().contains("src/jobs/work.rs"), "the panic was printed over the screen");
}

#[test]
fn maps_have_no_more_colours_than_the_terminal() {
    let colours = |arguments: &[&str], environment: &[(&str, &str)]| {
        let mut terminal =
            Terminal::start(&[&["--vectors", crate::VECTORS], arguments].concat(), environment);
        terminal.go_to("3");
        terminal.wait_text("it -> cat");
        let shades = terminal.shades();
        terminal.send("\u{1b}v 4");
        terminal.wait_text("own table");
        terminal.send("q");
        terminal.end();
        (terminal.raw_text(), shades)
    };
    let (plain, shades) = colours(&[], &[]);
    assert!(
        plain.contains("48;5;") && !plain.contains("48;2;") && shades > 4,
        "256 colours: {shades} shades"
    );
    let (full, shades) = colours(&[], &[("COLORTERM", "truecolor")]);
    assert!(full.contains("48;2;") && shades > 4, "24-bit colour: {shades} shades");
    let (few, _) = colours(&["--color", "16"], &[]);
    let palette =
        |code: &String| code.split("8;5;").nth(1).and_then(|rest| rest.split(';').next()?.parse().ok());
    let beyond: Vec<u16> =
        colour_codes(&few).iter().filter_map(palette).filter(|&number: &u16| number > 15).collect();
    assert_eq!(beyond, Vec::<u16>::new(), "more than 16 colours");
    let (none, shades) = colours(&[], &[("NO_COLOR", "1"), ("COLORTERM", "truecolor")]);
    assert_eq!(colour_codes(&none), Vec::<String>::new(), "colour in spite of NO_COLOR");
    assert_eq!(shades, 1);
    assert!(none.contains("██") && none.contains("░░"), "without colour the map is of glyphs");
}

#[test]
fn the_model_of_the_command_line_is_the_one_on_the_screen() {
    let mut terminal = Terminal::start(&["--vectors", crate::VECTORS, "--model", &tiny_model()], &[]);
    terminal.go_to("3");
    terminal.wait_text("gpt2  2 layers x 4 heads");
    terminal.wait_text("layer 0 of 0-1  head 2 of 0-3");
    terminal.send("q");
    assert!(terminal.end().success());
}

#[test]
fn a_model_that_is_not_there_can_be_left_for_the_shipped_one() {
    let mut terminal =
        Terminal::start(&["--vectors", crate::VECTORS], &[("LEXISCOPE_MODEL", "/nonexistent")]);
    terminal.go_to("3");
    terminal.wait_text("The model could not be opened.");
    terminal.wait_text("/nonexistent");
    terminal.send("D");
    terminal.wait_text("it -> cat");
    terminal.quit();
}

#[test]
fn tables_of_positions_are_drawn_at_any_size() {
    let mut terminal = Terminal::on_small_vectors(&[]);
    terminal.go_to("4");
    terminal.wait_text("minilm-l6's own table: 512 x 384");
    terminal.wait_text("without positions 1.000000");
    for (rows, cols) in [(6, 30), (30, 6), (1, 1), (60, 200)] {
        terminal.resize(rows, cols);
        terminal.send("v");
    }
    terminal.resize(30, 100);
    terminal.wait_text("[sinusoidal]");
    terminal.wait_text("computed: 512 x 384");
    terminal.quit();
}
