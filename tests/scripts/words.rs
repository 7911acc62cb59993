//! The screens Words and Analogy, and what holds on all of them.

use lexiscope::app::{Opened, Overlay};
use lexiscope::screens::analogy::Focus;
use lexiscope::screens::words::Panel;
use lexiscope::terminal::Ended;

use crate::look::Look;
use crate::{Start, play};

#[test]
fn king_has_queen_among_its_neighbours() {
    let played = play("king<enter>");
    played.shows("queen");
    played.shows("0.7");
    let answer = played.app.words().answer.clone().unwrap();
    assert_eq!(answer.query, "king");
    assert_eq!(answer.certificate.scanned, 30_000);
}

#[test]
fn a_person_looks_around_and_leaves() {
    let played = play("king<enter>jj<esc>?");
    assert!(matches!(played.app.frame.overlay, Some(Overlay::Help { .. })));
    assert_eq!(played.app.words().chosen.selected, 2);
    assert_eq!(play("king<enter>jj<esc>?qq").ended, Ended::Quit);
}

#[test]
fn enter_goes_to_the_selected_word_and_back_returns() {
    let played = play("king<enter>j<enter>");
    let second = played.app.words().chosen.history[1].clone();
    assert_eq!(played.app.words().answer.as_ref().unwrap().query, second);
    assert_eq!(play("king<enter>j<enter>[").app.words().answer.clone().unwrap().query, "king");
}

#[test]
fn a_slip_is_understood() {
    let played = play("kigndom");
    played.shows("kingdom");
    assert_eq!(play("kigndom<enter>").app.words().answer.clone().unwrap().query, "kingdom");
}

#[test]
fn words_take_expressions_too() {
    let played = play("king - man + woman");
    assert_eq!(played.app.words().answer.clone().unwrap().neighbours[0].word, "queen");
    let unfinished = play("king - (man");
    assert!(unfinished.app.words().unknown.clone().unwrap().message.contains("column"));
}

#[test]
fn the_analogy_of_all_analogies() {
    let played = play("<alt-2>man<enter>king<enter>woman<enter>");
    assert_eq!(played.app.screens.place().id, "analogy");
    assert_eq!(played.app.analogy().chosen.focus, Focus::Add);
    played.shows("3CosMul");
    let answer = played.app.analogy().answer.as_ref().unwrap();
    assert_eq!((answer.add[0].word.as_str(), answer.multiply[0].word.as_str()), ("queen", "queen"));
    assert_eq!(answer.add_with_asked[0].word, "king");
    let plane = answer.parallelogram.as_ref().unwrap();
    let names: Vec<_> = plane.points.iter().map(|point| point.word.as_str()).collect();
    assert_eq!(names, ["man", "king", "woman", "queen"]);
    assert!((0.5..=1.0).contains(&plane.explained), "{}", plane.explained);
    let why = played.app.analogy().explanation().unwrap();
    let signs: Vec<_> = why.terms.iter().map(|term| (term.weight, term.word.as_str())).collect();
    assert_eq!(signs, [(1.0, "king"), (-1.0, "man"), (1.0, "woman")]);
}

#[test]
fn an_analogy_can_be_edited_as_an_expression() {
    let played = play("<alt-2>man<enter>king<enter>woman<enter>e<ctrl-u>2 king - man + woman<enter>");
    assert!(played.app.analogy().chosen.free);
    let answer = played.app.analogy().answer.as_ref().unwrap();
    assert!(answer.multiply.is_empty(), "3CosMul knows no weight 2");
    let unknown = play("<alt-2>man<enter>king<enter>womann");
    assert!(unknown.app.analogy().problem.clone().unwrap().contains("womann"));
}

#[test]
fn comparing_follows_the_selection() {
    let played = play("king<enter>cj");
    assert_eq!(played.app.words().chosen.panel, Panel::Comparison);
    let comparison = played.app.words().comparison.as_ref().unwrap();
    assert_eq!(comparison.left, "king");
    assert_eq!(comparison.right, played.app.words().selected_neighbour().unwrap().word);
    let sum: f64 = comparison.dimensions.iter().map(|dimension| dimension.share).sum();
    assert!((sum - comparison.similarity).abs() < 1e-9);
    assert!((comparison.similarity - played.app.words().selected_neighbour().unwrap().score).abs() < 1e-5);
}

#[test]
fn a_filter_keeps_rare_words_out() {
    let played = play("king<enter>f500<enter>");
    let answer = played.app.words().answer.clone().unwrap();
    assert!(!answer.neighbours.is_empty() && answer.neighbours.iter().all(|neighbour| neighbour.row < 500));
}

#[test]
fn go_to_a_rank_bookmark_and_copy() {
    let played = play("king<enter>bg1<enter>y");
    assert_eq!(played.app.words().chosen.bookmarks, ["king"]);
    assert_eq!(played.app.words().chosen.history, ["king", "the"]);
    assert_eq!(played.notes.copied, [played.app.words().selected_neighbour().unwrap().word.clone()]);
}

#[test]
fn a_file_that_cannot_be_read_leaves_ways_out() {
    let played = Start::on_vectors("/nonexistent/vectors.bin").play("<esc>");
    let Opened::Failed { message, .. } = &played.app.frame.vectors else {
        panic!("{:?}", played.app.frame.vectors)
    };
    assert!(message.contains("/nonexistent/vectors.bin"), "{message}");
    played.shows("opens it again");
    let rescued = Start::on_vectors("/nonexistent/vectors.bin").play("<esc>D/king");
    rescued.shows("queen");
}

#[test]
fn strange_words_do_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("strange.txt");
    let words = ["日本", "日本語", "مرحبا", "e\u{301}t\u{e9}", "\u{200d}joined", "\u{1b}[31mred", "plain"];
    let lines: String =
        words.iter().enumerate().map(|(row, word)| format!("{word} 1.0 0.{row} 0.5\n")).collect();
    std::fs::write(&path, lines).unwrap();
    let played = Start::on_vectors(&path).play("<paste:日本\n><enter>jjjj");
    assert_eq!(played.app.words().chosen.input.text(), "日本 ");
    let answer = played.app.words().answer.as_ref().unwrap();
    assert_eq!(answer.neighbours.len(), 6);
    assert!(!played.screen.contains('\u{1b}'));
}

#[test]
fn themes_take_turns_and_suspending_comes_back() {
    let played = play("<esc>T<ctrl-z>q");
    assert_ne!(played.app.frame.theme, "dark");
    assert_eq!((played.notes.suspended, played.ended), (1, Ended::Quit));
}

#[test]
fn a_vectors_file_is_shown_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.txt");
    std::fs::write(&path, "king 1.0 0.5\nqueen 0.9 0.6\nman 0.1 0.7\n").unwrap();
    let played = Start::on_vectors(&path).play("king<enter>");
    played.shows("tiny");
    assert_eq!(played.app.words().answer.clone().unwrap().neighbours[0].word, "queen");
}

#[test]
fn what_is_on_the_screen_can_be_written_to_a_file() {
    let played = play("king<enter>W<enter>");
    assert_eq!(played.status(), "wrote lexiscope-words.svg");
    let (name, svg) = &played.notes.saved[0];
    assert_eq!(name, "lexiscope-words.svg");
    assert!(svg.starts_with("<svg") && svg.contains(">queen<") || svg.contains("queen "), "{svg}");
    let text = play("king<enter>W<ctrl-u>words.txt<enter>");
    assert!(text.notes.saved[0].1.contains("neighbours of king"));
    let refused = play("king<enter>W<ctrl-u>words.png<enter>");
    refused.shows("must end in .svg, .ansi or .txt");
    assert!(refused.notes.saved.is_empty());
}

#[test]
fn another_file_can_be_opened_from_within() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.txt");
    std::fs::write(&path, "king 1.0 0.5\nqueen 0.9 0.6\nman 0.1 0.7\n").unwrap();
    let played = play(&format!("<esc>O<paste:{}><enter>/king<enter>", path.display()));
    played.shows("tiny");
    assert_eq!(played.app.words().answer.clone().unwrap().neighbours[0].word, "queen");
    let back = play(&format!("<esc>O<paste:{}><enter>O<ctrl-u><enter>", path.display()));
    back.shows("30,000 x 100");
}
