//! RWKV 4 (Peng et al. 2023).

use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{Block, Front, Gain, Head, Kind, Network, Part, Stack, TokenEmbedding};
use crate::model::parts::scan::{ChannelMix, Scan, TimeMix};
use crate::model::weights::Weights;

/// Of the norm after the last block, whatever the configuration says.
const FINAL_EPSILON: f64 = 1e-5;

struct Rwkv<'a> {
    binder: Binder<'a>,
    hidden: usize,
    attention: usize,
    inner: usize,
    epsilon: f64,
    /// After so many blocks the stream is halved, and what later ones add is, too; `None` for never.
    rescales: Option<usize>,
}

/// Binds an RWKV.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let hidden = config.size(&["hidden_size"])?;
    let rescales = match config.number(&["rescale_every"])? {
        Some(every) if every <= 0.0 => None,
        Some(every) => Some(every as usize),
        None => Some(6),
    };
    let rwkv = Rwkv {
        binder: Binder::new(family, config, weights, &["rwkv.", ""]),
        hidden,
        attention: config.optional_size(&["attention_hidden_size"])?.unwrap_or(hidden),
        inner: config.optional_size(&["intermediate_size"])?.unwrap_or(4 * hidden),
        epsilon: config.epsilon(&["layer_norm_epsilon"], 1e-5)?,
        rescales,
    };
    let binder = &rwkv.binder;
    let vocabulary = config.size(&["vocab_size"])?;
    let layers = config.layers(&["num_hidden_layers"])?;
    let blocks = (0..layers).map(|layer| rwkv.block(layer)).collect::<Result<Vec<_>>>()?;
    let table = binder.tensor("embeddings.weight", &[vocabulary, hidden])?;
    let head = binder.output_matrix("head.weight", &table, None, false)?.map(Head::new);
    let before = binder.layer_norm("blocks.0.pre_ln", hidden, rwkv.epsilon)?;
    let front = Front::Tokens(TokenEmbedding::new(table).with_norm(before));
    let final_norm = binder.layer_norm("ln_out", hidden, FINAL_EPSILON)?;
    // A text may be longer than those that it learned from.
    config.states("context_length");
    let mut stack = Stack::new("text", hidden, front, blocks, Some(final_norm));
    stack.lists_after_blocks = true;
    Ok(Network::new(family, Kind::Causal, vec![stack], head))
}

impl Rwkv<'_> {
    fn block(&self, layer: usize) -> Result<Block> {
        let norm =
            |part: &str| self.binder.layer_norm(&format!("blocks.{layer}.{part}"), self.hidden, self.epsilon);
        let halvings = self.rescales.map_or(0, |every| layer / every.max(1));
        let share = 0.5f32.powi(halvings as i32);
        let halves = self.rescales.is_some_and(|every| (layer + 1).is_multiple_of(every.max(1)));
        let gain = |share: f32| if share == 1.0 { Gain::One } else { Gain::Fixed(share) };
        let stream = if halves { 0.5 } else { 1.0 };
        Ok(Block::new(vec![
            Part::pre_norm(norm("ln1")?, self.time_mix(layer)?).weighing(Gain::One, gain(share)),
            Part::pre_norm(norm("ln2")?, self.channel_mix(layer)?)
                .weighing(gain(stream), gain(stream * share)),
        ]))
    }

    fn time_mix(&self, layer: usize) -> Result<Scan> {
        let (binder, hidden, size) = (&self.binder, self.hidden, self.attention);
        let name = |part: &str| format!("blocks.{layer}.attention.{part}");
        let mix = |part: &str| binder.tensor(&name(&format!("time_mix_{part}")), &[1, 1, hidden]);
        let map = |part: &str| binder.linear(&name(part), size, hidden, Bias::No);
        Ok(Scan::TimeMix(TimeMix {
            mix_key: mix("key")?,
            mix_value: mix("value")?,
            mix_receptance: mix("receptance")?,
            key: map("key")?,
            value: map("value")?,
            receptance: map("receptance")?,
            decay: binder.tensor(&name("time_decay"), &[size])?,
            first: binder.tensor(&name("time_first"), &[size])?,
            output: binder.linear(&name("output"), hidden, size, Bias::No)?,
        }))
    }

    fn channel_mix(&self, layer: usize) -> Result<Scan> {
        let (binder, hidden, inner) = (&self.binder, self.hidden, self.inner);
        let name = |part: &str| format!("blocks.{layer}.feed_forward.{part}");
        let mix = |part: &str| binder.tensor(&name(&format!("time_mix_{part}")), &[1, 1, hidden]);
        Ok(Scan::ChannelMix(ChannelMix {
            mix_key: mix("key")?,
            mix_receptance: mix("receptance")?,
            key: binder.linear(&name("key"), inner, hidden, Bias::No)?,
            receptance: binder.linear(&name("receptance"), hidden, hidden, Bias::No)?,
            value: binder.linear(&name("value"), hidden, inner, Bias::No)?,
        }))
    }
}
