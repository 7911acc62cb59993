//! Fixed states of the screens Attention and Positions: a small pass written down here, not run.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use lexiscope::analysis::cell::CellSteps;
use lexiscope::analysis::heads::{HeadFigures, HeadKind, HeadLabel};
use lexiscope::analysis::importance::{Importance, Measure};
use lexiscope::analysis::lens::LensRow;
use lexiscope::analysis::positions::{
    PositionExperiments, PositionKind, PositionTable, ShuffleExperiment, TwoPlaces,
};
use lexiscope::analysis::spectra::HeadSpectrum;
use lexiscope::analysis::thumbnails::Thumbnails;
use lexiscope::analysis::{HeadPlace, Stack};
use lexiscope::app::{App, Opened};
use lexiscope::model::image::{self, Picture, Prepared};
use lexiscope::model::network::{Block, Mask};
use lexiscope::model::tokenizer::Tokens;
use lexiscope::model::trace::{AttentionTrace, BlockTrace, Keep, StackTrace};
use lexiscope::model::{Model, Trace, open};
use lexiscope::screens::attention::pass::Pass;
use lexiscope::screens::positions::{self, Positions};
use lexiscope::widgets::line::Line;
use ndarray::{Array2, Array3, s};

use crate::look::{self, Look, show};

pub const WORDS: [&str; 7] = ["[CLS]", "the", "cat", "sat", "it", "slept", "[SEP]"];
const HEADS: usize = 4;

/// The shipped model, for its name and size.
pub fn model() -> Arc<Model> {
    static MODEL: OnceLock<Arc<Model>> = OnceLock::new();
    Arc::clone(MODEL.get_or_init(|| Arc::new(open::shipped().expect("the shipped model"))))
}

/// The shipped model, described as one that sees only what came before.
fn causal_model() -> Arc<Model> {
    let mut model = open::shipped().expect("the shipped model");
    let blocks = model.network.stacks.iter_mut().flat_map(|stack| &mut stack.blocks);
    blocks.filter_map(Block::attention_mut).for_each(|attention| attention.mask = Mask::CAUSAL);
    Arc::new(model)
}

pub fn tokens(words: &[&str]) -> Tokens {
    Tokens {
        types: Vec::new(),
        ids: (0..words.len() as u32).collect(),
        pieces: words.iter().map(|word| (*word).to_owned()).collect(),
        texts: words.iter().map(|word| (*word).to_owned()).collect(),
        spans: vec![(0, 0); words.len()],
        special: words.iter().map(|word| word.starts_with('[')).collect(),
        words: vec![None; words.len()],
    }
}

/// One layer without any model: head 0 looks back, head 1 at itself, the others wander.
fn attention(layer: usize, count: usize, causal: bool) -> AttentionTrace {
    let shape = (HEADS, count, count);
    let products = Array3::from_shape_fn(shape, |(head, row, column)| match head {
        0 => {
            if row == column + 1 {
                16.0
            } else {
                0.5
            }
        }
        1 => {
            if row == column {
                12.0
            } else {
                2.0
            }
        }
        _ => 6.0 * ((layer + head) as f32 + row as f32 * 0.9 + column as f32 * 1.7).sin(),
    });
    let mut scores = products.mapv(|product| product * 0.25);
    if causal {
        scores
            .indexed_iter_mut()
            .filter(|((_, row, column), _)| column > row)
            .for_each(|(_, score)| *score = f32::NEG_INFINITY);
    }
    let mut weights = scores.mapv(f32::exp);
    for head in 0..HEADS {
        for row in 0..count {
            let mut row = weights.slice_mut(s![head, row, ..]);
            let sum = row.sum();
            row /= sum;
        }
    }
    // Keys of one component each, so that a query's products are its own components.
    let key = Array3::from_shape_fn(shape, |(_, row, column)| f32::from(u8::from(row == column)));
    AttentionTrace {
        query: Some(products),
        key: Some(key),
        scores: Some(scores),
        weights,
        ..AttentionTrace::default()
    }
}

pub fn pass(words: &[&str], layers: usize, causal: bool) -> Pass {
    let blocks =
        (0..layers).map(|layer| BlockTrace::of_attention(attention(layer, words.len(), causal))).collect();
    let stack = StackTrace { blocks, ..StackTrace::default() };
    let trace = Trace { stacks: vec![stack], ..Trace::default() };
    Pass {
        text: words.join(" "),
        image: None,
        tokens: Arc::new(tokens(words)),
        decoder_tokens: None,
        thumbnails: Thumbnails::of(&trace),
        trace: Arc::new(trace),
        keep: Keep::Everything,
        interventions: Default::default(),
        bytes: 1000,
        elapsed: Duration::from_millis(3),
    }
}

/// A vision model on an image of 4 x 4 patches: a bright square on a ramp.
pub fn looking_at_an_image() -> App {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/golden/transformers/vit");
    let model = open::open(folder.to_str().expect("a path")).expect("the golden ViT");
    let tokens = image::patch_tokens(&model.network, None);
    let names: Vec<&str> = tokens.pieces.iter().map(String::as_str).collect();
    let mut app = looking(&names, 2, false);
    let mut picture = Picture::black(32, 32);
    for (index, byte) in picture.bytes.iter_mut().enumerate() {
        let (x, y) = (index / 3 % 32, index / 3 / 32);
        let in_square = (16..24).contains(&x) && (8..16).contains(&y);
        *byte = if in_square { 255 } else { (x * 6) as u8 };
    }
    let state = app.attention_mut();
    if let Some(pass) = state.before.as_mut().map(Arc::make_mut) {
        pass.image = Some(Arc::new(Prepared {
            picture,
            pixels: Array3::zeros((3, 32, 32)),
            across: 4,
            before_patches: 1,
        }));
        pass.text = "pictures/square.png".into();
    }
    state.chosen.input = Line::new("pictures/square.png");
    (state.chosen.head, state.chosen.query, state.chosen.key) = (2, 7, 12);
    app.frame.model = Opened::Open(Arc::new(model));
    app
}

fn figures(layers: usize) -> Vec<HeadFigures> {
    let kinds = [HeadKind::PreviousToken, HeadKind::SameToken, HeadKind::Separator, HeadKind::Broad];
    let places = (0..layers).flat_map(|layer| (0..HEADS).map(move |head| HeadPlace::new(layer, head)));
    places
        .map(|place| HeadFigures {
            place,
            sharpness: 0.5,
            is_sink: false,
            label: HeadLabel { kind: kinds[place.head], score: 0.875 },
            patterns: Vec::new(),
            entropy: 1.25,
            mean_distance: 2.5,
            first_token_mass: 0.125,
            separator_mass: 0.0625,
        })
        .collect()
}

pub fn cell() -> CellSteps {
    let vector = |scale: f32| (0..8).map(|index| scale * (index as f32 * 1.3).sin()).collect::<Vec<f32>>();
    CellSteps {
        place: HeadPlace::new(1, 1),
        from: 4,
        to: 2,
        query: vector(2.0),
        key: vector(1.5),
        unrotated: None,
        products: vec![
            (1, 2.75),
            (5, 1.5),
            (2, -0.75),
            (6, 0.5),
            (3, 0.25),
            (4, -0.125),
            (7, 0.0625),
            (0, 0.0),
        ],
        dot: 4.1875,
        scale: 0.25,
        scaled: 1.046875,
        position_bias: 0.0,
        soft_cap: None,
        mask: None,
        score: 1.046875,
        row_maximum: 3.0,
        exponential: 0.141_983,
        sum: 1.851_9,
        weight: 0.0767,
        replaced: false,
        value: vector(1.0),
        weighted_value: vector(0.0767),
        head_output: vector(0.8),
    }
}

pub fn looking(words: &[&str], layers: usize, causal: bool) -> App {
    let mut app = look::app();
    show(&mut app, "attention");
    app.frame.model = Opened::Open(if causal { causal_model() } else { model() });
    let mut pass = pass(words, layers, causal);
    let state = app.attention_mut();
    state.chosen.input = Line::new("the cat sat it slept");
    pass.text = state.chosen.input.text().to_owned();
    state.tokens = Some(Arc::clone(&pass.tokens));
    state.before = Some(Arc::new(pass));
    state.figures = Some(Arc::new(figures(layers)));
    state.cell = Some(Arc::new(cell()));
    state.chosen.layer = 1.min(layers.saturating_sub(1));
    state.chosen.head = 1;
    state.chosen.query = 4;
    state.chosen.key = 2;
    app
}

/// The same with a head off and a token hidden, before and after.
pub fn changed(mut app: App) -> App {
    use lexiscope::analysis::difference::difference;
    use lexiscope::model::interventions::HeadChange;
    let state = app.attention_mut();
    state.chosen.interventions.heads.insert(HeadPlace::new(0, 0), HeadChange::Zero);
    state.chosen.interventions.hidden_tokens = BTreeSet::from([1]);
    let Some(before) = &state.before else { return app };
    let mut after = Pass::clone(before);
    let mut trace = Trace::clone(&after.trace);
    for attention in trace.stacks[0].blocks.iter_mut().filter_map(BlockTrace::attention_mut) {
        attention.weights.mapv_inplace(|weight| weight * 0.75);
    }
    state.difference = difference(&before.trace, &trace).ok().map(Arc::new);
    after.trace = Arc::new(trace);
    after.interventions = state.chosen.interventions.clone();
    state.after = Some(Arc::new(after));
    app
}

pub fn lens() -> Vec<LensRow> {
    (0..=2)
        .map(|after_blocks| LensRow {
            after_blocks,
            candidates: vec![(" tired".into(), 0.5), ("hungry".into(), 0.25), ("\n".into(), 0.125)],
        })
        .collect()
}

pub fn spectrum() -> HeadSpectrum {
    let falling = |most: f64| (0..32).map(|index| most * 0.9f64.powi(index)).collect();
    HeadSpectrum { query_key: falling(9.0), output_value: falling(3.0) }
}

pub fn importance() -> Importance {
    let changes =
        Array2::from_shape_fn((2, HEADS), |(layer, head)| 0.01 * (layer as f64 - 0.5) * (head as f64 + 1.0));
    Importance { stack: Stack::Text, measure: Measure::SentenceVector, baseline: 1.0, changes }
}

pub fn positions() -> App {
    let mut app = look::app();
    show(&mut app, "positions");
    app.frame.model = Opened::Open(model());
    let wave = |(row, column): (usize, usize)| (row as f32 / 10f32.powf(column as f32 / 16.0)).sin();
    *app.positions_mut() = Positions {
        chosen: positions::Choices {
            input: Line::new("she sat at the bank by the bank"),
            row: 3,
            column: 5,
            ..positions::Choices::default()
        },
        was_shown: true,
        table: Some(PositionTable {
            kind: PositionKind::Learned,
            of_model: true,
            origin: "minilm-l6's own table: 512 x 384".into(),
            values: Array2::from_shape_fn((64, 32), wave),
            row_name: "position",
            column_name: "dimension",
            first_column: 0,
            curve_name: "mean cosine".into(),
            curve: (0..64).map(|distance| 1.0 / (1.0 + f64::from(distance))).collect(),
        }),
        experiments: Some(PositionExperiments {
            text: "she sat at the bank by the bank".into(),
            shuffle: Some(ShuffleExperiment {
                shuffled: "bank the she at sat bank by the".into(),
                with_positions: 0.888,
                without_positions: 1.0,
                causal: false,
            }),
            places: vec![TwoPlaces {
                word: "bank".into(),
                tokens: (5, 8),
                contexts: ("at the bank".into(), "by the bank".into()),
                by_layer: vec![0.93, 0.88, 0.8, 0.71, 0.66, 0.58, 0.5],
            }],
        }),
        ..Positions::default()
    };
    app
}
