//! Sequence to sequence with LSTMs: the decoder starts where the encoder stopped (Sutskever et al.
//! 2014), and may look back at all that it read (Luong et al. 2015, "general").

use super::choice;
use super::recurrent::{Sizes, layers};
use crate::model::activation::Activation;
use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{
    Attention, Block, Cell, Combine, FIRST, Front, Head, Kind, Network, Part, Projection, Projections,
    Recurrent, Stack, TokenEmbedding,
};
use crate::model::parts::Mixer;
use crate::model::weights::Weights;

/// Binds an encoder-decoder of LSTMs.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let binder = Binder::new(family, config, weights, &[""]);
    let sizes = Sizes::read(config)?;
    let written = config.optional_size(&["target_vocab_size"])?.unwrap_or(sizes.vocabulary);
    let looks_back = choice(config, "attention", &[("none", false), ("general", true)])?;
    let block = |layer: Recurrent| Block::new(vec![Part::replacing(layer)]);
    let encoder: Vec<Block> =
        layers(&binder, "encoder", Cell::Lstm, &sizes, false)?.into_iter().map(block).collect();
    let continued = |(layer, recurrent): (usize, Recurrent)| {
        block(Recurrent { starts_from: Some((FIRST, layer)), ..recurrent })
    };
    let mut decoder: Vec<Block> = layers(&binder, "decoder", Cell::Lstm, &sizes, false)?
        .into_iter()
        .enumerate()
        .map(continued)
        .collect();
    if let (true, Some(last)) = (looks_back, decoder.last_mut()) {
        last.parts.push(attention(&binder, sizes.hidden)?);
    }
    let front = |name: &str, vocabulary| -> Result<Front> {
        let table = binder.tensor(&format!("{name}.weight"), &[vocabulary, sizes.embedding])?;
        Ok(Front::Tokens(TokenEmbedding::new(table)))
    };
    let stacks = vec![
        Stack::new("encoder", sizes.hidden, front("encoder_embedding", sizes.vocabulary)?, encoder, None),
        Stack::new("decoder", sizes.hidden, front("decoder_embedding", written)?, decoder, None),
    ];
    let head = Head::new(binder.linear("head", written, sizes.hidden, Bias::Yes)?);
    Ok(Network::new(family, Kind::EncoderDecoder, stacks, Some(head)))
}

/// One head whose score is h·(W e), unscaled (eq. 8); what it finds and h become tanh(W [c; h]) (eq. 5).
fn attention(binder: &Binder<'_>, hidden: usize) -> Result<Part> {
    let key = binder.linear("attention", hidden, hidden, Bias::No)?;
    let projections = Projections::separate(Projection::Identity, key, Projection::Identity);
    let attention = Attention::new(1, hidden, projections, None).with_scale(1.0);
    let map = binder.linear("combine", hidden, 2 * hidden, Bias::No)?;
    let combine = Combine { map, activation: Activation::Tanh };
    Ok(Part::new(Mixer::CrossAttention { to: FIRST, attention }).combining(combine))
}
