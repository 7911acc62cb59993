//! One file a family: each turns `config.json` and tensor names into the description of a network.

mod albert;
mod audio_spectrogram;
mod bart;
mod beit;
mod bert;
mod bloom;
mod classifier;
mod clip;
mod cohere;
mod deberta_v2;
mod decision_transformer;
mod decoder;
mod dinov2;
mod distilbert;
mod electra;
mod falcon;
mod gemma;
mod gpt2;
mod gpt_bigcode;
mod gpt_neo;
mod gpt_neox;
mod gptj;
mod granite;
mod lab;
mod lfm2;
mod llama;
mod mamba;
mod mixtral;
mod modernbert;
mod mpnet;
mod olmo2;
mod opt;
mod phi;
mod phi3;
mod qwen3_moe;
mod recurrent_gemma;
mod rwkv;
mod siglip;
mod smollm3;
mod stablelm;
mod starcoder2;
mod t5;
mod tower;
mod vit;
mod wav2vec2;
mod whisper;

use super::config::Config;
use super::error::{ModelError, Result};
use super::network::Network;
use super::weights::Weights;

/// A family: its names, and how it is bound.
pub struct Family {
    /// `model_type` in `config.json`.
    pub model_type: &'static str,
    /// Its kin.
    pub group: Group,
    /// As users call it.
    pub name: &'static str,
    bind: fn(&'static str, &Config, &Weights) -> Result<Network>,
}

/// Families that do the same with what they read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Read a text from both sides.
    Encoder,
    /// Write a text on.
    Decoder,
    /// Write a text on, by experts.
    Experts,
    /// Write a text on, by states that run along it, alone or beside attention.
    Hybrid,
    /// Read one text and write another.
    EncoderDecoder,
    /// Look at images.
    Vision,
    /// Hear sounds.
    Sound,
    /// See what was done, and foresee what to do.
    Trajectory,
    /// The networks of the textbooks, which this program trains itself.
    Textbook,
}

impl Group {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Encoder,
        Self::Decoder,
        Self::Experts,
        Self::Hybrid,
        Self::EncoderDecoder,
        Self::Vision,
        Self::Sound,
        Self::Trajectory,
        Self::Textbook,
    ];

    /// What they do, in a few words.
    pub fn title(self) -> &'static str {
        match self {
            Self::Encoder => "encoders",
            Self::Decoder => "decoders",
            Self::Experts => "decoders with experts",
            Self::Hybrid => "recurrences and hybrids",
            Self::EncoderDecoder => "encoder-decoders",
            Self::Vision => "images",
            Self::Sound => "sounds",
            Self::Trajectory => "trajectories",
            Self::Textbook => "textbooks",
        }
    }
}

/// The families of Hugging Face's transformers.
pub const FAMILIES: &[Family] = &[
    Family { model_type: "bert", group: Group::Encoder, name: "BERT", bind: bert::bind },
    Family { model_type: "distilbert", group: Group::Encoder, name: "DistilBERT", bind: distilbert::bind },
    Family { model_type: "roberta", group: Group::Encoder, name: "RoBERTa", bind: bert::bind_roberta },
    Family { model_type: "albert", group: Group::Encoder, name: "ALBERT", bind: albert::bind },
    Family { model_type: "electra", group: Group::Encoder, name: "ELECTRA", bind: electra::bind },
    Family { model_type: "mpnet", group: Group::Encoder, name: "MPNet", bind: mpnet::bind },
    Family { model_type: "deberta-v2", group: Group::Encoder, name: "DeBERTa v2", bind: deberta_v2::bind },
    Family { model_type: "modernbert", group: Group::Encoder, name: "ModernBERT", bind: modernbert::bind },
    Family { model_type: "gpt2", group: Group::Decoder, name: "GPT-2", bind: gpt2::bind },
    Family { model_type: "gpt_neo", group: Group::Decoder, name: "GPT-Neo", bind: gpt_neo::bind },
    Family { model_type: "gpt_neox", group: Group::Decoder, name: "GPT-NeoX", bind: gpt_neox::bind },
    Family { model_type: "opt", group: Group::Decoder, name: "OPT", bind: opt::bind },
    Family { model_type: "bloom", group: Group::Decoder, name: "BLOOM", bind: bloom::bind },
    Family { model_type: "llama", group: Group::Decoder, name: "Llama", bind: llama::bind },
    Family { model_type: "mistral", group: Group::Decoder, name: "Mistral", bind: llama::bind },
    Family { model_type: "qwen2", group: Group::Decoder, name: "Qwen2", bind: llama::bind },
    Family { model_type: "qwen3", group: Group::Decoder, name: "Qwen3", bind: llama::bind },
    Family { model_type: "mixtral", group: Group::Experts, name: "Mixtral", bind: mixtral::bind },
    Family {
        model_type: "qwen3_moe",
        group: Group::Experts,
        name: "Qwen3 with experts",
        bind: qwen3_moe::bind,
    },
    Family { model_type: "smollm3", group: Group::Decoder, name: "SmolLM3", bind: smollm3::bind },
    Family { model_type: "granite", group: Group::Decoder, name: "Granite", bind: granite::bind },
    Family { model_type: "olmo2", group: Group::Decoder, name: "OLMo 2", bind: olmo2::bind },
    Family { model_type: "gemma", group: Group::Decoder, name: "Gemma", bind: gemma::bind },
    Family { model_type: "gemma2", group: Group::Decoder, name: "Gemma 2", bind: gemma::bind_2 },
    Family { model_type: "gemma3_text", group: Group::Decoder, name: "Gemma 3", bind: gemma::bind_3 },
    Family { model_type: "phi", group: Group::Decoder, name: "Phi", bind: phi::bind },
    Family { model_type: "phi3", group: Group::Decoder, name: "Phi-3", bind: phi3::bind },
    Family { model_type: "stablelm", group: Group::Decoder, name: "StableLM", bind: stablelm::bind },
    Family { model_type: "starcoder2", group: Group::Decoder, name: "StarCoder2", bind: starcoder2::bind },
    Family { model_type: "cohere", group: Group::Decoder, name: "Command R", bind: cohere::bind },
    Family { model_type: "falcon", group: Group::Decoder, name: "Falcon", bind: falcon::bind },
    Family { model_type: "gptj", group: Group::Decoder, name: "GPT-J", bind: gptj::bind },
    Family { model_type: "codegen", group: Group::Decoder, name: "CodeGen", bind: gptj::bind_codegen },
    Family { model_type: "gpt_bigcode", group: Group::Decoder, name: "GPT-BigCode", bind: gpt_bigcode::bind },
    Family { model_type: "lfm2", group: Group::Hybrid, name: "LFM2", bind: lfm2::bind },
    Family {
        model_type: "recurrent_gemma",
        group: Group::Hybrid,
        name: "RecurrentGemma",
        bind: recurrent_gemma::bind,
    },
    Family { model_type: "mamba", group: Group::Hybrid, name: "Mamba", bind: mamba::bind },
    Family { model_type: "rwkv", group: Group::Hybrid, name: "RWKV", bind: rwkv::bind },
    Family { model_type: "t5", group: Group::EncoderDecoder, name: "T5", bind: t5::bind },
    Family { model_type: "bart", group: Group::EncoderDecoder, name: "BART", bind: bart::bind },
    Family { model_type: "marian", group: Group::EncoderDecoder, name: "Marian", bind: bart::bind_marian },
    Family { model_type: "wav2vec2", group: Group::Sound, name: "wav2vec 2.0", bind: wav2vec2::bind },
    Family { model_type: "hubert", group: Group::Sound, name: "HuBERT", bind: wav2vec2::bind_hubert },
    Family {
        model_type: "audio-spectrogram-transformer",
        group: Group::Sound,
        name: "AST",
        bind: audio_spectrogram::bind,
    },
    Family { model_type: "whisper", group: Group::Sound, name: "Whisper", bind: whisper::bind },
    Family {
        model_type: "decision_transformer",
        group: Group::Trajectory,
        name: "Decision Transformer",
        bind: decision_transformer::bind,
    },
    Family { model_type: "vit", group: Group::Vision, name: "ViT", bind: vit::bind },
    Family { model_type: "deit", group: Group::Vision, name: "DeiT", bind: vit::bind_deit },
    Family { model_type: "dinov2", group: Group::Vision, name: "DINOv2", bind: dinov2::bind },
    Family {
        model_type: "dinov2_with_registers",
        group: Group::Vision,
        name: "DINOv2 with registers",
        bind: dinov2::bind_with_registers,
    },
    Family {
        model_type: "siglip_vision_model",
        group: Group::Vision,
        name: "SigLIP's image tower",
        bind: siglip::bind,
    },
    Family { model_type: "beit", group: Group::Vision, name: "BEiT", bind: beit::bind },
    Family { model_type: "clip", group: Group::Vision, name: "CLIP", bind: clip::bind },
];

/// The networks that this program trains itself, and those of the textbooks.
pub const LAB: &[Family] = &[
    Family { model_type: "rnn", group: Group::Textbook, name: "RNN", bind: lab::recurrent::bind },
    Family { model_type: "gru", group: Group::Textbook, name: "GRU", bind: lab::recurrent::bind },
    Family { model_type: "lstm", group: Group::Textbook, name: "LSTM", bind: lab::recurrent::bind },
    Family {
        model_type: "lstm_attention",
        group: Group::Textbook,
        name: "LSTM with attention",
        bind: lab::hybrid::bind,
    },
    Family {
        model_type: "transformer",
        group: Group::Textbook,
        name: "Transformer",
        bind: lab::transformer::bind,
    },
    Family {
        model_type: "seq2seq",
        group: Group::Textbook,
        name: "LSTM encoder-decoder",
        bind: lab::seq2seq::bind,
    },
    Family { model_type: "cnn", group: Group::Textbook, name: "Convolutional network", bind: lab::cnn::bind },
];

/// Every family that is known.
pub fn all() -> impl Iterator<Item = &'static Family> {
    FAMILIES.iter().chain(LAB)
}

/// Other names in `model_type`, each with the family whose network it is.
pub const ALSO: &[(&str, &str)] = &[
    ("xlm-roberta", "roberta"),
    ("camembert", "roberta"),
    ("data2vec-text", "roberta"),
    ("mt5", "t5"),
    ("vit_msn", "vit"),
    ("clip_text_model", "clip"),
    ("clip_vision_model", "clip"),
];

/// The families with a network for images beside the one that [`bind`] gives.
const WITH_IMAGES: &[(&str, BindImages)] = &[("clip", clip::bind_image_tower)];

/// Binds a network for images.
type BindImages = fn(&Config, &Weights) -> Result<Network>;

/// Binds `weights` as `config` says.
///
/// # Errors
/// [`ModelError::Unsupported`] for a family that is not known, and whatever is wrong with the
/// configuration or the tensors.
pub fn bind(config: &Config, weights: &Weights) -> Result<Network> {
    let Some(model_type) = config.text(&["model_type"]) else {
        return Err(ModelError::Malformed {
            path: config.path().to_owned(),
            what: "key \"model_type\"".into(),
            expected: "the name of a family, such as \"bert\"".into(),
            found: "nothing".into(),
        });
    };
    refuse_what_no_family_reads(config)?;
    let family = ALSO.iter().find(|(other, _)| *other == model_type).map_or(model_type, |(_, family)| family);
    match all().find(|known| known.model_type == family) {
        Some(family) => {
            let network = (family.bind)(family.name, config, weights)?;
            classifier::with_classifier(network, config, weights)
        }
        None => {
            let others = ALSO.iter().map(|(other, _)| *other);
            let known: Vec<&str> = all().map(|family| family.model_type).chain(others).collect();
            Err(ModelError::Unsupported {
                path: config.path().to_owned(),
                what: format!("the family \"{model_type}\" is not known"),
                advice: format!("known are {}", known.join(", ")),
            })
        }
    }
}

/// Binds the network for images that stands beside the one of [`bind`], where the family has such.
///
/// # Errors
/// As [`bind`].
pub fn bind_image_tower(config: &Config, weights: &Weights) -> Result<Option<Network>> {
    let model_type = config.text(&["model_type"]);
    let found = WITH_IMAGES.iter().find(|(family, _)| Some(*family) == model_type);
    found.map(|(_, bind)| bind(config, weights)).transpose()
}

/// Settings of any family that change every number.
fn refuse_what_no_family_reads(config: &Config) -> Result<()> {
    if config.flag("add_cross_attention", false)? {
        return Err(config.unsupported("add_cross_attention is set: it attends to a text that nobody gives"));
    }
    let pruned = config.get("pruned_heads").and_then(|heads| heads.as_object());
    if pruned.is_some_and(|heads| !heads.is_empty()) {
        return Err(config.unsupported("pruned_heads names heads that were taken out"));
    }
    if config.get("quantization_config").is_some() {
        return Err(
            config.unsupported("quantization_config: its weights are packed in a way that is not read")
        );
    }
    Ok(())
}
