//! The work on positions: tables of the methods, and what order does to a text.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::attention_work::{MEMORY_LIMIT, tokens};
use super::positions::{
    PositionExperiments, PositionKind, PositionTable, ShuffleExperiment, TwoPlaces, attention_position,
    shuffled,
};
use super::request::Failure;
use crate::analysis::similarity;
use crate::model::forward::{Input, PassOptions, forward, sentence_vector};
use crate::model::interventions::{Interventions, PositionChange};
use crate::model::network::{AttentionPosition, Embedding, RelativeBias, Rotary};
use crate::model::positions::{alibi_slopes, sinusoidal};
use crate::model::tokenizer::Tokens;
use crate::model::trace::Keep;
use crate::model::{Model, Trace};
use crate::progress::Progress;

/// Positions and distances that are looked at where the model sets no limit.
const POSITIONS: usize = 512;
/// Distances of the curve.
const DISTANCES: usize = 65;
/// Size of the examples, for a model that has no such method.
const EXAMPLE_WIDTH: usize = 128;
const EXAMPLE_HEADS: usize = 8;
/// How many words around a place are told.
const CONTEXT: usize = 3;

/// The numbers of a method: the model's own where it uses the method, else an example.
pub(super) fn table(model: Option<&Model>, kind: PositionKind) -> Result<PositionTable, Failure> {
    match kind {
        PositionKind::Sinusoidal => Ok(sinusoidal_table(model)),
        PositionKind::Learned => learned_table(model),
        PositionKind::Rotary => Ok(rotary_table(model)),
        PositionKind::Alibi => Ok(alibi_table(model)),
        PositionKind::T5 => t5_table(model),
    }
}

fn sinusoidal_table(model: Option<&Model>) -> PositionTable {
    let width = model.map_or(EXAMPLE_WIDTH, |model| model.network.hidden);
    let values = sinusoidal(POSITIONS, width);
    PositionTable {
        kind: PositionKind::Sinusoidal,
        of_model: false,
        origin: format!("computed: {POSITIONS} x {width}, no training needed"),
        row_name: "position",
        column_name: "dimension",
        first_column: 0,
        curve_name: "mean cosine of two positions".into(),
        curve: cosine_by_distance(values.view()),
        values,
    }
}

fn learned_table(model: Option<&Model>) -> Result<PositionTable, Failure> {
    let model = model.ok_or_else(|| Failure::Refused("a learned table needs an open model".into()))?;
    let (values, first) = match model.network.front() {
        Embedding::Patches(patches) => (patches.positions.clone(), 0),
        Embedding::Tokens(embedding) => match &embedding.positions {
            Some(positions) => (positions.table.to_matrix().into_owned(), positions.first_row),
            None => {
                return Err(Failure::Refused(format!(
                    "{} has no learned table of positions: it uses {}",
                    model.name,
                    PositionKind::of(&model.network).map_or("no positions", PositionKind::title)
                )));
            }
        },
    };
    let values = values.slice_move(ndarray::s![first.., ..]);
    let (rows, width) = values.dim();
    Ok(PositionTable {
        kind: PositionKind::Learned,
        of_model: true,
        origin: format!("{}'s own table: {rows} x {width}", model.name),
        row_name: "position",
        column_name: "dimension",
        first_column: 0,
        curve_name: "mean cosine of two positions".into(),
        curve: cosine_by_distance(values.view()),
        values,
    })
}

/// Cosines of the angles; the curve is q·k of equal unit vectors by distance: the mean of
/// cos(distance x frequency) over the pairs (Su et al. 2021, section 3.4.3).
fn rotary_table(model: Option<&Model>) -> PositionTable {
    let own = model.and_then(|model| match attention_position(&model.network) {
        Some(AttentionPosition::Rotary(rotary)) => Some((rotary.clone(), model.name.as_str())),
        _ => None,
    });
    let of_model = own.is_some();
    let (rotary, name) = own.unwrap_or_else(|| (Rotary::new(10_000.0, EXAMPLE_WIDTH), ""));
    let pairs = rotary.frequencies.len();
    let values = Array2::from_shape_fn((POSITIONS, pairs), |(position, pair)| {
        (position as f64 * f64::from(rotary.frequencies[pair])).cos() as f32
    });
    let mean = |distance: usize| values.row(distance).iter().map(|&cosine| f64::from(cosine)).sum::<f64>();
    PositionTable {
        kind: PositionKind::Rotary,
        of_model,
        origin: match of_model {
            true => format!("{name}'s own angles: {pairs} pairs a head"),
            false => format!("an example: {pairs} pairs a head, base 10,000"),
        },
        row_name: "position",
        column_name: "pair",
        first_column: 0,
        curve_name: "q·k of equal vectors".into(),
        curve: (0..DISTANCES).map(|distance| mean(distance) / pairs.max(1) as f64).collect(),
        values,
    }
}

fn alibi_table(model: Option<&Model>) -> PositionTable {
    let own = model.and_then(|model| match attention_position(&model.network) {
        Some(AttentionPosition::Alibi(slopes)) => Some((slopes.clone(), model.name.as_str())),
        _ => None,
    });
    let of_model = own.is_some();
    let (slopes, name) = own.unwrap_or_else(|| (alibi_slopes(EXAMPLE_HEADS), ""));
    let heads = slopes.len();
    let values =
        Array2::from_shape_fn((heads, DISTANCES), |(head, distance)| 0.0 - slopes[head] * distance as f32);
    PositionTable {
        kind: PositionKind::Alibi,
        of_model,
        origin: match of_model {
            true => format!("{name}'s own slopes: {heads} heads"),
            false => format!("an example: {heads} heads"),
        },
        row_name: "head",
        column_name: "distance back",
        first_column: 0,
        curve_name: "mean penalty over the heads".into(),
        curve: mean_over_rows(values.view()),
        values,
    }
}

fn t5_table(model: Option<&Model>) -> Result<PositionTable, Failure> {
    let own = model.and_then(|model| match attention_position(&model.network) {
        Some(AttentionPosition::Relative(bias)) => Some((bias, model.name.as_str())),
        _ => None,
    });
    let Some((bias, name)) = own else { return Ok(t5_buckets()) };
    let heads = bias.table.ncols();
    let mut values = Array2::zeros((heads, 2 * DISTANCES - 1));
    for (head, mut row) in values.axis_iter_mut(Axis(0)).enumerate() {
        row.assign(&bias.by_offset(head, DISTANCES, DISTANCES));
    }
    let curve = mean_over_rows(values.view()).split_off(DISTANCES - 1);
    Ok(PositionTable {
        kind: PositionKind::T5,
        of_model: true,
        origin: format!("{name}'s own bias: {} buckets x {heads} heads", bias.table.nrows()),
        row_name: "head",
        column_name: "offset",
        first_column: 1 - DISTANCES as i64,
        curve_name: "mean bias over the heads".into(),
        curve,
        values,
    })
}

/// The buckets themselves, of T5's 32 up to distance 128: biases are learned, buckets are not.
fn t5_buckets() -> PositionTable {
    let bias = RelativeBias { table: Array2::zeros((32, 1)), maximum_distance: 128, bidirectional: true };
    let first = 1 - DISTANCES as i64;
    let bucket = |offset: i64| bias.bucket(offset as isize);
    let values = Array2::from_shape_fn((1, 2 * DISTANCES - 1), |(_, i)| bucket(first + i as i64) as f32);
    PositionTable {
        kind: PositionKind::T5,
        of_model: false,
        origin: "the bucket of every offset (32 buckets, up to 128); their biases are learned".into(),
        row_name: "bucket",
        column_name: "offset",
        first_column: first,
        curve_name: "bucket of the offset".into(),
        curve: (0..DISTANCES as i64).map(|distance| bucket(distance) as f64).collect(),
        values,
    }
}

/// The mean cosine of all pairs of rows at each distance.
fn cosine_by_distance(rows: ArrayView2<'_, f32>) -> Vec<f64> {
    let unit = |row: ndarray::ArrayView1<'_, f32>| -> Array1<f64> {
        let row = row.mapv(f64::from);
        let length = row.dot(&row).sqrt();
        if length > 0.0 { row / length } else { row }
    };
    let units: Vec<Array1<f64>> = rows.outer_iter().map(unit).collect();
    (0..DISTANCES.min(units.len()))
        .map(|distance| {
            let pairs = units.iter().zip(&units[distance..]);
            pairs.map(|(one, other)| one.dot(other)).sum::<f64>() / (units.len() - distance) as f64
        })
        .collect()
}

fn mean_over_rows(values: ArrayView2<'_, f32>) -> Vec<f64> {
    let rows = values.nrows().max(1) as f64;
    values
        .columns()
        .into_iter()
        .map(|column| column.iter().map(|&x| f64::from(x)).sum::<f64>() / rows)
        .collect()
}

/// What position does to `text`.
pub(super) fn experiments(
    model: &Model,
    text: String,
    progress: &Progress,
) -> Result<PositionExperiments, Failure> {
    let tokens = tokens(model, &text)?;
    let trace = pass(model, &tokens.ids, PositionChange::Keep, progress)?;
    Ok(PositionExperiments {
        shuffle: shuffle(model, &tokens, &text, &trace, progress)?,
        places: two_places(&tokens, &text, &trace),
        text,
    })
}

/// One pass, with the streams of the encoder where there is a decoder behind it: the encoder reads
/// the text, and its tokens are those that are asked about.
fn pass(
    model: &Model,
    ids: &[u32],
    positions: PositionChange,
    progress: &Progress,
) -> Result<Trace, Failure> {
    let interventions = Interventions { positions, ..Interventions::default() };
    let options = PassOptions {
        keep: if model.network.has_decoder() { Keep::Everything } else { Keep::Weights },
        interventions,
        memory_limit: MEMORY_LIMIT,
        last_logits_only: true,
    };
    let mut trace = forward(&model.network, &Input::Tokens(ids), &options, progress)?;
    if let Some(output) = trace.encoder_output.take() {
        let before = trace.layers.iter_mut().filter_map(|layer| layer.before.take());
        trace.hidden_states = before.chain([output]).collect();
    }
    Ok(trace)
}

/// The words in another order, tokens of a word kept together, added tokens left where they are.
fn shuffle(
    model: &Model,
    tokens: &Tokens,
    text: &str,
    trace: &Trace,
    progress: &Progress,
) -> Result<Option<ShuffleExperiment>, Failure> {
    let words = words_of(tokens);
    if words.len() < 2 {
        return Ok(None);
    }
    let order = shuffled(words.len());
    let mut moved = order.iter().flat_map(|&word| words[word].clone());
    let in_a_word = |index: &usize| words.iter().any(|word| word.contains(index));
    let ids: Vec<u32> = (0..tokens.len())
        .map(|index| if in_a_word(&index) { moved.next().unwrap_or(index) } else { index })
        .filter_map(|index| tokens.ids.get(index).copied())
        .collect();
    let other = pass(model, &ids, PositionChange::Keep, progress)?;
    let bare = pass(model, &tokens.ids, PositionChange::Remove, progress)?;
    let other_bare = pass(model, &ids, PositionChange::Remove, progress)?;
    let cosine = |one: &Trace, other: &Trace| -> f64 {
        let vectors = sentence_vector(one).zip(sentence_vector(other));
        vectors.map_or(f64::NAN, |(one, other)| one.mapv(f64::from).dot(&other.mapv(f64::from)))
    };
    let spelt: Vec<&str> = order.iter().filter_map(|&word| spelling(tokens, text, &words[word])).collect();
    Ok(Some(ShuffleExperiment {
        shuffled: spelt.join(" "),
        with_positions: cosine(trace, &other),
        without_positions: cosine(&bare, &other_bare),
        causal: model.network.is_causal(),
    }))
}

/// The tokens of each word of the text.
fn words_of(tokens: &Tokens) -> Vec<std::ops::Range<usize>> {
    let mut words: Vec<std::ops::Range<usize>> = Vec::new();
    for index in 0..tokens.len() {
        let word = tokens.words.get(index).copied().flatten();
        if word.is_none() || tokens.special.get(index).copied().unwrap_or(false) {
            continue;
        }
        match words.last_mut() {
            Some(last) if last.end == index && tokens.words[last.start] == word => last.end = index + 1,
            _ => words.push(index..index + 1),
        }
    }
    words
}

fn spelling<'a>(tokens: &Tokens, text: &'a str, word: &std::ops::Range<usize>) -> Option<&'a str> {
    let start = tokens.spans.get(word.start)?.0;
    let end = tokens.spans.get(word.end.checked_sub(1)?)?.1;
    text.get(start..end).map(str::trim)
}

/// Every word that comes back, with each place and the one before.
fn two_places(tokens: &Tokens, text: &str, trace: &Trace) -> Vec<TwoPlaces> {
    let words = words_of(tokens);
    let spelt: Vec<&str> = words.iter().map(|word| spelling(tokens, text, word).unwrap_or("")).collect();
    let context = |index: usize| {
        let end = (index + CONTEXT).min(spelt.len());
        spelt[index.saturating_sub(CONTEXT)..end].join(" ")
    };
    let mut found = Vec::new();
    for (second, word) in spelt.iter().enumerate() {
        let same = |other: &&str| other.to_lowercase() == word.to_lowercase();
        let Some(first) = spelt[..second].iter().rposition(same) else { continue };
        if !word.chars().any(char::is_alphanumeric) {
            continue;
        }
        let similarities =
            similarity::words_by_layer(trace, words[first].clone(), trace, words[second].clone());
        found.push(TwoPlaces {
            word: (*word).to_owned(),
            tokens: (words[first].start, words[second].start),
            contexts: (context(first), context(second)),
            by_layer: similarities.into_iter().map(f64::from).collect(),
        });
    }
    // The word that changes most is the most telling.
    let last = |places: &TwoPlaces| places.by_layer.last().copied().unwrap_or(1.0);
    found.sort_by(|one, other| last(one).total_cmp(&last(other)));
    found
}
