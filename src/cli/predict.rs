//! `predict`: next tokens of causal models, masked tokens of masked ones.

use anyhow::Result;
use ndarray::Array2;

use super::failure::Failure;
use super::model_source::{self, Subject};
use super::output::{Report, Table, Value};
use super::progress;
use crate::analysis::lens::{self, LensOptions};
use crate::analysis::names::output_name;
use crate::model::forward::{Input, PassOptions, forward};
use crate::model::generate::{Sampling, generate, likeliest};
use crate::model::network::Kind;
use crate::model::trace::{Keep, Trace};

/// What is asked.
pub struct Request {
    /// The model and the text.
    pub subject: model_source::Request,
    /// How many candidates a place.
    pub count: usize,
    /// What to do.
    pub task: Task,
}

/// What a prediction is to be.
pub enum Task {
    /// The likeliest tokens.
    Candidates,
    /// The likeliest tokens after every layer.
    Lens,
    /// So many tokens written on.
    Generate(usize, Sampling),
}

/// The candidates, or the continuation.
///
/// # Errors
/// A model without an output matrix, or a text without a mask: there is nothing to predict.
pub fn answer(request: &Request) -> Result<Report> {
    let subject = Subject::open(&request.subject)?;
    if subject.model.network.head.is_none() {
        let message =
            format!("{} has no output matrix (a base model), so it predicts nothing", subject.model.name);
        return Err(Failure::no_answer(message)
            .hint("give a causal or masked-language model: --model FOLDER|FILE|NAME")
            .into());
    }
    match &request.task {
        Task::Candidates => candidates(&subject, request.count),
        Task::Lens => by_layer(&subject, request.count),
        Task::Generate(count, sampling) => continuation(&subject, *count, sampling),
    }
}

/// What is predicted at one place.
struct Place {
    /// The position that is predicted.
    position: usize,
    /// The row of the logits that says it.
    row: usize,
}

/// Where the model predicts: the masks, the token after the last, or the one place of a classifier.
fn places(subject: &Subject) -> Result<Vec<Place>> {
    let tokens = &subject.tokens;
    match subject.model.network.kind {
        Kind::Causal => {
            let last = tokens.len().saturating_sub(1);
            Ok(vec![Place { position: tokens.len(), row: last }])
        }
        Kind::EncoderDecoder | Kind::Vision => Ok(vec![Place { position: 0, row: 0 }]),
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
        Some(start) => {
            let start = [start];
            let input = Input::Pair(&subject.tokens.ids, &start);
            Ok(progress::shown("running the model", |progress| {
                forward(&subject.model.network, &input, &options, progress)
            })?)
        }
        None => subject.run(&options),
    }
}

fn candidates(subject: &Subject, count: usize) -> Result<Report> {
    let places = places(subject)?;
    let logits = run(subject, Keep::Logits)?.logits.unwrap_or_default();
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

fn continuation(subject: &Subject, count: usize, sampling: &Sampling) -> Result<Report> {
    let network = &subject.model.network;
    let prompt = &subject.tokens.ids;
    if let Some(maximum) = network.maximum_tokens
        && prompt.len() + count > maximum + 1
    {
        let message = format!(
            "{} tokens and {count} more do not fit: the model has positions for {maximum}",
            prompt.len()
        );
        return Err(Failure::usage(message).hint("generate fewer, or shorten the text").into());
    }
    let tokenizer = subject.model.tokenizer.as_ref();
    let ends: Vec<u32> = ["<|endoftext|>", "</s>", "<|im_end|>", "<|eot_id|>", "<eos>"]
        .iter()
        .filter_map(|piece| tokenizer.and_then(|tokenizer| tokenizer.id(piece)))
        .collect();
    let written = progress::shown("writing", |progress| {
        generate(network, prompt, count, sampling, progress, |id| !ends.contains(&id))
    })?;
    let text = match tokenizer {
        Some(tokenizer) => Value::text(tokenizer.decode(&written)?),
        None => Value::Nothing,
    };
    let mut table = Table::new("tokens", &["position", "token", "id"]);
    for (index, &id) in written.iter().enumerate() {
        let token = Value::text(output_name(&subject.model, id));
        table.records.push(vec![(prompt.len() + index).into(), token, Value::Integer(id.into())]);
    }
    Ok(subject.report().fact("continuation", text).list(table))
}

fn by_layer(subject: &Subject, count: usize) -> Result<Report> {
    let network = &subject.model.network;
    let trace = run(subject, Keep::Weights)?;
    let columns = ["position", "after_layers", "rank", "token", "id", "probability"];
    let mut table = Table::new("results", &columns);
    for place in places(subject)? {
        let options = LensOptions { position: Some(place.row), count, watched: None };
        for layer in lens::logit_lens(network, &trace, &options)? {
            for (index, candidate) in layer.candidates.iter().enumerate() {
                table.records.push(vec![
                    place.position.into(),
                    layer.after_blocks.into(),
                    (index + 1).into(),
                    Value::text(output_name(&subject.model, candidate.token)),
                    Value::Integer(candidate.token.into()),
                    f64::from(candidate.probability).into(),
                ]);
            }
        }
    }
    Ok(subject.report().list(table))
}
