//! What the colours of a map stand for, in numbers: `linear  0 ░▒▓ 0.83`.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::text::{columns, put, put_right};
use crate::theme::{HeatCell, Theme};

/// How values become colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scale {
    /// In proportion.
    #[default]
    Linear,
    /// By the square root: small values become visible.
    SquareRoot,
    /// In proportion, every row with its own largest value.
    PerRow,
}

/// The signs of a map's numbers: what its ramp spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Signs {
    /// From 0 up.
    #[default]
    Positive,
    /// From 0 down.
    Negative,
    /// Both ways from a true zero.
    Both,
}

/// The number at the full end of a ramp.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Full {
    /// No value is larger.
    Largest(f32),
    /// There are larger values, which have no more colour.
    Cut(f32),
    /// Every part of the map has its own: "row's largest".
    Own(&'static str),
}

/// The parts of a legend.
#[derive(Debug, Clone, Copy)]
pub struct Legend {
    /// How values become colours.
    pub scale: Scale,
    /// What the ramp spans.
    pub signs: Signs,
    /// Where it ends.
    pub full: Full,
    /// Whether there are masked cells.
    pub masked: bool,
}

/// The steps of the ramp that are shown.
const STEPS: usize = 9;

impl Scale {
    /// The scale's name in legends.
    pub fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::SquareRoot => "square root",
            Self::PerRow => "each row by its largest",
        }
    }

    /// The place on the ramp of `share`, which is value / full.
    pub fn place(self, share: f64) -> f64 {
        match self {
            Self::SquareRoot => share.abs().sqrt().copysign(share),
            Self::Linear | Self::PerRow => share,
        }
    }
}

impl Signs {
    /// Those of `values`. What is less than a step of the ramp away from zero has no sign.
    pub fn of<'a>(values: impl IntoIterator<Item = &'a f32>) -> Self {
        let finite = values.into_iter().copied().filter(|value| value.is_finite());
        let (low, high) = finite.fold((0f32, 0f32), |(low, high), value| (low.min(value), high.max(value)));
        let step = low.abs().max(high) / 256.0;
        match (low < -step, high > step) {
            (true, true) => Self::Both,
            (true, false) => Self::Negative,
            (false, _) => Self::Positive,
        }
    }

    /// The cell of a place on the ramp.
    pub fn heat(self, place: f64, theme: &Theme) -> HeatCell {
        match self {
            Self::Positive => theme.heat(place),
            Self::Negative => theme.heat(-place),
            Self::Both => theme.signed_heat(place),
        }
    }

    /// [`Theme::heat_pair`] on this ramp.
    pub fn heat_pair(self, top: f64, bottom: f64, theme: &Theme) -> HeatCell {
        match self {
            Self::Positive => theme.heat_pair(top, bottom),
            Self::Negative => theme.heat_pair(-top, -bottom),
            Self::Both => theme.signed_heat_pair(top, bottom),
        }
    }
}

impl Legend {
    /// Draws it at the right end of row `y` of `area`, as long as there is room.
    pub fn draw(&self, theme: &Theme, buffer: &mut Buffer, area: Rect, y: u16) {
        let roles = theme.roles();
        let (low, high) = self.ends();
        let numbers = columns(&low) + columns(&high) + 2 + STEPS;
        let name = format!("{}  ", self.scale.name());
        let masked = if self.masked { "· masked  " } else { "" };
        let width = usize::from(area.width);
        let before = [format!("{masked}{name}"), name, String::new()]
            .into_iter()
            .find(|text| columns(text) + numbers <= width);
        let Some(before) = before else { return };
        let mut x = (width - columns(&before) - numbers) as u16;
        x = put(buffer, area, x, y, &before, roles.faint);
        x = put(buffer, area, x, y, &format!("{low} "), roles.number);
        for step in 0..STEPS {
            let share = step as f64 / (STEPS - 1) as f64;
            let share = match self.signs {
                Signs::Positive => share,
                Signs::Negative => -share,
                Signs::Both => share * 2.0 - 1.0,
            };
            // The legend is even in value, so it shows what the scale does to small values.
            let heat = self.signs.heat(self.scale.place(share), theme);
            x = put(buffer, area, x, y, heat.glyph, heat.style);
        }
        put_right(buffer, area, y, &high, roles.number);
    }

    fn ends(&self) -> (String, String) {
        let (sign, beyond) = match self.signs {
            Signs::Negative => ("-", "≤"),
            Signs::Positive | Signs::Both => ("", "≥"),
        };
        let high = match self.full {
            Full::Own(name) => name.to_owned(),
            Full::Largest(full) => format!("{sign}{}", number(full)),
            Full::Cut(full) => format!("{beyond}{sign}{}", number(full)),
        };
        let low = match (self.signs, self.full) {
            (Signs::Positive | Signs::Negative, _) => String::from("0"),
            (Signs::Both, Full::Largest(full)) => format!("-{}", number(full)),
            (Signs::Both, Full::Cut(full)) => format!("≤-{}", number(full)),
            (Signs::Both, Full::Own(_)) => String::from("-"),
        };
        (low, high)
    }
}

/// A number with as many digits as say something.
pub fn number(value: f32) -> String {
    crate::numerals::digits(value.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::load;

    fn drawn(legend: Legend) -> String {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 34, 1));
        let area = buffer.area;
        legend.draw(&load("mono", None).expect("built in"), &mut buffer, area, 0);
        buffer.content.iter().map(|cell| cell.symbol()).collect()
    }

    #[test]
    fn its_ends_are_those_of_the_ramp() {
        let legend = |signs, full| drawn(Legend { scale: Scale::Linear, signs, full, masked: false });
        let both = legend(Signs::Both, Full::Cut(0.05));
        assert!(both.contains("≤-0.050 ") && both.ends_with("≥0.050"), "{both}");
        let both = legend(Signs::Both, Full::Largest(4.0));
        assert!(both.contains(" -4.00 ") && both.ends_with(" 4.00"), "{both}");
        let down = legend(Signs::Negative, Full::Largest(3.5));
        assert!(down.contains(" 0 ") && down.ends_with(" -3.50"), "{down}");
        let own = legend(Signs::Positive, Full::Own("row's largest"));
        assert!(own.contains(" 0 ") && own.ends_with(" row's largest"), "{own}");
    }

    #[test]
    fn signs_are_those_that_can_be_seen() {
        assert_eq!(Signs::of(&[0.0, 1.0, -1e-5, f32::NAN]), Signs::Positive);
        assert_eq!(Signs::of(&[0.0, -3.0, f32::NEG_INFINITY]), Signs::Negative);
        assert_eq!(Signs::of(&[0.5, -0.1]), Signs::Both);
        assert_eq!(Signs::of(&[]), Signs::Positive);
    }
}
