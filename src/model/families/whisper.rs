//! Whisper (Radford et al. 2022): an encoder hears the strengths of bands of pitch, a decoder writes what is
//! said.

use serde_json::Value;

use super::bart::{attention, feed_forward};
use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::fronts::{SoundEmbedding, SoundPositions, TimeConvolution};
use crate::model::network::{
    Activation, Block, FIRST, Front, Head, Kind, Layout, Linear, Mask, Mixer, Network, Part, Stack,
    TokenEmbedding,
};
use crate::model::weights::Weights;

/// Epsilon of every norm: no configuration says it.
const EPSILON: f64 = 1e-5;

/// Steps in a window of both convolutions, and zeros on each side.
const WIDTH: usize = 3;
const PADDING: usize = 1;

/// What only training and other heads read, and what the code passes over.
const UNREAD: [&str; 8] = [
    "apply_spec_augment",
    "classifier_proj_size",
    "max_length",
    "median_filter_width",
    "num_hidden_layers",
    "scale_embedding",
    "use_weighted_layer_sum",
    "forced_decoder_ids",
];

/// Binds a Whisper.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let binder = Binder::new(family, config, weights, &["model.", ""]);
    UNREAD.iter().for_each(|key| _ = config.states(key));
    ["length", "min_masks", "prob"].iter().for_each(|what| {
        ["mask_time", "mask_feature"].iter().for_each(|mask| _ = config.states(&format!("{mask}_{what}")));
    });
    let whisper = Whisper { hidden: config.size(&["d_model"])?, binder };
    let encoder = whisper.encoder()?;
    let (decoder, head) = whisper.decoder()?;
    Ok(Network::new(family, Kind::EncoderDecoder, vec![encoder, decoder], head))
}

struct Whisper<'a> {
    binder: Binder<'a>,
    hidden: usize,
}

impl Whisper<'_> {
    fn encoder(&self) -> Result<Stack> {
        let (config, hidden) = (self.binder.config, self.hidden);
        let bands = config.optional_size(&["num_mel_bins"])?.unwrap_or(80);
        let tokens = config.optional_size(&["max_source_positions"])?.unwrap_or(1500);
        let front = SoundEmbedding {
            channels: bands,
            convolutions: vec![
                self.convolution("encoder.conv1", bands, 1)?,
                self.convolution("encoder.conv2", hidden, 2)?,
            ],
            features_norm: None,
            projection: None,
            positions: SoundPositions::Learned(
                self.binder.tensor("encoder.embed_positions.weight", &[tokens, hidden])?,
            ),
            norm: None,
        };
        self.stack("encoder", Front::Sound(front))
    }

    fn convolution(&self, stem: &str, inputs: usize, stride: usize) -> Result<TimeConvolution> {
        let weight = self.binder.tensor(&format!("{stem}.weight"), &[self.hidden, inputs, WIDTH])?;
        let bias = Some(self.binder.tensor(&format!("{stem}.bias"), &[self.hidden])?);
        let map = Linear { weight, layout: Layout::OutIn, bias };
        let activation = Activation::Gelu;
        Ok(TimeConvolution { map, width: WIDTH, stride, padding: PADDING, norm: None, activation })
    }

    fn decoder(&self) -> Result<(Stack, Option<Head>)> {
        let (config, binder, hidden) = (self.binder.config, &self.binder, self.hidden);
        let table = binder.tensor("decoder.embed_tokens.weight", &[config.size(&["vocab_size"])?, hidden])?;
        let maximum = config.optional_size(&["max_target_positions"])?.unwrap_or(448);
        let positions = binder.tensor("decoder.embed_positions.weight", &[maximum, hidden])?;
        let embedding = TokenEmbedding::new(table.clone()).with_positions(positions, 0);
        let mut stack = self.stack("decoder", Front::Tokens(embedding))?.at_most(Some(maximum));
        let start = config.get("decoder_start_token_id").and_then(Value::as_u64).unwrap_or(50257);
        stack.start_token = Some(start.min(u64::from(u32::MAX)) as u32);
        let head = binder.output_matrix("proj_out.weight", &table, None, true)?.map(Head::new);
        Ok((stack, head))
    }

    fn stack(&self, name: &'static str, front: Front) -> Result<Stack> {
        let layers = self.binder.config.layers(&[&format!("{name}_layers")])?;
        let blocks = (0..layers).map(|layer| self.block(name, layer)).collect::<Result<Vec<_>>>()?;
        let norm = self.binder.layer_norm(&format!("{name}.layer_norm"), self.hidden, EPSILON)?;
        Ok(Stack::new(name, self.hidden, front, blocks, Some(norm)))
    }

    fn block(&self, stack: &str, layer: usize) -> Result<Block> {
        let (binder, hidden) = (&self.binder, self.hidden);
        let name = |part: &str| format!("{stack}.layers.{layer}.{part}");
        let norm = |part: &str| binder.layer_norm(&name(part), hidden, EPSILON);
        let is_decoder = stack == "decoder";
        // Keys have no bias.
        let own = attention(binder, stack, &name("self_attn"), hidden, Bias::IfPresent)?;
        let own = own.with_mask(if is_decoder { Mask::CAUSAL } else { Mask::default() });
        let mut parts = vec![Part::pre_norm(norm("self_attn_layer_norm")?, own)];
        if is_decoder {
            let attention = attention(binder, stack, &name("encoder_attn"), hidden, Bias::IfPresent)?;
            let cross = Mixer::CrossAttention { to: FIRST, attention };
            parts.push(Part::pre_norm(norm("encoder_attn_layer_norm")?, cross));
        }
        let feed_forward = feed_forward(binder, stack, layer, hidden)?;
        parts.push(Part::pre_norm(norm("final_layer_norm")?, feed_forward));
        Ok(Block::new(parts))
    }
}
