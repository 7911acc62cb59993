//! `trace`: everything that one forward pass computed, as a safetensors file.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use ndarray::{ArrayView, Dimension};
use serde_json::{Map, Value as Json, json};

use super::arguments::format::FormatArguments;
use super::arguments::subject::{Subject, SubjectArguments};
use super::command::{Answer, Command, Shared};
use super::progress;
use super::report::Value;
use crate::files::AtomicFile;
use crate::model::forward::PassOptions;
use crate::model::network::{DECODER, FIRST, Kind};
use crate::model::trace::{BlockTrace, Keep, Trace};

/// Write everything that one forward pass computes into a safetensors file
///
/// Names: input_ids, attention.N, hidden_state.N, logits; in an encoder-decoder model
/// encoder_attention.N, decoder_attention.N, cross_attention.N; for an image pixel_values. All
/// other stages stand beside them, as embedding.tokens or layer.N.attention.query.
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
        let trace = subject.run(&PassOptions { keep, ..PassOptions::default() })?;
        let file = tensors(&subject, &trace);
        let bytes = progress::shown("writing the trace", |_| file.write(&subject, &self.to))?;
        let report = subject
            .report()
            .fact("tokens", subject.tokens.len())
            .fact("tensors", file.tensors.len())
            .fact("output", Value::text(self.to.display().to_string()))
            .fact("bytes", Value::Integer(bytes));
        Ok(Answer::report(report, self.output.format))
    }
}

/// The tensors of one pass, by the names of the file.
#[derive(Default)]
struct TensorFile<'a> {
    tensors: Vec<Tensor<'a>>,
}

struct Tensor<'a> {
    name: String,
    number_type: &'static str,
    shape: Vec<usize>,
    bytes: Cow<'a, [u8]>,
}

impl<'a> TensorFile<'a> {
    fn ids(&mut self, name: &str, ids: &[u32]) {
        let bytes = ids.iter().flat_map(|&id| i64::from(id).to_le_bytes()).collect();
        self.tensors.push(Tensor { name: name.into(), number_type: "I64", shape: vec![ids.len()], bytes });
    }

    fn numbers<D: Dimension>(&mut self, name: impl Into<String>, numbers: ArrayView<'a, f32, D>) {
        let shape = numbers.shape().to_vec();
        let bytes = match numbers.to_slice() {
            Some(slice) => Cow::Borrowed(bytemuck::cast_slice(slice)),
            None => Cow::Owned(numbers.iter().flat_map(|number| number.to_le_bytes()).collect()),
        };
        self.tensors.push(Tensor { name: name.into(), number_type: "F32", shape, bytes });
    }

    fn optional<D: Dimension>(
        &mut self,
        name: impl Into<String>,
        numbers: Option<&'a ndarray::Array<f32, D>>,
    ) {
        if let Some(numbers) = numbers {
            self.numbers(name, numbers.view());
        }
    }

    /// Writes the file: the length of the header as u64, the header as JSON, then the data, eight-byte
    /// numbers first (the safetensors format).
    fn write(&self, subject: &Subject, path: &Path) -> Result<u64> {
        let mut header = Map::new();
        let network = &subject.model.network;
        let tokens = serde_json::to_string(&subject.tokens.pieces)?;
        header.insert(
            "__metadata__".into(),
            json!({"model": subject.model.name, "family": network.family, "tokens": tokens}),
        );
        let mut offset = 0;
        for Tensor { name, number_type, shape, bytes } in &self.tensors {
            let end = offset + bytes.len();
            header.insert(
                name.clone(),
                json!({"dtype": number_type, "shape": shape, "data_offsets": [offset, end]}),
            );
            offset = end;
        }
        let mut header = serde_json::to_vec(&Json::Object(header))?;
        header.resize(header.len().next_multiple_of(8), b' ');
        let mut file = AtomicFile::create(path, None)?;
        file.write(&(header.len() as u64).to_le_bytes())?;
        file.write(&header)?;
        for tensor in &self.tensors {
            file.write(&tensor.bytes)?;
        }
        Ok(file.commit()?)
    }
}

fn tensors<'a>(subject: &'a Subject, trace: &'a Trace) -> TensorFile<'a> {
    let kind = subject.model.network.kind;
    let mut file = TensorFile::default();
    if kind != Kind::Vision {
        file.ids("input_ids", trace.tokens(FIRST));
    }
    if kind == Kind::EncoderDecoder {
        file.ids("decoder_input_ids", trace.tokens(DECODER));
    }
    file.optional("pixel_values", subject.image.as_ref());
    let own = if kind == Kind::EncoderDecoder { "encoder_attention" } else { "attention" };
    for layer in 0..trace.layers(FIRST) {
        file.optional(format!("{own}.{layer}"), trace.weights(FIRST, layer));
    }
    for layer in 0..trace.layers(DECODER) {
        file.optional(format!("decoder_attention.{layer}"), trace.weights(DECODER, layer));
        let cross = trace.cross_attention(DECODER, layer);
        file.optional(format!("cross_attention.{layer}"), cross.map(|cross| &cross.weights));
    }
    for (index, state) in trace.hidden_states().iter().enumerate() {
        file.numbers(format!("hidden_state.{index}"), state.view());
    }
    match &trace.logits {
        // A classifier has one row for the whole image; its file has that row.
        Some(logits) if kind == Kind::Vision && logits.nrows() > 0 => file.numbers("logits", logits.row(0)),
        logits => file.optional("logits", logits.as_ref()),
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

/// The stages of a block, part by part. "between" is the stream before the last part joined it.
fn push_block<'a>(file: &mut TensorFile<'a>, name: &str, block: &'a BlockTrace) {
    file.optional(format!("{name}.before"), block.before.as_ref());
    for (index, part) in block.parts.iter().enumerate() {
        let kind = part.mixer.name();
        file.optional(format!("{name}.{kind}.input"), part.input.as_ref());
        for (stage, numbers) in part.mixer.stages() {
            file.numbers(format!("{name}.{kind}.{stage}"), numbers);
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
