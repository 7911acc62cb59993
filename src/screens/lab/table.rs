//! From rows to what is drawn: a table with one line a network, and the lines of the picture.

use crate::lab::experiment::Card;
use crate::lab::outcome::{Cell, Curve, Outcome};
use crate::widgets::text::short;

/// One line: a network, and a number at each place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Series {
    /// Whose it is.
    pub name: String,
    /// The number of the place, and what was measured there.
    pub points: Vec<(f64, f64)>,
}

/// Lines, and the places where they were measured.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Table {
    /// From left to right.
    pub places: Vec<String>,
    /// In the order in which they appeared.
    pub lines: Vec<Series>,
}

/// What the chart of `card` says of an outcome.
pub(super) fn series(card: &Card, outcome: &Outcome) -> Table {
    let mut table = Table::default();
    let columns = [card.chart.series, card.chart.across, card.chart.up].map(|name| outcome.column(name));
    let [of, Some(across), Some(up)] = columns else { return table };
    for row in &outcome.rows {
        let (Some(number), place) = (row[up].number(), shown(&row[across])) else { continue };
        if row[across] == Cell::Nothing {
            continue;
        }
        let name = of.map_or_else(String::new, |of| shown(&row[of]));
        let at = position(&mut table.places, place);
        match table.lines.iter_mut().find(|line| line.name == name) {
            // Of several rows for one place the last counts, as with threads.
            Some(line) => match line.points.iter_mut().find(|point| point.0 == at as f64) {
                Some(point) => point.1 = number,
                None => line.points.push((at as f64, number)),
            },
            None => table.lines.push(Series { name, points: vec![(at as f64, number)] }),
        }
    }
    table
}

fn position(places: &mut Vec<String>, place: String) -> usize {
    places.iter().position(|known| *known == place).unwrap_or_else(|| {
        places.push(place);
        places.len() - 1
    })
}

/// What the curves measure that grew on the way: what the card names first, then what else a file has.
pub(super) fn measures<'a>(card: &Card, outcome: &'a Outcome) -> Vec<&'a str> {
    let mut measures: Vec<&str> = Vec::new();
    for curve in &outcome.curves {
        if !measures.contains(&curve.measure.as_str()) {
            measures.push(&curve.measure);
        }
    }
    let place = |measure: &&str| card.chart.curves.iter().position(|known| known == measure);
    measures.sort_by_key(|measure| place(measure).unwrap_or(usize::MAX));
    measures
}

/// The curves of a measure.
pub(super) fn curves(outcome: &Outcome, measure: &str) -> Vec<Series> {
    let point = |&(at, value): &(u64, f64)| (at as f64, value);
    let curve =
        |curve: &Curve| Series { name: curve.name.clone(), points: curve.points.iter().map(point).collect() };
    outcome.curves.iter().filter(|curve| curve.measure == measure).map(curve).collect()
}

/// A cell in few characters.
pub(super) fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Count(number) => short(*number as f64),
        Cell::Number(number) => short(*number),
        Cell::Text(text) => text.clone(),
        Cell::Flag(true) => "yes".into(),
        Cell::Flag(false) => "no".into(),
        Cell::Nothing => String::new(),
    }
}
