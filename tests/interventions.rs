//! What a pass can be made to do differently, on the shipped MiniLM and on a small GPT-2.

use std::path::Path;

use lexiscope::analysis::{HeadPlace, Stack};
use lexiscope::model::forward::{Input, PassOptions, forward, sentence_vector};
use lexiscope::model::interventions::{HeadChange, Interventions, PositionChange};
use lexiscope::model::network::{DECODER, FIRST};
use lexiscope::model::{Model, Trace, open};
use lexiscope::progress::Progress;
use ndarray::{Array1, Array2, Axis};

const SENTENCE: &str = "the cat sat on the mat because it was tired";
const SHUFFLED: &str = "tired the because on sat cat was it mat the";

fn run(model: &Model, ids: &[u32], interventions: Interventions) -> Trace {
    let options = PassOptions { interventions, ..PassOptions::default() };
    forward(&model.network, &Input::Tokens(ids), &options, &Progress::unobserved()).expect("runs")
}

fn ids(model: &Model, text: &str) -> Vec<u32> {
    model.tokenizer().expect("a tokenizer").encode(text).expect("tokens").ids
}

fn head_changed(layer: usize, head: usize, change: HeadChange) -> Interventions {
    Interventions { heads: [(HeadPlace::new(layer, head), change)].into(), ..Interventions::default() }
}

fn head_output(trace: &Trace, layer: usize, head: usize) -> Array2<f32> {
    let outputs = trace.attention(FIRST, layer).expect("kept").head_outputs.as_ref().expect("kept");
    outputs.index_axis(Axis(0), head).to_owned()
}

fn cosine_of(model: &Model, one: &str, other: &str, interventions: &Interventions) -> f32 {
    let vector = |text: &str| -> Array1<f32> {
        sentence_vector(&run(model, &ids(model, text), interventions.clone())).expect("kept")
    };
    vector(one).dot(&vector(other))
}

/// "it" looks at "cat" in one head of the last layer; another head of the first looks one back.
#[test]
fn the_shipped_model_has_its_known_heads() {
    let model = open::shipped().expect("opens");
    let ids = ids(&model, SENTENCE);
    assert_eq!(ids, [101, 1996, 4937, 2938, 2006, 1996, 13523, 2138, 2009, 2001, 5458, 102]);
    let trace = run(&model, &ids, Interventions::default());
    let (it, cat) = (8, 2);
    let weight = trace.weights(FIRST, 5).expect("kept")[[11, it, cat]];
    assert!((weight - 0.6826).abs() < 0.02, "it -> cat {weight}");
    let previous = &trace.weights(FIRST, 0).expect("kept");
    let mean = (1..ids.len()).map(|i| previous[[2, i, i - 1]]).sum::<f32>() / (ids.len() - 1) as f32;
    assert!((mean - 0.9996).abs() < 0.001, "previous token {mean}");
}

#[test]
fn the_order_of_words_matters_only_through_positions() {
    let model = open::shipped().expect("opens");
    let kept = cosine_of(&model, SENTENCE, SHUFFLED, &Interventions::default());
    println!("cosine of the shuffled sentence {kept}");
    assert!((0.7..0.99).contains(&kept), "{kept}");
    let removed = Interventions { positions: PositionChange::Remove, ..Interventions::default() };
    let without = cosine_of(&model, SENTENCE, SHUFFLED, &removed);
    assert!((without - 1.0).abs() < 1e-5, "{without}");
}

/// Telling every token another place is the same as moving the tokens.
#[test]
fn permuted_positions_are_permuted_tokens() {
    let model = open::shipped().expect("opens");
    let ids = ids(&model, SENTENCE);
    let places: Vec<usize> = (0..ids.len()).map(|i| i * 5 % ids.len()).collect();
    let told =
        Interventions { positions: PositionChange::Permute(places.clone()), ..Interventions::default() };
    let told = run(&model, &ids, told);
    let mut moved = vec![0; ids.len()];
    for (index, &place) in places.iter().enumerate() {
        moved[place] = ids[index];
    }
    let moved = run(&model, &moved, Interventions::default());
    let (told, moved) = (&told.hidden_states()[6], &moved.hidden_states()[6]);
    for (index, &place) in places.iter().enumerate() {
        let difference = (&told.row(index) - &moved.row(place)).mapv(f32::abs).fold(0f32, |a, &b| a.max(b));
        assert!(difference < 1e-4, "token {index} differs by {difference}");
    }
    let same = Interventions {
        positions: PositionChange::Permute((0..ids.len()).collect()),
        ..Interventions::default()
    };
    let unchanged = run(&model, &ids, Interventions::default());
    assert_eq!(run(&model, &ids, same).hidden_states()[6], unchanged.hidden_states()[6]);
}

#[test]
fn a_head_is_switched_off_and_the_layers_before_do_not_notice() {
    let model = open::shipped().expect("opens");
    let ids = ids(&model, SENTENCE);
    let before = run(&model, &ids, Interventions::default());
    let after = run(&model, &ids, head_changed(3, 7, HeadChange::Zero));
    assert!(head_output(&after, 3, 7).iter().all(|&number| number == 0.0));
    assert_eq!(head_output(&after, 3, 6), head_output(&before, 3, 6));
    assert_eq!(after.hidden_states()[3], before.hidden_states()[3]);
    assert_ne!(after.hidden_states()[4], before.hidden_states()[4]);
}

#[test]
fn a_head_set_to_its_mean_says_the_same_everywhere() {
    let model = open::shipped().expect("opens");
    let ids = ids(&model, SENTENCE);
    let before = head_output(&run(&model, &ids, Interventions::default()), 2, 4);
    let after = head_output(&run(&model, &ids, head_changed(2, 4, HeadChange::Mean)), 2, 4);
    let mean = before.mean_axis(Axis(0)).expect("tokens");
    for row in after.axis_iter(Axis(0)) {
        assert!((&row - &mean).iter().all(|difference| difference.abs() < 1e-5));
    }
}

#[test]
fn one_head_alone_leaves_the_others_silent() {
    let model = open::shipped().expect("opens");
    let ids = ids(&model, SENTENCE);
    let mut only = Interventions::default();
    only.keep_only(HeadPlace::new(5, 11), 12);
    let before = run(&model, &ids, Interventions::default());
    let after = run(&model, &ids, only);
    for head in 0..12 {
        let output = head_output(&after, 5, head);
        assert_eq!(output.iter().any(|&number| number != 0.0), head == 11, "head {head}");
    }
    assert_eq!(head_output(&after, 5, 11), head_output(&before, 5, 11));
}

fn t5() -> Model {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/golden/transformers/t5");
    open::open(&folder.to_string_lossy()).expect("opens")
}

#[test]
fn a_token_is_hidden_from_a_decoder_too() {
    let (model, ids) = (t5(), [5, 6, 7, 8, 1]);
    let hide = |tokens: &[usize]| {
        let hidden_tokens = tokens.iter().copied().collect();
        run(&model, &ids, Interventions { hidden_tokens, ..Interventions::default() })
    };
    let trace = hide(&[2]);
    for layer in 0..trace.layers(DECODER) {
        let weights = &trace.cross_attention(DECODER, layer).expect("kept").weights;
        for map in weights.outer_iter() {
            for (query, row) in map.outer_iter().enumerate() {
                // Query 2 of the decoder is another token than key 2 of the encoder.
                assert_eq!(row[2], 0.0, "row {query}");
                assert!((row.sum() - 1.0).abs() < 1e-5);
            }
        }
        let own = &trace.attention(DECODER, layer).expect("kept").weights;
        assert!(own.iter().filter(|&&weight| weight > 0.0).count() >= own.dim().0 * 15, "{own}");
    }
    // With nothing left to see nothing is looked at, and no number is lost.
    let blind = hide(&[0, 1, 2, 3, 4]);
    let cross = &blind.cross_attention(DECODER, 0).expect("kept").weights;
    assert!(cross.iter().all(|&weight| weight == 0.0));
    assert!(blind.logits.expect("a head").iter().all(|logit| logit.is_finite()));
}

#[test]
fn heads_of_every_attention_are_switched_off_alone() {
    let (model, ids) = (t5(), [5, 6, 7, 8, 1]);
    let before = run(&model, &ids, Interventions::default());
    for stack in Stack::ALL {
        let place = HeadPlace { stack, layer: 1, head: 1 };
        let heads = [(place, HeadChange::Zero)].into();
        let after = run(&model, &ids, Interventions { heads, ..Interventions::default() });
        for other in Stack::ALL {
            for layer in 0..other.layers(&after) {
                let output = |trace: &Trace, head| {
                    let outputs = other.trace(trace, layer).expect("kept").head_outputs.clone();
                    outputs.expect("kept").index_axis(Axis(0), head).to_owned()
                };
                for head in 0..2 {
                    let silent = output(&after, head).iter().all(|&number| number == 0.0);
                    assert_eq!(silent, place == HeadPlace { stack: other, layer, head }, "{place:?}");
                }
                let sees_it = (stack, other) == (Stack::Text, Stack::Cross);
                if layer == 0 && !sees_it {
                    assert_eq!(output(&after, 0), output(&before, 0), "{place:?} changes {other:?}");
                }
            }
        }
        assert_ne!(after.logits, before.logits);
    }
}

#[test]
fn a_uniform_map_spreads_over_what_the_mask_lets_through() {
    let model = open::shipped().expect("opens");
    let tokens = ids(&model, SENTENCE);
    let trace = run(&model, &tokens, head_changed(1, 3, HeadChange::Uniform));
    let map = trace.weights(FIRST, 1).expect("kept").index_axis(Axis(0), 3).to_owned();
    assert!(map.iter().all(|&weight| (weight - 1.0 / tokens.len() as f32).abs() < 1e-7));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/golden/transformers/gpt2");
    let causal = open::open(&folder.to_string_lossy()).expect("opens");
    let trace = run(&causal, &[5, 17, 9, 30], head_changed(1, 2, HeadChange::Uniform));
    for ((query, key), &weight) in
        trace.weights(FIRST, 1).expect("kept").index_axis(Axis(0), 2).indexed_iter()
    {
        let expected = if key <= query { 1.0 / (query + 1) as f32 } else { 0.0 };
        assert!((weight - expected).abs() < 1e-7, "{query} -> {key}: {weight}");
    }
}

#[test]
fn nobody_else_sees_a_hidden_token() {
    let model = open::shipped().expect("opens");
    let ids = ids(&model, SENTENCE);
    let hidden = 2;
    let trace =
        run(&model, &ids, Interventions { hidden_tokens: [hidden].into(), ..Interventions::default() });
    for layer in 0..trace.layers(FIRST) {
        let weights = trace.weights(FIRST, layer).expect("kept");
        for ((head, query, key), &weight) in weights.indexed_iter() {
            assert!(key != hidden || query == hidden || weight == 0.0, "head {head}: {query} sees it");
        }
        for sum in weights.sum_axis(Axis(2)) {
            assert!((sum - 1.0).abs() < 1e-5);
        }
    }
}

/// Layers, heads and tokens that are not there, and a permutation that is too short or leads out of
/// the position table.
#[test]
fn changes_to_what_is_not_there_do_not_panic() {
    let model = open::shipped().expect("opens");
    let ids = ids(&model, SENTENCE);
    let before = run(&model, &ids, Interventions::default());
    let nowhere = Interventions { hidden_tokens: [99].into(), ..head_changed(99, 99, HeadChange::Zero) };
    assert_eq!(run(&model, &ids, nowhere).hidden_states(), before.hidden_states());
    let out = Interventions { positions: PositionChange::Permute(vec![100_000]), ..Interventions::default() };
    let options = PassOptions { interventions: out, ..PassOptions::default() };
    let error = forward(&model.network, &Input::Tokens(&ids), &options, &Progress::unobserved());
    assert!(error.expect_err("is refused").to_string().contains("position 100000"));
}
