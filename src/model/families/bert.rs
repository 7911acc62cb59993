//! BERT (Devlin et al. 2019) and RoBERTa (Liu et al. 2019); MiniLM checkpoints are BERTs.

use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{
    Activation, Attention, Block, FeedForward, Front, Head, Kind, Network, Stack, TokenEmbedding, Transform,
};
use crate::model::weights::Weights;

/// Binds a BERT.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let binder = Binder::new(family, config, weights, &["bert.", ""]);
    let sizes = Sizes::read(config)?;
    let embedding = embedding(&binder, &sizes, sizes.hidden, 0)?;
    let head = masked_language_head(
        &binder,
        &embedding,
        &sizes,
        &HeadNames {
            dense: "cls.predictions.transform.dense",
            norm: "cls.predictions.transform.LayerNorm",
            decoder: "cls.predictions.decoder.weight",
            bias: "cls.predictions.bias",
        },
    )?;
    Ok(network(&binder, &sizes, embedding, blocks(&binder, &sizes)?, head, 0))
}

/// Binds a RoBERTa: the same, with positions that start after the padding id, and other names for
/// the head.
pub fn bind_roberta(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let binder = Binder::new(family, config, weights, &["roberta.", ""]);
    let sizes = Sizes::read(config)?;
    let padding = config.get("pad_token_id").and_then(serde_json::Value::as_u64).unwrap_or(1) as usize;
    if padding.saturating_add(1) >= sizes.positions {
        return Err(config.unsupported(format!(
            "pad_token_id {padding} leaves none of the {} positions to the text",
            sizes.positions
        )));
    }
    let first_row = padding + 1;
    let embedding = embedding(&binder, &sizes, sizes.hidden, first_row)?;
    let head = masked_language_head(
        &binder,
        &embedding,
        &sizes,
        &HeadNames {
            dense: "lm_head.dense",
            norm: "lm_head.layer_norm",
            decoder: "lm_head.decoder.weight",
            bias: "lm_head.bias",
        },
    )?;
    Ok(network(&binder, &sizes, embedding, blocks(&binder, &sizes)?, head, first_row))
}

/// The sizes that BERT, RoBERTa and ELECTRA name alike.
pub struct Sizes {
    /// D.
    pub hidden: usize,
    /// F.
    pub intermediate: usize,
    /// H.
    pub heads: usize,
    /// Number of blocks.
    pub layers: usize,
    /// V.
    pub vocabulary: usize,
    /// Rows of the position table.
    pub positions: usize,
    /// Rows of the token type table.
    pub segments: usize,
    /// Of the norms.
    pub epsilon: f64,
}

impl Sizes {
    /// Reads them.
    pub fn read(config: &Config) -> Result<Self> {
        let (hidden, heads) = (config.size(&["hidden_size"])?, config.size(&["num_attention_heads"])?);
        config.require_multiple("hidden_size", hidden, "num_attention_heads", heads)?;
        if let Some(kind) = config.text(&["position_embedding_type"])
            && kind != "absolute"
        {
            return Err(config.unsupported(format!("position_embedding_type \"{kind}\" is not known")));
        }
        Ok(Self {
            hidden,
            heads,
            intermediate: config.size(&["intermediate_size"])?,
            layers: config.layers(&["num_hidden_layers"])?,
            vocabulary: config.size(&["vocab_size"])?,
            positions: config.size(&["max_position_embeddings"])?,
            segments: config.size(&["type_vocab_size"])?,
            epsilon: config.number(&["layer_norm_eps"])?.unwrap_or(1e-12),
        })
    }
}

/// Word + token type 0 + position, normalised; `width` numbers each.
pub fn embedding(
    binder: &Binder<'_>,
    sizes: &Sizes,
    width: usize,
    first_row: usize,
) -> Result<TokenEmbedding> {
    let table = binder.tensor("embeddings.word_embeddings.weight", &[sizes.vocabulary, width])?;
    let positions = binder.tensor("embeddings.position_embeddings.weight", &[sizes.positions, width])?;
    let segments = binder.tensor("embeddings.token_type_embeddings.weight", &[sizes.segments, width])?;
    let mut embedding = TokenEmbedding::new(table)
        .with_positions(positions, first_row)
        .with_norm(binder.layer_norm("embeddings.LayerNorm", width, sizes.epsilon)?);
    embedding.segments = Some(segments);
    Ok(embedding)
}

/// Where the parts of a masked language model's head are.
pub struct HeadNames {
    /// The dense map's stem.
    pub dense: &'static str,
    /// The norm's stem.
    pub norm: &'static str,
    /// The output matrix, where it is stored.
    pub decoder: &'static str,
    /// The output's bias.
    pub bias: &'static str,
}

/// dense, activation, norm, then the token table; `None` when the file has no head.
pub fn masked_language_head(
    binder: &Binder<'_>,
    embedding: &TokenEmbedding,
    sizes: &Sizes,
    names: &HeadNames,
) -> Result<Option<Head>> {
    if !binder.has(&format!("{}.weight", names.dense)) {
        return Ok(None);
    }
    let width = embedding.table.shape()[1];
    let dense = binder.linear(names.dense, width, sizes.hidden, Bias::Yes)?;
    let activation = binder.activation(&["hidden_act"], Activation::Gelu)?;
    let norm = binder.layer_norm(names.norm, width, sizes.epsilon)?;
    let bias = binder.tensor(names.bias, &[sizes.vocabulary])?;
    let mut head = Head::new(binder.output_matrix(names.decoder, &embedding.table, Some(bias))?);
    head.transform = Some(Transform { dense, activation, norm });
    Ok(Some(head))
}

/// The network of these `blocks`, whose first position is row `first_row` of the table.
pub fn network(
    binder: &Binder<'_>,
    sizes: &Sizes,
    embedding: TokenEmbedding,
    blocks: Vec<Block>,
    head: Option<Head>,
    first_row: usize,
) -> Network {
    let stack = Stack::new("text", sizes.hidden, Front::Tokens(embedding), blocks, None)
        .at_most(Some(sizes.positions.saturating_sub(first_row)));
    Network::new(binder.family(), Kind::Masked, vec![stack], head)
}

/// The blocks `encoder.layer.N`.
pub fn blocks(binder: &Binder<'_>, sizes: &Sizes) -> Result<Vec<Block>> {
    (0..sizes.layers).map(|layer| block(binder, sizes, layer)).collect()
}

fn block(binder: &Binder<'_>, sizes: &Sizes, layer: usize) -> Result<Block> {
    let name = |part: &str| format!("encoder.layer.{layer}.{part}");
    let (hidden, inner) = (sizes.hidden, sizes.intermediate);
    let norm = |part: &str| binder.layer_norm(&name(part), hidden, sizes.epsilon);
    let names = ["attention.self.query", "attention.self.key", "attention.self.value"];
    let attention = Attention::new(
        sizes.heads,
        hidden / sizes.heads,
        binder.square_projections(names, name, hidden, Bias::Yes)?,
        binder.linear(&name("attention.output.dense"), hidden, hidden, Bias::Yes)?,
    );
    let feed_forward = FeedForward::new(
        binder.linear(&name("intermediate.dense"), inner, hidden, Bias::Yes)?,
        binder.activation(&["hidden_act"], Activation::Gelu)?,
        binder.linear(&name("output.dense"), hidden, inner, Bias::Yes)?,
    );
    Ok(Block::post_norm(
        (attention, norm("attention.output.LayerNorm")?),
        (feed_forward, norm("output.LayerNorm")?),
    ))
}
