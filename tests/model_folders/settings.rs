//! Settings that change numbers: each is read as transformers reads it, or refused, or told.

use lexiscope::model::Model;
use lexiscope::model::activation::Activation;
use lexiscope::model::families::FAMILIES;
use lexiscope::model::forward::{Input, PassOptions, forward};
use lexiscope::model::network::FIRST;
use lexiscope::model::parts::Mixer;
use lexiscope::model::parts::attention::{AttentionPosition, Mask};
use lexiscope::model::positions::Rotary;
use lexiscope::progress::Progress;
use ndarray::Array2;
use rstest::rstest;
use serde_json::{Value, json};

use super::{assert_says, configure, copy, golden, open_error, open_folder, tensors, write_tensors};

/// The golden model of `family` with other settings; JSON null takes a key away.
fn with(family: &str, settings: Value) -> Model {
    open_folder(edited(family, settings).path()).expect("opens")
}

fn refused(family: &str, settings: Value) -> String {
    open_error(edited(family, settings).path())
}

fn edited(family: &str, settings: Value) -> tempfile::TempDir {
    let folder = copy(family);
    let path = folder.path().join("config.json");
    let text = std::fs::read_to_string(&path).expect("config.json");
    let mut config: Value = serde_json::from_str(&text).expect("JSON");
    for (key, value) in settings.as_object().expect("an object") {
        config[key] = value.clone();
        if value == "absent" {
            config.as_object_mut().expect("an object").remove(key);
        }
    }
    std::fs::write(&path, config.to_string()).expect("writes");
    folder
}

fn mask(model: &Model, layer: usize) -> Mask {
    model.network.attention(FIRST, layer).expect("an attention").mask
}

fn rotary(model: &Model) -> &Rotary {
    match &model.network.attention(FIRST, 0).expect("an attention").position {
        AttentionPosition::Rotary(rotary) => rotary,
        other => panic!("{other:?}"),
    }
}

fn logits(model: &Model, ids: &[u32]) -> Array2<f32> {
    let input = Input::Tokens(ids);
    let trace = forward(&model.network, &input, &PassOptions::default(), &Progress::unobserved());
    trace.expect("runs").logits.expect("logits")
}

fn activation(model: &Model) -> Activation {
    let parts = &model.network.stacks[FIRST].blocks[0].parts;
    let feed = parts.iter().find_map(|part| match &part.mixer {
        Mixer::FeedForward(part) => Some(part.activation),
        _ => None,
    });
    feed.expect("a feed-forward part")
}

#[rstest]
#[case::a_decoder("bert", json!({"is_decoder": true}), Mask::CAUSAL)]
#[case::a_decoder_too("roberta", json!({"is_decoder": true}), Mask::CAUSAL)]
#[case::open("llama", json!({"is_causal": false}), Mask::default())]
#[case::open_too("gpt2", json!({"is_causal": false}), Mask::default())]
#[case::no_window_of_its_own("llama", json!({"sliding_window": 3}), Mask::CAUSAL)]
#[case::a_window("mistral", json!({}), Mask::causal(Some(5)))]
#[case::the_usual_window("mistral", json!({"sliding_window": "absent"}), Mask::causal(Some(4096)))]
#[case::no_window("mistral", json!({"sliding_window": null}), Mask::CAUSAL)]
#[case::not_used("qwen2", json!({"sliding_window": 5, "layer_types": null, "max_window_layers": 0}), Mask::CAUSAL)]
#[case::not_used_by_default(
    "qwen2",
    json!({"sliding_window": 5, "layer_types": null, "max_window_layers": 0, "use_sliding_window": "absent"}),
    Mask::CAUSAL
)]
#[case::used("qwen2", json!({"sliding_window": 5, "layer_types": null, "max_window_layers": 0, "use_sliding_window": true}), Mask::causal(Some(5)))]
#[case::later_layers_only("qwen2", json!({"sliding_window": 5, "layer_types": null, "use_sliding_window": true}), Mask::CAUSAL)]
#[case::by_layer("qwen3", json!({"sliding_window": 5, "layer_types": ["sliding_attention", "full_attention"], "use_sliding_window": true}), Mask::causal(Some(5)))]
fn what_a_token_sees(#[case] family: &str, #[case] settings: Value, #[case] expected: Mask) {
    assert_eq!(mask(&with(family, settings), 0), expected);
}

#[rstest]
#[case::since_version_5(json!({"rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 10000.0, "partial_rotary_factor": 0.25}}))]
#[case::before(json!({"rope_parameters": "absent", "rope_scaling": {"type": "linear", "factor": 4.0}, "rotary_pct": 0.25}))]
fn frequencies_of_gpt_neox_are_scaled(#[case] settings: Value) {
    let (plain, scaled) = (with("gpt_neox", json!({})), with("gpt_neox", settings));
    let expected: Vec<f32> = rotary(&plain).frequencies.iter().map(|frequency| frequency / 4.0).collect();
    assert_eq!(rotary(&scaled).frequencies, expected);
}

#[test]
fn a_length_that_llama3_does_not_give_is_the_networks_own() {
    let scaling = |length: Value| {
        let mut scaling = json!({"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "rope_theta": 10000.0});
        scaling["original_max_position_embeddings"] = length;
        with("llama", json!({"rope_parameters": scaling}))
    };
    let own = rotary(&scaling(json!(64))).frequencies.clone();
    assert_eq!(rotary(&scaling(Value::Null)).frequencies, own);
    assert_ne!(rotary(&scaling(json!(8192))).frequencies, own);
}

#[test]
fn heads_and_blocks_have_the_activation_that_their_authors_gave_them() {
    let head = |model: &Model| {
        let head = model.network.head.as_ref().expect("a head");
        head.transform.as_ref().expect("a transform").activation
    };
    let relu = json!({"hidden_act": "relu"});
    for (family, of_head) in
        [("bert", Activation::Relu), ("roberta", Activation::Gelu), ("electra", Activation::Gelu)]
    {
        if with(family, json!({})).network.head.is_some() {
            assert_eq!(head(&with(family, relu.clone())), of_head, "{family}");
        }
        assert_eq!(activation(&with(family, relu.clone())), Activation::Relu, "{family}");
    }
    let albert = with("albert", json!({"hidden_act": "absent"}));
    assert_eq!((activation(&albert), head(&albert)), (Activation::GeluTanh, Activation::GeluTanh));
    assert_eq!(activation(&with("gemma", json!({"hidden_act": "gelu"}))), Activation::GeluTanh);
}

#[test]
fn the_decoder_of_a_t5_is_scaled_as_it_says() {
    let scale = |settings: Value| with("t5", settings).network.head.expect("a head").scale;
    let root = 32f32.powf(-0.5);
    assert_eq!(scale(json!({})), root);
    assert_eq!(scale(json!({"scale_decoder_outputs": "absent"})), root);
    assert_eq!(scale(json!({"scale_decoder_outputs": false})), 1.0);
}

/// The golden model of `family` without the tensors whose names end in `ending`.
fn without(family: &str, ending: &str, settings: Value) -> Model {
    let folder = edited(family, settings);
    let path = folder.path().join("model.safetensors");
    let mut kept = tensors(&path);
    kept.retain(|(name, ..)| !name.ends_with(ending));
    write_tensors(&path, &kept);
    open_folder(folder.path()).expect("opens")
}

#[test]
fn an_output_matrix_is_the_table_only_where_the_two_are_tied() {
    assert!(without("llama", "lm_head.weight", json!({})).network.head.is_none());
    let tied = without("llama", "lm_head.weight", json!({"tie_word_embeddings": true}));
    let head = tied.network.head.expect("a head");
    assert_eq!(head.projection.weight.name(), "model.embed_tokens.weight");
    assert!(without("gpt_neox", "embed_out.weight", json!({})).network.head.is_none());
    assert!(
        without("gpt2", "lm_head.weight", json!({"tie_word_embeddings": "absent"})).network.head.is_some()
    );
}

#[test]
fn an_untied_head_has_its_own_bias() {
    let bias = |tied: bool| {
        let folder = edited("bert", json!({"tie_word_embeddings": tied}));
        let path = folder.path().join("model.safetensors");
        let mut all = tensors(&path);
        let find = |all: &[(String, Value, Vec<u8>)], name: &str| {
            all.iter().find(|(other, ..)| other.ends_with(name)).cloned().expect("there")
        };
        let (_, entry, bytes) = find(&all, "cls.predictions.bias");
        all.push(("cls.predictions.decoder.bias".into(), entry, bytes.iter().map(|_| 0).collect()));
        let (_, entry, bytes) = find(&all, "embeddings.word_embeddings.weight");
        all.push(("cls.predictions.decoder.weight".into(), entry, bytes));
        write_tensors(&path, &all);
        let head = open_folder(folder.path()).expect("opens").network.head.expect("a head");
        head.projection.bias.expect("a bias").name().to_owned()
    };
    assert_eq!(
        (bias(true).as_str(), bias(false).as_str()),
        ("cls.predictions.bias", "cls.predictions.decoder.bias")
    );
}

/// `create_position_ids_from_input_ids` of transformers: padding stands at no place.
#[test]
fn padding_inside_a_roberta_has_no_place() {
    let model = with("roberta", json!({}));
    let states = |ids: &[u32]| {
        let trace =
            forward(&model.network, &Input::Tokens(ids), &PassOptions::default(), &Progress::unobserved());
        trace.expect("runs").stacks[FIRST].front.positions.clone().expect("positions")
    };
    let (plain, padded) = (states(&[5, 6, 7]), states(&[5, 1, 6, 1, 7]));
    assert_eq!([padded.row(0), padded.row(2), padded.row(4)], [plain.row(0), plain.row(1), plain.row(2)]);
    assert_eq!(padded.row(1), padded.row(3));
    assert_ne!(padded.row(1), plain.row(0));
}

#[rstest]
#[case::pairs("gpt_neox", json!({"rope_parameters": {"partial_rotary_factor": 0.4, "rope_theta": 10000.0}}), &["3 components", "pairs"])]
#[case::epsilon("bert", json!({"layer_norm_eps": -1e-12}), &["layer_norm_eps", "0 or more"])]
#[case::base("llama", json!({"rope_parameters": {"rope_theta": -1.0}}), &["rope_theta", "above 0"])]
#[case::factor("llama", json!({"rope_parameters": {"rope_type": "linear", "factor": 0.0}}), &["factor", "above 0"])]
#[case::scaling("llama", json!({"rope_parameters": {"rope_type": "yarn", "factor": 2.0}}), &["yarn"])]
#[case::both_sides("mistral", json!({"is_causal": false}), &["is_causal", "sliding window"])]
#[case::its_own_mask("gpt_neo", json!({"is_causal": false}), &["is_causal"])]
#[case::another_text("gpt2", json!({"add_cross_attention": true}), &["add_cross_attention"])]
#[case::packed("llama", json!({"quantization_config": {"bits": 4}}), &["quantization_config"])]
#[case::pruned("bert", json!({"pruned_heads": {"0": [1]}}), &["pruned_heads"])]
fn what_cannot_be_done_is_refused(#[case] family: &str, #[case] settings: Value, #[case] says: &[&str]) {
    assert_says(&refused(family, settings), says);
}

#[test]
fn what_nobody_reads_is_told() {
    for family in FAMILIES {
        let model = open_folder(&golden(family.model_type)).expect("opens");
        assert!(model.remarks.is_empty(), "{}: {:?}", family.model_type, model.remarks);
    }
    let model = with("gpt2", json!({"residual_alpha": 0.5, "bos_token_id": 3}));
    assert_eq!(model.remarks, ["settings that are not understood: residual_alpha"]);
    let model = with("llama", json!({"rope_parameters": {"rope_theta": 1e4, "twist": 2}}));
    assert_eq!(model.remarks, ["settings that are not understood: rope_parameters.twist"]);
    let folder = copy("gpt2");
    let path = folder.path().join("model.safetensors");
    let mut all = tensors(&path);
    let (_, entry, bytes) = all[0].clone();
    for name in ["transformer.h.0.attn.bias", "score.weight", "score.bias"] {
        all.push((name.into(), entry.clone(), bytes.clone()));
    }
    write_tensors(&path, &all);
    let model = open_folder(folder.path()).expect("opens");
    assert_eq!(model.remarks, ["tensors that are not used: score.bias and 1 more"]);
}

#[test]
fn other_names_of_a_family_open() {
    let expected = logits(&with("roberta", json!({})), &[5, 6, 7]);
    for name in ["xlm-roberta", "camembert", "data2vec-text"] {
        let model = with("roberta", json!({"model_type": name}));
        assert_eq!((model.network.family, logits(&model, &[5, 6, 7])), ("RoBERTa", expected.clone()));
    }
    let kinds = ["vit", "vit_msn"].map(|name| with("vit", json!({"model_type": name})).network.family);
    assert_eq!(kinds, ["ViT", "ViT"]);
}

/// The class of mT5 does not scale what its output matrix sees.
#[test]
fn a_multilingual_t5_scales_nothing_and_has_gates() {
    let scale = |model: &lexiscope::model::Model| model.network.head.as_ref().expect("a head").scale;
    assert!(scale(&with("t5", json!({"tie_word_embeddings": true}))) < 1.0);
    let multilingual = json!({"model_type": "mt5", "tie_word_embeddings": true});
    assert_eq!(scale(&with("t5", multilingual)), 1.0);
    assert_says(&refused("t5", json!({"model_type": "mt5", "feed_forward_proj": null})), &["wi_0"]);
}

#[test]
fn a_text_ends_where_the_files_say() {
    let folder = edited("gpt2", json!({"eos_token_id": 7}));
    let ends = || open_folder(folder.path()).expect("opens").writing.ends.into_iter().collect::<Vec<_>>();
    assert_eq!(ends(), [7]);
    std::fs::write(folder.path().join("generation_config.json"), r#"{"eos_token_id": [9, 11]}"#)
        .expect("writes");
    assert_eq!(ends(), [7, 9, 11]);
    std::fs::write(folder.path().join("generation_config.json"), "{").expect("writes");
    assert_says(&open_error(folder.path()), &["generation_config.json", "line 1"]);
}

#[test]
fn labels_belong_to_classes_and_not_to_tokens() {
    let labels = json!({"id2label": {"0": "LABEL_0", "1": "LABEL_1"}});
    assert!(with("gpt2", labels.clone()).labels.is_empty());
    let folder = copy("vit");
    configure(folder.path(), "id2label", labels["id2label"].clone());
    assert_eq!(open_folder(folder.path()).expect("opens").labels[&1], "LABEL_1");
}
