//! The work on a model's passes: calls into [`crate::model`] and [`crate::analysis`].

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
use crate::analysis::{HeadPlace, Stack, difference};
use crate::model::Model;
use crate::model::forward::{Input, PassOptions, forward};
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
            "{} looks at images; `lexiscope attend` takes the path of one",
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
    let tokens = tokens(model, text)?;
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
    let trace = forward(&model.network, &Input::Tokens(&tokens.ids), &options, progress)?;
    let decoder_tokens = match &model.tokenizer {
        Some(tokenizer) if !trace.decoder_tokens.is_empty() => {
            Some(Arc::new(tokenizer.describe(&trace.decoder_tokens)))
        }
        _ => None,
    };
    let what_changed = before.map(|before| difference::difference(&before.trace, &trace)).transpose()?;
    let pass = Arc::new(Pass {
        text: text.to_owned(),
        tokens: Arc::new(tokens),
        decoder_tokens,
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
            let input = Input::Tokens(&pass.trace.tokens);
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
