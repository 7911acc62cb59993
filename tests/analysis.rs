//! The analyses of traces against numpy in float64 (tests/fixtures/analysis/record.py), on tiny
//! golden networks of three layouts: separate, fused and shared key/value heads.

use std::path::Path;

use lexiscope::analysis::detectors::{Detection, multiplication_score};
use lexiscope::analysis::importance::{Importance, Measure, head_importance, importance_by_gradient};
use lexiscope::analysis::lens::{LensOptions, logit_lens};
use lexiscope::analysis::norms::{norm_weighted, norm_weighted_layer};
use lexiscope::analysis::rollout::{mean_over_heads, rollout};
use lexiscope::analysis::similarity::by_layer;
use lexiscope::analysis::spectra::head_spectrum;
use lexiscope::analysis::{HeadPlace, Stack, cell, difference, statistics};
use lexiscope::model::forward::{Beginning, Input, PassOptions, forward, forward_from};
use lexiscope::model::interventions::{HeadChange, Interventions};
use lexiscope::model::network::{AttentionPosition, FIRST, Kind};
use lexiscope::model::{Network, Trace, families::FAMILIES, open};
use lexiscope::progress::Progress;
use ndarray::{Array2, ArrayD, ArrayViewD, Axis, IxDyn, s};
use safetensors::SafeTensors;

const RECORDED: [&str; 3] = ["bert", "gpt2", "llama"];

fn fixtures() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures"))
}

fn golden(family: &str) -> Network {
    let folder = fixtures().join("golden/transformers").join(family);
    open::open(&folder.to_string_lossy()).expect("opens").network
}

fn ids(family: &str) -> Vec<u32> {
    let path = fixtures().join("golden/transformers").join(family).join("expected.safetensors");
    let bytes = std::fs::read(path).expect("expected");
    let tensors = SafeTensors::deserialize(&bytes).expect("whole");
    let view = tensors.tensor("0.input_ids").expect("ids");
    view.data().chunks_exact(8).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

fn run(network: &Network, ids: &[u32], interventions: Interventions) -> Trace {
    let options = PassOptions { interventions, ..Default::default() };
    forward(network, &Input::Tokens(ids), &options, &Progress::unobserved()).expect("runs")
}

struct Recorded(Vec<u8>);

impl Recorded {
    fn read() -> Self {
        Self(std::fs::read(fixtures().join("analysis/expected.safetensors")).expect("recorded"))
    }

    fn get(&self, family: &str, name: &str) -> ArrayD<f32> {
        let tensors = SafeTensors::deserialize(&self.0).expect("whole");
        let view = tensors.tensor(&format!("{family}.{name}")).expect("recorded");
        let numbers =
            view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        ArrayD::from_shape_vec(IxDyn(view.shape()), numbers).expect("shape")
    }
}

#[track_caller]
fn close(what: &str, found: ArrayViewD<'_, f32>, expected: ArrayViewD<'_, f32>, tolerance: f32) {
    assert_eq!(found.shape(), expected.shape(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= tolerance, "{what}: {found} is not {expected}");
    }
}

/// A function of every head's map, as `[layers, heads]`.
fn by_head(trace: &Trace, figure: impl Fn(ndarray::ArrayView2<'_, f32>) -> f64) -> ArrayD<f32> {
    let layers = trace.layers(FIRST);
    let heads = trace.weights(FIRST, 0).expect("kept").dim().0;
    Array2::from_shape_fn((layers, heads), |(layer, head)| {
        figure(trace.weights(FIRST, layer).expect("kept").index_axis(Axis(0), head)) as f32
    })
    .into_dyn()
}

#[test]
fn figures_and_detector_scores_of_heads() {
    let recorded = Recorded::read();
    for family in RECORDED {
        let ids = ids(family);
        let trace = run(&golden(family), &ids, Interventions::default());
        let check = |name: &str, found: ArrayD<f32>| {
            close(&format!("{family} {name}"), found.view(), recorded.get(family, name).view(), 2e-5);
        };
        check("entropy", by_head(&trace, statistics::mean_entropy));
        check("distance", by_head(&trace, statistics::mean_distance));
        check("first", by_head(&trace, |weights| statistics::mass_on(weights, 0)));
        for (name, excluded) in [("detection", false), ("detection_excluded", true)] {
            let kinds = [Detection::PreviousToken, Detection::DuplicateToken, Detection::Induction];
            for (index, kind) in kinds.into_iter().enumerate() {
                let pattern = kind.pattern(&ids);
                let found = by_head(&trace, |weights| {
                    multiplication_score(weights, pattern.view(), excluded, excluded)
                });
                let expected = recorded.get(family, name);
                close(kind.name(), found.view(), expected.index_axis(Axis(2), index), 2e-5);
            }
        }
    }
}

#[test]
fn maps_over_heads_and_layers() {
    let recorded = Recorded::read();
    for family in RECORDED {
        let network = golden(family);
        let trace = run(&network, &ids(family), Interventions::default());
        for layer in 0..trace.layers(FIRST) {
            let check = |name: &str, found: &Array2<f32>| {
                let expected = recorded.get(family, name);
                close(name, found.view().into_dyn(), expected.index_axis(Axis(0), layer), 1e-5);
            };
            check("mean", &mean_over_heads(&trace, Stack::Text, layer).unwrap());
            check("rollout", &rollout(&trace, layer, true).unwrap());
            check("rollout_plain", &rollout(&trace, layer, false).unwrap());
            check("norms_layer", &norm_weighted_layer(&network, &trace, Stack::Text, layer).unwrap());
            for head in 0..trace.weights(FIRST, layer).expect("kept").dim().0 {
                let found = norm_weighted(&network, &trace, HeadPlace::new(layer, head)).unwrap();
                let expected = recorded.get(family, "norms");
                close(
                    "norms",
                    found.view().into_dyn(),
                    expected.slice(s![layer, head, .., ..]).into_dyn(),
                    1e-5,
                );
            }
        }
        assert!(rollout(&trace, trace.layers(FIRST), true).is_none(), "there is no such layer");
    }
}

#[test]
fn predictions_and_similarity_of_every_layer() {
    let recorded = Recorded::read();
    for family in RECORDED {
        let network = golden(family);
        let ids = ids(family);
        let trace = run(&network, &ids, Interventions::default());
        let options = LensOptions { position: Some(4), count: 3, watched: Some(ids[3]) };
        let layers = logit_lens(&network, &trace, &options).expect("a head");
        let (top, probability, watched) = (
            recorded.get(family, "lens_top"),
            recorded.get(family, "lens_probability"),
            recorded.get(family, "lens_watched"),
        );
        assert_eq!(layers.len(), top.shape()[0]);
        for (index, layer) in layers.iter().enumerate() {
            assert_eq!(layer.after_blocks, index);
            for (rank, candidate) in layer.candidates.iter().enumerate() {
                assert_eq!(candidate.token as f32, top[[index, rank]], "{family} layer {index}");
                assert!((candidate.probability - probability[[index, rank]]).abs() < 1e-5);
            }
            let found = layer.watched.expect("watched");
            assert_eq!(found.rank as f32, watched[[index, 0]]);
            assert!((found.probability - watched[[index, 1]]).abs() < 1e-5);
        }
        let output = trace.logits.as_ref().expect("logits").row(4).to_vec();
        let best = layers.last().expect("layers").candidates[0];
        assert!((best.logit - output[best.token as usize]).abs() < 1e-5, "the last layer is the output");
        let found = ArrayD::from_shape_vec(IxDyn(&[layers.len()]), by_layer(&trace, 4, &trace, 7)).unwrap();
        close("similarity", found.view(), recorded.get(family, "similarity").view(), 1e-5);
    }
}

#[test]
fn spectra_of_heads() {
    let recorded = Recorded::read();
    for family in RECORDED {
        let network = golden(family);
        let (qk, ov) = (recorded.get(family, "qk"), recorded.get(family, "ov"));
        for ((layer, head), _) in Array2::<u8>::zeros((qk.shape()[0], qk.shape()[1])).indexed_iter() {
            let found = head_spectrum(&network, HeadPlace::new(layer, head)).expect("a spectrum");
            for (found, expected) in [(found.query_key, &qk), (found.output_value, &ov)] {
                let expected = expected.slice(s![layer, head, ..]);
                assert_eq!(found.len(), expected.len());
                for (found, expected) in found.iter().zip(expected) {
                    assert!(
                        (found - f64::from(*expected)).abs() < 1e-6,
                        "{family}: {found} is not {expected}"
                    );
                }
            }
        }
    }
}

#[test]
fn what_is_lost_without_each_head() {
    let recorded = Recorded::read();
    for family in RECORDED {
        let network = golden(family);
        let ids = ids(family);
        let measure = |measure| -> Importance {
            head_importance(
                &network,
                Stack::Text,
                &Input::Tokens(&ids),
                measure,
                &Interventions::default(),
                &Progress::unobserved(),
            )
            .expect("runs")
        };
        let check = |name: &str, found: Importance| {
            let found = found.changes.mapv(|change| change as f32).into_dyn();
            close(&format!("{family} {name}"), found.view(), recorded.get(family, name).view(), 1e-5);
        };
        check("importance_sentence", measure(Measure::SentenceVector));
        check("importance_probability", measure(Measure::TopProbability(None)));
        if network.kind == Kind::Causal {
            check("importance_loss", measure(Measure::Loss));
        }
        let ranked = measure(Measure::SentenceVector).ranked();
        assert!(ranked.windows(2).all(|pair| pair[0].2 >= pair[1].2));
    }
}

/// GPT-2 with one head's part of the stream times `share`.
fn with_a_fainter_head(network: &Network, place: HeadPlace, share: f32) -> Network {
    let mut network = network.clone();
    let attention = place.stack.attention(&network, place.layer).expect("it attends");
    let output = attention.output.as_ref().expect("an output map").weight.clone();
    let (width, head) = (output.shape()[1], attention.head_size);
    network.change_parameters(|name, numbers| {
        if name == output.name() {
            let rows = &mut numbers[place.head * head * width..(place.head + 1) * head * width];
            rows.iter_mut().for_each(|number| *number *= share);
        }
    });
    network
}

#[test]
fn importance_by_gradient_is_the_slope_of_what_fainter_heads_change() {
    let (network, ids) = (golden("gpt2"), ids("gpt2"));
    let (input, progress) = (Input::Tokens(&ids), Progress::unobserved());
    for measure in [Measure::TopProbability(Some(3)), Measure::Loss] {
        let found = importance_by_gradient(&network, Stack::Text, &input, measure).expect("runs");
        let off =
            head_importance(&network, Stack::Text, &input, measure, &Interventions::default(), &progress);
        assert_eq!(found.baseline, off.expect("runs").baseline);
        let baseline = |network: &Network| {
            importance_by_gradient(network, Stack::Text, &input, measure).expect("runs").baseline
        };
        for (layer, head, change) in found.ranked() {
            let place = HeadPlace::new(layer, head);
            let [more, less] =
                [1.05, 0.95].map(|share| baseline(&with_a_fainter_head(&network, place, share)));
            let slope = if measure == Measure::Loss { less - more } else { more - less } / 0.1;
            assert!((change - slope).abs() <= 0.02 * slope.abs() + 2e-5, "{layer} {head}: {change}, {slope}");
        }
    }
    let bert = golden("bert");
    let refused = importance_by_gradient(&bert, Stack::Text, &input, Measure::SentenceVector).unwrap_err();
    assert!(refused.to_string().contains("one by one"), "{refused}");
}

#[test]
fn a_pass_from_a_layer_on_gives_the_same_numbers() {
    for family in RECORDED {
        let (network, ids) = (golden(family), ids(family));
        let (input, options) = (Input::Tokens(&ids), PassOptions::default());
        let progress = Progress::unobserved();
        let whole = forward(&network, &input, &options, &progress).expect("runs");
        for (layer, stream) in whole.hidden_states().iter().enumerate().take(network.layers(FIRST)) {
            let beginning = Beginning { layer, stream };
            let rest = forward_from(&network, &input, beginning, &options, &progress).expect("runs");
            assert_eq!(rest.logits, whole.logits, "{family} from layer {layer}");
            assert_eq!(rest.hidden_states(), &whole.hidden_states()[layer..], "{family} from layer {layer}");
        }
    }
}

#[test]
fn importance_is_measured_beside_the_changes_that_are_made() {
    let (network, ids) = (golden("bert"), ids("bert"));
    let input = Input::Tokens(&ids);
    let mut changes = Interventions::default();
    changes.heads.insert(HeadPlace::new(0, 1), HeadChange::Zero);
    changes.hidden_tokens.insert(2);
    let measured = |changes: &Interventions| {
        let progress = Progress::unobserved();
        head_importance(&network, Stack::Text, &input, Measure::SentenceVector, changes, &progress)
            .expect("runs")
            .changes
    };
    let (with, without) = (measured(&changes), measured(&Interventions::default()));
    assert!(with[[0, 1]].abs() < 1e-6, "it is off already: {}", with[[0, 1]]);
    assert!(without[[0, 1]] > 1e-6, "{}", without[[0, 1]]);
    assert_ne!(with[[1, 0]], without[[1, 0]]);
}

#[test]
fn importance_can_be_cancelled_and_refuses_what_makes_no_sense() {
    let (network, ids) = (golden("bert"), ids("bert"));
    let progress = Progress::unobserved();
    progress.cancel();
    let input = Input::Tokens(&ids);
    let error = head_importance(
        &network,
        Stack::Text,
        &input,
        Measure::SentenceVector,
        &Interventions::default(),
        &progress,
    )
    .unwrap_err();
    assert_eq!(error.to_string(), "cancelled");
    let progress = Progress::unobserved();
    let error =
        head_importance(&network, Stack::Text, &input, Measure::Loss, &Interventions::default(), &progress)
            .unwrap_err();
    assert!(error.to_string().contains("no loss"), "{error}");
    let error = head_importance(
        &network,
        Stack::Text,
        &input,
        Measure::TopProbability(Some(99)),
        &Interventions::default(),
        &progress,
    )
    .unwrap_err();
    assert!(error.to_string().contains("no token 99"), "{error}");
}

#[test]
fn the_making_of_a_cell_is_the_engines_own_in_every_family() {
    for family in FAMILIES {
        let network = golden(family.model_type);
        // Their golden files hold no token ids.
        if matches!(network.kind, Kind::Vision | Kind::Trajectory) || network.front().hears().is_some() {
            continue;
        }
        let mut interventions = Interventions::default();
        interventions.hidden_tokens.insert(2);
        interventions.heads.insert(HeadPlace::new(0, 1), HeadChange::Uniform);
        let trace = run(&network, &ids(family.model_type), interventions);
        for stack in [Stack::Text, Stack::Decoder, Stack::Cross] {
            for layer in 0..stack.layers(&trace) {
                let Some(attention) = stack.trace(&trace, layer) else { continue };
                let (heads, rows, columns) = attention.weights.dim();
                for head in 0..heads {
                    check_cells(&network, &trace, HeadPlace { stack, layer, head }, rows, columns);
                }
                sum_of_heads_is_the_output(&network, &trace, stack, layer);
            }
        }
    }
}

/// A pass multiplies queries in blocks of 64: here one of them, and a block with a single query.
#[test]
fn the_making_of_a_cell_is_the_engines_own_beyond_a_block() {
    let network = golden("bloom");
    let text: Vec<u32> = ids("bloom").into_iter().cycle().take(65).collect();
    let mut interventions = Interventions::default();
    interventions.hidden_tokens.insert(2);
    let trace = run(&network, &text, interventions);
    for head in 0..trace.weights(FIRST, 0).expect("it attends").dim().0 {
        check_cells(&network, &trace, HeadPlace { stack: Stack::Text, layer: 0, head }, 65, 65);
    }
}

fn check_cells(network: &Network, trace: &Trace, place: HeadPlace, rows: usize, columns: usize) {
    let uniform = place == HeadPlace::new(0, 1);
    for from in [0, 3, rows - 1] {
        let mut output = vec![0f32; 0];
        for to in 0..columns {
            let steps = cell::explain(network, trace, place, from, to).expect("kept");
            assert_eq!(steps.weight, place.trace(trace).unwrap().weights[[place.head, from, to]]);
            assert!(uniform || !steps.replaced, "{place:?} {from} {to}");
            let sum: f32 = steps.products.iter().map(|(_, product)| product).sum();
            assert!((sum - steps.dot).abs() < 1e-4, "{place:?}: {sum} is not {}", steps.dot);
            assert!(steps.products.windows(2).all(|pair| pair[0].1.abs() >= pair[1].1.abs()));
            match steps.mask {
                Some(_) => assert!(steps.score == f32::NEG_INFINITY && steps.weight == 0.0),
                None if is_told_by_the_score(network, place) => {
                    let sum = steps.scaled + steps.position_bias;
                    let score = steps.soft_cap.map_or(sum, |cap| cap * (sum / cap).tanh());
                    assert!((score - steps.score).abs() <= 2e-6 * score.abs().max(1.0), "{place:?}");
                }
                None => assert_eq!(steps.scaled + steps.position_bias, steps.score, "{place:?}"),
            }
            if place.stack == Stack::Text && to == 2 && from == 3 {
                assert!(
                    steps.mask == Some(cell::Mask::Hidden) || steps.mask == Some(cell::Mask::OutsideWindow)
                );
            }
            output.resize(steps.value.len(), 0.0);
            output.iter_mut().zip(&steps.weighted_value).for_each(|(sum, part)| *sum += part);
            if to + 1 == columns {
                let close = output.iter().zip(&steps.head_output).all(|(a, b)| (a - b).abs() < 1e-5);
                assert!(close, "{place:?} row {from}: the weighted values do not sum to the head's output");
            }
        }
    }
    assert!(cell::explain(network, trace, place, rows, 0).is_err());
    assert!(cell::explain(network, trace, HeadPlace { head: 99, ..place }, 0, 0).is_err());
}

/// Whether what position adds is found from the score, a rounding step off: behind a soft cap, and where
/// it depends on more than two places.
fn is_told_by_the_score(network: &Network, place: HeadPlace) -> bool {
    let attention = place.attention(network).expect("it attends");
    let by_more = matches!(
        attention.position,
        AttentionPosition::Disentangled(_) | AttentionPosition::AlibiOfKeys(_) | AttentionPosition::Grid(_)
    );
    attention.soft_cap.is_some() || by_more
}

/// Holds the part of the output map that each head uses, in every layout.
fn sum_of_heads_is_the_output(network: &Network, trace: &Trace, stack: Stack, layer: usize) {
    use lexiscope::analysis::head_maps::output_map;
    let (attention, found) = (stack.attention(network, layer).unwrap(), stack.trace(trace, layer).unwrap());
    let kind = if stack == Stack::Cross { "cross" } else { "attention" };
    let part = trace.stacks[stack.index()].blocks[layer].part(kind).unwrap();
    let output = part.output.as_ref().unwrap();
    let mut sum = Array2::zeros(output.dim());
    for (head, values) in found.head_outputs.as_ref().unwrap().outer_iter().enumerate() {
        sum += &values.dot(&output_map(attention, head).t());
    }
    if let Some(bias) = attention.output.as_ref().and_then(|output| output.bias.as_ref()) {
        sum += &ndarray::ArrayView1::from(&*bias.to_f32());
    }
    close("output", sum.view().into_dyn(), output.view().into_dyn(), 1e-5);
}

#[test]
fn two_passes_differ_where_something_was_changed() {
    let (network, ids) = (golden("bert"), ids("bert"));
    let before = run(&network, &ids, Interventions::default());
    let same = difference::difference(&before, &before).expect("alike");
    assert!(same.heads.iter().all(|head| head.largest == 0.0 && head.moved == 0.0));
    assert!((same.sentence_cosine.expect("kept") - 1.0).abs() < 1e-6);

    let mut hide = Interventions::default();
    hide.hidden_tokens.insert(5);
    let after = run(&network, &ids, hide);
    let changed = difference::difference(&before, &after).expect("alike");
    let (one, other) = (&before.weights(FIRST, 1).expect("kept"), &after.weights(FIRST, 1).expect("kept"));
    for head in 0..4 {
        let gap = &one.index_axis(Axis(0), head) - &other.index_axis(Axis(0), head);
        let found = changed.heads[4 + head];
        assert_eq!(found.place, HeadPlace::new(1, head));
        let largest = gap.iter().fold(0f32, |largest, gap| largest.max(gap.abs()));
        assert_eq!(found.largest, largest);
        assert_eq!(gap[found.at].abs(), largest);
        let moved = gap.mapv(f32::abs).sum() / 2.0 / gap.nrows() as f32;
        assert!((found.moved - moved).abs() < 1e-6);
    }
    assert!(changed.tokens.iter().all(|token| token.largest > 0.0 && token.state > 0.0));
    assert!(changed.largest_logit_change.expect("a head") > 0.0);
    let shorter = run(&network, &ids[..5], Interventions::default());
    assert!(difference::difference(&before, &shorter).is_err());
}
