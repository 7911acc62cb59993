//! The work on a model's passes: calls into [`crate::model`] and [`crate::analysis`].

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::super::pass::{Inspection, Pass, Question};
use crate::analysis::Stack;
use crate::analysis::heads::{self, HeadFigures};
use crate::analysis::importance::{Importance, Measure, head_importance};
use crate::analysis::lens;
use crate::analysis::spectra::head_spectrum;
use crate::analysis::thumbnails::Thumbnails;
use crate::jobs::Failure;
use crate::model::Model;
use crate::model::forward::{Input, PassOptions, forward};
use crate::model::image::{self, Prepared};
use crate::model::interventions::Interventions;
use crate::model::network::{DECODER, FIRST, Kind};
use crate::model::trace::{Keep, bytes_needed};
use crate::progress::Progress;

/// What one pass may take. Two are kept, before and after the changes.
const MEMORY_LIMIT: u64 = 1 << 30;

/// How many candidates a layer are told.
const CANDIDATES: usize = 8;

/// Runs the model on a text, or on the image of a path, keeping as much as the memory allows. With
/// `changes`: what to change, of the unchanged pass that it will be compared with.
pub(super) fn run(
    model: &Model,
    text: &str,
    changes: Option<(&Interventions, &Pass)>,
    progress: &Progress,
) -> Result<Pass, Failure> {
    let started = Instant::now();
    let image = match (&changes, model.network.kind) {
        // The file may have changed since: before and after must be of one image.
        (Some((_, before)), Kind::Vision) if before.image.is_some() => before.image.clone(),
        (_, Kind::Vision) => Some(Arc::new(image_at(model, text)?)),
        _ => None,
    };
    let (tokens, target) = match &image {
        Some(image) => (image::patch_tokens(&model.network, Some(image.pixels.view())), None),
        None => model.encode_with_target(text)?,
    };
    if tokens.is_empty() {
        return Err(Failure::Refused("this text has no tokens: type something".into()));
    }
    let written = target.as_ref().map_or(tokens.len(), Vec::len);
    let (keep, bytes) = what_to_keep(model, [tokens.len(), written])?;
    let interventions = changes.map(|(interventions, _)| interventions.clone()).unwrap_or_default();
    let options = PassOptions {
        keep,
        interventions: interventions.clone(),
        memory_limit: MEMORY_LIMIT,
        ..PassOptions::default()
    };
    let input = match (&image, &target) {
        (Some(image), _) => Input::Image(image.pixels.view()),
        (None, Some(target)) => Input::Pair(&tokens.ids, target),
        (None, None) => Input::Tokens(&tokens.ids),
    };
    let trace = forward(&model.network, &input, &options, progress)?;
    let decoder_tokens = match &model.tokenizer {
        Some(tokenizer) if !trace.tokens(DECODER).is_empty() => {
            Some(Arc::new(tokenizer.describe(trace.tokens(DECODER))))
        }
        _ => None,
    };
    Ok(Pass {
        text: text.to_owned(),
        image,
        tokens: Arc::new(tokens),
        decoder_tokens,
        thumbnails: Thumbnails::of(&trace),
        trace: Arc::new(trace),
        keep,
        interventions,
        bytes,
        elapsed: started.elapsed(),
    })
}

/// The image whose path was typed, made ready for the model.
fn image_at(model: &Model, typed: &str) -> Result<Prepared, Failure> {
    let path = path_typed(typed);
    let refused = |text: &str| Err(Failure::Refused(text.into()));
    match std::fs::metadata(&path) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return refused("no such file: type the path of a PNG or JPEG image");
        }
        Ok(found) if found.is_dir() => return refused("a folder: type on, to a PNG or JPEG image in it"),
        _ => {}
    }
    image::prepare(model, &path).map_err(|error| {
        // The path stands in the line above already; its name leaves room for what is wrong.
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        match Failure::from(error) {
            Failure::Refused(text) => Failure::Refused(text.replace(&path.display().to_string(), &name)),
            other => other,
        }
    })
}

/// What was typed as a path: without the quotes that terminals put around a dropped file, and `~/`
/// as the home folder.
fn path_typed(typed: &str) -> PathBuf {
    let unquoted =
        ['"', '\''].iter().find_map(|&quote| typed.strip_prefix(quote)?.strip_suffix(quote)).unwrap_or(typed);
    match (unquoted.strip_prefix("~/"), etcetera::home_dir()) {
        (Some(rest), Ok(home)) => home.join(rest),
        _ => Path::new(unquoted).to_owned(),
    }
}

/// Every stage where it fits, else the weights, else a refusal with the number.
fn what_to_keep(model: &Model, tokens: [usize; 2]) -> Result<(Keep, u64), Failure> {
    let needed = |keep| bytes_needed(&model.network, &tokens, keep);
    let fitting = [Keep::Everything, Keep::Weights].into_iter().find(|&keep| needed(keep) <= MEMORY_LIMIT);
    fitting.map(|keep| (keep, needed(keep))).ok_or_else(|| {
        Failure::Refused(format!(
            "{} tokens need {} MiB for the weights alone (limit {} MiB): shorten the text",
            tokens[FIRST].max(tokens[DECODER]),
            needed(Keep::Weights) >> 20,
            MEMORY_LIMIT >> 20
        ))
    })
}

/// The figures of all heads of all stacks.
pub(super) fn figures(model: &Model, pass: &Pass) -> Vec<HeadFigures> {
    heads::all_stacks(&model.network, &pass.trace, &pass.tokens, pass.decoder_tokens.as_deref())
}

/// What stands below the maps.
pub(super) fn inspect(model: &Model, pass: &Pass, question: Question) -> Result<Inspection, Failure> {
    match question {
        Question::Lens(position) => {
            let position = lens::place(&model.network, position, pass.tokens.len());
            let rows = lens::by_name(model, &pass.trace, position, CANDIDATES)?;
            Ok(Inspection::Lens { position, rows })
        }
        Question::Spectrum(place) => Ok(Inspection::Spectrum(place, head_spectrum(&model.network, place)?)),
    }
}

/// What is lost without each head.
pub(super) fn importance(
    model: &Model,
    pass: &Pass,
    stack: Stack,
    progress: &Progress,
) -> Result<Importance, Failure> {
    let input = match (&pass.image, pass.trace.tokens(DECODER)) {
        (Some(image), _) => Input::Image(image.pixels.view()),
        (None, []) => Input::Tokens(pass.trace.tokens(FIRST)),
        (None, written) => Input::Pair(pass.trace.tokens(FIRST), written),
    };
    let measure = Measure::of(&model.network);
    Ok(head_importance(&model.network, stack, &input, measure, &pass.interventions, progress)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typed_path_may_have_quotes_and_a_home() {
        for typed in ["a b.png", "'a b.png'", "\"a b.png\""] {
            assert_eq!(path_typed(typed), Path::new("a b.png"));
        }
        assert_eq!(path_typed("'"), Path::new("'"));
        assert_eq!(path_typed("it's"), Path::new("it's"));
        let home = etcetera::home_dir().expect("a home folder");
        assert_eq!(path_typed("~/cat.jpg"), home.join("cat.jpg"));
    }
}
