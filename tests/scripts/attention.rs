//! The screen Attention: what a person does there, with every number compared to the engine's own.

use lexiscope::analysis::heads::{HeadKind, all_heads};
use lexiscope::analysis::maps::View;
use lexiscope::analysis::norms::norm_weighted;
use lexiscope::analysis::positions::shuffled;
use lexiscope::analysis::rollout::{mean_over_heads, rollout};
use lexiscope::analysis::{HeadPlace, Stack, cell, ranking};
use lexiscope::jobs::Job;
use lexiscope::model::forward::{Input, PassOptions, forward};
use lexiscope::model::interventions::{HeadChange, Interventions, PositionChange};
use lexiscope::model::network::FIRST;
use lexiscope::model::tokenizer::Tokens;
use lexiscope::model::{Model, Trace, open};
use lexiscope::progress::Progress;
use lexiscope::screens::attention::pass::Inspection;
use lexiscope::screens::attention::work::RunPass;
use lexiscope::screens::attention::{CellStep, FIRST_TEXT, Focus, MapScale, Panel, Zoom};
use ndarray::{Array2, ArrayView2};

use crate::look::Look;
use crate::{Played, Start};

/// On the shipped model, from its first pass on.
pub(crate) fn look(script: &str) -> Played {
    Start::on_model(None).play(&format!("<alt-3>{script}"))
}

/// What the engine says, asked directly.
pub(crate) fn ask(model: &Model, text: &str, interventions: Interventions) -> (Tokens, Trace) {
    let tokens = model.tokenizer().unwrap().encode(text).unwrap();
    let options = PassOptions { interventions, ..PassOptions::default() };
    let trace = forward(&model.network, &Input::Tokens(&tokens.ids), &options, &Progress::unobserved());
    (tokens, trace.unwrap())
}

fn ask_shipped(text: &str) -> (Tokens, Trace) {
    ask(&open::shipped().unwrap(), text, Interventions::default())
}

/// The same numbers, but for the order of parallel sums.
#[track_caller]
pub(crate) fn same(found: ArrayView2<'_, f32>, expected: ArrayView2<'_, f32>) {
    assert_eq!(found.dim(), expected.dim());
    for (place, expected) in expected.indexed_iter() {
        close(found[place], *expected);
    }
}

#[track_caller]
pub(crate) fn close(found: f32, expected: f32) {
    let equal = found == expected || (found - expected).abs() <= 1e-5 * expected.abs().max(1.0);
    assert!(equal, "{found} is not {expected}");
}

impl Played {
    /// The map of the selected head.
    pub(crate) fn map(&self) -> Array2<f32> {
        let state = self.app.attention();
        state.map(state.chosen.layer, state.chosen.head).expect("a map").into_owned()
    }

    pub(crate) fn cursor(&self) -> [usize; 4] {
        let state = self.app.attention();
        [state.chosen.layer, state.chosen.head, state.chosen.query, state.chosen.key]
    }
}

#[test]
fn at_first_it_looks_back_at_the_cat() {
    let played = look("");
    let (tokens, trace) = ask_shipped(FIRST_TEXT);
    let place = |piece: &str| tokens.pieces.iter().position(|found| found == piece).unwrap();
    let (it, cat) = (place("it"), place("cat"));
    assert_eq!(played.cursor(), [5, 11, it, cat]);
    let attention = &trace.attention(FIRST, 5).expect("kept");
    let at = [11, it, cat];
    let product = attention.products_of(11, it).unwrap()[cat];
    let score = attention.scores.as_ref().unwrap()[at];
    played.shows("layer 5 of 0-5  head 11 of 0-11");
    played.shows(&format!("it -> cat  {:.4}  q·k {product:.2}  scaled {score:.3}", attention.weights[at]));
    same(played.map().view(), attention.weights.index_axis(ndarray::Axis(0), 11));
}

#[test]
fn every_keystroke_runs_the_model() {
    let typing = look("e<ctrl-u>dogs bark");
    assert_eq!(typing.app.attention().chosen.focus, Focus::Input);
    typing.shows("> dogs bark");
    typing.shows("4 tokens");
    typing.shows("[CLS]|dogs|bark|[SEP]|");
    let looking = look("e<ctrl-u>dogs bark<enter>");
    assert_eq!(looking.app.attention().chosen.focus, Focus::Maps);
    assert_eq!(looking.app.attention().before.as_ref().unwrap().text, "dogs bark");
    let (_, trace) = ask_shipped("dogs bark");
    same(looking.map().view(), trace.weights(FIRST, 5).expect("kept").index_axis(ndarray::Axis(0), 11));
}

#[test]
fn layers_heads_and_tokens_are_steps_apart() {
    let played = look("kkhh<up><left><left>");
    let start = look("").cursor();
    assert_eq!(played.cursor(), [3, 9, start[2] - 1, start[3] - 2]);
    let [layer, head, query, key] = played.cursor();
    let (tokens, trace) = ask_shipped(FIRST_TEXT);
    played.shows("layer 3 of 0-5  head 9 of 0-11");
    let weight = trace.weights(FIRST, layer).expect("kept")[[head, query, key]];
    played.shows(&format!("{} -> {}  {weight:.4}", tokens.pieces[query], tokens.pieces[key]));
    // The ends hold.
    let ends =
        look("jjjlllG<page-down><right><right><right><right><right><right><right><right><right><right>");
    assert_eq!(ends.cursor(), [5, 11, 11, 11]);
    assert_eq!(look("kkkkkkkkhhhhhhhhhhhhhh<home><page-up><left><left><left>").cursor(), [0, 0, 0, 0]);
}

#[test]
fn arcs_stand_over_the_text() {
    let played = look("");
    let (_, trace) = ask_shipped(FIRST_TEXT);
    let [layer, head, query, key] = played.cursor();
    let weight = trace.weights(FIRST, layer).expect("kept")[[head, query, key]];
    played.shows("[CLS] the cat sat on the mat because it was tired [SEP]");
    let arc = format!("{weight:.2}").replacen("0.", "━.", 1);
    assert!(played.screen.lines().any(|line| line.contains('╭') && line.contains(&arc)), "{}", played.screen);
}

#[test]
fn rows_columns_and_labels_are_told() {
    let played = look("");
    let (tokens, trace) = ask_shipped(FIRST_TEXT);
    let figures = all_heads(&open::shipped().unwrap().network, &trace, &tokens);
    let [layer, head, query, _] = played.cursor();
    let shown = figures.iter().find(|one| one.place == HeadPlace::new(layer, head)).unwrap();
    assert_eq!(shown.label.kind, HeadKind::OneToken(2));
    played.shows(&format!("mostly cat {}", format!("{:.2}", shown.label.score).replacen("0.", ".", 1)));
    let row = trace.weights(FIRST, layer).expect("kept").slice(ndarray::s![head, query, ..]).to_vec();
    let mut order: Vec<usize> = (0..row.len()).collect();
    order.sort_by(|&one, &other| row[other].total_cmp(&row[one]));
    let number = |index: usize| format!("{:.3}", row[index]).replacen("0.", ".", 1);
    let first: Vec<String> =
        order[..3].iter().map(|&index| format!("{} {}", tokens.pieces[index], number(index))).collect();
    played.shows(&format!("it looks at  {}", first.join("  ")));
}

#[test]
fn n_goes_to_the_most_telling_heads() {
    let (tokens, trace) = ask_shipped(FIRST_TEXT);
    let ranked = ranking::by_sharpness(&all_heads(&open::shipped().unwrap().network, &trace, &tokens));
    let here = ranked.iter().position(|place| *place == HeadPlace::new(5, 11)).unwrap();
    for (script, steps) in [("n", 1), ("nnn", 3), ("p", ranked.len() - 1)] {
        let played = look(script);
        let place = ranked[(here + steps) % ranked.len()];
        assert_eq!(played.app.attention().place(), place, "{script}");
        let figures = played.app.attention().figures_of(place.layer, place.head).unwrap();
        let number = format!("{:.2}", figures.label.score).replacen("0.", ".", 1);
        assert!(!figures.is_sink, "{place:?}");
        played.shows(&format!("{} {number}", figures.label.kind.title()));
    }
}

#[test]
fn one_number_is_made_step_by_step() {
    let (_, trace) = ask_shipped(FIRST_TEXT);
    let model = open::shipped().unwrap();
    let played = look("<enter>");
    assert_eq!(
        (played.app.attention().chosen.zoom, played.app.attention().chosen.step),
        (Zoom::Cell, CellStep::QueryKey)
    );
    let steps = played.app.attention().cell.clone().unwrap();
    let [layer, head, query, key] = played.cursor();
    let attention = &trace.attention(FIRST, layer).expect("kept");
    let row = |stage: &Option<ndarray::Array3<f32>>, index: usize| -> Vec<f32> {
        stage.as_ref().unwrap().slice(ndarray::s![head, index, ..]).to_vec()
    };
    let (q, k, v) = (row(&attention.query, query), row(&attention.key, key), row(&attention.value, key));
    let dot: f32 = q.iter().zip(&k).map(|(q, k)| q * k).sum();
    close(steps.dot, dot);
    close(steps.products.iter().map(|(_, product)| product).sum(), dot);
    close(steps.scale, 1.0 / (q.len() as f32).sqrt());
    close(steps.scaled, dot * steps.scale);
    close(steps.score, steps.scaled + steps.position_bias);
    close((f64::from(steps.exponential) / steps.sum) as f32, attention.weights[[head, query, key]]);
    for (weighted, value) in steps.weighted_value.iter().zip(&v) {
        close(*weighted, steps.weight * value);
    }
    // All weighted values of the row are the head's output.
    let mut output = vec![0.0; v.len()];
    for to in 0..12 {
        let part = cell::explain(&model.network, &trace, steps.place, query, to).unwrap();
        output.iter_mut().zip(&part.weighted_value).for_each(|(sum, part)| *sum += part);
    }
    output.iter().zip(&steps.head_output).for_each(|(sum, whole)| close(*sum, *whole));
    let told = [
        format!("two vectors of {} numbers", q.len()),
        format!("... = {:.4}", steps.dot),
        format!("{:.4} x {:.4} = {:.4}", steps.dot, steps.scale, steps.scaled),
        format!("not masked, nothing added: {:.4}", steps.score),
        format!("exp({:.3} - {:.3}) / {:.4}", steps.score, steps.row_maximum, steps.sum),
        format!("{:.4} x value of length", steps.weight),
    ];
    for (index, text) in told.iter().enumerate() {
        let played = look(&format!("<enter>{}", " ".repeat(index)));
        assert_eq!(played.app.attention().chosen.step, CellStep::ALL[index]);
        played.shows(&format!("step {} of 6", index + 1));
        told[..=index].iter().for_each(|earlier| played.shows(earlier));
        told[index + 1..].iter().for_each(|later| played.shows_not(later));
        assert!(!text.is_empty());
    }
}

#[test]
fn steps_go_back_and_the_cell_follows_the_cursor() {
    let played = look("   <backspace>");
    assert_eq!(played.app.attention().chosen.step, CellStep::Products);
    let out = look(" <backspace>");
    assert_eq!(out.app.attention().chosen.zoom, Zoom::Head);
    let moved = look("  <down><right>j");
    let steps = moved.app.attention().cell.clone().unwrap();
    let [layer, head, query, key] = moved.cursor();
    assert_eq!((steps.place, steps.from, steps.to), (HeadPlace::new(layer, head), query, key));
}

#[test]
fn a_panel_is_shown_below_one_head_from_any_distance() {
    for script in ["<esc><tab><tab>", "<enter><tab><tab>"] {
        let played = look(script);
        assert_eq!(played.app.attention().chosen.zoom, Zoom::Head);
        played.shows("singular values");
        played.shows("head 5.11, whatever the text");
    }
}

#[test]
fn the_wall_shows_all_heads_and_arrows_go_from_head_to_head() {
    let played = look("<esc><up><left><left>");
    assert_eq!(played.app.attention().chosen.zoom, Zoom::Wall);
    assert_eq!((played.app.attention().chosen.layer, played.app.attention().chosen.head), (4, 9));
    let inside = look("<esc><up><left><left><enter>");
    assert_eq!(inside.app.attention().chosen.zoom, Zoom::Head);
    inside.shows("layer 4 of 0-5  head 9 of 0-11");
    // Esc at the wall goes nowhere further, and keeps the program.
    assert_eq!(look("<esc><esc><esc>").app.attention().chosen.zoom, Zoom::Wall);
}

#[test]
fn views_show_the_numbers_of_the_analyses() {
    let (_, trace) = ask_shipped(FIRST_TEXT);
    let model = open::shipped().unwrap();
    let place = HeadPlace::new(5, 11);
    let expected = [
        (
            View::Scores,
            trace
                .attention(FIRST, 5)
                .expect("kept")
                .scores
                .as_ref()
                .unwrap()
                .index_axis(ndarray::Axis(0), 11)
                .to_owned(),
        ),
        (View::Norm, norm_weighted(&model.network, &trace, place).unwrap()),
        (View::Mean, mean_over_heads(&trace, Stack::Text, 5).unwrap()),
        (View::Rollout, rollout(&trace, 5, true).unwrap()),
    ];
    for (index, (view, map)) in expected.iter().enumerate() {
        let played = look(&"v".repeat(index + 1));
        assert_eq!(
            played.app.attention().chosen.view,
            *view,
            "nothing is changed, so there is no difference to show"
        );
        same(played.map().view(), map.view());
        let [_, _, query, key] = played.cursor();
        played.shows(&format!("it -> cat  {:.4}", map[[query, key]]));
        played.shows(&format!("{} | square root", view.title()));
        if view.is_per_layer() {
            map.rows().into_iter().for_each(|row| close(row.sum(), 1.0));
        }
    }
    assert_eq!(look("vvvvv").app.attention().chosen.view, View::Weights);
    // A derived view follows the layer and the text.
    let (_, other) = ask_shipped("dogs bark");
    let moved = look("vvvke<ctrl-u><paste:dogs bark>");
    same(moved.map().view(), mean_over_heads(&other, Stack::Text, 4).unwrap().view());
}

#[test]
fn scales_take_turns() {
    for (script, scale, title) in [
        ("s", MapScale::Linear, "linear"),
        ("ss", MapScale::Row, "by row"),
        ("sss", MapScale::SquareRoot, "square root"),
    ] {
        let played = look(script);
        assert_eq!(played.app.attention().chosen.scale, scale);
        played.shows(title);
    }
}

#[test]
fn a_model_without_a_head_says_that_it_predicts_nothing() {
    let played = look("<tab>");
    assert_eq!(played.app.attention().chosen.panel, Panel::Lens);
    played.shows("predictions by layer");
    played.shows("this checkpoint has no output matrix, so it predicts nothing");
    // The panels after it work, and the message does not stay.
    let spectra = look("<tab><tab>");
    assert!(matches!(spectra.app.attention().inspection, Some(Inspection::Spectrum(..))));
    spectra.shows_not("no output matrix");
    let importance = look("e<ctrl-u><paste:dogs bark><enter><tab><tab><tab>");
    let Some(Inspection::Importance(found)) = &importance.app.attention().inspection else {
        panic!("{:?}", importance.app.attention().inspection)
    };
    assert_eq!(found.changes.dim(), (6, 12));
    let (layer, head, change) = found.ranked()[0];
    importance.shows(&format!("{:>5} {change:>+9.5}", format!("{layer}.{head}")));
    assert_eq!(look("<tab><tab><tab><tab>").app.attention().chosen.panel, Panel::Row);
}

/// Both passes of a head switched off, as the engine has them.
fn changed(text: &str, interventions: Interventions) -> (Trace, Trace) {
    let model = open::shipped().unwrap();
    (ask(&model, text, Interventions::default()).1, ask(&model, text, interventions).1)
}

pub(crate) fn heads(changes: impl IntoIterator<Item = ((usize, usize), HeadChange)>) -> Interventions {
    let place = |((layer, head), change)| (HeadPlace::new(layer, head), change);
    Interventions { heads: changes.into_iter().map(place).collect(), ..Interventions::default() }
}

#[test]
fn a_head_switched_off_shows_before_and_after() {
    // A head of the first layer, seen from the layer above it.
    let (before, after) = changed(FIRST_TEXT, heads([((0, 11), HeadChange::Zero)]));
    let played = look("kkkkkxj");
    let [layer, head, query, key] = played.cursor();
    let (old, new) = (
        before.weights(FIRST, layer).expect("kept")[[head, query, key]],
        after.weights(FIRST, layer).expect("kept")[[head, query, key]],
    );
    played.shows("after: head 0.11 off");
    played.shows(&format!("before {old:.4}  after {new:.4}  change {:+.4}", new - old));
    same(played.map().view(), after.weights(FIRST, 1).expect("kept").index_axis(ndarray::Axis(0), 11));
    let back = look("kkkkkxjb");
    back.shows("as it was, without: head 0.11 off");
    same(back.map().view(), before.weights(FIRST, 1).expect("kept").index_axis(ndarray::Axis(0), 11));
    let difference = look("kkkkkxjvv");
    assert_eq!(difference.app.attention().chosen.view, View::Difference);
    close(difference.map()[[query, key]], new - old);
    let restored = look("kkkkkxjvvr");
    assert!(restored.app.attention().after.is_none());
    assert_eq!(restored.app.attention().chosen.view, View::Weights, "there is no difference any more");
    same(restored.map().view(), before.weights(FIRST, 1).expect("kept").index_axis(ndarray::Axis(0), 11));
    assert!(look("xx").app.attention().chosen.interventions.is_empty());
}

#[test]
fn maps_of_a_derived_view_belong_to_the_pass_that_is_shown() {
    let (before, after) = changed(FIRST_TEXT, heads([((0, 11), HeadChange::Zero)]));
    let mean = |trace: &Trace| mean_over_heads(trace, Stack::Text, 5).unwrap();
    // Weights, scores, difference, norm, mean.
    let script = "kkkkkxjjjjjvvvv";
    same(look(script).map().view(), mean(&after).view());
    same(look(&format!("{script}b")).map().view(), mean(&before).view());
    same(look(&format!("{script}bb")).map().view(), mean(&after).view());
    same(look(&format!("{script}r")).map().view(), mean(&before).view());
}

#[test]
fn every_change_is_the_engines_own() {
    let others = || (0..11).map(|head| ((5, head), HeadChange::Zero));
    let hidden = Interventions { hidden_tokens: [2].into(), ..Interventions::default() };
    let positions = |positions| Interventions { positions, ..Interventions::default() };
    let cases = [
        ("o", heads(others()), "head 5.0 off, head 5.1 off, head 5.2 off, and 8 heads more"),
        ("m", hidden, "\"cat\" hidden"),
        ("P", positions(PositionChange::Permute(shuffled(12))), "positions shuffled"),
        ("PP", positions(PositionChange::Remove), "positions removed"),
        ("X", heads([((5, 11), HeadChange::Zero)]), "head 5.11 off"),
        ("XX", heads([((5, 11), HeadChange::Mean)]), "head 5.11 its mean"),
        ("XXX", heads([((5, 11), HeadChange::Uniform)]), "head 5.11 uniform"),
    ];
    for (script, interventions, told) in cases {
        let played = look(script);
        assert_eq!(played.app.attention().chosen.interventions, interventions, "{script}");
        played.shows(&format!("after: {told}"));
        let (_, after) = changed(FIRST_TEXT, interventions);
        same(played.map().view(), after.weights(FIRST, 5).expect("kept").index_axis(ndarray::Axis(0), 11));
        let shown = &played.app.attention().after.as_ref().unwrap().trace;
        same(shown.hidden_states()[6].view(), after.hidden_states()[6].view());
    }
    for undone in ["oo", "mm", "PPP", "XXXX", "xmPr"] {
        let played = look(undone);
        assert!(played.app.attention().chosen.interventions.is_empty(), "{undone}");
        assert!(played.app.attention().after.is_none(), "{undone}");
    }
    assert_eq!(look("r").status(), "restore: nothing is changed");
}

#[test]
fn what_a_change_does_to_the_whole_is_told() {
    let last = look("x");
    last.shows("no map changes, only the output");
    let difference = last.app.attention().difference.clone().unwrap();
    let cosine = difference.sentence_cosine.unwrap();
    assert!((0.5..0.9999).contains(&cosine), "{cosine}");
    last.shows(&format!("sentence vector cosine {cosine:.4}"));
    let earlier = look("kx");
    let difference = earlier.app.attention().difference.clone().unwrap();
    let most = difference.heads.iter().max_by(|one, other| one.largest.total_cmp(&other.largest)).unwrap();
    assert_eq!(most.place.layer, 5, "the heads of layer 4 are not changed by one of them");
    earlier.shows(&format!("most changed: head 5.{} by {:.4}", most.place.head, most.largest));
}

#[test]
fn the_last_step_knows_of_a_head_that_is_off() {
    look("<enter><enter><enter><enter><enter><enter>").shows("are the head's output");
    look("x<enter><enter><enter><enter><enter><enter>").shows("you switched it off");
}

#[test]
fn a_hidden_token_is_masked_in_the_making_of_its_weight() {
    let played = look("m    ");
    let steps = played.app.attention().cell.clone().unwrap();
    assert_eq!((steps.mask, steps.weight), (Some(cell::Mask::Hidden), 0.0));
    played.shows("masked: you hid this token");
    look("m").shows("it -> cat  masked");
}

#[test]
fn another_text_keeps_heads_off_but_not_tokens_hidden() {
    let played = look("xmPe<ctrl-u><paste:dogs bark>");
    let interventions = &played.app.attention().chosen.interventions;
    assert_eq!(*interventions, heads([((5, 11), HeadChange::Zero)]));
    let after = played.app.attention().after.as_ref().unwrap();
    assert_eq!((after.text.as_str(), &after.interventions), ("dogs bark", interventions));
}

#[test]
fn a_shorter_text_takes_the_cursor_along() {
    let played = look("G<right><right><right><right><right><right><right><right><right>e<ctrl-u>a<enter>");
    assert_eq!(played.cursor(), [5, 11, 2, 2]);
    let (_, trace) = ask_shipped("a");
    played.shows(&format!("[SEP] -> [SEP]  {:.4}", trace.weights(FIRST, 5).expect("kept")[[11, 2, 2]]));
}

/// A text whose pass takes long.
fn long_text(words: usize) -> String {
    vec!["word"; words].join(" ")
}

#[test]
fn esc_stops_a_pass_and_enter_runs_it_again() {
    let typed = format!("e<ctrl-u>{{<paste:{}><esc>}}", long_text(400));
    let stopped = look(&typed);
    let state = stopped.app.attention();
    assert_eq!(stopped.status(), "the pass was cancelled");
    assert!(!stopped.app.frame.is_running(RunPass::SLOT) && state.is_outdated(&stopped.app.frame));
    assert_eq!(state.chosen.focus, Focus::Input, "Esc stops what runs first and leaves the line next");
    assert_eq!(state.before.as_ref().unwrap().text, FIRST_TEXT);
    stopped.shows("the pass was cancelled");
    let again = look(&format!("{typed}<enter>"));
    assert_eq!(again.app.attention().before.as_ref().unwrap().tokens.len(), 402);
    assert!(again.app.attention().problem.is_none());
}

#[test]
fn esc_stops_a_change_and_keeps_what_is_shown() {
    let text = format!("e<ctrl-u><paste:{}><enter>", long_text(200));
    let stopped = look(&format!("{text}{{x<esc>}}"));
    assert_eq!(stopped.status(), "the change was cancelled");
    assert!(
        stopped.app.attention().chosen.interventions.is_empty() && stopped.app.attention().after.is_none()
    );
    let second = look(&format!("{text}x{{kX<esc>}}"));
    assert_eq!(second.app.attention().chosen.interventions, heads([((5, 11), HeadChange::Zero)]));
    second.shows("after: head 5.11 off");
}

#[test]
fn keys_typed_faster_than_answers_come_end_at_the_last() {
    let played = look("e<ctrl-u>{dogs bark at cats<enter>kkhh<up>xvvvv}");
    let before = played.app.attention().before.as_ref().unwrap();
    assert_eq!(before.text, "dogs bark at cats");
    let state = played.app.attention();
    let steps = state.cell.clone().unwrap();
    assert_eq!((steps.place, steps.from, steps.to), (state.place(), state.chosen.query, state.chosen.key));
    let (_, after) = changed("dogs bark at cats", state.chosen.interventions.clone());
    assert_eq!(state.chosen.view, View::Mean);
    same(played.map().view(), mean_over_heads(&after, Stack::Text, state.chosen.layer).unwrap().view());
}

#[test]
fn a_text_that_is_too_long_says_how_long_it_may_be() {
    let typed = format!("e<ctrl-u><paste:{}>", long_text(600));
    let played = look(&typed);
    played.shows("the text has 602 tokens, but this model has positions for 512; shorten it");
    assert_eq!(played.app.attention().before.as_ref().unwrap().text, FIRST_TEXT);
    let short = look(&format!("{typed}<ctrl-u>short<enter>"));
    assert!(short.app.attention().problem.is_none());
    assert_eq!(short.app.attention().before.as_ref().unwrap().text, "short");
}

#[test]
fn an_empty_text_runs_nothing_and_asks_for_a_sentence() {
    let played = look("e<ctrl-u><enter>");
    played.shows("a sentence to look into");
    assert!(played.app.attention().is_outdated(&played.app.frame), "the maps are of another text");
    // Everything still works on what is shown.
    let after = look("e<ctrl-u><enter>kx<enter>");
    assert_eq!(after.app.attention().chosen.zoom, Zoom::Cell);
    assert!(look("e<ctrl-u><paste:  ><enter>").app.attention().problem.is_none());
}

#[test]
fn any_writing_can_be_pasted() {
    let cases = [
        ("two\nlines\tand a tab", "two lines and a tab"),
        ("日本語 の 文", "日本語 の 文"),
        ("مرحبا بالعالم", "مرحبا بالعالم"),
        ("e\u{301}t\u{e9} 👩‍👩‍👧 \u{200b}x", "e\u{301}t\u{e9} 👩‍👩‍👧 \u{200b}x"),
        ("\u{1b}[31mred\u{7}", "[31mred"),
    ];
    for (pasted, text) in cases {
        let played = look(&format!("e<ctrl-u><paste:{pasted}><enter><home><down><enter>"));
        assert_eq!(played.app.attention().before.as_ref().unwrap().text, text);
        assert!(!played.screen.chars().any(|c| c.is_control() && c != '\n'), "{}", played.screen);
        let (tokens, trace) = ask_shipped(text);
        let [layer, head, query, key] = played.cursor();
        assert_eq!(played.app.attention().before.as_ref().unwrap().tokens.pieces, tokens.pieces);
        let weight = played.app.attention().cell.clone().unwrap().weight;
        close(weight, trace.weights(FIRST, layer).expect("kept")[[head, query, key]]);
    }
}

#[test]
fn a_cell_and_a_map_can_be_copied() {
    let played = look("yY");
    let (tokens, trace) = ask_shipped(FIRST_TEXT);
    let [layer, head, query, key] = played.cursor();
    let weight = trace.weights(FIRST, layer).expect("kept")[[head, query, key]];
    assert_eq!(played.notes.copied[0], format!("it -> cat  {weight:.4}"));
    let mut lines = played.notes.copied[1].lines();
    assert_eq!(lines.next().unwrap().trim_start_matches('\t'), tokens.pieces.join("\t"));
    let row: Vec<&str> = lines.nth(query).unwrap().split('\t').collect();
    close(row[key + 1].parse().unwrap(), weight);
}
