//! What stands behind a list of neighbours: the query's vector, the search, and a plane.

use crate::cli::report::{Report, Table, Value};
use crate::vectors::WordVectors;
use crate::vectors::explain::{NeighbourAnswer, Origin};

/// The neighbours with their places on the plane that keeps most of them, and what was asked.
pub fn explained(vectors: &WordVectors, answer: &NeighbourAnswer) -> Report {
    let origin = match answer.origin {
        Origin::Row(_) => "a word of the file",
        Origin::Subwords => "subwords",
        Origin::Expression => "an expression",
    };
    let rank = match answer.origin {
        Origin::Row(row) => Value::from(row + 1),
        Origin::Subwords | Origin::Expression => Value::Nothing,
    };
    let strip = &answer.strip;
    let largest = strip.extremes.iter().map(|&(dimension, _)| dimension.into()).collect();
    let components = strip.extremes.iter().map(|&(_, value)| Value::Number(value.into())).collect();
    let points = answer.map.as_ref().map_or(&[][..], |map| &map.points);
    let place = |index: usize| match points.get(index) {
        Some(point) => [point.x.into(), point.y.into()],
        None => [Value::Nothing, Value::Nothing],
    };
    let mut table = Table::new("results", &["rank", "word", "score", "x", "y"]);
    for (index, neighbour) in answer.neighbours.iter().enumerate() {
        let word = Value::Word(vectors.vocabulary().word(neighbour.row).to_vec());
        // The query is the first point.
        let [x, y] = place(index + 1);
        table.records.push(vec![(index + 1).into(), word, neighbour.score.into(), x, y]);
    }
    Report::default()
        .fact("query", Value::text(&answer.query))
        .fact("origin", Value::text(origin))
        .fact("frequency_rank", rank)
        .fact("length", strip.norm)
        .fact("largest_dimensions", Value::List(largest))
        .fact("largest_components", Value::List(components))
        .fact("rows_scanned", answer.certificate.scanned)
        .fact("rows_rescored", answer.certificate.rescored)
        .fact("read_as", Value::text(answer.certificate.plane))
        .fact("plane_keeps", answer.map.as_ref().map_or(Value::Nothing, |map| map.explained.into()))
        .fact("query_at", Value::List(place(0).to_vec()))
        .list(table)
}
