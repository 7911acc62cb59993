//! The transformer of the lab: one block, any way to tell positions, with a window, without
//! feed-forward parts, or simplified (He and Hofmann 2024).

use super::choice;
use crate::model::activation::Activation;
use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{
    Attention, AttentionPosition, Block, FeedForward, Front, Gain, Head, Kind, Mask, Network, Norm, NormKind,
    Part, Projection, Projections, Reads, RelativeBias, Rotary, Shaping, Stack, TokenEmbedding,
};
use crate::model::positions::{Waves, alibi_slopes};
use crate::model::weights::Weights;

/// Binds a transformer.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let binder = Binder::new(family, config, weights, &[""]);
    let plan = Plan::read(config)?;
    let vocabulary = config.size(&["vocab_size"])?;
    let mut embedding = TokenEmbedding::new(binder.tensor("embedding.weight", &[vocabulary, plan.hidden])?);
    embedding.waves = (plan.position == Position::Sinusoidal).then_some(Waves::InPairs);
    let mut longest = None;
    if plan.position == Position::Learned {
        let positions = config.size(&["max_positions"])?;
        embedding = embedding.with_positions(binder.tensor("position.weight", &[positions, plan.hidden])?, 0);
        longest = Some(positions);
    }
    let position = plan.attention_position(&binder)?;
    let blocks = (0..config.layers(&["num_layers"])?)
        .map(|layer| match plan.kind {
            BlockKind::PreNorm => pre_norm(&binder, &plan, &position, layer),
            BlockKind::Simplified | BlockKind::SimplifiedParallel => {
                simplified(&binder, &plan, &position, layer)
            }
        })
        .collect::<Result<Vec<_>>>()?;
    let norm = binder.layer_norm("final_norm", plan.hidden, EPSILON)?;
    let stack =
        Stack::new("text", plan.hidden, Front::Tokens(embedding), blocks, Some(norm)).at_most(longest);
    let head = Head::new(binder.linear("head", vocabulary, plan.hidden, Bias::No)?);
    Ok(Network::new(family, Kind::Causal, vec![stack], Some(head)))
}

const EPSILON: f64 = 1e-5;

/// What T5 has (Raffel et al. 2020, section 2.1).
const BUCKETS: usize = 32;
const FARTHEST: usize = 128;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Position {
    None,
    Sinusoidal,
    Learned,
    Rotary,
    Alibi,
    T5,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum BlockKind {
    PreNorm,
    Simplified,
    SimplifiedParallel,
}

/// What every block has.
struct Plan {
    hidden: usize,
    heads: usize,
    inner: usize,
    kind: BlockKind,
    position: Position,
    mask: Mask,
}

impl Plan {
    fn read(config: &Config) -> Result<Self> {
        let (hidden, heads) = (config.size(&["embedding_size"])?, config.size(&["num_heads"])?);
        config.require_multiple("embedding_size", hidden, "num_heads", heads)?;
        let kinds = [
            ("pre_norm", BlockKind::PreNorm),
            ("simplified", BlockKind::Simplified),
            ("simplified_parallel", BlockKind::SimplifiedParallel),
        ];
        let positions = [
            ("none", Position::None),
            ("sinusoidal", Position::Sinusoidal),
            ("learned", Position::Learned),
            ("rotary", Position::Rotary),
            ("alibi", Position::Alibi),
            ("t5", Position::T5),
        ];
        // 0 means none, which is no size.
        let inner = match config.number(&["feed_forward_size"])? {
            Some(0.0) => 0,
            _ => config.size(&["feed_forward_size"])?,
        };
        let sinks = match config.number(&["sinks"])? {
            None | Some(0.0) => 0,
            Some(_) => config.size(&["sinks"])?,
        };
        let window = config.optional_size(&["window"])?;
        let kind = choice(config, "block", &kinds)?;
        if kind != BlockKind::PreNorm && (inner == 0 || window.is_some()) {
            return Err(config.unsupported("a simplified block has a feed-forward part and no window"));
        }
        let mask = Mask { sinks: if window.is_some() { sinks } else { 0 }, ..Mask::causal(window) };
        Ok(Self { hidden, heads, inner, kind, position: choice(config, "position", &positions)?, mask })
    }

    fn attention_position(&self, binder: &Binder<'_>) -> Result<AttentionPosition> {
        let config = binder.config;
        Ok(match self.position {
            Position::None | Position::Sinusoidal | Position::Learned => AttentionPosition::None,
            Position::Rotary => {
                let size = self.hidden / self.heads;
                config.require_multiple("embedding_size / num_heads", size, "pairs", 2)?;
                AttentionPosition::Rotary(Rotary::new(config.positive(&["rotary_base"], 10_000.0)?, size))
            }
            Position::Alibi => AttentionPosition::Alibi(alibi_slopes(self.heads)),
            Position::T5 => AttentionPosition::Relative(RelativeBias {
                table: binder.tensor("relative_bias.weight", &[BUCKETS, self.heads])?,
                maximum_distance: FARTHEST,
                bidirectional: false,
            }),
        })
    }

    fn attention(
        &self,
        projections: Projections,
        output: impl Into<Option<crate::model::network::Linear>>,
        position: &AttentionPosition,
    ) -> Attention {
        Attention::new(self.heads, self.hidden / self.heads, projections, output)
            .with_position(position.clone())
            .with_mask(self.mask)
    }
}

fn pre_norm(binder: &Binder<'_>, plan: &Plan, position: &AttentionPosition, layer: usize) -> Result<Block> {
    let name = |part: &str| format!("layers.{layer}.{part}");
    let stem = |part: &str| name(&format!("attention.{part}"));
    let hidden = plan.hidden;
    let projections = binder.square_projections(["query", "key", "value"], stem, hidden, Bias::Yes)?;
    let output = binder.linear(&name("attention.output"), hidden, hidden, Bias::Yes)?;
    let attention = plan.attention(projections, output, position);
    let mut parts = vec![Part::pre_norm(binder.layer_norm(&name("norm1"), hidden, EPSILON)?, attention)];
    if plan.inner > 0 {
        let feed_forward = FeedForward::new(
            binder.linear(&name("feed_forward.up"), plan.inner, hidden, Bias::Yes)?,
            Activation::Gelu,
            binder.linear(&name("feed_forward.down"), hidden, plan.inner, Bias::Yes)?,
        );
        parts.push(Part::pre_norm(binder.layer_norm(&name("norm2"), hidden, EPSILON)?, feed_forward));
    }
    Ok(Block::new(parts))
}

/// A block of figure 9 or 10 of He and Hofmann: shaped attention to the stream itself, nothing skips it.
fn simplified(binder: &Binder<'_>, plan: &Plan, position: &AttentionPosition, layer: usize) -> Result<Block> {
    let name = |part: &str| format!("layers.{layer}.{part}");
    let hidden = plan.hidden;
    let gain = |part: &str| binder.tensor(&name(part), &[1]).map(Gain::Learned);
    let of_heads = |part: &str| binder.tensor(&name(&format!("attention.{part}_gain")), &[plan.heads]);
    let norm = |part: &str| -> Result<Norm> {
        let weight = binder.tensor(&name(&format!("{part}.weight")), &[hidden])?;
        Ok(Norm { kind: NormKind::RmsOutside, weight, offset: 0.0, bias: None, epsilon: EPSILON as f32 })
    };
    let map = |part: &str, bias| binder.linear(&name(&format!("attention.{part}")), hidden, hidden, bias);
    let value = match layer {
        0 => Projection::Mixed {
            identity_gain: binder.tensor(&name("attention.value_identity_gain"), &[1])?,
            map_gain: binder.tensor(&name("attention.value_gain"), &[1])?,
            map: map("value", Bias::No)?,
        },
        _ => Projection::Identity,
    };
    let projections = Projections::separate(map("query", Bias::Yes)?, map("key", Bias::Yes)?, value);
    let mut attention = plan.attention(projections, None, position);
    attention.shaping = Some(Shaping {
        identity: of_heads("identity")?,
        softmax: of_heads("softmax")?,
        centre: of_heads("centre")?,
    });
    let feed_forward = FeedForward::new(
        binder.linear(&name("feed_forward.up"), plan.inner, hidden, Bias::No)?,
        Activation::Relu,
        binder.linear(&name("feed_forward.down"), hidden, plan.inner, Bias::No)?,
    );
    let first = Part::pre_norm(norm("norm1")?, attention).weighing(Gain::Fixed(0.0), gain("attention_gain")?);
    let second = match plan.kind {
        BlockKind::SimplifiedParallel => {
            Part::new(feed_forward).reading(Reads::InputOf(0)).weighing(Gain::One, gain("feed_forward_gain")?)
        }
        _ => Part::pre_norm(norm("norm2")?, feed_forward)
            .weighing(gain("feed_forward_skip_gain")?, gain("feed_forward_gain")?),
    };
    Ok(Block::new(vec![first, second]))
}
