//! An image in half blocks: two pixels a cell, one above the other, so that pixels are square.
//!
//! Where there are few colours, shades of glyphs stand for how bright it is.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};

use super::text::put;
use crate::model::image::Picture;
use crate::theme::{ColourDepth, Theme};

/// How bright a patch without any light is drawn: still to be recognised.
const DARKEST: f32 = 0.2;

/// An image cut into square patches; see the module.
#[derive(Debug, Clone, Copy)]
pub struct Patches<'a> {
    /// The image.
    pub picture: &'a Picture,
    /// How many patches lie side by side.
    pub across: usize,
    /// How bright each patch is drawn, row by row, from 0 to 1; `None` for the image as it is.
    pub light: Option<&'a [f32]>,
    /// The patch that looks: marked `>`.
    pub from: Option<usize>,
    /// The patch that is looked at: marked `[]`.
    pub to: Option<usize>,
    /// Whether it answers an earlier question.
    pub stale: bool,
}

/// Columns and rows of a square image within `width` and `height`: patches are equally large where
/// there is a pixel for each.
pub fn size(across: usize, width: u16, height: u16) -> (u16, u16) {
    let side = usize::from(width.min(height.saturating_mul(2)));
    let even = if side >= across.max(1) { side - side % across.max(1) } else { side };
    (even as u16, even.div_ceil(2) as u16)
}

impl Patches<'_> {
    /// Draws the image at the top left of `area`, as large as fits.
    pub fn draw(&self, theme: &Theme, buffer: &mut Buffer, area: Rect) {
        let area = area.intersection(buffer.area);
        let (side, rows) = size(self.across, area.width, area.height);
        if side == 0 || self.across == 0 || self.picture.width == 0 || self.picture.height == 0 {
            return;
        }
        for y in 0..rows {
            for x in 0..side {
                let (glyph, style) = self.cell(x, y, side, theme);
                put(buffer, area, x, y, glyph, style);
            }
        }
        self.draw_marks(side, theme, buffer, area);
    }

    /// What stands at column `x` and row `y` of an image `side` pixels wide and high.
    fn cell(&self, x: u16, y: u16, side: u16, theme: &Theme) -> (&'static str, Style) {
        let top = self.pixel(x, 2 * y, side);
        let bottom = (2 * y + 1 < side).then(|| self.pixel(x, 2 * y + 1, side));
        if theme.depth() < ColourDepth::C256 {
            let value = self.light.map_or_else(|| brightness(top), |_| self.light_at(x, 2 * y, side));
            let heat = theme.heat(f64::from(value));
            return (heat.glyph, if self.stale { theme.roles().stale } else { heat.style });
        }
        let colour = |[red, green, blue]: [u8; 3]| Color::Rgb(red, green, blue);
        let style = Style::new().fg(colour(top));
        ("▀", bottom.map_or(style, |bottom| style.bg(colour(bottom))))
    }

    /// The mean colour of the part of the image that a pixel of the screen stands for.
    fn pixel(&self, x: u16, y: u16, side: u16) -> [u8; 3] {
        let part = |at: u16, whole: usize| {
            let start = usize::from(at) * whole / usize::from(side);
            start..((usize::from(at) + 1) * whole / usize::from(side)).max(start + 1)
        };
        let (mut sums, mut count) = ([0u32; 3], 0u32);
        for row in part(y, self.picture.height) {
            for column in part(x, self.picture.width) {
                let Some(pixel) = self.picture.pixel(column, row) else { continue };
                sums.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += u32::from(value));
                count += 1;
            }
        }
        let light = DARKEST + (1.0 - DARKEST) * self.light_at(x, y, side);
        sums.map(|sum| (sum as f32 / count.max(1) as f32 * light) as u8)
    }

    /// The light of the patch that a pixel of the screen lies in; 1 where all is as it is.
    fn light_at(&self, x: u16, y: u16, side: u16) -> f32 {
        let Some(light) = self.light else { return 1.0 };
        let patch = |at: u16| usize::from(at) * self.across / usize::from(side);
        let value = light.get(patch(y) * self.across + patch(x)).copied().unwrap_or(0.0);
        if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) }
    }

    fn draw_marks(&self, side: u16, theme: &Theme, buffer: &mut Buffer, area: Rect) {
        let wide = usize::from(side) >= 2 * self.across;
        let mut mark = |patch: usize, sign: &str| {
            let middle = |at: usize| ((2 * at + 1) * usize::from(side) / (2 * self.across)) as u16;
            let (x, y) = (middle(patch % self.across), middle(patch / self.across));
            let ground = self.pixel(x.min(side - 1), y.min(side - 1), side);
            let style = match theme.depth() < ColourDepth::C256 {
                true => theme.roles().selected,
                false => theme.readable_on(Style::new().bg(Color::Rgb(ground[0], ground[1], ground[2]))),
            };
            put(buffer, area, x.saturating_sub(u16::from(wide)), y / 2, sign, style);
        };
        let last = self.across * self.across;
        match (self.from.filter(|&patch| patch < last), self.to.filter(|&patch| patch < last)) {
            (Some(from), Some(to)) if from == to => mark(from, if wide { ">]" } else { "+" }),
            (from, to) => {
                from.iter().for_each(|&from| mark(from, ">"));
                to.iter().for_each(|&to| mark(to, if wide { "[]" } else { "+" }));
            }
        }
    }
}

/// How bright a colour is, from 0 to 1 (ITU-R BT.601, as Pillow's grey).
fn brightness([red, green, blue]: [u8; 3]) -> f32 {
    (0.299 * f32::from(red) + 0.587 * f32::from(green) + 0.114 * f32::from(blue)) / 255.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::load;

    /// Four patches: red, green; blue, white.
    fn picture() -> Picture {
        let rows: [[[u8; 3]; 2]; 2] = [[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 255]]];
        Picture { width: 2, height: 2, bytes: rows.concat().concat() }
    }

    #[test]
    fn a_cell_has_the_pixel_above_and_the_pixel_below() {
        let picture = picture();
        let theme = load("dark", None).expect("built in");
        let mut buffer = Buffer::empty(Rect::new(0, 0, 5, 3));
        let light = [1.0, 1.0, 0.0, f32::NAN];
        let patches =
            Patches { picture: &picture, across: 2, light: None, from: None, to: None, stale: false };
        patches.draw(&theme, &mut buffer, Rect::new(0, 0, 2, 1));
        let cell = &buffer[(1, 0)];
        assert_eq!(
            (cell.symbol(), cell.fg, cell.bg),
            ("▀", Color::Rgb(0, 255, 0), Color::Rgb(255, 255, 255))
        );
        Patches { light: Some(&light), ..patches }.draw(&theme, &mut buffer, Rect::new(0, 0, 2, 1));
        let cell = &buffer[(1, 0)];
        assert_eq!((cell.fg, cell.bg), (Color::Rgb(0, 255, 0), Color::Rgb(51, 51, 51)));
        Patches { from: Some(0), to: Some(3), ..patches }.draw(&theme, &mut buffer, Rect::new(0, 0, 5, 3));
        let text: Vec<&str> = buffer.content.iter().map(|cell| cell.symbol()).collect();
        assert_eq!(text.concat(), ">▀▀▀ ▀▀[] ".to_owned() + "     ");
    }

    #[test]
    fn without_colours_glyphs_stand_for_the_light() {
        let picture = picture();
        let theme = load("mono", None).expect("built in");
        let mut buffer = Buffer::empty(Rect::new(0, 0, 4, 2));
        let light = [0.0, 1.0, 0.5, 0.0];
        let patches =
            Patches { picture: &picture, across: 2, light: Some(&light), from: None, to: None, stale: false };
        patches.draw(&theme, &mut buffer, Rect::new(0, 0, 4, 2));
        let text: Vec<&str> = buffer.content.iter().map(|cell| cell.symbol()).collect();
        assert_eq!(text.concat(), "  ██▒▒  ");
    }

    #[test]
    fn patches_are_equally_large_where_they_fit() {
        assert_eq!(size(4, 30, 13), (24, 12));
        assert_eq!(size(14, 24, 40), (14, 7));
        assert_eq!(size(14, 9, 40), (9, 5));
        assert_eq!(size(0, 0, 0), (0, 0));
    }
}
