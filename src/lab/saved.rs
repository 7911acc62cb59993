//! A training as a folder: `config.json`, `tokenizer.json` and `model.safetensors` as the Hub has them,
//! and `training.safetensors`, from which it goes on.
//!
//! The last holds weights, what the optimiser remembers and the step together, and is renamed into its
//! place: whenever the program is killed, one whole step is there.

use std::path::{Path, PathBuf};

use safetensors::SafeTensors;
use serde_json::{Value, json};

use super::blueprint;
use super::optimiser::{Adam, AdamSettings};
use super::training::{Training, TrainingSettings};
use crate::files::{AtomicFile, WriteError};
use crate::mmap::Bytes;
use crate::model::error::{ModelError, Result};
use crate::model::tensor::Tensor;
use crate::model::tensor_file::TensorFile;

/// What goes on from.
const STATE: &str = "training.safetensors";
const MODEL: &str = "model.safetensors";
const CONFIG: &str = "config.json";
const TOKENIZER: &str = "tokenizer.json";

/// Where a training is kept.
#[derive(Debug, Clone)]
pub struct SavedTraining {
    folder: PathBuf,
    /// What stands in `config.json`.
    pub config: Value,
    /// What `tokenizer.json` holds, of a network that reads.
    pub tokenizer: Option<String>,
    /// What else must be the same for a training to go on: what is learned from.
    pub data: Value,
}

impl SavedTraining {
    /// A folder that a training is to be kept in.
    pub fn new(folder: PathBuf, config: Value, tokenizer: Option<String>, data: Value) -> Self {
        Self { folder, config, tokenizer, data }
    }

    /// Whether a training that can go on is kept there.
    pub fn can_go_on(folder: &Path) -> bool {
        folder.join(STATE).exists()
    }

    /// Whether a network is kept there already.
    pub fn exists(folder: &Path) -> bool {
        [STATE, MODEL, CONFIG].iter().any(|name| folder.join(name).exists())
    }

    /// Writes configuration and tokenizer, which do not change.
    ///
    /// # Errors
    /// A folder that cannot be made, a file that cannot be written.
    pub fn begin(&self) -> std::result::Result<(), WriteError> {
        std::fs::create_dir_all(&self.folder)
            .map_err(|source| WriteError { path: self.folder.clone(), source })?;
        let config = Some(format!("{:#}\n", self.config));
        for (name, text) in [(CONFIG, &config), (TOKENIZER, &self.tokenizer)] {
            let Some(text) = text else { continue };
            let mut file = AtomicFile::create(&self.folder.join(name), None)?;
            file.write(text.as_bytes())?;
            file.commit()?;
        }
        Ok(())
    }

    /// Writes where the training stands, then its weights for others.
    ///
    /// # Errors
    /// A file that cannot be written; what stood there before is still whole then.
    pub fn keep(&self, training: &Training) -> std::result::Result<(), WriteError> {
        let parameters = training.network.parameters();
        let numbers: Vec<_> = parameters.iter().map(|parameter| parameter.to_f32()).collect();
        let (mut state, mut model) = (TensorFile::default(), TensorFile::default());
        for ((parameter, numbers), [first, second]) in
            parameters.iter().zip(&numbers).zip(&training.adam.moments)
        {
            let (name, shape) = (parameter.name(), parameter.shape());
            model.slice(name, shape, numbers);
            state.slice(format!("weight.{name}"), shape, numbers);
            state.slice(format!("first.{name}"), shape, first);
            state.slice(format!("second.{name}"), shape, second);
        }
        // The metadata of a safetensors file is texts.
        let about = json!({
            "config": self.config.to_string(), "data": self.data.to_string(),
            "step": training.adam.steps.to_string(),
            "settings": written(&training.settings),
        });
        state.write(&about, &self.folder.join(STATE))?;
        model.write(&json!({"format": "pt"}), &self.folder.join(MODEL))?;
        Ok(())
    }

    /// The training where it was left, to be done by `settings`: those that it had, or the same with
    /// another number of steps.
    ///
    /// # Errors
    /// Nothing to go on from; the training of another network, text or plan; more steps taken than asked for.
    pub fn resume(&self, settings: TrainingSettings) -> Result<Training> {
        let path = self.folder.join(STATE);
        let bytes = Bytes::map(&path).map_err(ModelError::io("open", &path))?;
        let malformed = |what: &str, expected: String, found: String| ModelError::Malformed {
            path: path.clone(),
            what: what.into(),
            expected,
            found,
        };
        let broken = |error: safetensors::SafeTensorError| {
            malformed("the file", "a safetensors file of a training".into(), error.to_string())
        };
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(broken)?;
        let about = header.metadata().clone().unwrap_or_default();
        let said = |key: &str| about.get(key).cloned().unwrap_or_else(|| "nothing".into());
        for (key, mine) in [
            ("config", self.config.to_string()),
            ("data", self.data.to_string()),
            ("settings", written(&settings)),
        ] {
            if said(key) != mine {
                return Err(malformed(&format!("the {key} of the training in it"), mine, said(key)));
            }
        }
        let step = said("step");
        let step = step.parse::<u64>().map_err(|_| malformed("step", "a number".into(), step.clone()))?;
        if step > settings.steps {
            return Err(ModelError::Request(format!(
                "the training in {} has taken {step} steps already; give a larger --steps",
                self.folder.display()
            )));
        }
        let tensors = SafeTensors::deserialize(&bytes).map_err(broken)?;
        let read = |name: &str| -> Result<(Vec<usize>, Vec<f32>)> {
            let view = tensors.tensor(name).map_err(broken)?;
            let chunks = view.data().as_chunks().0;
            Ok((view.shape().to_vec(), chunks.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()))
        };
        let weights = tensors.names().into_iter().filter_map(|name| name.strip_prefix("weight."));
        let weights = weights
            .map(|name| {
                let (shape, numbers) = read(&format!("weight.{name}"))?;
                Ok(Tensor::owned(name, shape, numbers))
            })
            .collect::<Result<Vec<_>>>()?;
        let network = blueprint::bind(self.config.clone(), weights)?;
        let mut adam = Adam::new(&network, AdamSettings::default());
        for (parameter, moments) in network.parameters().into_iter().zip(&mut adam.moments) {
            for (kind, moments) in ["first", "second"].into_iter().zip(moments) {
                let (_, numbers) = read(&format!("{kind}.{}", parameter.name()))?;
                if numbers.len() != parameter.len() {
                    return Err(malformed(kind, parameter.len().to_string(), numbers.len().to_string()));
                }
                *moments = numbers;
            }
        }
        adam.steps = step;
        Ok(Training { adam, ..Training::new(network, settings) })
    }
}

/// Settings as a text that tells them from others, and that a person can read. How long it takes is not
/// among them: a training may turn out to need more steps than were planned.
fn written(settings: &TrainingSettings) -> String {
    let &TrainingSettings { steps: _, warm_up: _, last_share: _, batch, rate, seed, dropout } = settings;
    let mut written = json!({"batch": batch, "rate": rate, "seed": seed});
    if dropout > 0.0 {
        written["dropout"] = json!(dropout);
    }
    written.to_string()
}
