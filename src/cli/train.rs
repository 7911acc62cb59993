//! `train`: a small network from a text, or from digits.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;

use super::arguments::choices::{Choice, Choices};
use super::arguments::format::FormatArguments;
use super::arguments::standard_input::file_parser;
use super::command::{Answer, Command, Shared};
use super::failure::Failure;
use super::progress;
use super::report::{Report, Value};
use crate::lab::blueprint::{Blueprint, NetworkKind, TransformerChoices};
use crate::lab::corpus::{Corpus, Repeats};
use crate::lab::digits::{self, Digits};
use crate::lab::lessons::Lessons;
use crate::lab::saved::SavedTraining;
use crate::lab::training::{Training, TrainingSettings, bytes_needed};
use crate::lab::vocabulary;
use crate::model::loss::Judgement;
use crate::model::tokenizer::Tokenizer;
use crate::numerals::spoken;
use crate::progress::Progress;
use crate::vectors::formats::container;

/// Train a small network on a text
///
/// Networks of the kinds cnn and vit look at images: they learn the handwritten digits inside the program,
/// and no TEXT is given.
///
/// The result is a folder in the Hugging Face layout: --model FOLDER opens it everywhere. Its tensors
/// have PyTorch's names. Whatever stops the training, --resume goes on from the last step that was kept,
/// and ends with the same weights.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The text, as UTF-8
    #[arg(value_name = "TEXT", value_parser = file_parser())]
    text: Option<PathBuf>,
    /// The folder to write
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
    /// Which kind of network
    #[arg(long, default_value = "causal", value_parser = KINDS.parser())]
    network: NetworkKind,
    /// How many layers
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    layers: u16,
    /// Numbers a token
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = clap::value_parser!(u16).range(2..=4096))]
    width: u16,
    /// Attention heads a layer; the width is a multiple of them
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    heads: u16,
    /// Tokens of the vocabulary, at most
    #[arg(long, value_name = "N", default_value_t = 2048, value_parser = clap::value_parser!(u32).range(257..=65536))]
    vocabulary: u32,
    /// A tokenizer.json to use in place of a new one
    #[arg(long, value_name = "FILE", value_parser = file_parser())]
    tokenizer: Option<PathBuf>,
    /// Steps
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    steps: u32,
    /// Pieces of text (or images) a step
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1024))]
    batch: u16,
    /// Tokens a piece
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = clap::value_parser!(u16).range(2..=8192))]
    length: u16,
    /// The share of pieces that say a few tokens of the text again and again, so that looking back is
    /// learned sooner; it falls evenly to a tenth within the first third of the steps
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, allow_negative_numbers = true)]
    repeats: f64,
    /// Digits to learn from, for networks that look at images [default: all]
    #[arg(long, value_name = "N")]
    images: Option<usize>,
    /// The share of what every part makes that is left out at random while learning
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, allow_negative_numbers = true)]
    dropout: f32,
    /// The largest step that a weight takes
    #[arg(long, value_name = "RATE", default_value_t = 1e-3, allow_negative_numbers = true)]
    rate: f32,
    /// What an LSTM's forget gate starts from
    #[arg(long, value_name = "BIAS", default_value_t = 1.0, allow_hyphen_values = true)]
    forget_bias: f32,
    /// Where everything random starts
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Keep the training every so many steps
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    keep_every: u32,
    /// Go on with the training in the folder; a larger --steps makes it longer
    #[arg(long)]
    resume: bool,
    #[command(flatten)]
    output: FormatArguments,
}

static KINDS: Choices<NetworkKind> = Choices(&[
    Choice { name: "causal", aliases: &["transformer"], help: "a transformer", value: NetworkKind::Causal },
    Choice { name: "rnn", aliases: &[], help: "Elman's network", value: NetworkKind::Rnn },
    Choice { name: "gru", aliases: &[], help: "gated recurrent units", value: NetworkKind::Gru },
    Choice { name: "lstm", aliases: &[], help: "long short-term memory", value: NetworkKind::Lstm },
    Choice { name: "hybrid", aliases: &[], help: "an LSTM with attention", value: NetworkKind::Hybrid },
    Choice { name: "simplified", aliases: &[], help: "simplified blocks", value: NetworkKind::Simplified },
    Choice { name: "cnn", aliases: &[], help: "convolutions, for digits", value: NetworkKind::Cnn },
    Choice {
        name: "vit",
        aliases: &[],
        help: "a transformer of patches, for digits",
        value: NetworkKind::Vit,
    },
]);

/// Weights, gradients and what the optimiser remembers: more is not begun.
const MOST_BYTES: u64 = 8 << 30;

impl Command for Arguments {
    fn answer(self, _: &Shared) -> Result<Answer> {
        self.check_folder()?;
        if !(self.rate.is_finite() && self.rate > 0.0 && self.forget_bias.is_finite()) {
            return Err(Failure::usage("--rate is a number above 0, and --forget-bias a number").into());
        }
        if !(0.0..=1.0).contains(&self.repeats) {
            return Err(Failure::usage("--repeats is a share: from 0 to 1").into());
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return Err(Failure::usage("--dropout is a share: at least 0, below 1").into());
        }
        let taught = if self.network.sees() { self.digits()? } else { self.reading()? };
        let blueprint = self.blueprint(taught.outputs)?;
        let saved = SavedTraining::new(
            self.to.clone(),
            blueprint.config(),
            taught.tokenizer.clone(),
            taught.data.clone(),
        );
        let settings = self.settings();
        let training = if self.resume {
            saved.resume(settings)?
        } else {
            let training = Training::new(blueprint.build(self.seed)?, settings);
            saved.begin()?;
            saved.keep(&training)?;
            training
        };
        let found = progress::shown("training", |progress| {
            Run { saved: &saved, taught: &taught, keep_every: u64::from(self.keep_every), progress }
                .run(training)
        })?;
        let report = Report::default()
            .fact("output", Value::text(self.to.display().to_string()))
            .fact("network", Value::text(KINDS.name(self.network)))
            .fact("parameters", Value::Integer(blueprint.parameters()))
            .fact(taught.unit, taught.learned)
            .fact(taught.held_out_unit, taught.held_out)
            .fact("steps", Value::Integer(settings.steps))
            .fact("loss", Value::Number(found.loss))
            .fact("held_out_loss", Value::Number(found.held_out.loss));
        let report = match taught.tokenizer {
            Some(_) => report.fact("held_out_perplexity", Value::Number(found.held_out.loss.exp())),
            None => report.fact("held_out_accuracy", Value::Number(found.held_out.accuracy)),
        };
        Ok(Answer::report(report, self.output.format))
    }
}

impl Arguments {
    /// A new training begins where nothing is, one that goes on where it was kept.
    fn check_folder(&self) -> Result<(), Failure> {
        let folder = self.to.display();
        if self.resume && !SavedTraining::can_go_on(&self.to) {
            return Err(Failure::usage(format!("{folder} holds no training to go on with"))
                .hint("leave --resume out, and name a folder without a network"));
        }
        if !self.resume && SavedTraining::exists(&self.to) {
            return Err(Failure::usage(format!("{folder} holds a network already"))
                .hint("name another folder, or go on with that training: --resume"));
        }
        Ok(())
    }

    /// A text to learn from.
    fn reading(&self) -> Result<Taught> {
        if self.images.is_some() {
            return Err(Failure::usage("--images is for networks that look at images").into());
        }
        let Some(path) = &self.text else {
            return Err(Failure::usage("which text is to be learned?").hint("give a TEXT file").into());
        };
        let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let text = String::from_utf8(text).map_err(|error| {
            let byte = error.utf8_error().valid_up_to();
            Failure::usage(format!("{} is not UTF-8 at byte {byte}", path.display()))
        })?;
        let (tokenizer, outputs, ids) = progress::shown("reading the text", |_| self.tokens(&text))?;
        let hash = format!("{:016x}", container::hash(text.as_bytes()));
        let repeats = Repeats { share: self.repeats, until: u64::from(self.steps / 3) };
        let corpus = Corpus::new(ids, usize::from(self.length))?.repeating(repeats);
        Ok(Taught {
            outputs,
            tokenizer: Some(tokenizer),
            data: json!({"bytes": text.len(), "hash": hash, "length": self.length, "repeats": self.repeats}),
            unit: "tokens",
            held_out_unit: "held_out_tokens",
            learned: corpus.learned(),
            held_out: corpus.held_out_count(),
            units_a_piece: corpus.length(),
            lessons: Box::new(corpus),
        })
    }

    /// The digits inside the program.
    fn digits(&self) -> Result<Taught> {
        if self.tokenizer.is_some() || self.repeats > 0.0 {
            return Err(Failure::usage("--tokenizer and --repeats are for networks that read").into());
        }
        if self.text.is_some() {
            let message = format!(
                "{} looks at images: it learns the digits inside the program",
                KINDS.name(self.network)
            );
            return Err(Failure::usage(message).hint("leave TEXT out, or choose another --network").into());
        }
        let learned = self.images.unwrap_or_else(Digits::most);
        let digits = Digits::new(learned).map_err(|error| Failure::usage(error.to_string()))?;
        Ok(Taught {
            outputs: digits::CLASSES,
            tokenizer: None,
            data: json!({"digits": learned}),
            unit: "images",
            held_out_unit: "held_out_images",
            learned,
            held_out: digits.held_out_count(),
            units_a_piece: 1,
            lessons: Box::new(digits),
        })
    }

    /// What `tokenizer.json` holds (that of the training that goes on, of another vocabulary or a new
    /// one), how many tokens it has, and the text in them.
    fn tokens(&self, text: &str) -> Result<(String, usize, Vec<u32>)> {
        let kept = self.to.join("tokenizer.json");
        let path = if self.resume { Some(&kept) } else { self.tokenizer.as_ref() };
        let json = match path {
            Some(path) => {
                std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?
            }
            None => vocabulary::train(text, self.vocabulary as usize)?,
        };
        let tokenizer = Tokenizer::from_json(path.unwrap_or(&kept), json.as_bytes())?;
        let ids = vocabulary::encode(&tokenizer, text)?;
        Ok((json, tokenizer.size(), ids))
    }

    fn blueprint(&self, vocabulary: usize) -> Result<Blueprint> {
        let (width, heads) = (usize::from(self.width), usize::from(self.heads));
        let unit = match self.network {
            // Rotary positions turn pairs of numbers.
            NetworkKind::Causal | NetworkKind::Simplified => 2 * heads,
            NetworkKind::Hybrid | NetworkKind::Vit => heads,
            NetworkKind::Rnn | NetworkKind::Gru | NetworkKind::Lstm | NetworkKind::Cnn => 1,
        };
        if !width.is_multiple_of(unit) {
            return Err(Failure::usage(format!(
                "--width {width} is not a multiple of {unit} for {heads} heads"
            ))
            .hint("choose another --width or --heads")
            .into());
        }
        let blueprint = Blueprint {
            kind: self.network,
            vocabulary,
            layers: usize::from(self.layers),
            width,
            heads,
            forget_bias: self.forget_bias,
            transformer: TransformerChoices::default(),
        };
        let bytes = bytes_needed(blueprint.parameters(), usize::from(self.batch));
        if bytes > MOST_BYTES {
            return Err(Failure::usage(format!(
                "{} parameters take {:.1} GB to train, and {:.1} GB is the limit",
                blueprint.parameters(),
                bytes as f64 / 1e9,
                MOST_BYTES as f64 / 1e9
            ))
            .hint("choose fewer layers, a smaller width or a smaller --batch")
            .into());
        }
        Ok(blueprint)
    }

    fn settings(&self) -> TrainingSettings {
        let steps = u64::from(self.steps);
        TrainingSettings {
            steps,
            batch: usize::from(self.batch),
            rate: self.rate,
            warm_up: (steps / 20).clamp(1, 200),
            last_share: 0.1,
            seed: self.seed,
            dropout: self.dropout,
        }
    }
}

/// What is learned from.
struct Taught {
    lessons: Box<dyn Lessons>,
    /// How many outputs the network needs: the size of the vocabulary, the number of classes.
    outputs: usize,
    /// What `tokenizer.json` holds, of a text.
    tokenizer: Option<String>,
    /// What tells it from other lessons.
    data: serde_json::Value,
    /// What it is counted in.
    unit: &'static str,
    /// The name of how much is held out.
    held_out_unit: &'static str,
    learned: usize,
    held_out: usize,
    /// Tokens a piece of text; 1 of images.
    units_a_piece: usize,
}

/// The loop over the steps.
struct Run<'a> {
    saved: &'a SavedTraining,
    taught: &'a Taught,
    keep_every: u64,
    progress: &'a Progress,
}

/// What the last step showed.
struct Found {
    loss: f64,
    held_out: Judgement,
}

impl Run<'_> {
    fn run(&self, mut training: Training) -> Result<Found> {
        let quiet = Progress::unobserved();
        self.progress.start(training.settings.steps);
        self.progress.advance(training.adam.steps);
        let (start, first) = (Instant::now(), training.adam.steps);
        let lessons = &*self.taught.lessons;
        let mut found = Found { loss: f64::NAN, held_out: training.judge(lessons, &quiet)? };
        while !training.is_done() {
            let report = training.step(lessons, &quiet)?;
            found.loss = report.loss;
            self.progress.advance(1);
            if report.step.is_multiple_of(self.keep_every) || training.is_done() {
                self.saved.keep(&training)?;
                found.held_out = training.judge(lessons, &quiet)?;
                // A terminal has its line; a file gets one now and then.
                if !io::stderr().is_terminal() {
                    let line = self.line(&training, &found, report.step - first, start.elapsed());
                    let _ = writeln!(io::stderr(), "{line}");
                }
            }
            self.progress.name_stage(self.line(&training, &found, report.step - first, start.elapsed()));
        }
        Ok(found)
    }

    fn line(&self, training: &Training, found: &Found, taken: u64, time: Duration) -> String {
        let TrainingSettings { steps, batch, .. } = training.settings;
        let step = training.adam.steps;
        let seconds = time.as_secs_f64().max(1e-9) / taken.max(1) as f64;
        let speed = (batch * self.taught.units_a_piece) as f64 / seconds;
        let left = seconds * steps.saturating_sub(step) as f64;
        let held_out = match self.taught.tokenizer {
            Some(_) => format!("held-out perplexity {:.1}", found.held_out.loss.exp()),
            None => format!("held-out accuracy {:.3}", found.held_out.accuracy),
        };
        let (loss, unit, left) = (found.loss, self.taught.unit, spoken(left.round() as u64));
        format!("step {step} of {steps}, loss {loss:.3}, {held_out}, {speed:.0} {unit}/s, {left} left")
    }
}
