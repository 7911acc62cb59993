//! Facts of all-MiniLM-L6-v2 on one sentence, as measured with PyTorch on the f32 weights: on the
//! shipped int8 model within what int8 costs, and on the f32 folder that `LEXISCOPE_MINILM` names.

use lexiscope::analysis::heads::{HeadKind, all_heads};
use lexiscope::analysis::importance::{Measure, head_importance};
use lexiscope::analysis::lens::{LensOptions, logit_lens};
use lexiscope::analysis::norms::{norm_weighted, norm_weighted_layer, shares};
use lexiscope::analysis::rollout::rollout;
use lexiscope::analysis::{HeadPlace, Stack, cell, ranking};
use lexiscope::model::forward::{Input, PassOptions, forward};
use lexiscope::model::interventions::Interventions;
use lexiscope::model::network::FIRST;
use lexiscope::model::tokenizer::Tokens;
use lexiscope::model::{Model, Trace, open};
use lexiscope::progress::Progress;
use ndarray::ArrayView2;

const TEXT: &str = "the cat sat on the mat because it was tired";

/// The shipped model, and the f32 one that it was made from where LEXISCOPE_MINILM names its folder.
fn models() -> Vec<(Model, f64)> {
    // int8 moves the mean entropy of one layer by 0.012, everything else here by less.
    let mut models = vec![(open::shipped().expect("the shipped model"), 0.015)];
    if let Some(folder) = std::env::var_os("LEXISCOPE_MINILM") {
        models.push((open::open(&folder.to_string_lossy()).expect("opens"), 0.001));
    }
    models
}

fn run(model: &Model) -> (Tokens, Trace) {
    let tokens = model.tokenizer().expect("a tokenizer").encode(TEXT).expect("tokens");
    let options = PassOptions::default();
    let trace = forward(&model.network, &Input::Tokens(&tokens.ids), &options, &Progress::unobserved());
    (tokens, trace.expect("runs"))
}

#[track_caller]
fn close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found} is not {expected}");
}

#[test]
fn figures_of_heads() {
    for (model, tolerance) in models() {
        let (tokens, trace) = run(&model);
        let figures = all_heads(&model.network, &trace, &tokens);
        assert_eq!(figures.len(), 72);
        let entropy = [1.840, 1.041, 1.098, 1.451, 1.261, 1.761];
        let first = [0.264, 0.588, 0.595, 0.532, 0.614, 0.337];
        for (layer, heads) in figures.chunks(12).enumerate() {
            let mean = |figure: &dyn Fn(usize) -> f64| (0..12).map(figure).sum::<f64>() / 12.0;
            close(mean(&|head| heads[head].entropy), entropy[layer], tolerance);
            close(mean(&|head| heads[head].first_token_mass), first[layer], tolerance);
        }
        let previous = &figures[2];
        assert_eq!((previous.place, previous.label.kind), (HeadPlace::new(0, 2), HeadKind::PreviousToken));
        close(previous.label.score, 0.9996, 0.001);
        assert_eq!(ranking::by_sharpness(&figures)[0], previous.place);
        assert_eq!(figures[71].place, HeadPlace::new(5, 11));
    }
}

#[test]
fn rollout_and_one_cell() {
    for (model, tolerance) in models() {
        let (_, trace) = run(&model);
        let rolled = rollout(&trace, 5, true).expect("six layers");
        for (token, expected) in [(0, 0.597), (8, 0.037), (2, 0.026), (11, 0.116)] {
            close(f64::from(rolled[[8, token]]), expected, tolerance);
        }
        let steps = cell::explain(&model.network, &trace, HeadPlace::new(5, 11), 8, 2).expect("kept");
        close(f64::from(steps.weight), 0.6826, if model.path.is_none() { 0.04 } else { tolerance });
        assert!(!steps.replaced);
    }
}

#[test]
fn norms_show_that_special_tokens_move_little() {
    let expected = [(0.37, 0.16), (0.62, 0.14), (0.62, 0.11), (0.59, 0.12), (0.66, 0.13), (0.37, 0.06)];
    for (model, tolerance) in models() {
        let (_, trace) = run(&model);
        for (layer, (raw, normed)) in expected.into_iter().enumerate() {
            let on_special = |map: ArrayView2<'_, f32>| f64::from(map.column(0).sum() + map.column(11).sum());
            let weights = &trace.weights(FIRST, layer).expect("kept");
            close(weights.outer_iter().map(on_special).sum::<f64>() / 144.0, raw, tolerance + 0.005);
            let (mut special, mut all) = (0.0, 0.0);
            for head in 0..12 {
                let place = HeadPlace::new(layer, head);
                let lengths = norm_weighted(&model.network, &trace, place).expect("kept");
                special += on_special(lengths.view());
                all += f64::from(lengths.sum());
            }
            close(special / all, normed, tolerance + 0.005);
        }
    }
}

#[test]
fn shares_sum_to_one_in_every_row() {
    let (model, _) = models().swap_remove(0);
    let (_, trace) = run(&model);
    let lengths = norm_weighted_layer(&model.network, &trace, Stack::Text, 5).expect("kept");
    let shares = shares(&lengths);
    for (shares, lengths) in shares.outer_iter().zip(lengths.outer_iter()) {
        close(f64::from(shares.sum()), 1.0, 1e-6);
        close(f64::from(shares[3] / shares[4]), f64::from(lengths[3] / lengths[4]), 1e-4);
    }
}

#[test]
fn the_heads_that_matter_most() {
    let expected = [(5, 11, 0.139), (5, 3, 0.081), (5, 7, 0.029), (5, 1, 0.024), (5, 10, 0.023)];
    for (model, tolerance) in models() {
        let (tokens, _) = run(&model);
        let measure = Measure::of(&model.network);
        assert_eq!(measure, Measure::SentenceVector);
        let input = Input::Tokens(&tokens.ids);
        let importance = head_importance(
            &model.network,
            Stack::Text,
            &input,
            measure,
            &Interventions::default(),
            &Progress::unobserved(),
        )
        .expect("runs");
        for (layer, head, change) in expected {
            close(importance.changes[[layer, head]], change, tolerance);
        }
        let ranked = importance.ranked();
        assert_eq!(ranked.len(), 72);
        for (found, expected) in ranked.iter().zip(&expected[..2]) {
            assert_eq!((found.0, found.1), (expected.0, expected.1));
        }
        let unimportant = ranked.iter().filter(|(_, _, change)| *change < 0.001).count();
        assert!((25..=30).contains(&unimportant), "{unimportant} of 72 heads change less than 0.001");
    }
}

#[test]
fn a_model_without_a_head_says_that_it_predicts_nothing() {
    let model = open::shipped().expect("the shipped model");
    let (tokens, trace) = run(&model);
    let error = logit_lens(&model.network, &trace, &LensOptions::default()).unwrap_err().to_string();
    assert!(error.contains("no output matrix"), "{error}");
    let input = Input::Tokens(&tokens.ids);
    let error = head_importance(
        &model.network,
        Stack::Text,
        &input,
        Measure::TopProbability(None),
        &Interventions::default(),
        &Progress::unobserved(),
    );
    assert!(error.unwrap_err().to_string().contains("no output matrix"));
}
