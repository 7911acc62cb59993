//! An LSTM with attention heads on top (after Merity 2019): the LSTM tells the order of the words, the
//! heads look back.

use super::recurrent::{Sizes, layers};
use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{
    Attention, Block, Cell, Front, Head, Kind, Mask, Network, Part, Stack, TokenEmbedding,
};
use crate::model::weights::Weights;

/// Binds an LSTM with attention.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let binder = Binder::new(family, config, weights, &[""]);
    let sizes = Sizes::read(config)?;
    let (hidden, heads) = (sizes.hidden, config.size(&["num_heads"])?);
    config.require_multiple("hidden_size", hidden, "num_heads", heads)?;
    let table = binder.tensor("embedding.weight", &[sizes.vocabulary, sizes.embedding])?;
    let layers = layers(&binder, "rnn", Cell::Lstm, &sizes, false)?;
    let mut blocks: Vec<Block> =
        layers.into_iter().map(|layer| Block::new(vec![Part::replacing(layer)])).collect();
    let stem = |part: &str| format!("attention.{part}");
    let attention = Attention::new(
        heads,
        hidden / heads,
        binder.square_projections(["query", "key", "value"], stem, hidden, Bias::Yes)?,
        binder.linear("attention.output", hidden, hidden, Bias::Yes)?,
    )
    .with_mask(Mask::CAUSAL);
    let norm = binder.layer_norm("norm", hidden, 1e-5)?;
    if let Some(last) = blocks.last_mut() {
        last.parts.push(Part::post_norm(attention, norm));
    }
    let stack = Stack::new("text", hidden, Front::Tokens(TokenEmbedding::new(table)), blocks, None);
    let head = Head::new(binder.linear("head", sizes.vocabulary, hidden, Bias::Yes)?);
    Ok(Network::new(family, Kind::Causal, vec![stack], Some(head)))
}
