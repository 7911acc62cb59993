//! The guided tour: its stops can be gone to, and its numbers are those of the program.

use lexiscope::analysis::similarity::words_by_layer;
use lexiscope::app::{App, Message, Tour, begin_tour};
use lexiscope::model::forward::{Input, PassOptions, forward};
use lexiscope::model::network::FIRST;
use lexiscope::model::{Trace, loss, open};
use lexiscope::progress::Progress;
use lexiscope::screens;
use serde_json::Value;

const CAT: &str = "the cat sat on the mat because it was tired";

fn trace() -> Trace {
    let model = open::shipped().expect("opens");
    let ids = model.encode(CAT).expect("tokens").ids;
    let options = PassOptions::default();
    forward(&model.network, &Input::Tokens(&ids), &options, &Progress::unobserved()).expect("runs")
}

/// The stops, by title.
fn look(title: &str) -> String {
    let tour = Tour::first();
    let stop = tour.stops.iter().find(|stop| stop.title.contains(title));
    stop.unwrap_or_else(|| panic!("no stop {title}")).look.clone()
}

#[test]
fn every_stop_sets_its_screen_up() {
    let mut app = App::new(screens::all(), None);
    let tour = Tour::first();
    let stops = tour.stops.clone();
    begin_tour(tour, &mut app.screens, &mut app.frame);
    for (index, stop) in stops.iter().enumerate() {
        assert_eq!(app.frame.tour.as_ref().map(|tour| tour.index), Some(index));
        assert_eq!(app.frame.status, None, "{}", stop.title);
        assert_eq!(app.screens.place().id, stop.screen);
        let chosen = app.screens.front().choices();
        for (name, value) in &stop.choices {
            assert_eq!(chosen[name.replace('-', "_")], *value, "{}: {name}", stop.title);
        }
        assert!(stop.look.len() < 260 && stop.trial.len() < 76, "{}", stop.title);
        app.handle(Message::Key("f8".parse().expect("a key")));
    }
    assert_eq!(app.frame.tour, None);
    let mut own = Tour::first();
    own.stops.truncate(1);
    own.stops[0].screen = "nowhere".into();
    begin_tour(own, &mut app.screens, &mut app.frame);
    assert!(app.frame.status.as_ref().is_some_and(|status| status.text.contains("nowhere")));
}

#[test]
fn its_keys_go_back_too_and_its_end_is_an_end() {
    let mut app = App::new(screens::all(), None);
    let mut press = |key: &str| {
        app.handle(Message::Key(key.parse().expect("a key")));
        app.frame.tour.as_ref().map(|tour| tour.index)
    };
    assert_eq!(press("f8"), None, "no tour yet");
    begin_tour(Tour::first(), &mut app.screens, &mut app.frame);
    let mut press = |key: &str| {
        app.handle(Message::Key(key.parse().expect("a key")));
        app.frame.tour.as_ref().map(|tour| tour.index)
    };
    assert_eq!(
        (press("f8"), press("f8"), press("f7"), press("f7"), press("f7")),
        (Some(1), Some(2), Some(1), Some(0), Some(0))
    );
}

#[test]
fn the_numbers_of_attention_are_those_of_the_pass() {
    let trace = trace();
    let weight = |layer: usize, head: usize, query: usize, key: usize| {
        f64::from(trace.weights(FIRST, layer).expect("weights")[[head, query, key]])
    };
    let tokens = trace.tokens(FIRST).len();
    let before = (1..tokens).map(|token| weight(0, 2, token, token - 1)).sum::<f64>() / (tokens - 1) as f64;
    assert!(look("token before").contains(&format!("{before:.4}")), "{before}");
    let first = (0..tokens).map(|token| weight(2, 7, token, 0)).sum::<f64>() / tokens as f64;
    assert!(look("rests").contains(&format!("{first:.2}")), "{first}");
    assert!(look("Who is it").contains(&format!("{:.2}", weight(5, 11, 8, 2))));
}

#[test]
fn the_numbers_of_words_are_those_of_the_vectors() {
    let answer = assert_cmd::Command::cargo_bin("lexiscope")
        .expect("the binary")
        .args(["analogy", "man", "king", "woman", "-k", "1", "--format", "json"])
        .output()
        .expect("runs");
    let answer: Value = serde_json::from_slice(&answer.stdout).expect("JSON");
    let best = &answer["results"][0];
    assert_eq!(best["word"], "queen");
    let score = best["score"].as_f64().expect("a score");
    assert!(look("left out").contains(&format!("{score:.2}")), "{score}");
}

#[test]
fn the_two_senses_part_and_the_lstm_guesses() {
    let model = open::shipped().expect("opens");
    let text = "she deposited money at the bank then sat on the river bank";
    let tokens = model.encode(text).expect("tokens");
    let options = PassOptions::default();
    let quiet = Progress::unobserved();
    let trace = forward(&model.network, &Input::Tokens(&tokens.ids), &options, &quiet).expect("runs");
    let banks: Vec<usize> = (0..tokens.ids.len()).filter(|&token| tokens.pieces[token] == "bank").collect();
    let similar = words_by_layer(&trace, banks[0]..banks[0] + 1, &trace, banks[1]..banks[1] + 1);
    let least = similar.iter().copied().fold(1.0, f32::min);
    assert!((similar[0] - 0.967).abs() < 0.002 && (least - 0.872).abs() < 0.002, "{similar:?}");
    let said = "Hansel and Gretel ate the bread.";
    let perplexity = |name: &str, text: &str| {
        let model = open::open(name).expect("opens");
        let ids = model.encode(text).expect("tokens").ids;
        loss::judge(&model.network, &Input::Tokens(&ids), &[], &Progress::unobserved())
            .expect("runs")
            .loss
            .exp()
    };
    let twice = format!("{said} {said}");
    let gain = |name: &str| perplexity(name, said) / perplexity(name, &twice);
    assert!(gain("stories-causal") > 2.0 * gain("stories-lstm"));
}
