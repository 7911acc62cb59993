//! What the towers of CLIP and SigLIP have in common: pre-norm blocks under the same names.

use crate::model::binder::{Bias, Binder};
use crate::model::error::Result;
use crate::model::linear::{Layout, Linear};
use crate::model::network::{Activation, Attention, Block, FeedForward, Mask, Norm};
use crate::model::parameters::Parameter;

/// One of the networks that share a space.
pub struct Tower<'a> {
    pub binder: Binder<'a>,
    pub hidden: usize,
    pub heads: usize,
    pub inner: usize,
    pub epsilon: f64,
    pub activation: Activation,
    pub mask: Mask,
}

impl Tower<'_> {
    /// The norm `name`.
    pub fn norm(&self, name: &str) -> Result<Norm> {
        self.binder.layer_norm(name, self.hidden, self.epsilon)
    }

    /// The map from patches of an image; `sizes` are channels, side of the image and side of a patch.
    pub fn patches(&self, [channels, image, patch]: [usize; 3], bias: Option<Parameter>) -> Result<Linear> {
        self.binder.config.require_multiple("image_size", image, "patch_size", patch)?;
        let shape = [self.hidden, channels, patch, patch];
        let weight = self.binder.tensor("embeddings.patch_embedding.weight", &shape)?;
        Ok(Linear { weight, layout: Layout::OutIn, bias })
    }

    /// Its blocks.
    pub fn blocks(&self, layers: usize) -> Result<Vec<Block>> {
        (0..layers).map(|layer| self.block(layer)).collect()
    }

    fn block(&self, layer: usize) -> Result<Block> {
        let hidden = self.hidden;
        let name = |part: &str| format!("encoder.layers.{layer}.{part}");
        let stem = |part: &str| name(&format!("self_attn.{part}"));
        let projections =
            self.binder.square_projections(["q_proj", "k_proj", "v_proj"], stem, hidden, Bias::Yes)?;
        let output = self.binder.linear(&name("self_attn.out_proj"), hidden, hidden, Bias::Yes)?;
        let attention =
            Attention::new(self.heads, hidden / self.heads, projections, output).with_mask(self.mask);
        Ok(Block::pre_norm(
            (self.norm(&name("layer_norm1"))?, attention),
            (self.norm(&name("layer_norm2"))?, self.feed_forward(&name("mlp"))?),
        ))
    }

    /// The feed-forward part `stem`.
    pub fn feed_forward(&self, stem: &str) -> Result<FeedForward> {
        Ok(FeedForward::new(
            self.binder.linear(&format!("{stem}.fc1"), self.inner, self.hidden, Bias::Yes)?,
            self.activation,
            self.binder.linear(&format!("{stem}.fc2"), self.hidden, self.inner, Bias::Yes)?,
        ))
    }
}
