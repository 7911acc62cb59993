//! `trace`: everything that one forward pass computed, as a safetensors file.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use ndarray::{Array1, Array2, Array3};

use super::arguments::format::FormatArguments;
use super::arguments::subject::{Subject, SubjectArguments};
use super::command::{Answer, Command, Shared};
use super::progress;
use super::report::Value;
use crate::model::Model;
use crate::model::forward::PassOptions;
use crate::model::fronts::Hears;
use crate::model::network::{DECODER, FIRST, Kind};
use crate::model::tensor_file::TensorFile;
use crate::model::trace::{BlockTrace, Keep, MixerTrace, StackTrace, Trace};
use crate::model::trajectory::{Foreseen, Trajectory};

/// Write everything that one forward pass computes into a safetensors file
///
/// Names: input_ids, attention.N, hidden_state.N, logits; in an encoder-decoder model
/// encoder_attention.N, decoder_attention.N, cross_attention.N; for an image pixel_values, for a sound
/// input_values or input_features; of two towers text_attention.N, vision_hidden_state.N and the like,
/// text_embeds, image_embeds and logits_per_image; for a trajectory returns_to_go, states, actions, timesteps and
/// return_preds, state_preds, action_preds; of a
/// recurrent layer hidden.N and its gates (input.N, forget.N, candidate.N, output.N, cell.N or
/// reset.N, update.N, new.N), with encoder_ before those of an encoder and _reverse behind those of the
/// way back; convolution.N; shaped_attention.N. All other stages stand beside them, as
/// embedding.tokens or layer.N.attention.query.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    subject: SubjectArguments,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    /// Attention weights, hidden states and logits only
    #[arg(long)]
    weights_only: bool,
    #[command(flatten)]
    output: FormatArguments,
}

impl Command for Arguments {
    fn answer(self, shared: &Shared) -> Result<Answer> {
        let keep = if self.weights_only { Keep::Weights } else { Keep::Everything };
        let subject = Subject::open(&self.subject, shared)?;
        let options = PassOptions { keep, ..PassOptions::default() };
        let (trace, beside) = (subject.run(&options)?, subject.run_beside(&options)?);
        let mut file = tensors(&subject, &trace);
        if let Some(beside) = &beside {
            push_beside(&mut file, &subject, &trace, beside);
        }
        let about = subject.about()?;
        let bytes = progress::shown("writing the trace", |_| file.write(&about, &self.to))?;
        let report = subject
            .report()
            .fact("tokens", subject.tokens.len())
            .fact("tensors", file.count())
            .fact("output", Value::text(self.to.display().to_string()))
            .fact("bytes", Value::Integer(bytes));
        Ok(Answer::report(report, self.output.format))
    }
}

fn tensors<'a>(subject: &'a Subject, trace: &'a Trace) -> TensorFile<'a> {
    let kind = subject.model.network.kind;
    let mut file = TensorFile::default();
    let hears = subject.model.network.front().hears();
    if let Some(trajectory) = &subject.trajectory {
        push_trajectory(&mut file, trajectory);
    } else if kind != Kind::Vision && hears.is_none() {
        file.ids("input_ids", trace.tokens(FIRST));
        if subject.tokens.types.iter().any(|&kind| kind > 0) {
            file.ids("token_type_ids", &subject.tokens.types);
        }
    }
    if kind == Kind::EncoderDecoder {
        file.ids("decoder_input_ids", trace.tokens(DECODER));
    }
    file.optional("pixel_values", subject.image.as_ref());
    if let (Some(hears), Some(sound)) = (hears, &subject.sound) {
        push_sound(&mut file, hears, sound);
    }
    let (encoder, decoder) =
        if kind == Kind::EncoderDecoder { ("encoder_", "decoder_") } else { ("", "decoder_") };
    let tower = tower(&subject.model);
    let encoder = if tower.is_empty() { encoder } else { tower };
    for (stack, attention, recurrent) in [(FIRST, encoder, encoder), (DECODER, decoder, "")] {
        if let Some(stack) = trace.stacks.get(stack) {
            push_mixers(&mut file, stack, attention, recurrent);
        }
    }
    push_states(&mut file, tower, trace);
    if let Some(vectors) = &trace.shared {
        let name = if kind == Kind::Vision { IMAGE_EMBEDDING } else { TEXT_EMBEDDING };
        file.numbers(name, vectors.row(0));
    }
    // A classifier has one row for the whole image or spectrogram; its file has that row.
    let is_one = kind == Kind::Vision || hears == Some(Hears::Spectrogram);
    match &trace.logits {
        Some(logits) if is_one && logits.nrows() > 0 => file.numbers("logits", logits.row(0)),
        logits => file.optional("logits", logits.as_ref()),
    }
    if let Some(pooled) = &trace.pooled {
        file.numbers("last_hidden_state", pooled.stream.view());
        file.numbers("pooler_output", pooled.vectors.row(0));
    }
    if let Some(Foreseen { actions, states, returns }) = &trace.foreseen {
        let foreseen = [("action_preds", actions), ("state_preds", states), ("return_preds", returns)];
        foreseen.into_iter().for_each(|(name, numbers)| file.numbers(name, numbers.view()));
    }
    if let Some([own, distilled]) = &trace.head.both {
        file.numbers("cls_logits", own.row(0));
        file.numbers("distillation_logits", distilled.row(0));
    }
    if let Some(stack) = trace.stacks.first() {
        file.optional("embedding.tokens", stack.front.tokens.as_ref());
        file.optional("embedding.positions", stack.front.positions.as_ref());
        file.optional("embedding.sum", stack.front.sum.as_ref());
    }
    file.optional("encoder_output", trace.encoder_output());
    for (stack, name) in trace.stacks.iter().zip(["layer", "decoder_layer"]) {
        for (index, block) in stack.blocks.iter().enumerate() {
            push_block(&mut file, &format!("{name}.{index}"), block);
        }
    }
    file
}

const TEXT_EMBEDDING: &str = "text_embeds";
const IMAGE_EMBEDDING: &str = "image_embeds";

/// What the names of a tower begin with, of a model with two.
fn tower(model: &Model) -> &'static str {
    match (&model.other_tower, model.network.kind) {
        (None, _) => "",
        (Some(_), Kind::Vision) => "vision_",
        (Some(_), _) => "text_",
    }
}

fn push_states<'a>(file: &mut TensorFile<'a>, tower: &str, trace: &'a Trace) {
    for (index, state) in trace.listed_states().into_iter().enumerate() {
        file.numbers(format!("{tower}hidden_state.{index}"), state.view());
    }
}

/// What the tower for images made beside that for texts, and how well both fit.
fn push_beside<'a>(file: &mut TensorFile<'a>, subject: &'a Subject, text: &'a Trace, image: &'a Trace) {
    const TOWER: &str = "vision_";
    file.optional("pixel_values", subject.image_beside.as_ref());
    for stack in &image.stacks {
        push_mixers(file, stack, TOWER, TOWER);
        for (index, block) in stack.blocks.iter().enumerate() {
            push_block(file, &format!("{TOWER}layer.{index}"), block);
        }
    }
    push_states(file, TOWER, image);
    if let Some(vectors) = &image.shared {
        file.numbers(IMAGE_EMBEDDING, vectors.row(0));
    }
    if let Some(fit) = text.fit(&subject.model.network, image) {
        file.owned("logits_per_image".to_owned(), Array1::from_elem(1, fit));
    }
}

/// A trajectory, as transformers names its parts.
fn push_trajectory<'a>(file: &mut TensorFile<'a>, trajectory: &'a Trajectory) {
    let Trajectory { returns, states, actions, rewards, timesteps } = trajectory;
    file.optional("rewards", rewards.as_ref());
    file.ids("timesteps", timesteps);
    for (name, numbers) in [("returns_to_go", returns), ("states", states), ("actions", actions)] {
        file.numbers(name, numbers.view());
    }
}

/// What was heard, as transformers names it and lays it out.
fn push_sound<'a>(file: &mut TensorFile<'a>, hears: Hears, sound: &'a Array2<f32>) {
    match hears {
        Hears::Samples => file.numbers("input_values", sound.row(0)),
        Hears::Bands => file.numbers("input_features", sound.view()),
        Hears::Spectrogram => file.numbers("input_values", sound.t()),
    }
}

/// What every kind of part computed, numbered by kind; the names of attentions and of recurrent layers
/// begin as said.
fn push_mixers<'a>(file: &mut TensorFile<'a>, stack: &'a StackTrace, attention: &str, recurrent: &str) {
    let [mut attentions, mut crosses, mut layers, mut convolutions] = [0; 4];
    let parts = || stack.blocks.iter().flat_map(|block| &block.parts);
    let counts = parts().any(|part| matches!(part.mixer, MixerTrace::Recurrent(_)));
    let blocks = stack.blocks.iter().enumerate();
    for (layer, part) in blocks.flat_map(|(layer, block)| block.parts.iter().map(move |part| (layer, part))) {
        match &part.mixer {
            MixerTrace::Attention(trace) => {
                // Beside recurrent layers attentions are counted, elsewhere they have their layer's number.
                let number = if counts { attentions } else { layer };
                file.numbers(format!("{attention}attention.{number}"), trace.weights.view());
                file.optional(format!("{attention}shaped_attention.{number}"), trace.shaped.as_ref());
                attentions += 1;
            }
            MixerTrace::CrossAttention(trace) => {
                file.numbers(format!("cross_attention.{crosses}"), trace.weights.view());
                crosses += 1;
            }
            MixerTrace::Recurrent(trace) => {
                if let Some(hidden) = trace.hidden() {
                    file.owned(format!("{recurrent}hidden.{layers}"), hidden);
                }
                for (stage, numbers) in trace.stages() {
                    file.numbers(format!("{recurrent}{stage}.{layers}"), numbers);
                }
                layers += 1;
            }
            MixerTrace::Convolution(trace) => {
                if let Some(pixels) = &trace.activation {
                    file.owned(format!("convolution.{convolutions}"), as_image(pixels));
                }
                convolutions += 1;
            }
            MixerTrace::Experts(trace) => {
                file.numbers(format!("router_logits.{layer}"), trace.router_logits.view());
            }
            MixerTrace::FeedForward(_) | MixerTrace::Scan(_) => {}
        }
    }
}

/// From a row a pixel `[side², C]` to `[C, side, side]`.
fn as_image(pixels: &ndarray::Array2<f32>) -> Array3<f32> {
    let side = pixels.nrows().isqrt();
    Array3::from_shape_fn((pixels.ncols(), side, side), |(channel, y, x)| pixels[[y * side + x, channel]])
}

/// The stages of a block, part by part. "between" is the stream before the last part joined it.
fn push_block<'a>(file: &mut TensorFile<'a>, name: &str, block: &'a BlockTrace) {
    file.optional(format!("{name}.before"), block.before.as_ref());
    for (index, part) in block.parts.iter().enumerate() {
        let kind = part.mixer.name();
        file.optional(format!("{name}.{kind}.input"), part.input.as_ref());
        // Those of a recurrent layer already stand by its own name.
        let is_recurrent = matches!(part.mixer, MixerTrace::Recurrent(_));
        for (stage, numbers) in part.mixer.stages().into_iter().filter(|_| !is_recurrent) {
            file.numbers(format!("{name}.{kind}.{stage}"), numbers);
        }
        if let MixerTrace::Attention(trace) | MixerTrace::CrossAttention(trace) = &part.mixer
            && let Some(products) = trace.products()
        {
            file.owned(format!("{name}.{kind}.products"), products);
        }
        file.optional(format!("{name}.{kind}.output"), part.output.as_ref());
        let after = match block.parts.len() - index {
            1 => "after",
            2 => "between",
            _ => continue,
        };
        file.optional(format!("{name}.{after}"), part.after.as_ref());
    }
}
