//! The screen Attention.

use std::sync::OnceLock;

use super::*;
use crate::analysis::thumbnails::Thumbnails;
use crate::app::attention::{FIRST_TEXT, View, Zoom};
use crate::jobs::attention::{DerivedMaps, Inspection, Pass};
use crate::model::forward::{Input, PassOptions, forward};
use crate::model::interventions::{HeadChange, Interventions};
use crate::model::open;
use crate::model::trace::Keep;
use crate::model::{Model, Trace};

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

fn ran(text: &str) -> Result<Outcome, Failure> {
    Ok(Outcome::Ran(pass(text, Keep::Everything, Interventions::default())))
}

fn text_of(app: &App) -> &str {
    app.attention.before.as_ref().map_or("", |pass| &pass.text)
}

/// On the screen, with the first pass there; what it led to is left to the test.
fn looking() -> (App, Vec<Effect>) {
    let mut app = ready();
    let opened = generation(&key(&mut app, "alt-3"), Slot::Model);
    let effects = finish(&mut app, Slot::Model, opened, Ok(Outcome::ModelOpened(model())));
    let first = generation(&effects, Slot::Pass);
    let effects = finish(&mut app, Slot::Pass, first, ran(FIRST_TEXT));
    assert_eq!(text_of(&app), FIRST_TEXT);
    (app, effects)
}

/// Takes another text in place of the present one, and goes back to the maps.
fn retype(app: &mut App, text: &str) -> Vec<Effect> {
    keys(app, "e ctrl-u");
    let effects = handle(app, Message::Paste(text.into()));
    assert!(key(app, "enter").is_empty(), "the pass runs already");
    effects
}

#[test]
fn the_model_is_opened_by_the_first_screen_that_needs_it() {
    let mut app = ready();
    let effects = key(&mut app, "alt-3");
    let opened = generation(&effects, Slot::Model);
    // Words typed meanwhile go to the line, and are asked about once.
    key(&mut app, "e");
    assert!(handle(&mut app, Message::Paste(" again".into())).is_empty());
    let effects = finish(&mut app, Slot::Model, opened, Ok(Outcome::ModelOpened(model())));
    let asked: Vec<_> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Start { request: Request::Run { text, .. }, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(asked, [format!("{FIRST_TEXT} again")]);
    assert!(key(&mut app, "alt-3").is_empty(), "it is open already");
}

#[test]
fn an_overtaken_pass_changes_nothing() {
    let (mut app, _) = looking();
    key(&mut app, "e");
    let early = generation(&key(&mut app, "x"), Slot::Pass);
    let late = generation(&key(&mut app, "y"), Slot::Pass);
    app.changed = false;
    finish(&mut app, Slot::Pass, early, ran("early"));
    assert!(text_of(&app) == FIRST_TEXT && !app.changed);
    finish(&mut app, Slot::Pass, late, ran("late"));
    assert_eq!(text_of(&app), "late");
}

#[test]
fn a_shorter_text_takes_the_cursor_along() {
    let (mut app, _) = looking();
    (app.attention.query, app.attention.key) = (11, 10);
    let again = generation(&retype(&mut app, "a"), Slot::Pass);
    let effects = finish(&mut app, Slot::Pass, again, ran("a"));
    assert_eq!((app.attention.query, app.attention.key), (2, 2));
    let asked = effects.iter().find_map(|effect| match effect {
        Effect::Start { request: Request::Cell { from, to, pass, .. }, .. } => Some((*from, *to, &pass.text)),
        _ => None,
    });
    assert_eq!(asked, Some((2, 2, &String::from("a"))));
}

#[test]
fn a_cell_of_an_earlier_text_is_not_shown() {
    let (mut app, effects) = looking();
    let old = generation(&effects, Slot::Cell);
    let again = generation(&retype(&mut app, "a"), Slot::Pass);
    let weights = pass("a", Keep::Weights, Interventions::default());
    finish(&mut app, Slot::Pass, again, Ok(Outcome::Ran(weights)));
    let model = model();
    let first = pass(FIRST_TEXT, Keep::Everything, Interventions::default());
    let place = app.attention.place();
    let steps = crate::analysis::cell::explain(&model.network, &first.trace, place, 9, 2).unwrap();
    finish(&mut app, Slot::Cell, old, Ok(Outcome::Explained(Arc::new(steps))));
    assert!(app.attention.cell.is_none(), "only the weights of the new text were kept");
    key(&mut app, "space");
    assert!(app.status.as_ref().unwrap().text.contains("only its weights are kept"), "{:?}", app.status);
}

#[test]
fn maps_of_an_earlier_text_are_not_shown() {
    let (mut app, _) = looking();
    keys(&mut app, "v v v");
    let rollout = generation(&key(&mut app, "v"), Slot::Derive);
    key(&mut app, "v");
    assert_eq!(app.attention.view, View::Weights);
    let again = generation(&retype(&mut app, "a"), Slot::Pass);
    finish(&mut app, Slot::Pass, again, ran("a"));
    finish(&mut app, Slot::Derive, rollout, Ok(Outcome::Derived(DerivedMaps::Rollout(Vec::new()))));
    assert!(app.attention.derived.is_none());
}

#[test]
fn a_panel_is_worked_out_anew_for_another_text() {
    let (mut app, _) = looking();
    keys(&mut app, "tab tab");
    let old = generation(&key(&mut app, "tab"), Slot::Inspect);
    key(&mut app, "down");
    assert!(app.attention.inspecting.is_running(), "importance goes on while the cursor moves");
    key(&mut app, "e");
    let again = generation(&key(&mut app, "x"), Slot::Pass);
    let effects = finish(&mut app, Slot::Pass, again, ran("a"));
    let new = generation(&effects, Slot::Inspect);
    let importance = crate::analysis::importance::Importance {
        measure: crate::analysis::importance::Measure::SentenceVector,
        baseline: 1.0,
        changes: ndarray::Array2::zeros((6, 12)),
    };
    let outcome = || Ok(Outcome::Inspected(Inspection::Importance(importance.clone())));
    finish(&mut app, Slot::Inspect, old, outcome());
    assert!(app.attention.inspection.is_none());
    finish(&mut app, Slot::Inspect, new, outcome());
    assert!(app.attention.inspection.is_some());
}

fn off() -> Interventions {
    Interventions { heads: [((5, 11), HeadChange::Zero)].into(), ..Interventions::default() }
}

#[test]
fn a_change_that_fails_leaves_no_marks() {
    for failure in [Failure::Refused("no".into()), Failure::Panicked("index out of bounds".into())] {
        let (mut app, _) = looking();
        let changed = generation(&key(&mut app, "x"), Slot::ChangedPass);
        assert_eq!(app.attention.interventions, off());
        finish(&mut app, Slot::ChangedPass, changed, Err(failure.clone()));
        assert!(app.attention.interventions.is_empty());
        assert_eq!(app.status.as_ref().unwrap().text, failure.to_string());
    }
}

#[test]
fn a_change_that_fails_keeps_the_one_that_is_shown() {
    let (mut app, _) = looking();
    let first = generation(&key(&mut app, "x"), Slot::ChangedPass);
    let after = pass(FIRST_TEXT, Keep::Everything, off());
    let difference = |after: &Trace| {
        let before = pass(FIRST_TEXT, Keep::Everything, Interventions::default());
        Arc::new(crate::analysis::difference::difference(&before.trace, after).unwrap())
    };
    let outcome = Outcome::RanChanged(Arc::clone(&after), difference(&after.trace));
    finish(&mut app, Slot::ChangedPass, first, Ok(outcome));
    let second = generation(&key(&mut app, "m"), Slot::ChangedPass);
    let third = generation(&key(&mut app, "m"), Slot::ChangedPass);
    // An overtaken panic is told, but takes nothing of the newer wish.
    key(&mut app, "P");
    let wished = app.attention.interventions.clone();
    finish(&mut app, Slot::ChangedPass, second, Err(Failure::Panicked("late".into())));
    finish(&mut app, Slot::ChangedPass, third, Err(Failure::Refused("later".into())));
    assert_eq!(app.attention.interventions, wished);
    let effects = key(&mut app, "esc");
    assert!(matches!(effects.as_slice(), [Effect::Cancel(Slot::ChangedPass)]), "{effects:?}");
    assert_eq!(app.attention.interventions, off());
}

#[test]
fn showing_before_or_after_works_out_the_maps_again() {
    let (mut app, _) = looking();
    keys(&mut app, "v v v");
    let changed = generation(&key(&mut app, "x"), Slot::ChangedPass);
    let after = pass(FIRST_TEXT, Keep::Everything, off());
    let before = app.attention.before.clone().unwrap();
    let difference = crate::analysis::difference::difference(&before.trace, &after.trace).unwrap();
    let outcome = Outcome::RanChanged(after, Arc::new(difference));
    let effects = finish(&mut app, Slot::ChangedPass, changed, Ok(outcome));
    let derived = generation(&effects, Slot::Derive);
    let maps = || Ok(Outcome::Derived(DerivedMaps::Mean(Default::default(), Vec::new())));
    finish(&mut app, Slot::Derive, derived, maps());
    assert!(app.attention.derived.is_some());
    let effects = key(&mut app, "b");
    assert!(app.attention.derived.is_none());
    let asked = effects.iter().find_map(|effect| match effect {
        Effect::Start { request: Request::Derive { pass, .. }, .. } => Some(pass.interventions.is_empty()),
        _ => None,
    });
    assert_eq!(asked, Some(true), "the maps of the pass before the change are asked for");
}

#[test]
fn another_model_forgets_what_the_first_computed() {
    let (mut app, _) = looking();
    key(&mut app, "x");
    let effects = key(&mut app, "D");
    let opened = generation(&effects, Slot::Model);
    for slot in [Slot::Pass, Slot::ChangedPass, Slot::Cell, Slot::Figures] {
        assert!(
            effects.iter().any(|effect| matches!(effect, Effect::Cancel(cancelled) if *cancelled == slot))
        );
    }
    assert!(app.attention.before.is_none() && app.attention.interventions.is_empty());
    assert_eq!(app.attention.input.text(), FIRST_TEXT);
    // The keys of the maps find nothing to work on.
    for pressed in ["x", "v", "n", "down", "enter", "space", "b", "tab"] {
        let effects = key(&mut app, pressed);
        assert!(!effects.iter().any(|effect| matches!(effect, Effect::Start { .. })), "{pressed}");
    }
    let effects = finish(&mut app, Slot::Model, opened, Ok(Outcome::ModelOpened(model())));
    generation(&effects, Slot::Pass);
}

#[test]
fn esc_goes_out_step_by_step_and_leaves_other_screens_alone() {
    let mut app = App::default();
    start(&mut app);
    let opened = generation(&key(&mut app, "alt-3"), Slot::Model);
    let effects = finish(&mut app, Slot::Model, opened, Ok(Outcome::ModelOpened(model())));
    let first = generation(&effects, Slot::Pass);
    finish(&mut app, Slot::Pass, first, ran(FIRST_TEXT));
    key(&mut app, "enter");
    let mut seen = vec![app.attention.zoom];
    for _ in 0..4 {
        key(&mut app, "esc");
        seen.push(app.attention.zoom);
    }
    assert_eq!(seen, [Zoom::Cell, Zoom::Head, Zoom::Wall, Zoom::Wall, Zoom::Wall]);
    assert!(matches!(app.vectors, VectorsState::Opening { .. }), "vectors are opened for another screen");
}

#[test]
fn opening_a_model_can_be_cancelled_and_tells_the_way_out() {
    let mut app = ready();
    app.model_name = Some("some/model".into());
    let opened = generation(&key(&mut app, "alt-3"), Slot::Model);
    let effects = key(&mut app, "esc");
    assert!(matches!(effects.as_slice(), [Effect::Cancel(Slot::Model)]), "{effects:?}");
    finish(&mut app, Slot::Model, opened, Ok(Outcome::ModelOpened(model())));
    let ModelState::Failed { message, way_out } = &app.model else { panic!("{:?}", app.model) };
    assert_eq!(message, "opening some/model was cancelled");
    assert_eq!(way_out, "R opens it again, D opens the shipped model");
    generation(&key(&mut app, "R"), Slot::Model);
    assert_eq!(app.model_name.as_deref(), Some("some/model"));
}
