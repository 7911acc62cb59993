//! How many colours the terminal shows, and the one pass that lowers a finished frame to that.

use ratatui::buffer::Buffer;
use ratatui::style::Color;

use super::colour::{indexed_rgb, nearest_indexed, nearest_named};

/// How many colours there are to draw with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ColourDepth {
    /// None: only bold, reverse, underline and glyphs (`NO_COLOR`).
    Mono,
    /// The sixteen named colours.
    C16,
    /// The 256-colour palette, the default without evidence of more.
    C256,
    /// 24-bit colour.
    TrueColour,
}

/// Lowers every colour in `buffer` to what `depth` can show. Bold, reverse and underline stay:
/// they carry focus and selection where colour cannot.
pub fn degrade(buffer: &mut Buffer, depth: ColourDepth) {
    if depth == ColourDepth::TrueColour {
        return;
    }
    for cell in &mut buffer.content {
        cell.fg = lower(cell.fg, depth);
        cell.bg = lower(cell.bg, depth);
    }
}

fn lower(colour: Color, depth: ColourDepth) -> Color {
    match (depth, colour) {
        (ColourDepth::Mono, _) => Color::Reset,
        (ColourDepth::C256, Color::Rgb(red, green, blue)) => {
            Color::Indexed(nearest_indexed((red, green, blue)))
        }
        (ColourDepth::C16, Color::Rgb(red, green, blue)) => nearest_named((red, green, blue)),
        (ColourDepth::C16, Color::Indexed(index)) => nearest_named(indexed_rgb(index)),
        _ => colour,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;
    use ratatui::style::{Modifier, Style};

    fn lowered(depth: ColourDepth) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 3, 1));
        let loud = Style::new().fg(Color::Rgb(255, 135, 0)).bg(Color::Indexed(17));
        buffer.set_string(
            0,
            0,
            "a",
            loud.add_modifier(Modifier::BOLD | Modifier::REVERSED | Modifier::UNDERLINED),
        );
        buffer.set_string(1, 0, "b", Style::new().fg(Color::Cyan));
        degrade(&mut buffer, depth);
        buffer
    }

    #[test]
    fn each_depth_keeps_only_what_it_can_show() {
        assert_eq!(lowered(ColourDepth::TrueColour)[(0, 0)].fg, Color::Rgb(255, 135, 0));
        assert_eq!(lowered(ColourDepth::C256)[(0, 0)].fg, Color::Indexed(208));
        assert_eq!(lowered(ColourDepth::C256)[(0, 0)].bg, Color::Indexed(17));
        let sixteen = lowered(ColourDepth::C16);
        for cell in &sixteen.content {
            assert!(!matches!(cell.fg, Color::Rgb(..) | Color::Indexed(_)), "{cell:?}");
            assert!(!matches!(cell.bg, Color::Rgb(..) | Color::Indexed(_)), "{cell:?}");
        }
        assert_eq!(sixteen[(1, 0)].fg, Color::Cyan);
    }

    #[test]
    fn without_colour_modifiers_stay() {
        let mono = lowered(ColourDepth::Mono);
        assert!(mono.content.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
        assert!(mono[(0, 0)].modifier.contains(Modifier::BOLD | Modifier::REVERSED | Modifier::UNDERLINED));
    }
}
