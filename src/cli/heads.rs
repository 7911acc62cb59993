//! `heads`: what every head does on a text, what is lost without it, what it could do on any text.

use anyhow::Result;
use clap::Args;
use ndarray::Axis;

use super::arguments::changes::ChangeArguments;
use super::arguments::format::FormatArguments;
use super::arguments::heads::stack;
use super::arguments::stack::StackArguments;
use super::arguments::subject::{Subject, SubjectArguments};
use super::command::{Answer, Command, Shared};
use super::failure::Failure;
use super::report::{Report, Table, Value};
use super::{model_source, progress};
use crate::analysis::detectors::{Detection, multiplication_score};
use crate::analysis::heads::{HeadFigures, HeadKind, all_stacks};
use crate::analysis::importance::{Measure, head_importance, importance_by_gradient};
use crate::analysis::spectra::head_spectrum;
use crate::analysis::statistics::mean_patch_distance;
use crate::analysis::{HeadPlace, Stack};
use crate::model::Model;
use crate::model::forward::PassOptions;
use crate::model::interventions::Interventions;
use crate::model::network::Front;
use crate::model::trace::{Keep, Trace};

/// Singular values are those of the weights: nothing is run, so nothing can be changed.
const NOTHING_BESIDE: [&str; 11] = [
    "importance",
    "text",
    "ids",
    "image",
    "pixels",
    "off",
    "mean",
    "uniform",
    "keep_only",
    "hide",
    "positions",
];

/// What kind of head each is: labels and figures of all heads on a text
///
/// Layers and heads are counted from 0. Entropy is in nats, distance in tokens; first_token is
/// the share of attention that goes to the first token, and mostly_on the position of the token that
/// a head of the label "one token" rests on.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    subject: SubjectArguments,
    /// What is lost without each head, the largest loss first (Michel et al. 2019)
    ///
    /// Of a base model 1 - cosine of the sentence vectors with and without it; of one that predicts,
    /// the fall in probability of what it finds likeliest.
    #[arg(long)]
    importance: bool,
    /// How importance is found
    #[arg(long, value_enum, value_name = "WAY", default_value_t = Way::Removal, requires = "importance")]
    by: Way,
    /// The singular values of what each head looks for (query_key) and moves (output_value), whatever
    /// the text; needs no TEXT (Elhage et al. 2021)
    #[arg(long, conflicts_with_all = NOTHING_BESIDE)]
    singular_values: bool,
    #[command(flatten)]
    stack: StackArguments,
    #[command(flatten)]
    changes: ChangeArguments,
    /// Add the scores of TransformerLens's head detector (its error measure "mul")
    #[arg(long, conflicts_with_all = ["importance", "singular_values"])]
    detectors: bool,
    #[command(flatten)]
    output: FormatArguments,
}

/// How the importance of heads is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Way {
    /// A pass without each head
    Removal,
    /// The slope at each head's output, from one pass forwards and one back: what predicts only
    Gradient,
    /// Both, and how far they agree
    Both,
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::Removal => "removal",
            Self::Gradient => "gradient",
            Self::Both => "both",
        }
    }
}

impl Command for Arguments {
    fn answer(self, shared: &Shared) -> Result<Answer> {
        let format = self.output.format;
        if self.singular_values {
            let model = model_source::open(shared.model.as_deref())?;
            let stack = stack(&model, self.stack.stack)?;
            return Ok(Answer::report(spectra(&model, stack)?, format));
        }
        let subject = Subject::open(&self.subject, shared)?;
        let stack = stack(&subject.model, self.stack.stack)?;
        let report = match self.importance {
            true => importance(&subject, stack, self.by, &self.changes)?,
            false => figures(&subject, stack, &self.changes, self.detectors)?,
        };
        Ok(Answer::report(report, format))
    }
}

/// One record a head, layer by layer.
fn figures(subject: &Subject, stack: Stack, changes: &ChangeArguments, detectors: bool) -> Result<Report> {
    let interventions = changes.interventions(subject, stack)?;
    let options = PassOptions { keep: Keep::Weights, interventions, ..PassOptions::default() };
    let trace = subject.run(&options)?;
    let decoder = subject.model.network.has_decoder().then(|| subject.decoder_tokens(&trace));
    let mut columns = vec![
        "layer",
        "head",
        "label",
        "mostly_on",
        "score",
        "entropy",
        "mean_distance",
        "first_token",
        "separators",
    ];
    let more = More::of(subject, stack, detectors)?;
    columns.extend(more.columns());
    let mut table = Table::new("heads", &columns);
    let all = all_stacks(&subject.model.network, &trace, &subject.tokens, decoder.as_ref());
    let heads = all.iter().filter(|head| head.place.stack == stack);
    table.records = heads.map(|head| [record(head), more.values(&trace, head)].concat()).collect();
    Ok(named(subject.report(), &subject.model, stack).fact("tokens", subject.tokens.len()).list(table))
}

fn record(head: &HeadFigures) -> Vec<Value> {
    vec![
        head.place.layer.into(),
        head.place.head.into(),
        Value::text(head.label.kind.name()),
        match head.label.kind {
            HeadKind::OneToken(token) => token.into(),
            _ => Value::Nothing,
        },
        head.label.score.into(),
        head.entropy.into(),
        head.mean_distance.into(),
        head.first_token_mass.into(),
        head.separator_mass.into(),
    ]
}

/// What a record has besides the usual figures.
enum More {
    Nothing,
    /// The scores of the head detector on the text with these ids.
    Detectors(Vec<u32>),
    /// The mean distance in pixels between patches of this width, so many in a row, behind other tokens.
    Pixels {
        before: usize,
        columns: usize,
        patch: usize,
    },
}

const DETECTIONS: [Detection; 3] =
    [Detection::PreviousToken, Detection::DuplicateToken, Detection::Induction];

impl More {
    fn of(subject: &Subject, stack: Stack, detectors: bool) -> Result<Self> {
        match subject.model.network.front() {
            Front::Patches(_) | Front::Pixels(_) if detectors => {
                Err(Failure::usage("--detectors looks for patterns of a text, not of an image").into())
            }
            Front::Sound(_) | Front::Spectrogram(_) | Front::Trajectory(_) if detectors => {
                Err(Failure::usage("--detectors looks for patterns of a text, nothing else").into())
            }
            Front::Patches(front) => {
                let grid = subject.image.as_ref().map(|image| front.grid(&image.view()));
                let columns = grid.map_or(front.across(), |(_, columns)| columns);
                Ok(Self::Pixels { before: front.before_patches(), columns, patch: front.patch })
            }
            Front::Tokens(_) if detectors && stack != Stack::Text => {
                Err(Failure::usage("--detectors looks at the first stack only")
                    .hint("leave --stack out")
                    .into())
            }
            Front::Tokens(_) if detectors => Ok(Self::Detectors(subject.tokens.ids.clone())),
            _ => Ok(Self::Nothing),
        }
    }

    fn columns(&self) -> Vec<&'static str> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Detectors(_) => DETECTIONS.iter().map(|one| one.name()).collect(),
            Self::Pixels { .. } => vec!["mean_distance_in_pixels"],
        }
    }

    fn values(&self, trace: &Trace, head: &HeadFigures) -> Vec<Value> {
        let place = head.place;
        let weights = place.stack.trace(trace, place.layer).map(|attention| &attention.weights);
        let Some(weights) = weights else { return vec![Value::Nothing; self.columns().len()] };
        let weights = weights.index_axis(Axis(0), place.head);
        match self {
            Self::Nothing => Vec::new(),
            Self::Detectors(ids) => DETECTIONS
                .iter()
                .map(|one| multiplication_score(weights, one.pattern(ids).view(), false, false).into())
                .collect(),
            Self::Pixels { before, columns, patch } => {
                vec![mean_patch_distance(weights, *before, *columns, *patch).into()]
            }
        }
    }
}

/// One record a head, the one that is missed most first.
fn importance(subject: &Subject, stack: Stack, way: Way, changes: &ChangeArguments) -> Result<Report> {
    let interventions = changes.interventions(subject, stack)?;
    if way != Way::Removal && interventions != Interventions::default() {
        return Err(Failure::usage("a gradient is that of the unchanged network")
            .hint("leave the changes out, or --by")
            .into());
    }
    let (network, input) = (&subject.model.network, subject.input());
    let measure = Measure::of(network);
    let removed = || {
        progress::shown("switching off every head in turn", |progress| {
            head_importance(network, stack, &input, measure, &interventions, progress)
        })
    };
    let sloped = || {
        progress::shown("back through the network", |_| {
            importance_by_gradient(network, stack, &input, measure)
        })
    };
    let (found, slopes) = match way {
        Way::Removal => (removed()?, None),
        Way::Gradient => (sloped()?, None),
        // What cannot be done is told before the long part.
        Way::Both => {
            let slopes = sloped()?;
            (removed()?, Some(slopes))
        }
    };
    let mut columns = vec!["rank", "layer", "head", "change"];
    columns.extend(slopes.as_ref().map(|_| "by_gradient"));
    let mut table = Table::new("heads", &columns);
    let ranked = found.ranked().into_iter().zip(1usize..);
    table.records = ranked
        .map(|((layer, head, change), rank)| {
            let mut record: Vec<Value> = vec![rank.into(), layer.into(), head.into(), change.into()];
            record.extend(slopes.as_ref().map(|slopes| Value::from(slopes.changes[[layer, head]])));
            record
        })
        .collect();
    let report = named(subject.report(), &subject.model, stack)
        .fact("measure", Value::text(found.measure.title()))
        .fact("by", Value::text(way.name()))
        .fact("baseline", found.baseline);
    let report = match &slopes {
        Some(slopes) => {
            let [pearson, spearman] =
                found.agreement(slopes).map(|correlation| correlation.map_or(Value::Nothing, Value::Number));
            report.fact("pearson", pearson).fact("spearman", spearman)
        }
        None => report,
    };
    Ok(report.list(table))
}

/// One record a head and number, the largest first.
fn spectra(model: &Model, stack: Stack) -> Result<Report> {
    let mut table = Table::new("singular_values", &["layer", "head", "index", "query_key", "output_value"]);
    let value =
        |values: &[f64], index: usize| values.get(index).copied().map_or(Value::Nothing, Value::Number);
    for layer in 0..model.network.layers(stack.index()) {
        let heads = stack.attention(&model.network, layer).map_or(0, |attention| attention.heads);
        for head in 0..heads {
            let spectrum = head_spectrum(&model.network, HeadPlace { stack, layer, head })?;
            for index in 0..spectrum.query_key.len().max(spectrum.output_value.len()) {
                table.records.push(vec![
                    layer.into(),
                    head.into(),
                    index.into(),
                    value(&spectrum.query_key, index),
                    value(&spectrum.output_value, index),
                ]);
            }
        }
    }
    Ok(named(Report::default().fact("model", Value::text(&model.name)), model, stack).list(table))
}

/// Says which attentions these are, where there are several.
fn named(report: Report, model: &Model, stack: Stack) -> Report {
    match model.network.has_decoder() {
        true => report.fact("stack", Value::text(StackArguments::name(stack))),
        false => report,
    }
}
