//! What is put on an encoder or a decoder that was tuned to classify texts or tokens, or to find answers.
//!
//! Which it is the configuration says (`architectures`), and where it does not, the tensors. Layouts as in
//! transformers' `...ForSequenceClassification`, `...ForTokenClassification`, `...ForQuestionAnswering`,
//! `...ForNextSentencePrediction` and ELECTRA's `...ForPreTraining`.

use serde_json::Value;

use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{Activation, Head, Kind, Layout, Linear, LooksAt, Network, Says, Transform};
use crate::model::weights::Weights;

/// What a network was tuned to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Task {
    /// One answer for a text, or for two.
    Texts,
    /// One for every token.
    Tokens,
    /// Where the answer to a question begins and ends.
    Answers,
    /// Whether the second text follows the first.
    NextSentence,
    /// Which tokens were put in place of others.
    Replaced,
}

/// The network with its classifier, where the checkpoint has one in place of an output matrix.
///
/// # Errors
/// A tensor that is missing or of another shape.
pub fn with_classifier(mut network: Network, config: &Config, weights: &Weights) -> Result<Network> {
    if !matches!(network.kind, Kind::Masked | Kind::Causal) || network.stacks.len() != 1 {
        return Ok(network);
    }
    let prefixes = &["", "bert.", "albert.", "deberta.", "model."];
    let binder = Binder::new(network.family, config, weights, prefixes);
    let Some(task) = task(&binder) else { return Ok(network) };
    // A classifier has no output matrix that could be the token table.
    config.states("tie_word_embeddings");
    let hidden = network.last_stack().hidden;
    network.head = Some(head(&binder, task, hidden)?);
    network.kind = Kind::Classifier;
    network.outputs = network.head.as_ref().map_or(0, Head::outputs);
    Ok(network)
}

fn task(binder: &Binder<'_>) -> Option<Task> {
    let names = binder.config.get("architectures").and_then(Value::as_array);
    let name = names.and_then(|names| names.first()).and_then(Value::as_str).unwrap_or("");
    let of_name = [
        ("ForSequenceClassification", Task::Texts),
        ("ForTokenClassification", Task::Tokens),
        ("ForQuestionAnswering", Task::Answers),
        ("ForNextSentencePrediction", Task::NextSentence),
    ];
    if let Some(&(_, task)) = of_name.iter().find(|(ending, _)| name.ends_with(ending)) {
        return Some(task);
    }
    let has = |stem: &str| binder.has(&format!("{stem}.weight"));
    if has("discriminator_predictions.dense") {
        return Some(Task::Replaced);
    }
    // A name that says something else is believed.
    let unnamed = name.is_empty();
    let by_tensor =
        [("qa_outputs", Task::Answers), ("classifier", Task::Texts), ("classifier.out_proj", Task::Texts)];
    by_tensor.into_iter().find(|(stem, _)| unnamed && has(stem)).map(|(_, task)| task)
}

fn head(binder: &Binder<'_>, task: Task, hidden: usize) -> Result<Head> {
    let on_each = |projection: Linear, says: Says| Head { says, ..Head::new(projection) };
    match task {
        Task::Answers => Ok(on_each(outputs(binder, "qa_outputs", hidden)?, Says::Span)),
        Task::NextSentence => {
            let head = Head::new(outputs(binder, "cls.seq_relationship", hidden)?);
            let transform = Some(dense(binder, "pooler.dense", hidden, Activation::Tanh)?);
            Ok(Head { transform, looks_at: LooksAt::FirstToken, ..head })
        }
        Task::Replaced => {
            let activation = binder.activation(&["hidden_act"], Activation::Gelu)?;
            let transform = Some(dense(binder, "discriminator_predictions.dense", hidden, activation)?);
            let projection = outputs(binder, "discriminator_predictions.dense_prediction", hidden)?;
            Ok(Head { transform, ..on_each(projection, Says::EachAlone) })
        }
        Task::Tokens => {
            let stem = if binder.has("score.weight") { "score" } else { "classifier" };
            let transform = modern_transform(binder, hidden)?;
            Ok(Head { transform, ..on_each(outputs(binder, stem, hidden)?, Says::OneOf) })
        }
        Task::Texts => of_texts(binder, hidden),
    }
}

/// One answer for a text.
fn of_texts(binder: &Binder<'_>, hidden: usize) -> Result<Head> {
    let has = |stem: &str| binder.has(&format!("{stem}.weight"));
    let (stem, looks_at, transform) = if has("score") {
        ("score", LooksAt::LastToken, None)
    } else if has("classifier.out_proj") {
        // ELECTRA has gelu there, the others tanh, whatever the blocks use.
        let electra = binder.config.text(&["model_type"]) == Some("electra");
        let activation = if electra { Activation::Gelu } else { Activation::Tanh };
        let transform = dense(binder, "classifier.dense", hidden, activation)?;
        ("classifier.out_proj", LooksAt::FirstToken, Some(transform))
    } else if has("pre_classifier") {
        let transform = dense(binder, "pre_classifier", hidden, Activation::Relu)?;
        ("classifier", LooksAt::FirstToken, Some(transform))
    } else if let Some(transform) = modern_transform(binder, hidden)? {
        let mean = binder.config.text(&["classifier_pooling"]) == Some("mean");
        ("classifier", if mean { LooksAt::Mean { from: 0 } } else { LooksAt::FirstToken }, Some(transform))
    } else if has("pooler.dense") {
        let activation = match binder.config.text(&["model_type"]) {
            Some("deberta-v2") => binder.activation(&["pooler_hidden_act"], Activation::Gelu)?,
            _ => Activation::Tanh,
        };
        ("classifier", LooksAt::FirstToken, Some(dense(binder, "pooler.dense", hidden, activation)?))
    } else {
        // ALBERT's has no name of its own.
        ("classifier", LooksAt::FirstToken, Some(dense(binder, "pooler", hidden, Activation::Tanh)?))
    };
    let projection = outputs(binder, stem, hidden)?;
    let says = says(binder.config, projection.outputs());
    Ok(Head { transform, looks_at, says, ..Head::new(projection) })
}

/// What transformers' pipeline makes of the numbers.
fn says(config: &Config, outputs: usize) -> Says {
    match config.text(&["problem_type"]) {
        Some("regression") => Says::Numbers,
        Some("multi_label_classification") => Says::EachAlone,
        _ if outputs == 1 => Says::EachAlone,
        _ => Says::OneOf,
    }
}

fn outputs(binder: &Binder<'_>, stem: &str, hidden: usize) -> Result<Linear> {
    let weight = binder.tensor(&format!("{stem}.weight"), &[0, hidden])?;
    let bias = binder.tensor_if_present(&format!("{stem}.bias"), &[weight.shape()[0]])?;
    Ok(Linear { weight, layout: Layout::OutIn, bias })
}

fn dense(binder: &Binder<'_>, stem: &str, hidden: usize, activation: Activation) -> Result<Transform> {
    let dense = binder.linear(stem, hidden, hidden, Bias::IfPresent)?;
    Ok(Transform { dense, activation, norm: None })
}

/// ModernBERT's, with a norm behind it.
fn modern_transform(binder: &Binder<'_>, hidden: usize) -> Result<Option<Transform>> {
    if !binder.has("head.dense.weight") {
        return Ok(None);
    }
    let activation = binder.activation(&["classifier_activation"], Activation::Gelu)?;
    let epsilon = binder.config.epsilon(&["norm_eps"], 1e-5)?;
    let norm = binder.layer_norm_as_stored("head.norm", hidden, epsilon)?;
    Ok(Some(Transform { norm: Some(norm), ..dense(binder, "head.dense", hidden, activation)? }))
}
