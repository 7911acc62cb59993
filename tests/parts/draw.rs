//! Blocks drawn at random: every choice that a description has, in any combination.

use std::sync::Arc;

use lexiscope::model::activation::Activation;
use lexiscope::model::block::{Block, Gain, Part, Reads};
use lexiscope::model::linear::{Layout, Linear};
use lexiscope::model::normalisation::{Norm, NormKind};
use lexiscope::model::parameters::Parameter;
use lexiscope::model::parts::Mixer;
use lexiscope::model::parts::attention::{
    Attention, AttentionPosition, Disentangled, DistanceBuckets, HeadNorm, Mask, Projections,
};
use lexiscope::model::parts::experts::Experts;
use lexiscope::model::parts::feed_forward::FeedForward;
use lexiscope::model::positions::{GridBias, LongRotary, RelativeBias, Rotary, alibi_slopes};
use lexiscope::model::tensor::Tensor;
use lexiscope::random::Random;
use ndarray::Array2;

/// D of the blocks.
pub const HIDDEN: usize = 12;
/// D of the stack that their cross attentions look at.
pub const MEMORY: usize = 10;

/// What [`fields`] can find.
pub const FIELDS: &[&str] = &[
    "attention",
    "cross",
    "feed_forward",
    "gate",
    "experts",
    "renormalised",
    "norm_before",
    "norm_after",
    "norm_sum",
    "stream before",
    "input of",
    "skip fixed",
    "skip learned",
    "branch fixed",
    "branch learned",
    "soft cap",
    "norm each head",
    "norm of each head",
    "norm all heads",
    "rotary",
    "alibi",
    "alibi of keys",
    "relative",
    "grid",
    "disentangled",
    "back",
    "ahead",
    "sinks",
    "separate",
    "fused",
    "fused by head",
    "fused in parts",
    "groups",
];

/// A source of parts.
pub struct Draw {
    random: Random,
    parameters: usize,
}

impl Draw {
    pub fn new(seed: u64) -> Self {
        Self { random: Random::new(seed), parameters: 0 }
    }

    fn below(&mut self, count: usize) -> usize {
        (self.random.bits() % count as u64) as usize
    }

    fn number(&mut self) -> f32 {
        (2.0 * self.random.fraction() - 1.0) as f32
    }

    fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }

    fn maybe<T>(&mut self, one_in: usize, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.chance(one_in).then(|| make(self))
    }

    pub fn stream(&mut self, rows: usize, columns: usize) -> Array2<f32> {
        Array2::from_shape_simple_fn((rows, columns), || self.number())
    }

    pub fn parameter(&mut self, shape: &[usize]) -> Parameter {
        self.parameters += 1;
        let numbers = (0..shape.iter().product()).map(|_| self.number()).collect();
        Arc::new(Tensor::owned(format!("parameter.{}", self.parameters), shape.to_vec(), numbers))
    }

    fn linear(&mut self, outputs: usize, inputs: usize) -> Linear {
        let in_out = self.chance(2);
        let shape = if in_out { [inputs, outputs] } else { [outputs, inputs] };
        let layout = if in_out { Layout::InOut } else { Layout::OutIn };
        let bias = self.maybe(2, |draw| draw.parameter(&[outputs]));
        Linear { weight: self.parameter(&shape), layout, bias }
    }

    /// An output matrix that is a table of tokens.
    pub fn tied(&mut self, table: Parameter) -> Linear {
        Linear { weight: table, layout: Layout::OutIn, bias: None }
    }

    pub fn norm(&mut self, size: usize) -> Norm {
        Norm {
            kind: if self.chance(2) { NormKind::Layer } else { NormKind::Rms },
            weight: self.parameter(&[size]),
            offset: if self.chance(3) { 1.0 } else { 0.0 },
            bias: self.maybe(2, |draw| draw.parameter(&[size])),
            epsilon: 1e-3,
        }
    }

    pub fn feed_forward_for(&mut self, hidden: usize) -> FeedForward {
        let activation = if self.chance(2) { Activation::Relu } else { Activation::Silu };
        FeedForward {
            up: self.linear(9, hidden),
            gate: self.maybe(2, |draw| draw.linear(9, hidden)),
            activation,
            down: self.linear(hidden, 9),
        }
    }

    fn mask(&mut self) -> Mask {
        Mask {
            back: self.maybe(2, |draw| draw.below(4)),
            ahead: self.maybe(2, |draw| draw.below(3)),
            sinks: self.below(3),
        }
    }

    fn head_norm(&mut self, heads: usize, size: usize) -> HeadNorm {
        match self.below(3) {
            0 => HeadNorm::EachHead(self.norm(size)),
            1 => HeadNorm::OfEach((0..heads).map(|_| self.norm(size)).collect()),
            _ => HeadNorm::AllHeads(self.norm(heads * size)),
        }
    }

    fn position(&mut self, heads: usize, size: usize) -> AttentionPosition {
        match self.below(7) {
            0 => AttentionPosition::None,
            1 => {
                let mut rotary = Rotary::new(30.0, 2 * (1 + self.below(size / 2)));
                rotary.adjacent = self.chance(2);
                if self.chance(2) {
                    let frequencies = rotary.frequencies.iter().map(|one| one / 3.0).collect();
                    rotary.magnitude = 1.25;
                    rotary.long =
                        Some(LongRotary { frequencies, beyond: if self.chance(2) { 0 } else { 1000 } });
                }
                AttentionPosition::Rotary(rotary)
            }
            2 => AttentionPosition::Alibi(alibi_slopes(heads)),
            3 => AttentionPosition::AlibiOfKeys(alibi_slopes(heads)),
            4 => AttentionPosition::Grid(GridBias {
                table: self.parameter(&[3 * 5 + 3, heads]),
                height: 2,
                width: 3,
            }),
            5 => AttentionPosition::Relative(RelativeBias {
                table: self.parameter(&[8, heads]),
                maximum_distance: 6,
                bidirectional: self.chance(2),
            }),
            _ => AttentionPosition::Disentangled(Disentangled {
                table: self.parameter(&[8, HIDDEN]),
                norm: self.maybe(2, |draw| draw.norm(HIDDEN)),
                key: self.maybe(2, |draw| draw.linear(heads * size, HIDDEN)),
                query: self.maybe(2, |draw| draw.linear(heads * size, HIDDEN)),
                buckets: DistanceBuckets { span: 4, maximum: self.maybe(2, |_| 8) },
            }),
        }
    }

    fn projections(&mut self, heads: usize, groups: usize, size: usize, memory: usize) -> Projections {
        let all = (heads + 2 * groups) * size;
        match if memory == HIDDEN { self.below(if heads == groups { 6 } else { 3 }) } else { 0 } {
            0 => Projections::separate(
                self.linear(heads * size, HIDDEN),
                self.linear(groups * size, memory),
                self.linear(groups * size, memory),
            ),
            1 => Projections::Fused(self.linear(all, HIDDEN)),
            2 => Projections::FusedByHead(self.linear(all, HIDDEN)),
            _ => Projections::FusedInParts(self.linear(all, HIDDEN), if self.chance(2) { heads } else { 1 }),
        }
    }

    fn attention(&mut self, memory: usize) -> Attention {
        let (groups, share, size) = (1 + self.below(2), 1 + self.below(3), 4);
        let heads = groups * share;
        let projections = self.projections(heads, groups, size, memory);
        let output = self.linear(HIDDEN, heads * size);
        let mut attention = Attention::new(heads, size, projections, output)
            .with_mask(self.mask())
            .with_position(self.position(heads, size));
        attention.key_value_heads = groups;
        if self.chance(2) {
            attention.scale = self.number();
        }
        attention.soft_cap = self.maybe(3, |draw| 0.5 + draw.number().abs());
        attention.query_norm = self.maybe(2, |draw| draw.head_norm(heads, size));
        attention.key_norm = self.maybe(2, |draw| draw.head_norm(groups, size));
        attention
    }

    fn mixer(&mut self) -> Mixer {
        match self.below(5) {
            0 | 1 => self.attention(HIDDEN).into(),
            2 => {
                let mut attention = self.attention(MEMORY);
                // Every token sees some token of the other stack, however long that is.
                attention.mask = Mask::default();
                Mixer::CrossAttention { to: 0, attention }
            }
            3 => {
                let (count, chosen, gated) = (2 + self.below(3), 1 + self.below(2), self.chance(2));
                Mixer::Experts(Experts {
                    router: self.linear(count, HIDDEN),
                    experts: (0..count).map(|_| self.expert(gated)).collect(),
                    chosen,
                    renormalises: self.chance(2),
                })
            }
            _ => self.feed_forward_for(HIDDEN).into(),
        }
    }

    fn expert(&mut self, gated: bool) -> FeedForward {
        FeedForward { gate: gated.then(|| self.linear(9, HIDDEN)), ..self.feed_forward_for(HIDDEN) }
    }

    fn gain(&mut self) -> Gain {
        match self.below(6) {
            0 => Gain::Fixed(0.0),
            1 => Gain::Fixed(self.number()),
            2 => Gain::Learned(self.parameter(&[1])),
            3 => Gain::Learned(self.parameter(&[HIDDEN])),
            _ => Gain::One,
        }
    }

    fn part(&mut self, index: usize) -> Part {
        let reads = match (index, self.below(4)) {
            (1.., 0) => Reads::StreamBefore(self.below(index)),
            (1.., 1) => Reads::InputOf(self.below(index)),
            _ => Reads::Stream,
        };
        let mut part = Part::new(self.mixer()).reading(reads).weighing(self.gain(), self.gain());
        part.norm_before = self.maybe(2, |draw| draw.norm(HIDDEN));
        part.norm_after = self.maybe(3, |draw| draw.norm(HIDDEN));
        part.norm_sum = self.maybe(3, |draw| draw.norm(HIDDEN));
        part
    }

    pub fn block(&mut self) -> Block {
        let count = 1 + self.below(4);
        Block::new((0..count).map(|index| self.part(index)).collect())
    }
}

/// What a block has besides the usual, by the names of [`FIELDS`]; each once.
pub fn fields(block: &Block) -> std::collections::BTreeSet<String> {
    let mut found = Vec::new();
    for part in &block.parts {
        match part.reads {
            Reads::Stream => {}
            Reads::StreamBefore(_) => found.push("stream before"),
            Reads::InputOf(_) => found.push("input of"),
        }
        for (name, gain) in
            [(["skip fixed", "skip learned"], &part.skip), (["branch fixed", "branch learned"], &part.branch)]
        {
            match gain {
                Gain::One => {}
                Gain::Fixed(_) => found.push(name[0]),
                Gain::Learned(_) => found.push(name[1]),
            }
        }
        let norms = [&part.norm_before, &part.norm_after, &part.norm_sum];
        found.extend(
            ["norm_before", "norm_after", "norm_sum"]
                .iter()
                .zip(norms)
                .filter(|(_, norm)| norm.is_some())
                .map(|(name, _)| *name),
        );
        match &part.mixer {
            Mixer::Attention(attention) => {
                found.push("attention");
                fields_of_attention(attention, &mut found);
            }
            Mixer::CrossAttention { attention, .. } => {
                found.push("cross");
                fields_of_attention(attention, &mut found);
            }
            Mixer::FeedForward(part) => {
                found.extend(["feed_forward"].into_iter().chain(part.gate.as_ref().map(|_| "gate")))
            }
            Mixer::Experts(part) => {
                found.extend(["experts"].into_iter().chain(part.renormalises.then_some("renormalised")));
            }
            // Golden networks of their own (tests/golden_lab.rs).
            Mixer::Recurrent(_) | Mixer::Convolution(_) | Mixer::Scan(_) => panic!("not drawn"),
        }
    }
    found.into_iter().map(str::to_owned).collect()
}

fn fields_of_attention(attention: &Attention, found: &mut Vec<&'static str>) {
    found.extend(attention.soft_cap.map(|_| "soft cap"));
    for norm in [&attention.query_norm, &attention.key_norm].into_iter().flatten() {
        found.push(match norm {
            HeadNorm::EachHead(_) => "norm each head",
            HeadNorm::OfEach(_) => "norm of each head",
            HeadNorm::AllHeads(_) => "norm all heads",
        });
    }
    found.extend(match &attention.position {
        AttentionPosition::None => None,
        AttentionPosition::Rotary(_) => Some("rotary"),
        AttentionPosition::Alibi(_) => Some("alibi"),
        AttentionPosition::AlibiOfKeys(_) => Some("alibi of keys"),
        AttentionPosition::Relative(_) => Some("relative"),
        AttentionPosition::Grid(_) => Some("grid"),
        AttentionPosition::Disentangled(_) => Some("disentangled"),
    });
    found.extend(attention.mask.back.map(|_| "back"));
    found.extend(attention.mask.ahead.map(|_| "ahead"));
    found.extend((attention.mask.sinks > 0 && attention.mask.back.is_some()).then_some("sinks"));
    found.push(match &attention.projections {
        Projections::Separate { .. } => "separate",
        Projections::Fused(_) => "fused",
        Projections::FusedByHead(_) => "fused by head",
        Projections::FusedInParts(..) => "fused in parts",
    });
    found.extend((attention.key_value_heads < attention.heads).then_some("groups"));
}
