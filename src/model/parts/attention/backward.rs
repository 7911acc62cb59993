//! The gradient of one attention.

use std::ops::Range;

use ndarray::{Array2, Array3, ArrayView2, ArrayView3, ArrayViewMut2, ArrayViewMut3, Axis, s};
use rayon::prelude::*;

use super::description::{Attention, AttentionPosition, HeadNorm};
use super::disentangled::{TermGradients, Terms};
use super::projections::{side_by_side, split_heads, sum_of_products};
use super::run::{Texts, rotate_rows, terms};
use super::trace::AttentionTrace;
use crate::elementary::{dot, sum, vectorised};
use crate::matmul;
use crate::model::gradients::Gradients;
use crate::model::interventions::Place;
use crate::model::parameters::Parameter;
use crate::model::positions::{GridBias, RelativeBias, Rotary};

/// What an attention passes on.
#[derive(Debug, Clone)]
pub struct AttentionGradient {
    /// Of the stream that attends, `[T, D]`.
    pub input: Array2<f32>,
    /// Of the stream that is looked at, `[S, D]`, where that is another.
    pub memory: Option<Array2<f32>>,
    /// Of the weighted values, `[H, T, E]`: times the values themselves, what every head did for the
    /// loss.
    pub head_outputs: Array3<f32>,
}

impl Attention {
    /// Adds the gradients of its parameters, given that of its output `[T, D]`, for a pass in which
    /// nothing was changed. `x` is what attended, `memory` what was looked at where that is another.
    ///
    /// # Panics
    /// When `trace` is not on a tape.
    #[expect(clippy::too_many_arguments, reason = "what the forward pass takes, its trace and gradients")]
    pub fn backward(
        &self,
        x: ArrayView2<'_, f32>,
        memory: Option<ArrayView2<'_, f32>>,
        trace: &AttentionTrace,
        output: ArrayView2<'_, f32>,
        texts: Texts<'_>,
        place: &Place<'_>,
        gradients: &mut Gradients,
    ) -> AttentionGradient {
        let (Some(query), Some(key), Some(value)) = (&trace.query, &trace.key, &trace.value) else {
            panic!("{TAPE}");
        };
        let head_outputs = self.unjoin(trace, output, gradients);
        let terms = terms(self, texts.queries.longest().max(texts.keys.longest()), place);
        let pass = HeadsBack { attention: self, trace, terms: terms.as_ref(), texts, place };
        let inputs = [query.view(), key.view(), value.view()];
        let (mut back, extras) = pass.run(inputs, head_outputs.view());
        self.add_extras(extras, terms.as_ref(), gradients);
        if let AttentionPosition::Rotary(rotary) = &self.position {
            turn_back(rotary, &mut back, texts, place);
        }
        let [of_query, of_key, _] = &mut back;
        unnormalise(self.query_norm.as_ref(), trace.unnormed_query.as_ref(), of_query, gradients);
        unnormalise(self.key_norm.as_ref(), trace.unnormed_key.as_ref(), of_key, gradients);
        let mut input = Array2::zeros(x.raw_dim());
        let mut of_memory = memory.map(|memory| Array2::zeros(memory.raw_dim()));
        let [of_query, of_key, of_value] = &back;
        self.projections.backward(
            (x, &mut input),
            memory.zip(of_memory.as_mut()),
            [of_query, of_key, of_value],
            self.sizes(),
            gradients,
        );
        AttentionGradient { input, memory: of_memory, head_outputs }
    }

    /// From the gradient of the output to that of the heads, `[H, T, E]`.
    fn unjoin(
        &self,
        trace: &AttentionTrace,
        output: ArrayView2<'_, f32>,
        gradients: &mut Gradients,
    ) -> Array3<f32> {
        let Some(map) = &self.output else {
            return split_heads(output, self.heads, self.head_size);
        };
        let joined = side_by_side(trace.head_outputs.as_ref().expect(TAPE));
        let mut of_joined = Array2::zeros(joined.raw_dim());
        map.backward(joined.view(), output, Some(&mut of_joined), gradients);
        split_heads(of_joined.view(), self.heads, self.head_size)
    }

    fn add_extras(&self, extras: Vec<Extra>, terms: Option<&Terms>, gradients: &mut Gradients) {
        if let Some(shaping) = &self.shaping {
            let parameters = [&shaping.identity, &shaping.softmax, &shaping.centre];
            for (index, parameter) in parameters.into_iter().enumerate() {
                for (sum, extra) in gradients.of_mut(parameter).iter_mut().zip(&extras) {
                    *sum += extra.shaping[index] as f32;
                }
            }
        }
        match &self.position {
            AttentionPosition::Relative(bias) => {
                let table = gradients.of_mut(&bias.table);
                for (head, extra) in extras.iter().enumerate() {
                    for (bucket, &sum) in extra.buckets.iter().enumerate() {
                        table[bucket * bias.heads() + head] += sum as f32;
                    }
                }
            }
            AttentionPosition::Grid(bias) => {
                let table = gradients.of_mut(&bias.table);
                for (head, extra) in extras.iter().enumerate() {
                    for (row, &sum) in extra.buckets.iter().enumerate() {
                        table[row * bias.heads() + head] += sum as f32;
                    }
                }
            }
            AttentionPosition::Disentangled(position) => {
                let heads: Vec<TermGradients> = extras.into_iter().filter_map(|extra| extra.terms).collect();
                position.backward(terms.expect("made for this position"), &heads, gradients);
            }
            AttentionPosition::None
            | AttentionPosition::Rotary(_)
            | AttentionPosition::Alibi(_)
            | AttentionPosition::AlibiOfKeys(_) => {}
        }
    }
}

const TAPE: &str = "the pass kept a tape";

/// Turns the gradients of queries and keys back by the turn of their tokens' positions.
fn turn_back(rotary: &Rotary, back: &mut [Array3<f32>; 3], texts: Texts<'_>, place: &Place<'_>) {
    let longest = texts.queries.longest().max(texts.keys.longest());
    let rotary = &*rotary.of_pass(longest);
    let opposite = |at| rotary.turn(at).into_iter().map(|(sine, cosine)| (-sine, cosine)).collect();
    let turns: Vec<_> = (0..longest).map(|index| place.position(index).map(opposite)).collect();
    let [query, key, _] = back;
    rotate_rows(rotary, query, texts.queries, &turns);
    rotate_rows(rotary, key, texts.keys, &turns);
}

/// From the gradient of normalised heads to that of the heads before.
fn unnormalise(
    norm: Option<&HeadNorm>,
    before: Option<&Array3<f32>>,
    gradient: &mut Array3<f32>,
    gradients: &mut Gradients,
) {
    let (Some(norm), Some(before)) = (norm, before) else { return };
    match norm {
        HeadNorm::EachHead(norm) => norm.backward(before, gradient, gradients),
        HeadNorm::OfEach(norms) => {
            let heads = norms.iter().zip(before.outer_iter()).zip(gradient.outer_iter_mut());
            for ((norm, before), mut gradient) in heads {
                let mut of_head = gradient.to_owned();
                norm.backward(&before.to_owned(), &mut of_head, gradients);
                gradient.assign(&of_head);
            }
        }
        HeadNorm::AllHeads(norm) => {
            let (count, _, size) = before.dim();
            let mut together = side_by_side(gradient);
            norm.backward(&side_by_side(before), &mut together, gradients);
            *gradient = split_heads(together.view(), count, size);
        }
    }
}

/// All heads of one attention, backward.
struct HeadsBack<'a> {
    attention: &'a Attention,
    trace: &'a AttentionTrace,
    terms: Option<&'a Terms>,
    texts: Texts<'a>,
    place: &'a Place<'a>,
}

/// What a head's own parameters get, besides queries, keys and values.
#[derive(Default)]
struct Extra {
    /// Of identity, softmax and centre.
    shaping: [f64; 3],
    /// Of the bias of every bucket of distances.
    buckets: Vec<f64>,
    /// Of the vectors of distances.
    terms: Option<TermGradients>,
}

impl HeadsBack<'_> {
    /// The gradients of queries, keys and values, and what every head has besides.
    fn run(
        &self,
        inputs: [ArrayView3<'_, f32>; 3],
        outputs: ArrayView3<'_, f32>,
    ) -> ([Array3<f32>; 3], Vec<Extra>) {
        let attention = self.attention;
        let share = (attention.heads / attention.key_value_heads.max(1)).max(1);
        let mut back = inputs.map(|input| Array3::zeros(input.raw_dim()));
        let [query, key, value] = &mut back;
        let groups = query.axis_chunks_iter_mut(Axis(0), share).into_par_iter();
        let groups = groups.zip(key.axis_iter_mut(Axis(0)).into_par_iter());
        let groups = groups.zip(value.axis_iter_mut(Axis(0)).into_par_iter());
        let extras: Vec<Vec<Extra>> = groups
            .enumerate()
            .map(|(group, ((query, key), value))| {
                self.run_group(group * share, inputs, outputs, (query, key, value))
            })
            .collect();
        (back, extras.into_iter().flatten().collect())
    }

    /// The heads from `first` on that share a key and a value.
    fn run_group(
        &self,
        first: usize,
        [query, key, value]: [ArrayView3<'_, f32>; 3],
        outputs: ArrayView3<'_, f32>,
        back: (ArrayViewMut3<'_, f32>, ArrayViewMut2<'_, f32>, ArrayViewMut2<'_, f32>),
    ) -> Vec<Extra> {
        let (mut of_queries, mut of_key, mut of_value) = back;
        let shared = self.attention.key_value_head(first);
        let (key, value) = (key.index_axis(Axis(0), shared), value.index_axis(Axis(0), shared));
        let mut extras = Vec::new();
        for (index, mut of_query) in of_queries.axis_iter_mut(Axis(0)).enumerate() {
            let head = first + index;
            let (query, output) = (query.index_axis(Axis(0), head), outputs.index_axis(Axis(0), head));
            let mut extra = Extra::default();
            for (rows, keys) in self.texts.queries.ranges().zip(self.texts.keys.ranges()) {
                let text = TextBack { head, rows: rows.clone(), columns: keys.len(), pass: self };
                text.run(
                    [
                        query.slice(s![rows.clone(), ..]),
                        key.slice(s![keys.clone(), ..]),
                        value.slice(s![keys.clone(), ..]),
                    ],
                    output.slice(s![rows.clone(), ..]),
                    [
                        of_query.slice_mut(s![rows, ..]),
                        of_key.slice_mut(s![keys.clone(), ..]),
                        of_value.slice_mut(s![keys, ..]),
                    ],
                    &mut extra,
                );
            }
            extras.push(extra);
        }
        extras
    }
}

/// One text in one head.
struct TextBack<'a> {
    head: usize,
    rows: Range<usize>,
    columns: usize,
    pass: &'a HeadsBack<'a>,
}

impl TextBack<'_> {
    fn map<'m>(&self, maps: &'m Array3<f32>) -> ArrayView2<'m, f32> {
        maps.slice(s![self.head, self.rows.clone(), ..self.columns])
    }

    fn run(
        &self,
        [query, key, value]: [ArrayView2<'_, f32>; 3],
        output: ArrayView2<'_, f32>,
        [mut of_query, mut of_key, mut of_value]: [ArrayViewMut2<'_, f32>; 3],
        extra: &mut Extra,
    ) {
        let HeadsBack { attention, trace, terms, .. } = self.pass;
        let weights = self.map(&trace.weights);
        let mut back = Array2::zeros(weights.raw_dim());
        let used = trace.shaped.as_ref().map_or(weights, |shaped| self.map(shaped));
        let blocks = || attention.mask.blocks(0, weights.nrows(), weights.ncols());
        for (rows, keys) in blocks() {
            let output = output.slice(s![rows.clone(), ..]);
            let block = s![rows, keys.clone()];
            let value = value.slice(s![keys.clone(), ..]);
            matmul::multiply_transposed_here(output, value, back.slice_mut(block));
            let of_value = of_value.slice_mut(s![keys, ..]);
            matmul::add_product_here(used.slice(block).reversed_axes(), output, of_value);
        }
        if let Some(shaping) = &attention.shaping {
            self.unshape(&shaping.softmax, weights, &mut back, extra);
        }
        unsoftmax(weights, &mut back);
        if let (Some(cap), Some(scores)) = (attention.soft_cap, &trace.scores) {
            uncap(cap, self.map(scores), &mut back);
        }
        if let AttentionPosition::Relative(bias) = &attention.position {
            self.add_buckets(bias, &back, extra);
        }
        if let AttentionPosition::Grid(bias) = &attention.position {
            self.add_ways(bias, &back, extra);
        }
        back *= attention.scale;
        for (rows, keys) in blocks() {
            let back = back.slice(s![rows.clone(), keys.clone()]);
            let (of_query, of_key) =
                (of_query.slice_mut(s![rows.clone(), ..]), of_key.slice_mut(s![keys.clone(), ..]));
            matmul::add_product_here(back, key.slice(s![keys, ..]), of_query);
            matmul::add_product_here(back.reversed_axes(), query.slice(s![rows, ..]), of_key);
        }
        if let Some(terms) = terms {
            let gradients = extra.terms.get_or_insert_with(|| terms.no_gradients(query.ncols()));
            let place = self.pass.place;
            let told = |token: usize| place.position(token);
            terms.backward(self.head, [query, key], &back, &told, [of_query, of_key], gradients);
        }
    }

    /// From the gradient of what shaping made to that of the weights.
    fn unshape(
        &self,
        softmax: &Parameter,
        weights: ArrayView2<'_, f32>,
        back: &mut Array2<f32>,
        extra: &mut Extra,
    ) {
        extra.shaping[0] += back.diag().iter().map(|&g| f64::from(g)).sum::<f64>();
        extra.shaping[1] += f64::from(sum_of_products(back.view(), weights));
        for (query, row) in back.rows().into_iter().enumerate() {
            let mask = self.pass.attention.mask;
            let row = row.to_slice().expect(ROWS);
            let sum: f64 = mask.open(query, self.columns).map(|open| sum(&row[open])).iter().sum();
            extra.shaping[2] -= sum / mask.count(query, self.columns).max(1) as f64;
        }
        *back *= softmax.to_f32()[self.head];
    }

    fn add_ways(&self, bias: &GridBias, back: &Array2<f32>, extra: &mut Extra) {
        extra.buckets.resize(bias.rows(), 0.0);
        let place = self.pass.place;
        for ((query, key), &gradient) in back.indexed_iter() {
            let way =
                place.position(query).zip(place.position(key)).and_then(|(from, to)| bias.row(from, to));
            if let Some(row) = way {
                extra.buckets[row] += f64::from(gradient);
            }
        }
    }

    fn add_buckets(&self, bias: &RelativeBias, back: &Array2<f32>, extra: &mut Extra) {
        extra.buckets.resize(bias.buckets(), 0.0);
        let (queries, keys) = back.dim();
        let zero = queries as isize - 1;
        let buckets: Vec<usize> =
            (0..queries + keys - 1).map(|offset| bias.bucket(offset as isize - zero)).collect();
        let place = self.pass.place;
        for (query, row) in back.rows().into_iter().enumerate() {
            for range in self.pass.attention.mask.open(query, keys) {
                for key in range {
                    if let (Some(from), Some(to)) = (place.position(query), place.position(key)) {
                        let offset = to as isize - from as isize + zero;
                        extra.buckets[buckets[offset as usize]] += f64::from(row[key]);
                    }
                }
            }
        }
    }
}

/// From the gradient of weights to that of scores, in place: a (g - a·g) along every row.
fn unsoftmax(weights: ArrayView2<'_, f32>, gradient: &mut Array2<f32>) {
    for (weights, mut gradient) in weights.rows().into_iter().zip(gradient.rows_mut()) {
        let (weights, gradient) = (weights.to_slice().expect(ROWS), gradient.as_slice_mut().expect(ROWS));
        let along = dot(weights, gradient) as f32;
        vectorised!({
            for (gradient, &weight) in gradient.iter_mut().zip(weights) {
                *gradient = weight * (*gradient - along);
            }
        });
    }
}

const ROWS: &str = "rows of a map in standard order are contiguous";

/// From the gradient of c tanh(z/c) to that of z; what is masked has none.
fn uncap(cap: f32, scores: ArrayView2<'_, f32>, gradient: &mut Array2<f32>) {
    ndarray::Zip::from(gradient).and(scores).for_each(|gradient, &score| {
        if score.is_finite() {
            *gradient *= 1.0 - (score / cap) * (score / cap);
        }
    });
}
