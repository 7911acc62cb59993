//! A block: a list of parts, and how each joins the residual stream.

pub mod backward;

use ndarray::{Array2, ArrayView1, ArrayView2, Axis, Zip, concatenate};

use super::activation::Activation;
use super::keep::Keep;
use super::linear::Linear;
use super::normalisation::{Norm, normalise, normalised};
use super::parameters::{Parameter, Parameters, parameters_in};
use super::parts::attention::Attention;
use super::parts::feed_forward::FeedForward;
use super::parts::recurrent::RecurrentState;
use super::parts::{Mixer, MixerTrace, PartContext, PartMemory};
use crate::copies::copy;

/// What a stream or a branch is multiplied by where the two are added.
#[derive(Debug, Clone)]
pub enum Gain {
    /// 1.
    One,
    /// Another number; 0 leaves the summand out.
    Fixed(f32),
    /// A learned number `[1]`, or one a component `[D]`.
    Learned(Parameter),
}

impl Parameters for Gain {
    fn each<'a>(&'a self, see: &mut dyn FnMut(&'a Parameter)) {
        if let Self::Learned(parameter) = self {
            see(parameter);
        }
    }

    fn each_mut(&mut self, change: &mut dyn FnMut(&mut Parameter)) {
        if let Self::Learned(parameter) = self {
            change(parameter);
        }
    }
}

/// What a part reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reads {
    /// The stream as the parts before left it.
    #[default]
    Stream,
    /// The stream as it was before that part of the block: the two are parallel, each with a norm
    /// of its own (GPT-NeoX).
    StreamBefore(usize),
    /// What that part read, its norm included: parallel with one norm for both (GPT-J).
    InputOf(usize),
}

/// One part of a block: stream = norm(skip stream + branch norm_after(mixer(norm_before read))),
/// each norm where there is one.
#[derive(Debug, Clone)]
pub struct Part {
    /// What it does.
    pub mixer: Mixer,
    /// What it reads.
    pub reads: Reads,
    /// Over what it reads.
    pub norm_before: Option<Norm>,
    /// Over what it makes, before that joins the stream (Gemma 2, OLMo 2).
    pub norm_after: Option<Norm>,
    /// What the stream is multiplied by.
    pub skip: Gain,
    /// What is multiplied by what it makes.
    pub branch: Gain,
    /// How stream and branch become one, where they are not added.
    pub combine: Option<Combine>,
    /// Over the sum (the original transformer, BERT).
    pub norm_sum: Option<Norm>,
}

parameters_in!(Part: norm_before, mixer, norm_after, skip, branch, combine, norm_sum);

/// act(W [branch; stream]) in place of a sum (Luong et al. 2015, eq. 5).
#[derive(Debug, Clone)]
pub struct Combine {
    /// W, `[D, branch + stream]`.
    pub map: Linear,
    /// The non-linearity.
    pub activation: Activation,
}

parameters_in!(Combine: map);

impl Part {
    /// x + mixer(x).
    pub fn new(mixer: impl Into<Mixer>) -> Self {
        Self {
            mixer: mixer.into(),
            reads: Reads::Stream,
            norm_before: None,
            norm_after: None,
            skip: Gain::One,
            branch: Gain::One,
            combine: None,
            norm_sum: None,
        }
    }

    /// x + mixer(norm x) (Xiong et al. 2020, figure 1b).
    pub fn pre_norm(norm: Norm, mixer: impl Into<Mixer>) -> Self {
        Self { norm_before: Some(norm), ..Self::new(mixer) }
    }

    /// norm(x + mixer x) (Vaswani et al. 2017, section 3.1).
    pub fn post_norm(mixer: impl Into<Mixer>, norm: Norm) -> Self {
        Self { norm_sum: Some(norm), ..Self::new(mixer) }
    }

    /// x + after(mixer(before x)) (Gemma 2).
    pub fn between_norms(before: Norm, mixer: impl Into<Mixer>, after: Norm) -> Self {
        Self { norm_after: Some(after), ..Self::pre_norm(before, mixer) }
    }

    /// x + after(mixer x) (OLMo 2).
    pub fn norm_behind(mixer: impl Into<Mixer>, after: Norm) -> Self {
        Self { norm_after: Some(after), ..Self::new(mixer) }
    }

    /// The same, reading something else than the stream.
    pub fn reading(mut self, reads: Reads) -> Self {
        self.reads = reads;
        self
    }

    /// mixer(x) in place of x: what a recurrent layer or a convolution does.
    pub fn replacing(mixer: impl Into<Mixer>) -> Self {
        Self::new(mixer).weighing(Gain::Fixed(0.0), Gain::One)
    }

    /// The same with another way for stream and branch to become one.
    pub fn combining(mut self, combine: Combine) -> Self {
        self.combine = Some(combine);
        self
    }

    /// The same with other weights of stream and branch.
    pub fn weighing(mut self, skip: Gain, branch: Gain) -> Self {
        (self.skip, self.branch) = (skip, branch);
        self
    }
}

/// One block.
#[derive(Debug, Clone)]
pub struct Block {
    /// Its parts, in the order in which they join the stream.
    pub parts: Vec<Part>,
}

parameters_in!(Block: parts);

impl Block {
    /// A block of any parts.
    ///
    /// # Panics
    /// When a part reads what only a later part has.
    pub fn new(parts: Vec<Part>) -> Self {
        for (index, part) in parts.iter().enumerate() {
            if let Reads::StreamBefore(other) | Reads::InputOf(other) = part.reads {
                assert!(other < index, "part {index} reads what part {other} has not read yet");
            }
        }
        Self { parts }
    }

    /// Attention, then feed-forward, each with a norm before it.
    pub fn pre_norm(attention: (Norm, Attention), feed_forward: (Norm, FeedForward)) -> Self {
        Self::new(vec![
            Part::pre_norm(attention.0, attention.1),
            Part::pre_norm(feed_forward.0, feed_forward.1),
        ])
    }

    /// Attention, then feed-forward, each with a norm over the sum.
    pub fn post_norm(attention: (Attention, Norm), feed_forward: (FeedForward, Norm)) -> Self {
        Self::new(vec![
            Part::post_norm(attention.0, attention.1),
            Part::post_norm(feed_forward.0, feed_forward.1),
        ])
    }

    /// x + attention(norm1 x) + feed_forward(norm2 x).
    pub fn parallel(attention: (Norm, Attention), feed_forward: (Norm, FeedForward)) -> Self {
        Self::new(vec![
            Part::pre_norm(attention.0, attention.1),
            Part::pre_norm(feed_forward.0, feed_forward.1).reading(Reads::StreamBefore(0)),
        ])
    }

    /// x + attention(norm x) + feed_forward(norm x).
    pub fn parallel_under(norm: Norm, attention: Attention, feed_forward: FeedForward) -> Self {
        Self::new(vec![Part::pre_norm(norm, attention), Part::new(feed_forward).reading(Reads::InputOf(0))])
    }

    /// Its attention to the same stream, where it has one.
    pub fn attention(&self) -> Option<&Attention> {
        self.parts.iter().find_map(|part| match &part.mixer {
            Mixer::Attention(attention) => Some(attention),
            _ => None,
        })
    }

    /// As [`Block::attention`], to be changed.
    pub fn attention_mut(&mut self) -> Option<&mut Attention> {
        self.parts.iter_mut().find_map(|part| match &mut part.mixer {
            Mixer::Attention(attention) => Some(attention),
            _ => None,
        })
    }

    /// Its attention to another stack, where it has one.
    pub fn cross_attention(&self) -> Option<&Attention> {
        self.parts.iter().find_map(|part| match &part.mixer {
            Mixer::CrossAttention { attention, .. } => Some(attention),
            _ => None,
        })
    }

    /// Empty memories for its parts.
    pub fn memories(&self) -> Vec<PartMemory> {
        self.parts.iter().map(|part| part.mixer.memory()).collect()
    }

    /// Runs the block on the stream `x` `[T, D]`; with `memories`, one a part, as
    /// [`Mixer::run`] does.
    pub fn run(
        &self,
        x: Array2<f32>,
        mut memories: Option<&mut [PartMemory]>,
        context: &PartContext<'_>,
    ) -> (Array2<f32>, BlockTrace) {
        let keep = context.keep;
        let mut trace = BlockTrace { before: keep.stages().then(|| copy(&x)), ..BlockTrace::default() };
        let mut stream = x;
        let mut read = vec![PartInput::default(); self.parts.len()];
        for (index, part) in self.parts.iter().enumerate() {
            let is_last = index + 1 == self.parts.len();
            let wanted = |reads: Reads| self.parts[index + 1..].iter().any(|part| part.reads == reads);
            if wanted(Reads::StreamBefore(index)) {
                read[index].stream = Some(copy(&stream));
            }
            let memory = memories.as_deref_mut().and_then(|memories| memories.get_mut(index));
            let input = part.input(&stream, &read);
            let seen = input.as_ref().unwrap_or(&stream).view();
            let (mut output, mixer, state) = part.mixer.run(seen, memory, context);
            context.dropout.at(index).apply(&mut output);
            trace.state = state.or(trace.state);
            let mut part_trace = PartTrace::new(mixer);
            if keep.stages() || wanted(Reads::InputOf(index)) {
                let input = input.unwrap_or_else(|| copy(&stream));
                if wanted(Reads::InputOf(index)) {
                    read[index].input = Some(input.clone());
                }
                part_trace.input = keep.stages().then_some(input);
            }
            stream = part.join(stream, output, &mut part_trace, keep);
            let after = keep == Keep::Everything || keep == Keep::Tape && !is_last;
            part_trace.after = after.then(|| copy(&stream));
            if keep != Keep::Logits {
                trace.parts.push(part_trace);
            }
        }
        (stream, trace)
    }

    /// How many numbers its trace has of `tokens` tokens of `hidden` numbers.
    pub fn numbers_kept(&self, tokens: u64, outputs: &[u64], hidden: u64, keep: Keep) -> u64 {
        let streams = match keep {
            Keep::Logits | Keep::Weights => 0,
            Keep::Everything => 1 + 3 * self.parts.len() as u64,
            Keep::Tape => self.parts.iter().map(|part| 2 + part.numbers_on_tape()).sum(),
        };
        let mixers = self.parts.iter().map(|part| part.mixer.numbers_kept(tokens, outputs, keep));
        streams * tokens * hidden + mixers.sum::<u64>()
    }
}

/// What a part read, for as long as a later part may need it.
#[derive(Clone, Default)]
struct PartInput {
    stream: Option<Array2<f32>>,
    input: Option<Array2<f32>>,
}

impl Part {
    /// Whether a backward pass needs what the mixer made.
    fn is_output_on_tape(&self) -> bool {
        self.norm_after.is_some() || self.combine.is_some() || matches!(self.branch, Gain::Learned(_))
    }

    /// How often a tape has `[T, D]` of it, besides what every part has.
    fn numbers_on_tape(&self) -> u64 {
        u64::from(self.is_output_on_tape()) + u64::from(self.norm_sum.is_some())
    }

    /// What the mixer reads, where that is not the stream itself.
    fn input(&self, stream: &Array2<f32>, read: &[PartInput]) -> Option<Array2<f32>> {
        let other = match self.reads {
            Reads::Stream => None,
            Reads::StreamBefore(part) => read[part].stream.as_ref(),
            Reads::InputOf(part) => read[part].input.as_ref(),
        };
        match &self.norm_before {
            Some(norm) => Some(normalised(norm, other.unwrap_or(stream))),
            None => other.cloned(),
        }
    }

    /// The stream after what the mixer made has joined it.
    fn join(
        &self,
        stream: Array2<f32>,
        output: Array2<f32>,
        trace: &mut PartTrace,
        keep: Keep,
    ) -> Array2<f32> {
        let mut branch = output;
        let kept = keep == Keep::Everything || keep == Keep::Tape && self.is_output_on_tape();
        if kept && self.norm_after.is_some() {
            trace.output = Some(branch.clone());
        }
        if let Some(norm) = &self.norm_after {
            normalise(norm, &mut branch);
        }
        let mut sum = match &self.combine {
            None => self.skip.weighed_sum(stream, &branch, &self.branch),
            Some(combine) => combine.apply(stream.view(), branch.view()),
        };
        if kept && trace.output.is_none() {
            trace.output = Some(branch);
        }
        if let Some(norm) = &self.norm_sum {
            trace.sum = (keep == Keep::Tape).then(|| sum.clone());
            normalise(norm, &mut sum);
        }
        sum
    }
}

impl Combine {
    fn apply(&self, stream: ArrayView2<'_, f32>, branch: ArrayView2<'_, f32>) -> Array2<f32> {
        let mut combined = self.map.apply(side_by_side(stream, branch).view());
        combined.mapv_inplace(|value| self.activation.apply(value));
        combined
    }
}

/// The branch and, behind it, the stream.
fn side_by_side(stream: ArrayView2<'_, f32>, branch: ArrayView2<'_, f32>) -> Array2<f32> {
    concatenate(Axis(1), &[branch, stream]).expect("as many rows in both")
}

impl Gain {
    /// self stream + weight branch.
    fn weighed_sum(&self, mut stream: Array2<f32>, branch: &Array2<f32>, weight: &Self) -> Array2<f32> {
        if matches!(self, Self::Fixed(0.0)) {
            stream = Array2::zeros(branch.raw_dim());
        } else {
            self.scale(&mut stream);
        }
        match weight {
            Self::One => Zip::from(&mut stream).and(branch).par_for_each(|stream, &branch| *stream += branch),
            Self::Fixed(factor) => stream.scaled_add(*factor, branch),
            Self::Learned(_) => {
                let mut branch = branch.clone();
                weight.scale(&mut branch);
                stream += &branch;
            }
        }
        stream
    }

    fn scale(&self, x: &mut Array2<f32>) {
        match self {
            Self::One => {}
            Self::Fixed(factor) => x.mapv_inplace(|value| value * factor),
            Self::Learned(parameter) => {
                let numbers = parameter.to_f32();
                *x *= &ArrayView1::from(&*numbers);
            }
        }
    }
}

/// What one block computed, part by part.
#[derive(Debug, Clone, Default)]
pub struct BlockTrace {
    /// The residual stream before, `[T, D]`.
    pub before: Option<Array2<f32>>,
    /// One entry a part.
    pub parts: Vec<PartTrace>,
    /// Where its recurrent layer stopped, if it has one; handed on to later stacks.
    pub state: Option<RecurrentState>,
}

/// What one part computed.
#[derive(Debug, Clone)]
pub struct PartTrace {
    /// What the mixer saw: what the part reads, normalised where it has a norm before, `[T, D]`.
    pub input: Option<Array2<f32>>,
    /// What the mixer computed.
    pub mixer: MixerTrace,
    /// What the mixer made `[T, D]`, before the norm after it and the branch's weight. On a tape
    /// only where there is such a norm or a learned weight.
    pub output: Option<Array2<f32>>,
    /// Stream and branch together `[T, D]`, before the norm over them; on a tape only.
    pub sum: Option<Array2<f32>>,
    /// The residual stream after the part joined it, `[T, D]`. A tape leaves it out of the last part
    /// of a block, where the next block or the stack has it.
    pub after: Option<Array2<f32>>,
}

impl PartTrace {
    /// A part of which only the mixer's trace was kept.
    pub fn new(mixer: MixerTrace) -> Self {
        Self { input: None, mixer, output: None, sum: None, after: None }
    }
}
