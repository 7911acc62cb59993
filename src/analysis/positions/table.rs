//! One method as numbers: the model's own where it uses the method, else computed or by example.

use std::sync::Arc;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, s};

use super::method::{PositionKind, attention_position};
use crate::model::Model;
use crate::model::error::{ModelError, Result};
use crate::model::network::{AttentionPosition, RelativeBias, Rotary};
use crate::model::positions::{alibi_slopes, sinusoidal};
use crate::model::tensor::Tensor;

/// Positions of a table that is computed, where nobody says how many.
const POSITIONS: usize = 512;
/// Size of the examples, for a model that has no such method.
const EXAMPLE_WIDTH: usize = 128;
const EXAMPLE_HEADS: usize = 8;
/// The base of rotary positions in most models.
const ROTARY_BASE: f64 = 10_000.0;
/// What T5 has: the buckets are the same whatever was learned for them.
const T5_BUCKETS: usize = 32;
const T5_FARTHEST: usize = 128;

/// How much of a table is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableOptions {
    /// How many positions; `None` for all of a learned table, 512 of one that is computed.
    pub positions: Option<usize>,
    /// How many distances the curve has, from 0 on, and a table of one column a distance.
    pub distances: usize,
    /// How many dimensions (of ALiBi: heads), in place of the model's own.
    pub size: Option<usize>,
}

/// One method as numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct PositionTable {
    /// Which method.
    pub kind: PositionKind,
    /// Whether the numbers are the open model's own.
    pub of_model: bool,
    /// Where the numbers come from, in one line: "minilm-l6's own table: 512 x 384".
    pub origin: String,
    /// The table: rows and columns as named below.
    pub values: Array2<f32>,
    /// What a row is: "position", "head".
    pub row_name: &'static str,
    /// What a column is: "dimension", "distance".
    pub column_name: &'static str,
    /// The number of the first column (T5 counts distances from a negative one).
    pub first_column: i64,
    /// What the curve shows: "mean cosine", "bias of head 1".
    pub curve_name: String,
    /// One number a distance from 0; NaN where there is none, as of rows that are zero.
    pub curve: Vec<f64>,
}

impl PositionTable {
    /// The position of the key minus that of the query in `column`, in a table of distances.
    pub fn offset(&self, column: usize) -> Option<i64> {
        match self.kind {
            PositionKind::Alibi => Some(-(column as i64)),
            PositionKind::T5 => Some(self.first_column + column as i64),
            PositionKind::Sinusoidal | PositionKind::Learned | PositionKind::Rotary => None,
        }
    }

    /// The mean of every column.
    pub fn column_means(&self) -> Vec<f64> {
        let rows = self.values.nrows().max(1) as f64;
        let sum = |column: ArrayView1<'_, f32>| column.iter().map(|&x| f64::from(x)).sum::<f64>();
        self.values.axis_iter(Axis(1)).map(|column| sum(column) / rows).collect()
    }
}

/// The numbers of a method.
///
/// # Errors
/// A learned table of a model that has none, or of no model.
pub fn table(model: Option<&Model>, kind: PositionKind, options: &TableOptions) -> Result<PositionTable> {
    match kind {
        PositionKind::Sinusoidal => Ok(sinusoidal_table(model, options)),
        PositionKind::Learned => learned_table(model, options),
        PositionKind::Rotary => Ok(rotary_table(model, options)),
        PositionKind::Alibi => Ok(alibi_table(model, options)),
        PositionKind::T5 => Ok(t5_table(model, options)),
    }
}

fn sinusoidal_table(model: Option<&Model>, options: &TableOptions) -> PositionTable {
    let rows = options.positions.unwrap_or(POSITIONS);
    let width = options.size.or(model.map(|model| model.network.hidden())).unwrap_or(EXAMPLE_WIDTH);
    let values = sinusoidal(rows, width);
    PositionTable {
        kind: PositionKind::Sinusoidal,
        of_model: false,
        origin: format!("computed: {rows} x {width}, no training needed"),
        row_name: "position",
        column_name: "dimension",
        first_column: 0,
        curve_name: "mean cosine of two positions".into(),
        curve: cosine_by_distance(values.view(), options.distances),
        values,
    }
}

/// Similarity is that of whole rows, however many of their dimensions are shown.
fn learned_table(model: Option<&Model>, options: &TableOptions) -> Result<PositionTable> {
    let refused = |message: String| Err(ModelError::Request(message));
    let Some(model) = model else { return refused("a learned table needs an open model".into()) };
    let Some(stored) = model.network.front().position_table() else {
        return refused(format!(
            "{} has no learned table of positions: it uses {}",
            model.name,
            PositionKind::title_of(&model.network)
        ));
    };
    let (stored_rows, stored_width) = stored.dim();
    let rows = options.positions.unwrap_or(usize::MAX).min(stored_rows);
    let width = options.size.unwrap_or(stored_width).min(stored_width);
    let whole = stored.slice(s![..rows, ..]);
    Ok(PositionTable {
        kind: PositionKind::Learned,
        of_model: true,
        origin: format!("{}'s own table: {rows} x {width}", model.name),
        row_name: "position",
        column_name: "dimension",
        first_column: 0,
        curve_name: "mean cosine of two positions".into(),
        curve: cosine_by_distance(whole, options.distances),
        values: whole.slice(s![.., ..width]).to_owned(),
    })
}

/// What the rotation makes of a query of ones in the first half of each pair: the cosines and sines
/// of the angles, where the network's heads have them. The curve is q·k of equal unit vectors by
/// distance: the mean of cos(distance x frequency) over the pairs (Su et al. 2021, section 3.4.3).
fn rotary_table(model: Option<&Model>, options: &TableOptions) -> PositionTable {
    let own = own_position(model).filter(|_| options.size.is_none());
    let (rotary, name) = match own {
        Some((AttentionPosition::Rotary(rotary), name)) => (rotary.clone(), Some(name)),
        _ => (Rotary::new(ROTARY_BASE, options.size.unwrap_or(EXAMPLE_WIDTH)), None),
    };
    let pairs = rotary.frequencies.len();
    let mut values = Array2::zeros((options.positions.unwrap_or(POSITIONS), 2 * pairs));
    for (position, mut row) in values.outer_iter_mut().enumerate() {
        for pair in 0..pairs {
            row[if rotary.adjacent { 2 * pair } else { pair }] = 1.0;
        }
        rotary
            .rotate(&rotary.turn(position), row.as_slice_mut().expect("rows of a new array are contiguous"));
    }
    let alike = |distance: usize| {
        let cosines =
            rotary.frequencies.iter().map(|&frequency| (distance as f64 * f64::from(frequency)).cos());
        cosines.sum::<f64>() / pairs.max(1) as f64
    };
    PositionTable {
        kind: PositionKind::Rotary,
        of_model: name.is_some(),
        origin: match name {
            Some(name) => format!("{name}'s own angles: {pairs} pairs a head"),
            None => format!("an example: {pairs} pairs a head, base 10,000"),
        },
        row_name: "position",
        column_name: "dimension",
        first_column: 0,
        curve_name: "q·k of equal vectors".into(),
        curve: (0..options.distances.min(values.nrows())).map(alike).collect(),
        values,
    }
}

fn alibi_table(model: Option<&Model>, options: &TableOptions) -> PositionTable {
    let own = own_position(model).filter(|_| options.size.is_none());
    let (slopes, name) = match own {
        Some((AttentionPosition::Alibi(slopes) | AttentionPosition::AlibiOfKeys(slopes), name)) => {
            (slopes.clone(), Some(name))
        }
        _ => (alibi_slopes(options.size.unwrap_or(EXAMPLE_HEADS)), None),
    };
    let heads = slopes.len();
    let penalty = |(head, distance): (usize, usize)| 0.0 - slopes[head] * distance as f32;
    let mut table = PositionTable {
        kind: PositionKind::Alibi,
        of_model: name.is_some(),
        origin: match name {
            Some(name) => format!("{name}'s own slopes: {heads} heads"),
            None => format!("an example: {heads} heads"),
        },
        row_name: "head",
        column_name: "distance back",
        first_column: 0,
        curve_name: "mean penalty over the heads".into(),
        curve: Vec::new(),
        values: Array2::from_shape_fn((heads, options.distances), penalty),
    };
    table.curve = table.column_means();
    table
}

/// The biases of a T5, for every offset that it can see; of another model the buckets themselves.
fn t5_table(model: Option<&Model>, options: &TableOptions) -> PositionTable {
    let Some((AttentionPosition::Relative(bias), name)) = own_position(model) else {
        return t5_buckets(options.distances);
    };
    let (buckets, heads) = (bias.buckets(), bias.heads());
    let distances = options.distances.max(1);
    let ahead = if bias.bidirectional { distances } else { 1 };
    let mut values = Array2::zeros((heads, distances + ahead - 1));
    for (head, mut row) in values.outer_iter_mut().enumerate() {
        row.assign(&bias.by_offset(head, distances, ahead));
    }
    let mut table = PositionTable {
        kind: PositionKind::T5,
        of_model: true,
        origin: format!("{name}'s own bias: {buckets} buckets x {heads} heads"),
        row_name: "head",
        column_name: "offset",
        first_column: 1 - distances as i64,
        curve_name: "mean bias over the heads".into(),
        curve: Vec::new(),
        values,
    };
    table.curve = by_distance(table.column_means(), distances, bias.bidirectional);
    table
}

/// The buckets of every offset: biases are learned, buckets are not.
fn t5_buckets(distances: usize) -> PositionTable {
    let bias = RelativeBias {
        table: Arc::new(Tensor::owned("", vec![T5_BUCKETS, 1], vec![0.0; T5_BUCKETS])),
        maximum_distance: T5_FARTHEST,
        bidirectional: true,
    };
    let distances = distances.max(1);
    let first = 1 - distances as i64;
    let bucket = |(_, column): (usize, usize)| bias.bucket((first + column as i64) as isize) as f32;
    let mut table = PositionTable {
        kind: PositionKind::T5,
        of_model: false,
        origin: format!(
            "the bucket of every offset ({T5_BUCKETS} buckets, up to {T5_FARTHEST}); their biases are learned"
        ),
        row_name: "bucket",
        column_name: "offset",
        first_column: first,
        curve_name: "bucket of the offset".into(),
        curve: Vec::new(),
        values: Array2::from_shape_fn((1, 2 * distances - 1), bucket),
    };
    table.curve = by_distance(table.column_means(), distances, true);
    table
}

/// The numbers from offset 0 on: ahead, or back in a network that looks back only.
fn by_distance(mut by_offset: Vec<f64>, distances: usize, ahead: bool) -> Vec<f64> {
    if ahead {
        return by_offset.split_off(distances - 1);
    }
    by_offset.reverse();
    by_offset
}

/// What the model's own attention does with positions, and the model's name.
fn own_position(model: Option<&Model>) -> Option<(&AttentionPosition, &str)> {
    model.and_then(|model| Some((attention_position(&model.network)?, model.name.as_str())))
}

/// The mean cosine of all pairs of rows at each distance. A row of zeros has no direction, and so
/// no cosine with any other: such pairs are left out, and where none is left the mean is NaN.
fn cosine_by_distance(rows: ArrayView2<'_, f32>, distances: usize) -> Vec<f64> {
    let unit = |row: ArrayView1<'_, f32>| -> Option<Array1<f64>> {
        let row = row.mapv(f64::from);
        let length = row.dot(&row).sqrt();
        (length > 0.0).then(|| row / length)
    };
    let units: Vec<Option<Array1<f64>>> = rows.outer_iter().map(unit).collect();
    (0..distances.min(units.len()))
        .map(|distance| {
            let pairs = units.iter().zip(&units[distance..]);
            let cosines = pairs.filter_map(|(one, other)| Some(one.as_ref()?.dot(other.as_ref()?)));
            let (sum, count) = cosines.fold((0.0, 0u32), |(sum, count), cosine| (sum + cosine, count + 1));
            sum / f64::from(count)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn a_row_of_zeros_has_no_similarity() {
        let rows = array![[1.0, 0.0], [0.0, 0.0], [0.0, 2.0f32]];
        let found = cosine_by_distance(rows.view(), 9);
        assert_eq!(found.len(), 3);
        assert_eq!(found[0], 1.0);
        assert!(found[1].is_nan(), "both pairs have the zero row in them");
        assert_eq!(found[2], 0.0);
    }

    #[test]
    fn rotary_tables_hold_cosines_and_sines() {
        let options = TableOptions { positions: Some(4), distances: 4, size: Some(6) };
        let table = table(None, PositionKind::Rotary, &options).unwrap();
        assert_eq!(table.values.dim(), (4, 6));
        for position in 0..4 {
            for pair in 0..3 {
                let angle = position as f64 / 10_000f64.powf(2.0 * pair as f64 / 6.0);
                assert!((f64::from(table.values[[position, pair]]) - angle.cos()).abs() < 1e-6);
                assert!((f64::from(table.values[[position, pair + 3]]) - angle.sin()).abs() < 1e-6);
            }
        }
        let plain = cosine_by_distance(table.values.view(), 4);
        table.curve.iter().zip(plain).for_each(|(one, other)| assert!((one - other).abs() < 1e-6));
    }

    #[test]
    fn buckets_are_those_of_t5() {
        let options = TableOptions { positions: None, distances: 65, size: None };
        let table = table(None, PositionKind::T5, &options).unwrap();
        assert_eq!((table.offset(0), table.offset(64), table.offset(128)), (Some(-64), Some(0), Some(64)));
        assert_eq!(
            (table.curve[0], table.curve[1], table.curve[7], table.curve[64]),
            (0.0, 17.0, 23.0, 30.0)
        );
        assert_eq!((table.values[[0, 63]], table.values[[0, 65]]), (1.0, 17.0));
    }

    #[test]
    fn a_distance_back_is_a_negative_offset() {
        let options = TableOptions { positions: None, distances: 3, size: Some(2) };
        let table = table(None, PositionKind::Alibi, &options).unwrap();
        assert_eq!(table.offset(2), Some(-2));
        assert_eq!(table.values.row(0).to_vec(), [0.0, -0.0625, -0.125]);
        assert_eq!(table.curve, table.column_means());
        assert!(!table.values[[0, 0]].is_sign_negative());
    }
}
