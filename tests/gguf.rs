//! GGUF files: every number type against what llama.cpp's own package makes of it, a whole model
//! against PyTorch, broken files; and 16-bit weights (tests/fixtures/gguf/build.py writes them all).

use std::path::{Path, PathBuf};

use lexiscope::mmap::Bytes;
use lexiscope::model::config::Config;
use lexiscope::model::forward::{Input, PassOptions, forward};
use lexiscope::model::gguf::{self, header};
use lexiscope::model::network::FIRST;
use lexiscope::model::weights::Weights;
use lexiscope::model::{Model, Network, Trace, families, open};
use lexiscope::progress::Progress;
use ndarray::{ArrayD, IxDyn};
use proptest::prelude::*;
use safetensors::SafeTensors;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn fixture(name: &str) -> PathBuf {
    fixtures().join("gguf").join(name)
}

fn array(file: &[u8], name: &str) -> Option<ArrayD<f32>> {
    let tensors = SafeTensors::deserialize(file).expect("whole");
    let view = tensors.tensor(name).ok()?;
    let numbers = view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    Some(ArrayD::from_shape_vec(IxDyn(view.shape()), numbers).expect("shape fits"))
}

fn run(network: &Network, ids: &[u32]) -> Trace {
    forward(network, &Input::Tokens(ids), &PassOptions::default(), &Progress::unobserved()).expect("runs")
}

#[test]
fn every_number_type_is_read_as_its_makers_read_it() {
    let path = fixture("blocks.gguf");
    let read = header::read(&path, &Bytes::map(&path).expect("maps")).expect("a header");
    let expected = std::fs::read(fixture("blocks.safetensors")).expect("expected");
    assert_eq!(read.tensors.len(), 16);
    for tensor in &read.tensors {
        let expected = array(&expected, tensor.name()).expect("there");
        assert_eq!(tensor.shape(), expected.shape(), "{}", tensor.name());
        // The scale of a group is rounded once more or less in f32, by the order of multiplication.
        let close = |found: f32, wanted: f32| (found - wanted).abs() <= 4e-7 * wanted.abs().max(1.0);
        let found = tensor.to_f32();
        for (place, (&found, &wanted)) in found.iter().zip(&expected).enumerate() {
            assert!(close(found, wanted), "{} at {place}: {found}, not {wanted}", tensor.name());
        }
        for row in 0..2 {
            let mut one = vec![0.0; 256];
            tensor.row_to_f32(row, &mut one);
            assert_eq!(one, found[256 * row..256 * (row + 1)], "{} row {row}", tensor.name());
        }
    }
}

#[test]
fn a_whole_llama_attends_as_in_pytorch() {
    let model = open::open(&fixture("llama.gguf").to_string_lossy()).expect("opens");
    let golden = std::fs::read(fixtures().join("golden/transformers/llama/expected.safetensors"));
    let golden = golden.expect("expected");
    let tensors = SafeTensors::deserialize(&golden).expect("whole");
    let ids = tensors.tensor("0.input_ids").expect("there");
    let ids: Vec<u32> =
        ids.data().chunks_exact(8).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    let trace = run(&model.network, &ids);
    let worst = |found: ndarray::ArrayViewD<'_, f32>, name: &str| {
        let expected = array(&golden, name).expect("there");
        assert_eq!(found.shape(), expected.shape());
        let differences = found.iter().zip(&expected).map(|(f, e)| (f - e).abs());
        differences.map(|d| if d.is_nan() { f32::INFINITY } else { d }).fold(0.0, f32::max)
    };
    for layer in 0..2 {
        let weights = trace.weights(FIRST, layer).expect("kept").view().into_dyn();
        assert!(worst(weights, &format!("0.attention.{layer}")) <= 1e-5);
    }
    assert!(worst(trace.logits.expect("logits").view().into_dyn(), "0.logits") <= 1e-5);
}

/// What the converter to GGUF does not write, or llama.cpp has in its source: see `architectures.rs`.
const NOT_SAID: &[(&str, &str)] = &[
    ("gemma2", r#"{"query_pre_attn_scalar": 12}"#),
    (
        "gemma3_text",
        r#"{"query_pre_attn_scalar": 12, "layer_types": ["sliding_attention", "sliding_attention"]}"#,
    ),
    ("smollm3", r#"{"no_rope_layer_interval": 4, "no_rope_layers": null}"#),
    ("starcoder2", r#"{"sliding_window": null}"#),
];

/// `tests/fixtures/gguf/architectures.py` wrote them.
#[test]
fn every_architecture_computes_what_its_folder_does() {
    let files = std::fs::read_dir(fixture("architectures")).expect("the folder");
    let mut count = 0;
    for path in files.map(|entry| entry.expect("an entry").path()) {
        let family = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let model = open::open(&path.to_string_lossy()).expect("opens");
        let other = model.remarks.iter().find(|remark| !remark.starts_with("the tokenizer is not read"));
        assert_eq!(other, None, "{family}");
        let folder = fixtures().join("golden/transformers").join(&family);
        let text = std::fs::read_to_string(folder.join("config.json")).expect("config.json");
        let mut config: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        for (_, changes) in NOT_SAID.iter().filter(|(other, _)| *other == family) {
            let changes: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(changes).expect("JSON");
            changes.into_iter().for_each(|(key, value)| config[key] = value);
        }
        let weights = folder.join("model.safetensors");
        let bytes = Bytes::map(&weights).expect("maps");
        let weights = Weights::from_files(&[(weights, bytes)]).expect("weights");
        let expected = families::bind(&Config::from_value(&folder, config), &weights).expect("binds");
        let ids: Vec<u32> = (0..23).map(|index| (index * 37 + 5) % 250).collect();
        let (found, expected) = (run(&model.network, &ids), run(&expected, &ids));
        for (layer, (found, expected)) in
            found.hidden_states().iter().zip(expected.hidden_states()).enumerate()
        {
            let worst = (found - expected).iter().map(|difference| difference.abs()).fold(0.0, f32::max);
            assert!(worst <= 1e-5 && found.iter().all(|x| x.is_finite()), "{family} {layer}: {worst}");
        }
        assert_eq!(found.hidden_states().len(), expected.hidden_states().len());
        if let (Some(found), Some(expected)) = (&found.logits, &expected.logits) {
            let worst = (found - expected).iter().map(|difference| difference.abs()).fold(0.0, f32::max);
            assert!(worst <= 1e-5, "{family}: logits differ by {worst}");
        }
        // The head of a masked BERT has no place in GGUF.
        assert_eq!(found.logits.is_some(), family != "bert", "{family}");
        count += 1;
    }
    assert_eq!(count, 12);
}

/// `tests/fixtures/gguf/vocabularies.py` wrote them, with what the vocabularies' own tools make of texts.
#[test]
fn pieces_are_those_of_their_own_tools() {
    for name in ["sentencepiece", "without_prefix", "bert"] {
        let checkpoint = gguf::read(&fixture(&format!("vocabularies/{name}.gguf"))).expect("reads");
        let tokenizer = checkpoint.tokenizer.unwrap_or_else(|| panic!("{name}: {:?}", checkpoint.remarks));
        let cases = std::fs::read(fixture(&format!("vocabularies/{name}.json"))).expect("the file");
        let cases: serde_json::Value = serde_json::from_slice(&cases).expect("JSON");
        for case in cases.as_array().expect("a list") {
            let text = case["text"].as_str().expect("a text");
            let expected: Vec<u32> = serde_json::from_value(case["ids"].clone()).expect("ids");
            assert_eq!(tokenizer.encode(text).expect("tokens").ids, expected, "{name}: {text:?}");
        }
        let ids = tokenizer.encode("the king and the queen").expect("tokens").ids;
        assert_eq!(tokenizer.decode(&ids).expect("a text"), "the king and the queen", "{name}");
    }
}

#[test]
fn a_model_in_several_files_is_whole() {
    let folder = fixture("shards");
    let whole = open::open(&fixture("llama.gguf").to_string_lossy()).expect("opens");
    let expected = run(&whole.network, &[5, 17, 9, 30]).logits;
    for number in 1..=3 {
        let path = folder.join(format!("llama-{number:05}-of-00003.gguf"));
        let model = open::open(&path.to_string_lossy()).expect("opens");
        assert_eq!(run(&model.network, &[5, 17, 9, 30]).logits, expected, "from file {number}");
    }
    let copied = tempfile::tempdir().expect("a folder");
    let first = copied.path().join("llama-00001-of-00003.gguf");
    std::fs::copy(folder.join("llama-00001-of-00003.gguf"), &first).expect("copies");
    let error = open::open(&first.to_string_lossy()).expect_err("two are missing").to_string();
    assert!(error.contains("llama-00002-of-00003.gguf"), "{error}");
    let alone = copied.path().join("llama.gguf");
    std::fs::copy(&first, &alone).expect("copies");
    let error = open::open(&alone.to_string_lossy()).expect_err("its name is another").to_string();
    assert!(error.contains("-00001-of-00003.gguf"), "{error}");
}

#[test]
fn a_big_endian_file_is_called_so() {
    let error = open_bytes(&[&b"GGUF"[..], &3u32.to_be_bytes(), &[0; 64]].concat()).expect_err("is refused");
    assert!(error.contains("big-endian"), "{error}");
}

fn gpt2(weights: &str) -> Network {
    let path = fixtures().join("golden/transformers/gpt2/config.json");
    let config = Config::parse(&path, &std::fs::read_to_string(&path).expect("config.json")).expect("config");
    let path = fixture(weights);
    let bytes = Bytes::map(&path).expect("maps");
    families::bind(&config, &Weights::from_files(&[(path, bytes)]).expect("weights")).expect("binds")
}

#[test]
fn sixteen_bit_weights_equal_the_same_numbers_as_f32() {
    for kind in ["half", "bfloat"] {
        let short = run(&gpt2(&format!("{kind}.safetensors")), &[5, 17, 9, 30]);
        let long = run(&gpt2(&format!("{kind}_rounded.safetensors")), &[5, 17, 9, 30]);
        assert_eq!(short.logits, long.logits, "{kind}");
        for layer in 0..2 {
            assert_eq!(short.weights(FIRST, layer), long.weights(FIRST, layer), "{kind}");
        }
    }
    let whole = open::open(&fixtures().join("golden/transformers/gpt2").to_string_lossy()).expect("opens");
    let rounded = run(&gpt2("bfloat.safetensors"), &[5, 17, 9, 30]);
    assert_ne!(run(&whole.network, &[5, 17, 9, 30]).logits, rounded.logits, "the fixture is rounded");
}

/// Opens bytes as a GGUF file through a real file; the model is thrown away.
fn open_bytes(bytes: &[u8]) -> Result<(), String> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("broken.gguf");
    std::fs::write(&path, bytes).expect("writes");
    gguf::read(&path).and_then(Model::bind).map(|_| ()).map_err(|error| error.to_string())
}

/// The bytes before the tensors' data, and the whole file.
fn whole() -> (usize, Vec<u8>) {
    let path = fixture("llama.gguf");
    let whole = std::fs::read(&path).expect("reads");
    let read = header::read(&path, &Bytes::map(&path).expect("maps")).expect("a header");
    let numbers: usize = read.tensors.iter().map(|tensor| 4 * tensor.len()).sum();
    (whole.len() - numbers, whole)
}

#[test]
fn a_file_cut_short_anywhere_is_refused_by_name() {
    let (header, whole) = whole();
    let places = (0..header).chain((header..whole.len()).step_by(4099)).chain([whole.len() - 1]);
    for length in places {
        let error = open_bytes(&whole[..length]).expect_err("is refused");
        assert!(error.contains("broken.gguf"), "{length}: {error}");
    }
    assert_eq!(open_bytes(&whole), Ok(()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Any bytes changed in the header: an error that names the file, or another model; no panic.
    #[test]
    fn a_changed_header_never_panics(changes in prop::collection::vec((0usize..100_000, any::<u8>()), 1..6)) {
        let (header, mut whole) = whole();
        for (place, byte) in changes {
            whole[place % header] = byte;
        }
        if let Err(error) = open_bytes(&whole) {
            prop_assert!(error.contains("broken.gguf"), "{error}");
        }
    }

    /// Counts, lengths and sizes set to huge values.
    #[test]
    fn a_huge_count_never_allocates(place in 0usize..100_000, huge in prop::sample::select(
        vec![u64::MAX, u64::MAX / 2, 1 << 62, 1 << 40, 1 << 32, u64::from(u32::MAX), 0])) {
        let (header, mut whole) = whole();
        let place = place % (header - 8);
        whole[place..place + 8].copy_from_slice(&huge.to_le_bytes());
        if let Err(error) = open_bytes(&whole) {
            prop_assert!(error.contains("broken.gguf"), "{error}");
        }
    }
}
