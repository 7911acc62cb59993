//! The screen Positions: each method's numbers, and what order does to a text.

use lexiscope::analysis::positions::PositionKind;
use lexiscope::analysis::similarity::words_by_layer;
use lexiscope::model::forward::{Input, PassOptions, forward};
use lexiscope::model::interventions::{Interventions, PositionChange};
use lexiscope::model::network::{AttentionPosition, FIRST, Front};
use lexiscope::model::open;
use lexiscope::progress::Progress;
use lexiscope::screens::positions::{FIRST_TEXT, Focus};

use crate::look::Look;
use crate::support::golden;
use crate::{Played, Start};

/// On the shipped model.
fn look(script: &str) -> Played {
    Start::on_model(None).play(&format!("<alt-4>{script}"))
}

/// On a tiny model with random weights.
fn look_with(family: &str, script: &str) -> Played {
    let folder = golden("transformers").join(family).display().to_string();
    Start::on_model(Some(folder)).play(&format!("<alt-4>{script}"))
}

#[track_caller]
fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-4, "{found} is not {expected}");
}

#[test]
fn the_models_own_table_comes_first() {
    let played = look("jjjll");
    played.shows("[learned]");
    played.shows("minilm-l6's own table: 512 x 384");
    let model = open::shipped().unwrap();
    let Front::Tokens(embedding) = model.network.front() else { panic!("it reads text") };
    let positions = embedding.positions.as_ref().unwrap();
    let own = positions.table.to_matrix();
    let table = played.app.positions().table.as_ref().unwrap();
    assert!(table.of_model);
    assert_eq!(table.values, own.slice(ndarray::s![positions.first_row.., ..]));
    played.shows(&format!("position 3, dimension 2: {:.5}", own[[positions.first_row + 3, 2]]));
    // The curve: the mean cosine of all pairs of rows so far apart.
    let cosine = |one: usize, other: usize| {
        let (one, other) = (own.row(one).mapv(f64::from), own.row(other).mapv(f64::from));
        one.dot(&other) / (one.dot(&one) * other.dot(&other)).sqrt()
    };
    for distance in [0, 1, 2, 4, 8, 64] {
        let mean =
            (0..512 - distance).map(|row| cosine(row, row + distance)).sum::<f64>() / (512 - distance) as f64;
        close(table.curve[distance], mean);
        if distance < 10 {
            played.shows(&format!("{distance}: {mean:.2}"));
        }
    }
}

#[test]
fn the_cursor_stays_inside_the_table() {
    let ends = look("<end><right><page-down>");
    assert_eq!((ends.app.positions().chosen.row, ends.app.positions().chosen.column), (511, 1));
    let start = look("<left>k<page-up>");
    assert_eq!((start.app.positions().chosen.row, start.app.positions().chosen.column), (0, 0));
    // A smaller table takes it along: eight heads of ALiBi.
    let smaller = look("Gvv");
    assert_eq!(
        (smaller.app.positions().method(), smaller.app.positions().chosen.row),
        (PositionKind::Alibi, 7)
    );
}

#[test]
fn methods_that_the_model_does_not_use_are_shown_by_example() {
    let rotary = look("jv<right>");
    rotary.shows("[rotary]");
    rotary.shows("an example: 64 pairs a head, base 10,000");
    let angle = |pair: f64| 10_000f64.powf(-2.0 * pair / 128.0);
    rotary.shows(&format!("position 1, dimension 1: {:.5}", angle(1.0).cos()));
    let curve = &rotary.app.positions().table.as_ref().unwrap().curve;
    close(curve[5], (0..64).map(|pair| (5.0 * angle(f64::from(pair))).cos()).sum::<f64>() / 64.0);

    let alibi = look("vv<right><right>");
    alibi.shows("[ALiBi]");
    alibi.shows("an example: 8 heads");
    alibi.shows("head 0, distance back 2: -1.00000");

    let t5 = look("vvv");
    t5.shows("[T5]");
    let table = t5.app.positions().table.as_ref().unwrap();
    assert!(!table.of_model);
    // 32 buckets in both directions, the last ones shared: the past 0-15, the future 16-31.
    assert_eq!((table.curve[0], table.curve[1], table.curve[7], table.curve[64]), (0.0, 17.0, 23.0, 30.0));

    let sinusoidal = look("vvvvjjj<right><right><right>");
    sinusoidal.shows("[sinusoidal]");
    sinusoidal.shows("computed: 512 x 384, no training needed");
    let value = (3.0 / 10_000f64.powf(2.0 / 384.0)).cos();
    sinusoidal.shows(&format!("position 3, dimension 3: {value:.5}"));
    assert_eq!(look("<tab><tab><tab><tab><tab>").app.positions().method(), PositionKind::Learned);
}

#[test]
fn a_t5_has_a_bias_and_no_learned_table() {
    let refused = look_with("t5", "vv");
    refused.shows("[learned]");
    refused.shows("t5 has no learned table of positions: it uses T5");
    let played = look_with("t5", "");
    played.shows("head 0, offset 0:");
    let table = played.app.positions().table.as_ref().unwrap();
    assert!(table.of_model);
    played.shows("t5's own bias: 8 buckets x 4 heads");
    let model = open::open(&golden("transformers").join("t5").display().to_string()).unwrap();
    let AttentionPosition::Relative(bias) = &model.network.attention(FIRST, 0).expect("it attends").position
    else {
        panic!("T5 adds a bias")
    };
    for offset in [-40, -3, 0, 2, 17] {
        let column = usize::try_from(offset - table.first_column as isize).unwrap();
        close(table.values[[2, column]].into(), bias.value(2, offset).into());
    }
}

#[test]
fn each_familys_own_method_comes_first() {
    let cases = [
        ("llama", "", PositionKind::Rotary),
        ("bloom", "", PositionKind::Alibi),
        ("gpt2", "", PositionKind::Learned),
    ];
    for (family, script, kind) in cases {
        let played = look_with(family, script);
        let table = played.app.positions().table.as_ref().unwrap();
        assert_eq!((table.kind, table.of_model), (kind, true), "{family}");
        played.shows(&format!("{family}'s own"));
    }
}

#[test]
fn order_matters_only_with_positions() {
    let played = look("");
    let found = played.app.positions().experiments.as_ref().unwrap();
    let shuffle = found.shuffle.as_ref().unwrap();
    played.shows(&format!("similarity {:.4}", shuffle.with_positions));
    played.shows(&format!("without positions {:.6}", shuffle.without_positions));
    assert!(shuffle.with_positions < 0.99, "{}", shuffle.with_positions);
    close(shuffle.without_positions, 1.0);
    let sorted = |text: &str| {
        let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
        words.sort();
        words
    };
    assert_eq!(sorted(&shuffle.shuffled), sorted(FIRST_TEXT));
    assert_ne!(shuffle.shuffled, FIRST_TEXT);
}

#[test]
fn a_causal_mask_tells_the_order_too() {
    let played = look_with("llama", "e<ctrl-u>a b c d<enter>");
    assert!(played.app.positions().experiments.as_ref().unwrap().shuffle.as_ref().unwrap().causal);
    played.shows("the causal mask still tells the order");
    let shuffle = look("").app.positions().experiments.as_ref().unwrap().shuffle.clone().unwrap();
    assert!(!shuffle.causal);
}

#[test]
fn one_word_at_two_places_parts_layer_by_layer() {
    let played = look("");
    let model = open::shipped().unwrap();
    let tokens = model.tokenizer().unwrap().encode(FIRST_TEXT).unwrap();
    let options = PassOptions {
        interventions: Interventions { positions: PositionChange::Keep, ..Interventions::default() },
        ..PassOptions::default()
    };
    let trace =
        forward(&model.network, &Input::Tokens(&tokens.ids), &options, &Progress::unobserved()).unwrap();
    let places = &played.app.positions().experiments.as_ref().unwrap().places;
    assert!(places.len() > 1, "\"the\" and \"bank\" stand there twice");
    for place in places {
        let (one, other) = place.tokens;
        assert_eq!(tokens.pieces[one], tokens.pieces[other]);
        let expected = words_by_layer(&trace, one..one + 1, &trace, other..other + 1);
        assert_eq!(place.by_layer.len(), 7);
        place.by_layer.iter().zip(expected).for_each(|(found, expected)| close(*found, expected.into()));
    }
    let first = &places[0];
    played.shows(&format!("\"{}\" twice  1 of {}", first.word, places.len()));
    played.shows(&format!("layer 5 {:.3}", first.by_layer[6]));
    let next = look("n");
    next.shows(&format!("\"{}\" twice  2 of {}", places[1].word, places.len()));
    assert_eq!(look(&"n".repeat(places.len())).app.positions().chosen.place, 0);
}

#[test]
fn of_an_encoder_and_a_decoder_the_encoder_is_asked() {
    let played = look_with("t5", "");
    let found = played.app.positions().experiments.as_ref().unwrap();
    close(found.shuffle.as_ref().unwrap().without_positions, 1.0);
    let model = open::open(&golden("transformers").join("t5").display().to_string()).unwrap();
    let tokens = model.tokenizer().unwrap().encode(FIRST_TEXT).unwrap();
    let trace = forward(
        &model.network,
        &Input::Tokens(&tokens.ids),
        &PassOptions::default(),
        &Progress::unobserved(),
    )
    .unwrap();
    let last = trace.encoder_output().unwrap();
    let place = found.places.iter().find(|place| place.word == "the").unwrap();
    let (one, other) = (last.row(place.tokens.0), last.row(place.tokens.1));
    assert_eq!(tokens.texts[place.tokens.0].trim(), "the");
    let cosine = one.dot(&other) / (one.dot(&one) * other.dot(&other)).sqrt();
    close(place.by_layer[2], cosine.into());
}

#[test]
fn the_text_is_asked_about_while_it_is_typed() {
    let played = look("e<ctrl-u>a dog and a cat");
    assert_eq!(played.app.positions().chosen.focus, Focus::Input);
    let found = played.app.positions().experiments.as_ref().unwrap();
    assert_eq!(found.text, "a dog and a cat");
    assert_eq!(found.places[0].word, "a");
    played.shows("\"a\" twice");
    let without = look("e<ctrl-u>dogs bark<enter>n");
    without.shows("Put one word twice into the text");
    assert_eq!(without.status(), "next word: no other word stands at two places");
    let one = look("e<ctrl-u>dogs<enter>");
    assert!(one.app.positions().experiments.as_ref().unwrap().shuffle.is_none());
    let none = look("e<ctrl-u><enter>");
    none.shows("a sentence with one word twice");
    assert!(none.app.positions().experiments.is_none() && none.app.positions().problem.is_none());
}

#[test]
fn esc_stops_the_experiments_and_enter_asks_again() {
    let words = vec!["word"; 300].join(" ");
    let typed = format!("e{{<paste: {words}><esc>}}");
    let stopped = look(&typed);
    assert_eq!(stopped.status(), "the experiments were cancelled");
    assert!(stopped.app.positions().is_other_text(), "what is shown is of the text before");
    let again = look("e<ctrl-u>{<paste:dogs and dogs><esc>}<enter>");
    assert_eq!(again.app.positions().chosen.focus, Focus::Table);
    assert_eq!(again.app.positions().experiments.as_ref().unwrap().text, "dogs and dogs");
}

#[test]
fn a_text_that_is_too_long_is_told_and_then_forgotten() {
    let words = vec!["word"; 600].join(" ");
    let played = look(&format!("e<ctrl-u><paste:{words}>"));
    played.shows("the text has 602 tokens, but this model has positions for 512");
    let short = look(&format!("e<ctrl-u><paste:{words}><ctrl-u>one and one<enter>"));
    assert!(short.app.positions().problem.is_none());
    short.shows("\"one\" twice");
}

#[test]
fn another_model_brings_its_own_table() {
    let played = look_with("gpt2", "D");
    played.shows("minilm-l6's own table: 512 x 384");
    let found = played.app.positions().experiments.as_ref().unwrap();
    assert_eq!(found.places[0].by_layer.len(), 7, "six layers and the embedding");
}
