//! The pictures of the README are what the program draws: each is played here and compared.
//!
//! `LEXISCOPE_WRITE_PICTURES=1 cargo test --test scripts pictures` writes them anew.

use std::path::Path;

use crate::{Start, play};

/// Each picture: its name, and what is typed for it. None shows how long something took.
const PICTURES: [(&str, &str); 6] = [
    ("words", "king<enter>jc"),
    ("analogy", "<alt-2>man<enter>king<enter>woman<enter>"),
    ("attention", "<alt-3>"),
    ("positions", "<alt-4>"),
    ("memory", "<alt-5>"),
    ("lab", "<alt-6>jjj<enter>kj"),
];

/// What the program writes on `W`.
fn drawn(script: &str) -> String {
    let typed = format!("{script}W<enter>");
    let played = if ["<alt-3>", "<alt-4>"].iter().any(|key| script.contains(key)) {
        Start::on_model(None).play(&typed)
    } else {
        play(&typed)
    };
    played.notes.saved.into_iter().next().expect("a picture").1
}

/// Whether two drawings differ in nothing but colours by a rounding step: a map's numbers may
/// differ in their last bits from machine to machine.
fn are_alike(one: &str, other: &str) -> Result<(), String> {
    let (one, other): (Vec<&str>, Vec<&str>) = (one.lines().collect(), other.lines().collect());
    if one.len() != other.len() {
        return Err(format!("{} lines in place of {}", one.len(), other.len()));
    }
    for (line, (found, expected)) in one.iter().zip(&other).enumerate() {
        let (found_parts, expected_parts) = (found.split('#'), expected.split('#'));
        let alike = found_parts.clone().count() == expected_parts.clone().count()
            && found_parts
                .zip(expected_parts)
                .all(|(found, expected)| found == expected || near(found, expected));
        if !alike {
            return Err(format!("line {}: {found}\nin place of {expected}", line + 1));
        }
    }
    Ok(())
}

/// Whether two pieces begin with colours that are nearly the same, and go on in the same way.
fn near(found: &str, expected: &str) -> bool {
    let channels = |text: &str| -> Option<[i32; 3]> {
        let channel = |index: usize| i32::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok();
        Some([channel(0)?, channel(1)?, channel(2)?])
    };
    let (Some(one), Some(other)) = (channels(found), channels(expected)) else { return false };
    found.get(6..) == expected.get(6..) && one.iter().zip(other).all(|(one, other)| (one - other).abs() <= 3)
}

#[test]
fn the_pictures_are_what_the_program_draws() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/screens");
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    for (name, script) in PICTURES {
        let (path, svg) = (folder.join(format!("{name}.svg")), drawn(script));
        if std::env::var_os("LEXISCOPE_WRITE_PICTURES").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &svg).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        are_alike(&svg, &kept).unwrap_or_else(|difference| {
            panic!("{} is stale: {difference}\nLEXISCOPE_WRITE_PICTURES=1 cargo test --test scripts pictures writes it anew", path.display())
        });
        assert!(readme.contains(&format!("examples/screens/{name}.svg")), "{name} is not in the README");
    }
}

#[test]
fn another_word_or_colour_is_seen() {
    let picture = "<rect fill=\"#102030\"/>\n<text fill=\"#ffffff\">king</text>";
    assert_eq!(are_alike(picture, &picture.replace("102030", "112231")), Ok(()));
    assert!(are_alike(picture, &picture.replace("102030", "402030")).is_err());
    assert!(are_alike(picture, &picture.replace("king", "queen")).is_err());
    assert!(are_alike(picture, "").is_err());
}
