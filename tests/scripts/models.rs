//! The screen Attention on models other than the shipped one, and without any.

use lexiscope::analysis::{HeadPlace, Stack};
use lexiscope::app::Opened;
use lexiscope::lab::blueprint::{Blueprint, NetworkKind, TransformerChoices};
use lexiscope::lab::saved::SavedTraining;
use lexiscope::lab::training::{Training, TrainingSettings};
use lexiscope::lab::vocabulary;
use lexiscope::model::interventions::{HeadChange, Interventions};
use lexiscope::model::open;
use lexiscope::screens::attention::FIRST_TEXT;
use lexiscope::screens::attention::pass::Inspection;

use crate::attention::{ask, close, heads, look, same};
use crate::look::Look;
use crate::support::golden;
use crate::{Played, Start};

/// The folder of a tiny model with random weights.
fn tiny(family: &str) -> String {
    golden("transformers").join(family).display().to_string()
}

fn look_with(family: &str, script: &str) -> Played {
    Start::on_model(Some(tiny(family))).play(&format!("<alt-3>{script}"))
}

#[test]
fn a_model_that_is_not_there_leaves_ways_out() {
    let missing = || Start::on_model(Some("/nonexistent/model".into()));
    let played = missing().play("<alt-3>");
    let Opened::Failed { message, way_out } = &played.app.frame.model else {
        panic!("{:?}", played.app.frame.model)
    };
    assert!(message.contains("/nonexistent/model"), "{message}");
    assert!(
        way_out.contains("R opens it again") && way_out.contains("D opens the shipped model"),
        "{way_out}"
    );
    played.shows("The model could not be opened.");
    // Nothing that needs a model breaks anything.
    let tried = missing().play("<alt-3>jklhxmvn <enter><tab>b<esc><esc>R4vn1");
    assert_eq!(tried.app.screens.place().id, "words");
    let rescued = missing().play("<alt-3>D");
    rescued.shows("it -> cat");
    rescued.shows("minilm-l6");
}

#[test]
fn a_network_without_attention_says_so_and_offers_nothing_that_needs_maps() {
    let folder = tempfile::tempdir().unwrap();
    let tokenizer = vocabulary::train(FIRST_TEXT, vocabulary::FEWEST + 1).unwrap();
    let blueprint = Blueprint {
        kind: NetworkKind::Lstm,
        vocabulary: vocabulary::FEWEST + 1,
        layers: 2,
        width: 8,
        heads: 1,
        forget_bias: 1.0,
        transformer: TransformerChoices::default(),
    };
    let settings = TrainingSettings {
        steps: 1,
        batch: 1,
        rate: 1e-3,
        warm_up: 1,
        last_share: 1.0,
        seed: 1,
        dropout: 0.0,
    };
    let data = serde_json::Value::Null;
    let saved = SavedTraining::new(folder.path().into(), blueprint.config(), Some(tokenizer), data);
    saved.begin().unwrap();
    saved.keep(&Training::new(blueprint.build(1).unwrap(), settings)).unwrap();
    let play = |script: &str| {
        Start::on_model(Some(folder.path().display().to_string())).play(&format!("<alt-3>{script}"))
    };
    let played = play("");
    played.shows("This network (LSTM) has no attention");
    played.shows("no heads");
    for offered in ["save map", "next step", "interesting head", "hide token", "scale", "square root"] {
        played.shows_not(offered);
    }
    for (key, command) in [("w", "save map"), ("v", "view"), ("n", "interesting head"), ("m", "hide token")] {
        play(key).shows(&format!("{command}: this network has no attention"));
    }
}

#[test]
fn what_of_a_model_is_not_understood_is_told() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["config.json", "model.safetensors", "tokenizer.json"] {
        std::fs::copy(golden("transformers/gpt2").join(file), folder.path().join(file)).unwrap();
    }
    let path = folder.path().join("config.json");
    let config = std::fs::read_to_string(&path).unwrap().replacen('{', "{\"residual_alpha\": 0.5,", 1);
    std::fs::write(&path, config).unwrap();
    let played = Start::on_model(Some(folder.path().display().to_string())).play("<alt-3>");
    played.shows("settings that are not understood: residual_alpha");
}

#[test]
fn a_causal_model_masks_what_comes_later_and_predicts_by_layer() {
    let script = "e<ctrl-u><paste:The king and the queen><enter>";
    let model = open::open(&tiny("gpt2")).unwrap();
    let (tokens, trace) = ask(&model, "The king and the queen", Interventions::default());
    let played =
        look_with("gpt2", &format!("{script}<home><home><left><left><left><left><left><left><left><right>"));
    let [layer, head, query, key] = played.cursor();
    assert!(key > query, "{:?}", played.cursor());
    played.shows("masked");
    assert_eq!(played.app.attention().value(), Some(0.0));
    played.shows(&format!("layer {layer} of 0-1  head {head} of 0-3"));
    let making = look_with(
        "gpt2",
        &format!("{script}<home><left><left><left><left><left><left><left><right><right>    "),
    );
    making.shows("masked: it comes later in the text");
    // The panel says what each layer would predict at the row of the cursor.
    let lens = look_with("gpt2", &format!("{script}G<tab>"));
    let Some(Inspection::Lens { position, rows }) = &lens.app.attention().inspection else {
        panic!("{:?}", lens.app.attention().inspection)
    };
    assert_eq!((*position, rows.len()), (tokens.len() - 1, 3));
    let logits = trace.last_logits().unwrap();
    let best = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|&logit| f64::from(logit - best).exp()).sum();
    let (name, probability) = &rows[2].candidates[0];
    close(*probability, (1.0 / sum) as f32);
    let likeliest = logits.iter().position(|&logit| logit == best).unwrap();
    assert_eq!(*name, model.tokenizer().unwrap().text(likeliest as u32));
    lens.shows("what each layer would say if it were the last");
}

#[test]
fn an_encoder_and_a_decoder_have_three_attentions() {
    let text = "The king and the queen";
    let script = format!("e<ctrl-u><paste:{text}><enter>");
    let model = open::open(&tiny("t5")).unwrap();
    let (tokens, trace) = ask(&model, text, Interventions::default());
    let stacks = [(Stack::Text, ""), (Stack::Decoder, "c"), (Stack::Cross, "cc"), (Stack::Text, "ccc")];
    for (stack, keys) in stacks {
        let played = look_with("t5", &format!("{script}{keys}"));
        assert_eq!(played.app.attention().chosen.stack, stack);
        let [layer, head, query, key] = played.cursor();
        let attention = stack.trace(&trace, layer).unwrap();
        same(played.map().view(), attention.weights.index_axis(ndarray::Axis(0), head));
        close(played.app.attention().value().unwrap(), attention.weights[[head, query, key]]);
        let first = &played.app.attention().query_tokens().unwrap().pieces[0];
        let expected = if stack == Stack::Text { &tokens.pieces[0] } else { "<pad>" };
        assert_eq!(first, expected, "{stack:?}");
        assert!(played.app.attention().figures_of(layer, head).is_some(), "{stack:?}");
    }
    assert_eq!(look("c").status(), "stack: this model has one stack only");
}

#[test]
fn heads_of_every_attention_can_be_changed_and_are_named_with_it() {
    let model = open::open(&tiny("t5")).unwrap();
    let [layer, head, ..] = look_with("t5", "").cursor();
    // A change of the encoder reaches the decoder, and is not marked there as if it were its own.
    let off = heads([((layer, head), HeadChange::Zero)]);
    let (_, after) = ask(&model, FIRST_TEXT, off.clone());
    let played = look_with("t5", "xcc");
    assert_eq!(played.app.attention().chosen.interventions, off);
    assert_eq!(played.app.attention().change_of(layer, head), None);
    let cross = Stack::Cross.trace(&after, layer).unwrap();
    same(played.map().view(), cross.weights.index_axis(ndarray::Axis(0), head));
    played.shows(&format!("decoder to encoder: layer {layer}"));
    played.shows(&format!("head {layer}.{head} of encoder off"));
    assert_ne!(look_with("t5", "xccn").app.attention().place(), played.app.attention().place());
    // One of the decoder is changed where it is looked at, and leaves the encoder as it is.
    for (keys, stack) in [("cx", Stack::Decoder), ("ccx", Stack::Cross)] {
        let played = look_with("t5", keys);
        let place = HeadPlace { stack, layer, head };
        let changed = [(place, HeadChange::Zero)].into();
        assert_eq!(played.app.attention().chosen.interventions.heads, changed);
        let difference = played.app.attention().difference.as_ref().expect("compared");
        let untouched = difference.heads.iter().filter(|one| one.place.stack == Stack::Text);
        assert!(untouched.clone().count() > 0 && untouched.into_iter().all(|one| one.largest == 0.0));
    }
    let decoder = look_with("t5", "cm");
    assert_eq!(decoder.status(), "hide token: only tokens of the encoder's text can be hidden");
}

#[test]
fn another_model_leaves_nothing_of_the_one_before() {
    let played = look_with("t5", "xcc4vD3");
    assert!(matches!(&played.app.frame.model, Opened::Open(model) if model.name == "minilm-l6"));
    let state = played.app.attention();
    assert_eq!((state.chosen.stack, state.layers_and_heads()), (Stack::Text, (6, 12)));
    assert!(state.chosen.interventions.is_empty() && state.after.is_none());
    played.shows("it -> cat");
    // Keys between opening and the first pass find nothing of the old model.
    let hasty = look_with("gpt2", "{D<up><left>kxvvv<enter> }");
    assert_eq!(hasty.app.attention().layers_and_heads(), (6, 12));
    assert!(!hasty.screen.contains("mistake in lexiscope"), "{}", hasty.screen);
}
