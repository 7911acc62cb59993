//! CLIP (Radford et al. 2021): a text tower and an image tower whose vectors lie in one space. Each is a
//! network of its own.

use super::tower::Tower;
use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::{ModelError, Result};
use crate::model::network::{Activation, Front, Kind, Mask, Network, PatchEmbedding, Stack, TokenEmbedding};
use crate::model::shared_space::{SharedSpace, SpokenBy};
use crate::model::weights::Weights;

/// The token that old configurations name as the end of a text; theirs has the largest id.
const OLD_END: usize = 2;

/// Binds the text tower, of both or alone; of a file with the image tower alone that one.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    match config.text(&["model_type"]) {
        Some("clip_vision_model") => bind_images(config, weights, family, ""),
        Some("clip_text_model") => bind_text(config, weights, family, ""),
        _ => {
            config.states("vision_config");
            bind_text(config, weights, family, "text_config.")
        }
    }
}

/// Binds the image tower of a file with both.
pub fn bind_image_tower(config: &Config, weights: &Weights) -> Result<Network> {
    bind_images(config, weights, "CLIP's image tower", "vision_config.")
}

fn bind_text(config: &Config, weights: &Weights, family: &'static str, within: &str) -> Result<Network> {
    let settings = Settings { config, within };
    let tower = settings.tower(Binder::new(family, config, weights, &["text_model.", ""]), Mask::CAUSAL)?;
    let (binder, hidden) = (&tower.binder, tower.hidden);
    let vocabulary = settings.size("vocab_size", 49408)?;
    let positions = settings.size("max_position_embeddings", 77)?;
    let table = binder.tensor("embeddings.token_embedding.weight", &[vocabulary, hidden])?;
    let rows = binder.tensor("embeddings.position_embedding.weight", &[positions, hidden])?;
    let front = Front::Tokens(TokenEmbedding::new(table).with_positions(rows, 0));
    let blocks = tower.blocks(settings.layers()?)?;
    let final_norm = tower.norm("final_layer_norm")?;
    let mut stack = Stack::new("text", hidden, front, blocks, Some(final_norm)).at_most(Some(positions));
    stack.records_before_norm = true;
    let spoken_by = match settings.end_token()? {
        OLD_END => SpokenBy::LargestId,
        end => SpokenBy::Id(end as u32),
    };
    let mut network = Network::new(family, Kind::Causal, vec![stack], None);
    network.shared_space = settings.shared_space(&tower, "text_projection", spoken_by)?;
    Ok(network)
}

fn bind_images(config: &Config, weights: &Weights, family: &'static str, within: &str) -> Result<Network> {
    let settings = Settings { config, within };
    let binder = Binder::new(family, config, weights, &["vision_model.", ""]);
    let tower = settings.tower(binder, Mask::default())?;
    let (binder, hidden) = (&tower.binder, tower.hidden);
    let sizes @ [_, image, patch] = [
        settings.size("num_channels", 3)?,
        settings.size("image_size", 224)?,
        settings.size("patch_size", 32)?,
    ];
    let projection = tower.patches(sizes, None)?;
    let rows = 1 + (image / patch) * (image / patch);
    let class_token = binder.tensor("embeddings.class_embedding", &[hidden])?;
    let positions = binder.tensor("embeddings.position_embedding.weight", &[rows, hidden])?;
    // The name is spelt so in every file.
    let norm = tower.norm("pre_layrnorm")?;
    let embedding = PatchEmbedding::new(projection, sizes, class_token, Some(positions)).with_norm(norm);
    let blocks = tower.blocks(settings.layers()?)?;
    let final_norm = tower.norm("post_layernorm")?;
    let mut stack =
        Stack::new("image", hidden, Front::Patches(embedding), blocks, Some(final_norm)).at_most(Some(rows));
    stack.records_before_norm = true;
    let mut network = Network::new(family, Kind::Vision, vec![stack], None);
    network.shared_space = settings.shared_space(&tower, "visual_projection", SpokenBy::First)?;
    Ok(network)
}

/// The settings of one tower, with what transformers' CLIPTextConfig or CLIPVisionConfig sets where they
/// are missing.
struct Settings<'a> {
    config: &'a Config,
    /// The object that they lie in, with a dot: "text_config.", or "" where the file is of one tower.
    within: &'a str,
}

impl Settings<'_> {
    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.within)
    }

    fn size(&self, name: &str, default: usize) -> Result<usize> {
        Ok(self.config.optional_size(&[&self.key(name)])?.unwrap_or(default))
    }

    fn layers(&self) -> Result<usize> {
        let key = self.key("num_hidden_layers");
        match self.config.get(&key) {
            Some(_) => self.config.layers(&[&key]),
            None => Ok(12),
        }
    }

    /// The id 0 is a token, too.
    fn end_token(&self) -> Result<usize> {
        let key = self.key("eos_token_id");
        match self.config.get(&key).map(|value| (value, value.as_u64())) {
            None => Ok(49407),
            Some((_, Some(id))) if id <= u32::MAX.into() => Ok(id as usize),
            Some((value, _)) => Err(ModelError::Malformed {
                path: self.config.path().to_owned(),
                what: format!("key \"{key}\""),
                expected: "the id of a token".into(),
                found: value.to_string(),
            }),
        }
    }

    fn tower<'b>(&self, binder: Binder<'b>, mask: Mask) -> Result<Tower<'b>> {
        let reads_text = mask == Mask::CAUSAL;
        let [hidden, inner, heads] = if reads_text { [512, 2048, 8] } else { [768, 3072, 12] };
        self.config.get(&self.key("model_type"));
        let (hidden, heads) = (self.size("hidden_size", hidden)?, self.size("num_attention_heads", heads)?);
        self.config.require_multiple(&self.key("hidden_size"), hidden, "num_attention_heads", heads)?;
        Ok(Tower {
            hidden,
            heads,
            inner: self.size("intermediate_size", inner)?,
            epsilon: self.config.epsilon(&[&self.key("layer_norm_eps")], 1e-5)?,
            activation: binder.activation(&[&self.key("hidden_act")], Activation::QuickGelu)?,
            mask,
            binder,
        })
    }

    /// Where the file has the projection. The size of the space stands beside the towers' own settings;
    /// what these say of it does not count.
    fn shared_space(
        &self,
        tower: &Tower<'_>,
        projection: &str,
        spoken_by: SpokenBy,
    ) -> Result<Option<SharedSpace>> {
        let (binder, config) = (&tower.binder, self.config);
        for without_effect in [self.key("projection_dim"), "logit_scale_init_value".to_owned()] {
            config.get(&without_effect);
        }
        if !binder.has(&format!("{projection}.weight")) {
            return Ok(None);
        }
        let size = config.optional_size(&["projection_dim"])?.unwrap_or(512);
        let projection = binder.linear(projection, size, tower.hidden, Bias::No)?;
        let scale = binder.tensor_if_present("logit_scale", &[])?;
        Ok(Some(SharedSpace { spoken_by, projection, scale }))
    }
}
