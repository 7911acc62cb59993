//! `attend`: one attention map.

use anyhow::Result;
use clap::Args;
use ndarray::Array2;

use super::arguments::choices::{Choice, Choices};
use super::arguments::format::MapFormatArguments;
use super::arguments::stack::StackArguments;
use super::arguments::subject::{Subject, SubjectArguments};
use super::command::{Answer, Command, Shared};
use super::failure::Failure;
use super::report::{Map, Report, Value};
use crate::analysis::difference::difference;
use crate::analysis::maps::{self, View};
use crate::analysis::{HeadPlace, Stack};
use crate::model::forward::PassOptions;
use crate::model::interventions::{HeadChange, Interventions};
use crate::model::network::FIRST;
use crate::model::trace::{Keep, Trace};

const fn view(name: &'static str, help: &'static str, value: View) -> Choice<View> {
    Choice { name, aliases: &[], help, value }
}

static VIEWS: Choices<View> = Choices(&[
    view("weights", "After the softmax; rows sum to 1", View::Weights),
    view("scores", "Before it; nothing where masked", View::Scores),
    view("norm", "Weights times the length of what they carry (Kobayashi et al. 2020)", View::Norm),
    view("rollout", "From the first layer up to this one (Abnar and Zuidema 2020)", View::Rollout),
    view("mean", "Mean of the weights over the heads", View::Mean),
]);

const AFTER_HELP: &str = "\
Examples:
  lexiscope attend \"the cat sat on the mat because it was tired\" --layer 5 --head 11
  lexiscope attend \"the cat sat\" --view rollout --format svg > rollout.svg
  lexiscope attend \"the cat sat\" --layer 3 --head 1 --off 0.2,1.4 --hide cat
  lexiscope attend --model google/vit-base-patch16-224 --image cat.jpg --layer 11 --head 0";

/// Which token looks at which: an attention map
///
/// Layers and heads are counted from 0, as on the screen. Without --head the map is the mean over
/// the heads of the layer; without --layer it is the last layer's. Rows are the tokens that look,
/// columns those looked at.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct Arguments {
    #[command(flatten)]
    subject: SubjectArguments,
    /// The layer, from 0; the last one unless given
    #[arg(long, value_name = "N")]
    layer: Option<usize>,
    /// The head, from 0
    #[arg(long, value_name = "N")]
    head: Option<usize>,
    /// What the map shows: of one head weights, scores or norm; of all heads mean or rollout
    #[arg(long, value_parser = VIEWS.parser())]
    view: Option<View>,
    #[command(flatten)]
    stack: StackArguments,
    /// Switch a head off and show the map before and after: 2.5 is head 5 of layer 2
    #[arg(long, value_name = "LAYER.HEAD", value_delimiter = ',')]
    off: Vec<String>,
    /// Hide a token from all others, by its position or its text, and show before and after
    #[arg(long, value_name = "TOKEN")]
    hide: Vec<String>,
    #[command(flatten)]
    output: MapFormatArguments,
}

impl Command for Arguments {
    fn answer(self, shared: &Shared) -> Result<Answer> {
        Ok(Answer::Report(report(&self, shared)?, self.output.format))
    }
}

/// The map, and the map without the changes where any were asked for.
fn report(request: &Arguments, shared: &Shared) -> Result<Report> {
    let off = request.off.iter().map(|text| layer_and_head(text)).collect::<Result<Vec<_>>>()?;
    let subject = Subject::open(&request.subject, shared)?;
    let choice = Chosen::of(request, &subject)?;
    let interventions = interventions(&off, &request.hide, &subject)?;
    let keep = if choice.view.needs_every_stage() { Keep::Everything } else { Keep::Weights };
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
    let (rows, columns) = labels(request.stack.stack, &subject, &trace);
    let head = choice.head.map_or(Value::Nothing, Value::from);
    let mut report = subject
        .report()
        .fact("view", Value::text(VIEWS.name(choice.view)))
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
struct Chosen {
    layer: usize,
    head: Option<usize>,
    view: View,
    stack: Stack,
}

impl Chosen {
    fn of(request: &Arguments, subject: &Subject) -> Result<Self> {
        let network = &subject.model.network;
        if request.stack.stack != Stack::Text && !network.has_decoder() {
            let message = format!("{} has no decoder of its own", subject.model.name);
            return Err(Failure::usage(message).hint("leave --stack out").into());
        }
        let layers = network.layers(request.stack.stack.index());
        let layer = request.layer.unwrap_or(layers.saturating_sub(1));
        if layer >= layers {
            return Err(out_of_range("layer", layer, layers).into());
        }
        let heads = network.heads(request.stack.stack.index(), layer);
        let head = match request.head {
            Some(head) if head >= heads => return Err(out_of_range("head", head, heads).into()),
            head => head,
        };
        let view = request.view.unwrap_or(if head.is_some() { View::Weights } else { View::Mean });
        let of_all_heads = matches!(view, View::Mean | View::Rollout);
        if of_all_heads && head.is_some() {
            let message = format!("--view {} is of all heads together", VIEWS.name(view));
            return Err(Failure::usage(message).hint("leave --head out").into());
        }
        if !of_all_heads && head.is_none() {
            let message = format!("--view {} is of one head", VIEWS.name(view));
            return Err(Failure::usage(message).hint(format!("add --head 0 to --head {}", heads - 1)).into());
        }
        if request.stack.stack != Stack::Text && view == View::Rollout {
            return Err(Failure::usage("--view rollout is there for the encoder only").into());
        }
        Ok(Self { layer, head, view, stack: request.stack.stack })
    }

    fn values(&self, subject: &Subject, trace: &Trace) -> Result<Array2<f64>> {
        let place = HeadPlace { stack: self.stack, layer: self.layer, head: self.head.unwrap_or(0) };
        let values = maps::map(&subject.model.network, trace, place, self.view)?;
        Ok(values.mapv(f64::from))
    }

    fn quantity(&self) -> &'static str {
        match self.view {
            View::Scores => "score",
            View::Norm => "norm",
            View::Weights | View::Rollout | View::Mean | View::Difference => "weight",
        }
    }

    fn title(&self, subject: &Subject) -> String {
        let what = match (self.head, self.view) {
            (Some(head), view) => format!("layer {} head {head}, {}", self.layer, VIEWS.name(view)),
            (None, View::Rollout) => format!("rollout up to layer {}", self.layer),
            (None, _) => format!("layer {}, mean over its heads", self.layer),
        };
        format!("{}: {what}", subject.model.name)
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

fn interventions(off: &[(usize, usize)], hide: &[String], subject: &Subject) -> Result<Interventions> {
    let mut changes = Interventions::default();
    let network = &subject.model.network;
    let layers = network.layers(FIRST);
    for &(layer, head) in off {
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
    for wanted in hide {
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

fn layer_and_head(text: &str) -> Result<(usize, usize)> {
    let numbers = text
        .split_once('.')
        .and_then(|(layer, head)| Some((layer.trim().parse().ok()?, head.trim().parse().ok()?)));
    numbers.ok_or_else(|| {
        Failure::usage(format!("--off {text}: not a head"))
            .hint("write LAYER.HEAD, both counted from 0: 5.11 is head 11 of layer 5")
            .into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_written_layer_dot_head() {
        assert_eq!(layer_and_head("5.11").unwrap(), (5, 11));
        for text in ["5", "", "5.", ".1", "a.b", "1.2.3", "-1.2"] {
            assert!(layer_and_head(text).is_err(), "{text}");
        }
    }
}
