//! The screen Memory: two networks on one text.

use lexiscope::screens::memory::FIRST_TEXT;

use crate::look::Look;
use crate::{Played, Start};

fn look(script: &str) -> Played {
    Start::on_model(None).play(&format!("<alt-5>{script}"))
}

#[test]
fn the_difference_is_plain_to_see_at_once() {
    let played = look("");
    played.shows(FIRST_TEXT);
    played.shows("stories-lstm");
    played.shows("stories-causal");
    played.shows("forget");
    let memory = played.app.memory_screen();
    let step = memory.chosen.step;
    let comes = |side: usize| {
        let side = memory.side(side).expect("read");
        side.reading.expected[step].of_next.expect("a next token")
    };
    assert!(comes(1) > 10.0 * comes(0), "{} {}", comes(1), comes(0));
    assert_eq!(memory.felt_at, Some(step));
    let felt = memory.felt.each_ref().map(|felt| felt.by_omission[0].len());
    assert_eq!(felt, [step + 1; 2]);
}

#[test]
fn it_steps_and_plays_to_the_end() {
    let stepped = look("hhl");
    let start = look("").app.memory_screen().chosen.step;
    assert_eq!(stepped.app.memory_screen().chosen.step, start - 1);
    let played = look(" ");
    assert_eq!(played.app.memory_screen().chosen.step + 1, played.app.memory_screen().tokens());
    assert!(!played.app.memory_screen().is_playing);
}

#[test]
fn another_text_and_other_networks_are_read() {
    let played = look("e<ctrl-u><paste:the wolf ate the goat><enter>nN");
    played.shows("stories-gru");
    played.shows("stories-simplified");
    let labels = &played.app.memory_screen().side(0).expect("read").labels;
    assert_eq!(labels.join("").replace(' ', ""), "thewolfatethegoat");
    let empty = look("e<ctrl-u>");
    assert!(empty.app.memory_screen().read.is_none());
    empty.shows("a text that says something twice");
}

#[test]
fn the_forget_bias_of_a_fresh_lstm_slides() {
    let closed = look("f----");
    closed.shows("forget bias -1.0");
    let open = look("f++++++");
    open.shows("forget bias 4.0");
    open.shows("above 1 % for all 128 tokens");
}

#[test]
fn the_same_cells_are_found_elsewhere() {
    let played = look("rhh");
    played.shows(" cells");
    assert!(look("rhh<esc>").app.memory_screen().chosen.range_start.is_none());
}

/// What stands for a folder with a tiny model.
fn golden(folder: &str) -> Option<String> {
    Some(crate::support::golden("transformers").join(folder).display().to_string())
}

#[test]
fn a_decoder_is_given_a_text_of_its_own_and_feels_the_source() {
    let same = Start::on_model(golden("t5")).play("<alt-3><alt-5>nnn");
    same.shows("another: SOURCE => TARGET");
    let script = "<alt-3><alt-5>nnne<ctrl-u><paste:the cat sat =>> a dog<enter>";
    let played = Start::on_model(golden("t5")).play(script);
    played.shows("source");
    let side = played.app.memory_screen().side(0).expect("read");
    assert!(side.has_target && side.labels[0] == "<pad>", "{:?}", side.labels);
    let source = side.reading.source.as_ref().expect("a source");
    assert_eq!(source.ids.len(), side.source_labels.len());
    let felt = &played.app.memory_screen().felt[0].by_gradient;
    assert_eq!(felt[0].len(), source.ids.len());
}

#[test]
fn a_network_that_expects_nothing_says_so() {
    let played = Start::on_model(Some("minilm-l6".into())).play("<alt-3><alt-5>nnn");
    played.shows("does not say the next token");
}
