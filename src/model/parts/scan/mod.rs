//! Parts that go through a text from its first token to its last without attention: what a token becomes
//! depends on those before it, through a short window or a state. One file a kind, and its line in the list
//! here.
//!
//! They have no gradient yet: [`backward`](crate::model::backward::backward) refuses networks with them.

mod gated;
mod selective;
mod short;
mod time_mix;

use ndarray::{Array1, Array2, ArrayView2, Axis, concatenate, s};

pub use gated::{GatedRecurrence, HeadGate};
pub use selective::SelectiveScan;
pub use short::ShortConvolution;
pub use time_mix::{ChannelMix, TimeMix};

use crate::model::keep::Keep;
use crate::model::parameters::{Parameter, Parameters};
use crate::model::sequences::Sequences;

/// One such part.
#[derive(Debug, Clone)]
pub enum Scan {
    /// A gated convolution over a few tokens (LFM2).
    Short(ShortConvolution),
    /// A state whose decay the token chooses (Mamba).
    Selective(SelectiveScan),
    /// A gated linear recurrence (RecurrentGemma).
    Gated(GatedRecurrence),
    /// A decaying mean of values, weighed by keys (RWKV).
    TimeMix(TimeMix),
    /// A feed-forward part that sees the token before, too (RWKV).
    ChannelMix(ChannelMix),
}

/// What one such part computed.
#[derive(Debug, Clone, Default)]
pub struct ScanTrace {
    /// Of which kind.
    pub name: &'static str,
    /// The state behind every token, before it is mapped back, `[T, its own size]`.
    pub state: Option<Array2<f32>>,
}

impl Parameters for Scan {
    fn each<'a>(&'a self, see: &mut dyn FnMut(&'a Parameter)) {
        match self {
            Self::Short(part) => part.each(see),
            Self::Selective(part) => part.each(see),
            Self::Gated(part) => part.each(see),
            Self::TimeMix(part) => part.each(see),
            Self::ChannelMix(part) => part.each(see),
        }
    }

    fn each_mut(&mut self, change: &mut dyn FnMut(&mut Parameter)) {
        match self {
            Self::Short(part) => part.each_mut(change),
            Self::Selective(part) => part.each_mut(change),
            Self::Gated(part) => part.each_mut(change),
            Self::TimeMix(part) => part.each_mut(change),
            Self::ChannelMix(part) => part.each_mut(change),
        }
    }
}

impl Scan {
    /// Its kind, as the file of `trace` calls it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Short(_) => "short_convolution",
            Self::Selective(_) => "selective_scan",
            Self::Gated(_) => "gated_recurrence",
            Self::TimeMix(_) => "time_mix",
            Self::ChannelMix(_) => "channel_mix",
        }
    }

    /// What it makes of `x` `[T, D]`, text by text, and its trace. With `seen`, the rows that it saw before
    /// in the one text of `x`, which `x` is added to.
    pub fn run(
        &self,
        x: ArrayView2<'_, f32>,
        seen: Option<&mut Array2<f32>>,
        sequences: &Sequences,
        keep: Keep,
    ) -> (Array2<f32>, ScanTrace) {
        if let Some(seen) = seen {
            let all = match seen.is_empty() {
                true => x.to_owned(),
                false => concatenate(Axis(0), &[seen.view(), x]).expect("rows of one width"),
            };
            let (_, output) = self.run_text(all.view());
            *seen = all;
            let new = output.nrows() - x.nrows();
            let trace = ScanTrace { name: self.name(), state: None };
            return (output.slice(s![new.., ..]).to_owned(), trace);
        }
        let texts = sequences.ranges().map(|range| self.run_text(x.slice(s![range, ..])));
        let (states, outputs): (Vec<_>, Vec<_>) = texts.unzip();
        let joined = |texts: &[Array2<f32>]| {
            let views: Vec<_> = texts.iter().map(|text| text.view()).collect();
            concatenate(Axis(0), &views).expect("rows of one width")
        };
        let state = keep.stages().then(|| joined(&states));
        (joined(&outputs), ScanTrace { name: self.name(), state })
    }

    /// State and output of one text.
    fn run_text(&self, x: ArrayView2<'_, f32>) -> (Array2<f32>, Array2<f32>) {
        match self {
            Self::Short(part) => part.run(x),
            Self::Selective(part) => part.run(x),
            Self::Gated(part) => part.run(x),
            Self::TimeMix(part) => part.run(x),
            Self::ChannelMix(part) => part.run(x),
        }
    }

    /// Width of its state.
    fn width(&self) -> usize {
        match self {
            Self::Short(part) => part.output.weight.shape()[1],
            Self::Selective(part) => part.output.weight.shape()[1],
            Self::Gated(part) => part.output.weight.shape()[1],
            Self::TimeMix(part) => part.output.weight.shape()[1],
            Self::ChannelMix(part) => part.value.weight.shape()[1],
        }
    }

    /// How many numbers its trace has of `tokens` tokens.
    pub fn numbers_kept(&self, tokens: u64, keep: Keep) -> u64 {
        if keep.stages() { tokens * self.width() as u64 } else { 0 }
    }
}

/// A convolution of every column of `x` `[T, E]` with its own kernel, of the tensor `[E, 1, K]` whose last
/// number is the token's own: token t sees t - K + 1 to t.
fn causal(x: ArrayView2<'_, f32>, kernel: &Parameter, bias: Option<&Parameter>) -> Array2<f32> {
    let taps = kernel.shape()[2];
    let weights = kernel.to_matrix();
    let mut out = match bias {
        Some(bias) => {
            let bias = Array1::from_vec(bias.to_f32().to_vec());
            bias.broadcast(x.raw_dim()).expect("a number a column").to_owned()
        }
        None => Array2::zeros(x.raw_dim()),
    };
    for token in 0..x.nrows() {
        for tap in 0..taps.min(token + 1) {
            let (seen, weights) = (x.row(token - tap), weights.column(taps - 1 - tap));
            let mut row = out.row_mut(token);
            ndarray::Zip::from(&mut row).and(seen).and(weights).for_each(|sum, x, weight| *sum += x * weight);
        }
    }
    out
}

/// 1 / (1 + e^-x).
fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// ln(1 + e^x), which is x where e^x leaves the numbers.
fn softplus(x: f32) -> f32 {
    if x > 20.0 { x } else { x.exp().ln_1p() }
}
