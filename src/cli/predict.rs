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
use crate::analysis::classes::{answers, classes};
use crate::analysis::lens::{self, LensOptions};
use crate::analysis::names::output_name;
use crate::model::forward::{Input, PassOptions, forward};
use crate::model::generate::{Sampling, likeliest};
use crate::model::network::{Head, Kind, Says};
use crate::model::trace::{Keep, Trace};

/// What a model expects: the next token, the tokens behind a mask, or a class
///
/// A causal model predicts the next token, a masked model every [MASK] (or <mask>) of the text. A
/// classifier says of a text (or of two: --pair), or of each token, what it is; one that answers
/// questions, where in the second text the answer lies.
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
    /// How many candidates a place: 10, or 1 where every token has a class, unless said
    #[arg(short = 'k', long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    count: Option<u32>,
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
        let subject = Subject::open_predicting_or_comparing(&self.subject, shared)?;
        Ok(Answer::report(self.report(&subject, &sampling)?, format))
    }
}

impl Arguments {
    fn report(&self, subject: &Subject, sampling: &Sampling) -> Result<Report> {
        if subject.model.network.shared_space.is_some() {
            return fit(subject);
        }
        let by_token = |head: &Head| !head.answers_once() && head.says != Says::Span;
        let network = &subject.model.network;
        let by_token = network.kind == Kind::Classifier && network.head.as_ref().is_some_and(by_token);
        let usual = if by_token { 1 } else { 10 };
        let count = self.count.map_or(usual, |count| count as usize);
        if let Some(tokens) = self.generate {
            return continuation(subject, tokens as usize, sampling);
        }
        let places = places(subject, self.at.as_deref())?;
        if !self.lens {
            return match &subject.model.network.head {
                Some(head) if subject.model.network.kind == Kind::Classifier => {
                    classified(subject, head.says, places, count)
                }
                _ => candidates(subject, places, count),
            };
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
            Kind::Classifier if !answers_once(subject) => 0,
            Kind::EncoderDecoder | Kind::Vision | Kind::Classifier | Kind::Trajectory => {
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
        Kind::Classifier if !answers_once(subject) => {
            Ok((0..tokens.len()).map(|row| Place { position: row, row }).collect())
        }
        Kind::Vision | Kind::Classifier | Kind::Trajectory => Ok(vec![Place { position: 0, row: 0 }]),
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

/// Whether the head has one answer for all tokens.
fn answers_once(subject: &Subject) -> bool {
    subject.model.network.head.as_ref().is_some_and(Head::answers_once)
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

fn logits_of(subject: &Subject) -> Result<Array2<f32>> {
    let logits = run(subject, Keep::Logits)?.logits.unwrap_or_default();
    if logits.iter().any(|logit| logit.is_nan()) {
        let message = format!("the output of {} is not a number: its weights are broken", subject.model.name);
        return Err(Failure::no_answer(message)
            .hint("`lexiscope trace` writes every stage, so that the first broken one is found")
            .into());
    }
    Ok(logits)
}

/// How well the text fits the image, of a model with a tower for each.
fn fit(subject: &Subject) -> Result<Report> {
    let options = PassOptions { keep: Keep::Logits, ..PassOptions::default() };
    let name = &subject.model.name;
    let Some(image) = subject.run_beside(&options)? else {
        return Err(Failure::usage(format!("{name} says how well a text fits an image"))
            .hint("give both: lexiscope predict TEXT --image FILE")
            .into());
    };
    let text = subject.run(&options)?;
    let vectors = text.shared.iter().zip(&image.shared).next();
    let (Some(fit), Some((own, other))) = (text.fit(&subject.model.network, &image), vectors) else {
        return Err(Failure::no_answer(format!("the vectors of {name} do not lie in one space")).into());
    };
    let cosine = own.row(0).dot(&other.row(0));
    if !fit.is_finite() {
        return Err(Failure::no_answer(format!(
            "the output of {name} is not a number: its weights are broken"
        ))
        .into());
    }
    Ok(subject.report().fact("cosine", f64::from(cosine)).fact("logit", f64::from(fit)))
}

/// What a classifier says: of the text, of each of its tokens, or where the answer to a question lies.
fn classified(subject: &Subject, says: Says, places: Vec<Place>, count: usize) -> Result<Report> {
    let logits = logits_of(subject)?;
    if says == Says::Span {
        return answered(subject, &logits, count);
    }
    let by_token = !answers_once(subject);
    let mut columns = vec!["rank", "label", "id", "logit", "probability"];
    if by_token {
        columns.splice(0..0, ["position", "token"]);
    }
    let mut table = Table::new("results", &columns);
    let labels = subject.labels();
    for place in places {
        let Some(row) = logits.outer_iter().nth(place.row) else { continue };
        for (index, class) in classes(row, says).into_iter().take(count).enumerate() {
            let mut record: Vec<Value> = vec![
                (index + 1).into(),
                Value::text(output_name(&subject.model, class.output as u32)),
                class.output.into(),
                f64::from(class.logit).into(),
                class.probability.map_or(Value::Nothing, Value::Number),
            ];
            if by_token {
                let token = labels.get(place.position).map_or(Value::Nothing, Value::text);
                record.splice(0..0, [place.position.into(), token]);
            }
            table.records.push(record);
        }
    }
    Ok(subject.report().list(table))
}

/// The likeliest answers to the question, in the second text where there are two.
fn answered(subject: &Subject, logits: &Array2<f32>, count: usize) -> Result<Report> {
    let tokens = &subject.tokens;
    let second = |token: usize| tokens.types.is_empty() || tokens.types.get(token) == Some(&1);
    let is_pair = tokens.types.contains(&1);
    let may_answer = |token: usize| !tokens.special[token] && (!is_pair || second(token));
    let mut table = Table::new("results", &["rank", "start", "end", "text", "probability"]);
    for (index, answer) in answers(logits.view(), may_answer, count).into_iter().enumerate() {
        let ids = &tokens.ids[answer.start..=answer.end];
        let text = match &subject.model.tokenizer {
            Some(tokenizer) => tokenizer.decode(ids)?,
            None => String::new(),
        };
        table.records.push(vec![
            (index + 1).into(),
            answer.start.into(),
            answer.end.into(),
            Value::text(text),
            answer.probability.into(),
        ]);
    }
    Ok(subject.report().list(table))
}

fn candidates(subject: &Subject, places: Vec<Place>, count: usize) -> Result<Report> {
    let logits = logits_of(subject)?;
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
