//! BERT (Devlin et al. 2019) and RoBERTa (Liu et al. 2019); MiniLM checkpoints are BERTs.

use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{
    Activation, Attention, Block, FeedForward, Front, Head, Kind, Mask, Network, Stack, TokenEmbedding,
    Transform,
};
use crate::model::weights::Weights;

/// Binds a BERT.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let binder = Binder::new(family, config, weights, &["bert.", ""]);
    let sizes = Sizes::read(&binder, Activation::Gelu)?;
    let embedding = embedding(&binder, &sizes, sizes.hidden, 0)?;
    let head = masked_language_head(
        &binder,
        &embedding,
        &sizes,
        &HeadNames {
            dense: "cls.predictions.transform.dense",
            norm: "cls.predictions.transform.LayerNorm",
            decoder: "cls.predictions.decoder",
            bias: "cls.predictions.bias",
            activation: sizes.activation,
        },
    )?;
    Ok(network(&binder, &sizes, embedding, blocks(&binder, &sizes)?, head, 0))
}

/// Binds a RoBERTa: the same, with positions that start after the padding id, and other names for
/// the head.
pub fn bind_roberta(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let binder = Binder::new(family, config, weights, &["roberta.", "data2vec_text.", ""]);
    let sizes = Sizes::read(&binder, Activation::Gelu)?;
    let padding = config.get("pad_token_id").and_then(serde_json::Value::as_u64).unwrap_or(1) as usize;
    if padding.saturating_add(1) >= sizes.positions {
        return Err(config.unsupported(format!(
            "pad_token_id {padding} leaves none of the {} positions to the text",
            sizes.positions
        )));
    }
    let first_row = padding + 1;
    let mut embedding = embedding(&binder, &sizes, sizes.hidden, first_row)?;
    if let Some(positions) = &mut embedding.positions {
        positions.padding = u32::try_from(padding).ok();
    }
    let head = masked_language_head(
        &binder,
        &embedding,
        &sizes,
        &HeadNames {
            dense: "lm_head.dense",
            norm: "lm_head.layer_norm",
            decoder: "lm_head.decoder",
            bias: "lm_head.bias",
            // Whatever the blocks use (RobertaLMHead in transformers).
            activation: Activation::Gelu,
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
    /// Of the blocks.
    pub activation: Activation,
    /// Which tokens a token sees: those before it only, in a BERT that is told to be a decoder.
    pub mask: Mask,
}

impl Sizes {
    /// Reads them; `activation` is the family's own.
    pub fn read(binder: &Binder<'_>, activation: Activation) -> Result<Self> {
        let config = binder.config;
        if let Some(kind) = config.text(&["position_embedding_type"])
            && kind != "absolute"
        {
            return Err(config.unsupported(format!("position_embedding_type \"{kind}\" is not known")));
        }
        let segments = config.size(&["type_vocab_size"])?;
        let mask = if config.flag("is_decoder", false)? { Mask::CAUSAL } else { Mask::default() };
        Ok(Self { segments, mask, ..Self::read_without_types(binder, activation, 1e-12)? })
    }

    /// As [`Sizes::read`] for families that see whole texts and may have no token types.
    pub fn read_without_types(binder: &Binder<'_>, activation: Activation, epsilon: f64) -> Result<Self> {
        let config = binder.config;
        let (hidden, heads) = config.hidden_and_heads()?;
        Ok(Self {
            hidden,
            heads,
            intermediate: config.size(&["intermediate_size"])?,
            layers: config.layers(&["num_hidden_layers"])?,
            vocabulary: config.size(&["vocab_size"])?,
            positions: config.optional_size(&["max_position_embeddings"])?.unwrap_or(512),
            segments: 0,
            epsilon: config.epsilon(&["layer_norm_eps"], epsilon)?,
            activation: binder.activation(&["hidden_act"], activation)?,
            mask: Mask::default(),
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
    /// The stem of the output matrix, where it is stored.
    pub decoder: &'static str,
    /// The output's bias, unless the matrix is the file's own and has one.
    pub bias: &'static str,
    /// After the dense map.
    pub activation: Activation,
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
    let norm = binder.layer_norm(names.norm, width, sizes.epsilon)?;
    let own_bias = format!("{}.bias", names.decoder);
    let tied = binder.config.flag("tie_word_embeddings", true)?;
    let bias = if !tied && binder.has(&own_bias) { &own_bias } else { names.bias };
    let bias = binder.tensor(bias, &[sizes.vocabulary])?;
    let matrix = format!("{}.weight", names.decoder);
    let matrix = binder.output_matrix(&matrix, &embedding.table, Some(bias), true)?;
    let transform = Transform { dense, activation: names.activation, norm: Some(norm) };
    Ok(matrix.map(|matrix| Head { transform: Some(transform), ..Head::new(matrix) }))
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
    let hidden = sizes.hidden;
    let norm = |part: &str| binder.layer_norm(&name(part), hidden, sizes.epsilon);
    let names = ["attention.self.query", "attention.self.key", "attention.self.value"];
    let attention = Attention::new(
        sizes.heads,
        hidden / sizes.heads,
        binder.square_projections(names, name, hidden, Bias::Yes)?,
        binder.linear(&name("attention.output.dense"), hidden, hidden, Bias::Yes)?,
    )
    .with_mask(sizes.mask);
    let feed_forward = feed_forward(binder, sizes, layer)?;
    Ok(Block::post_norm(
        (attention, norm("attention.output.LayerNorm")?),
        (feed_forward, norm("output.LayerNorm")?),
    ))
}

/// `intermediate` and `output` of `layer`.
pub fn feed_forward(binder: &Binder<'_>, sizes: &Sizes, layer: usize) -> Result<FeedForward> {
    let name = |part: &str| format!("encoder.layer.{layer}.{part}.dense");
    Ok(FeedForward::new(
        binder.linear(&name("intermediate"), sizes.intermediate, sizes.hidden, Bias::Yes)?,
        sizes.activation,
        binder.linear(&name("output"), sizes.hidden, sizes.intermediate, Bias::Yes)?,
    ))
}
