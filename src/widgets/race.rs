//! Several lines of one picture in braille dots, each with a sign of its own at its points, so that they
//! can be told apart without colour.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::braille::Dots;
use super::text::{columns, put, put_right};
use crate::numerals::short;
use crate::theme::Theme;

/// One of the lines.
#[derive(Debug, Clone, PartialEq)]
pub struct Racer {
    /// What its points are drawn with; nothing but the line where it is a space.
    pub sign: char,
    /// Where they are; those that are not finite are left out.
    pub points: Vec<(f64, f64)>,
}

/// The picture; see the module.
#[derive(Debug, Clone, Copy)]
pub struct Race<'a> {
    /// The lines; where two meet, the first is seen.
    pub racers: &'a [Racer],
    /// What stands below its left and right end.
    pub ends: (&'a str, &'a str),
    /// What is drawn upwards.
    pub up: &'a str,
}

/// The lines are drawn in these colours, in turn.
pub fn style(theme: &Theme, index: usize) -> Style {
    let roles = theme.roles();
    [roles.query, roles.positive, roles.negative, roles.variant, roles.typo, roles.word][index % 6]
}

/// The sign of line `index`.
pub fn sign(index: usize) -> char {
    (b'a'..=b'z').cycle().nth(index).map_or('?', char::from)
}

impl Race<'_> {
    /// Draws into `area`: what is drawn upwards on its first line, the ends on its last.
    pub fn draw(&self, theme: &Theme, buffer: &mut Buffer, area: Rect) {
        let area = area.intersection(buffer.area);
        let points = || self.racers.iter().flat_map(|racer| &racer.points).filter(is_finite);
        let Some(across) = Range::of(points().map(|point| point.0), false) else { return };
        let Some(up) = Range::of(points().map(|point| point.1), true) else { return };
        let (top, bottom) = (short(up.highest()), short(up.lowest()));
        let margin = columns(&top).max(columns(&bottom)) as u16 + 1;
        if area.width < margin + 3 || area.height < 4 {
            return;
        }
        let roles = theme.roles();
        let scale = if up.logarithmic { format!("{} (logarithmic)", self.up) } else { self.up.to_owned() };
        put(buffer, area, margin, 0, &scale, roles.faint);
        let plane =
            Rect { x: area.x + margin, y: area.y + 1, width: area.width - margin, height: area.height - 2 };
        for (y, text) in [(1, &top), (plane.height, &bottom)] {
            let x = margin - 1 - columns(text) as u16;
            put(buffer, area, x, y, text, roles.number);
        }
        put(buffer, area, margin, area.height - 1, self.ends.0, roles.faint);
        put_right(buffer, area, area.height - 1, self.ends.1, roles.faint);
        let place = |&(x, y): &(f64, f64)| (across.share(x), 1.0 - up.share(y));
        for (index, racer) in self.racers.iter().enumerate().rev() {
            let places: Vec<(f64, f64)> = racer.points.iter().filter(is_finite).map(place).collect();
            draw_line(&places, style(theme, index), buffer, plane);
        }
        for (index, racer) in self.racers.iter().enumerate().rev().filter(|(_, racer)| racer.sign != ' ') {
            for (x, y) in racer.points.iter().filter(is_finite).map(place) {
                let column = (x * f64::from(plane.width - 1)).round() as u16;
                let row = (y * f64::from(plane.height - 1)).round() as u16;
                put(buffer, plane, column, row, &racer.sign.to_string(), style(theme, index));
            }
        }
    }
}

/// Straight lines from place to place (shares of width and height), over what stands there.
fn draw_line(places: &[(f64, f64)], style: Style, buffer: &mut Buffer, plane: Rect) {
    let mut dots = Dots::new(plane.width, plane.height);
    let (across, down) = (f64::from(2 * plane.width - 1), f64::from(4 * plane.height - 1));
    for pair in places.windows(2) {
        let [(x, y), (to_x, to_y)] = [pair[0], pair[1]].map(|(x, y)| (x * across, y * down));
        let steps = (to_x - x).abs().max((to_y - y).abs()).ceil().max(1.0);
        for step in 0..=steps as usize {
            let share = step as f64 / steps;
            dots.set((x + share * (to_x - x)).round() as usize, (y + share * (to_y - y)).round() as usize);
        }
    }
    dots.draw(style, buffer, plane);
}

#[allow(clippy::trivially_copy_pass_by_ref)] // As `filter` wants it.
fn is_finite(point: &&(f64, f64)) -> bool {
    point.0.is_finite() && point.1.is_finite()
}

/// From values to places between 0 and 1.
struct Range {
    from: f64,
    to: f64,
    logarithmic: bool,
}

/// How many times the least the most has to be to be drawn by its logarithm.
const FAR_APART: f64 = 300.0;

impl Range {
    fn of(values: impl Iterator<Item = f64>, may_be_logarithmic: bool) -> Option<Self> {
        let ends = |ends: Option<(f64, f64)>, value: f64| {
            Some(ends.map_or((value, value), |(low, high)| (low.min(value), high.max(value))))
        };
        let (low, high) = values.fold(None, ends)?;
        let logarithmic = may_be_logarithmic && low > 0.0 && high / low > FAR_APART;
        let (from, to) = if logarithmic { (low.ln(), high.ln()) } else { (low, high) };
        Some(Self { from, to, logarithmic })
    }

    fn lowest(&self) -> f64 {
        if self.logarithmic { self.from.exp() } else { self.from }
    }

    fn highest(&self) -> f64 {
        if self.logarithmic { self.to.exp() } else { self.to }
    }

    fn share(&self, value: f64) -> f64 {
        let value = if self.logarithmic { value.ln() } else { value };
        if self.to > self.from { ((value - self.from) / (self.to - self.from)).clamp(0.0, 1.0) } else { 0.5 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(racers: &[Racer], width: u16, height: u16) -> Vec<String> {
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        let area = buffer.area;
        Race { racers, ends: ("5", "100 apart"), up: "accuracy" }.draw(&Theme::default(), &mut buffer, area);
        let row = |y: u16| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        (0..height).map(row).collect()
    }

    #[test]
    fn every_line_goes_where_its_numbers_are() {
        let racers = [
            Racer { sign: 'a', points: vec![(0.0, 1.0), (1.0, 1.0), (2.0, 1.0)] },
            Racer { sign: 'b', points: vec![(0.0, 1.0), (1.0, 0.5), (2.0, 0.0), (3.0, f64::NAN)] },
        ];
        let lines = drawn(&racers, 24, 7);
        assert!(lines[0].contains("accuracy"), "{lines:?}");
        assert_eq!(lines[1].matches('a').count(), 3, "where two meet, the first is seen: {lines:?}");
        assert!(lines[3].contains('b') && lines[5].ends_with('b'), "{lines:?}");
        assert!(lines[4].chars().any(|sign| ('\u{2801}'..='\u{28ff}').contains(&sign)), "{lines:?}");
        assert!(lines[1].starts_with('1') && lines[5].starts_with('0') && lines[6].ends_with("100 apart"));
    }

    #[test]
    fn what_is_far_apart_is_drawn_by_its_logarithm_and_no_place_is_too_small() {
        let racers = [Racer { sign: 'a', points: vec![(0.0, 1.0), (1.0, 1e3), (2.0, 1e6)] }];
        let lines = drawn(&racers, 30, 7);
        assert!(lines[0].contains("logarithmic") && lines[3].contains('a'), "{lines:?}");
        for size in 0..12 {
            drawn(&racers, size, size);
        }
        assert!(drawn(&[], 20, 6).iter().all(|line| line.trim().is_empty()));
    }
}
