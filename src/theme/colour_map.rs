//! Colour maps: from a value to a cell of a heatmap, at every colour depth.
//!
//! A ramp is read by its lightness, so lightness must never turn back along it. Sending a
//! 24-bit ramp through the nearest palette colours breaks that (viridis then shows grey between
//! purple and teal), so each map has its own ramp of palette entries, found by least error among
//! those of rising lightness. Below 256 colours five shade glyphs stand for the value.
//!
//! Low values fade into the page, dark on dark and light on light: a ramp starts at the background
//! and moves away from it. Cells paint their own ground, so they are ramps on a background that is
//! not known, too; then they are those of a dark page.

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
    /// Not known: ramps as on a dark page.
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

/// The ground of dark pages, where ramps on them begin.
const DARK_GROUND: (u8, u8, u8) = (18, 18, 18);
/// Up to this share of a ramp it comes out of a dark ground; the map's own colours begin there.
const OUT_OF_THE_DARK: f64 = 0.12;

/// Palette ramps for dark pages, by rising lightness: least error against the 24-bit ramps among
/// the entries of rising lightness.
const VIRIDIS_ON_DARK_256: &[u8] = &[234, 54, 24, 25, 60, 30, 66, 36, 71, 42, 113, 148, 184];
const CIVIDIS_ON_DARK_256: &[u8] =
    &[234, 236, 238, 239, 240, 59, 242, 243, 244, 245, 137, 144, 179, 150, 185, 220];
const MAGMA_ON_DARK_256: &[u8] = &[233, 17, 53, 54, 90, 126, 162, 168, 203, 209, 216, 222, 229];
const GREYS_256: &[u8] = &[
    232, 233, 234, 235, 236, 237, 238, 239, 240, 241, 242, 243, 244, 245, 246, 247, 248, 249, 250, 251, 252,
    253, 254, 255,
];

/// Palette ramps for light pages, by falling lightness, found in the same way.
const VIRIDIS_ON_LIGHT_256: &[u8] = &[231, 194, 186, 150, 114, 72, 36, 66, 30, 60, 24, 54, 53];
const CIVIDIS_ON_LIGHT_256: &[u8] = &[255, 254, 222, 186, 179, 144, 137, 102, 243, 242, 59, 239, 237, 236];
const MAGMA_ON_LIGHT_256: &[u8] = &[255, 254, 223, 216, 180, 174, 167, 132, 125, 90, 54, 53, 17];
const GREYS_ON_LIGHT_256: &[u8] = &[
    255, 254, 253, 252, 251, 250, 249, 248, 247, 246, 245, 244, 243, 242, 241, 240, 239, 238, 237, 236, 235,
    234, 233, 232,
];

/// The maps on light pages in 24 bits: from the page through the map's own colours, lighter ones
/// first, joined by straight lines in OKLab. A reversed map would begin with its most glaring
/// colour, so that nothing would fade.
const VIRIDIS_ON_LIGHT: &[(u8, u8, u8)] =
    &[(250, 250, 247), (186, 222, 140), (60, 172, 124), (50, 100, 142), (62, 12, 92)];
const CIVIDIS_ON_LIGHT: &[(u8, u8, u8)] =
    &[(250, 250, 246), (222, 206, 120), (150, 142, 118), (88, 92, 108), (0, 34, 84)];
const MAGMA_ON_LIGHT: &[(u8, u8, u8)] =
    &[(251, 250, 248), (252, 200, 160), (226, 92, 98), (132, 38, 128), (26, 16, 66)];
const GREYS_ON_LIGHT: &[(u8, u8, u8)] = &[(250, 250, 250), (8, 8, 8)];

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

    fn palette(self, background: Background) -> &'static [u8] {
        match (self, background) {
            (Self::Viridis, Background::Light) => VIRIDIS_ON_LIGHT_256,
            (Self::Cividis, Background::Light) => CIVIDIS_ON_LIGHT_256,
            (Self::Magma, Background::Light) => MAGMA_ON_LIGHT_256,
            (Self::Greys, Background::Light) => GREYS_ON_LIGHT_256,
            (Self::Viridis, _) => VIRIDIS_ON_DARK_256,
            (Self::Cividis, _) => CIVIDIS_ON_DARK_256,
            (Self::Magma, _) => MAGMA_ON_DARK_256,
            (Self::Greys, _) => GREYS_256,
        }
    }

    fn true_colour(self, value: f64, background: Background) -> (u8, u8, u8) {
        let on_light = match self {
            Self::Viridis => VIRIDIS_ON_LIGHT,
            Self::Cividis => CIVIDIS_ON_LIGHT,
            Self::Magma => MAGMA_ON_LIGHT,
            Self::Greys => GREYS_ON_LIGHT,
        };
        if background == Background::Light {
            return between(on_light, value);
        }
        let gradient = |lightness: f64| match self {
            Self::Viridis => colorous::VIRIDIS.eval_continuous(lightness),
            Self::Cividis => colorous::CIVIDIS.eval_continuous(lightness),
            Self::Magma => colorous::MAGMA.eval_continuous(lightness),
            // colorous runs its greys from white to black.
            Self::Greys => colorous::GREYS.eval_continuous(1.0 - lightness),
        };
        if value < OUT_OF_THE_DARK {
            return between(&[DARK_GROUND, gradient(OUT_OF_THE_DARK).as_tuple()], value / OUT_OF_THE_DARK);
        }
        gradient(value).as_tuple()
    }

    /// The cell of `value` in 0..=1; values outside are clamped and NaN is blank.
    pub fn cell(self, value: f64, depth: ColourDepth, background: Background) -> HeatCell {
        if value.is_nan() {
            return BLANK;
        }
        let value = value.clamp(0.0, 1.0);
        match depth {
            ColourDepth::C16 | ColourDepth::Mono => glyph_cell(&SHADES, value),
            ColourDepth::C256 => indexed_cell(pick(self.palette(background), value)),
            ColourDepth::TrueColour => rgb_cell(self.true_colour(value, background)),
        }
    }
}

impl Diverging {
    /// Every map with the name that theme files use.
    pub const ALL: [(&'static str, Self); 1] = [("blue-orange", Self::BlueOrange)];

    /// The cell of `value` in -1..=1, zero exactly in the middle; values outside are clamped and
    /// NaN is blank.
    pub fn cell(self, value: f64, depth: ColourDepth, background: Background) -> HeatCell {
        if value.is_nan() {
            return BLANK;
        }
        let size = value.abs().min(1.0);
        let negative = value < 0.0;
        match depth {
            ColourDepth::Mono => glyph_cell(if negative { &NEGATIVE_SHADES } else { &SHADES }, size),
            ColourDepth::C16 => {
                let mut cell = glyph_cell(if negative { &NEGATIVE_SHADES } else { &SHADES }, size);
                let strong = if size > 0.5 { Modifier::BOLD } else { Modifier::empty() };
                cell.style =
                    Style::new().fg(if negative { Color::Blue } else { Color::Yellow }).add_modifier(strong);
                cell
            }
            ColourDepth::C256 => indexed_cell(pick(arm_256(negative, background), size)),
            ColourDepth::TrueColour => rgb_cell(between(arm(negative, background), size)),
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
        #[values(Background::Dark, Background::Light, Background::Unknown)] background: Background,
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
        #[values(Background::Dark, Background::Light, Background::Unknown)] background: Background,
        #[values(ColourDepth::C256, ColourDepth::TrueColour)] depth: ColourDepth,
        #[values(-1.0, 1.0)] sign: f64,
    ) {
        let map = Diverging::BlueOrange;
        assert_one_way(
            (0..=200).map(|step| map.cell(sign * f64::from(step) / 200.0, depth, background)),
            background,
        );
    }

    #[rstest]
    fn low_values_fade_into_the_page(
        #[values(ColourDepth::C256, ColourDepth::TrueColour)] depth: ColourDepth,
    ) {
        for (name, map) in Sequential::ALL {
            let lowest = |background| lightness(map.cell(0.0, depth, background));
            assert!(lowest(Background::Dark) < 0.25, "{name}: {}", lowest(Background::Dark));
            assert!(lowest(Background::Light) > 0.93, "{name}: {}", lowest(Background::Light));
        }
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
