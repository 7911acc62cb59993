//! The commands of models and attention as typed; see [`super::arguments`].

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::arguments::{LowOutput, OutputFormat};

/// One subcommand about a model.
#[derive(Debug, Subcommand)]
pub enum LowModelCommand {
    /// Which token looks at which: an attention map
    ///
    /// Layers and heads are counted from 0, as on the screen. Without --head the map is the mean over
    /// the heads of the layer; without --layer it is the last layer's. Rows are the tokens that look,
    /// columns those looked at.
    #[command(after_help = ATTEND_HELP)]
    Attend {
        #[command(flatten)]
        subject: LowSubject,
        /// The layer, from 0; the last one unless given
        #[arg(long, value_name = "N")]
        layer: Option<usize>,
        /// The head, from 0
        #[arg(long, value_name = "N")]
        head: Option<usize>,
        /// What the map shows: of one head weights, scores or norm; of all heads mean or rollout
        #[arg(long, value_enum)]
        view: Option<LowView>,
        /// Which attention of an encoder-decoder model
        #[arg(long, value_enum, default_value_t)]
        stack: LowStack,
        /// Switch a head off and show the map before and after: 2.5 is head 5 of layer 2
        #[arg(long, value_name = "LAYER.HEAD", value_delimiter = ',')]
        off: Vec<String>,
        /// Hide a token from all others, by its position or its text, and show before and after
        #[arg(long, value_name = "TOKEN")]
        hide: Vec<String>,
        #[command(flatten)]
        output: LowMapOutput,
    },
    /// What kind of head each is: labels and figures of all heads on a text
    ///
    /// Layers and heads are counted from 0. Entropy is in nats, distance in tokens; first_token is
    /// the share of attention that goes to the first token.
    Heads {
        #[command(flatten)]
        subject: LowSubject,
        #[command(flatten)]
        output: LowOutput,
    },
    /// Write everything that one forward pass computes into a safetensors file
    ///
    /// Names: input_ids, attention.N, hidden_state.N, logits; in an encoder-decoder model
    /// encoder_attention.N, decoder_attention.N, cross_attention.N; for an image pixel_values. All
    /// other stages stand beside them, as embedding.tokens or layer.N.attention.query.
    Trace {
        #[command(flatten)]
        subject: LowSubject,
        /// The file to write
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
        /// Attention weights, hidden states and logits only
        #[arg(long)]
        weights_only: bool,
        #[command(flatten)]
        output: LowOutput,
    },
    /// What a model expects: the next token, or the tokens behind a mask
    ///
    /// A causal model predicts the next token, a masked model every [MASK] (or <mask>) of the text.
    Predict {
        #[command(flatten)]
        subject: LowSubject,
        /// What every layer would predict (the logit lens)
        #[arg(long, conflicts_with = "generate")]
        lens: bool,
        /// How many candidates a place
        #[arg(short = 'k', long, value_name = "COUNT", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
        count: u32,
        /// Write N tokens on
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        generate: Option<u32>,
        /// 0 takes the likeliest token; larger values are bolder
        #[arg(long, value_name = "T", default_value_t = 0.0, requires = "generate")]
        temperature: f32,
        /// Choose among the K likeliest only
        #[arg(long, value_name = "K", requires = "temperature", value_parser = clap::value_parser!(u32).range(1..))]
        top_k: Option<u32>,
        /// Choose among the likeliest that make up this share only
        #[arg(long, value_name = "P", requires = "temperature")]
        top_p: Option<f32>,
        /// Where the random choices start
        #[arg(long, value_name = "N", default_value_t = 1, requires = "temperature")]
        seed: u64,
        #[command(flatten)]
        output: LowOutput,
    },
    /// How positions are told apart: the table of a method, and similarity by distance
    ///
    /// Without --kind it is the method of the model itself, with the model's own numbers.
    Positions {
        /// The method
        #[arg(long, value_enum)]
        kind: Option<LowPositions>,
        /// How many positions
        #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(2..=4096))]
        count: u32,
        /// How many dimensions (for alibi: heads); the model's own unless given
        #[arg(long, value_name = "D", value_parser = clap::value_parser!(u32).range(2..=8192))]
        dimensions: Option<u32>,
        #[command(flatten)]
        output: LowMapOutput,
    },
    /// How a model's tokenizer cuts a text
    Tokens {
        #[command(flatten)]
        subject: LowSubject,
        #[command(flatten)]
        output: LowOutput,
    },
    /// Which models are found where
    ///
    /// Lists the shipped model, those in the local Hugging Face cache, and those in the folders given.
    Models {
        /// Folders to look into: model folders, .gguf files, or folders with such
        folders: Vec<PathBuf>,
        #[command(flatten)]
        output: LowOutput,
    },
}

const ATTEND_HELP: &str = "\
Examples:
  lexiscope attend \"the cat sat on the mat because it was tired\" --layer 5 --head 11
  lexiscope attend \"the cat sat\" --view rollout --format svg > rollout.svg
  lexiscope attend \"the cat sat\" --layer 3 --head 1 --off 0.2,1.4 --hide cat
  lexiscope attend --model google/vit-base-patch16-224 --image cat.jpg --layer 11 --head 0";

/// What a model looks at.
#[derive(Debug, Args)]
pub struct LowSubject {
    /// The text
    #[arg(value_name = "TEXT")]
    pub text: Vec<String>,
    /// Token ids in place of a text: 101,7592,102
    #[arg(long, value_name = "ID", value_delimiter = ',', conflicts_with = "text")]
    pub ids: Option<Vec<u32>>,
    /// An image for a vision model: a PNG or JPEG file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["text", "ids"])]
    pub image: Option<PathBuf>,
    /// Normalised pixels for a vision model: the tensor pixel_values of a safetensors file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["text", "ids", "image"])]
    pub pixels: Option<PathBuf>,
}

/// The shape of an answer that can be drawn.
#[derive(Debug, Args)]
pub struct LowMapOutput {
    /// Shape of the answer
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: MapFormat,
}

/// The shape of an answer that can be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum MapFormat {
    /// Aligned columns for people
    #[default]
    Plain,
    /// One JSON object
    Json,
    /// Comma-separated, with a heading; one line a cell
    Csv,
    /// Tab-separated, with a heading; one line a cell
    Tsv,
    /// A drawing with labels and legend
    Svg,
}

impl From<MapFormat> for OutputFormat {
    fn from(format: MapFormat) -> Self {
        match format {
            MapFormat::Plain => Self::Plain,
            MapFormat::Json => Self::Json,
            MapFormat::Csv => Self::Csv,
            MapFormat::Tsv => Self::Tsv,
            MapFormat::Svg => Self::Svg,
        }
    }
}

/// What an attention map shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LowView {
    /// After the softmax; rows sum to 1
    Weights,
    /// Before it; nothing where masked
    Scores,
    /// Weights times the length of what they carry (Kobayashi et al. 2020)
    Norm,
    /// From the first layer up to this one (Abnar and Zuidema 2020)
    Rollout,
    /// Mean of the weights over the heads
    Mean,
}

/// Which attention of an encoder-decoder model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum LowStack {
    /// The encoder's, or the only one
    #[default]
    Encoder,
    /// The decoder's to itself
    Decoder,
    /// The decoder's to the encoder
    Cross,
}

/// A method of telling positions apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LowPositions {
    /// Waves of rising length, added (Vaswani et al. 2017)
    Sinusoidal,
    /// A table that the model learned, added
    Learned,
    /// Queries and keys turned (Su et al. 2021)
    Rotary,
    /// A penalty on distance (Press et al. 2022)
    Alibi,
    /// A learned bias a bucket of distances (Raffel et al. 2020)
    T5,
}
