//! pytorch_model.bin, which `tests/fixtures/torch/record.py` wrote.

use std::io::Read;
use std::path::{Path, PathBuf};

use lexiscope::mmap::Bytes;
use lexiscope::model::forward::{Input, PassOptions, forward};
use lexiscope::model::{Model, pickle, torch_file};
use lexiscope::progress::Progress;

use super::{assert_says, copy, golden, open_error, open_folder};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/torch").join(name)
}

/// A GPT-2 whose weights are those of the file `name`.
fn with_weights(name: &str) -> tempfile::TempDir {
    let folder = copy("gpt2");
    std::fs::remove_file(folder.path().join("model.safetensors")).expect("removes");
    std::fs::copy(fixture(name), folder.path().join("pytorch_model.bin")).expect("copies");
    folder
}

fn logits(model: &Model) -> ndarray::Array2<f32> {
    let input = Input::Tokens(&[5, 17, 9, 30]);
    let trace = forward(&model.network, &input, &PassOptions::default(), &Progress::unobserved());
    trace.expect("runs").logits.expect("logits")
}

#[test]
fn weights_that_pytorch_wrote_are_those_of_the_safetensors() {
    let folder = with_weights("pytorch_model.bin");
    let model = open_folder(folder.path()).expect("opens");
    assert!(model.remarks.is_empty(), "{:?}", model.remarks);
    assert_eq!(logits(&model), logits(&open_folder(&golden("gpt2")).expect("opens")));
    let index = r#"{"weight_map": {"a": "pytorch_model-1.bin"}}"#;
    std::fs::rename(folder.path().join("pytorch_model.bin"), folder.path().join("pytorch_model-1.bin"))
        .expect("renames");
    std::fs::write(folder.path().join("pytorch_model.bin.index.json"), index).expect("writes");
    assert_eq!(logits(&open_folder(folder.path()).expect("opens")), logits(&model), "as a shard");
}

#[test]
fn what_is_not_read_of_pytorch_is_said() {
    assert_says(&open_error(with_weights("old.bin").path()), &["before 1.6", "safe_serialization"]);
    assert_says(&open_error(with_weights("double.bin").path()), &["DoubleStorage", "pytorch_model.bin"]);
    assert_says(&open_error(with_weights("turned.bin").path()), &["turned", "row by row"]);
}

#[test]
fn a_file_cut_short_is_refused_by_name() {
    let whole = std::fs::read(fixture("pytorch_model.bin")).expect("reads");
    let folder = with_weights("pytorch_model.bin");
    for length in (0..whole.len()).step_by(997) {
        std::fs::write(folder.path().join("pytorch_model.bin"), &whole[..length]).expect("writes");
        assert_says(&open_error(folder.path()), &["pytorch_model.bin"]);
    }
}

/// Every byte of the pickle set to several values: other values or an error, never a panic, and tensors only
/// where the file has their numbers.
#[test]
fn a_changed_pickle_never_panics() {
    let whole = std::fs::read(fixture("pytorch_model.bin")).expect("reads");
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(&whole[..])).expect("an archive");
    let mut pickled = Vec::new();
    archive.by_index(0).expect("the pickle").read_to_end(&mut pickled).expect("reads");
    for at in 0..pickled.len() {
        for value in [0, b'.', b'(', b't', b'h', b'R', b'}', b'u', 0x85, 0x8a, 0xff] {
            let mut changed = pickled.clone();
            changed[at] = value;
            let _ = pickle::read(&changed);
        }
    }
    // The same inside the archive, whose checksum is that of what was written: refused, and not trusted.
    for at in (0..2000).step_by(7) {
        let mut changed = whole.clone();
        changed[at] ^= 0x55;
        let _ = torch_file::read(Path::new("pytorch_model.bin"), &Bytes::from_vec(changed), &mut Vec::new());
    }
}
