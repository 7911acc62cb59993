//! `train`: a small network from a text.

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
use crate::lab::blueprint::{Blueprint, NetworkKind};
use crate::lab::corpus::Corpus;
use crate::lab::saved::SavedTraining;
use crate::lab::training::{Training, TrainingSettings};
use crate::lab::vocabulary;
use crate::model::tokenizer::Tokenizer;
use crate::progress::Progress;
use crate::vectors::formats::container;

/// Train a small network on a text
///
/// The result is a folder in the Hugging Face layout: --model FOLDER opens it everywhere. Its tensors
/// have PyTorch's names. Whatever stops the training, --resume goes on from the last step that was kept,
/// and ends with the same weights.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The text, as UTF-8
    #[arg(value_name = "TEXT", value_parser = file_parser())]
    text: PathBuf,
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
    /// Pieces of text a step
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1024))]
    batch: u16,
    /// Tokens a piece
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = clap::value_parser!(u16).range(2..=8192))]
    length: u16,
    /// The largest step that a weight takes
    #[arg(long, value_name = "RATE", default_value_t = 1e-3)]
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
    /// Go on with the training in the folder
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
]);

/// Weights, gradients and what the optimiser remembers: more is not begun.
const MOST_BYTES: u64 = 8 << 30;

impl Command for Arguments {
    fn answer(self, _: &Shared) -> Result<Answer> {
        self.check_folder()?;
        if !(self.rate.is_finite() && self.rate > 0.0 && self.forget_bias.is_finite()) {
            return Err(Failure::usage("--rate is a number above 0, and --forget-bias a number").into());
        }
        let text =
            std::fs::read(&self.text).with_context(|| format!("cannot read {}", self.text.display()))?;
        let text = String::from_utf8(text).map_err(|error| {
            let byte = error.utf8_error().valid_up_to();
            Failure::usage(format!("{} is not UTF-8 at byte {byte}", self.text.display()))
        })?;
        let read = progress::shown("reading the text", |_| self.tokens(&text))?;
        let blueprint = self.blueprint(read.vocabulary)?;
        let hash = format!("{:016x}", container::hash(text.as_bytes()));
        let data = json!({"bytes": text.len(), "hash": hash, "length": self.length});
        let corpus = Corpus::new(read.ids, usize::from(self.length))?;
        let saved = SavedTraining::new(self.to.clone(), blueprint.config(), read.tokenizer, data);
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
            Run { saved: &saved, corpus: &corpus, keep_every: u64::from(self.keep_every), progress }
                .run(training)
        })?;
        let report = Report::default()
            .fact("output", Value::text(self.to.display().to_string()))
            .fact("network", Value::text(KINDS.name(self.network)))
            .fact("parameters", Value::Integer(blueprint.parameters()))
            .fact("tokens", corpus.learned())
            .fact("held_out_tokens", corpus.held_out())
            .fact("steps", Value::Integer(settings.steps))
            .fact("loss", Value::Number(found.loss))
            .fact("held_out_loss", Value::Number(found.held_out))
            .fact("held_out_perplexity", Value::Number(found.held_out.exp()));
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

    /// The text in tokens: those of the training that goes on, of another vocabulary or of its own.
    fn tokens(&self, text: &str) -> Result<Tokenised> {
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
        Ok(Tokenised { vocabulary: tokenizer.size(), tokenizer: json, ids })
    }

    fn blueprint(&self, vocabulary: usize) -> Result<Blueprint> {
        let (width, heads) = (usize::from(self.width), usize::from(self.heads));
        let attends =
            matches!(self.network, NetworkKind::Causal | NetworkKind::Hybrid | NetworkKind::Simplified);
        // Rotary positions turn pairs of numbers.
        let unit = if self.network == NetworkKind::Hybrid { heads } else { 2 * heads };
        if attends && !width.is_multiple_of(unit) {
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
        };
        let bytes = 16 * blueprint.parameters();
        if bytes > MOST_BYTES {
            return Err(Failure::usage(format!(
                "{} parameters take {:.1} GB to train, and {:.1} GB is the limit",
                blueprint.parameters(),
                bytes as f64 / 1e9,
                MOST_BYTES as f64 / 1e9
            ))
            .hint("choose fewer layers or a smaller width")
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
            seed: self.seed,
        }
    }
}

/// A text, cut into tokens.
struct Tokenised {
    /// What `tokenizer.json` holds.
    tokenizer: String,
    /// How many tokens it has.
    vocabulary: usize,
    ids: Vec<u32>,
}

/// The loop over the steps.
struct Run<'a> {
    saved: &'a SavedTraining,
    corpus: &'a Corpus,
    keep_every: u64,
    progress: &'a Progress,
}

/// What the last step showed.
struct Found {
    loss: f64,
    held_out: f64,
}

impl Run<'_> {
    fn run(&self, mut training: Training) -> Result<Found> {
        let quiet = Progress::unobserved();
        self.progress.start(training.settings.steps);
        self.progress.advance(training.adam.steps);
        let (start, first) = (Instant::now(), training.adam.steps);
        let mut found = Found { loss: f64::NAN, held_out: training.held_out_loss(self.corpus, &quiet)? };
        while !training.is_done() {
            let report = training.step(self.corpus, &quiet)?;
            found.loss = report.loss;
            self.progress.advance(1);
            if report.step.is_multiple_of(self.keep_every) || training.is_done() {
                self.saved.keep(&training)?;
                found.held_out = training.held_out_loss(self.corpus, &quiet)?;
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
        let tokens = (batch * self.corpus.length()) as f64 / seconds;
        let left = seconds * steps.saturating_sub(step) as f64;
        format!(
            "step {step} of {steps}, loss {:.3}, held-out perplexity {:.1}, {tokens:.0} tokens/s, {} left",
            found.loss,
            found.held_out.exp(),
            spoken(left)
        )
    }
}

/// A time in its two largest units.
fn spoken(seconds: f64) -> String {
    let seconds = seconds.round() as u64;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}
