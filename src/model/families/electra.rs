//! ELECTRA (Clark et al. 2020): a BERT whose embedding may be smaller than the stream.

use super::bert::{HeadNames, Sizes, blocks, embedding, masked_language_head, network};
use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{Activation, Network};
use crate::model::weights::Weights;

/// Binds an ELECTRA, generator or discriminator; only the generator has a language head.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let binder = Binder::new(family, config, weights, &["electra.", ""]);
    let sizes = Sizes::read(&binder, Activation::Gelu)?;
    let width = config.optional_size(&["embedding_size"])?.unwrap_or(sizes.hidden);
    let mut embedding = embedding(&binder, &sizes, width, 0)?;
    if width != sizes.hidden {
        embedding.projection = Some(binder.linear("embeddings_project", sizes.hidden, width, Bias::Yes)?);
    }
    let head = masked_language_head(
        &binder,
        &embedding,
        &sizes,
        &HeadNames {
            dense: "generator_predictions.dense",
            norm: "generator_predictions.LayerNorm",
            decoder: "generator_lm_head",
            bias: "generator_lm_head.bias",
            // Whatever the blocks use (ElectraGeneratorPredictions in transformers).
            activation: Activation::Gelu,
        },
    )?;
    Ok(network(&binder, &sizes, embedding, blocks(&binder, &sizes)?, head, 0))
}
