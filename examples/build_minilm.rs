//! Builds `models/minilm-l6/model.safetensors` from the f32 checkpoint: matrices become int8 codes
//! with one scale a row, everything else stays f32.
//!
//! ```text
//! cargo run --release --example build_minilm -- FOLDER-OF-all-MiniLM-L6-v2 models/minilm-l6
//! ```

use std::path::Path;

use anyhow::{Context, Result, bail};
use lexiscope::model::weights::Weights;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [from, to] = arguments.as_slice() else {
        bail!("usage: build_minilm CHECKPOINT-FOLDER OUTPUT-FOLDER");
    };
    let (from, to) = (Path::new(from), Path::new(to));
    let bytes =
        std::fs::read(from.join("model.safetensors")).context("the checkpoint's model.safetensors")?;
    let tensors = SafeTensors::deserialize(&bytes)?;
    let mut built: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = Vec::new();
    for (name, view) in tensors.tensors() {
        // The pooler is a head for a task that the model is not used for; position ids are 0..511.
        if name.starts_with("pooler.") || view.dtype() != Dtype::F32 {
            continue;
        }
        // Positions and token types are small and reach every token: they stay f32.
        let stays = name.contains("position_embeddings") || name.contains("token_type");
        if view.shape().len() != 2 || stays {
            built.push((name, Dtype::F32, view.shape().to_vec(), view.data().to_vec()));
            continue;
        }
        let (codes, scales) = quantise(view.data(), view.shape()[1]);
        built.push((name.clone(), Dtype::I8, view.shape().to_vec(), codes));
        built.push((format!("{name}{}", Weights::SCALES_SUFFIX), Dtype::F32, vec![view.shape()[0]], scales));
    }
    let views = built.iter().map(|(name, dtype, shape, data)| {
        TensorView::new(*dtype, shape.clone(), data).map(|view| (name.as_str(), view))
    });
    let views: Vec<_> = views.collect::<Result<_, _>>()?;
    std::fs::create_dir_all(to)?;
    std::fs::write(to.join("model.safetensors"), safetensors::serialize(views, None)?)?;
    for file in ["config.json", "tokenizer.json", "LICENSE", "NOTICE"] {
        std::fs::copy(from.join(file), to.join(file)).with_context(|| format!("the checkpoint's {file}"))?;
    }
    Ok(())
}

/// Codes and scales of rows of `width` f32: scale = largest magnitude / 127. Scales that clip a few
/// numbers have smaller squared errors but were measured to move attention more.
fn quantise(data: &[u8], width: usize) -> (Vec<u8>, Vec<u8>) {
    let numbers: Vec<f32> =
        data.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    let (mut codes, mut scales) = (Vec::with_capacity(numbers.len()), Vec::new());
    for row in numbers.chunks_exact(width) {
        let largest = row.iter().fold(0.0f32, |largest, number| largest.max(number.abs()));
        let scale = if largest > 0.0 { largest / 127.0 } else { 1.0 };
        codes.extend(row.iter().map(|number| (number / scale).round().clamp(-127.0, 127.0) as i8 as u8));
        scales.extend(scale.to_le_bytes());
    }
    (codes, scales)
}
