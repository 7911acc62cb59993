//! The screen Attention on a vision model: paths of images in place of texts.

use std::sync::Arc;

use lexiscope::analysis::HeadPlace;
use lexiscope::screens::attention::FIRST_TEXT;

use crate::look::Look;
use crate::support::{fixture, golden};
use crate::{Played, Start};

fn look_at(script: &str) -> Played {
    let model = golden("transformers/vit").display().to_string();
    Start::on_model(Some(model)).play(&format!("<alt-3>{script}"))
}

#[test]
fn an_image_is_looked_at_once_its_path_is_typed() {
    let path = fixture("images/photo.png").display().to_string();
    let started = look_at("");
    started.shows("type the path of a PNG or JPEG image");
    assert_eq!(started.app.attention().chosen.input.text(), "");
    let (unfinished, last) = path.split_at(path.len() - 1);
    let played = look_at(&format!("<paste:{unfinished}>"));
    played.shows("no such file");
    assert!(played.app.attention().before.is_none());
    let played = look_at(&format!("<paste:{unfinished}>{last}<enter><down>"));
    played.shows("> looks  [] looked at");
    played.shows("0,0 looks at");
    assert_eq!(played.app.attention().problem, None);
    let pass = played.app.attention().before.as_ref().unwrap();
    assert_eq!((pass.tokens.len(), pass.text.as_str()), (17, path.as_str()));
    assert_eq!(played.app.attention().place(), HeadPlace::new(1, 3));
}

#[test]
fn a_wrong_path_leaves_the_image_that_is_shown() {
    let folder = fixture("images").display().to_string();
    let wrong = [
        ("nothing.jpg", "no such file"),
        ("", "a folder"),
        ("record.py", "record.py: this is not an image; only PNG and JPEG images are read"),
    ];
    for (name, message) in wrong {
        let played =
            look_at(&format!("<paste:{folder}/photo.jpg><enter>e<ctrl-u><paste:{folder}/{name}><enter>"));
        played.shows(message);
        let pass = played.app.attention().before.as_ref().unwrap();
        assert!(pass.text.ends_with("photo.jpg"), "{}", pass.text);
    }
}

#[test]
fn an_image_can_be_changed_inspected_and_left_for_a_text() {
    let path = fixture("images/photo.jpg").display().to_string();
    let changed = look_at(&format!("<paste:'{path}'><enter>xv<tab>"));
    let (before, after) =
        (changed.app.attention().before.clone().unwrap(), changed.app.attention().after.clone().unwrap());
    assert!(Arc::ptr_eq(before.image.as_ref().unwrap(), after.image.as_ref().unwrap()));
    let inspected = look_at(&format!("<paste:{path}><enter>jj<tab>"));
    inspected.shows("at class: what each layer");
    inspected.shows("LABEL_1");
    let importance = look_at(&format!("<paste:{path}><enter><tab><tab><tab>"));
    importance.shows("best prediction's probability");
    let left = look_at(&format!("<paste:{path}><enter>D"));
    assert_eq!(left.app.attention().chosen.input.text(), FIRST_TEXT);
    assert!(left.app.attention().before.as_ref().unwrap().image.is_none());
    left.shows("it looks at");
}
