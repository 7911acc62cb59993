//! What a block computes, in f64 and plain loops, written from the formulas and not from the
//! program.

use lexiscope::model::activation::Activation;
use lexiscope::model::block::{Block, BlockTrace, Gain, Reads};
use lexiscope::model::dropout::Dropout;
use lexiscope::model::linear::{Layout, Linear};
use lexiscope::model::normalisation::{Norm, NormKind};
use lexiscope::model::parts::attention::{
    Attention, AttentionPosition, Disentangled, HeadNorm, Projection, Projections, bias_of_key,
};
use lexiscope::model::parts::experts::Experts;
use lexiscope::model::parts::feed_forward::FeedForward;
use lexiscope::model::parts::{Mixer, MixerTrace};
use lexiscope::model::positions::Rotary;
use lexiscope::model::trace::Trace;
use ndarray::{Array1, Array2, ArrayView1, s};

type Matrix = Array2<f64>;

/// The stream after `block`, of the stream `x` and the other stack's output `memory`.
pub fn block(block: &Block, x: &Array2<f32>, memory: &Array2<f32>, dropout: Dropout) -> Matrix {
    let (mut stream, memory) = (x.mapv(f64::from), memory.mapv(f64::from));
    let (mut streams, mut inputs) = (Vec::new(), Vec::<Matrix>::new());
    for (index, part) in block.parts.iter().enumerate() {
        streams.push(stream.clone());
        let read = match part.reads {
            Reads::Stream => stream.clone(),
            Reads::StreamBefore(other) => streams[other].clone(),
            Reads::InputOf(other) => inputs[other].clone(),
        };
        let input = part.norm_before.as_ref().map_or_else(|| read.clone(), |one| norm(one, &read));
        inputs.push(input.clone());
        let output = match &part.mixer {
            Mixer::Attention(part) => attention(part, &input, &input),
            Mixer::CrossAttention { attention: part, .. } => attention(part, &input, &memory),
            Mixer::FeedForward(part) => feed_forward(part, &input),
            Mixer::Experts(part) => experts(part, &input),
            Mixer::Recurrent(_) | Mixer::Convolution(_) | Mixer::Scan(_) => panic!("not drawn"),
        };
        let mut kept = Array2::ones(output.dim());
        dropout.at(index).apply(&mut kept);
        let output = output * kept.mapv(f64::from);
        let output = part.norm_after.as_ref().map_or_else(|| output.clone(), |one| norm(one, &output));
        let sum = weighed(&part.skip, &stream) + weighed(&part.branch, &output);
        stream = part.norm_sum.as_ref().map_or_else(|| sum.clone(), |one| norm(one, &sum));
    }
    stream
}

fn weighed(gain: &Gain, x: &Matrix) -> Matrix {
    match gain {
        Gain::One => x.clone(),
        Gain::Fixed(factor) => x * f64::from(*factor),
        Gain::Learned(factors) => {
            let factors = factors.to_f32();
            Matrix::from_shape_fn(x.dim(), |(row, column)| {
                x[[row, column]] * f64::from(if factors.len() == 1 { factors[0] } else { factors[column] })
            })
        }
    }
}

fn norm(norm: &Norm, x: &Matrix) -> Matrix {
    let weight = norm.weight.to_f32();
    let mut normed = x.clone();
    for mut row in normed.rows_mut() {
        let count = row.len() as f64;
        let mean = if norm.kind == NormKind::Layer { row.sum() / count } else { 0.0 };
        let variance = row.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
        for (column, value) in row.iter_mut().enumerate() {
            let scale = f64::from(weight[column]) + f64::from(norm.offset);
            let bias = norm.bias.as_ref().map_or(0.0, |bias| f64::from(bias.to_f32()[column]));
            *value = (*value - mean) / (variance + f64::from(norm.epsilon)).sqrt() * scale + bias;
        }
    }
    normed
}

fn linear(map: &Linear, x: &Matrix) -> Matrix {
    let weight = map.weight.to_f32();
    let (first, second) = (map.weight.shape()[0], map.weight.shape()[1]);
    let outputs = if map.layout == Layout::OutIn { first } else { second };
    Matrix::from_shape_fn((x.nrows(), outputs), |(row, output)| {
        let bias = map.bias.as_ref().map_or(0.0, |bias| f64::from(bias.to_f32()[output]));
        let products = x
            .row(row)
            .iter()
            .enumerate()
            .map(|(input, value)| {
                let at = if map.layout == Layout::OutIn {
                    output * second + input
                } else {
                    input * second + output
                };
                value * f64::from(weight[at])
            })
            .sum::<f64>();
        bias + products
    })
}

fn experts(part: &Experts, x: &Matrix) -> Matrix {
    let logits = linear(&part.router, x);
    let made: Vec<Matrix> = part.experts.iter().map(|expert| feed_forward(expert, x)).collect();
    let mut sum = Matrix::zeros(made[0].raw_dim());
    for (token, logits) in logits.rows().into_iter().enumerate() {
        let mut order: Vec<usize> = (0..logits.len()).collect();
        order.sort_by(|&one, &other| logits[other].total_cmp(&logits[one]));
        let among = if part.renormalises { &order[..part.chosen] } else { &order };
        let all: f64 = among.iter().map(|&expert| logits[expert].exp()).sum();
        for &expert in &order[..part.chosen] {
            sum.row_mut(token).scaled_add(logits[expert].exp() / all, &made[expert].row(token));
        }
    }
    sum
}

fn feed_forward(part: &FeedForward, x: &Matrix) -> Matrix {
    let act = |x: f64| match part.activation {
        Activation::Relu => x.max(0.0),
        Activation::Silu => x / (1.0 + (-x).exp()),
        other => panic!("{other:?} is not drawn"),
    };
    let up = linear(&part.up, x);
    let active = match &part.gate {
        Some(gate) => linear(gate, x).mapv(act) * up,
        None => up.mapv(act),
    };
    linear(&part.down, &active)
}

/// Queries (0), keys (1) or values (2) of all heads, side by side.
fn project(part: &Attention, x: &Matrix, role: usize) -> Matrix {
    let (heads, groups, size) = (part.heads, part.key_value_heads, part.head_size);
    let count = if role == 0 { heads } else { groups };
    match &part.projections {
        Projections::Separate { query, key, value } => match [query, key, value][role] {
            Projection::Map(map) => linear(map, x),
            Projection::Identity | Projection::Mixed { .. } => panic!("not drawn"),
        },
        Projections::Fused(all) => {
            let first = [0, heads, heads + groups][role];
            linear(all, x).slice(s![.., first * size..(first + count) * size]).to_owned()
        }
        Projections::FusedByHead(all) => {
            // [groups][queries of the group, key, value][size].
            let (share, all) = (heads / groups, linear(all, x));
            Matrix::from_shape_fn((x.nrows(), count * size), |(row, column)| {
                let (head, component) = (column / size, column % size);
                let slot = match role {
                    0 => head / share * (share + 2) + head % share,
                    1 => head * (share + 2) + share,
                    _ => head * (share + 2) + share + 1,
                };
                all[[row, slot * size + component]]
            })
        }
        Projections::FusedInParts(all, parts) => {
            // [parts][queries, values, keys][heads of the part][size].
            let (share, all) = (heads / parts, linear(all, x));
            Matrix::from_shape_fn((x.nrows(), count * size), |(row, column)| {
                let (head, component) = (column / size, column % size);
                let slot = head / share * 3 * share + [0, 2 * share, share][role] + head % share;
                all[[row, slot * size + component]]
            })
        }
    }
}

fn norm_heads(head_norm: Option<&HeadNorm>, x: Matrix, size: usize) -> Matrix {
    match head_norm {
        None => x,
        Some(HeadNorm::AllHeads(one)) => norm(one, &x),
        Some(HeadNorm::EachHead(one)) => norm_each(|_| one, x, size),
        Some(HeadNorm::OfEach(norms)) => norm_each(|head| &norms[head], x, size),
    }
}

fn norm_each<'a>(of: impl Fn(usize) -> &'a Norm, x: Matrix, size: usize) -> Matrix {
    let mut normed = x.clone();
    for head in 0..x.ncols() / size {
        let columns = s![.., head * size..(head + 1) * size];
        normed.slice_mut(columns).assign(&norm(of(head), &x.slice(columns).to_owned()));
    }
    normed
}

fn rotated(rotary: &Rotary, head: ArrayView1<'_, f64>, position: usize) -> Array1<f64> {
    let (mut turned, pairs) = (head.to_owned(), rotary.frequencies.len());
    let magnitude = f64::from(rotary.magnitude);
    for (pair, frequency) in rotary.frequencies.iter().enumerate() {
        let angle = position as f64 * f64::from(*frequency);
        let (a, b) = if rotary.adjacent { (2 * pair, 2 * pair + 1) } else { (pair, pair + pairs) };
        turned[a] = magnitude * (head[a] * angle.cos() - head[b] * angle.sin());
        turned[b] = magnitude * (head[a] * angle.sin() + head[b] * angle.cos());
    }
    turned
}

fn attention(part: &Attention, x: &Matrix, memory: &Matrix) -> Matrix {
    let size = part.head_size;
    let query = norm_heads(part.query_norm.as_ref(), project(part, x, 0), size);
    let key = norm_heads(part.key_norm.as_ref(), project(part, memory, 1), size);
    let value = project(part, memory, 2);
    let mut outputs = Matrix::zeros((x.nrows(), part.heads * size));
    for head in 0..part.heads {
        let shared = head * part.key_value_heads / part.heads;
        let of = |all: &Matrix, row: usize, head: usize| {
            all.slice(s![row, head * size..(head + 1) * size]).to_owned()
        };
        for i in 0..x.nrows() {
            let scores: Vec<f64> = (0..memory.nrows())
                .map(|j| score(part, head, (i, j), of(&query, i, head), of(&key, j, shared)))
                .collect();
            let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let total: f64 = scores.iter().map(|score| (score - largest).exp()).sum();
            for (j, score) in scores.iter().enumerate() {
                let weight = (score - largest).exp() / total;
                for component in 0..size {
                    outputs[[i, head * size + component]] += weight * value[[j, shared * size + component]];
                }
            }
        }
    }
    part.output.as_ref().map_or_else(|| outputs.clone(), |output| linear(output, &outputs))
}

fn score(part: &Attention, head: usize, (i, j): (usize, usize), query: Array1<f64>, key: Array1<f64>) -> f64 {
    let mask = part.mask;
    let too_far = mask.back.is_some_and(|back| j + back < i) && j >= mask.sinks;
    if too_far || mask.ahead.is_some_and(|ahead| i + ahead < j) {
        return f64::NEG_INFINITY;
    }
    let scale = f64::from(part.scale);
    let product = |a: &Array1<f64>, b: &Array1<f64>| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let score = match &part.position {
        AttentionPosition::None => scale * product(&query, &key),
        AttentionPosition::Rotary(rotary) => {
            let rotary = &match &rotary.long {
                // Drawn are limits that every pass exceeds, or none.
                Some(long) if long.beyond == 0 => {
                    Rotary { frequencies: long.frequencies.clone(), ..rotary.clone() }
                }
                _ => rotary.clone(),
            };
            scale * product(&rotated(rotary, query.view(), i), &rotated(rotary, key.view(), j))
        }
        AttentionPosition::Alibi(slopes) => {
            scale * product(&query, &key) + f64::from(slopes[head]) * (j as f64 - i as f64)
        }
        AttentionPosition::AlibiOfKeys(slopes) => {
            scale * (product(&query, &key) + f64::from(bias_of_key(slopes[head], j)))
        }
        AttentionPosition::Grid(bias) => {
            // Of a grid of 2 x 3 patches behind a class token: 3 x 5 ways.
            let of = |row: usize| f64::from(bias.table.to_matrix()[[row, head]]);
            let patch = |token: usize| ((token - 1) / 3, (token - 1) % 3);
            let added = match (i, j) {
                (7.., _) | (_, 7..) => 0.0,
                (0, 0) => of(17),
                (0, _) => of(15),
                (_, 0) => of(16),
                _ => of((patch(i).0 + 1 - patch(j).0) * 5 + patch(i).1 + 2 - patch(j).1),
            };
            scale * product(&query, &key) + added
        }
        AttentionPosition::Relative(bias) => {
            scale * product(&query, &key) + f64::from(bias.value(head, j as isize - i as isize))
        }
        AttentionPosition::Disentangled(position) => {
            let row = position.buckets.row(i as isize - j as isize);
            let key_of_distance = of_distance(position, position.key.as_ref(), row, head, query.len());
            let query_of_distance = of_distance(position, position.query.as_ref(), row, head, query.len());
            scale
                * (product(&query, &key)
                    + product(&query, &key_of_distance)
                    + product(&key, &query_of_distance))
        }
    };
    part.soft_cap.map_or(score, |cap| f64::from(cap) * (score / f64::from(cap)).tanh())
}

fn of_distance(
    position: &Disentangled,
    map: Option<&Linear>,
    row: usize,
    head: usize,
    size: usize,
) -> Array1<f64> {
    let Some(map) = map else { return Array1::zeros(size) };
    let table = position.table.to_matrix().mapv(f64::from);
    let vector = table.slice(s![row..=row, ..]).to_owned();
    let vector = position.norm.as_ref().map_or_else(|| vector.clone(), |one| norm(one, &vector));
    linear(map, &vector).slice(s![0, head * size..(head + 1) * size]).to_owned()
}

/// How many numbers `trace` holds.
pub fn numbers(trace: &BlockTrace) -> u64 {
    let streams = |one: &Option<Array2<f32>>| one.as_ref().map_or(0, Array2::len);
    let parts = trace.parts.iter().map(|part| {
        let maps = match &part.mixer {
            MixerTrace::Attention(trace) | MixerTrace::CrossAttention(trace) => trace.weights.len(),
            MixerTrace::FeedForward(_)
            | MixerTrace::Experts(_)
            | MixerTrace::Recurrent(_)
            | MixerTrace::Convolution(_)
            | MixerTrace::Scan(_) => 0,
        };
        let stages: usize = part.mixer.stages().iter().map(|(_, stage)| stage.len()).sum();
        let own: usize = [&part.input, &part.output, &part.sum, &part.after].into_iter().map(streams).sum();
        maps + stages + own
    });
    (streams(&trace.before) + parts.sum::<usize>()) as u64
}

/// How many numbers a whole trace holds.
pub fn numbers_of(trace: &Trace) -> u64 {
    let streams = |one: &Option<Array2<f32>>| one.as_ref().map_or(0, Array2::len) as u64;
    let stacks = trace.stacks.iter().map(|stack| {
        let front = &stack.front;
        let front = [&front.tokens, &front.positions, &front.sum, &front.unprojected, &front.pixels];
        let states: usize = stack.hidden_states.iter().map(Array2::len).sum();
        stack.blocks.iter().map(numbers).sum::<u64>()
            + front.into_iter().map(streams).sum::<u64>()
            + streams(&stack.unnormed)
            + streams(&stack.output)
            + states as u64
    });
    let head = &trace.head;
    let head = [&head.input, &head.before_activation, &head.activation, &head.projected, &trace.logits];
    stacks.sum::<u64>() + head.into_iter().map(streams).sum::<u64>()
}
