//! BEiT (Bao et al. 2022): a ViT without positions, whose patches know the way from one to another.

use super::vit::{attention, classifier, feed_forward, patches};
use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{
    Attention, AttentionPosition, Block, Front, Gain, Head, Kind, LooksAt, Network, Norm, Part,
    PatchEmbedding, Stack,
};
use crate::model::positions::GridBias;
use crate::model::weights::Weights;

/// What other uses of the network, and only training, read.
const UNREAD: [&str; 18] = [
    "add_fpn",
    "auxiliary_channels",
    "auxiliary_concat_input",
    "auxiliary_loss_weight",
    "auxiliary_num_convs",
    "drop_path_rate",
    "layer_scale_init_value",
    "out_features",
    "out_indices",
    "pool_scales",
    "reshape_hidden_states",
    "semantic_loss_ignore_index",
    "stage_names",
    "use_auxiliary_head",
    "use_mask_token",
    "use_relative_position_bias",
    "use_shared_relative_position_bias",
    "vocab_size",
];

struct Beit<'a> {
    binder: Binder<'a>,
    hidden: usize,
    heads: usize,
    epsilon: f64,
    /// Patches side by side.
    across: usize,
}

/// Binds a BEiT.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    UNREAD.iter().for_each(|key| _ = config.states(key));
    let (hidden, heads) = config.hidden_and_heads()?;
    let epsilon = config.epsilon(&["layer_norm_eps"], 1e-12)?;
    let binder = Binder::new(family, config, weights, &["beit.", ""]);
    let (projection, sizes) = patches(&binder, hidden)?;
    let beit = Beit { hidden, heads, epsilon, across: sizes[1] / sizes[2], binder };
    let class_token = beit.binder.tensor("embeddings.cls_token", &[1, 1, hidden])?;
    let tokens = 1 + beit.across * beit.across;
    let absolute = config.flag("use_absolute_position_embeddings", false)?;
    let positions = absolute
        .then(|| beit.binder.tensor("embeddings.position_embeddings", &[1, tokens, hidden]))
        .transpose()?;
    let embedding = PatchEmbedding::new(projection, sizes, class_token, positions);
    let blocks = (0..config.layers(&["num_hidden_layers"])?)
        .map(|layer| beit.block(layer))
        .collect::<Result<Vec<_>>>()?;
    let (final_norm, head) = beit.end()?;
    let mut stack =
        Stack::new("image", hidden, Front::Patches(embedding), blocks, final_norm).at_most(Some(tokens));
    stack.records_before_norm = true;
    Ok(Network::new(family, Kind::Vision, vec![stack], head))
}

impl Beit<'_> {
    fn norm(&self, name: &str) -> Result<Norm> {
        self.binder.layer_norm(name, self.hidden, self.epsilon)
    }

    /// The final norm and the head: the mean of the patches, normalised, or the class token behind the
    /// norm of the stream.
    fn end(&self) -> Result<(Option<Norm>, Option<Head>)> {
        let looks_at = match self.binder.config.flag("use_mean_pooling", true)? {
            true => LooksAt::Mean { from: 1 },
            false => LooksAt::FirstToken,
        };
        let head = classifier(&self.binder, "classifier", self.hidden, looks_at)?;
        if looks_at == LooksAt::FirstToken {
            return Ok((Some(self.norm("layernorm")?), head));
        }
        let norm = match self.binder.has("pooler.layernorm.weight") {
            true => Some(self.norm("pooler.layernorm")?),
            false => None,
        };
        Ok((None, head.map(|head| Head { norm, ..head })))
    }

    fn block(&self, layer: usize) -> Result<Block> {
        let name = |part: &str| format!("encoder.layer.{layer}.{part}");
        let gain = |part: &str| -> Result<Gain> {
            let name = name(part);
            match self.binder.has(&name) {
                true => Ok(Gain::Learned(self.binder.tensor(&name, &[self.hidden])?)),
                false => Ok(Gain::One),
            }
        };
        let feed_forward = feed_forward(&self.binder, layer, self.hidden)?;
        Ok(Block::new(vec![
            Part::pre_norm(self.norm(&name("layernorm_before"))?, self.attention(layer)?)
                .weighing(Gain::One, gain("lambda_1")?),
            Part::pre_norm(self.norm(&name("layernorm_after"))?, feed_forward)
                .weighing(Gain::One, gain("lambda_2")?),
        ]))
    }

    /// Keys have no bias; the table of ways may be the layer's own or that of all.
    fn attention(&self, layer: usize) -> Result<Attention> {
        let binder = &self.binder;
        let attention = attention(binder, layer, [self.hidden, self.heads], Bias::IfPresent)?;
        const TABLE: &str = "relative_position_bias.relative_position_bias_table";
        let own = format!("encoder.layer.{layer}.attention.attention.{TABLE}");
        let shared = format!("encoder.{TABLE}");
        let Some(name) = [own, shared].into_iter().find(|name| binder.has(name)) else {
            return Ok(attention);
        };
        let rows = (2 * self.across - 1) * (2 * self.across - 1) + 3;
        let table = binder.tensor(&name, &[rows, self.heads])?;
        let (height, width) = (self.across, self.across);
        Ok(attention.with_position(AttentionPosition::Grid(GridBias { table, height, width })))
    }
}
