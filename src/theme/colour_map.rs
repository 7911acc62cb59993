//! Colour maps: from a value to a cell of a heatmap, at every colour depth.
//!
//! A ramp is read by its lightness, so lightness must never turn back along it. Sending a
//! 24-bit ramp through the nearest palette colours breaks that (viridis then shows grey between
//! purple and teal), so each map has its own ramp of palette entries, found by least error among
//! those of rising lightness. Below 256 colours five shade glyphs stand for the value.
//!
//! Low values are dark on a dark background and light on a light one: a ramp starts at the
//! background and moves away from it.

use ratatui::style::{Color, Modifier, Style};

use super::colour::{from_oklab, oklab};
use super::depth::ColourDepth;

/// What the terminal's background is like, so that ramps can start from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Background {
    /// Dark: low values are dark.
    Dark,
    /// Light: low values are light.
    Light,
    /// Not known: glyphs in the terminal's own text colour instead of ramps.
    #[default]
    Unknown,
}

/// A map for values that start at zero, such as weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sequential {
    /// Purple, teal, yellow (matplotlib).
    Viridis,
    /// Blue, grey, yellow: the same to nearly every kind of colour vision.
    Cividis,
    /// Black, purple, salmon, cream (matplotlib).
    Magma,
    /// Greys.
    Greys,
}

/// A map for signed values, with a true zero in the middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Diverging {
    /// Blue below zero, orange above: told apart by every common kind of colour vision.
    BlueOrange,
}

/// Palette ramps by rising lightness.
const VIRIDIS_256: &[u8] = &[53, 54, 24, 30, 36, 71, 42, 77, 113, 148, 184, 220];
const CIVIDIS_256: &[u8] =
    &[17, 18, 237, 238, 239, 240, 59, 241, 242, 243, 244, 102, 245, 246, 247, 144, 179, 185, 220];
const MAGMA_256: &[u8] = &[16, 232, 233, 17, 18, 53, 54, 90, 126, 161, 167, 203, 209, 216, 222, 223, 229];
const GREYS_256: &[u8] = &[
    232, 233, 234, 235, 236, 237, 238, 239, 240, 241, 242, 243, 244, 245, 246, 247, 248, 249, 250, 251, 252,
    253, 254, 255,
];

/// Arms of the diverging map from zero outwards.
const BLUE_ON_DARK_256: &[u8] = &[233, 17, 18, 24, 31, 38, 74, 117, 153];
const ORANGE_ON_DARK_256: &[u8] = &[233, 52, 88, 94, 130, 136, 172, 208, 214, 222];
const BLUE_ON_LIGHT_256: &[u8] = &[255, 189, 153, 147, 111, 75, 69, 62, 26, 25, 18];
const ORANGE_ON_LIGHT_256: &[u8] = &[255, 223, 216, 215, 209, 208, 172, 166, 130, 94];

/// The same arms in 24 bits, joined by straight lines in OKLab.
const BLUE_ON_DARK: &[(u8, u8, u8)] = &[(18, 18, 18), (22, 66, 120), (52, 134, 205), (165, 214, 255)];
const ORANGE_ON_DARK: &[(u8, u8, u8)] = &[(18, 18, 18), (110, 52, 8), (205, 114, 22), (255, 214, 150)];
const BLUE_ON_LIGHT: &[(u8, u8, u8)] = &[(245, 245, 245), (170, 203, 240), (70, 130, 200), (10, 50, 110)];
const ORANGE_ON_LIGHT: &[(u8, u8, u8)] = &[(245, 245, 245), (252, 205, 150), (222, 120, 30), (120, 50, 0)];

/// Shade glyphs from zero to full, two of each making one square.
pub const SHADES: [&str; 5] = [" ", "░", "▒", "▓", "█"];
/// The glyphs for values below zero where there is no colour to tell the sign.
pub const NEGATIVE_SHADES: [&str; 5] = [" ", "-", "~", "=", "#"];

/// How one value of a heatmap is drawn: `glyph`, repeated over the cell's columns, in `style`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeatCell {
    /// One column wide.
    pub glyph: &'static str,
    /// Background only where there are ramps, foreground only where there are glyphs.
    pub style: Style,
}

impl Sequential {
    /// Every map with the name that theme files use.
    pub const ALL: [(&'static str, Self); 4] = [
        ("viridis", Self::Viridis),
        ("cividis", Self::Cividis),
        ("magma", Self::Magma),
        ("greys", Self::Greys),
    ];

    /// The map's name in theme files and legends.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, map)| *map == self).map_or("", |(name, _)| name)
    }

    fn palette(self) -> &'static [u8] {
        match self {
            Self::Viridis => VIRIDIS_256,
            Self::Cividis => CIVIDIS_256,
            Self::Magma => MAGMA_256,
            Self::Greys => GREYS_256,
        }
    }

    fn true_colour(self, lightness: f64) -> (u8, u8, u8) {
        let gradient = match self {
            Self::Viridis => colorous::VIRIDIS,
            Self::Cividis => colorous::CIVIDIS,
            Self::Magma => colorous::MAGMA,
            // colorous runs its greys from white to black.
            Self::Greys => return colorous::GREYS.eval_continuous(1.0 - lightness).as_tuple(),
        };
        gradient.eval_continuous(lightness).as_tuple()
    }

    /// The cell of `value` in 0..=1; values outside are clamped and NaN is blank.
    pub fn cell(self, value: f64, depth: ColourDepth, background: Background) -> HeatCell {
        if value.is_nan() {
            return BLANK;
        }
        let value = value.clamp(0.0, 1.0);
        let lightness = if background == Background::Light { 1.0 - value } else { value };
        match (background, depth) {
            (Background::Unknown, _) | (_, ColourDepth::C16 | ColourDepth::Mono) => {
                glyph_cell(&SHADES, value)
            }
            (_, ColourDepth::C256) => indexed_cell(pick(self.palette(), lightness)),
            (_, ColourDepth::TrueColour) => rgb_cell(self.true_colour(lightness)),
        }
    }
}

impl Diverging {
    /// Every map with the name that theme files use.
    pub const ALL: [(&'static str, Self); 1] = [("blue-orange", Self::BlueOrange)];

    /// The map's name in theme files and legends.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, map)| *map == self).map_or("", |(name, _)| name)
    }

    /// The cell of `value` in -1..=1, zero exactly in the middle; values outside are clamped and
    /// NaN is blank.
    pub fn cell(self, value: f64, depth: ColourDepth, background: Background) -> HeatCell {
        if value.is_nan() {
            return BLANK;
        }
        let size = value.abs().min(1.0);
        let negative = value < 0.0;
        match (background, depth) {
            (_, ColourDepth::Mono) => glyph_cell(if negative { &NEGATIVE_SHADES } else { &SHADES }, size),
            (Background::Unknown, _) | (_, ColourDepth::C16) => {
                let mut cell = glyph_cell(if negative { &NEGATIVE_SHADES } else { &SHADES }, size);
                let strong = if size > 0.5 { Modifier::BOLD } else { Modifier::empty() };
                cell.style =
                    Style::new().fg(if negative { Color::Blue } else { Color::Yellow }).add_modifier(strong);
                cell
            }
            (_, ColourDepth::C256) => indexed_cell(pick(arm_256(negative, background), size)),
            (_, ColourDepth::TrueColour) => rgb_cell(between(arm(negative, background), size)),
        }
    }
}

const BLANK: HeatCell = HeatCell { glyph: "·", style: Style::new() };

fn arm_256(negative: bool, background: Background) -> &'static [u8] {
    match (negative, background) {
        (true, Background::Light) => BLUE_ON_LIGHT_256,
        (false, Background::Light) => ORANGE_ON_LIGHT_256,
        (true, _) => BLUE_ON_DARK_256,
        (false, _) => ORANGE_ON_DARK_256,
    }
}

fn arm(negative: bool, background: Background) -> &'static [(u8, u8, u8)] {
    match (negative, background) {
        (true, Background::Light) => BLUE_ON_LIGHT,
        (false, Background::Light) => ORANGE_ON_LIGHT,
        (true, _) => BLUE_ON_DARK,
        (false, _) => ORANGE_ON_DARK,
    }
}

/// The step of `ramp` at `position` in 0..=1, all steps equally wide.
fn pick<T: Copy>(ramp: &[T], position: f64) -> T {
    let step = (position * ramp.len() as f64) as usize;
    ramp[step.min(ramp.len() - 1)]
}

/// The colour at `position` in 0..=1 on the line through `stops`.
fn between(stops: &[(u8, u8, u8)], position: f64) -> (u8, u8, u8) {
    let place = position * (stops.len() - 1) as f64;
    let index = (place as usize).min(stops.len() - 2);
    let (low, high) = (oklab(stops[index]), oklab(stops[index + 1]));
    let share = place - index as f64;
    from_oklab(std::array::from_fn(|axis| low[axis] + (high[axis] - low[axis]) * share))
}

fn glyph_cell(shades: &[&'static str; 5], value: f64) -> HeatCell {
    HeatCell { glyph: pick(shades, value), style: Style::new() }
}

fn indexed_cell(index: u8) -> HeatCell {
    HeatCell { glyph: " ", style: Style::new().bg(Color::Indexed(index)) }
}

fn rgb_cell((red, green, blue): (u8, u8, u8)) -> HeatCell {
    HeatCell { glyph: " ", style: Style::new().bg(Color::Rgb(red, green, blue)) }
}

#[cfg(test)]
mod tests {
    use super::super::colour::to_rgb;
    use super::*;
    use rstest::rstest;

    fn lightness(cell: HeatCell) -> f64 {
        oklab(to_rgb(cell.style.bg.expect("a ramp paints backgrounds")).expect("a fixed colour"))[0]
    }

    /// Lightness along 200 steps must move away from the background, never back towards it.
    /// A rounding step of 8-bit channels is allowed for.
    fn assert_one_way(cells: impl Iterator<Item = HeatCell>, background: Background) {
        let direction = if background == Background::Light { -1.0 } else { 1.0 };
        let all: Vec<f64> = cells.map(lightness).collect();
        for pair in all.windows(2) {
            assert!((pair[1] - pair[0]) * direction > -2e-3, "{} then {}", pair[0], pair[1]);
        }
        assert!((all[all.len() - 1] - all[0]) * direction > 0.3, "the ramp must span a range");
    }

    #[rstest]
    fn sequential_lightness_never_turns_back(
        #[values(Background::Dark, Background::Light)] background: Background,
        #[values(ColourDepth::C256, ColourDepth::TrueColour)] depth: ColourDepth,
    ) {
        for (_, map) in Sequential::ALL {
            assert_one_way(
                (0..=200).map(|step| map.cell(f64::from(step) / 200.0, depth, background)),
                background,
            );
        }
    }

    #[rstest]
    fn diverging_lightness_moves_away_from_zero_on_both_sides(
        #[values(Background::Dark, Background::Light)] background: Background,
        #[values(ColourDepth::C256, ColourDepth::TrueColour)] depth: ColourDepth,
        #[values(-1.0, 1.0)] sign: f64,
    ) {
        let map = Diverging::BlueOrange;
        assert_one_way(
            (0..=200).map(|step| map.cell(sign * f64::from(step) / 200.0, depth, background)),
            background,
        );
    }

    #[test]
    fn zero_is_the_same_from_both_sides() {
        for background in [Background::Dark, Background::Light, Background::Unknown] {
            for depth in [ColourDepth::C256, ColourDepth::TrueColour] {
                let map = Diverging::BlueOrange;
                assert_eq!(map.cell(-0.0, depth, background), map.cell(0.0, depth, background));
                assert_eq!(
                    map.cell(-1e-9, depth, background).style.bg,
                    map.cell(1e-9, depth, background).style.bg
                );
            }
        }
    }

    #[rstest]
    #[case(0.0, " ")]
    #[case(0.3, "░")]
    #[case(0.5, "▒")]
    #[case(0.7, "▓")]
    #[case(1.0, "█")]
    #[case(7.0, "█")]
    #[case(-1.0, "#")]
    #[case(-0.3, "-")]
    #[case(f64::NAN, "·")]
    fn without_colour_glyphs_carry_size_and_sign(#[case] value: f64, #[case] glyph: &str) {
        let cell = Diverging::BlueOrange.cell(value, ColourDepth::Mono, Background::Dark);
        assert_eq!(cell.glyph, glyph);
        assert_eq!((cell.style.fg, cell.style.bg), (None, None));
    }
}
