//! Broken, hostile and odd model folders and inputs: one clear error each, that names the file and
//! what is wrong in it; never a panic, never an allocation by what a file merely claims.

mod older_vocabularies;
mod settings;
mod tokenizers;
mod torch_files;

use std::path::{Path, PathBuf};

use lexiscope::mmap::Bytes;
use lexiscope::model::config::Config;
use lexiscope::model::error::ModelError;
use lexiscope::model::families::{self, FAMILIES};
use lexiscope::model::forward::{Input, PassOptions, forward};
use lexiscope::model::generate::{Sampling, Writing, generate};
use lexiscope::model::weights::{NumberType, Tensor, Weights};
use lexiscope::model::{Model, open};
use lexiscope::progress::Progress;
use rstest::rstest;
use serde_json::{Value, json};
use tempfile::TempDir;

fn golden(family: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/golden/transformers").join(family)
}

/// A copy of a golden model, to be broken.
fn copy(family: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["config.json", "model.safetensors", "tokenizer.json"] {
        if golden(family).join(name).is_file() {
            std::fs::copy(golden(family).join(name), folder.path().join(name)).expect("copies");
        }
    }
    folder
}

fn open_folder(folder: &Path) -> Result<Model, ModelError> {
    open::open(&folder.to_string_lossy())
}

fn open_error(folder: &Path) -> String {
    open_folder(folder).expect_err("is refused").to_string()
}

#[track_caller]
fn assert_says(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{message:?} says nothing of {part:?}");
    }
}

/// Changes config.json by setting `key` to `value`.
fn configure(folder: &Path, key: &str, value: Value) {
    let path = folder.join("config.json");
    let text = std::fs::read_to_string(&path).expect("config.json");
    let mut config: Value = serde_json::from_str(&text).expect("JSON");
    config[key] = value;
    std::fs::write(&path, config.to_string()).expect("writes");
}

/// The tensors of a safetensors file as (name, header entry, bytes).
fn tensors(path: &Path) -> Vec<(String, Value, Vec<u8>)> {
    let file = std::fs::read(path).expect("model.safetensors");
    let length = u64::from_le_bytes(file[..8].try_into().expect("8 bytes")) as usize;
    let header: Value = serde_json::from_slice(&file[8..8 + length]).expect("a header");
    let data = &file[8 + length..];
    let entries = header.as_object().expect("an object").iter().filter(|(name, _)| *name != "__metadata__");
    entries
        .map(|(name, entry)| {
            let at = |i: usize| entry["data_offsets"][i].as_u64().expect("an offset") as usize;
            (name.clone(), entry.clone(), data[at(0)..at(1)].to_vec())
        })
        .collect()
}

fn write_tensors(path: &Path, tensors: &[(String, Value, Vec<u8>)]) {
    let (mut header, mut data) = (serde_json::Map::new(), Vec::<u8>::new());
    for (name, entry, bytes) in tensors {
        let mut entry = entry.clone();
        entry["data_offsets"] = json!([data.len(), data.len() + bytes.len()]);
        header.insert(name.clone(), entry);
        data.extend(bytes);
    }
    let header = Value::Object(header).to_string();
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.bytes());
    file.extend(data);
    std::fs::write(path, file).expect("writes");
}

const A_TENSOR: &str = "transformer.h.1.mlp.c_fc.weight";

#[test]
fn a_missing_tensor_is_named_with_its_shape() {
    let folder = copy("gpt2");
    let path = folder.path().join("model.safetensors");
    let kept: Vec<_> = tensors(&path).into_iter().filter(|(name, ..)| name != A_TENSOR).collect();
    write_tensors(&path, &kept);
    assert_says(&open_error(folder.path()), &["model.safetensors", A_TENSOR, "missing", "[32, 128]"]);
}

#[test]
fn a_tensor_of_another_shape_is_named_with_both_shapes() {
    let folder = copy("gpt2");
    let path = folder.path().join("model.safetensors");
    let mut all = tensors(&path);
    let (_, entry, _) = all.iter_mut().find(|(name, ..)| name == A_TENSOR).expect("there");
    entry["shape"] = json!([128, 32]);
    write_tensors(&path, &all);
    assert_says(&open_error(folder.path()), &["model.safetensors", A_TENSOR, "[32, 128]", "[128, 32]"]);
}

#[test]
fn a_tensor_of_integers_is_not_taken_for_weights() {
    let folder = copy("gpt2");
    let path = folder.path().join("model.safetensors");
    let mut all = tensors(&path);
    let (_, entry, _) = all.iter_mut().find(|(name, ..)| name == A_TENSOR).expect("there");
    entry["dtype"] = json!("I32");
    write_tensors(&path, &all);
    assert_says(&open_error(folder.path()), &["model.safetensors", A_TENSOR]);
}

#[test]
fn a_file_cut_short_anywhere_is_refused() {
    let folder = copy("bert");
    let path = folder.path().join("model.safetensors");
    let whole = std::fs::read(&path).expect("weights");
    let places = (0..64).chain((64..whole.len()).step_by(997)).chain([whole.len() - 1]);
    for length in places {
        std::fs::write(&path, &whole[..length]).expect("writes");
        assert_says(&open_error(folder.path()), &["model.safetensors"]);
    }
}

#[test]
fn a_header_that_claims_more_than_the_file_holds_is_refused() {
    let folder = copy("gpt2");
    let path = folder.path().join("model.safetensors");
    for claim in [u64::MAX, 1 << 40, 100_000_000, 9] {
        let mut file = std::fs::read(golden("gpt2").join("model.safetensors")).expect("weights");
        file[..8].copy_from_slice(&claim.to_le_bytes());
        std::fs::write(&path, file).expect("writes");
        assert_says(&open_error(folder.path()), &["model.safetensors"]);
    }
    let entry = json!({"dtype": "F32", "shape": [1u64 << 40, 1u64 << 40]});
    write_tensors(&path, &[("transformer.wte.weight".into(), entry, vec![0; 16])]);
    assert_says(&open_error(folder.path()), &["model.safetensors"]);
}

/// Every number at the top of config.json, set to absurd values: an error or, where the number
/// changes nothing (a dropout, an id), a model; never a panic, and soon.
#[test]
fn absurd_numbers_in_a_configuration_are_refused_before_anything_is_allocated() {
    let absurd = [
        json!(0),
        json!(-1),
        json!(1),
        json!(3),
        json!(16_777_216),
        json!(1_000_000_000u64),
        json!(u64::MAX),
        json!(1e300),
        json!(0.5),
        json!("12"),
        json!([]),
        json!({}),
        json!(true),
    ];
    for family in FAMILIES {
        let text = std::fs::read_to_string(golden(family.model_type).join("config.json")).expect("config");
        let config: Value = serde_json::from_str(&text).expect("JSON");
        let path = golden(family.model_type).join("model.safetensors");
        let weights =
            Weights::from_files(&[(path.clone(), Bytes::map(&path).expect("maps"))]).expect("weights");
        for key in config.as_object().expect("an object").keys() {
            for value in &absurd {
                let mut config = config.clone();
                config[key] = value.clone();
                let parsed = Config::parse(Path::new("config.json"), &config.to_string()).expect("JSON");
                if let Ok(network) = families::bind(&parsed, &weights) {
                    let run = forward(
                        &network,
                        &Input::Tokens(&[1, 2, 3]),
                        &PassOptions::default(),
                        &Progress::unobserved(),
                    );
                    if let Err(error) = run {
                        assert!(matches!(error, ModelError::Request(_)), "{key} = {value}: {error}");
                    }
                }
            }
        }
    }
}

#[rstest]
#[case("n_layer", json!(1_000_000_000u64), "n_layer")]
#[case("n_layer", json!(16_000_000), "at most 1024 layers")]
#[case("n_layer", json!(3), "transformer.h.2.")]
#[case("n_layer", json!(0), "n_layer")]
#[case("n_embd", json!(0), "n_embd")]
#[case("n_embd", json!(16_000_000), "transformer.wte.weight")]
#[case("n_head", json!(5), "n_head = 5")]
#[case("vocab_size", json!("many"), "vocab_size")]
#[case("n_positions", json!(16_000_000), "transformer.wpe.weight")]
#[case("activation_function", json!("swiglu9"), "swiglu9")]
#[case("model_type", json!("zamba9"), "zamba9")]
#[case("model_type", json!(7), "model_type")]
fn a_wrong_value_is_named(#[case] key: &str, #[case] value: Value, #[case] named: &str) {
    let folder = copy("gpt2");
    configure(folder.path(), key, value);
    assert_says(&open_error(folder.path()), &[named]);
}

#[test]
fn an_unknown_family_is_told_the_known_ones() {
    let folder = copy("gpt2");
    configure(folder.path(), "model_type", json!("zamba9"));
    let message = open_error(folder.path());
    for family in FAMILIES {
        assert_says(&message, &["config.json", family.model_type]);
    }
}

#[rstest]
#[case("", "config.json")]
#[case("{", "line 1")]
#[case("[1, 2]", "JSON object")]
#[case("null", "JSON object")]
#[case("{}", "model_type")]
#[case("\u{0}\u{1}garbage", "config.json")]
fn garbage_in_place_of_a_configuration(#[case] text: &str, #[case] named: &str) {
    let folder = copy("gpt2");
    std::fs::write(folder.path().join("config.json"), text).expect("writes");
    assert_says(&open_error(folder.path()), &["config.json", named]);
}

#[test]
fn deeply_nested_json_does_not_overflow_the_stack() {
    for name in ["config.json", "tokenizer.json"] {
        let folder = copy("gpt2");
        std::fs::write(folder.path().join(name), "[".repeat(200_000)).expect("writes");
        assert_says(&open_error(folder.path()), &[name]);
    }
}

#[rstest]
#[case("config.json", "config.json")]
#[case("model.safetensors", "no model.safetensors")]
fn a_missing_file_is_named(#[case] file: &str, #[case] named: &str) {
    let folder = copy("gpt2");
    std::fs::remove_file(folder.path().join(file)).expect("removes");
    assert_says(&open_error(folder.path()), &[named]);
}

#[test]
fn a_folder_without_tokenizer_opens_and_says_so_when_it_is_asked_to_read() {
    let folder = copy("gpt2");
    std::fs::remove_file(folder.path().join("tokenizer.json")).ok();
    let model = open_folder(folder.path()).expect("opens");
    let error = model.tokenizer().expect_err("has none").to_string();
    assert_says(&error, &["tokenizer.json", "--ids"]);
}

#[rstest]
#[case("")]
#[case("{}")]
#[case("{\"model\": 3}")]
#[case("[[[[")]
fn a_broken_tokenizer_is_named(#[case] text: &str) {
    let folder = copy("gpt2");
    std::fs::write(folder.path().join("tokenizer.json"), text).expect("writes");
    assert_says(&open_error(folder.path()), &["tokenizer.json"]);
}

#[test]
fn pickles_are_refused_with_the_way_out() {
    let folder = copy("gpt2");
    let path = folder.path();
    std::fs::rename(path.join("model.safetensors"), path.join("pytorch_model.bin")).expect("renames");
    assert_says(&open_error(path), &["pytorch_model.bin", "safe_serialization"]);
}

/// Cuts the weights in two files with an index.
fn shard(folder: &Path) -> Value {
    let path = folder.join("model.safetensors");
    let all = tensors(&path);
    let names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
    let (first, second) = all.split_at(all.len() / 2);
    write_tensors(&folder.join(names[0]), first);
    write_tensors(&folder.join(names[1]), second);
    std::fs::remove_file(path).expect("removes");
    let in_file = |part: &[(String, Value, Vec<u8>)], file: &str| -> Vec<(String, Value)> {
        part.iter().map(|(name, ..)| (name.clone(), json!(file))).collect()
    };
    let map = in_file(first, names[0]).into_iter().chain(in_file(second, names[1]));
    json!({"metadata": {}, "weight_map": map.collect::<serde_json::Map<_, _>>()})
}

fn write_index(folder: &Path, index: &Value) {
    std::fs::write(folder.join("model.safetensors.index.json"), index.to_string()).expect("writes");
}

fn last_logits(model: &Model) -> Vec<f32> {
    let options = PassOptions::default();
    let trace = forward(&model.network, &Input::Tokens(&[5, 17, 9, 30]), &options, &Progress::unobserved());
    trace.expect("runs").last_logits().expect("logits").to_vec()
}

#[test]
fn shards_are_one_checkpoint() {
    let folder = copy("gpt2");
    let index = shard(folder.path());
    write_index(folder.path(), &index);
    let sharded = last_logits(&open_folder(folder.path()).expect("opens"));
    assert_eq!(sharded, last_logits(&open_folder(&golden("gpt2")).expect("opens")));
}

#[rstest]
#[case("../secret.safetensors")]
#[case("/etc/passwd")]
#[case("/")]
#[case("..")]
#[case(".")]
#[case("")]
#[case("sub/../../x")]
fn an_index_cannot_lead_out_of_the_folder(#[case] file: &str) {
    let folder = copy("gpt2");
    let mut index = shard(folder.path());
    index["weight_map"]["transformer.wte.weight"] = json!(file);
    write_index(folder.path(), &index);
    let message = open_error(folder.path());
    assert_says(&message, &["model.safetensors.index.json", "weight_map", file]);
}

#[rstest]
#[case("{")]
#[case("{}")]
#[case("[]")]
#[case("{\"weight_map\": {\"a\": 1}}")]
#[case("{\"weight_map\": {}}")]
fn a_broken_index_is_named(#[case] text: &str) {
    let folder = copy("gpt2");
    shard(folder.path());
    std::fs::write(folder.path().join("model.safetensors.index.json"), text).expect("writes");
    assert_says(&open_error(folder.path()), &["model.safetensors.index.json"]);
}

#[test]
fn a_missing_shard_is_named() {
    let folder = copy("gpt2");
    let index = shard(folder.path());
    write_index(folder.path(), &index);
    std::fs::remove_file(folder.path().join("model-00002-of-00002.safetensors")).expect("removes");
    assert_says(&open_error(folder.path()), &["model-00002-of-00002.safetensors"]);
}

#[test]
fn nothing_at_all_is_said_so() {
    let empty = tempfile::tempdir().expect("a folder");
    assert_says(&open_error(empty.path()), &["config.json", ".gguf"]);
    assert_says(&open::open("/no/such/model").expect_err("is refused").to_string(), &["/no/such/model"]);
    let file = empty.path().join("notes.txt");
    std::fs::write(&file, "hello").expect("writes");
    assert_says(&open_error(&file), &["notes.txt", "GGUF"]);
}

#[test]
fn inputs_that_do_not_fit_the_network_are_refused() {
    let model = open_folder(&golden("gpt2")).expect("opens");
    let run = |input: &Input<'_>, options: &PassOptions| {
        forward(&model.network, input, options, &Progress::unobserved()).expect_err("is refused").to_string()
    };
    let options = PassOptions::default();
    let maximum = model.network.maximum_tokens().expect("GPT-2 has a limit");
    assert_says(&run(&Input::Tokens(&[1, 999_999]), &options), &["999999", "wte.weight"]);
    assert_says(&run(&Input::Tokens(&[u32::MAX]), &options), &["4294967295"]);
    assert_says(&run(&Input::Tokens(&vec![1; maximum + 1]), &options), &[&maximum.to_string(), "shorten"]);
    assert_says(&run(&Input::Tokens(&[]), &options), &["no tokens"]);
    let image = ndarray::Array3::zeros((3, 8, 8));
    assert_says(&run(&Input::Image(image.view()), &options), &["reads text"]);
    let small = PassOptions { memory_limit: 1000, ..PassOptions::default() };
    assert_says(&run(&Input::Tokens(&[1, 2, 3]), &small), &["3 tokens", "limit"]);
    let write = |ids: &[u32]| {
        let writing = Writing { count: 3, sampling: &Sampling::default(), rules: &model.writing };
        generate(&model.network, &Input::Tokens(ids), &writing, &Progress::unobserved(), |_| true)
    };
    let error = write(&[999_999]);
    assert_says(&error.expect_err("is refused").to_string(), &["999999"]);
    let error = write(&[]);
    assert_says(&error.expect_err("is refused").to_string(), &["no tokens"]);
}

#[test]
fn a_decoder_checks_its_own_tokens() {
    let model = open_folder(&golden("t5")).expect("opens");
    let run = |tokens: &[u32], decoder: &[u32]| {
        let input = Input::Pair(tokens, decoder);
        forward(&model.network, &input, &PassOptions::default(), &Progress::unobserved())
    };
    assert!(run(&[1, 2], &[0, 1]).is_ok());
    assert_says(&run(&[1, 2], &[999_999]).expect_err("is refused").to_string(), &["999999"]);
    assert_says(&run(&[1, 2], &[]).expect_err("is refused").to_string(), &["no tokens"]);
}

#[test]
fn images_of_another_size_are_refused() {
    let model = open_folder(&golden("vit")).expect("opens");
    for shape in [(0, 0, 0), (3, 1, 1), (1, 400, 400)] {
        let image = ndarray::Array3::zeros(shape);
        let error = forward(
            &model.network,
            &Input::Image(image.view()),
            &PassOptions::default(),
            &Progress::unobserved(),
        );
        assert_says(&error.expect_err("is refused").to_string(), &["looks at images of"]);
    }
    let error =
        forward(&model.network, &Input::Tokens(&[1]), &PassOptions::default(), &Progress::unobserved());
    assert_says(&error.expect_err("is refused").to_string(), &["image file"]);
}

/// A tokenizer may know more tokens than the model has rows for.
#[test]
fn a_tokenizer_with_more_tokens_than_the_model_gives_an_error() {
    let folder = copy("bert");
    let path = folder.path().join("tokenizer.json");
    let text = std::fs::read_to_string(&path).expect("tokenizer.json");
    let mut tokenizer: Value = serde_json::from_str(&text).expect("JSON");
    let added = json!({"id": 500_000, "content": "zzz", "single_word": false, "lstrip": false,
        "rstrip": false, "normalized": false, "special": false});
    tokenizer["added_tokens"].as_array_mut().expect("a list").push(added);
    tokenizer["model"]["vocab"]["zzz"] = json!(500_000);
    std::fs::write(&path, tokenizer.to_string()).expect("writes");
    let model = open_folder(folder.path()).expect("opens");
    let tokens = model.tokenizer().expect("a tokenizer").encode("zzz").expect("tokens");
    assert!(tokens.ids.contains(&500_000));
    let error = forward(
        &model.network,
        &Input::Tokens(&tokens.ids),
        &PassOptions::default(),
        &Progress::unobserved(),
    );
    assert_says(&error.expect_err("is refused").to_string(), &["500000", "word_embeddings.weight"]);
}

#[rstest]
#[case(vec![], vec![0; 4])]
#[case(vec![0], vec![])]
#[case(vec![0, 4], vec![])]
#[case(vec![4, 0], vec![])]
#[case(vec![2, 0, 3], vec![])]
fn tensors_of_no_numbers_or_no_sizes_become_matrices(#[case] shape: Vec<usize>, #[case] bytes: Vec<u8>) {
    let tensor = Tensor::new("odd", shape.clone(), NumberType::F32, Bytes::from_vec(bytes));
    assert_eq!(tensor.to_f32().len(), tensor.len());
    assert_eq!(tensor.to_matrix().len(), tensor.len(), "{shape:?}");
}
