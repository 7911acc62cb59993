//! ViT (Dosovitskiy et al. 2021): patches of an image as tokens, a class token first; DeiT (Touvron et al.
//! 2021) with a token more, which learned from another network.

use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::linear::{Layout, Linear};
use crate::model::network::{
    Activation, Attention, Block, FeedForward, Front, Head, Kind, LooksAt, Network, PatchEmbedding, Stack,
};
use crate::model::weights::Weights;

/// Binds a ViT.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let vit = Vit::read(family, config, weights, &["vit.", ""])?;
    let embedding = vit.embedding(1)?;
    let head = classifier(&vit.binder, "classifier", vit.hidden, LooksAt::FirstToken)?;
    vit.network(embedding, head)
}

/// Binds a DeiT: the one with two classifiers, or one on the class token alone.
pub fn bind_deit(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let vit = Vit::read(family, config, weights, &["deit.", ""])?;
    let mut embedding = vit.embedding(2)?;
    embedding.leading.push(vit.binder.tensor("embeddings.distillation_token", &[1, 1, vit.hidden])?);
    let one = classifier(&vit.binder, "classifier", vit.hidden, LooksAt::FirstToken)?;
    let head = match classifier(&vit.binder, "cls_classifier", vit.hidden, LooksAt::FirstToken)? {
        Some(head) => {
            let second = outputs(&vit.binder, "distillation_classifier", vit.hidden)?;
            Some(Head { second: Some(second), ..head })
        }
        None => one,
    };
    vit.network(embedding, head)
}

struct Vit<'a> {
    binder: Binder<'a>,
    hidden: usize,
    heads: usize,
    epsilon: f64,
}

impl<'a> Vit<'a> {
    fn read(
        family: &'static str,
        config: &'a Config,
        weights: &'a Weights,
        prefixes: &'static [&'static str],
    ) -> Result<Self> {
        let (hidden, heads) = config.hidden_and_heads()?;
        let binder = Binder::new(family, config, weights, prefixes);
        Ok(Self { binder, hidden, heads, epsilon: config.epsilon(&["layer_norm_eps"], 1e-12)? })
    }

    /// Patches behind `leading` tokens, the first of which is the class token.
    fn embedding(&self, leading: usize) -> Result<PatchEmbedding> {
        let (projection, sizes) = patches(&self.binder, self.hidden)?;
        let [_, image, patch] = sizes;
        let tokens = leading + (image / patch) * (image / patch);
        let class_token = self.binder.tensor("embeddings.cls_token", &[1, 1, self.hidden])?;
        let positions = self.binder.tensor("embeddings.position_embeddings", &[1, tokens, self.hidden])?;
        Ok(PatchEmbedding::new(projection, sizes, class_token, Some(positions)))
    }

    fn network(self, embedding: PatchEmbedding, head: Option<Head>) -> Result<Network> {
        let (binder, hidden) = (&self.binder, self.hidden);
        let tokens = embedding.tokens();
        let blocks = (0..binder.config.layers(&["num_hidden_layers"])?)
            .map(|layer| self.block(layer))
            .collect::<Result<Vec<_>>>()?;
        let final_norm = binder.layer_norm("layernorm", hidden, self.epsilon)?;
        let mut stack = Stack::new("image", hidden, Front::Patches(embedding), blocks, Some(final_norm))
            .at_most(Some(tokens));
        stack.records_before_norm = true;
        Ok(Network::new(binder.family(), Kind::Vision, vec![stack], head))
    }

    fn block(&self, layer: usize) -> Result<Block> {
        let (binder, hidden) = (&self.binder, self.hidden);
        let bias = if binder.config.flag("qkv_bias", true)? { Bias::Yes } else { Bias::No };
        let norm =
            |part: &str| binder.layer_norm(&format!("encoder.layer.{layer}.{part}"), hidden, self.epsilon);
        Ok(Block::pre_norm(
            (norm("layernorm_before")?, attention(binder, layer, [hidden, self.heads], bias)?),
            (norm("layernorm_after")?, feed_forward(binder, layer, hidden)?),
        ))
    }
}

/// The map from patches, and channels, side of an image and side of a patch.
pub fn patches(binder: &Binder<'_>, hidden: usize) -> Result<(Linear, [usize; 3])> {
    let config = binder.config;
    let (image, patch) = (config.size(&["image_size"])?, config.size(&["patch_size"])?);
    let channels = config.optional_size(&["num_channels"])?.unwrap_or(3);
    let shape = [hidden, channels, patch, patch];
    let weight = binder.tensor("embeddings.patch_embeddings.projection.weight", &shape)?;
    let bias = binder.tensor("embeddings.patch_embeddings.projection.bias", &[hidden])?;
    // With patches that do not fill the image, the tables of positions would be of other sizes.
    config.require_multiple("image_size", image, "patch_size", patch)?;
    Ok((Linear { weight, layout: Layout::OutIn, bias: Some(bias) }, [channels, image, patch]))
}

/// `attention` of `layer`.
pub fn attention(
    binder: &Binder<'_>,
    layer: usize,
    [hidden, heads]: [usize; 2],
    bias: Bias,
) -> Result<Attention> {
    let stem = |part: &str| format!("encoder.layer.{layer}.attention.attention.{part}");
    let output = format!("encoder.layer.{layer}.attention.output.dense");
    Ok(Attention::new(
        heads,
        hidden / heads,
        binder.square_projections(["query", "key", "value"], stem, hidden, bias)?,
        binder.linear(&output, hidden, hidden, Bias::Yes)?,
    ))
}

/// `intermediate` and `output` of `layer`.
pub fn feed_forward(binder: &Binder<'_>, layer: usize, hidden: usize) -> Result<FeedForward> {
    let name = |part: &str| format!("encoder.layer.{layer}.{part}.dense");
    let inner = binder.config.size(&["intermediate_size"])?;
    Ok(FeedForward::new(
        binder.linear(&name("intermediate"), inner, hidden, Bias::Yes)?,
        binder.activation(&["hidden_act"], Activation::Gelu)?,
        binder.linear(&name("output"), hidden, inner, Bias::Yes)?,
    ))
}

/// The classifier `stem`, where the file has it.
pub fn classifier(binder: &Binder<'_>, stem: &str, inputs: usize, looks_at: LooksAt) -> Result<Option<Head>> {
    if !binder.has(&format!("{stem}.weight")) {
        return Ok(None);
    }
    Ok(Some(Head { looks_at, ..Head::new(outputs(binder, stem, inputs)?) }))
}

fn outputs(binder: &Binder<'_>, stem: &str, inputs: usize) -> Result<Linear> {
    let weight = binder.tensor(&format!("{stem}.weight"), &[0, inputs])?;
    let bias = Some(binder.tensor(&format!("{stem}.bias"), &[weight.shape()[0]])?);
    Ok(Linear { weight, layout: Layout::OutIn, bias })
}
