//! The commands of models and attention, on the shipped model and on the golden ones.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use safetensors::SafeTensors;
use serde_json::Value;

use super::refusals::{FILE, NO_ANSWER, USAGE, refusal};
use super::{answer, json};

const TEXT: &str = "the cat sat on the mat because it was tired";
const FORMATS: [&str; 4] = ["plain", "json", "csv", "tsv"];

/// A golden model folder.
fn model(family: &str) -> PathBuf {
    let copy = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/golden");
    let root = std::env::var_os("LEXISCOPE_GOLDEN").map_or(copy, PathBuf::from);
    root.join("transformers").join(family)
}

fn name(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// Runs a command on a golden model.
fn of(family: &str, arguments: &[&str]) -> Value {
    json(&[arguments, &["--model", &name(&model(family))]].concat())
}

#[test]
fn it_looks_at_the_cat() {
    let found = json(&["attend", TEXT, "--layer", "5", "--head", "11"]);
    let keys: Vec<&String> = found.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["query", "model", "view", "layer", "head", "rows", "columns", "values"]);
    let place = |word: &str| {
        found["rows"].as_array().unwrap().iter().position(|token| token == word).expect("a token")
    };
    let weight = found["values"][place("it")][place("cat")].as_f64().unwrap();
    assert!((weight - 0.683).abs() < 0.04, "{weight}");
    for row in found["values"].as_array().unwrap() {
        let sum: f64 = row.as_array().unwrap().iter().map(|weight| weight.as_f64().unwrap()).sum();
        assert!((sum - 1.0).abs() < 1e-4, "{sum}");
    }
}

#[test]
fn a_map_says_the_same_in_every_format_and_fits_the_terminal() {
    for view in ["weights", "scores", "norm", "mean", "rollout"] {
        let mut command = vec!["attend", TEXT, "--view", view, "--layer", "2"];
        if !matches!(view, "mean" | "rollout") {
            command.extend(["--head", "3"]);
        }
        let values = json(&command)["values"].clone();
        for (format, separator) in [("csv", ','), ("tsv", '\t')] {
            let text = answer(&[&command[..], &["--format", format]].concat());
            let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(separator).collect()).collect();
            assert_eq!(lines[0][..4], ["query", "query_label", "key", "key_label"], "{view}");
            assert_eq!(lines.len(), 12 * 12 + 1, "{view}");
            for line in &lines[1..] {
                let (row, column): (usize, usize) = (line[0].parse().unwrap(), line[2].parse().unwrap());
                assert_eq!(line[4].parse::<f64>().unwrap(), values[row][column].as_f64().unwrap(), "{view}");
            }
        }
        let plain = answer(&command);
        assert!(plain.lines().all(|line| line.chars().count() <= 80), "{view}\n{plain}");
    }
}

#[test]
fn every_list_command_answers_in_every_format() {
    let commands: [&[&str]; 4] = [
        &["heads", TEXT],
        &["tokens", TEXT],
        &["models"],
        &["positions", "--count", "8", "--dimensions", "6"],
    ];
    for command in commands {
        for format in FORMATS {
            let text = answer(&[command, &["--format", format]].concat());
            assert!(text.lines().count() > 1, "{command:?} {format}: {text}");
        }
    }
    let heads = json(&["heads", TEXT]);
    assert_eq!(heads["heads"].as_array().unwrap().len(), 72);
    // Layer 0 head 2 of MiniLM looks at the token before (0.9996 in f32).
    assert_eq!(heads["heads"][2]["label"], "previous token", "{}", heads["heads"][2]);
    assert_eq!(json(&["tokens", TEXT])["tokens"][10]["token"], "tired");
    let shipped = json(&["models"])["models"][0].clone();
    assert_eq!((shipped["name"].as_str(), shipped["heads"].as_u64()), (Some("minilm-l6"), Some(12)));
}

#[test]
fn changes_are_shown_before_and_after() {
    let found = json(&["attend", TEXT, "--layer", "5", "--head", "11", "--off", "0.2,1.3", "--hide", "cat"]);
    let plain = json(&["attend", TEXT, "--layer", "5", "--head", "11"]);
    assert_eq!(found["before"], plain["values"]);
    assert_ne!(found["before"], found["values"]);
    // Nobody but the token itself sees a hidden one.
    assert_eq!(found["values"][8][2], 0.0);
    assert!(found["values"][2][2].as_f64().unwrap() > 0.0);
    assert!(plain.get("sentence_cosine").is_none());
    // A head of the last layer changes no map, only what comes out.
    let last = json(&["attend", TEXT, "--layer", "5", "--head", "11", "--off", "5.11"]);
    assert_eq!(last["before"], last["values"]);
    assert!((0.5..0.9999).contains(&last["sentence_cosine"].as_f64().unwrap()));
}

#[test]
fn a_drawing_is_well_formed_xml() {
    let hostile = "<b> & \"quotes\" 'too' \u{1}";
    for text in [TEXT, hostile] {
        let svg = answer(&["attend", text, "--layer", "0", "--head", "0", "--format", "svg", "--hide", "1"]);
        check_xml(&svg);
        assert!(svg.contains("before") && svg.contains("after") && svg.contains("weight"), "{svg}");
    }
    check_xml(&answer(&["positions", "--kind", "alibi", "--format", "svg"]));
}

#[test]
fn methods_are_shown_without_a_model_that_uses_them() {
    let shape = |arguments: &[&str]| json(arguments)["shape"].clone();
    // Buckets are the same for every T5; what is learned for them is not.
    let buckets = json(&["positions", "--kind", "t5", "--count", "65"]);
    assert_eq!(
        (buckets["values"][0][63].as_f64(), buckets["values"][0][65].as_f64()),
        (Some(1.0), Some(17.0))
    );
    assert_eq!(buckets["by_distance"][128], serde_json::json!({"distance": 64, "bucket": 30.0}));
    // The model's own width, unless another is asked for.
    assert_eq!(shape(&["positions", "--kind", "sinusoidal"]), serde_json::json!([64, 384]));
    assert_eq!(
        shape(&["positions", "--kind", "sinusoidal", "--dimensions", "6"]),
        serde_json::json!([64, 6])
    );
    // Cosines, then sines.
    let rotary = json(&["positions", "--kind", "rotary", "--dimensions", "4", "--count", "3"]);
    let row: Vec<f64> = rotary["values"][2].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
    let expected = [2f64.cos(), 0.02f64.cos(), 2f64.sin(), 0.02f64.sin()];
    row.iter()
        .zip(expected)
        .for_each(|(found, expected)| assert!((found - expected).abs() < 2e-6, "{row:?}"));
}

/// Every tag closes, attributes are quoted, and no bare `&` or `<` stands in text.
fn check_xml(text: &str) {
    let mut rest = text.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>").expect("a declaration");
    let mut open: Vec<&str> = Vec::new();
    while let Some((before, after)) = rest.split_once('<') {
        assert!(open.is_empty() == before.trim().is_empty() || !open.is_empty(), "text outside: {before:?}");
        for entity in before.split('&').skip(1) {
            let (entity, _) = entity.split_once(';').expect("an entity ends");
            assert!(["lt", "gt", "amp", "quot", "apos"].contains(&entity), "{entity}");
        }
        let (tag, after) = after.split_once('>').expect("a tag ends");
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        rest = after;
        match (tag.strip_prefix('/'), tag.ends_with('/')) {
            (Some(name), _) => assert_eq!(open.pop(), Some(name)),
            (None, true) => {}
            (None, false) => open.push(tag.split(' ').next().unwrap_or(tag)),
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "{open:?} {rest:?}");
}

/// The tensors of a file, as shapes and f32 numbers; integers are converted.
fn tensors(path: &Path) -> BTreeMap<String, (Vec<usize>, Vec<f32>)> {
    let bytes = fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let numbers = |view: &safetensors::tensor::TensorView<'_>| -> Vec<f32> {
        match view.dtype() {
            safetensors::Dtype::F32 => {
                view.data().chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
            }
            safetensors::Dtype::I64 => view
                .data()
                .chunks_exact(8)
                .map(|b| i64::from_le_bytes(b.try_into().unwrap()) as f32)
                .collect(),
            other => panic!("{other:?}"),
        }
    };
    file.tensors().iter().map(|(name, view)| (name.clone(), (view.shape().to_vec(), numbers(view)))).collect()
}

#[test]
fn a_trace_has_what_pytorch_computes() {
    let folder = tempfile::tempdir().unwrap();
    for family in ["bert", "gpt2", "llama", "t5"] {
        let expected = tensors(&model(family).join("expected.safetensors"));
        let ids: Vec<String> = expected["0.input_ids"].1.iter().map(|id| id.to_string()).collect();
        let to = folder.path().join(format!("{family}.safetensors"));
        let found = of(family, &["trace", "--ids", &ids.join(","), "--to", &name(&to)]);
        assert_eq!(found["bytes"].as_u64(), Some(fs::metadata(&to).unwrap().len()), "{family}");
        check_trace(family, &expected, &tensors(&to));
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4, "nothing is left beside the files");
}

#[test]
fn an_image_is_traced_from_its_pixels() {
    let folder = tempfile::tempdir().unwrap();
    let expected = tensors(&model("vit").join("expected.safetensors"));
    let (shape, numbers) = &expected["0.pixel_values"];
    let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.clone(), &bytes).unwrap();
    let pixels = folder.path().join("pixels.safetensors");
    safetensors::serialize_to_file([("pixel_values", view)], None, &pixels).unwrap();
    let to = folder.path().join("trace.safetensors");
    of("vit", &["trace", "--pixels", &name(&pixels), "--to", &name(&to)]);
    check_trace("vit", &expected, &tensors(&to));
}

/// An image file, recorded by tests/fixtures/images/record.py.
fn image(file: &str) -> String {
    name(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/images").join(file))
}

#[test]
fn an_image_file_is_looked_at() {
    let path = image("photo.jpg");
    let map = of("vit", &["attend", "--image", &path, "--layer", "1", "--head", "2", "--off", "0.1"]);
    assert_eq!((map["query"].as_str(), map["rows"].as_array().unwrap().len()), (Some(path.as_str()), 17));
    assert_eq!((map["rows"][0].as_str(), map["columns"][16].as_str()), (Some("class"), Some("3,3")));
    assert_ne!(map["before"], map["values"]);
    assert_eq!(of("vit", &["heads", "--image", &path])["heads"].as_array().unwrap().len(), 8);
    let classes = of("vit", &["predict", "--image", &path, "-k", "5"]);
    let classes: Vec<&str> =
        classes["results"].as_array().unwrap().iter().map(|class| class["token"].as_str().unwrap()).collect();
    assert_eq!(classes.len(), 5);
    assert!(classes.iter().all(|class| class.starts_with("LABEL_")), "{classes:?}");
}

#[test]
fn an_image_is_traced_from_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("trace.safetensors");
    of("vit", &["trace", "--image", &image("photo.png"), "--to", &name(&to)]);
    let recorded = tensors_of_type_f32(Path::new(&image("expected.safetensors")), "pixels.vit");
    let (shape, found) = &tensors(&to)["pixel_values"];
    assert_eq!(shape[shape.len() - 3..], [3, 32, 32]);
    let worst = found.iter().zip(&recorded).map(|(f, e)| (f - e).abs()).fold(0.0, larger_or_nan);
    assert!(worst <= 1e-6 && found.len() == recorded.len(), "{worst}");
}

/// One tensor of a file that has some of other types too.
fn tensors_of_type_f32(path: &Path, tensor: &str) -> Vec<f32> {
    let bytes = fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let data = file.tensor(tensor).unwrap().data().to_vec();
    data.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
}

fn check_trace(
    family: &str,
    expected: &BTreeMap<String, (Vec<usize>, Vec<f32>)>,
    found: &BTreeMap<String, (Vec<usize>, Vec<f32>)>,
) {
    let mut compared = 0;
    for (name, (shape, numbers)) in
        expected.iter().filter_map(|(name, it)| Some((name.strip_prefix("0.")?, it)))
    {
        let (found_shape, found) = found.get(name).unwrap_or_else(|| panic!("{family}: {name} is missing"));
        assert_eq!(found_shape, shape, "{family}: {name}");
        let worst = found.iter().zip(numbers).map(|(f, e)| (f - e).abs()).fold(0.0, larger_or_nan);
        assert!(worst <= 1e-5, "{family}: {name} differs by {worst}");
        compared += 1;
    }
    assert!(compared > 4, "{family}: {compared} tensors compared");
}

#[test]
fn models_predict_what_they_can() {
    let next = of("gpt2", &["predict", "--ids", "5,6,7", "-k", "3"]);
    let results = next["results"].as_array().unwrap();
    assert_eq!(results.len(), 3);
    assert_eq!(results[0]["position"], 3);
    assert!(results[0]["probability"].as_f64() >= results[1]["probability"].as_f64());
    let written = of("gpt2", &["predict", "--ids", "5,6,7", "--generate", "4"]);
    assert_eq!(written["tokens"][0]["id"], results[0]["id"], "greedy takes the likeliest");
    let sampled = |seed: &str| {
        of("gpt2", &["predict", "--ids", "5,6,7", "--generate", "6", "--temperature", "2", "--seed", seed])
    };
    assert_eq!(sampled("3"), sampled("3"));
    let layers = of("gpt2", &["predict", "--ids", "5,6,7", "--lens", "-k", "1"]);
    let last = layers["results"].as_array().unwrap().last().unwrap();
    assert_eq!(last["id"], results[0]["id"], "the last layer predicts what the model predicts");
}

#[test]
fn what_cannot_be_asked_of_a_model_is_refused() {
    let check = |code, arguments: &[&str], part: &str| {
        let message = refusal(code, arguments);
        assert!(message.contains(part), "{arguments:?}: {message}");
    };
    check(USAGE, &["attend", TEXT, "--layer", "6", "--head", "0"], "0 to 5");
    check(USAGE, &["attend", TEXT, "--layer", "5", "--head", "12"], "0 to 11");
    check(USAGE, &["attend", TEXT, "--view", "weights"], "--head 11");
    check(USAGE, &["attend", TEXT, "--view", "rollout", "--head", "1"], "leave --head out");
    check(USAGE, &["attend", TEXT, "--off", "5"], "LAYER.HEAD");
    check(USAGE, &["attend", TEXT, "--off", "6.0"], "0 to 5");
    check(USAGE, &["attend", TEXT, "--hide", "dog"], "cat");
    check(USAGE, &["attend", TEXT, "--stack", "cross"], "no decoder");
    check(USAGE, &["attend", ""], "empty");
    check(USAGE, &["heads"], "--ids");
    check(USAGE, &["heads", &"word ".repeat(600)], "512");
    check(NO_ANSWER, &["predict", "the [MASK] sat", "--model", "minilm-l6"], "predicts nothing");
    check(NO_ANSWER, &["positions", "--kind", "learned", "--model", &name(&model("t5"))], "it uses T5");
    check(FILE, &["tokens", "hi", "--model", "no/such-model"], "minilm-l6");
    let empty = tempfile::tempdir().unwrap();
    check(FILE, &["tokens", "hi", "--model", &name(empty.path())], "config.json");
    check(FILE, &["trace", "hi", "--to", &name(empty.path())], "folder");
    let vit = name(&model("vit"));
    check(USAGE, &["attend", "hi", "--model", &vit], "--image FILE");
    let photo = image("photo.png");
    check(USAGE, &["attend", &photo, "--model", &vit], &format!("--image \"{photo}\""));
    check(USAGE, &["attend", "--image", &photo], "reads text");
    check(FILE, &["attend", "--image", "no/cat.png", "--model", &vit], "no/cat.png");
    check(FILE, &["predict", "--image", &name(empty.path()), "--model", &vit], "folder");
    check(FILE, &["predict", "--image", &image("record.py"), "--model", &vit], "only PNG and JPEG");
}

#[test]
fn a_model_without_a_tokenizer_takes_ids_only() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["config.json", "model.safetensors"] {
        fs::copy(model("gpt2").join(file), folder.path().join(file)).unwrap();
    }
    let path = name(folder.path());
    let message = refusal(USAGE, &["tokens", "hi", "--model", &path]);
    assert!(message.contains("tokenizer.json") && message.contains("--ids"), "{message}");
    let found = json(&["attend", "--ids", "5,6,7", "--model", &path]);
    assert_eq!(found["rows"], serde_json::json!(["5", "6", "7"]));
}

#[test]
fn heads_are_told_by_the_detector_too() {
    let name = model("llama").display().to_string();
    let text = ["--ids", "5,6,7,5,6,8", "--model", &name];
    let found = json(&[&["heads", "--detectors"][..], &text].concat());
    let map = json(&[&["attend", "--layer", "1", "--head", "2"][..], &text].concat());
    let weight = |i: usize, j: usize| map["values"][i][j].as_f64().unwrap();
    let sum = |places: &[(usize, usize)]| places.iter().map(|&(i, j)| weight(i, j)).sum::<f64>();
    let all: Vec<(usize, usize)> = (0..6).flat_map(|i| (0..6).map(move |j| (i, j))).collect();
    let head = &found["heads"].as_array().unwrap()[4 + 2];
    assert_eq!((&head["layer"], &head["head"]), (&1.into(), &2.into()));
    for (detector, places) in [
        ("previous_token_head", &[(1, 0), (2, 1), (3, 2), (4, 3), (5, 4)][..]),
        ("duplicate_token_head", &[(3, 0), (4, 1)]),
        ("induction_head", &[(3, 1), (4, 2)]),
    ] {
        let expected = sum(places) / sum(&all);
        assert!((head[detector].as_f64().unwrap() - expected).abs() < 1e-5, "{detector}: {head}");
    }
}

/// The class token is left out, and what a patch gives to the others makes 1.
#[test]
fn heads_of_an_image_look_so_many_pixels_far() {
    let path = image("photo.jpg");
    let found = of("vit", &["heads", "--image", &path]);
    let map = of("vit", &["attend", "--image", &path, "--layer", "0", "--head", "1"]);
    let rows = map["values"].as_array().unwrap();
    let side = ((rows.len() - 1) as f64).sqrt() as usize;
    let config = std::fs::read_to_string(model("vit").join("config.json")).unwrap();
    let patch = serde_json::from_str::<serde_json::Value>(&config).unwrap()["patch_size"].as_f64().unwrap();
    let place = |token: usize| (((token - 1) / side) as f64, ((token - 1) % side) as f64);
    let mut mean = 0.0;
    for (i, row) in rows.iter().enumerate().skip(1) {
        let (mut total, mut sum) = (0.0, 0.0);
        for (j, weight) in row.as_array().unwrap().iter().enumerate().skip(1) {
            let weight = weight.as_f64().unwrap();
            let ((y, x), (v, u)) = (place(i), place(j));
            total += weight;
            sum += weight * (y - v).hypot(x - u);
        }
        mean += patch * sum / total / (rows.len() - 1) as f64;
    }
    let head = &found["heads"][1];
    assert!((head["mean_distance_in_pixels"].as_f64().unwrap() - mean).abs() < 1e-3 * mean, "{head}");
}

/// The larger of two, or NaN where one is: `max` would pass over it.
fn larger_or_nan(one: f32, other: f32) -> f32 {
    if one.is_nan() || one >= other { one } else { other }
}
