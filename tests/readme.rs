//! The README says what the program does: its tables are those of the program: keys
//! from the command registry, families from the list of families.
//!
//! `LEXISCOPE_WRITE_README=1 cargo test --test readme` writes them anew.

use std::fmt::Write;
use std::path::Path;

use lexiscope::app::App;
use lexiscope::model::families::{self, ALSO, Group};
use lexiscope::screens;

const BEGIN: &str = "<!-- keys: written by tests/readme.rs from the command registry -->\n";
const END: &str = "<!-- end of keys -->";

fn key_table() -> String {
    let mut table = String::from("\n| | keys | what |\n|---|---|---|\n");
    let app = App::new(screens::all(), None);
    for heading in app.registry.headings() {
        for listed in app.registry.iter().filter(|listed| listed.heading == heading) {
            let mut keys: Vec<String> = Vec::new();
            for (_, key) in &listed.entry.keys {
                let key = format!("`{key}`").replace('|', "\\|");
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
            let _ = writeln!(table, "| {} | {} | {} |", heading, keys.join(" "), listed.entry.help);
        }
    }
    table.push('\n');
    table
}

const FAMILIES_BEGIN: &str = "<!-- families: written by tests/readme.rs from the list of families -->\n";
const FAMILIES_END: &str = "<!-- end of families -->";

fn family_table() -> String {
    let mut table = String::from("\n| kind | families, each with its `model_type` |\n|---|---|\n");
    for group in Group::ALL {
        let named = families::all().filter(|family| family.group == group).map(|family| {
            let others = ALSO.iter().filter(|(_, of)| *of == family.model_type).map(|(other, _)| *other);
            let types: Vec<String> =
                std::iter::once(family.model_type).chain(others).map(|name| format!("`{name}`")).collect();
            format!("{} {}", family.name, types.join(" "))
        });
        let _ = writeln!(table, "| {} | {} |", group.title(), named.collect::<Vec<_>>().join(", "));
    }
    table.push('\n');
    table
}

/// Compares what stands between two markers of the README with `table`, or writes it there.
fn check(begin: &str, end: &str, table: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once(begin).expect("the marker before the table");
    let (written, after) = rest.split_once(end).expect("the marker after the table");
    if std::env::var_os("LEXISCOPE_WRITE_README").is_some() {
        std::fs::write(&path, format!("{before}{begin}{table}{end}{after}")).unwrap();
        return;
    }
    assert!(
        written == table,
        "a table of README.md is stale; LEXISCOPE_WRITE_README=1 cargo test --test readme writes it anew"
    );
}

#[test]
fn the_tables_are_those_of_the_program() {
    check(BEGIN, END, &key_table());
    check(FAMILIES_BEGIN, FAMILIES_END, &family_table());
}
