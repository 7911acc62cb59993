//! Every number that a screen draws is one that a command prints: the screens and the command line
//! are twins of one core.

use std::process::Command;

use lexiscope::screens::attention::FIRST_TEXT;
use lexiscope::screens::{memory, positions};
use regex::Regex;
use serde_json::Value;

use crate::Start;
use crate::support::golden;

/// What is typed, and the commands whose answers have all its numbers.
struct Twins {
    /// The model; the shipped one without.
    model: Option<&'static str>,
    script: &'static str,
    /// Words apart by blanks; TEXT, PLACES, MEMORY, EXPRESSION and HEAD stand for what has blanks itself.
    commands: &'static [&'static str],
}

/// A number as it is drawn: one with a fraction, with thousands set apart, in percent, or a rank.
/// Others (layers, positions, dimensions) are names of things and not results.
#[derive(Debug)]
struct Drawn {
    value: f64,
    /// Half a unit of the last digit that is drawn.
    accuracy: f64,
    text: String,
    line: String,
}

/// The numbers on `screen`, without those of its frame (the first line and the last) and times.
fn drawn(screen: &str) -> Vec<Drawn> {
    let number =
        Regex::new(r"(?:rank )?[-−]?(?:\d{1,3}(?:,\d{3})+|\d*\.\d+|\d+)(?:e[-+]?\d+)?(?: (?:%|ms))?")
            .unwrap();
    let lines: Vec<&str> = screen.lines().collect();
    let inner = lines.get(1..lines.len() - 1).unwrap_or(&[]);
    let found = inner.iter().flat_map(|line| number.find_iter(line).map(move |found| (line, found)));
    let is_name = |line: &str, found: &regex::Match<'_>| {
        // A list of heads has the change of each after its name.
        NAMES.iter().any(|name| line[..found.start()].ends_with(name))
            || line[..found.start()].ends_with("  ") && line[found.end()..].starts_with("  +0.")
    };
    let found = found.filter(|(line, found)| !is_name(line, found));
    found.filter_map(|(line, found)| read(found.as_str(), line)).collect()
}

fn read(text: &str, line: &str) -> Option<Drawn> {
    let is_rank = text.starts_with("rank ");
    let bare = text.trim_start_matches("rank ").replace('−', "-").replace(',', "");
    if bare.ends_with("ms") || !(is_rank || text.contains(['.', ',', '%', 'e'])) {
        return None;
    }
    let (bare, unit) = match bare.strip_suffix(" %") {
        Some(percent) => (percent.to_owned(), 0.01),
        None => (bare, 1.0),
    };
    let digits = bare.split('e').next()?;
    let decimals = digits.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let power: i32 = bare.split_once('e').map_or(0, |(_, power)| power.parse().unwrap());
    let accuracy = 0.500_01 * 10f64.powi(power - decimals as i32) * unit;
    Some(Drawn {
        value: bare.parse::<f64>().ok()? * unit,
        accuracy,
        text: text.to_owned(),
        line: line.trim().to_owned(),
    })
}

fn numbers(value: &Value, found: &mut Vec<f64>) {
    match value {
        Value::Number(number) => found.extend(number.as_f64()),
        Value::Array(list) => list.iter().for_each(|value| numbers(value, found)),
        Value::Object(object) => object.values().for_each(|value| numbers(value, found)),
        _ => {}
    }
}

/// The numbers of a command's answer.
fn printed(model: Option<&str>, line: &str) -> Vec<f64> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lexiscope"));
    for word in line.split(' ') {
        match word {
            "TEXT" => command.arg(FIRST_TEXT),
            "PLACES" => command.arg(positions::FIRST_TEXT),
            "MEMORY" => command.arg(memory::FIRST_TEXT),
            "EXPRESSION" => command.arg("king - man + woman"),
            "HEAD" => command.args(HEAD),
            other => command.arg(other),
        };
    }
    command.args(["--format", "json"]);
    if let Some(model) = model {
        command.args(["--model", &golden("transformers").join(model).display().to_string()]);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    let mut found = Vec::new();
    numbers(&serde_json::from_slice(&output.stdout).unwrap(), &mut found);
    found
}

/// Numbers that name something: heads, and the base of an example's frequencies.
const NAMES: &[&str] = &["head ", "most: ", "base ", REST];
/// The sum of the products that are not shown for want of room: all are in the answer.
const REST: &str = "more add +";

#[test]
fn every_number_drawn_is_printed_by_a_command() {
    let mut missing = Vec::new();
    for twins in TWINS {
        let start = Start {
            vectors: None,
            model: twins.model.map(|model| golden("transformers").join(model).display().to_string()),
        };
        let played = start.play(twins.script);
        let answers: Vec<f64> =
            twins.commands.iter().flat_map(|arguments| printed(twins.model, arguments)).collect();
        let drawn = drawn(&played.screen);
        assert!(drawn.len() > 1, "{}\n{}", twins.script, played.screen);
        for number in drawn {
            let is_printed =
                |value: f64| answers.iter().any(|&answer| (value - answer).abs() <= number.accuracy);
            // The two ends of a legend around zero are one number.
            let is_mirrored = number.line.contains(number.text.trim_start_matches('-'))
                && number.line.contains(&format!("-{}", number.text.trim_start_matches('-')));
            if !(is_printed(number.value) || is_mirrored && is_printed(-number.value)) {
                missing.push(format!("{}: {} in {:?}", twins.script, number.text, number.line));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// The head that the screen Attention opens with, and the cell of its cursor.
const HEAD: [&str; 4] = ["--layer", "5", "--head", "11"];

const TWINS: &[Twins] = &[
    Twins {
        model: None,
        script: "king<enter>",
        commands: &["neighbors king -k 25 --explain", "neighbors prince -k 1 --explain"],
    },
    Twins {
        model: None,
        script: "king<enter>f500<enter>",
        commands: &["neighbors king -k 25 --explain --ranks 1-500", "neighbors death -k 1 --explain"],
    },
    Twins {
        model: None,
        script: "king - man + woman<enter>",
        commands: &["query EXPRESSION -k 25 --explain", "neighbors queen -k 1 --explain"],
    },
    Twins {
        model: None,
        script: "king<enter>cj",
        commands: &["similarity king queen --explain", "neighbors king -k 25 --explain"],
    },
    Twins {
        model: None,
        script: "<alt-2>man<enter>king<enter>woman<enter>",
        commands: &[
            "analogy man king woman -k 25 --explain",
            "analogy man king woman -k 25 --method 3cosmul",
            "analogy man king woman -k 3 --include-query",
        ],
    },
    Twins {
        model: None,
        script: "<alt-3>",
        commands: &["heads TEXT", "attend TEXT HEAD", "attend TEXT HEAD --cell 8,2"],
    },
    Twins {
        model: None,
        script: "<alt-3>v",
        commands: &[
            "heads TEXT",
            "attend TEXT HEAD",
            "attend TEXT HEAD --view scores",
            "attend TEXT HEAD --cell 8,2",
            // The largest of the wall.
            "attend TEXT --layer 0 --head 2 --view scores",
        ],
    },
    Twins {
        model: None,
        script: "<alt-3>vv",
        commands: &["heads TEXT", "attend TEXT HEAD --view norm", "attend TEXT HEAD --cell 8,2"],
    },
    Twins {
        model: None,
        script: "<alt-3>vvv",
        commands: &[
            "heads TEXT",
            "attend TEXT --layer 5 --view mean",
            "attend TEXT HEAD",
            "attend TEXT --layer 2 --view mean",
        ],
    },
    Twins {
        model: None,
        script: "<alt-3>vvvv",
        commands: &["heads TEXT", "attend TEXT --layer 5 --view rollout", "attend TEXT HEAD"],
    },
    Twins {
        model: None,
        script: "<alt-3>x",
        commands: &[
            "heads TEXT --off 5.11",
            "attend TEXT HEAD --off 5.11",
            "attend TEXT HEAD",
            "attend TEXT HEAD --off 5.11 --view difference",
        ],
    },
    Twins {
        model: None,
        script: "<alt-3>m",
        commands: &[
            "heads TEXT --hide cat",
            "attend TEXT HEAD --hide cat",
            "attend TEXT HEAD",
            "attend TEXT HEAD --hide cat --view difference",
        ],
    },
    Twins {
        model: None,
        script: "<alt-3>P",
        commands: &[
            "heads TEXT --positions shuffled",
            "attend TEXT HEAD --positions shuffled",
            "attend TEXT HEAD",
            "attend TEXT HEAD --positions shuffled --view difference",
        ],
    },
    Twins {
        model: None,
        script: "<alt-3>PP",
        commands: &[
            "heads TEXT --positions removed",
            "attend TEXT HEAD --positions removed",
            "attend TEXT HEAD",
            "attend TEXT HEAD --positions removed --view difference",
        ],
    },
    Twins {
        model: None,
        script: "<alt-3>o",
        commands: &[
            "heads TEXT --keep-only 5.11",
            "attend TEXT HEAD",
            "attend TEXT HEAD --keep-only 5.11 --view difference",
        ],
    },
    Twins {
        model: Some("gpt2"),
        script: "<alt-3><tab>",
        commands: &[
            "heads TEXT",
            "attend TEXT --layer 0 --head 2",
            "attend TEXT --layer 0 --head 2 --cell 24,13",
            "predict TEXT --lens --at 24 -k 10",
        ],
    },
    Twins {
        model: None,
        script: "<alt-3><tab><tab>",
        commands: &[
            "heads TEXT",
            "attend TEXT HEAD",
            "attend TEXT HEAD --cell 8,2",
            "heads --singular-values",
        ],
    },
    Twins {
        model: Some("gpt2"),
        script: "<alt-3><tab><tab><tab>",
        commands: &[
            "heads TEXT",
            "attend TEXT --layer 0 --head 2",
            "attend TEXT --layer 0 --head 2 --cell 24,13",
            "heads TEXT --importance",
        ],
    },
    Twins { model: None, script: "<alt-3><enter>", commands: &["attend TEXT HEAD --cell 8,2"] },
    Twins { model: None, script: "<alt-3><enter> ", commands: &["attend TEXT HEAD --cell 8,2"] },
    Twins {
        model: None,
        script: "<alt-3><enter>  ",
        commands: &["attend TEXT HEAD --cell 8,2", "attend TEXT HEAD --view scores"],
    },
    Twins {
        model: None,
        script: "<alt-3><enter>   ",
        commands: &["attend TEXT HEAD --cell 8,2", "attend TEXT HEAD --view scores"],
    },
    Twins {
        model: None,
        script: "<alt-3><enter>    ",
        commands: &["attend TEXT HEAD --cell 8,2", "attend TEXT HEAD"],
    },
    Twins { model: None, script: "<alt-3><enter>     ", commands: &["attend TEXT HEAD --cell 8,2"] },
    Twins {
        model: Some("gpt2"),
        script: "<alt-3>",
        commands: &[
            "heads TEXT",
            "attend TEXT --layer 0 --head 2",
            "attend TEXT --layer 0 --head 2 --cell 24,13",
        ],
    },
    Twins {
        model: None,
        script: "<alt-4>",
        commands: &["positions --count 512", "positions --shuffle PLACES", "positions --word bank PLACES"],
    },
    Twins {
        model: None,
        script: "<alt-4>v",
        commands: &[
            "positions --kind rotary --count 512",
            "positions --shuffle PLACES",
            "positions --word bank PLACES",
        ],
    },
    Twins {
        model: None,
        script: "<alt-4>vv",
        commands: &[
            "positions --kind alibi --count 65",
            "positions --shuffle PLACES",
            "positions --word bank PLACES",
        ],
    },
    Twins {
        model: None,
        script: "<alt-4>vvv",
        commands: &[
            "positions --kind t5 --count 65",
            "positions --shuffle PLACES",
            "positions --word bank PLACES",
        ],
    },
    Twins {
        model: None,
        script: "<alt-4>vvvv",
        commands: &[
            "positions --kind sinusoidal --count 512",
            "positions --shuffle PLACES",
            "positions --word bank PLACES",
        ],
    },
    Twins {
        model: None,
        script: "<alt-5><home>lll",
        commands: &[
            "memory MEMORY --model stories-lstm",
            "memory MEMORY --model stories-causal",
            "predict MEMORY --at 3 -k 5 --model stories-lstm",
            "predict MEMORY --at 3 -k 5 --model stories-causal",
        ],
    },
    Twins { model: None, script: "<alt-6>jjj<enter>", commands: &["lab order"] },
];
