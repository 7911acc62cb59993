//! From the residual stream to logits.

use std::ops::Range;

use ndarray::{Array1, Array2, ArrayView2, Axis, CowArray, Zip, concatenate, s, stack};

use super::activation::Activation;
use super::gradients::Gradients;
use super::keep::Keep;
use super::linear::Linear;
use super::normalisation::{Norm, normalise};
use super::parameters::parameters_in;
use super::sequences::Sequences;
use crate::elementary::tanh;

/// From the residual stream to logits. [`Head::new`] gives the usual one.
#[derive(Debug, Clone)]
pub struct Head {
    /// A map, non-linearity and norm before the projection (masked language models).
    pub transform: Option<Transform>,
    /// Over what it looks at.
    pub norm: Option<Norm>,
    /// `[V, D]`, often the token table itself.
    pub projection: Linear,
    /// A projection of the token behind the one that it looks at: the logits are the mean of both (DeiT's,
    /// which learned from another network).
    pub second: Option<Linear>,
    /// What the stream is multiplied by first (T5 with a tied table: 1/√D).
    pub scale: f32,
    /// Logits z become c tanh(z/c) (Gemma 2).
    pub soft_cap: Option<f32>,
    /// What of a text (or an image) it looks at.
    pub looks_at: LooksAt,
    /// What its numbers say.
    pub says: Says,
}

/// What the numbers of a head say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// How likely each output is, one of which it is: softmax.
    OneOf,
    /// How likely each output is, whatever the others are: the logistic function.
    EachAlone,
    /// Numbers, of which nothing is made.
    Numbers,
    /// Where an answer begins (output 0) and ends (output 1): softmax over the tokens.
    Span,
}

/// What of a text (or an image) a head looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LooksAt {
    /// Every token by itself.
    EachToken,
    /// The first token only (ViT's class token, BERT's [CLS]).
    FirstToken,
    /// The last token only (decoders that classify).
    LastToken,
    /// The mean of all tokens but so many at the beginning.
    Mean {
        /// How many are left out.
        from: usize,
    },
    /// The mean of so many tokens at the beginning (AST's two).
    MeanOfFirst {
        /// How many they are.
        count: usize,
    },
    /// The first token, and beside it the mean of all but so many (DINOv2).
    FirstAndMean {
        /// How many are left out.
        from: usize,
    },
    /// All pixels of an image of this side together: the largest of every 2 x 2 pixels, odd rests
    /// dropped, channel by channel (LeCun et al. 1998).
    Pooled {
        /// Pixels side by side.
        side: usize,
    },
}

parameters_in!(Head: transform, norm, projection, second);

/// norm(act(dense x)).
#[derive(Debug, Clone)]
pub struct Transform {
    /// The map.
    pub dense: Linear,
    /// The non-linearity.
    pub activation: Activation,
    /// The norm; classifiers have none.
    pub norm: Option<Norm>,
}

parameters_in!(Transform: dense, norm);

/// What the head computed; on a tape only.
#[derive(Debug, Clone, Default)]
pub struct HeadTrace {
    /// The rows of the stream that it looked at, `[T or texts, D]`; of pooled images what was pooled,
    /// `[images, D (side/2)²]`.
    pub input: Option<Array2<f32>>,
    /// Before the transform's non-linearity, where there is one.
    pub before_activation: Option<Array2<f32>>,
    /// After it, before the norm.
    pub activation: Option<Array2<f32>>,
    /// What the projection saw.
    pub projected: Option<Array2<f32>>,
    /// Of a soft cap, the logits behind it.
    pub capped: Option<Array2<f32>>,
    /// What the second projection saw, where there is one.
    pub second_input: Option<Array2<f32>>,
    /// The logits of both projections, where there are two; not of passes that keep logits only.
    pub both: Option<[Array2<f32>; 2]>,
    /// From every row that it looked at (and, where pooled, every number of it) to the row of the
    /// stream.
    pub rows: Vec<usize>,
}

impl Head {
    /// A projection and nothing else.
    pub fn new(projection: Linear) -> Self {
        Self {
            transform: None,
            norm: None,
            projection,
            second: None,
            scale: 1.0,
            soft_cap: None,
            looks_at: LooksAt::EachToken,
            says: Says::OneOf,
        }
    }

    /// The one row of the stream of `tokens` tokens that it looks at, where it does not look at each.
    pub fn only_row(&self, tokens: usize) -> Option<usize> {
        match self.looks_at {
            LooksAt::FirstToken => Some(0),
            LooksAt::LastToken => Some(tokens.saturating_sub(1)),
            LooksAt::EachToken
            | LooksAt::Mean { .. }
            | LooksAt::MeanOfFirst { .. }
            | LooksAt::FirstAndMean { .. }
            | LooksAt::Pooled { .. } => None,
        }
    }

    /// Whether it has one answer for a whole text or image.
    pub fn answers_once(&self) -> bool {
        self.looks_at != LooksAt::EachToken
    }

    /// V, or the number of classes.
    pub fn outputs(&self) -> usize {
        self.projection.outputs()
    }

    /// The logits `[T, V]` of the stream `x` `[T, D]` of one text; of its last row only, where
    /// `last_only`.
    pub fn logits(&self, x: &Array2<f32>, last_only: bool) -> Array2<f32> {
        self.run(x, &Sequences::one(x.nrows()), last_only, Keep::Logits).0
    }

    /// As [`Head::logits`] for several texts, with its trace.
    pub fn run(
        &self,
        x: &Array2<f32>,
        sequences: &Sequences,
        last_only: bool,
        keep: Keep,
    ) -> (Array2<f32>, HeadTrace) {
        let (looked, mut rows) = self.looked_at(x, sequences, last_only);
        let on_tape = |rows: &Array2<f32>| (keep == Keep::Tape).then(|| rows.clone());
        let mut trace = HeadTrace { input: on_tape(&rows), rows: looked, ..HeadTrace::default() };
        if let Some(Transform { dense, activation, norm }) = &self.transform {
            rows = dense.apply(rows.view());
            trace.before_activation = on_tape(&rows);
            rows.mapv_inplace(|value| activation.apply(value));
            trace.activation = on_tape(&rows);
            if let Some(norm) = norm {
                normalise(norm, &mut rows);
            }
        }
        if let Some(norm) = &self.norm {
            normalise(norm, &mut rows);
        }
        if self.scale != 1.0 {
            rows.mapv_inplace(|value| value * self.scale);
        }
        let mut logits = self.projection.apply(rows.view());
        if let Some(second) = &self.second {
            let behind: Vec<usize> = trace.rows.iter().map(|row| row + 1).collect();
            let input = x.select(Axis(0), &behind);
            let other = second.apply(input.view());
            let mean = (&logits + &other) / 2.0;
            trace.both = (keep != Keep::Logits).then(|| [std::mem::take(&mut logits), other]);
            trace.second_input = on_tape(&input);
            logits = mean;
        }
        if let Some(cap) = self.soft_cap {
            logits.mapv_inplace(|logit| cap * tanh(logit / cap));
            trace.capped = on_tape(&logits);
        }
        trace.projected = (keep == Keep::Tape).then_some(rows);
        (logits, trace)
    }

    /// The numbers that it looks at, and where in the stream each row of them is from (where pooled,
    /// each number).
    fn looked_at(
        &self,
        x: &Array2<f32>,
        sequences: &Sequences,
        last_only: bool,
    ) -> (Vec<usize>, Array2<f32>) {
        let texts = || sequences.ranges().filter(|range| !range.is_empty());
        let rows: Vec<usize> = match (self.looks_at, last_only) {
            (LooksAt::Pooled { side }, _) => return pooled(x, side),
            (LooksAt::Mean { from }, _) => {
                let rows = means(x, texts(), from..usize::MAX);
                return (texts().map(|range| range.start).collect(), rows);
            }
            (LooksAt::MeanOfFirst { count }, _) => {
                let rows = means(x, texts(), 0..count);
                return (texts().map(|range| range.start).collect(), rows);
            }
            (LooksAt::FirstAndMean { from }, _) => {
                let starts: Vec<usize> = texts().map(|range| range.start).collect();
                let (first, means) = (x.select(Axis(0), &starts), means(x, texts(), from..usize::MAX));
                let beside = concatenate(Axis(1), &[first.view(), means.view()]);
                return (starts, beside.expect("as many rows"));
            }
            (LooksAt::LastToken, _) | (LooksAt::EachToken, true) => {
                texts().map(|range| range.end - 1).collect()
            }
            (LooksAt::FirstToken, _) => texts().map(|range| range.start).collect(),
            (LooksAt::EachToken, false) => return ((0..x.nrows()).collect(), x.clone()),
        };
        let chosen = x.select(Axis(0), &rows);
        (rows, chosen)
    }

    /// Adds the gradients of its parameters, given that of the logits, and returns that of the stream,
    /// which has `rows` rows of `hidden` numbers.
    ///
    /// # Panics
    /// When `trace` is not on a tape.
    pub fn backward(
        &self,
        trace: &HeadTrace,
        logits: ArrayView2<'_, f32>,
        (rows, hidden): (usize, usize),
        gradients: &mut Gradients,
    ) -> Array2<f32> {
        let mut logits = CowArray::from(logits);
        if let (Some(cap), Some(capped)) = (self.soft_cap, &trace.capped) {
            let slopes = capped.mapv(|z| 1.0 - (z / cap) * (z / cap));
            logits = (&logits * &slopes).into();
        }
        let seen = trace.projected.as_ref().expect(TAPE);
        let mut gradient = Array2::zeros(seen.raw_dim());
        let mut of_second = None;
        if let (Some(second), Some(input)) = (&self.second, &trace.second_input) {
            logits = logits.mapv(|gradient| gradient / 2.0).into();
            let mut of_input = Array2::zeros(input.raw_dim());
            second.backward(input.view(), logits.view(), Some(&mut of_input), gradients);
            of_second = Some(of_input);
        }
        self.projection.backward(seen.view(), logits.view(), Some(&mut gradient), gradients);
        if self.scale != 1.0 {
            gradient *= self.scale;
        }
        if let Some(norm) = &self.norm {
            norm.backward(trace.input.as_ref().expect(TAPE), &mut gradient, gradients);
        }
        if let Some(Transform { dense, activation, norm }) = &self.transform {
            if let Some(norm) = norm {
                norm.backward(trace.activation.as_ref().expect(TAPE), &mut gradient, gradients);
            }
            let before = trace.before_activation.as_ref().expect(TAPE);
            Zip::from(&mut gradient).and(before).for_each(|g, &x| *g *= activation.slope(x));
            let input = trace.input.as_ref().expect(TAPE);
            let mut inner = Array2::zeros(input.raw_dim());
            dense.backward(input.view(), gradient.view(), Some(&mut inner), gradients);
            gradient = inner;
        }
        match self.looks_at {
            LooksAt::EachToken if trace.rows.len() == rows => gradient,
            LooksAt::Mean { from } => {
                let mut stream = Array2::zeros((rows, hidden));
                spread(gradient.view(), &trace.rows, from..usize::MAX, &mut stream);
                stream
            }
            LooksAt::MeanOfFirst { count } => {
                let mut stream = Array2::zeros((rows, hidden));
                spread(gradient.view(), &trace.rows, 0..count, &mut stream);
                stream
            }
            LooksAt::FirstAndMean { from } => {
                let mut stream = Array2::zeros((rows, hidden));
                let (of_first, of_mean) = gradient.view().split_at(Axis(1), hidden);
                spread(of_mean, &trace.rows, from..usize::MAX, &mut stream);
                for (gradient, &row) in of_first.rows().into_iter().zip(&trace.rows) {
                    let mut row = stream.row_mut(row);
                    row += &gradient;
                }
                stream
            }
            LooksAt::EachToken | LooksAt::FirstToken | LooksAt::LastToken => {
                let mut stream = Array2::zeros((rows, hidden));
                for (gradient, &row) in gradient.rows().into_iter().zip(&trace.rows) {
                    stream.row_mut(row).assign(&gradient);
                }
                for (gradient, &row) in of_second.iter().flat_map(|rows| rows.rows()).zip(&trace.rows) {
                    let mut behind = stream.row_mut(row + 1);
                    behind += &gradient;
                }
                stream
            }
            LooksAt::Pooled { side } => {
                let mut stream = Array2::zeros((rows, hidden));
                let area = (side / 2) * (side / 2);
                for (index, (&gradient, &row)) in gradient.iter().zip(&trace.rows).enumerate() {
                    stream[[row, index / area % hidden]] += gradient;
                }
                stream
            }
        }
    }

    /// How many numbers its trace and its logits have of `tokens` tokens of `hidden` numbers.
    pub fn numbers_kept(&self, tokens: u64, hidden: u64, keep: Keep) -> u64 {
        let (rows, hidden) = match self.looks_at {
            LooksAt::EachToken => (tokens, hidden),
            LooksAt::FirstToken | LooksAt::LastToken | LooksAt::Mean { .. } | LooksAt::MeanOfFirst { .. } => {
                (1, hidden)
            }
            LooksAt::FirstAndMean { .. } => (1, 2 * hidden),
            LooksAt::Pooled { side } => (1, hidden * ((side / 2) * (side / 2)) as u64),
        };
        let inner = self.transform.as_ref().map_or(0, |transform| 2 * transform.dense.outputs() as u64);
        let capped = if self.soft_cap.is_some() { self.outputs() as u64 } else { 0 };
        let tape = if keep == Keep::Tape { 2 * hidden + inner + capped } else { 0 };
        let both = match (&self.second, keep) {
            (None, _) | (_, Keep::Logits) => 0,
            (Some(_), Keep::Tape) => 2 * self.outputs() as u64 + hidden,
            (Some(_), _) => 2 * self.outputs() as u64,
        };
        rows * (tape + both + self.outputs() as u64)
    }
}

const TAPE: &str = "the pass kept a tape";

/// The mean of those rows of every text whose places in it are among `places`.
fn means(x: &Array2<f32>, texts: impl Iterator<Item = Range<usize>>, places: Range<usize>) -> Array2<f32> {
    let mean = |text: Range<usize>| x.slice(s![part(&text, &places), ..]).mean_axis(Axis(0));
    let means: Vec<Array1<f32>> =
        texts.map(|text| mean(text).unwrap_or_else(|| Array1::zeros(x.ncols()))).collect();
    let views: Vec<_> = means.iter().map(|mean| mean.view()).collect();
    stack(Axis(0), &views).unwrap_or_else(|_| Array2::zeros((0, x.ncols())))
}

/// The rows of a text whose places in it are among `places`.
fn part(text: &Range<usize>, places: &Range<usize>) -> Range<usize> {
    text.start + places.start.min(text.len())..text.start + places.end.min(text.len())
}

/// Adds to the rows of `stream` their shares of the gradients of [`means`]; texts begin at `starts`.
fn spread(gradient: ArrayView2<'_, f32>, starts: &[usize], places: Range<usize>, stream: &mut Array2<f32>) {
    let ends = starts.iter().skip(1).copied().chain([stream.nrows()]).collect::<Vec<_>>();
    for ((gradient, &start), end) in gradient.rows().into_iter().zip(starts).zip(ends) {
        let rows = part(&(start..end), &places);
        let share = &gradient / rows.len().max(1) as f32;
        stream.slice_mut(s![rows, ..]).rows_mut().into_iter().for_each(|mut row| row += &share);
    }
}

/// The largest of every 2 x 2 pixels of every image, `[images, D (side/2)²]` with the channel slowest,
/// and the row that each is from (the first of several).
fn pooled(x: &Array2<f32>, side: usize) -> (Vec<usize>, Array2<f32>) {
    let (images, half, channels) = (x.nrows() / (side * side).max(1), side / 2, x.ncols());
    let mut pooled = Array2::zeros((images, channels * half * half));
    let mut rows = Vec::with_capacity(pooled.len());
    for ((image, index), largest) in pooled.indexed_iter_mut() {
        let (channel, y, x_place) = (index / (half * half), index / half % half, index % half);
        let corner = image * side * side + 2 * y * side + 2 * x_place;
        let mut best = corner;
        for row in [corner + 1, corner + side, corner + side + 1] {
            if x[[row, channel]] > x[[best, channel]] {
                best = row;
            }
        }
        *largest = x[[best, channel]];
        rows.push(best);
    }
    (rows, pooled)
}
