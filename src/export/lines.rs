//! Lines over places, as a drawing.

use std::fmt::Write;

use super::svg::{begin, escaped};
use crate::numerals::short;

/// Lines over places, each with a name.
#[derive(Debug, Clone, PartialEq)]
pub struct Lines {
    /// What is shown, for the heading.
    pub title: String,
    /// What the places are.
    pub across: &'static str,
    /// What is drawn upwards.
    pub up: &'static str,
    /// The places from left to right.
    pub places: Vec<String>,
    /// The names, and numbers of places with what was measured there.
    pub lines: Vec<(String, Vec<(f64, f64)>)>,
}

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 150.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 50.0;

/// Colours that most people can tell apart (Okabe and Ito 2008), but the yellow one.
const COLOURS: [&str; 7] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"];

impl Lines {
    /// Plain SVG 1.1 without style sheet, script or anything from outside.
    pub fn svg(&self) -> String {
        let numbers = || self.lines.iter().flat_map(|(_, points)| points).filter(|point| point.1.is_finite());
        let low = numbers().map(|point| point.1).fold(f64::INFINITY, f64::min);
        let high = numbers().map(|point| point.1).fold(f64::NEG_INFINITY, f64::max);
        let (low, high) = if low < high { (low, high) } else { (low - 0.5, high + 0.5) };
        let last = self.places.len().saturating_sub(1).max(1) as f64;
        let x = |at: f64| LEFT + at / last * (WIDTH - LEFT - RIGHT);
        let y = |value: f64| TOP + (high - value) / (high - low) * (HEIGHT - TOP - BOTTOM);
        let mut text = begin(WIDTH as usize, HEIGHT as usize);
        let mut write = |x: f64, y: f64, anchor: &str, colour: &str, said: &str| {
            let said = escaped(said, 120);
            let _ = writeln!(
                text,
                "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{colour}\">{said}</text>"
            );
        };
        let black = "#000000";
        write(12.0, 20.0, "start", black, &self.title);
        write(LEFT - 6.0, y(high) + 4.0, "end", black, &short(high));
        write(LEFT - 6.0, y(low) + 4.0, "end", black, &short(low));
        write(12.0, TOP - 4.0, "start", black, self.up);
        for (index, place) in self.places.iter().enumerate() {
            write(x(index as f64), HEIGHT - BOTTOM + 18.0, "middle", black, place);
        }
        write((WIDTH - RIGHT + LEFT) / 2.0, HEIGHT - 10.0, "middle", black, self.across);
        for (index, (name, _)) in self.lines.iter().enumerate() {
            let colour = COLOURS[index % COLOURS.len()];
            write(WIDTH - RIGHT + 16.0, TOP + 16.0 * index as f64 + 10.0, "start", colour, name);
        }
        for (index, (_, points)) in self.lines.iter().enumerate() {
            let colour = COLOURS[index % COLOURS.len()];
            let points: Vec<String> = points
                .iter()
                .filter(|point| point.1.is_finite())
                .map(|&(at, value)| format!("{:.1},{:.1}", x(at), y(value)))
                .collect();
            let _ = writeln!(
                text,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
                points.join(" ")
            );
        }
        text.push_str("</svg>\n");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_drawn_with_its_name() {
        let lines = Lines {
            title: "Who <forgets>?".into(),
            across: "distance",
            up: "accuracy",
            places: vec!["5".into(), "10".into()],
            lines: vec![
                ("rnn".into(), vec![(0.0, 1.0), (1.0, 0.0)]),
                ("gru".into(), vec![(0.0, 1.0), (1.0, f64::NAN)]),
            ],
        };
        let svg = lines.svg();
        assert!(svg.contains("Who &lt;forgets&gt;?") && svg.contains(">rnn</text>"));
        assert!(svg.contains("points=\"70.0,40.0 490.0,350.0\""), "{svg}");
        assert!(svg.contains("points=\"70.0,40.0\""), "{svg}");
    }
}
