//! The image tower of SigLIP (Zhai et al. 2023): a ViT without class token, whose patches a learned question
//! looks at.

use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::linear::{Layout, Linear};
use crate::model::network::{
    Activation, Attention, Block, FeedForward, Front, Kind, Network, Norm, PatchEmbedding, Projections, Stack,
};
use crate::model::pooler::Pooler;
use crate::model::weights::Weights;

struct Siglip<'a> {
    binder: Binder<'a>,
    hidden: usize,
    heads: usize,
    inner: usize,
    epsilon: f64,
    activation: Activation,
}

/// Binds the image tower of a SigLIP.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let (hidden, heads) = config.hidden_and_heads()?;
    let binder = Binder::new(family, config, weights, &["vision_model.", ""]);
    let siglip = Siglip {
        hidden,
        heads,
        inner: config.size(&["intermediate_size"])?,
        epsilon: config.epsilon(&["layer_norm_eps"], 1e-6)?,
        activation: binder.activation(&["hidden_act"], Activation::GeluTanh)?,
        binder,
    };
    let embedding = siglip.embedding()?;
    let tokens = embedding.tokens();
    let blocks = (0..config.layers(&["num_hidden_layers"])?)
        .map(|layer| siglip.block(layer))
        .collect::<Result<Vec<_>>>()?;
    let final_norm = siglip.norm("post_layernorm")?;
    let mut stack = Stack::new("image", hidden, Front::Patches(embedding), blocks, Some(final_norm))
        .at_most(Some(tokens));
    stack.records_before_norm = true;
    let mut network = Network::new(family, Kind::Vision, vec![stack], None);
    if config.flag("vision_use_head", true)? {
        network.pooler = Some(siglip.pooler()?);
    }
    Ok(network)
}

impl Siglip<'_> {
    fn norm(&self, name: &str) -> Result<Norm> {
        self.binder.layer_norm(name, self.hidden, self.epsilon)
    }

    fn embedding(&self) -> Result<PatchEmbedding> {
        let (config, hidden) = (self.binder.config, self.hidden);
        let (image, patch) = (config.size(&["image_size"])?, config.size(&["patch_size"])?);
        let channels = config.optional_size(&["num_channels"])?.unwrap_or(3);
        let shape = [hidden, channels, patch, patch];
        let weight = self.binder.tensor("embeddings.patch_embedding.weight", &shape)?;
        let bias = self.binder.tensor("embeddings.patch_embedding.bias", &[hidden])?;
        config.require_multiple("image_size", image, "patch_size", patch)?;
        let rows = (image / patch) * (image / patch);
        let positions = self.binder.tensor("embeddings.position_embedding.weight", &[rows, hidden])?;
        let projection = Linear { weight, layout: Layout::OutIn, bias: Some(bias) };
        Ok(PatchEmbedding::without_class(projection, [channels, image, patch], Some(positions)))
    }

    fn block(&self, layer: usize) -> Result<Block> {
        let hidden = self.hidden;
        let name = |part: &str| format!("encoder.layers.{layer}.{part}");
        let stem = |part: &str| name(&format!("self_attn.{part}"));
        let projections =
            self.binder.square_projections(["q_proj", "k_proj", "v_proj"], stem, hidden, Bias::Yes)?;
        let output = self.binder.linear(&name("self_attn.out_proj"), hidden, hidden, Bias::Yes)?;
        let attention = Attention::new(self.heads, hidden / self.heads, projections, output);
        Ok(Block::pre_norm(
            (self.norm(&name("layer_norm1"))?, attention),
            (self.norm(&name("layer_norm2"))?, self.feed_forward(&name("mlp"))?),
        ))
    }

    fn feed_forward(&self, stem: &str) -> Result<FeedForward> {
        Ok(FeedForward::new(
            self.binder.linear(&format!("{stem}.fc1"), self.inner, self.hidden, Bias::Yes)?,
            self.activation,
            self.binder.linear(&format!("{stem}.fc2"), self.hidden, self.inner, Bias::Yes)?,
        ))
    }

    fn pooler(&self) -> Result<Pooler> {
        let hidden = self.hidden;
        let all = Linear {
            weight: self.binder.tensor("head.attention.in_proj_weight", &[3 * hidden, hidden])?,
            layout: Layout::OutIn,
            bias: Some(self.binder.tensor("head.attention.in_proj_bias", &[3 * hidden])?),
        };
        let output = self.binder.linear("head.attention.out_proj", hidden, hidden, Bias::Yes)?;
        Ok(Pooler {
            probe: self.binder.tensor("head.probe", &[1, 1, hidden])?,
            attention: Attention::new(self.heads, hidden / self.heads, Projections::Fused(all), output),
            norm: self.norm("head.layernorm")?,
            feed_forward: self.feed_forward("head.mlp")?,
        })
    }
}
