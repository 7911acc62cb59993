//! BART (Lewis et al. 2020): an encoder and a decoder with a norm over every sum; Marian (Junczys-Dowmunt et
//! al. 2018), which translates: the same with waves for positions.

use serde_json::Value;

use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{
    Activation, Attention, Block, FIRST, FeedForward, Front, Head, Kind, Mask, Mixer, Network, Part, Stack,
    TokenEmbedding,
};
use crate::model::parameters::Parameter;
use crate::model::positions::Waves;
use crate::model::weights::Weights;

/// The row of the first position.
const FIRST_ROW: usize = 2;

/// Epsilon of every norm: no configuration says it.
const EPSILON: f64 = 1e-5;

/// What the two stacks do alike.
struct Bart<'a> {
    binder: Binder<'a>,
    hidden: usize,
    positions: usize,
    /// What a token's row is multiplied by.
    scale: f32,
    /// Positions that are waves, not learned; without a norm over the embedding.
    waves: bool,
}

/// Binds a BART.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    bind_with(family, config, weights, false)
}

/// Binds a Marian.
pub fn bind_marian(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    bind_with(family, config, weights, true)
}

/// What old files say and nobody reads.
const UNREAD: [&str; 14] = [
    "add_bias_logits",
    "add_final_layer_norm",
    "classif_dropout",
    "decoder_vocab_size",
    "do_blenderbot_90_layernorm",
    "extra_pos_embeddings",
    "force_bos_token_to_be_generated",
    "max_length",
    "normalize_before",
    "normalize_embedding",
    "num_hidden_layers",
    "save_step",
    "share_encoder_decoder_embeddings",
    "static_position_embeddings",
];

fn bind_with(family: &'static str, config: &Config, weights: &Weights, waves: bool) -> Result<Network> {
    let binder = Binder::new(family, config, weights, &["model.", ""]);
    UNREAD.iter().for_each(|key| _ = config.states(key));
    let hidden = config.size(&["d_model"])?;
    let scaled = config.flag("scale_embedding", waves)?;
    let bart = Bart {
        hidden,
        positions: config.optional_size(&["max_position_embeddings"])?.unwrap_or(1024),
        scale: if scaled { (hidden as f32).sqrt() } else { 1.0 },
        waves,
        binder,
    };
    let encoder = bart.stack("encoder")?;
    let mut decoder = bart.stack("decoder")?;
    let start = config.get("decoder_start_token_id").and_then(Value::as_u64).unwrap_or(2);
    decoder.start_token = Some(start.min(u64::from(u32::MAX)) as u32);
    let table = bart.table("decoder")?;
    let bias = bart.binder.tensor_if_present("final_logits_bias", &[1, table.shape()[0]])?;
    let head = bart.binder.output_matrix("lm_head.weight", &table, bias, true)?.map(Head::new);
    Ok(Network::new(family, Kind::EncoderDecoder, vec![encoder, decoder], head))
}

impl Bart<'_> {
    fn table(&self, stack: &str) -> Result<Parameter> {
        let own = format!("{stack}.embed_tokens.weight");
        let name = if self.binder.has("shared.weight") { "shared.weight" } else { &own };
        self.binder.tensor(name, &[self.binder.config.size(&["vocab_size"])?, self.hidden])
    }

    fn stack(&self, name: &'static str) -> Result<Stack> {
        let config = self.binder.config;
        let mut embedding = TokenEmbedding::new(self.table(name)?);
        embedding.scale = self.scale;
        if self.waves {
            embedding.waves = Some(Waves::InHalves);
        } else {
            let rows = [self.positions + FIRST_ROW, self.hidden];
            let positions = self.binder.tensor(&format!("{name}.embed_positions.weight"), &rows)?;
            embedding = embedding.with_positions(positions, FIRST_ROW);
            let norm = format!("{name}.layernorm_embedding");
            embedding.norm = Some(self.binder.layer_norm(&norm, self.hidden, EPSILON)?);
        }
        let layers = config.layers(&[&format!("{name}_layers")])?;
        let blocks = (0..layers).map(|layer| self.block(name, layer)).collect::<Result<Vec<_>>>()?;
        Ok(Stack::new(name, self.hidden, Front::Tokens(embedding), blocks, None)
            .at_most(Some(self.positions)))
    }

    fn block(&self, stack: &str, layer: usize) -> Result<Block> {
        let (binder, hidden) = (&self.binder, self.hidden);
        let name = |part: &str| format!("{stack}.layers.{layer}.{part}");
        let norm = |part: &str| binder.layer_norm(&name(part), hidden, EPSILON);
        let is_decoder = stack == "decoder";
        let own = attention(binder, stack, &name("self_attn"), hidden, Bias::Yes)?;
        let own = own.with_mask(if is_decoder { Mask::CAUSAL } else { Mask::default() });
        let mut parts = vec![Part::post_norm(own, norm("self_attn_layer_norm")?)];
        if is_decoder {
            let attention = attention(binder, stack, &name("encoder_attn"), hidden, Bias::Yes)?;
            let cross = Mixer::CrossAttention { to: FIRST, attention };
            parts.push(Part::post_norm(cross, norm("encoder_attn_layer_norm")?));
        }
        let feed_forward = feed_forward(binder, stack, layer, hidden)?;
        parts.push(Part::post_norm(feed_forward, norm("final_layer_norm")?));
        Ok(Block::new(parts))
    }
}

/// The attention `stem` of a stack, whose heads its configuration counts by its name; `bias`: whether queries,
/// keys and values have one.
pub fn attention(
    binder: &Binder<'_>,
    stack: &str,
    stem: &str,
    hidden: usize,
    bias: Bias,
) -> Result<Attention> {
    let key = format!("{stack}_attention_heads");
    let heads = binder.config.size(&[&key])?;
    binder.config.require_multiple("d_model", hidden, &key, heads)?;
    let name = |part: &str| format!("{stem}.{part}");
    let projections = binder.square_projections(["q_proj", "k_proj", "v_proj"], name, hidden, bias)?;
    let output = binder.linear(&name("out_proj"), hidden, hidden, Bias::Yes)?;
    Ok(Attention::new(heads, hidden / heads, projections, output))
}

/// `fc1` and `fc2` of a layer of a stack.
pub fn feed_forward(binder: &Binder<'_>, stack: &str, layer: usize, hidden: usize) -> Result<FeedForward> {
    let name = |part: &str| format!("{stack}.layers.{layer}.{part}");
    let inner = binder.config.size(&[&format!("{stack}_ffn_dim")])?;
    Ok(FeedForward::new(
        binder.linear(&name("fc1"), inner, hidden, Bias::Yes)?,
        binder.activation(&["activation_function"], Activation::Gelu)?,
        binder.linear(&name("fc2"), hidden, inner, Bias::Yes)?,
    ))
}
