//! The gradient of a block: its parts in reverse.

use ndarray::{Array2, ArrayView2, Axis, Zip};

use super::{Block, BlockTrace, Combine, Gain, Part, PartTrace, Reads, side_by_side};
use crate::model::gradients::Gradients;
use crate::model::normalisation::normalised;
use crate::model::parts::recurrent::RecurrentState;
use crate::model::parts::{MixerGradient, PartContext};

/// What a block passes back.
#[derive(Debug)]
pub struct BlockGradient {
    /// Of the stream before it, `[T, D]`.
    pub stream: Array2<f32>,
    /// Of every part.
    pub parts: Vec<MixerGradient>,
}

impl Block {
    /// Adds the gradients of its parameters, given that of the stream after it `[T, D]` and, where
    /// another layer started from it, of its last state, for a pass in which nothing was changed.
    ///
    /// # Panics
    /// When `trace` is not its tape.
    pub fn backward(
        &self,
        trace: &BlockTrace,
        stream: Array2<f32>,
        last: Option<&RecurrentState>,
        context: &PartContext<'_>,
        gradients: &mut Gradients,
    ) -> BlockGradient {
        let mut of_stream = stream;
        // What later parts pass to the input of an earlier one, or to the stream before it.
        let mut of_input: Vec<Option<Array2<f32>>> = vec![None; self.parts.len()];
        let mut of_stream_before: Vec<Option<Array2<f32>>> = vec![None; self.parts.len()];
        let mut parts = Vec::new();
        for (index, part) in self.parts.iter().enumerate().rev() {
            let part_trace = &trace.parts[index];
            let before = match index.checked_sub(1) {
                Some(earlier) => trace.parts[earlier].after.as_ref(),
                None => trace.before.as_ref(),
            };
            let before = before.expect(TAPE);
            let (skipped, mut of_output) = part.unjoin(part_trace, before, of_stream, gradients);
            of_stream = skipped;
            context.dropout.at(index).apply(&mut of_output);
            let input = part_trace.input.as_ref().expect(TAPE);
            let mut found = part.mixer.backward(
                input.view(),
                &part_trace.mixer,
                of_output.view(),
                last,
                context,
                gradients,
            );
            let mut seen = std::mem::take(&mut found.input);
            if let Some(later) = of_input[index].take() {
                seen += &later;
            }
            parts.push(found);
            let other = match part.reads {
                Reads::Stream => None,
                Reads::StreamBefore(other) | Reads::InputOf(other) => Some(other),
            };
            if let Some(norm) = &part.norm_before {
                let read = match part.reads {
                    Reads::Stream => before,
                    Reads::StreamBefore(0) => trace.before.as_ref().expect(TAPE),
                    Reads::StreamBefore(other) => trace.parts[other - 1].after.as_ref().expect(TAPE),
                    Reads::InputOf(other) => trace.parts[other].input.as_ref().expect(TAPE),
                };
                norm.backward(read, &mut seen, gradients);
            }
            match (part.reads, other) {
                (Reads::StreamBefore(_), Some(other)) => add_to(&mut of_stream_before[other], seen),
                (Reads::InputOf(_), Some(other)) => add_to(&mut of_input[other], seen),
                _ => of_stream += &seen,
            }
            if let Some(later) = of_stream_before[index].take() {
                of_stream += &later;
            }
        }
        parts.reverse();
        BlockGradient { stream: of_stream, parts }
    }
}

const TAPE: &str = "the pass kept a tape";

fn add_to(sum: &mut Option<Array2<f32>>, more: Array2<f32>) {
    match sum {
        Some(sum) => *sum += &more,
        None => *sum = Some(more),
    }
}

impl Part {
    /// From the gradient of the stream after it to those of the stream that skips it and of what the
    /// mixer made.
    fn unjoin(
        &self,
        trace: &PartTrace,
        before: &Array2<f32>,
        stream: Array2<f32>,
        gradients: &mut Gradients,
    ) -> (Array2<f32>, Array2<f32>) {
        let mut of_sum = stream;
        if let Some(norm) = &self.norm_sum {
            norm.backward(trace.sum.as_ref().expect(TAPE), &mut of_sum, gradients);
        }
        let branch = trace.output.as_ref().map(|output| match &self.norm_after {
            Some(norm) => normalised(norm, output),
            None => output.clone(),
        });
        let (skipped, mut of_branch) = match &self.combine {
            Some(combine) => {
                let branch = branch.as_ref().expect(TAPE).view();
                combine.backward(before.view(), branch, of_sum, gradients)
            }
            None => {
                let nothing = Array2::zeros((0, 0));
                let of_branch = self.branch.backward(
                    branch.as_ref().unwrap_or(&nothing).view(),
                    of_sum.clone(),
                    gradients,
                );
                let skipped = match self.skip {
                    // The stream before may be of another width.
                    Gain::Fixed(0.0) => Array2::zeros(before.raw_dim()),
                    _ => self.skip.backward(before.view(), of_sum, gradients),
                };
                (skipped, of_branch)
            }
        };
        if let Some(norm) = &self.norm_after {
            norm.backward(trace.output.as_ref().expect(TAPE), &mut of_branch, gradients);
        }
        (skipped, of_branch)
    }
}

impl Combine {
    /// Adds the gradients of the map, given that of what it made, and returns those of stream and
    /// branch.
    fn backward(
        &self,
        stream: ArrayView2<'_, f32>,
        branch: ArrayView2<'_, f32>,
        mut gradient: Array2<f32>,
        gradients: &mut Gradients,
    ) -> (Array2<f32>, Array2<f32>) {
        let both = side_by_side(stream, branch);
        let before = self.map.apply(both.view());
        Zip::from(&mut gradient).and(&before).for_each(|g, &x| *g *= self.activation.slope(x));
        let mut of_both = Array2::zeros(both.raw_dim());
        self.map.backward(both.view(), gradient.view(), Some(&mut of_both), gradients);
        let (of_branch, of_stream) = of_both.view().split_at(Axis(1), branch.ncols());
        (of_stream.to_owned(), of_branch.to_owned())
    }
}

impl Gain {
    /// The gradient of what is weighed, given that of the weighed; that of a learned gain is added to.
    fn backward(
        &self,
        weighed: ArrayView2<'_, f32>,
        mut gradient: Array2<f32>,
        gradients: &mut Gradients,
    ) -> Array2<f32> {
        if let Self::Learned(parameter) = self {
            let mut sums = vec![0.0f64; gradient.ncols()];
            for (weighed, gradient) in weighed.rows().into_iter().zip(gradient.rows()) {
                let products = weighed.iter().zip(gradient).map(|(&x, &g)| f64::from(x) * f64::from(g));
                sums.iter_mut().zip(products).for_each(|(sum, product)| *sum += product);
            }
            let of_gain = gradients.of_mut(parameter);
            match of_gain {
                [only] => *only += sums.iter().sum::<f64>() as f32,
                each => each.iter_mut().zip(sums).for_each(|(gain, sum)| *gain += sum as f32),
            }
        }
        self.scale(&mut gradient);
        gradient
    }
}
