//! The tour of the README, played letter by letter.

use lexiscope::app::Severity;

use crate::Start;

/// What stands between backticks in the numbered list of the tour, item by item, options left out.
fn tour() -> Vec<Vec<String>> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let list = readme.split_once("On the screen (`lexiscope` alone):").expect("the tour").1;
    let list = list.split("\n## ").next().unwrap_or_default();
    let items = list.split("\n").fold(Vec::<String>::new(), |mut items, line| {
        match line.chars().next() {
            Some(first) if first.is_ascii_digit() => items.push(line.to_owned()),
            Some(_) => items.last_mut().expect("an item").extend([" ", line]),
            None => {}
        }
        items
    });
    let keys = |item: &String| -> Vec<String> {
        let quoted = item.split('`').skip(1).step_by(2).filter(|quoted| !quoted.starts_with("--"));
        quoted.flat_map(|quoted| quoted.split(' ')).map(str::to_owned).collect()
    };
    items.iter().map(keys).collect()
}

/// Keys as a script writes them: names in angle brackets, letters as they are.
fn script(keys: &[String]) -> String {
    let one = |key: &String| match key.as_str() {
        "Enter" | "Space" | "Esc" | "Tab" => format!("<{}>", key.to_lowercase()),
        other => other.to_owned(),
    };
    keys.iter().map(one).collect()
}

#[test]
fn every_key_of_the_tour_does_something() {
    let items = tour();
    assert_eq!(items.len(), 9, "{items:?}");
    let (last, others) = items.split_last().unwrap();
    let mut played = String::new();
    for item in others {
        let mut so_far = Vec::new();
        for key in item {
            so_far.push(key.clone());
            let after = Start::on_shipped().play(&format!("{played}{}", script(&so_far)));
            let status = after.app.frame.status.as_ref();
            let refused = status.filter(|status| status.severity != Severity::Information);
            assert!(refused.is_none(), "after {played}{}: {refused:?}", script(&so_far));
        }
        played.push_str(&script(&so_far));
        if so_far.last().is_some_and(|key| key == "e") {
            played.push_str("<esc>");
        }
    }
    // The last item names keys that work anywhere, one by one.
    for key in last.iter().filter(|key| key.chars().count() == 1) {
        let after = Start::on_shipped().play(&format!("<esc>{}", script(std::slice::from_ref(key))));
        let on_top = after.app.frame.overlay.is_some();
        assert!(on_top || after.app.frame.quit, "{key} does nothing");
    }
}
