//! `predict`: next tokens of causal models, masked tokens of masked ones.

use anyhow::Result;
use clap::Args;
use ndarray::Array2;

use super::arguments::format::FormatArguments;
use super::arguments::sampling::SamplingArguments;
use super::arguments::subject::{Subject, SubjectArguments, predicting_model};
use super::batch::{Batch, BatchArguments};
use super::command::{Answer, Command, Shared};
use super::failure::Failure;
use super::generate::continuation;
use super::progress;
use super::report::{Report, Table, Value};
use crate::analysis::lens::{self, LensOptions};
use crate::analysis::names::output_name;
use crate::model::forward::{Input, PassOptions, forward};
use crate::model::generate::{Sampling, likeliest};
use crate::model::network::Kind;
use crate::model::trace::{Keep, Trace};

/// What a model expects: the next token, or the tokens behind a mask
///
/// A causal model predicts the next token, a masked model every [MASK] (or <mask>) of the text.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    subject: SubjectArguments,
    #[command(flatten)]
    batch: BatchArguments,
    /// What every layer would predict (the logit lens)
    #[arg(long, conflicts_with = "generate")]
    lens: bool,
    /// The place to look from, by position or text, instead of every mask or the end of the text
    #[arg(long, value_name = "TOKEN", conflicts_with = "generate")]
    at: Option<String>,
    /// A token whose rank and probability are followed through the layers
    #[arg(long, value_name = "TOKEN", requires = "lens")]
    watch: Option<String>,
    /// How many candidates a place
    #[arg(short = 'k', long, value_name = "COUNT", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    count: u32,
    /// Write N tokens on
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    generate: Option<u32>,
    #[command(flatten)]
    sampling: SamplingArguments,
    #[command(flatten)]
    output: FormatArguments,
}

impl Command for Arguments {
    /// The candidates, or the continuation.
    fn answer(self, shared: &Shared) -> Result<Answer> {
        if self.generate.is_none() && !self.sampling.is_empty() {
            return Err(Failure::usage("--temperature, --top-k, --top-p and --seed are for writing on")
                .hint("add --generate N")
                .into());
        }
        let (format, sampling) = (self.output.format, self.sampling.sampling(0.0)?);
        if let Some(questions) = self.batch.questions(None)? {
            self.subject.refuse_beside_batch()?;
            let model = predicting_model(shared)?;
            let answer = move |text: &str| self.report(&Subject::of_text(&model, text)?, &sampling);
            return Ok(Answer::Batch(Batch::one_by_one(questions, format, answer)?));
        }
        let subject = Subject::open_predicting(&self.subject, shared)?;
        Ok(Answer::report(self.report(&subject, &sampling)?, format))
    }
}

impl Arguments {
    fn report(&self, subject: &Subject, sampling: &Sampling) -> Result<Report> {
        let count = self.count as usize;
        if let Some(tokens) = self.generate {
            return continuation(subject, tokens as usize, sampling);
        }
        let places = places(subject, self.at.as_deref())?;
        if !self.lens {
            return candidates(subject, places, count);
        }
        let watched = self.watch.as_deref().map(|token| token_called(subject, "--watch", token));
        by_layer(subject, places, count, watched.transpose()?)
    }
}

/// What is predicted at one place.
pub struct Place {
    /// The position that is predicted.
    pub position: usize,
    /// The row of the logits that says it.
    pub row: usize,
}

/// Where the model predicts: the masks, the token after the last, or the one place of a classifier;
/// or what it predicts from the token that was asked for.
///
/// # Errors
/// No such place; a masked model without a mask in the text.
pub fn places(subject: &Subject, at: Option<&str>) -> Result<Vec<Place>> {
    let tokens = &subject.tokens;
    let kind = subject.model.network.kind;
    if let Some(at) = at {
        let after = match kind {
            Kind::Causal => 1,
            Kind::Masked => 0,
            Kind::EncoderDecoder | Kind::Vision => {
                let message = format!("{} predicts at one place only", subject.model.name);
                return Err(Failure::usage(message).hint("leave --at out").into());
            }
        };
        let rows = subject.tokens_called("--at", at)?;
        return Ok(rows.into_iter().map(|row| Place { position: row + after, row }).collect());
    }
    match kind {
        Kind::Causal => {
            let last = tokens.len().saturating_sub(1);
            Ok(vec![Place { position: tokens.len(), row: last }])
        }
        Kind::EncoderDecoder => {
            let written = subject.written().map_or(0, |ids| ids.len().saturating_sub(1));
            Ok(vec![Place { position: written, row: written }])
        }
        Kind::Vision => Ok(vec![Place { position: 0, row: 0 }]),
        Kind::Masked => {
            let mask = subject.model.tokenizer.as_ref().and_then(|tokenizer| tokenizer.mask());
            let masked = |&position: &usize| Some(tokens.ids[position]) == mask;
            let places: Vec<Place> =
                (0..tokens.len()).filter(masked).map(|position| Place { position, row: position }).collect();
            if !places.is_empty() {
                return Ok(places);
            }
            let mask = match (&subject.model.tokenizer, mask) {
                (Some(tokenizer), Some(mask)) => tokenizer.piece(mask),
                _ => "the mask token".into(),
            };
            Err(Failure::usage(format!("there is no {mask} in the text, so nothing is to be filled in"))
                .hint(format!("put {mask} in place of a word: \"the {mask} sat on the mat\""))
                .into())
        }
    }
}

fn run(subject: &Subject, keep: Keep) -> Result<Trace> {
    let options = PassOptions { keep, ..PassOptions::default() };
    match subject.model.network.start_token() {
        // Only the start token: what the decoder would write first.
        Some(start) if subject.written().is_none() => {
            let start = [start];
            let input = Input::Pair(&subject.tokens.ids, &start);
            Ok(progress::shown("running the model", |progress| {
                forward(&subject.model.network, &input, &options, progress)
            })?)
        }
        _ => subject.run(&options),
    }
}

fn candidates(subject: &Subject, places: Vec<Place>, count: usize) -> Result<Report> {
    let logits = run(subject, Keep::Logits)?.logits.unwrap_or_default();
    if logits.iter().any(|logit| logit.is_nan()) {
        let message = format!("the output of {} is not a number: its weights are broken", subject.model.name);
        return Err(Failure::no_answer(message)
            .hint("`lexiscope trace` writes every stage, so that the first broken one is found")
            .into());
    }
    let mut table = Table::new("results", &["position", "rank", "token", "id", "probability"]);
    for place in places {
        for record in records(subject, &logits, place.row, count) {
            table.records.push([vec![place.position.into()], record].concat());
        }
    }
    Ok(subject.report().list(table))
}

/// Rank, token, id and probability of the likeliest tokens of one row of `logits`.
fn records(subject: &Subject, logits: &Array2<f32>, row: usize, count: usize) -> Vec<Vec<Value>> {
    if row >= logits.nrows() {
        return Vec::new();
    }
    likeliest(&logits.row(row).to_vec(), count)
        .iter()
        .enumerate()
        .map(|(index, candidate)| {
            vec![
                (index + 1).into(),
                Value::text(output_name(&subject.model, candidate.id)),
                Value::Integer(candidate.id.into()),
                candidate.probability.into(),
            ]
        })
        .collect()
}

/// The id of a token as the vocabulary writes it, or as it reads: the value of `option`.
///
/// # Errors
/// What is not one token of the model.
pub fn token_called(subject: &Subject, option: &str, wanted: &str) -> Result<u32> {
    let tokenizer = subject.model.tokenizer()?;
    if let Some(id) = tokenizer.id(wanted) {
        return Ok(id);
    }
    let tokens = tokenizer.encode(wanted)?;
    let mut own = tokens.ids.iter().zip(&tokens.special).filter(|(_, special)| !**special);
    match (own.next(), own.next()) {
        (Some((&id, _)), None) => Ok(id),
        _ => Err(Failure::usage(format!("{option} {wanted}: not one token of this model"))
            .hint(format!("it is cut into {}", tokens.pieces.join(" ")))
            .into()),
    }
}

fn by_layer(subject: &Subject, places: Vec<Place>, count: usize, watched: Option<u32>) -> Result<Report> {
    let network = &subject.model.network;
    let trace = run(subject, Keep::Weights)?;
    let mut columns = vec!["position", "after_layers", "rank", "token", "id", "probability"];
    if watched.is_some() {
        columns.extend(["watched_rank", "watched_probability"]);
    }
    let mut table = Table::new("results", &columns);
    for place in places {
        let options = LensOptions { position: Some(place.row), count, watched };
        for layer in lens::logit_lens(network, &trace, &options)? {
            for (index, candidate) in layer.candidates.iter().enumerate() {
                let mut record = vec![
                    place.position.into(),
                    layer.after_blocks.into(),
                    (index + 1).into(),
                    Value::text(output_name(&subject.model, candidate.token)),
                    Value::Integer(candidate.token.into()),
                    f64::from(candidate.probability).into(),
                ];
                if let Some(watched) = layer.watched {
                    record.extend([watched.rank.into(), f64::from(watched.probability).into()]);
                }
                table.records.push(record);
            }
        }
    }
    Ok(subject.report().list(table))
}
