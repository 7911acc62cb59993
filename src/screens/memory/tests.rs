//! What the screen *Memory* does with keys and with what its work tells.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::state::{Lower, Memory, Read, Side};
use super::work::{Feel, ReadText, TryFresh, Wait};
use crate::analysis::influence::Felt;
use crate::analysis::reading;
use crate::app::{App, Effect};
use crate::model::forward::Input;
use crate::model::{Model, open};
use crate::progress::Progress;
use crate::screens::testing::{app, finish, generation, key};
use crate::screens::tests::drawn_at_all_sizes;

fn side() -> Side {
    let folder = format!("{}/tests/fixtures/golden/recurrent/lstm", env!("CARGO_MANIFEST_DIR"));
    let model = Arc::new(open::open(&folder).expect("the fixture"));
    let ids: Vec<u32> = vec![1, 4, 2, 0, 3, 1];
    read_with(&model, &Input::Tokens(&ids))
}

fn read_with(model: &Arc<Model>, input: &Input<'_>) -> Side {
    let reading = reading::read(&model.network, input, 1 << 30, &Progress::unobserved()).expect("reads");
    Side::new(Arc::clone(model), reading, true)
}

/// One that looks from what it writes at what it read.
fn encoder_decoder(folder: &str) -> Side {
    let folder = format!("{}/tests/fixtures/golden/{folder}", env!("CARGO_MANIFEST_DIR"));
    let model = Arc::new(open::open(&folder).expect("the fixture"));
    read_with(&model, &Input::Pair(&[3, 4, 5, 6], &[0, 7, 8, 9, 10, 11]))
}

fn read() -> Read {
    Read { text: "a text".into(), sides: [Ok(side()), Err("it says nothing".into())] }
}

/// With the screen in front, and a text that was read.
fn reading() -> (App, Vec<Effect>) {
    let mut app = app();
    let index = app.screens.iter().position(|screen| screen.place().id == "memory").expect("the screen");
    let effects = key(&mut app, &format!("alt-{}", index + 1));
    let asked = generation::<ReadText>(&effects);
    let effects = finish::<ReadText>(&mut app, asked, Ok((read(), BTreeMap::new())));
    (app, effects)
}

fn memory(app: &App) -> &Memory {
    app.screen::<Memory>()
}

#[test]
fn every_step_asks_what_is_felt_there() {
    let (mut app, effects) = reading();
    let first = generation::<Feel>(&effects);
    assert_eq!(memory(&app).chosen.step, 3, "near the end");
    finish::<Feel>(&mut app, first, Ok((3, Default::default())));
    assert_eq!(memory(&app).felt_at, Some(3));
    generation::<Feel>(&key(&mut app, "l"));
    assert_eq!((memory(&app).chosen.step, memory(&app).felt_at), (4, Some(3)));
    for _ in 0..9 {
        key(&mut app, "right");
    }
    assert_eq!(memory(&app).chosen.step, 5);
    assert!(!key(&mut app, "right").iter().any(|effect| matches!(effect, Effect::Start(_))), "the end");
}

#[test]
fn it_plays_to_the_end_and_stops_when_told() {
    let (mut app, _) = reading();
    let wait = generation::<Wait>(&key(&mut app, "space"));
    let effects = finish::<Wait>(&mut app, wait, Ok(()));
    assert_eq!(memory(&app).chosen.step, 4);
    let effects = finish::<Wait>(&mut app, generation::<Wait>(&effects), Ok(()));
    assert!(!memory(&app).is_playing && !effects.is_empty(), "the last token is reached");
    let wait = generation::<Wait>(&key(&mut app, "space"));
    assert_eq!(memory(&app).chosen.step, 0, "from the beginning");
    key(&mut app, "space");
    finish::<Wait>(&mut app, wait, Ok(()));
    assert_eq!((memory(&app).is_playing, memory(&app).chosen.step), (false, 0));
}

#[test]
fn a_range_and_its_threshold_are_chosen() {
    let (mut app, _) = reading();
    let before = memory(&app).chosen.threshold;
    key(&mut app, "r");
    assert_eq!(memory(&app).chosen.range_start, Some(3));
    key(&mut app, "+");
    assert!(memory(&app).chosen.threshold > before);
    key(&mut app, "esc");
    assert_eq!(memory(&app).chosen.range_start, None);
}

#[test]
fn the_forget_bias_slides_and_asks_anew() {
    let (mut app, _) = reading();
    generation::<TryFresh>(&key(&mut app, "f"));
    assert_eq!(memory(&app).chosen.lower, Lower::Fresh);
    let asked = generation::<TryFresh>(&key(&mut app, "+"));
    assert_eq!(memory(&app).chosen.forget_bias, 1.5);
    let curve = ndarray::Array1::from_vec(vec![1.0, 0.5]);
    finish::<TryFresh>(&mut app, asked, Ok((1.5, curve.clone())));
    assert_eq!(memory(&app).fresh, Some((1.5, curve)));
    for _ in 0..40 {
        key(&mut app, "-");
    }
    assert_eq!(memory(&app).chosen.forget_bias, -3.0);
}

#[test]
fn another_network_reads_the_same_text() {
    let (mut app, _) = reading();
    let before = memory(&app).chosen.networks.clone();
    generation::<ReadText>(&key(&mut app, "n"));
    assert_ne!(memory(&app).chosen.networks[0], before[0]);
    assert_eq!(memory(&app).chosen.networks[1], before[1]);
    generation::<ReadText>(&key(&mut app, "N"));
    assert_ne!(memory(&app).chosen.networks[1], before[1]);
}

#[test]
fn every_state_is_drawn_at_every_size() {
    let (mut app, effects) = reading();
    assert!(drawn_at_all_sizes(&app).contains("it says nothing"));
    let felt = ndarray::Array1::from_vec(vec![0.0, 0.5, 1.0, f64::NAN]);
    let felt = [Felt { by_gradient: vec![felt.clone()], by_omission: vec![felt] }, Felt::default()];
    finish::<Feel>(&mut app, generation::<Feel>(&effects), Ok((3, felt)));
    let seen = drawn_at_all_sizes(&app);
    assert!(seen.contains("forget") && seen.contains("perplexity") && seen.contains("4 of 6"), "{seen}");
    key(&mut app, "r");
    assert!(drawn_at_all_sizes(&app).contains(" cells"));
    let asked = generation::<TryFresh>(&key(&mut app, "f"));
    drawn_at_all_sizes(&app);
    let curve = ndarray::Array1::from_iter((0..129).map(|distance| 0.8f64.powi(distance)));
    finish::<TryFresh>(&mut app, asked, Ok((1.0, curve)));
    assert!(drawn_at_all_sizes(&app).contains("below 1 % after 21 tokens"));
}

#[test]
fn a_decoder_is_drawn_with_what_its_encoder_read() {
    for folder in ["transformers/t5", "lab/seq2seq_attention"] {
        let (mut app, _) = reading();
        let effects = key(&mut app, "n");
        let sides = [Ok(encoder_decoder(folder)), Ok(side())];
        let read = Read { text: "3 4 5 6 => 7 8 9 10 11".into(), sides };
        let effects =
            finish::<ReadText>(&mut app, generation::<ReadText>(&effects), Ok((read, BTreeMap::new())));
        let felt = |length: usize| ndarray::Array1::linspace(0.0, 1.0, length);
        let felt = Felt { by_gradient: vec![felt(4), felt(4)], by_omission: vec![felt(4), felt(4)] };
        finish::<Feel>(&mut app, generation::<Feel>(&effects), Ok((3, [felt, Felt::default()])));
        let seen = drawn_at_all_sizes(&app);
        assert!(seen.contains("source"), "{seen}");
        assert!(seen.contains("layer "), "{seen}");
    }
}
