//! Builds `models/stories` from six trainings: matrices become f16, everything else stays f32.
//!
//! ```text
//! cargo run --release --example build_stories -- FOLDER-OF-TRAININGS models/stories
//! ```

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use half::f16;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

const NETWORKS: [&str; 6] = ["causal", "simplified", "hybrid", "lstm", "gru", "rnn"];

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [from, to] = arguments.as_slice() else {
        bail!("usage: build_stories FOLDER-OF-TRAININGS OUTPUT-FOLDER");
    };
    let (from, to) = (Path::new(from), Path::new(to));
    for name in NETWORKS {
        halve(&from.join(name), &to.join(name)).with_context(|| format!("the training {name}"))?;
    }
    std::fs::write(to.join("tokenizer.json"), tokenizer(from)?)?;
    Ok(())
}

fn halve(from: &Path, to: &Path) -> Result<()> {
    let bytes = std::fs::read(from.join("model.safetensors")).context("model.safetensors")?;
    let tensors = SafeTensors::deserialize(&bytes)?;
    let built = tensors.tensors().into_iter().map(|(name, view)| {
        ensure!(view.dtype() == Dtype::F32, "{name} is no longer what training wrote");
        let (number_type, data) = match view.shape().len() {
            2 => (Dtype::F16, halves(&name, view.data())?),
            _ => (Dtype::F32, view.data().to_vec()),
        };
        Ok((name, number_type, view.shape().to_vec(), data))
    });
    let built: Vec<_> = built.collect::<Result<_>>()?;
    let views = built.iter().map(|(name, number_type, shape, data)| {
        TensorView::new(*number_type, shape.clone(), data).map(|view| (name.as_str(), view))
    });
    let views: Vec<_> = views.collect::<Result<_, _>>()?;
    std::fs::create_dir_all(to)?;
    std::fs::write(to.join("model.safetensors"), safetensors::serialize(views, None)?)?;
    std::fs::copy(from.join("config.json"), to.join("config.json")).context("config.json")?;
    Ok(())
}

/// The bytes of f32 numbers as those of the nearest f16.
fn halves(name: &str, data: &[u8]) -> Result<Vec<u8>> {
    let mut halves = Vec::with_capacity(data.len() / 2);
    for bytes in data.chunks_exact(4) {
        let number = f16::from_f32(f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
        ensure!(number.is_finite(), "{name} has a number that f16 cannot hold");
        halves.extend(number.to_le_bytes());
    }
    Ok(halves)
}

/// The one `tokenizer.json` that all have, without the space that makes it easy to read.
fn tokenizer(from: &Path) -> Result<String> {
    let read = |name: &str| std::fs::read_to_string(from.join(name).join("tokenizer.json"));
    let first = read(NETWORKS[0])?;
    for name in NETWORKS {
        ensure!(read(name)? == first, "{name} has another tokenizer than {}", NETWORKS[0]);
    }
    Ok(serde_json::from_str::<serde_json::Value>(&first)?.to_string())
}
