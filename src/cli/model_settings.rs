//! The part of [`super::settings`] for commands of models and attention.

use std::path::PathBuf;

use anyhow::Result;

use super::arguments::OutputFormat;
use super::failure::Failure;
use super::model_arguments::{LowModelCommand, LowStack, LowSubject};
use super::model_source::{self, Looked};
use super::settings::Request;
use super::{attend, heads, models, positions, predict, trace};
use crate::analysis::Stack;
use crate::model::generate::Sampling;
use crate::model::trace::Keep;

/// Turns what was typed into what is asked.
///
/// # Errors
/// Values that clap cannot judge: an empty text, heads that are not LAYER.HEAD.
pub fn request(command: LowModelCommand, model: Option<String>) -> Result<(Request, OutputFormat)> {
    let subject = |low: LowSubject| subject(low, model.clone());
    Ok(match command {
        LowModelCommand::Attend { subject: low, layer, head, view, stack, off, hide, output } => {
            let off = off.iter().map(|text| layer_and_head(text)).collect::<Result<_>>()?;
            let stack = match stack {
                LowStack::Encoder => Stack::Text,
                LowStack::Decoder => Stack::Decoder,
                LowStack::Cross => Stack::Cross,
            };
            let request = attend::Request { subject: subject(low)?, layer, head, view, stack, off, hide };
            (Request::Attend(request), output.format.into())
        }
        LowModelCommand::Heads { subject: low, output } => {
            (Request::Heads(heads::Request { subject: subject(low)? }), output.format)
        }
        LowModelCommand::Trace { subject: low, to, weights_only, output } => {
            let keep = if weights_only { Keep::Weights } else { Keep::Everything };
            (Request::Trace(trace::Request { subject: subject(low)?, to, keep }), output.format)
        }
        LowModelCommand::Predict {
            subject: low,
            lens,
            count,
            generate,
            temperature,
            top_k,
            top_p,
            seed,
            output,
        } => {
            let task = match generate {
                _ if lens => predict::Task::Lens,
                None => predict::Task::Candidates,
                Some(tokens) => {
                    let sampling = sampling(temperature, top_k, top_p, seed)?;
                    predict::Task::Generate(tokens as usize, sampling)
                }
            };
            let request = predict::Request { subject: subject(low)?, count: count as usize, task };
            (Request::Predict(request), output.format)
        }
        LowModelCommand::Positions { kind, count, dimensions, output } => {
            let dimensions = dimensions.map(|dimensions| dimensions as usize);
            let request = positions::Request { model, kind, count: count as usize, dimensions };
            (Request::Positions(request), output.format.into())
        }
        LowModelCommand::Tokens { subject: low, output } => (Request::Tokens(subject(low)?), output.format),
        LowModelCommand::Models { folders, output } => {
            (Request::Models(models::Request { folders: with_given(folders, model) }), output.format)
        }
    })
}

/// The folders to list, and the model that was named, where that is a path.
fn with_given(mut folders: Vec<PathBuf>, model: Option<String>) -> Vec<PathBuf> {
    folders.extend(model.map(PathBuf::from).filter(|path| path.exists()));
    folders
}

fn subject(low: LowSubject, model: Option<String>) -> Result<model_source::Request> {
    let looked = match low {
        LowSubject { ids: Some(ids), .. } => Looked::Ids(ids),
        LowSubject { image: Some(path), .. } => Looked::Image(path),
        LowSubject { pixels: Some(path), .. } => Looked::Pixels(path),
        LowSubject { text, .. } => {
            let text = text.join(" ");
            if text.trim().is_empty() {
                return Err(Failure::usage("the text is empty")
                    .hint("give a text in quotes, or token ids: --ids 101,7592,102")
                    .into());
            }
            Looked::Text(text)
        }
    };
    Ok(model_source::Request { model, looked })
}

fn layer_and_head(text: &str) -> Result<(usize, usize)> {
    let numbers = text
        .split_once('.')
        .and_then(|(layer, head)| Some((layer.trim().parse().ok()?, head.trim().parse().ok()?)));
    numbers.ok_or_else(|| {
        Failure::usage(format!("--off {text}: not a head"))
            .hint("write LAYER.HEAD, both counted from 0: 5.11 is head 11 of layer 5")
            .into()
    })
}

fn sampling(temperature: f32, top_k: Option<u32>, top_p: Option<f32>, seed: u64) -> Result<Sampling> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_written_layer_dot_head() {
        assert_eq!(layer_and_head("5.11").unwrap(), (5, 11));
        for text in ["5", "", "5.", ".1", "a.b", "1.2.3", "-1.2"] {
            assert!(layer_and_head(text).is_err(), "{text}");
        }
    }

    #[test]
    fn shares_and_temperatures_have_a_range() {
        assert!(sampling(0.0, None, Some(1.0), 1).is_ok());
        assert!(sampling(f32::NAN, None, None, 1).is_err());
        assert!(sampling(-1.0, None, None, 1).is_err());
        assert!(sampling(1.0, None, Some(0.0), 1).is_err());
        assert!(sampling(1.0, None, Some(1.5), 1).is_err());
    }
}
