//! The README says what the program does: its key table is the command registry's.
//!
//! `LEXISCOPE_WRITE_README=1 cargo test --test readme` writes the table anew.

use std::fmt::Write;
use std::path::Path;

use lexiscope::app::commands::{COMMANDS, Group};

const BEGIN: &str = "<!-- keys: written by tests/readme.rs from the command registry -->\n";
const END: &str = "<!-- end of keys -->";

fn key_table() -> String {
    let mut table = String::from("\n| | keys | what |\n|---|---|---|\n");
    for group in Group::ALL {
        for command in COMMANDS.iter().filter(|command| command.group == group) {
            let mut keys: Vec<String> = Vec::new();
            for (_, key) in command.default_keys() {
                let key = format!("`{key}`").replace('|', "\\|");
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
            let _ = writeln!(table, "| {} | {} | {} |", group.title(), keys.join(" "), command.help);
        }
    }
    table.push('\n');
    table
}

#[test]
fn the_key_table_is_that_of_the_command_registry() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once(BEGIN).expect("the marker before the key table");
    let (written, after) = rest.split_once(END).expect("the marker after the key table");
    if std::env::var_os("LEXISCOPE_WRITE_README").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{}{END}{after}", key_table())).unwrap();
        return;
    }
    assert!(
        written == key_table(),
        "the key table of README.md is stale; LEXISCOPE_WRITE_README=1 cargo test --test readme writes it anew"
    );
}
