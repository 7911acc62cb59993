//! What a folder, a GGUF file and the shipped model all become before a family binds it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::chat::Chat;
use super::config::Config;
use super::network::Network;
use super::tokenizer::Tokenizer;
use super::weights::Weights;
use super::writing_rules::WritingRules;

/// A model's files, read.
#[derive(Debug)]
pub struct Checkpoint {
    /// What to call it on the screen, such as `minilm-l6`.
    pub name: String,
    /// The folder or file; `None` for the shipped model.
    pub path: Option<PathBuf>,
    /// What kind of network it is, and how large.
    pub config: Config,
    /// The named tensors.
    pub weights: Weights,
    /// The tokenizer; a vision model has none, and a folder may lack one.
    pub tokenizer: Option<Tokenizer>,
    /// The names of the classes of a classifier, by number.
    pub labels: BTreeMap<usize, String>,
    /// How it wants to be told who says what, where it says it.
    pub chat: Option<Chat>,
    /// What it wants of the texts that it writes.
    pub writing: WritingRules,
    /// What of the files is not understood, a sentence each.
    pub remarks: Vec<String>,
}

impl Checkpoint {
    /// What of the files was not understood, once `networks` are bound to them: besides the remarks of
    /// their readers, settings that nobody asked for and tensors that nobody holds.
    pub fn remarks<'a>(&self, networks: impl Iterator<Item = &'a Network>) -> Vec<String> {
        let mut remarks = self.remarks.clone();
        let unread = self.config.unread();
        if !unread.is_empty() {
            remarks.push(format!("settings that are not understood: {}", unread.join(", ")));
        }
        let held: BTreeSet<&str> =
            networks.flat_map(Network::parameters).map(|parameter| parameter.stored_name()).collect();
        let mut unused: Vec<&str> =
            self.weights.names().filter(|name| !held.contains(name) && !is_constant(name)).collect();
        unused.sort_unstable();
        if let Some(&first) = unused.first() {
            let others = unused.len() - 1;
            let others = if others == 0 { String::new() } else { format!(" and {others} more") };
            remarks.push(format!("tensors that are not used: {first}{others}"));
        }
        remarks
    }
}

/// Whether a tensor changes no number that is computed here: masks, places and frequencies that old
/// versions of transformers stored, copies of the token table under another name, what stands in for
/// patches and sounds that are hidden in training, and the factors of the frequencies of a GGUF file,
/// which are read with the configuration.
fn is_constant(name: &str) -> bool {
    const ENDINGS: [&str; 13] = [
        "position_ids",
        "attn.bias",
        "attn.masked_bias",
        "attn.attention.bias",
        "attn.attention.masked_bias",
        "attention.bias",
        "attention.masked_bias",
        "rotary_emb.inv_freq",
        "rope_freqs.weight",
        "relative_position_index",
        "embeddings.mask_token",
        "masked_spec_embed",
        // The one word of the GPT-2 inside a Decision Transformer.
        "encoder.wte.weight",
    ];
    const COPIES: [&str; 4] = [
        "encoder.embed_tokens.weight",
        "decoder.embed_tokens.weight",
        "predictions.decoder.bias",
        "lm_head.decoder.bias",
    ];
    ENDINGS.iter().chain(&COPIES).any(|ending| name.ends_with(ending))
}
