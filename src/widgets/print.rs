//! A drawn screen as a file: SVG for pages and slides, ANSI for terminals, plain text.

use std::fmt::Write;
use std::ops::Range;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

use crate::theme::colour::to_rgb;

/// Width and height of a cell in the units of the drawing.
const CELL: (usize, usize) = (9, 19);
/// Free room around the screen.
const MARGIN: usize = 12;
/// From the top of a cell to the line that letters stand on.
const BASELINE: usize = 14;
/// Colours of text and page where the screen leaves them to the terminal.
const ON_DARK: [&str; 2] = ["#dcdcdc", "#121216"];
const ON_LIGHT: [&str; 2] = ["#1e1e1e", "#ffffff"];

/// What a file of a screen is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// SVG 1.1 without style sheet, script or anything from outside.
    Svg,
    /// Text with ANSI escape sequences.
    Ansi,
    /// Text alone.
    Text,
}

impl Format {
    /// The format that a file name asks for by its ending.
    pub fn of_name(name: &str) -> Option<Self> {
        let ending = name.rsplit_once('.')?.1.to_lowercase();
        match ending.as_str() {
            "svg" => Some(Self::Svg),
            "ans" | "ansi" => Some(Self::Ansi),
            "txt" => Some(Self::Text),
            _ => None,
        }
    }

    /// The screen in `buffer` in this format. `light` tells what page the terminal's own colours
    /// stand for.
    pub fn print(self, buffer: &Buffer, light: bool) -> String {
        match self {
            Self::Svg => svg(buffer, light),
            Self::Ansi => ansi(buffer),
            Self::Text => text(buffer),
        }
    }
}

/// The lines of a buffer.
fn lines(buffer: &Buffer) -> impl Iterator<Item = &[Cell]> {
    buffer.content.chunks(usize::from(buffer.area.width.max(1)))
}

/// The cells of a line in runs of one look, empty ones of the ground left out at both ends.
fn runs(line: &[Cell]) -> Vec<Range<usize>> {
    let look = |cell: &Cell| (cell.fg, cell.bg, cell.modifier);
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (column, cell) in line.iter().enumerate() {
        match runs.last_mut() {
            Some(run) if look(&line[run.start]) == look(cell) => run.end = column + 1,
            _ => runs.push(column..column + 1),
        }
    }
    runs
}

/// The characters of cells, those behind a wide character left out.
fn characters(cells: &[Cell]) -> String {
    let mut text = String::new();
    let mut behind = 0;
    for cell in cells {
        if behind == 0 {
            text.push_str(cell.symbol());
            behind = unicode_width::UnicodeWidthStr::width(cell.symbol()).max(1);
        }
        behind -= 1;
    }
    text
}

fn text(buffer: &Buffer) -> String {
    lines(buffer).map(|line| characters(line).trim_end().to_owned() + "\n").collect()
}

fn svg(buffer: &Buffer, light: bool) -> String {
    let (columns, rows) = (usize::from(buffer.area.width), usize::from(buffer.area.height));
    let (width, height) = (columns * CELL.0 + 2 * MARGIN, rows * CELL.1 + 2 * MARGIN);
    let page = if light { ON_LIGHT } else { ON_DARK };
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" shape-rendering=\"crispEdges\" \
         font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"15\">\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"{}\"/>\n",
        page[1]
    );
    for (row, line) in lines(buffer).enumerate() {
        let top = MARGIN + row * CELL.1;
        for (column, cell) in line.iter().enumerate() {
            push_ground(&mut svg, cell, (MARGIN + column * CELL.0, top), page);
        }
        for run in runs(line) {
            push_text(&mut svg, &line[run.clone()], (MARGIN + run.start * CELL.0, top), page);
        }
    }
    svg.push_str("</svg>\n");
    svg
}

/// Foreground and ground of a cell as written in SVG; no ground where it is that of the page.
fn colours(cell: &Cell, page: [&str; 2]) -> (String, Option<String>) {
    let written = |colour: Color| to_rgb(colour).map(|(r, g, b)| format!("#{r:02x}{g:02x}{b:02x}"));
    let (front, ground) = (written(cell.fg), written(cell.bg));
    if cell.modifier.contains(Modifier::REVERSED) {
        (ground.unwrap_or_else(|| page[1].into()), Some(front.unwrap_or_else(|| page[0].into())))
    } else {
        (front.unwrap_or_else(|| page[0].into()), ground)
    }
}

/// The ground of one cell, and the block that its character draws: as shapes, so that no font
/// leaves gaps between the cells of a map.
fn push_ground(svg: &mut String, cell: &Cell, (x, y): (usize, usize), page: [&str; 2]) {
    let (front, ground) = colours(cell, page);
    let (width, height) = CELL;
    if let Some(ground) = ground {
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{ground}\"/>"
        );
    }
    let half = height / 2;
    let block = match cell.symbol() {
        "▀" => Some((y, half)),
        "▄" => Some((y + half, height - half)),
        "█" => Some((y, height)),
        _ => None,
    };
    if let Some((y, height)) = block {
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{front}\"/>"
        );
    }
}

/// The letters of a run. Their width is told, so that any font keeps the columns.
fn push_text(svg: &mut String, cells: &[Cell], (x, y): (usize, usize), page: [&str; 2]) {
    let shown = characters(cells).replace(['▀', '▄', '█'], " ");
    let letters = shown.trim_end();
    let before = letters.chars().count() - letters.trim_start().chars().count();
    let letters = letters.trim_start();
    if letters.is_empty() {
        return;
    }
    let columns = unicode_width::UnicodeWidthStr::width(letters);
    let (x, y) = (x + before * CELL.0, y + BASELINE);
    let (front, _) = colours(&cells[0], page);
    let look = cells[0].modifier;
    let _ = write!(svg, "<text x=\"{x}\" y=\"{y}\" fill=\"{front}\" textLength=\"{}\"", columns * CELL.0);
    for (modifier, attribute) in [
        (Modifier::BOLD, " font-weight=\"bold\""),
        (Modifier::ITALIC, " font-style=\"italic\""),
        (Modifier::UNDERLINED, " text-decoration=\"underline\""),
        (Modifier::DIM, " opacity=\"0.6\""),
    ] {
        if look.contains(modifier) {
            svg.push_str(attribute);
        }
    }
    // Spaces between words keep their width.
    let _ = writeln!(svg, " xml:space=\"preserve\">{}</text>", escaped(letters));
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn ansi(buffer: &Buffer) -> String {
    let mut printed = String::new();
    for line in lines(buffer) {
        let shown = line.iter().rposition(|cell| cell.symbol() != " " || cell.bg != Color::Reset);
        let line = &line[..shown.map_or(0, |last| last + 1)];
        for run in runs(line) {
            let first = &line[run.start];
            let _ = write!(
                printed,
                "\u{1b}[0{}{}{}m",
                modifiers(first.modifier),
                colour(first.fg, 38),
                colour(first.bg, 48)
            );
            printed.push_str(&characters(&line[run]));
        }
        printed.push_str("\u{1b}[0m\n");
    }
    printed
}

fn modifiers(look: Modifier) -> String {
    let codes = [
        (Modifier::BOLD, ";1"),
        (Modifier::DIM, ";2"),
        (Modifier::ITALIC, ";3"),
        (Modifier::UNDERLINED, ";4"),
        (Modifier::REVERSED, ";7"),
    ];
    codes.into_iter().filter(|(modifier, _)| look.contains(*modifier)).map(|(_, code)| code).collect()
}

/// A colour as parameters of SGR: `base` is 38 for the foreground, 48 for the ground.
fn colour(colour: Color, base: u8) -> String {
    match colour {
        Color::Reset => String::new(),
        Color::Indexed(index) => format!(";{base};5;{index}"),
        other => to_rgb(other).map_or_else(String::new, |(r, g, b)| format!(";{base};2;{r};{g};{b}")),
    }
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    fn drawn() -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 8, 2));
        buffer.set_string(1, 0, "a<日", Style::new().fg(Color::Rgb(1, 2, 3)).add_modifier(Modifier::BOLD));
        buffer.set_string(0, 1, "▀", Style::new().fg(Color::Rgb(9, 9, 9)).bg(Color::Indexed(231)));
        buffer
    }

    #[test]
    fn text_is_what_stands_there() {
        assert_eq!(Format::Text.print(&drawn(), false), " a<日\n▀\n");
    }

    #[test]
    fn a_drawing_has_every_letter_and_every_cell() {
        let svg = Format::Svg.print(&drawn(), false);
        assert!(svg.contains("fill=\"#010203\" textLength=\"36\" font-weight=\"bold\""), "{svg}");
        assert!(svg.contains(">a&lt;日</text>"), "{svg}");
        assert!(svg.contains("y=\"31\" width=\"9\" height=\"19\" fill=\"#ffffff\""), "{svg}");
        assert!(svg.contains("y=\"31\" width=\"9\" height=\"9\" fill=\"#090909\""), "{svg}");
    }

    #[test]
    fn escape_sequences_carry_the_look() {
        let ansi = Format::Ansi.print(&drawn(), false);
        assert_eq!(
            ansi,
            "\u{1b}[0m \u{1b}[0;1;38;2;1;2;3ma<日\u{1b}[0m\n\u{1b}[0;38;2;9;9;9;48;5;231m▀\u{1b}[0m\n"
        );
    }

    #[test]
    fn the_ending_tells_the_format() {
        assert_eq!(Format::of_name("a/b.SVG"), Some(Format::Svg));
        assert_eq!(Format::of_name("screen.ans"), Some(Format::Ansi));
        assert_eq!(Format::of_name("screen.png"), None);
        assert_eq!(Format::of_name("screen"), None);
    }
}
