//! Experts: feed-forward parts of which every token takes a few, chosen by a router (Shazeer et al.
//! 2017; Jiang et al. 2024).

use std::borrow::Cow;

use ndarray::{Array2, ArrayView2, ArrayViewD, Axis};

use super::feed_forward::{FeedForward, FeedForwardTrace};
use crate::elementary::{dot, softmax};
use crate::model::gradients::Gradients;
use crate::model::keep::Keep;
use crate::model::linear::Linear;
use crate::model::parameters::parameters_in;

/// N feed-forward parts, of which every token takes the likeliest few.
#[derive(Debug, Clone)]
pub struct Experts {
    /// `[N, D]`, from a token to a logit an expert.
    pub router: Linear,
    /// N.
    pub experts: Vec<FeedForward>,
    /// How many a token takes.
    pub chosen: usize,
    /// Whether the probabilities of those are brought to the sum 1.
    pub renormalises: bool,
}

parameters_in!(Experts: router, experts);

/// What the experts computed.
#[derive(Debug, Clone, Default)]
pub struct ExpertsTrace {
    /// What the router said, `[T, N]`.
    pub router_logits: Array2<f32>,
    /// What each expert's output was multiplied by, `[T, N]`; 0 where it was not asked.
    pub shares: Array2<f32>,
    /// Of every expert the tokens that asked it, and what it computed; on a tape only.
    asked: Vec<(Vec<usize>, FeedForwardTrace)>,
}

impl Experts {
    /// What they make of `x` `[T, D]`, and their trace.
    pub fn run(&self, x: ArrayView2<'_, f32>, keep: Keep) -> (Array2<f32>, ExpertsTrace) {
        let router_logits = self.router.apply(x);
        let shares = self.shares(&router_logits);
        let mut output = Array2::zeros((x.nrows(), self.outputs()));
        let mut asked = Vec::new();
        for (index, expert) in self.experts.iter().enumerate() {
            let tokens: Vec<usize> = (0..x.nrows()).filter(|&token| shares[[token, index]] > 0.0).collect();
            if !tokens.is_empty() {
                let (made, trace) = expert.run(x.select(Axis(0), &tokens).view(), tape_only(keep));
                for (made, &token) in made.outer_iter().zip(&tokens) {
                    output.row_mut(token).scaled_add(shares[[token, index]], &made);
                }
                asked.extend((keep == Keep::Tape).then_some((tokens, trace)));
            } else {
                asked.extend((keep == Keep::Tape).then(Default::default));
            }
        }
        let trace = match keep {
            Keep::Logits => ExpertsTrace::default(),
            _ => ExpertsTrace { router_logits, shares, asked },
        };
        (output, trace)
    }

    /// D.
    fn outputs(&self) -> usize {
        self.experts.first().map_or(0, |expert| expert.down.outputs())
    }

    /// The probabilities of the experts that each token takes; the first of equal ones goes before.
    fn shares(&self, logits: &Array2<f32>) -> Array2<f32> {
        let mut shares = logits.clone();
        for mut row in shares.rows_mut() {
            let row = row.as_slice_mut().expect(WHOLE);
            softmax(row);
            let mut order: Vec<usize> = (0..row.len()).collect();
            order.sort_by(|&one, &other| row[other].total_cmp(&row[one]));
            order.iter().skip(self.chosen).for_each(|&expert| row[expert] = 0.0);
            if self.renormalises {
                let sum: f32 = row.iter().sum();
                row.iter_mut().for_each(|share| *share /= sum);
            }
        }
        shares
    }

    /// Adds the gradients of their parameters, given that of their output `[T, D]`, and returns that of
    /// `x`. Which experts a token asks is taken as given.
    ///
    /// # Panics
    /// When `trace` is not on a tape.
    pub fn backward(
        &self,
        x: ArrayView2<'_, f32>,
        trace: &ExpertsTrace,
        output: ArrayView2<'_, f32>,
        gradients: &mut Gradients,
    ) -> Array2<f32> {
        let mut input = Array2::zeros(x.raw_dim());
        let mut of_shares: Array2<f32> = Array2::zeros(trace.shares.raw_dim());
        for (index, (expert, (tokens, of_expert))) in self.experts.iter().zip(&trace.asked).enumerate() {
            if tokens.is_empty() {
                continue;
            }
            let seen = x.select(Axis(0), tokens);
            let mut of_made = output.select(Axis(0), tokens);
            let made = expert.down.apply(of_expert.activation.as_ref().expect("the pass kept a tape").view());
            for ((mut of_made, made), &token) in of_made.outer_iter_mut().zip(made.outer_iter()).zip(tokens) {
                let along = dot(of_made.as_slice().expect(WHOLE), made.as_slice().expect(WHOLE));
                of_shares[[token, index]] = along as f32;
                of_made *= trace.shares[[token, index]];
            }
            let of_seen = expert.backward(seen.view(), of_expert, of_made.view(), gradients);
            for (of_seen, &token) in of_seen.outer_iter().zip(tokens) {
                let mut row = input.row_mut(token);
                row += &of_seen;
            }
        }
        let of_logits = self.of_logits(trace, of_shares);
        self.router.backward(x, of_logits.view(), Some(&mut input), gradients);
        input
    }

    /// From the gradient of the shares to that of the router's logits.
    fn of_logits(&self, trace: &ExpertsTrace, mut of_shares: Array2<f32>) -> Array2<f32> {
        for ((mut row, shares), logits) in
            of_shares.rows_mut().into_iter().zip(trace.shares.rows()).zip(trace.router_logits.rows())
        {
            let mut probabilities = logits.to_vec();
            softmax(&mut probabilities);
            if self.renormalises {
                let taken = probabilities.iter().zip(shares).filter(|(_, share)| **share > 0.0);
                let sum: f32 = taken.map(|(probability, _)| probability).sum();
                let along: f32 = row.iter().zip(shares).map(|(gradient, share)| gradient * share).sum();
                for (gradient, share) in row.iter_mut().zip(shares) {
                    *gradient = if *share > 0.0 { (*gradient - along) / sum } else { 0.0 };
                }
            }
            let along: f32 = row.iter().zip(&probabilities).map(|(gradient, p)| gradient * p).sum();
            row.iter_mut().zip(&probabilities).for_each(|(gradient, p)| *gradient = p * (*gradient - along));
        }
        of_shares
    }

    /// How many numbers their trace has of `t` tokens.
    pub fn numbers_kept(&self, t: u64, keep: Keep) -> u64 {
        let routed = if keep == Keep::Logits { 0 } else { 2 * t * self.experts.len() as u64 };
        let asked = self.experts.first().map_or(0, |expert| expert.numbers_kept(t, tape_only(keep)));
        routed + self.chosen as u64 * asked
    }
}

/// What single experts compute is kept for a backward pass only.
fn tape_only(keep: Keep) -> Keep {
    if keep == Keep::Tape { keep } else { Keep::Logits }
}

impl ExpertsTrace {
    /// Everything that was kept, by name.
    pub fn stages(&self) -> Vec<(Cow<'static, str>, ArrayViewD<'_, f32>)> {
        if self.router_logits.is_empty() {
            return Vec::new();
        }
        let mut stages = vec![
            (Cow::Borrowed("router_logits"), self.router_logits.view().into_dyn()),
            (Cow::Borrowed("shares"), self.shares.view().into_dyn()),
        ];
        for (index, (_, trace)) in self.asked.iter().enumerate() {
            let named = |(name, stage)| (Cow::Owned(format!("expert.{index}.{name}")), stage);
            stages.extend(trace.stages().into_iter().map(named));
        }
        stages
    }
}

const WHOLE: &str = "rows of an array in standard order are contiguous";
