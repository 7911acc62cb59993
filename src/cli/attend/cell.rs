//! The making of one attention weight, step by step.

use anyhow::Result;

use crate::analysis::HeadPlace;
use crate::analysis::cell::{CellSteps, Mask, explain};
use crate::cli::arguments::subject::{Subject, find_token};
use crate::cli::failure::Failure;
use crate::cli::report::{Report, Table, Value};
use crate::model::forward::PassOptions;
use crate::model::interventions::Interventions;
use crate::model::trace::Keep;

/// The steps as facts, and what they are made of component by component, the largest products first.
///
/// # Errors
/// A token that is not there, or several; a pass that needs too much memory.
pub(super) fn report(
    subject: &Subject,
    place: HeadPlace,
    cell: &str,
    interventions: Interventions,
) -> Result<Report> {
    let options = PassOptions { keep: Keep::Everything, interventions, ..PassOptions::default() };
    let trace = subject.run(&options)?;
    let (rows, columns) = subject.axes(place.stack, &trace);
    let (from, to) = cell.split_once(',').ok_or_else(|| {
        Failure::usage(format!("--cell {cell}: not a cell"))
            .hint("write FROM,TO: the token that looks and the one looked at, such as 8,2 or it,cat")
    })?;
    let (from, to) = (one_token(&rows, from)?, one_token(&columns, to)?);
    let steps = explain(&subject.model.network, &trace, place, from, to)?;
    let report = subject
        .report()
        .fact("layer", place.layer)
        .fact("head", place.head)
        .fact("from", Value::text(&rows[from]))
        .fact("from_position", from)
        .fact("to", Value::text(&columns[to]))
        .fact("to_position", to);
    Ok(facts(report, &steps).list(components(&steps)))
}

fn one_token(labels: &[String], wanted: &str) -> Result<usize> {
    match find_token("--cell", labels, wanted)?.as_slice() {
        [one] => Ok(*one),
        several => Err(Failure::usage(format!("--cell {wanted}: there are several of this token"))
            .hint(format!("give the position of one of them: {several:?}"))
            .into()),
    }
}

/// The numbers of every step, in order: softmax(scale q·k + bias + mask) v.
fn facts(report: Report, steps: &CellSteps) -> Report {
    let number = |value: f32| Value::Number(value.into());
    let mask = match steps.mask {
        None => Value::Nothing,
        Some(Mask::Later) => Value::text("it comes later"),
        Some(Mask::OutsideWindow) => Value::text("it is too far back for the layer's window"),
        Some(Mask::Hidden) => Value::text("it was hidden"),
    };
    report
        .fact("dot", number(steps.dot))
        .fact("scale", number(steps.scale))
        .fact("scaled", number(steps.scaled))
        .fact("position_bias", number(steps.position_bias))
        .fact("soft_cap", steps.soft_cap.map_or(Value::Nothing, number))
        .fact("masked_because", mask)
        .fact("score", number(steps.score))
        .fact("row_maximum", number(steps.row_maximum))
        .fact("exponential", number(steps.exponential))
        .fact("row_sum", steps.sum)
        .fact("weight", number(steps.weight))
        .fact("replaced", Value::Flag(steps.replaced))
        .fact("value_length", number(steps.value_length()))
        .fact("weighted_value_length", number(steps.weighted_value_length()))
}

/// Query, key and their product; the sum of the products so far; the value, weighted, and the head's
/// output for the token that looks.
fn components(steps: &CellSteps) -> Table {
    let columns = ["component", "query", "key", "product", "sum", "value", "weighted", "output"];
    let mut table = Table::new("components", &columns);
    let mut sum = 0.0;
    for &(component, product) in &steps.products {
        sum += f64::from(product);
        let of = |vector: &[f32]| vector.get(component).map_or(Value::Nothing, |&x| Value::Number(x.into()));
        table.records.push(vec![
            component.into(),
            of(&steps.query),
            of(&steps.key),
            Value::Number(product.into()),
            sum.into(),
            of(&steps.value),
            of(&steps.weighted_value),
            of(&steps.head_output),
        ]);
    }
    table
}
