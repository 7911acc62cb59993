//! Help, completions and the manual page.

use super::answer;

#[test]
fn help_is_what_it_was() {
    insta::assert_snapshot!("help", answer(&["--help"]));
    insta::assert_snapshot!("help_short", answer(&["-h"]));
    insta::assert_snapshot!("help_analogy", answer(&["analogy", "--help"]));
    insta::assert_snapshot!("help_attend", answer(&["attend", "--help"]));
    insta::assert_snapshot!("help_evaluate", answer(&["evaluate", "--help"]));
}

#[test]
fn every_command_has_help() {
    for command in commands() {
        let help = answer(&[&command, "--help"]);
        assert!(help.contains(&format!("Usage: lexiscope {command}")), "{help}");
    }
}

#[test]
fn completions_know_every_command_in_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = answer(&["completions", shell]);
        for command in commands() {
            assert!(script.contains(&command), "{shell} completions miss {command}");
        }
    }
}

#[test]
fn the_manual_describes_every_command_and_the_exit_codes() {
    let page = answer(&["man"]);
    assert!(page.contains(".TH lexiscope 1"), "{page}");
    assert!(page.contains("Exit codes"), "{page}");
    for command in commands() {
        assert!(
            page.contains(&format!(".SH \"LEXISCOPE {}\"", command.to_uppercase())),
            "no section on {command}"
        );
    }
}

/// Every command, as the help lists them.
fn commands() -> Vec<String> {
    let help = answer(&["-h"]);
    let listed = help.split_once("Commands:\n").expect("a list of commands").1;
    let lines = listed.lines().take_while(|line| !line.is_empty());
    // What a line wraps is indented further than a name.
    let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = names.filter_map(|line| line.split_whitespace().next());
    let commands: Vec<String> = names.filter(|name| *name != "help").map(str::to_owned).collect();
    assert!(commands.len() > 15, "{commands:?}");
    commands
}
