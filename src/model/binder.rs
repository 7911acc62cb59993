//! Finding a family's tensors by name, with their shapes checked.

use super::activation::Activation;
use super::config::Config;
use super::error::{ModelError, Result};
use super::linear::{Layout, Linear};
use super::normalisation::{Norm, NormKind};
use super::parameters::Parameter;
use super::parts::attention::{Mask, Projections};
use super::weights::Weights;

/// Whether a linear map has a bias.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bias {
    /// It has.
    Yes,
    /// It has none.
    No,
    /// If the file has it.
    IfPresent,
}

/// Looks tensors up for one family.
#[derive(Debug)]
pub struct Binder<'a> {
    /// The configuration.
    pub config: &'a Config,
    weights: &'a Weights,
    family: &'static str,
    prefixes: &'static [&'static str],
}

impl<'a> Binder<'a> {
    /// A binder that tries each of `prefixes` before every name: files saved from a bare model and
    /// from a model with a head differ in it.
    pub fn new(
        family: &'static str,
        config: &'a Config,
        weights: &'a Weights,
        prefixes: &'static [&'static str],
    ) -> Self {
        Self { config, weights, family, prefixes }
    }

    /// The family's name.
    pub fn family(&self) -> &'static str {
        self.family
    }

    /// Whether the file has this tensor.
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Whether a tensor of the file has `part` in its name.
    pub fn has_like(&self, part: &str) -> bool {
        self.weights.names().any(|name| name.contains(part))
    }

    fn find(&self, name: &str) -> Option<&'a Parameter> {
        let by_prefix =
            |name: &str| self.prefixes.iter().find_map(|prefix| self.weights.get(&format!("{prefix}{name}")));
        by_prefix(name).or_else(|| self.weights.get(name)).or_else(|| {
            // Checkpoints converted from TensorFlow call a norm's tensors gamma and beta.
            let old = name.strip_suffix(".weight").map(|stem| format!("{stem}.gamma"));
            let old = old.or_else(|| name.strip_suffix(".bias").map(|stem| format!("{stem}.beta")));
            old.and_then(|old| by_prefix(&old))
        })
    }

    /// The tensor `name` of shape `expected`, where 0 stands for any size.
    ///
    /// # Errors
    /// [`ModelError::MissingTensor`], [`ModelError::WrongShape`].
    pub fn tensor(&self, name: &str, expected: &[usize]) -> Result<Parameter> {
        let Some(tensor) = self.find(name) else {
            return Err(ModelError::MissingTensor {
                path: self.weights.path().to_owned(),
                tensor: format!("{}{name}", self.prefixes.first().unwrap_or(&"")),
                family: self.family,
                expected: expected.to_vec(),
            });
        };
        let found = tensor.shape();
        let fits =
            found.len() == expected.len() && found.iter().zip(expected).all(|(f, e)| *e == 0 || f == e);
        if fits {
            return Ok(Parameter::clone(tensor));
        }
        Err(ModelError::WrongShape {
            path: self.weights.path().to_owned(),
            tensor: tensor.name().to_owned(),
            expected: expected.to_vec(),
            found: found.to_vec(),
        })
    }

    /// As [`Binder::tensor`], where the file has it.
    ///
    /// # Errors
    /// Another shape.
    pub fn tensor_if_present(&self, name: &str, expected: &[usize]) -> Result<Option<Parameter>> {
        self.has(name).then(|| self.tensor(name, expected)).transpose()
    }

    /// `name.weight` and, by `bias`, `name.bias`; stored `[outputs, inputs]`.
    ///
    /// # Errors
    /// As [`Binder::tensor`].
    pub fn linear(&self, name: &str, outputs: usize, inputs: usize, bias: Bias) -> Result<Linear> {
        let weight = self.tensor(&format!("{name}.weight"), &[outputs, inputs])?;
        Ok(Linear { weight, layout: Layout::OutIn, bias: self.bias(name, outputs, bias)? })
    }

    /// As [`Binder::linear`], stored `[inputs, outputs]` (GPT-2's Conv1D) unless the file turned it (GGUF).
    ///
    /// # Errors
    /// As [`Binder::tensor`].
    pub fn conv1d(&self, name: &str, outputs: usize, inputs: usize) -> Result<Linear> {
        if self.config.flag("maps_by_output", false)? {
            return self.linear(name, outputs, inputs, Bias::Yes);
        }
        let weight = self.tensor(&format!("{name}.weight"), &[inputs, outputs])?;
        Ok(Linear { weight, layout: Layout::InOut, bias: self.bias(name, outputs, Bias::Yes)? })
    }

    /// Query, key and value as three maps from `hidden` numbers to as many; `stem` makes whole names.
    ///
    /// # Errors
    /// As [`Binder::tensor`].
    pub fn square_projections(
        &self,
        names: [&str; 3],
        stem: impl Fn(&str) -> String,
        hidden: usize,
        bias: Bias,
    ) -> Result<Projections> {
        let map = |name: &str| self.linear(&stem(name), hidden, hidden, bias);
        Ok(Projections::separate(map(names[0])?, map(names[1])?, map(names[2])?))
    }

    fn bias(&self, name: &str, outputs: usize, bias: Bias) -> Result<Option<Parameter>> {
        let name = format!("{name}.bias");
        match bias {
            Bias::No => Ok(None),
            Bias::IfPresent => self.tensor_if_present(&name, &[outputs]),
            Bias::Yes => self.tensor(&name, &[outputs]).map(Some),
        }
    }

    /// Layer norm with `name.weight` and `name.bias`.
    ///
    /// # Errors
    /// As [`Binder::tensor`].
    pub fn layer_norm(&self, name: &str, size: usize, epsilon: f64) -> Result<Norm> {
        Ok(Norm {
            kind: NormKind::Layer,
            weight: self.tensor(&format!("{name}.weight"), &[size])?,
            offset: 0.0,
            bias: Some(self.tensor(&format!("{name}.bias"), &[size])?),
            epsilon: epsilon as f32,
        })
    }

    /// Layer norm with `name.weight` alone.
    ///
    /// # Errors
    /// As [`Binder::tensor`].
    pub fn layer_norm_without_bias(&self, name: &str, size: usize, epsilon: f64) -> Result<Norm> {
        let norm = self.rms_norm(name, size, epsilon)?;
        Ok(Norm { kind: NormKind::Layer, ..norm })
    }

    /// Layer norm with `name.weight` and `name.bias`, where the file has that.
    ///
    /// # Errors
    /// As [`Binder::tensor`].
    pub fn layer_norm_as_stored(&self, name: &str, size: usize, epsilon: f64) -> Result<Norm> {
        let bias = self.tensor_if_present(&format!("{name}.bias"), &[size])?;
        Ok(Norm { bias, ..self.layer_norm_without_bias(name, size, epsilon)? })
    }

    /// As [`Binder::linear`] for maps that lie one after the other in one tensor, so many outputs each.
    ///
    /// # Errors
    /// As [`Binder::tensor`].
    pub fn linears<const N: usize>(
        &self,
        name: &str,
        outputs: [usize; N],
        inputs: usize,
        bias: Bias,
    ) -> Result<[Linear; N]> {
        let all = self.linear(name, outputs.iter().sum(), inputs, bias)?;
        let mut next = 0;
        Ok(outputs.map(|count| {
            let rows = next..next + count;
            next = rows.end;
            let part = |parameter: &Parameter| Parameter::new(parameter.rows(rows.clone()));
            Linear { weight: part(&all.weight), bias: all.bias.as_ref().map(part), layout: all.layout }
        }))
    }

    /// RMS norm with `name.weight`.
    ///
    /// # Errors
    /// As [`Binder::tensor`].
    pub fn rms_norm(&self, name: &str, size: usize, epsilon: f64) -> Result<Norm> {
        let weight = self.tensor(&format!("{name}.weight"), &[size])?;
        Ok(Norm { kind: NormKind::Rms, weight, offset: 0.0, bias: None, epsilon: epsilon as f32 })
    }

    /// The activation named at the first of `keys`, or `default`.
    ///
    /// # Errors
    /// [`ModelError::Unsupported`] for a name that is not known.
    pub fn activation(&self, keys: &[&str], default: Activation) -> Result<Activation> {
        match self.config.text(keys) {
            None => Ok(default),
            Some(name) => Activation::named(name)
                .ok_or_else(|| self.config.unsupported(format!("the activation \"{name}\" is not known"))),
        }
    }

    /// The output matrix: tensor `name` where the file has it, else the token table, if the two are
    /// tied (as they are in the family `by_default`). `None` where the file lacks a matrix of its own:
    /// such a network predicts nothing.
    ///
    /// # Errors
    /// As [`Binder::tensor`].
    pub fn output_matrix(
        &self,
        name: &str,
        table: &Parameter,
        bias: Option<Parameter>,
        by_default: bool,
    ) -> Result<Option<Linear>> {
        let tied = self.config.flag("tie_word_embeddings", by_default)?;
        let weight = match self.has(name) {
            true => self.tensor(name, table.shape())?,
            false if tied => Parameter::clone(table),
            false => return Ok(None),
        };
        Ok(Some(Linear { weight, layout: Layout::OutIn, bias }))
    }

    /// The mask of a network that writes from left to right, each token seeing `window` tokens with
    /// itself (all without one). `is_causal: false` opens it to both sides, as transformers does
    /// (`create_causal_mask`).
    ///
    /// # Errors
    /// [`ModelError::Unsupported`] for a window that is open to both sides.
    pub fn causal_mask(&self, window: Option<usize>) -> Result<Mask> {
        match (self.config.flag("is_causal", true)?, window) {
            (true, window) => Ok(Mask::causal(window)),
            (false, None) => Ok(Mask::default()),
            (false, Some(_)) => Err(self.config.unsupported("is_causal is false beside a sliding window")),
        }
    }
}
