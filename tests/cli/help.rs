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
    for command in COMMANDS {
        let help = answer(&[command, "--help"]);
        assert!(help.contains(&format!("Usage: lexiscope {command}")), "{help}");
    }
}

#[test]
fn completions_know_every_command_in_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = answer(&["completions", shell]);
        for command in COMMANDS {
            assert!(script.contains(command), "{shell} completions miss {command}");
        }
    }
}

#[test]
fn the_manual_describes_every_command_and_the_exit_codes() {
    let page = answer(&["man"]);
    assert!(page.contains(".TH lexiscope 1"), "{page}");
    assert!(page.contains("Exit codes"), "{page}");
    for command in COMMANDS {
        assert!(
            page.contains(&format!(".SH \"LEXISCOPE {}\"", command.to_uppercase())),
            "no section on {command}"
        );
    }
}

const COMMANDS: [&str; 19] = [
    "neighbors",
    "vector",
    "analogy",
    "query",
    "similarity",
    "odd-one-out",
    "subwords",
    "evaluate",
    "convert",
    "info",
    "attend",
    "heads",
    "trace",
    "predict",
    "positions",
    "tokens",
    "models",
    "completions",
    "man",
];
