//! `predict`: next tokens of causal models, masked tokens of masked ones.

use anyhow::Result;
use clap::Args;
use ndarray::Array2;

use super::arguments::format::FormatArguments;
use super::arguments::subject::{Subject, SubjectArguments};
use super::command::{Answer, Command, Shared};
use super::failure::Failure;
use super::progress;
use super::report::{Report, Table, Value};
use crate::analysis::lens::{self, LensOptions};
use crate::analysis::names::output_name;
use crate::model::forward::{Input, PassOptions, forward};
use crate::model::generate::{Sampling, generate, likeliest};
use crate::model::network::Kind;
use crate::model::trace::{Keep, Trace};

/// What a model expects: the next token, or the tokens behind a mask
///
/// A causal model predicts the next token, a masked model every [MASK] (or <mask>) of the text.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    subject: SubjectArguments,
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
    output: FormatArguments,
}

impl Command for Arguments {
    /// The candidates, or the continuation.
    fn answer(self, shared: &Shared) -> Result<Answer> {
        let sampling = self.generate.map(|_| self.sampling()).transpose()?;
        let subject = Subject::open(&self.subject, shared)?;
        if subject.model.network.head.is_none() {
            let message =
                format!("{} has no output matrix (a base model), so it predicts nothing", subject.model.name);
            return Err(Failure::no_answer(message)
                .hint("give a causal or masked-language model: --model FOLDER|FILE|NAME")
                .into());
        }
        let count = self.count as usize;
        let report = match (self.generate, &sampling) {
            (Some(tokens), Some(sampling)) => continuation(&subject, tokens as usize, sampling)?,
            _ if self.lens => by_layer(&subject, count)?,
            _ => candidates(&subject, count)?,
        };
        Ok(Answer::report(report, self.output.format))
    }
}

impl Arguments {
    fn sampling(&self) -> Result<Sampling> {
        let &Self { temperature, top_k, top_p, seed, .. } = self;
        if !(temperature.is_finite() && temperature >= 0.0) {
            return Err(Failure::usage(format!("--temperature {temperature}: not a temperature"))
                .hint("give 0 or more; 1 leaves the probabilities as they are")
                .into());
        }
        if top_p.is_some_and(|share| !(share > 0.0 && share <= 1.0)) {
            return Err(Failure::usage("--top-p is a share: above 0, at most 1").into());
        }
        Ok(Sampling { temperature, top_k: top_k.map(|count| count as usize), top_p, seed })
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

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Alone {
        #[command(flatten)]
        arguments: Arguments,
    }

    #[test]
    fn shares_and_temperatures_have_a_range() {
        let is_fine = |typed: &[&str]| {
            let all = [&["predict", "a", "--generate", "2"], typed].concat();
            Alone::try_parse_from(all).unwrap().arguments.sampling().is_ok()
        };
        assert!(is_fine(&["--top-p", "1"]));
        assert!(!is_fine(&["--temperature", "NaN"]));
        assert!(!is_fine(&["--temperature=-1"]));
        assert!(!is_fine(&["--temperature", "1", "--top-p", "0"]));
        assert!(!is_fine(&["--temperature", "1", "--top-p", "1.5"]));
    }
}
