//! Keys, clicks and results in, state and effects out.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde_json::json;

use super::pass::{Derived, Inspection, Pass};
use super::state::{Attention, FIRST_TEXT, Panel, Zoom};
use super::work::{
    Derive, ExplainCell, Figures, Inspect, MeasureImportance, RunChanged, RunPass, SLOTS, Tokenise,
};
use crate::analysis::cell;
use crate::analysis::difference::{Difference, difference};
use crate::analysis::importance::{Importance, Measure};
use crate::analysis::maps::View;
use crate::analysis::thumbnails::{SmallMaps, Thumbnails};
use crate::analysis::{HeadPlace, Stack};
use crate::app::{App, Effect, OpenModel, OpenVectors, Opened, Screen};
use crate::jobs::{Failure, Job, Pool, Slot};
use crate::model::forward::{Input, PassOptions, forward};
use crate::model::interventions::{HeadChange, Interventions, PositionChange};
use crate::model::trace::Keep;
use crate::model::{Model, open};
use crate::progress::Progress;
use crate::screens::testing::{app, finish, generation, key, paste, ready};

pub(super) fn model() -> Arc<Model> {
    static MODEL: OnceLock<Arc<Model>> = OnceLock::new();
    Arc::clone(MODEL.get_or_init(|| Arc::new(open::shipped().unwrap())))
}

fn pass(text: &str, keep: Keep, interventions: Interventions) -> Arc<Pass> {
    let model = model();
    let tokens = model.tokenizer().unwrap().encode(text).unwrap();
    let options = PassOptions { keep, interventions: interventions.clone(), ..PassOptions::default() };
    let trace = forward(&model.network, &Input::Tokens(&tokens.ids), &options, &Progress::default()).unwrap();
    Arc::new(Pass {
        text: text.into(),
        image: None,
        tokens: Arc::new(tokens),
        decoder_tokens: None,
        thumbnails: Thumbnails::of(&trace),
        trace: Arc::new(trace),
        keep,
        interventions,
        bytes: 0,
        elapsed: Duration::ZERO,
    })
}

fn ran(text: &str) -> Result<Arc<Pass>, Failure> {
    Ok(pass(text, Keep::Everything, Interventions::default()))
}

/// The first text with a change.
fn changed(interventions: Interventions) -> (Arc<Pass>, Arc<Difference>) {
    let before = pass(FIRST_TEXT, Keep::Everything, Interventions::default());
    let after = pass(FIRST_TEXT, Keep::Everything, interventions);
    let difference = difference(&before.trace, &after.trace).unwrap();
    (after, Arc::new(difference))
}

pub(super) fn state(app: &App) -> &Attention {
    app.screen()
}

fn text_of(app: &App) -> &str {
    state(app).before.as_ref().map_or("", |pass| &pass.text)
}

fn message(app: &App) -> &str {
    app.frame.status.as_ref().map_or("", |status| &status.text)
}

/// Several keys, a space between two.
pub(super) fn keys(app: &mut App, texts: &str) {
    texts.split(' ').for_each(|text| drop(key(app, text)));
}

fn starts(effects: &[Effect], slot: Slot) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::Start(task) if task.slot == slot))
}

fn cancels(effects: &[Effect], slot: Slot) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::Cancel(cancelled) if *cancelled == slot))
}

/// On the screen, the model open; what it led to is left to the test.
fn opened(app: &mut App) -> Vec<Effect> {
    let opened = generation::<OpenModel>(&key(app, "alt-3"));
    finish::<OpenModel>(app, opened, Ok(model()))
}

/// On the screen, with the first pass there; what it led to is left to the test.
pub(super) fn looking() -> (App, Vec<Effect>) {
    let mut app = ready();
    let first = generation::<RunPass>(&opened(&mut app));
    let effects = finish::<RunPass>(&mut app, first, ran(FIRST_TEXT));
    assert_eq!(text_of(&app), FIRST_TEXT);
    (app, effects)
}

/// Takes another text in place of the present one, and goes back to the maps.
fn retype(app: &mut App, text: &str) -> Vec<Effect> {
    keys(app, "e ctrl-u");
    let effects = paste(app, text);
    assert!(key(app, "enter").is_empty(), "the pass runs already");
    effects
}

#[test]
fn the_model_is_opened_by_the_first_screen_that_needs_it() {
    let mut app = ready();
    let opened = generation::<OpenModel>(&key(&mut app, "alt-3"));
    // Words typed meanwhile go to the line, and are asked about once.
    key(&mut app, "e");
    assert!(paste(&mut app, " again").is_empty());
    let effects = finish::<OpenModel>(&mut app, opened, Ok(model()));
    let asked = |slot| effects.iter().filter(|effect| starts(std::slice::from_ref(effect), slot)).count();
    assert_eq!((asked(Tokenise::SLOT), asked(RunPass::SLOT)), (1, 1));
    assert_eq!(state(&app).chosen.input.text(), format!("{FIRST_TEXT} again"));
    assert!(key(&mut app, "alt-3").is_empty(), "it is open already");
}

#[test]
fn the_first_pass_runs_although_another_screen_is_in_front() {
    let mut app = ready();
    let opened = generation::<OpenModel>(&key(&mut app, "alt-4"));
    generation::<RunPass>(&finish::<OpenModel>(&mut app, opened, Ok(model())));
}

#[test]
fn an_overtaken_pass_changes_nothing() {
    let (mut app, _) = looking();
    key(&mut app, "e");
    let early = generation::<RunPass>(&key(&mut app, "x"));
    let late = generation::<RunPass>(&key(&mut app, "y"));
    app.frame.changed = false;
    finish::<RunPass>(&mut app, early, ran("early"));
    assert!(text_of(&app) == FIRST_TEXT && !app.frame.changed);
    finish::<RunPass>(&mut app, late, ran("late"));
    assert_eq!(text_of(&app), "late");
}

#[test]
fn a_shorter_text_takes_the_cursor_along() {
    let (mut app, _) = looking();
    let chosen = &mut app.screen_mut::<Attention>().chosen;
    (chosen.query, chosen.key) = (11, 10);
    let again = generation::<RunPass>(&retype(&mut app, "a"));
    let effects = finish::<RunPass>(&mut app, again, ran("a"));
    assert_eq!((state(&app).chosen.query, state(&app).chosen.key), (2, 2));
    generation::<ExplainCell>(&effects);
}

#[test]
fn a_cell_of_an_earlier_text_is_not_shown() {
    let (mut app, effects) = looking();
    let old = generation::<ExplainCell>(&effects);
    let again = generation::<RunPass>(&retype(&mut app, "a"));
    finish::<RunPass>(&mut app, again, Ok(pass("a", Keep::Weights, Interventions::default())));
    let first = pass(FIRST_TEXT, Keep::Everything, Interventions::default());
    let steps = cell::explain(&model().network, &first.trace, state(&app).place(), 9, 2).unwrap();
    finish::<ExplainCell>(&mut app, old, Ok(steps));
    assert!(state(&app).cell.is_none(), "only the weights of the new text were kept");
    key(&mut app, "space");
    assert!(message(&app).contains("only its weights are kept"), "{}", message(&app));
}

#[test]
fn maps_of_an_earlier_text_are_not_shown() {
    let (mut app, _) = looking();
    keys(&mut app, "v v v");
    let rollout = generation::<Derive>(&key(&mut app, "v"));
    key(&mut app, "v");
    assert_eq!(state(&app).chosen.view, View::Weights);
    let again = generation::<RunPass>(&retype(&mut app, "a"));
    finish::<RunPass>(&mut app, again, ran("a"));
    finish::<Derive>(&mut app, rollout, Ok(self::derived(View::Rollout)));
    assert!(state(&app).derived.is_none());
}

fn importance() -> Result<Importance, Failure> {
    let changes = ndarray::Array2::zeros((6, 12));
    Ok(Importance { stack: Stack::Text, measure: Measure::SentenceVector, baseline: 1.0, changes })
}

#[test]
fn a_panel_is_worked_out_anew_for_another_text() {
    let (mut app, _) = looking();
    keys(&mut app, "tab tab");
    let old = generation::<MeasureImportance>(&key(&mut app, "tab"));
    key(&mut app, "down");
    assert!(app.frame.is_running(MeasureImportance::SLOT), "importance goes on while the cursor moves");
    key(&mut app, "e");
    let again = generation::<RunPass>(&key(&mut app, "x"));
    let effects = finish::<RunPass>(&mut app, again, ran("a"));
    let new = generation::<MeasureImportance>(&effects);
    finish::<MeasureImportance>(&mut app, old, importance());
    assert!(state(&app).inspection.is_none());
    finish::<MeasureImportance>(&mut app, new, importance());
    assert!(state(&app).inspection.is_some());
}

#[test]
fn importance_keeps_no_key_waiting_and_stops_with_its_panel() {
    assert_eq!(MeasureImportance::SLOT.pool, Pool::Background);
    let (mut app, _) = looking();
    keys(&mut app, "tab tab");
    let effects = key(&mut app, "tab");
    assert!(starts(&effects, MeasureImportance::SLOT) && cancels(&effects, Inspect::SLOT), "{effects:?}");
    let effects = key(&mut app, "tab");
    assert_eq!(state(&app).chosen.panel, Panel::Row);
    assert!(cancels(&effects, MeasureImportance::SLOT), "{effects:?}");
}

#[test]
fn esc_stops_the_work_for_the_panel() {
    let (mut app, _) = looking();
    keys(&mut app, "tab tab tab");
    let effects = key(&mut app, "esc");
    assert!(cancels(&effects, MeasureImportance::SLOT), "{effects:?}");
    assert_eq!((state(&app).chosen.panel, state(&app).chosen.zoom), (Panel::Row, Zoom::Head));
}

#[test]
fn a_panel_says_why_it_is_empty_until_the_next() {
    let (mut app, _) = looking();
    let lens = generation::<Inspect>(&key(&mut app, "tab"));
    finish::<Inspect>(&mut app, lens, Err(Failure::Refused("it predicts nothing".into())));
    assert_eq!(state(&app).panel_problem.as_deref(), Some("it predicts nothing"));
    generation::<Inspect>(&key(&mut app, "tab"));
    assert!(state(&app).panel_problem.is_none());
}

#[test]
fn the_singular_values_of_a_head_that_was_left_are_not_shown() {
    let (mut app, _) = looking();
    key(&mut app, "tab");
    let here = generation::<Inspect>(&key(&mut app, "tab"));
    let spectrum =
        || crate::analysis::spectra::HeadSpectrum { query_key: vec![1.0], output_value: vec![1.0] };
    let place = state(&app).place();
    finish::<Inspect>(&mut app, here, Ok(Inspection::Spectrum(place, spectrum())));
    let away = generation::<Inspect>(&key(&mut app, "k"));
    let left = state(&app).place();
    key(&mut app, "j");
    finish::<Inspect>(&mut app, away, Ok(Inspection::Spectrum(left, spectrum())));
    assert!(matches!(&state(&app).inspection, Some(Inspection::Spectrum(of, _)) if *of == place));
}

fn off() -> Interventions {
    Interventions { heads: [(HeadPlace::new(5, 11), HeadChange::Zero)].into(), ..Interventions::default() }
}

#[test]
fn a_change_that_fails_leaves_no_marks() {
    for failure in [Failure::Refused("no".into()), Failure::Panicked("index out of bounds".into())] {
        let (mut app, _) = looking();
        let changed = generation::<RunChanged>(&key(&mut app, "x"));
        assert_eq!(state(&app).chosen.interventions, off());
        finish::<RunChanged>(&mut app, changed, Err(failure.clone()));
        assert!(state(&app).chosen.interventions.is_empty());
        assert_eq!(message(&app), failure.to_string());
    }
}

#[test]
fn a_change_that_fails_keeps_the_one_that_is_shown() {
    let (mut app, _) = looking();
    let first = generation::<RunChanged>(&key(&mut app, "x"));
    finish::<RunChanged>(&mut app, first, Ok(changed(off())));
    let second = generation::<RunChanged>(&key(&mut app, "m"));
    let third = generation::<RunChanged>(&key(&mut app, "m"));
    // An overtaken panic is told, but takes nothing of the newer wish.
    key(&mut app, "P");
    let wished = state(&app).chosen.interventions.clone();
    finish::<RunChanged>(&mut app, second, Err(Failure::Panicked("late".into())));
    assert!(message(&app).contains("late"), "{}", message(&app));
    finish::<RunChanged>(&mut app, third, Err(Failure::Refused("later".into())));
    assert_eq!(state(&app).chosen.interventions, wished);
    let effects = key(&mut app, "esc");
    assert!(matches!(effects.as_slice(), [Effect::Cancel(slot)] if *slot == RunChanged::SLOT), "{effects:?}");
    assert_eq!(state(&app).chosen.interventions, off());
}

#[test]
fn showing_before_or_after_works_out_the_maps_again() {
    let (mut app, _) = looking();
    keys(&mut app, "v v v");
    let after = generation::<RunChanged>(&key(&mut app, "x"));
    let effects = finish::<RunChanged>(&mut app, after, Ok(changed(off())));
    let derived = generation::<Derive>(&effects);
    finish::<Derive>(&mut app, derived, Ok(self::derived(View::Mean)));
    assert!(state(&app).derived.is_some());
    let effects = key(&mut app, "b");
    assert!(state(&app).derived.is_none());
    generation::<Derive>(&effects);
    let shown = state(&app).shown().unwrap();
    assert!(shown.interventions.is_empty(), "the maps are those of the pass before the change");
}

#[test]
fn another_model_forgets_what_the_first_computed() {
    let (mut app, _) = looking();
    key(&mut app, "x");
    let effects = key(&mut app, "D");
    let opened = generation::<OpenModel>(&effects);
    for slot in SLOTS {
        assert!(cancels(&effects, slot), "{} goes on", slot.name);
    }
    assert!(state(&app).before.is_none() && state(&app).chosen.interventions.is_empty());
    assert_eq!(state(&app).chosen.input.text(), FIRST_TEXT);
    // The keys of the maps find nothing to work on.
    for pressed in ["x", "v", "n", "down", "enter", "space", "b", "tab"] {
        let effects = key(&mut app, pressed);
        assert!(!effects.iter().any(|effect| matches!(effect, Effect::Start(_))), "{pressed}");
    }
    let effects = finish::<OpenModel>(&mut app, opened, Ok(model()));
    generation::<RunPass>(&effects);
}

#[test]
fn esc_goes_out_step_by_step_and_leaves_other_screens_alone() {
    let mut app = app();
    generation::<OpenVectors>(&app.start());
    let first = generation::<RunPass>(&opened(&mut app));
    finish::<RunPass>(&mut app, first, ran(FIRST_TEXT));
    key(&mut app, "enter");
    let mut seen = vec![state(&app).chosen.zoom];
    for _ in 0..4 {
        key(&mut app, "esc");
        seen.push(state(&app).chosen.zoom);
    }
    assert_eq!(seen, [Zoom::Cell, Zoom::Head, Zoom::Wall, Zoom::Wall, Zoom::Wall]);
    assert!(matches!(app.frame.vectors, Opened::Opening { .. }), "vectors are opened for another screen");
}

#[test]
fn a_pass_that_was_cancelled_is_run_by_enter() {
    let (mut app, _) = looking();
    keys(&mut app, "e x");
    let effects = key(&mut app, "esc");
    assert!(matches!(effects.as_slice(), [Effect::Cancel(slot)] if *slot == RunPass::SLOT), "{effects:?}");
    assert!(app.is_typing() && state(&app).problem.is_some());
    generation::<RunPass>(&key(&mut app, "enter"));
    assert!(!app.is_typing());
}

#[test]
fn opening_a_model_can_be_cancelled_and_tells_the_way_out() {
    let mut app = ready();
    app.frame.model_name = Some("some/model".into());
    let opened = generation::<OpenModel>(&key(&mut app, "alt-3"));
    let effects = key(&mut app, "esc");
    assert!(matches!(effects.as_slice(), [Effect::Cancel(slot)] if *slot == OpenModel::SLOT), "{effects:?}");
    finish::<OpenModel>(&mut app, opened, Ok(model()));
    let Opened::Failed { message, way_out } = &app.frame.model else {
        panic!("{:?}", app.frame.model.open())
    };
    assert_eq!(message, "opening some/model was cancelled");
    assert_eq!(way_out, "R opens it again, D opens the shipped model");
    generation::<OpenModel>(&key(&mut app, "R"));
    assert_eq!(app.frame.model_name.as_deref(), Some("some/model"));
}

#[test]
fn choices_are_kept_for_the_first_model_and_forgotten_for_the_next() {
    let mut app = ready();
    let kept = json!({
        "layer": 2, "head": 3, "query": 4, "key": 5, "is-placed": true, "view": "mean",
    });
    let error = app.screen_mut::<Attention>().restore(kept).unwrap_err();
    assert!(error.contains("is-placed"), "{error}");
    let kept = json!({
        "layer": 2, "head": 3, "query": 4, "key": 5, "is_placed": true, "view": "mean",
        "interventions": {"heads": [{"layer": 5, "head": 11, "change": "zero"}]},
    });
    app.screen_mut::<Attention>().restore(kept).unwrap();
    let first = generation::<RunPass>(&opened(&mut app));
    let effects = finish::<RunPass>(&mut app, first, ran(FIRST_TEXT));
    let (chosen, place) = (&state(&app).chosen, state(&app).place());
    assert_eq!((place.layer, place.head, chosen.query, chosen.key), (2, 3, 4, 5));
    assert_eq!(chosen.view, View::Mean);
    for slot in [RunChanged::SLOT, Derive::SLOT, Figures::SLOT] {
        assert!(starts(&effects, slot), "{}", slot.name);
    }
    let again = generation::<OpenModel>(&key(&mut app, "D"));
    let next = generation::<RunPass>(&finish::<OpenModel>(&mut app, again, Ok(model())));
    finish::<RunPass>(&mut app, next, ran(FIRST_TEXT));
    let place = state(&app).place();
    assert_eq!((place.layer, place.head), (5, 11), "where there is most to see");
    assert_eq!(state(&app).chosen.view, View::Mean, "how it is looked at stays");
}

#[test]
fn choices_go_out_and_back_and_what_is_not_understood_is_told() {
    let (mut app, _) = looking();
    keys(&mut app, "j l X X m P s v tab tab enter");
    let chosen = state(&app).choices();
    let mut other = Attention::default();
    other.restore(chosen.clone()).unwrap();
    assert_eq!(other.choices(), chosen);
    assert_eq!(other.chosen.interventions, state(&app).chosen.interventions);
    assert!(matches!(other.chosen.interventions.positions, PositionChange::Permute(_)));
    for (wrong, named) in [
        (json!({"view": "sideways"}), "sideways"),
        (json!({"colour": 1}), "colour"),
        (json!({"interventions": {"positions": {"permute": [0, 0, 2]}}}), "[0, 0, 2]"),
    ] {
        let error = other.restore(wrong).unwrap_err();
        assert!(error.contains(named), "{error}");
    }
    assert_eq!(other.choices(), chosen, "nothing is changed by a mistake");
}

/// A derived view without maps.
fn derived(view: View) -> Derived {
    Derived { view, stack: Stack::Text, maps: None, small: SmallMaps::default() }
}
