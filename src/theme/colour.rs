//! Colours as numbers: sRGB, OKLab and the fixed part of the 256-colour palette.

use ratatui::style::Color;

/// A colour as the screen emits it, 8 bits a channel.
pub type Rgb = (u8, u8, u8);

/// The sixteen named colours in palette order, with the values that xterm gives them. Terminals
/// let their users change these, so they only serve to find a nearest name.
const NAMED: [(Color, Rgb); 16] = [
    (Color::Black, (0, 0, 0)),
    (Color::Red, (205, 0, 0)),
    (Color::Green, (0, 205, 0)),
    (Color::Yellow, (205, 205, 0)),
    (Color::Blue, (0, 0, 238)),
    (Color::Magenta, (205, 0, 205)),
    (Color::Cyan, (0, 205, 205)),
    (Color::Gray, (229, 229, 229)),
    (Color::DarkGray, (127, 127, 127)),
    (Color::LightRed, (255, 92, 92)),
    (Color::LightGreen, (92, 255, 92)),
    (Color::LightYellow, (255, 255, 92)),
    (Color::LightBlue, (92, 92, 255)),
    (Color::LightMagenta, (255, 92, 255)),
    (Color::LightCyan, (92, 255, 255)),
    (Color::White, (255, 255, 255)),
];

/// The levels of one channel in the 6 x 6 x 6 cube that fills palette entries 16 to 231.
const CUBE_LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// The colour of palette entry `index`: the named sixteen, the cube, then 24 greys.
pub fn indexed_rgb(index: u8) -> Rgb {
    match index {
        0..=15 => NAMED[usize::from(index)].1,
        16..=231 => {
            let cube = usize::from(index - 16);
            (CUBE_LEVELS[cube / 36], CUBE_LEVELS[cube / 6 % 6], CUBE_LEVELS[cube % 6])
        }
        232..=255 => {
            let grey = 8 + 10 * (index - 232);
            (grey, grey, grey)
        }
    }
}

/// The value of a colour, where it has a fixed or a usual one; `None` for the terminal's default.
pub fn to_rgb(colour: Color) -> Option<Rgb> {
    match colour {
        Color::Reset => None,
        Color::Rgb(red, green, blue) => Some((red, green, blue)),
        Color::Indexed(index) => Some(indexed_rgb(index)),
        named => NAMED.iter().find(|(name, _)| *name == named).map(|(_, rgb)| *rgb),
    }
}

/// One channel of sRGB as linear light (IEC 61966-2-1).
fn linear(channel: u8) -> f64 {
    let value = f64::from(channel) / 255.0;
    if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

/// The inverse of [`linear`], rounded to 8 bits.
fn channel(light: f64) -> u8 {
    let light = light.clamp(0.0, 1.0);
    let value = if light <= 0.0031308 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 };
    (value * 255.0).round() as u8
}

/// Lightness and the two colour axes of OKLab (Ottosson 2020), where equal steps look equal.
pub fn oklab((red, green, blue): Rgb) -> [f64; 3] {
    let (r, g, b) = (linear(red), linear(green), linear(blue));
    let l = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b).cbrt();
    let m = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b).cbrt();
    let s = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b).cbrt();
    [
        0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s,
        1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
        0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s,
    ]
}

/// The nearest sRGB colour of an OKLab value.
pub fn from_oklab([lightness, a, b]: [f64; 3]) -> Rgb {
    let l = (lightness + 0.3963377774 * a + 0.2158037573 * b).powi(3);
    let m = (lightness - 0.1055613458 * a - 0.0638541728 * b).powi(3);
    let s = (lightness - 0.0894841775 * a - 1.2914855480 * b).powi(3);
    (
        channel(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
        channel(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
        channel(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s),
    )
}

fn distance(left: [f64; 3], right: [f64; 3]) -> f64 {
    left.iter().zip(right).map(|(x, y)| (x - y) * (x - y)).sum()
}

/// The entry of the fixed part of the palette (16 to 255) that looks most like `rgb`.
///
/// Good for single colours only: a whole ramp sent through it does not stay in order of
/// lightness, which is why [`super::colour_map`] has its own ramps.
pub fn nearest_indexed(rgb: Rgb) -> u8 {
    let wanted = oklab(rgb);
    (16..=255u8)
        .min_by(|&x, &y| {
            distance(oklab(indexed_rgb(x)), wanted).total_cmp(&distance(oklab(indexed_rgb(y)), wanted))
        })
        .unwrap_or(16)
}

/// The named colour that looks most like `rgb`.
pub fn nearest_named(rgb: Rgb) -> Color {
    let wanted = oklab(rgb);
    NAMED
        .iter()
        .min_by(|x, y| distance(oklab(x.1), wanted).total_cmp(&distance(oklab(y.1), wanted)))
        .map_or(Color::Reset, |(name, _)| *name)
}

/// Contrast of two colours from 1 to 21 (WCAG 2.2, "contrast ratio"): 4.5 is the least for text.
pub fn contrast(one: Rgb, other: Rgb) -> f64 {
    let luminance = |(r, g, b): Rgb| 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    let (x, y) = (luminance(one) + 0.05, luminance(other) + 0.05);
    x.max(y) / x.min(y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_palette_has_its_documented_corners() {
        assert_eq!(indexed_rgb(16), (0, 0, 0));
        assert_eq!(indexed_rgb(231), (255, 255, 255));
        assert_eq!(indexed_rgb(208), (255, 135, 0));
        assert_eq!(indexed_rgb(255), (238, 238, 238));
    }

    #[test]
    fn oklab_goes_there_and_back() {
        for rgb in [(0, 0, 0), (255, 255, 255), (12, 200, 99), (250, 3, 130)] {
            assert_eq!(from_oklab(oklab(rgb)), rgb);
        }
    }

    #[test]
    fn palette_entries_are_nearest_to_themselves() {
        for index in 16..=255u8 {
            assert_eq!(indexed_rgb(nearest_indexed(indexed_rgb(index))), indexed_rgb(index));
        }
    }

    #[test]
    fn contrast_spans_one_to_twenty_one() {
        assert!((contrast((0, 0, 0), (255, 255, 255)) - 21.0).abs() < 1e-9);
        assert!((contrast((9, 9, 9), (9, 9, 9)) - 1.0).abs() < 1e-9);
    }
}
