//! A model with a tower for texts and one for images.

use safetensors::SafeTensors;

use super::panels::number;
use super::refusals::{NO_ANSWER, USAGE, refusal};
use super::{answer, json};

fn clip() -> String {
    format!("{}/tests/fixtures/golden/transformers/clip", env!("CARGO_MANIFEST_DIR"))
}

fn image() -> String {
    format!("{}/tests/fixtures/images/black_and_white.png", env!("CARGO_MANIFEST_DIR"))
}

fn first(file: &[u8], name: &str) -> f32 {
    let tensors = SafeTensors::deserialize(file).unwrap();
    let data = tensors.tensor(name).unwrap_or_else(|error| panic!("{name}: {error}")).data();
    f32::from_le_bytes([data[0], data[1], data[2], data[3]])
}

#[test]
fn both_towers_stand_in_one_trace() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("trace.safetensors");
    let inputs = format!("{}/expected.safetensors", clip());
    answer(&["trace", "--model", &clip(), "--inputs", &inputs, "--to", to.to_str().unwrap()]);
    let (found, expected) = (std::fs::read(to).unwrap(), std::fs::read(&inputs).unwrap());
    let names = [
        "logits_per_image",
        "text_embeds",
        "image_embeds",
        "text_attention.1",
        "vision_attention.1",
        "text_hidden_state.2",
        "vision_hidden_state.2",
        "pixel_values",
    ];
    for name in names {
        let (found, expected) = (first(&found, name), first(&expected, &format!("0.{name}")));
        assert!((found - expected).abs() < 1e-5, "{name}: {found} instead of {expected}");
    }
}

#[test]
fn a_text_fits_an_image_as_well_as_transformers_says() {
    let inputs = format!("{}/expected.safetensors", clip());
    let found = json(&["predict", "--model", &clip(), "--inputs", &inputs]);
    let expected = first(&std::fs::read(&inputs).unwrap(), "0.logits_per_image");
    assert!((number(&found["logit"]) - f64::from(expected)).abs() < 1e-5);
    assert!(number(&found["cosine"]).abs() <= 1.0);
    let own = json(&["predict", "--model", &clip(), "the king", "--image", &image()]);
    assert_eq!(own["query"][0], "the king");
}

/// 32 pixels in patches of 8, behind a class token.
#[test]
fn an_image_alone_goes_to_the_tower_for_images() {
    let image = image();
    let alone = json(&["attend", "--model", &clip(), "--image", &image]);
    let named = json(&["attend", "--model", &format!("{}:image", clip()), "--image", &image]);
    assert_eq!(alone, named);
    assert_eq!(alone["model"], "clip:image");
    assert_eq!(alone["rows"].as_array().unwrap().len(), 17);
    let text = json(&["attend", "--model", &clip(), "the king"]);
    assert_eq!(text["model"], "clip");
}

#[test]
fn a_tower_says_what_it_does_not_read() {
    let (clip, image) = (clip(), image());
    let towers = format!("{clip}:image");
    let says = |code: i32, arguments: &[&str], expected: &str| {
        let message = refusal(code, arguments);
        assert!(message.contains(expected), "{arguments:?}: {message}");
    };
    says(USAGE, &["attend", "a", "--model", &towers], "looks at images, not at text");
    says(USAGE, &["attend", "a", "--image", &image, "--model", &towers], "leave :image out");
    says(USAGE, &["predict", "the king", "--model", &clip], "give both");
    says(NO_ANSWER, &["generate", "the king", "--model", &clip], "predict TEXT --image FILE");
    says(USAGE, &["attend", "a", "--model", "minilm-l6:image"], "one network alone");
    says(USAGE, &["attend", "a", "--image", &image, "--model", "minilm-l6"], "a tower for each");
}
