//! What a model is to look at: a text, token ids, an image or pixels.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use clap::Args;
use ndarray::{Array2, Array3};

use super::inputs;
use super::standard_input::{self, file_parser};
use crate::analysis::{Stack, names};
use crate::cli::command::Shared;
use crate::cli::failure::Failure;
use crate::cli::report::{Report, Value};
use crate::cli::{model_source, progress};
use crate::model::forward::{Input, PassOptions, forward};
use crate::model::fronts::Feed;
use crate::model::network::{DECODER, Kind};
use crate::model::source::IMAGE_TOWER;
use crate::model::tokenizer::Tokens;
use crate::model::trajectory::Trajectory;
use crate::model::{Model, Trace, image, shipped, sound};

/// What a model looks at.
#[derive(Debug, Args)]
pub struct SubjectArguments {
    /// The text; - reads standard input. For an encoder-decoder, "SOURCE => TARGET" gives its decoder
    /// a text of its own
    #[arg(value_name = "TEXT")]
    text: Vec<String>,
    /// A second text, for models that read two: a question and a text that answers it
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["ids", "image", "pixels", "audio", "inputs"])]
    pair: Option<String>,
    /// The text is what a user says, put as the model's chat template asks for
    #[arg(long, conflicts_with_all = ["pair", "ids", "image", "pixels", "audio", "inputs"])]
    chat: bool,
    /// How the model is told to answer, with --chat
    #[arg(long, value_name = "TEXT", requires = "chat")]
    system: Option<String>,
    /// Token ids in place of a text: 101,7592,102
    #[arg(long, value_name = "ID", value_delimiter = ',', conflicts_with = "text")]
    ids: Option<Vec<u32>>,
    /// An image for a vision model: a PNG or JPEG file. To a model with a tower for texts and one for
    /// images, alone or beside a text
    #[arg(long, value_name = "FILE", value_parser = file_parser(), conflicts_with = "ids")]
    image: Option<PathBuf>,
    /// Normalised pixels for a vision model: the tensor pixel_values of a safetensors file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["ids", "image"])]
    pixels: Option<PathBuf>,
    /// A sound for a model that hears: a WAV file
    #[arg(long, value_name = "FILE", value_parser = file_parser(), conflicts_with_all = ["text", "ids", "image", "pixels"])]
    audio: Option<PathBuf>,
    /// Tensors of a safetensors file: input_ids (and decoder_input_ids), pixel_values, or the
    /// input_values or input_features of a sound, or the states, actions, returns_to_go and timesteps
    /// of a trajectory; of numbered cases (0.input_ids) the first
    #[arg(long, value_name = "FILE", conflicts_with_all = ["text", "ids", "image", "pixels", "audio"])]
    inputs: Option<PathBuf>,
}

/// What a model is to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Looked {
    /// A text, to be cut into tokens.
    Text(String),
    /// A text that a user says, and how the model is told to answer.
    Said {
        /// How.
        system: Option<String>,
        /// What.
        text: String,
    },
    /// Two texts, to be cut into the tokens of a pair.
    Two(String, String),
    /// Token ids.
    Ids(Vec<u32>),
    /// A text and an image.
    Captioned(String, Box<Looked>),
    /// A PNG or JPEG file.
    Image(PathBuf),
    /// A safetensors file with the tensor `pixel_values`.
    Pixels(PathBuf),
    /// A WAV file.
    Audio(PathBuf),
    /// A safetensors file with whatever the model reads.
    Inputs(PathBuf),
}

impl SubjectArguments {
    /// Refuses a text, an image or whatever else beside a batch, which has texts of its own.
    ///
    /// # Errors
    /// There is one.
    pub fn refuse_beside_batch(&self) -> Result<()> {
        let Self { text, pair, chat: _, system: _, ids, image, pixels, audio, inputs } = self;
        let paths = [image, pixels, audio, inputs].into_iter().any(Option::is_some);
        if text.is_empty() && pair.is_none() && ids.is_none() && !paths {
            return Ok(());
        }
        Err(Failure::usage("--batch has texts of its own").hint("leave the other text or image out").into())
    }

    fn looked(&self) -> Result<Looked> {
        let image = self.image.clone().map(Looked::Image).or(self.pixels.clone().map(Looked::Pixels));
        match self {
            Self { ids: Some(ids), .. } => Ok(Looked::Ids(ids.clone())),
            Self { text, .. } if image.is_some() && !text.is_empty() => {
                match (Looked::text(standard_input::text(text)?)?, image) {
                    (Looked::Text(text), Some(image)) => Ok(Looked::Captioned(text, Box::new(image))),
                    (other, _) => Ok(other),
                }
            }
            _ if image.is_some() => Ok(image.expect("just seen")),
            Self { audio: Some(path), .. } => Ok(Looked::Audio(path.clone())),
            Self { inputs: Some(path), .. } => Ok(Looked::Inputs(path.clone())),
            Self { text, chat: true, system, .. } => match Looked::text(standard_input::text(text)?)? {
                Looked::Text(text) => Ok(Looked::Said { system: system.clone(), text }),
                other => Ok(other),
            },
            Self { text, pair: None, .. } => Looked::text(standard_input::text(text)?),
            Self { text, pair: Some(pair), .. } => {
                match (Looked::text(standard_input::text(text)?)?, Looked::text(pair.clone())?) {
                    (Looked::Text(text), Looked::Text(pair)) => Ok(Looked::Two(text, pair)),
                    (other, _) => Ok(other),
                }
            }
        }
    }
}

impl Looked {
    fn to_value(&self) -> Value {
        match self {
            Self::Text(text) | Self::Said { text, .. } => Value::text(text),
            Self::Two(text, pair) => Value::List(vec![Value::text(text), Value::text(pair)]),
            Self::Captioned(text, image) => Value::List(vec![Value::text(text), image.to_value()]),
            Self::Ids(ids) => Value::List(ids.iter().map(|&id| Value::Integer(id.into())).collect()),
            Self::Image(path) | Self::Pixels(path) | Self::Audio(path) | Self::Inputs(path) => {
                Value::text(path.display().to_string())
            }
        }
    }

    /// The normalised pixels that it says, for a model that looks at images (or has a tower that does);
    /// `None` where it says none.
    fn pixels(&self, model: &Model) -> Result<Option<Array3<f32>>> {
        match self {
            Self::Image(path) => Ok(Some(image::prepare(model, path)?.pixels)),
            Self::Pixels(path) | Self::Inputs(path) => Ok(Some(inputs::pixels(path)?)),
            Self::Captioned(_, image) => image.pixels(model),
            Self::Text(_) | Self::Said { .. } | Self::Two(..) | Self::Ids(_) | Self::Audio(_) => Ok(None),
        }
    }

    fn text(text: String) -> Result<Self> {
        if text.trim().is_empty() {
            return Err(Failure::usage("the text is empty")
                .hint("give a text in quotes, or token ids: --ids 101,7592,102")
                .into());
        }
        Ok(Self::Text(text))
    }
}

/// An opened model with what it looks at.
pub struct Subject {
    /// The model.
    pub model: Arc<Model>,
    /// The tokens; for an image its patches.
    pub tokens: Tokens,
    /// The image `[C, side, side]`, for a vision model.
    pub image: Option<Array3<f32>>,
    /// The image for the tower that stands beside the model's network.
    pub image_beside: Option<Array3<f32>>,
    /// The sound `[channels, steps]`, for a model that hears.
    pub sound: Option<Array2<f32>>,
    /// The trajectory, for a model that reads such.
    pub trajectory: Option<Trajectory>,
    /// What the decoder wrote, where that was given, too.
    decoder_ids: Option<Vec<u32>>,
    looked: Looked,
}

impl Subject {
    /// Opens the model and prepares what it looks at.
    ///
    /// # Errors
    /// An empty text; those of [`model_source::open`]; a text for a vision model, or an image for another; no tokenizer; those of
    /// [`image::prepare`].
    pub fn open(arguments: &SubjectArguments, shared: &Shared) -> Result<Self> {
        Self::of_model(arguments, shared.model.as_deref())
    }

    fn of_model(arguments: &SubjectArguments, model: Option<&str>) -> Result<Self> {
        let looked = arguments.looked()?;
        let mut model = model_source::open(model)?;
        let is_image = matches!(looked, Looked::Image(_) | Looked::Pixels(_));
        if is_image && model.network.kind != Kind::Vision && model.other_tower.is_some() {
            model = model.looking_at_images()?;
        }
        Self::looking(Arc::new(model), looked)
    }

    /// A text, for a model that is open.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn of_text(model: &Arc<Model>, text: &str) -> Result<Self> {
        Self::looking(Arc::clone(model), Looked::text(text.to_owned())?)
    }

    fn looking(model: Arc<Model>, looked: Looked) -> Result<Self> {
        let given = match model.network.kind {
            Kind::Trajectory => Given::followed(&model, &looked)?,
            _ if model.network.front().hears().is_some() => Given::heard(&model, &looked)?,
            Kind::Vision => Given::seen(&model, &looked)?,
            _ => Given::read(&model, &looked)?,
        };
        let Given { tokens, image, image_beside, sound, trajectory, decoder_ids } = given;
        Ok(Self { model, tokens, image, image_beside, sound, trajectory, decoder_ids, looked })
    }

    /// The same, of a model that predicts tokens: where none is named, the shipped one that does.
    ///
    /// # Errors
    /// Those of [`Self::open`]; no answer, for a model without an output matrix.
    pub fn open_predicting(arguments: &SubjectArguments, shared: &Shared) -> Result<Self> {
        let subject = Self::of_model(arguments, Some(predicting(shared)))?;
        check_predicts(&subject.model)?;
        Ok(subject)
    }

    /// As [`Self::open_predicting`], or of a model that compares what it reads with what another network
    /// does.
    ///
    /// # Errors
    /// Those of [`Self::open_predicting`].
    pub fn open_predicting_or_comparing(arguments: &SubjectArguments, shared: &Shared) -> Result<Self> {
        let subject = Self::of_model(arguments, Some(predicting(shared)))?;
        if subject.model.network.shared_space.is_none() {
            check_predicts(&subject.model)?;
        }
        Ok(subject)
    }

    /// Runs the model.
    ///
    /// # Errors
    /// Those of [`forward`].
    pub fn run(&self, options: &PassOptions) -> Result<Trace> {
        note_length(&self.model, self.tokens.len());
        let trace = progress::shown("running the model", |progress| {
            forward(&self.model.network, &self.input(), options, progress)
        })?;
        Ok(trace)
    }

    /// Runs the tower beside the model's network, where it was given something.
    ///
    /// # Errors
    /// Those of [`forward`].
    pub fn run_beside(&self, options: &PassOptions) -> Result<Option<Trace>> {
        let (Some(tower), Some(image)) = (&self.model.other_tower, &self.image_beside) else {
            return Ok(None);
        };
        let trace = progress::shown("running the other tower", |progress| {
            forward(tower, &Input::Image(image.view()), options, progress)
        })?;
        Ok(Some(trace))
    }

    /// Whether it is what a user says to a model that chats.
    pub fn is_said(&self) -> bool {
        matches!(self.looked, Looked::Said { .. })
    }

    /// What the decoder was given, where it was given something of its own.
    pub fn written(&self) -> Option<&[u32]> {
        self.decoder_ids.as_deref()
    }

    /// What goes into the model.
    pub fn input(&self) -> Input<'_> {
        if let Some(trajectory) = &self.trajectory {
            return Input::Trajectory(trajectory);
        }
        if let Some(sound) = &self.sound {
            return match &self.decoder_ids {
                Some(decoder) => Input::Each(vec![Feed::Sound(sound.view()), Feed::Tokens(decoder)]),
                None => Input::Sound(sound.view()),
            };
        }
        match (&self.image, &self.decoder_ids) {
            (Some(image), _) => Input::Image(image.view()),
            (None, Some(decoder)) => Input::Pair(&self.tokens.ids, decoder),
            (None, None) if self.tokens.types.iter().any(|&kind| kind > 0) => {
                Input::Typed(&self.tokens.ids, &self.tokens.types)
            }
            (None, None) => Input::Tokens(&self.tokens.ids),
        }
    }

    /// What a file of its tensors says of them.
    ///
    /// # Errors
    /// None that can be expected: pieces are text.
    pub fn about(&self) -> Result<serde_json::Value> {
        let tokens = serde_json::to_string(&self.tokens.pieces)?;
        let family = self.model.network.family;
        Ok(serde_json::json!({"model": self.model.name, "family": family, "tokens": tokens}))
    }

    /// A report that begins with what was asked and of which model.
    pub fn report(&self) -> Report {
        Report::default().fact("query", self.looked.to_value()).fact("model", Value::text(&self.model.name))
    }

    /// The tokens that `wanted` means, as [`find_token`] does.
    ///
    /// # Errors
    /// No such token, with those that are there.
    pub fn tokens_called(&self, option: &str, wanted: &str) -> Result<Vec<usize>> {
        find_token(option, &self.labels(), wanted)
    }

    /// The tokens as labels.
    pub fn labels(&self) -> Vec<String> {
        names::labels(&self.tokens)
    }

    /// Labels for the rows and the columns of the maps of `stack`.
    pub fn axes(&self, stack: Stack, trace: &Trace) -> (Vec<String>, Vec<String>) {
        let encoder = || self.labels();
        let decoder = || names::labels(&self.decoder_tokens(trace));
        match stack {
            Stack::Text => (encoder(), encoder()),
            Stack::Decoder => (decoder(), decoder()),
            Stack::Cross => (decoder(), encoder()),
        }
    }

    /// The decoder's tokens in a pass.
    pub fn decoder_tokens(&self, trace: &Trace) -> Tokens {
        names::described(&self.model, trace.tokens(DECODER))
    }
}

/// What was given to a model, made ready for it.
#[derive(Default)]
struct Given {
    tokens: Tokens,
    image: Option<Array3<f32>>,
    image_beside: Option<Array3<f32>>,
    sound: Option<Array2<f32>>,
    trajectory: Option<Trajectory>,
    decoder_ids: Option<Vec<u32>>,
}

impl Given {
    /// To a model that reads text.
    fn read(model: &Arc<Model>, looked: &Looked) -> Result<Self> {
        let mut given = Self::default();
        given.tokens = match looked {
            Looked::Text(text) => {
                let (tokens, target) = model.encode_with_target(text)?;
                given.decoder_ids = target;
                tokens
            }
            Looked::Said { system, text } => model.encode_chat(system.as_deref(), text)?,
            Looked::Two(text, pair) => two(model, text, pair)?,
            Looked::Captioned(text, _) if model.other_tower.is_some() => {
                given.image_beside = looked.pixels(model)?;
                model.encode(text)?
            }
            Looked::Ids(ids) => names::described(model, ids),
            Looked::Inputs(path) => {
                if model.other_tower.is_some() && inputs::has(path, inputs::PIXELS)? {
                    given.image_beside = Some(inputs::pixels(path)?);
                }
                if model.network.kind == Kind::EncoderDecoder {
                    given.decoder_ids = inputs::ids(path, "decoder_input_ids")?;
                }
                let ids = inputs::ids(path, "input_ids")?;
                let ids = ids.ok_or_else(|| inputs::missing(path, "input_ids"))?;
                let types = inputs::ids(path, "token_type_ids")?.unwrap_or_default();
                Tokens { types, ..names::described(model, &ids) }
            }
            Looked::Captioned(..) => {
                return Err(Failure::usage(format!("{} reads text, without an image", model.name))
                    .hint("give one of the two, or a model with a tower for each")
                    .into());
            }
            Looked::Image(_) | Looked::Pixels(_) | Looked::Audio(_) => {
                let other = if matches!(looked, Looked::Audio(_)) { "sounds" } else { "images" };
                return Err(Failure::usage(format!("{} reads text, not {other}", model.name))
                    .hint("give a TEXT, or another model: --model FOLDER")
                    .into());
            }
        };
        let needs_more = model.network.kind == Kind::EncoderDecoder && !model.network.has_decoder();
        if given.decoder_ids.is_none() && needs_more {
            return Err(Failure::usage(format!("{} needs what its decoder writes, too", model.name))
                .hint("give --inputs FILE.safetensors with input_ids and decoder_input_ids")
                .into());
        }
        Ok(given)
    }

    /// To a model that looks at images.
    fn seen(model: &Arc<Model>, looked: &Looked) -> Result<Self> {
        let pixels = match looked {
            Looked::Audio(_) => {
                return Err(Failure::usage(format!("{} looks at images, it does not hear", model.name))
                    .hint("give --image FILE, or a model that hears: --model FOLDER")
                    .into());
            }
            Looked::Captioned(..) => None,
            _ => looked.pixels(model)?,
        };
        let Some(pixels) = pixels else { return Err(no_text(model, looked).into()) };
        let tokens = image::patch_tokens(&model.network, Some(pixels.view()));
        Ok(Self { tokens, image: Some(pixels), ..Self::default() })
    }

    /// To a model that hears.
    fn heard(model: &Arc<Model>, looked: &Looked) -> Result<Self> {
        let (heard, written) = match (looked, model.network.front().hears()) {
            (Looked::Audio(path), _) => (sound::prepare(model, path)?, None),
            (Looked::Inputs(path), Some(hears)) => {
                (inputs::sound(path, hears)?, inputs::ids(path, "decoder_input_ids")?)
            }
            _ => {
                return Err(Failure::usage(format!("{} hears sounds, nothing else", model.name))
                    .hint("give --audio FILE.wav, or --inputs FILE.safetensors")
                    .into());
            }
        };
        let start = model.network.start_token();
        Ok(Self {
            tokens: sound::frame_tokens(&model.network, heard.ncols()),
            decoder_ids: start.map(|start| written.unwrap_or_else(|| vec![start])),
            sound: Some(heard),
            ..Self::default()
        })
    }

    /// To a model that reads trajectories.
    fn followed(model: &Arc<Model>, looked: &Looked) -> Result<Self> {
        let Looked::Inputs(path) = looked else {
            return Err(Failure::usage(format!("{} reads trajectories, nothing else", model.name))
                .hint("give --inputs FILE.safetensors with returns_to_go, states, actions and timesteps")
                .into());
        };
        let trajectory = inputs::trajectory(path)?;
        Ok(Self { tokens: trajectory.tokens(), trajectory: Some(trajectory), ..Self::default() })
    }
}

/// Says on stderr where a text of so many tokens is longer than those that the model learned from.
pub fn note_length(model: &Model, tokens: usize) {
    if let Some(remark) = model.network.last_stack().beyond_what_it_learned(tokens) {
        // A courtesy: the answer stands whether or not it can be told.
        let _ = writeln!(io::stderr(), "note: {remark}");
    }
}

/// The tokens that `wanted` means, the value of `option`: a position, or all tokens that read so.
///
/// # Errors
/// No such token, with those that are there.
pub fn find_token(option: &str, labels: &[String], wanted: &str) -> Result<Vec<usize>> {
    let wanted = wanted.trim();
    let found: Vec<usize> = match wanted.parse::<usize>() {
        Ok(position) if position < labels.len() => vec![position],
        _ => (0..labels.len()).filter(|&token| labels[token] == wanted).collect(),
    };
    if found.is_empty() {
        let last = labels.len().saturating_sub(1);
        return Err(Failure::usage(format!("{option} {wanted}: there is no such token"))
            .hint(format!("give a position from 0 to {last}, or one of {}", labels.join(" ")))
            .into());
    }
    Ok(found)
}

/// The model that is meant where tokens are predicted.
fn predicting(shared: &Shared) -> &str {
    shared.model.as_deref().unwrap_or(shipped::WRITER)
}

/// The model that is meant where tokens are predicted, opened for many texts.
///
/// # Errors
/// Those of [`model_source::open`]; no answer, for a model without an output matrix.
pub fn predicting_model(shared: &Shared) -> Result<Arc<Model>> {
    let model = model_source::open(Some(predicting(shared)))?;
    check_predicts(&model)?;
    Ok(Arc::new(model))
}

fn check_predicts(model: &Model) -> Result<()> {
    if model.network.head.is_some() {
        return Ok(());
    }
    let name = &model.name;
    if model.network.shared_space.is_some() {
        return Err(Failure::no_answer(format!("{name} compares texts with images, it predicts no tokens"))
            .hint("lexiscope predict TEXT --image FILE")
            .into());
    }
    if model.network.trajectory_head.is_some() {
        return Err(Failure::no_answer(format!("{name} foresees numbers, not tokens"))
            .hint("they stand in a trace: lexiscope trace --inputs FILE --to FILE")
            .into());
    }
    Err(Failure::no_answer(format!("{name} has no output matrix (a base model), so it predicts nothing"))
        .hint("give a causal or masked-language model: --model FOLDER|FILE|NAME")
        .into())
}

/// The tokens of two texts.
fn two(model: &Model, text: &str, pair: &str) -> Result<Tokens> {
    if model.network.kind == Kind::EncoderDecoder {
        return Err(Failure::usage(format!("{} reads one text and writes another", model.name))
            .hint("write \"SOURCE => TARGET\"")
            .into());
    }
    Ok(model.tokenizer()?.encode_pair(text, pair)?)
}

/// A text was given to a model that looks at images.
fn no_text(model: &Model, looked: &Looked) -> Failure {
    let hint = match looked {
        Looked::Captioned(..) if model.other_tower.is_some() => {
            format!("leave {IMAGE_TOWER} out: the model has a tower for texts, too")
        }
        Looked::Captioned(..) => "leave the text out".into(),
        Looked::Text(text) if Path::new(text).is_file() => format!("give it as an image: --image \"{text}\""),
        _ => "give --image FILE (PNG or JPEG), or --pixels FILE.safetensors with normalised pixel_values"
            .into(),
    };
    Failure::usage(format!("{} looks at images, not at text", model.name)).hint(hint)
}
