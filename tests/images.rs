//! Image files for vision transformers: the numbers of Pillow and of Hugging Face's image
//! processors (tests/fixtures/images), and files that are not what they should be.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use lexiscope::model::image::{
    Filter, LONGEST_SIDE, MOST_PIXELS, Picture, Preparation, Size, decode, patch_tokens, prepare, read,
    resize,
};
use lexiscope::model::{Model, open};
use rstest::rstest;
use safetensors::{Dtype, SafeTensors};

mod support;
use support::{fixture, golden, json};

/// The side of the images that the recorded processors make.
const SIDE: usize = 32;

fn image(name: &str) -> PathBuf {
    fixture("images").join(name)
}

/// The recorded tensors: shape and bytes.
fn expected() -> BTreeMap<String, (Vec<usize>, Vec<u8>)> {
    let bytes = fs::read(image("expected.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let tensor = |name: &String, view: &safetensors::tensor::TensorView<'_>| {
        assert!(matches!(view.dtype(), Dtype::U8 | Dtype::F32), "{name}");
        (view.shape().to_vec(), view.data().to_vec())
    };
    file.tensors().iter().map(|(name, view)| (name.clone(), tensor(name, view))).collect()
}

/// What Pillow has for one image, as a picture.
fn recorded(name: &str) -> Picture {
    let (shape, bytes) = expected().remove(name).unwrap_or_else(|| panic!("{name} is not recorded"));
    Picture { width: shape[1], height: shape[0], bytes }
}

/// The image that tests/fixtures/images/record.py resizes.
fn pattern() -> Picture {
    let (width, height) = (61, 37);
    let mut bytes = Vec::new();
    for y in 0..height {
        for x in 0..width {
            for channel in 0..3 {
                let value = x * 7 + y * 13 + channel * 31 + (x * y) % 17 * 11 + (x / 9 + y / 7) % 2 * 120;
                bytes.push((value % 256) as u8);
            }
        }
    }
    Picture { width, height, bytes }
}

#[rstest]
fn a_png_of_any_kind_reads_as_in_pillow(
    #[values(
        "black_and_white",
        "grey",
        "grey16",
        "grey_alpha",
        "grey_alpha16",
        "interlaced",
        "palette",
        "photo",
        "rgb16",
        "rgb_alpha",
        "rgb_alpha16"
    )]
    name: &str,
) {
    let name = format!("{name}.png");
    assert_eq!(read(&image(&name)).unwrap(), recorded(&format!("rgb.{name}")));
}

/// The standard of JPEG leaves the decoder some freedom in rounding, so a few levels may differ.
#[rstest]
#[case("fine.jpg", 2)]
#[case("grey.jpg", 1)]
#[case("photo.jpg", 3)]
#[case("progressive.jpg", 3)]
#[case("cmyk.jpg", 2)]
fn a_jpeg_reads_nearly_as_in_pillow(#[case] name: &str, #[case] most: u8) {
    let (found, expected) = (read(&image(name)).unwrap(), recorded(&format!("rgb.{name}")));
    assert_eq!((found.width, found.height), (expected.width, expected.height));
    let gaps: Vec<u8> = found.bytes.iter().zip(&expected.bytes).map(|(f, e)| f.abs_diff(*e)).collect();
    let worst = gaps.iter().max().unwrap();
    let mean = gaps.iter().map(|&gap| f64::from(gap)).sum::<f64>() / gaps.len() as f64;
    assert!(*worst <= most && mean < 0.5, "{worst} at most, {mean} in the mean");
}

#[rstest]
fn resizing_gives_the_bytes_of_pillow(#[values("bilinear", "bicubic")] filter: &str) {
    let kind = if filter == "bilinear" { Filter::Bilinear } else { Filter::Bicubic };
    let prefix = format!("resize.{filter}.");
    let mut compared = 0;
    for name in expected().keys().filter(|name| name.starts_with(&prefix)) {
        let expected = recorded(name);
        assert_eq!(resize(&pattern(), expected.width, expected.height, kind), expected, "{name}");
        compared += 1;
    }
    assert_eq!(compared, 6);
}

#[test]
fn prepared_pixels_are_those_of_the_processors() {
    let settings = json(&image("processors.json"));
    let expected = expected();
    let picture = read(&image("photo.png")).unwrap();
    for (name, settings) in settings.as_object().unwrap() {
        let text = settings.to_string();
        let preparation = Preparation::parse(Path::new("preprocessor_config.json"), &text, SIDE).unwrap();
        let found = preparation.numbers(&preparation.fit(&picture).unwrap());
        let (shape, bytes) = &expected[&format!("pixels.{name}")];
        assert_eq!(found.shape(), shape, "{name}");
        for (place, (found, bytes)) in found.iter().zip(bytes.chunks_exact(4)).enumerate() {
            let expected = f32::from_le_bytes(bytes.try_into().unwrap());
            assert!((found - expected).abs() <= 1e-6, "{name}, number {place}: {found}, not {expected}");
        }
    }
    assert_eq!(settings.as_object().unwrap().len(), 10);
}

#[test]
fn a_model_without_settings_gets_those_of_vit() {
    let preparation = Preparation::of(Some(&golden("transformers/vit")), SIDE).unwrap();
    assert_eq!(preparation.resize, Some(Size::Exactly { height: SIDE, width: SIDE }));
    assert_eq!((preparation.filter, preparation.crop), (Filter::Bilinear, None));
    assert_eq!(preparation.factor, Some(1.0 / 255.0));
    assert_eq!(preparation.statistics, Some(([0.5; 3], [0.5; 3])));
    assert_eq!(Preparation::of(None, SIDE).unwrap().resize, preparation.resize);
}

/// What a file leaves out is as in the processor that it names.
#[test]
fn processors_have_settings_of_their_own() {
    let of = |name: &str, key: &str| {
        let text = serde_json::json!({ key: name }).to_string();
        Preparation::parse(Path::new("preprocessor_config.json"), &text, SIDE)
    };
    let exactly = |side| Some(Size::Exactly { height: side, width: side });
    let clip_mean = [0.481_454_66, 0.457_827_5, 0.408_210_73];
    for (name, resize, crop, filter, mean) in [
        ("ViTImageProcessor", exactly(SIDE), None, Filter::Bilinear, [0.5; 3]),
        ("ViTImageProcessorFast", exactly(SIDE), None, Filter::Bilinear, [0.5; 3]),
        ("DeiTImageProcessor", exactly(256), Some((224, 224)), Filter::Bicubic, [0.5; 3]),
        ("SiglipImageProcessor", exactly(224), None, Filter::Bicubic, [0.5; 3]),
        ("CLIPImageProcessor", Some(Size::ShortestEdge(224)), Some((224, 224)), Filter::Bicubic, clip_mean),
        ("BitImageProcessorPil", Some(Size::ShortestEdge(224)), Some((224, 224)), Filter::Bicubic, clip_mean),
    ] {
        let found = of(name, "image_processor_type").unwrap();
        assert_eq!((found.resize, found.crop, found.filter), (resize, crop, filter), "{name}");
        assert_eq!(found.statistics.unwrap().0, mean, "{name}");
    }
    let old = of("DeiTFeatureExtractor", "feature_extractor_type").unwrap();
    assert_eq!(old.crop, Some((224, 224)));
    let error = of("ConvNextImageProcessor", "image_processor_type").unwrap_err().to_string();
    assert!(error.contains("ConvNextImageProcessor") && error.contains("--pixels"), "{error}");
}

#[test]
fn settings_that_cannot_be_followed_are_named() {
    let refusal = |text: &str| {
        let path = Path::new("model/preprocessor_config.json");
        let preparation = Preparation::parse(path, text, SIDE);
        let error = preparation.and_then(|preparation| preparation.fit(&pattern())).unwrap_err().to_string();
        assert!(error.contains("model/preprocessor_config.json"), "{error}");
        error
    };
    for (text, parts) in [
        (r#"{"resample": 1}"#, ["resample", "bicubic"]),
        (r#"{"resample": "bilinear"}"#, ["resample", "bicubic"]),
        (r#"{"size": 0}"#, ["\"size\"", "found 0"]),
        (r#"{"size": {"longest_edge": 32}}"#, ["\"size\"", "shortest_edge"]),
        (r#"{"size": {"height": 32, "width": 1e9}}"#, ["\"size\"", "4096"]),
        (r#"{"size": 40}"#, ["40 x 40", "32 x 32"]),
        (r#"{"size": {"shortest_edge": 32}}"#, ["52 x 32", "32 x 32"]),
        (r#"{"do_center_crop": true, "crop_size": 31}"#, ["31 x 31", "32 x 32"]),
        (r#"{"do_center_crop": true, "crop_size": {"shortest_edge": 3}}"#, ["crop_size", "height"]),
        (r#"{"do_resize": 1}"#, ["do_resize", "true or false"]),
        (r#"{"rescale_factor": []}"#, ["rescale_factor", "a number"]),
        (r#"{"image_mean": [0.5, 0.5]}"#, ["image_mean", "three"]),
        (r#"{"image_std": [0.5, 0, 0.5]}"#, ["image_std", "other than 0"]),
        (r#"{"image_mean": "#, ["JSON", "line 1"]),
    ] {
        let error = refusal(text);
        assert!(parts.iter().all(|part| error.contains(part)), "{text}: {error}");
    }
}

fn vit() -> Model {
    open::open(golden("transformers/vit").to_str().unwrap()).unwrap()
}

#[test]
fn an_image_becomes_what_a_model_looks_at() {
    let prepared = prepare(&vit(), &image("photo.png")).unwrap();
    let (shape, bytes) = expected().remove("pixels.vit").unwrap();
    assert_eq!(prepared.pixels.shape(), shape);
    let first = f32::from_le_bytes(bytes[..4].try_into().unwrap());
    assert!((prepared.pixels[[0, 0, 0]] - first).abs() <= 1e-6);
    assert_eq!((prepared.picture.width, prepared.picture.height), (SIDE, SIDE));
    let tokens = patch_tokens(&vit().network, None);
    assert_eq!(tokens.len(), 17);
    assert_eq!((tokens.texts[0].as_str(), tokens.texts[7].as_str()), ("class", "1,2"));
    let error = prepare(&open::shipped().unwrap(), &image("photo.png")).unwrap_err().to_string();
    assert!(error.contains("reads text"), "{error}");
}

/// What is wrong with the bytes of a file called `name`.
fn refusal(name: &str, bytes: &[u8]) -> String {
    let error = decode(Path::new(name), bytes).map(|_| "was read").expect_err(name).to_string();
    assert!(error.contains(name) && !error.contains('\n'), "{error}");
    error
}

#[test]
fn an_image_is_told_by_its_content() {
    let png = fs::read(image("photo.png")).unwrap();
    assert_eq!(decode(Path::new("photo.jpg"), &png).unwrap(), recorded("rgb.photo.png"));
    for (bytes, part) in [
        (&b""[..], "empty"),
        (b"GIF89a....", "GIF"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "WebP"),
        (b"the cat sat on the mat", "not an image"),
        (b"\x89PNG", "not an image"),
    ] {
        let error = refusal("cat.png", bytes);
        assert!(error.contains(part) && error.contains("PNG and JPEG"), "{error}");
    }
}

#[rstest]
fn a_file_that_is_cut_short_is_refused(
    #[values("photo.png", "interlaced.png", "palette.png", "photo.jpg", "progressive.jpg", "cmyk.jpg")]
    name: &str,
) {
    let whole = fs::read(image(name)).unwrap();
    for length in [12, 30, whole.len() / 2, whole.len() * 3 / 4, whole.len() * 9 / 10] {
        let error = refusal(name, &whole[..length]);
        assert!(error.contains("copy or save the file again"), "{length} bytes: {error}");
    }
}

/// A PNG's head that says `width` x `height`, with its check sum, and nothing behind it.
fn png_head(width: u32, height: u32) -> Vec<u8> {
    let mut head = b"IHDR".to_vec();
    head.extend(width.to_be_bytes());
    head.extend(height.to_be_bytes());
    head.extend([8, 2, 0, 0, 0]);
    let mut sum = flate2::Crc::new();
    sum.update(&head);
    [b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec(), head, sum.sum().to_be_bytes().to_vec()].concat()
}

#[test]
fn absurd_sizes_are_refused_before_memory_is_taken() {
    let most = u32::try_from(MOST_PIXELS).unwrap();
    for (width, height) in [(u32::MAX >> 1, u32::MAX >> 1), (60_000, 60_000), (most, 1), (1, 70_000)] {
        let error = refusal("bomb.png", &png_head(width, height));
        assert!(error.contains("make it smaller") && error.contains(&LONGEST_SIDE.to_string()), "{error}");
    }
    assert!(refusal("none.png", &png_head(0, 5)).contains("whole image"));
    assert!(refusal("head.png", &png_head(5, 5)).contains("copy or save"));
    let mut jpeg = fs::read(image("photo.jpg")).unwrap();
    let frame = jpeg.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff; 4]);
    assert!(refusal("bomb.jpg", &jpeg).contains("make it smaller"));
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0; 4]);
    assert!(refusal("none.jpg", &jpeg).contains("whole image"));
}

/// No byte of an image file can be changed so that reading it panics.
#[rstest]
fn damaged_files_do_not_panic(
    #[values("palette.png", "grey16.png", "interlaced.png", "photo.jpg", "progressive.jpg")] name: &str,
) {
    let whole = fs::read(image(name)).unwrap();
    let mut refused = 0;
    for place in 8..whole.len() {
        for change in [0x00, 0xff, whole[place] ^ 0x10] {
            let mut bytes = whole.clone();
            bytes[place] = change;
            refused += usize::from(decode(Path::new(name), &bytes).is_err());
        }
    }
    assert!(refused > 20, "{refused}");
}

#[test]
fn what_is_no_file_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let message = |path: &Path| read(path).unwrap_err().to_string();
    assert!(message(folder.path()).contains("folder"));
    let missing = message(&folder.path().join("cat.png"));
    assert!(missing.contains("cat.png") && missing.contains("cannot open"), "{missing}");
    if cfg!(unix) {
        assert!(message(Path::new("/dev/null")).contains("not an ordinary file"));
    }
}
