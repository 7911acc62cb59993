//! DistilBERT (Sanh et al. 2019): BERT's block with names and configuration keys of its own.

use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{
    Activation, Attention, Block, FeedForward, Front, Head, Kind, Network, Stack, TokenEmbedding, Transform,
};
use crate::model::weights::Weights;

/// A constant in the authors' code, not in the configuration.
const EPSILON: f64 = 1e-12;

/// Binds a DistilBERT.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let binder = Binder::new(family, config, weights, &["distilbert.", ""]);
    let (hidden, heads) = (config.size(&["dim"])?, config.size(&["n_heads"])?);
    config.require_multiple("dim", hidden, "n_heads", heads)?;
    let vocabulary = config.size(&["vocab_size"])?;
    let positions = config.size(&["max_position_embeddings"])?;
    let activation = binder.activation(&["activation"], Activation::Gelu)?;
    let table = binder.tensor("embeddings.word_embeddings.weight", &[vocabulary, hidden])?;
    let head = if binder.has("vocab_transform.weight") {
        let dense = binder.linear("vocab_transform", hidden, hidden, Bias::Yes)?;
        let norm = binder.layer_norm("vocab_layer_norm", hidden, EPSILON)?;
        let bias = binder.tensor("vocab_projector.bias", &[vocabulary])?;
        let matrix = binder.output_matrix("vocab_projector.weight", &table, Some(bias), true)?;
        let transform = Transform { dense, activation, norm: Some(norm) };
        matrix.map(|matrix| Head { transform: Some(transform), ..Head::new(matrix) })
    } else {
        None
    };
    let blocks = (0..config.layers(&["n_layers"])?)
        .map(|layer| block(&binder, hidden, heads, activation, layer))
        .collect::<Result<Vec<_>>>()?;
    let rows = binder.tensor("embeddings.position_embeddings.weight", &[positions, hidden])?;
    let embedding = TokenEmbedding::new(table).with_positions(rows, 0).with_norm(binder.layer_norm(
        "embeddings.LayerNorm",
        hidden,
        EPSILON,
    )?);
    let stack = Stack::new("text", hidden, Front::Tokens(embedding), blocks, None).at_most(Some(positions));
    Ok(Network::new(family, Kind::Masked, vec![stack], head))
}

fn block(
    binder: &Binder<'_>,
    hidden: usize,
    heads: usize,
    activation: Activation,
    layer: usize,
) -> Result<Block> {
    let name = |part: &str| format!("transformer.layer.{layer}.{part}");
    let inner = binder.config.size(&["hidden_dim"])?;
    let norm = |part: &str| binder.layer_norm(&name(part), hidden, EPSILON);
    let names = ["attention.q_lin", "attention.k_lin", "attention.v_lin"];
    let attention = Attention::new(
        heads,
        hidden / heads,
        binder.square_projections(names, name, hidden, Bias::Yes)?,
        binder.linear(&name("attention.out_lin"), hidden, hidden, Bias::Yes)?,
    );
    let feed_forward = FeedForward::new(
        binder.linear(&name("ffn.lin1"), inner, hidden, Bias::Yes)?,
        activation,
        binder.linear(&name("ffn.lin2"), hidden, inner, Bias::Yes)?,
    );
    Ok(Block::post_norm((attention, norm("sa_layer_norm")?), (feed_forward, norm("output_layer_norm")?)))
}
