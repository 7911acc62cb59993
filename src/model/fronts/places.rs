//! Rows of a table of positions.

use ndarray::{Array2, ArrayView2};

use crate::model::error::{ModelError, Result};
use crate::model::interventions::Interventions;

/// The row of `table`, which is called `name`, of the place that every one of `tokens` tokens is told; zeros
/// where it is told none.
///
/// # Errors
/// [`ModelError::Request`] for a place outside the table.
pub(super) fn rows_of_places(
    table: ArrayView2<'_, f32>,
    name: &str,
    tokens: usize,
    interventions: &Interventions,
) -> Result<Array2<f32>> {
    let mut positions = Array2::zeros((tokens, table.ncols()));
    for (token, mut position) in positions.rows_mut().into_iter().enumerate() {
        match interventions.position(token) {
            Some(place) if place < table.nrows() => position.assign(&table.row(place)),
            Some(place) => {
                let rows = table.nrows();
                let message = format!("position {place} is outside the {rows} rows of {name}");
                return Err(ModelError::Request(message));
            }
            None => {}
        }
    }
    Ok(positions)
}
