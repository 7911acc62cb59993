//! A map as a drawing: plain SVG 1.1 without style sheet, script or anything from outside.

use std::fmt::Write;

use ndarray::Array2;

use super::map::Map;
use crate::visible;

const CELL: usize = 18;
const FONT: usize = 12;
/// Width of a character of the font, nearly.
const CHARACTER: usize = 7;
const LONGEST_LABEL: usize = 24;
const LEGEND_STEPS: usize = 50;
const LEGEND_WIDTH: usize = 200;
/// Maps with more cells than this do without the number that shows when pointing at a cell.
const MOST_POINTED: usize = 10_000;

/// Draws `map`, and what it was before the changes to its left, where there are any.
pub fn draw(map: &Map) -> String {
    let scale = Scale::of(map);
    let panels: Vec<(&str, &Array2<f64>)> = match &map.before {
        Some(before) => vec![("before", before), ("after", &map.values)],
        None => vec![("", &map.values)],
    };
    let left = label_width(&map.rows);
    let top = 2 * FONT + label_width(&map.columns) + 2 * FONT;
    let panel_width = left + map.columns.len() * CELL + 2 * FONT;
    let title_width = map.title.chars().count().min(120) * CHARACTER + 2 * FONT;
    let width = (panel_width * panels.len()).max(LEGEND_WIDTH + 12 * FONT).max(title_width);
    let height = top + map.rows.len() * CELL + 5 * FONT;
    let mut text = begin(width, height);
    let _ = writeln!(text, "<text x=\"{FONT}\" y=\"{}\">{}</text>", FONT * 3 / 2, escaped(&map.title, 120));
    for (index, (name, values)) in panels.iter().enumerate() {
        let _ = writeln!(text, "<g transform=\"translate({},0)\">", index * panel_width);
        if !name.is_empty() {
            let _ = writeln!(text, "<text x=\"{FONT}\" y=\"{}\">{name}</text>", FONT * 3);
        }
        push_panel(&mut text, map, values, &scale, (left, top));
        text.push_str("</g>\n");
    }
    push_legend(&mut text, map.quantity, &scale, top + map.rows.len() * CELL + 2 * FONT);
    text.push_str("</svg>\n");
    text
}

/// The beginning of a drawing, on white.
pub(super) fn begin(width: usize, height: usize) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"{FONT}\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
    )
}

fn push_panel(
    text: &mut String,
    map: &Map,
    values: &Array2<f64>,
    scale: &Scale,
    (left, top): (usize, usize),
) {
    for (row, label) in map.rows.iter().enumerate() {
        let y = top + row * CELL + CELL * 2 / 3;
        let label = escaped(label, LONGEST_LABEL);
        let _ = writeln!(text, "<text x=\"{}\" y=\"{y}\" text-anchor=\"end\">{label}</text>", left - 4);
    }
    for (column, label) in map.columns.iter().enumerate() {
        let x = left + column * CELL + CELL * 2 / 3;
        let label = escaped(label, LONGEST_LABEL);
        let y = top - 4;
        let _ = writeln!(text, "<text transform=\"translate({x},{y}) rotate(-90)\">{label}</text>");
    }
    for ((row, column), &value) in values.indexed_iter() {
        if !value.is_finite() {
            continue;
        }
        let (x, y) = (left + column * CELL, top + row * CELL);
        let colour = scale.colour(value);
        let _ =
            write!(text, "<rect x=\"{x}\" y=\"{y}\" width=\"{CELL}\" height=\"{CELL}\" fill=\"{colour}\"");
        if values.len() > MOST_POINTED {
            text.push_str("/>\n");
        } else {
            let (from, to) = (escaped(&map.rows[row], usize::MAX), escaped(&map.columns[column], usize::MAX));
            let _ = writeln!(text, "><title>{from} - {to}: {value:.4}</title></rect>");
        }
    }
    let (width, height) = (map.columns.len() * CELL, map.rows.len() * CELL);
    let _ = writeln!(
        text,
        "<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" fill=\"none\" stroke=\"#888888\"/>"
    );
}

fn push_legend(text: &mut String, quantity: &str, scale: &Scale, y: usize) {
    let step = LEGEND_WIDTH / LEGEND_STEPS;
    for index in 0..LEGEND_STEPS {
        let share = index as f64 / (LEGEND_STEPS - 1) as f64;
        let colour = scale.colour(scale.lowest + share * (scale.highest - scale.lowest));
        let x = FONT + index * step;
        let _ = writeln!(
            text,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{step}\" height=\"{FONT}\" fill=\"{colour}\"/>"
        );
    }
    let below = y + 2 * FONT + 2;
    let end = FONT + LEGEND_WIDTH;
    let _ = writeln!(text, "<text x=\"{FONT}\" y=\"{below}\">{:.3}</text>", scale.lowest);
    let _ = writeln!(text, "<text x=\"{end}\" y=\"{below}\" text-anchor=\"end\">{:.3}</text>", scale.highest);
    let _ = writeln!(text, "<text x=\"{}\" y=\"{}\">{quantity}</text>", end + FONT, y + FONT - 2);
}

/// From numbers to colours: white to blue from zero on, or blue through white to red around zero.
struct Scale {
    lowest: f64,
    highest: f64,
}

impl Scale {
    fn of(map: &Map) -> Self {
        let all =
            map.values.iter().chain(map.before.iter().flatten()).copied().filter(|value| value.is_finite());
        let (lowest, highest) =
            all.fold((0.0f64, 0.0f64), |(low, high), value| (low.min(value), high.max(value)));
        if lowest < 0.0 {
            let reach = highest.max(-lowest);
            return Self { lowest: -reach, highest: reach };
        }
        Self { lowest: 0.0, highest: if highest > 0.0 { highest } else { 1.0 } }
    }

    fn colour(&self, value: f64) -> String {
        let share = ((value - self.lowest) / (self.highest - self.lowest)).clamp(0.0, 1.0);
        let colour = if self.lowest < 0.0 {
            colorous::RED_BLUE.eval_continuous(1.0 - share)
        } else {
            colorous::BLUES.eval_continuous(share)
        };
        format!("#{colour:x}")
    }
}

fn label_width(labels: &[String]) -> usize {
    let longest = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
    longest.min(LONGEST_LABEL) * CHARACTER + FONT
}

/// `text` for XML: marks replaced, what cannot be seen or is forbidden (XML 1.0) shown as a sign, and no longer than `limit` characters.
pub(super) fn escaped(text: &str, limit: usize) -> String {
    let mut out = String::new();
    for (index, character) in visible::line(text).chars().enumerate() {
        if index >= limit {
            out.push('…');
            break;
        }
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_would_obey_is_escaped() {
        assert_eq!(escaped("<a & \"b\">\u{1}\n", 100), "&lt;a &amp; &quot;b&quot;&gt;␁␊");
        assert_eq!(escaped("abcdef", 3), "abc…");
    }

    #[test]
    fn zero_is_white_or_nearly_whatever_the_signs() {
        let one = Scale { lowest: 0.0, highest: 1.0 };
        assert_eq!(one.colour(0.0), "#f7fbff");
        let both = Scale { lowest: -1.0, highest: 1.0 };
        assert_ne!(both.colour(-1.0), both.colour(1.0));
        assert!(both.colour(0.0).starts_with("#f"), "{}", both.colour(0.0));
    }
}
