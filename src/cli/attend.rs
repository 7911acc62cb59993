//! `attend`: one attention map.

use anyhow::Result;
use ndarray::Array2;

use super::failure::Failure;
use super::map::Map;
use super::model_arguments::LowView;
use super::model_source::{self, Subject};
use super::output::{Report, Value};
use super::settings::name_of;
use crate::analysis::difference::difference;
use crate::analysis::maps::{self, View};
use crate::analysis::{HeadPlace, Stack};
use crate::model::forward::PassOptions;
use crate::model::interventions::{HeadChange, Interventions};
use crate::model::network::FIRST;
use crate::model::trace::{Keep, Trace};

/// What is asked.
pub struct Request {
    /// The model and the text.
    pub subject: model_source::Request,
    /// The layer; `None` for the last.
    pub layer: Option<usize>,
    /// The head; `None` for all of them.
    pub head: Option<usize>,
    /// What is shown; `None` for the weights of one head, or the mean of all.
    pub view: Option<LowView>,
    /// Which attention of an encoder-decoder model.
    pub stack: Stack,
    /// Heads switched off, by layer and head.
    pub off: Vec<(usize, usize)>,
    /// Tokens hidden from all others, by position or text.
    pub hide: Vec<String>,
}

/// The map, and the map without the changes where any were asked for.
///
/// # Errors
/// A layer, head or token that is not there, with those that are; a model that cannot run.
pub fn answer(request: &Request) -> Result<Report> {
    let subject = Subject::open(&request.subject)?;
    let choice = Choice::of(request, &subject)?;
    let interventions = interventions(request, &subject)?;
    let keep = if view_of(choice.view).needs_every_stage() { Keep::Everything } else { Keep::Weights };
    let run = |interventions: Interventions| -> Result<(Trace, Array2<f64>)> {
        let trace = subject.run(&PassOptions { keep, interventions, ..PassOptions::default() })?;
        let values = choice.values(&subject, &trace)?;
        Ok((trace, values))
    };
    let before = if interventions.is_empty() { None } else { Some(run(Interventions::default())?) };
    let (trace, values) = run(interventions)?;
    // A head of the last layer changes no map: this says that it changed something.
    let cosine = match &before {
        Some((before, _)) => difference(before, &trace)?.sentence_cosine,
        None => None,
    };
    let (rows, columns) = labels(request.stack, &subject, &trace);
    let head = choice.head.map_or(Value::Nothing, Value::from);
    let mut report = subject
        .report()
        .fact("view", Value::text(name_of(choice.view)))
        .fact("layer", choice.layer)
        .fact("head", head);
    if let Some(cosine) = cosine {
        report = report.fact("sentence_cosine", f64::from(cosine));
    }
    Ok(report.map(Map {
        title: choice.title(&subject),
        quantity: choice.quantity(),
        row: "query",
        column: "key",
        rows,
        columns,
        values,
        before: before.map(|(_, values)| values),
    }))
}

/// A layer, head and view that are there.
struct Choice {
    layer: usize,
    head: Option<usize>,
    view: LowView,
    stack: Stack,
}

impl Choice {
    fn of(request: &Request, subject: &Subject) -> Result<Self> {
        let network = &subject.model.network;
        if request.stack != Stack::Text && !network.has_decoder() {
            let message = format!("{} has no decoder of its own", subject.model.name);
            return Err(Failure::usage(message).hint("leave --stack out").into());
        }
        let layers = network.layers(request.stack.index());
        let layer = request.layer.unwrap_or(layers.saturating_sub(1));
        if layer >= layers {
            return Err(out_of_range("layer", layer, layers).into());
        }
        let heads = network.heads(request.stack.index(), layer);
        let head = match request.head {
            Some(head) if head >= heads => return Err(out_of_range("head", head, heads).into()),
            head => head,
        };
        let view = request.view.unwrap_or(if head.is_some() { LowView::Weights } else { LowView::Mean });
        let of_all_heads = matches!(view, LowView::Mean | LowView::Rollout);
        if of_all_heads && head.is_some() {
            let message = format!("--view {} is of all heads together", name_of(view));
            return Err(Failure::usage(message).hint("leave --head out").into());
        }
        if !of_all_heads && head.is_none() {
            let message = format!("--view {} is of one head", name_of(view));
            return Err(Failure::usage(message).hint(format!("add --head 0 to --head {}", heads - 1)).into());
        }
        if request.stack != Stack::Text && view == LowView::Rollout {
            return Err(Failure::usage("--view rollout is there for the encoder only").into());
        }
        Ok(Self { layer, head, view, stack: request.stack })
    }

    fn values(&self, subject: &Subject, trace: &Trace) -> Result<Array2<f64>> {
        let place = HeadPlace { stack: self.stack, layer: self.layer, head: self.head.unwrap_or(0) };
        let values = maps::map(&subject.model.network, trace, place, view_of(self.view))?;
        Ok(values.mapv(f64::from))
    }

    fn quantity(&self) -> &'static str {
        match self.view {
            LowView::Scores => "score",
            LowView::Norm => "norm",
            LowView::Weights | LowView::Rollout | LowView::Mean => "weight",
        }
    }

    fn title(&self, subject: &Subject) -> String {
        let what = match (self.head, self.view) {
            (Some(head), view) => format!("layer {} head {head}, {}", self.layer, name_of(view)),
            (None, LowView::Rollout) => format!("rollout up to layer {}", self.layer),
            (None, _) => format!("layer {}, mean over its heads", self.layer),
        };
        format!("{}: {what}", subject.model.name)
    }
}

fn view_of(low: LowView) -> View {
    match low {
        LowView::Weights => View::Weights,
        LowView::Scores => View::Scores,
        LowView::Norm => View::Norm,
        LowView::Rollout => View::Rollout,
        LowView::Mean => View::Mean,
    }
}

fn labels(stack: Stack, subject: &Subject, trace: &Trace) -> (Vec<String>, Vec<String>) {
    let encoder = || subject.labels();
    let decoder = || subject.labels_of(&trace.decoder_tokens);
    match stack {
        Stack::Text => (encoder(), encoder()),
        Stack::Decoder => (decoder(), decoder()),
        Stack::Cross => (decoder(), encoder()),
    }
}

fn out_of_range(what: &str, wanted: usize, count: usize) -> Failure {
    Failure::usage(format!("there is no {what} {wanted}"))
        .hint(format!("{what}s are counted from 0: 0 to {}", count.saturating_sub(1)))
}

fn interventions(request: &Request, subject: &Subject) -> Result<Interventions> {
    let mut changes = Interventions::default();
    let network = &subject.model.network;
    let layers = network.layers(FIRST);
    for &(layer, head) in &request.off {
        if layer >= layers {
            return Err(out_of_range("layer", layer, layers).into());
        }
        let heads = network.heads(FIRST, layer);
        if head >= heads {
            return Err(out_of_range("head", head, heads).into());
        }
        changes.heads.insert((layer, head), HeadChange::Zero);
    }
    let labels = subject.labels();
    for wanted in &request.hide {
        let found: Vec<usize> = match wanted.parse::<usize>() {
            Ok(position) if position < labels.len() => vec![position],
            _ => (0..labels.len()).filter(|&token| labels[token] == wanted.trim()).collect(),
        };
        if found.is_empty() {
            return Err(Failure::usage(format!("--hide {wanted}: there is no such token"))
                .hint(format!(
                    "give a position from 0 to {}, or one of {}",
                    labels.len() - 1,
                    labels.join(" ")
                ))
                .into());
        }
        changes.hidden_tokens.extend(found);
    }
    Ok(changes)
}
