//! The work on a model's passes: calls into [`crate::model`] and [`crate::analysis`].

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use ndarray::{Array3, Axis};

use super::attention::{DerivedKind, DerivedMaps, Inspect, Inspection, LensRow, Pass};
use super::request::{Failure, Outcome};
use crate::analysis::heads::{HeadFigures, heads_of};
use crate::analysis::importance::{Measure, head_importance};
use crate::analysis::lens::{LensOptions, logit_lens};
use crate::analysis::norms::norm_weighted;
use crate::analysis::rollout::{mean_over_heads, rollout};
use crate::analysis::spectra::head_spectrum;
use crate::analysis::thumbnails::Thumbnails;
use crate::analysis::{HeadPlace, Stack, difference};
use crate::model::Model;
use crate::model::forward::{Input, PassOptions, forward};
use crate::model::image::{self, Prepared};
use crate::model::interventions::Interventions;
use crate::model::network::Kind;
use crate::model::tokenizer::Tokens;
use crate::model::trace::{Keep, bytes_needed};
use crate::progress::Progress;

/// What one pass may take. Two are kept, before and after the changes.
pub(super) const MEMORY_LIMIT: u64 = 1 << 30;

/// How many candidates a layer are told.
const CANDIDATES: usize = 8;

/// The tokens of `text`, or why it has none.
pub(super) fn tokens(model: &Model, text: &str) -> Result<Tokens, Failure> {
    if model.network.kind == Kind::Vision {
        return Err(Failure::Refused(format!(
            "{} looks at images, not at text: there are no words to look into",
            model.name
        )));
    }
    Ok(model.tokenizer()?.encode(text)?)
}

/// Runs the model, keeping as much as the memory allows.
pub(super) fn run(
    model: &Model,
    text: &str,
    changes: Option<(Interventions, Arc<Pass>)>,
    progress: &Progress,
) -> Result<Outcome, Failure> {
    let started = Instant::now();
    let image = match (&changes, model.network.kind) {
        // The file may have changed since: before and after must be of one image.
        (Some((_, before)), Kind::Vision) if before.image.is_some() => before.image.clone(),
        (_, Kind::Vision) => Some(Arc::new(image_at(model, text)?)),
        _ => None,
    };
    let tokens = if image.is_some() { image::patch_tokens(&model.network) } else { tokens(model, text)? };
    if tokens.is_empty() {
        return Err(Failure::Refused("this text has no tokens: type something".into()));
    }
    let (keep, bytes) = what_to_keep(model, tokens.len())?;
    let (interventions, before) = changes.unzip();
    let interventions = interventions.unwrap_or_default();
    let options = PassOptions {
        keep,
        interventions: interventions.clone(),
        memory_limit: MEMORY_LIMIT,
        last_logits_only: false,
    };
    let input = match &image {
        Some(image) => Input::Image(image.pixels.view()),
        None => Input::Tokens(&tokens.ids),
    };
    let trace = forward(&model.network, &input, &options, progress)?;
    let decoder_tokens = match &model.tokenizer {
        Some(tokenizer) if !trace.decoder_tokens.is_empty() => {
            Some(Arc::new(tokenizer.describe(&trace.decoder_tokens)))
        }
        _ => None,
    };
    let what_changed = before.map(|before| difference::difference(&before.trace, &trace)).transpose()?;
    let pass = Arc::new(Pass {
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
    });
    Ok(match what_changed {
        Some(difference) => Outcome::RanChanged(pass, Arc::new(difference)),
        None => Outcome::Ran(pass),
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
fn what_to_keep(model: &Model, tokens: usize) -> Result<(Keep, u64), Failure> {
    let needed = |keep| bytes_needed(&model.network, tokens, tokens, keep);
    let fitting = [Keep::Everything, Keep::Weights].into_iter().find(|&keep| needed(keep) <= MEMORY_LIMIT);
    fitting.map(|keep| (keep, needed(keep))).ok_or_else(|| {
        Failure::Refused(format!(
            "{tokens} tokens need {} MiB for the weights alone (limit {} MiB): shorten the text",
            needed(Keep::Weights) >> 20,
            MEMORY_LIMIT >> 20
        ))
    })
}

/// The figures of all heads of all stacks.
pub(super) fn figures(pass: &Pass) -> Vec<HeadFigures> {
    let mut figures = heads_of(&pass.trace, Stack::Text, &pass.tokens, &pass.tokens);
    if let Some(decoder) = &pass.decoder_tokens {
        figures.extend(heads_of(&pass.trace, Stack::Decoder, decoder, decoder));
        figures.extend(heads_of(&pass.trace, Stack::Cross, decoder, &pass.tokens));
    }
    figures
}

/// Maps of all layers.
pub(super) fn derive(
    model: &Model,
    pass: &Pass,
    kind: DerivedKind,
    stack: Stack,
    progress: &Progress,
) -> Result<DerivedMaps, Failure> {
    let layers = stack.layers(&pass.trace);
    progress.start(layers as u64);
    let each_layer = 0..layers;
    let stop = |_| Failure::Cancelled;
    match kind {
        DerivedKind::Norm => {
            let mut maps = Vec::with_capacity(layers);
            for layer in each_layer {
                progress.check().map_err(stop)?;
                maps.push(norms_of_layer(model, pass, stack, layer)?);
                progress.advance(1);
            }
            Ok(DerivedMaps::Norm(stack, maps))
        }
        DerivedKind::Mean => {
            let maps = each_layer.map_while(|layer| mean_over_heads(&pass.trace, stack, layer));
            Ok(DerivedMaps::Mean(stack, maps.collect()))
        }
        DerivedKind::Rollout => {
            let mut maps = Vec::with_capacity(layers);
            for layer in 0..Stack::Text.layers(&pass.trace) {
                progress.check().map_err(stop)?;
                maps.extend(rollout(&pass.trace, layer, true));
                progress.advance(1);
            }
            Ok(DerivedMaps::Rollout(maps))
        }
    }
}

fn norms_of_layer(model: &Model, pass: &Pass, stack: Stack, layer: usize) -> Result<Array3<f32>, Failure> {
    let Some(attention) = stack.trace(&pass.trace, layer) else { return Ok(Array3::zeros((0, 0, 0))) };
    let mut maps = Array3::zeros(attention.weights.dim());
    for (head, mut map) in maps.axis_iter_mut(Axis(0)).enumerate() {
        let lengths = norm_weighted(&model.network, &pass.trace, HeadPlace { stack, layer, head })?;
        map.assign(&lengths);
    }
    Ok(maps)
}

/// What stands below the maps.
pub(super) fn inspect(
    model: &Model,
    pass: &Pass,
    what: Inspect,
    progress: &Progress,
) -> Result<Inspection, Failure> {
    match what {
        Inspect::Lens(position) => {
            // A classifier reads its first token, wherever the cursor stands.
            let reads_first = model.network.head.as_ref().is_some_and(|head| head.first_token_only);
            let position = if reads_first { 0 } else { position };
            let options = LensOptions { position: Some(position), count: CANDIDATES, watched: None };
            let rows = logit_lens(&model.network, &pass.trace, &options)?;
            let named = |candidates: &[crate::analysis::lens::Candidate]| {
                candidates
                    .iter()
                    .map(|candidate| (output_name(model, candidate.token), candidate.probability))
                    .collect()
            };
            let rows = rows
                .iter()
                .map(|row| LensRow { after_blocks: row.after_blocks, candidates: named(&row.candidates) })
                .collect();
            Ok(Inspection::Lens { position, rows })
        }
        Inspect::Spectrum(place) => Ok(Inspection::Spectrum(place, head_spectrum(&model.network, place)?)),
        Inspect::Importance => {
            let input = match &pass.image {
                Some(image) => Input::Image(image.pixels.view()),
                None => Input::Tokens(&pass.trace.tokens),
            };
            let measure = Measure::of(&model.network);
            Ok(Inspection::Importance(head_importance(&model.network, &input, measure, progress)?))
        }
    }
}

/// What an output stands for: a class, or a token as it reads.
fn output_name(model: &Model, output: u32) -> String {
    if let Some(label) = model.labels.get(output as usize) {
        return label.clone();
    }
    model.tokenizer.as_ref().map_or_else(|| output.to_string(), |tokenizer| tokenizer.text(output))
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
