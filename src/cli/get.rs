//! `get`: how to fetch a model or word vectors that go well with this program.

mod list;

use std::path::Path;

use anyhow::Result;
use clap::Args;

use self::list::{LIST, Recommended, Source};
use super::arguments::format::FormatArguments;
use super::command::{Answer, Command, Shared};
use super::failure::Failure;
use super::report::{Report, Table, Value};
use crate::model::source;

/// How to fetch a model or word vectors
///
/// Prints the one command that fetches it with tools that people have (hf or curl), and how to open it then;
/// nothing is downloaded. Without NAME, all that are recommended, and which are here already: models in the
/// local Hugging Face cache, files in this folder. Sizes are what is downloaded, about, as their makers tell.
#[derive(Debug, Args)]
pub struct Arguments {
    /// One of the list
    name: Option<String>,
    #[command(flatten)]
    output: FormatArguments,
}

impl Command for Arguments {
    fn answer(self, _: &Shared) -> Result<Answer> {
        let report = match &self.name {
            None => all(),
            Some(name) => one(named(name)?),
        };
        Ok(Answer::report(report, self.output.format))
    }
}

/// The one of this name, its own or that of its makers.
fn named(name: &str) -> Result<&'static Recommended> {
    let is_meant = |one: &&Recommended| one.name.eq_ignore_ascii_case(name) || one.source.is_called(name);
    if let Some(found) = LIST.iter().find(is_meant) {
        return Ok(found);
    }
    Err(Failure::no_answer(format!("\"{name}\" is not in the list")).hint(advice(name)).into())
}

/// What to do where `name` is not in the list.
fn advice(name: &str) -> String {
    let near: Vec<&str> = LIST.iter().map(|one| one.name).filter(|known| begins_alike(name, known)).collect();
    match near.as_slice() {
        [] => {
            "`lexiscope get` lists all; any other model of the Hugging Face Hub: hf download ORG/NAME".into()
        }
        near => format!("near are {}", near.join(", ")),
    }
}

/// Whether two names have their first three letters in common.
fn begins_alike(name: &str, known: &str) -> bool {
    let begin = |text: &str| text.to_lowercase().chars().take(3).collect::<String>();
    begin(name) == begin(known)
}

fn one(one: &Recommended) -> Report {
    Report::default()
        .fact("name", Value::text(one.name))
        .fact("what", Value::text(one.what))
        .fact("megabytes", Value::Integer(one.megabytes))
        .fact("licence", Value::text(one.licence))
        .fact("here", Value::Flag(one.source.is_here()))
        .fact("fetch", Value::text(one.source.command()))
        .fact("open", Value::text(one.source.opening()))
}

fn all() -> Report {
    let mut table = Table::new("recommended", &["name", "what", "megabytes", "licence", "here"]);
    for one in LIST {
        table.records.push(vec![
            Value::text(one.name),
            Value::text(one.what),
            Value::Integer(one.megabytes),
            Value::text(one.licence),
            Value::Flag(one.source.is_here()),
        ]);
    }
    Report::default().list(table)
}

impl Source {
    fn is_called(self, name: &str) -> bool {
        match self {
            Self::Hub(hub) => hub.eq_ignore_ascii_case(name),
            Self::File { opens, .. } => opens.eq_ignore_ascii_case(name),
        }
    }

    fn is_here(self) -> bool {
        match self {
            Self::Hub(name) => {
                source::cached(&source::cache_folder(|name| std::env::var(name).ok()), name).is_some()
            }
            Self::File { opens, .. } => Path::new(opens).exists(),
        }
    }

    /// What fetches it.
    fn command(self) -> String {
        match self {
            Self::Hub(name) => {
                // Weights in other formats, which stand beside many models, are left out.
                let wanted = ["*.json", "*.safetensors", "*.txt", "*.model"];
                let wanted = wanted.map(|pattern| format!(" --include \"{pattern}\""));
                format!("hf download {name}{}", wanted.concat())
            }
            Self::File { address, opens } => {
                let archive = address.rsplit('/').next().unwrap_or(address);
                match archive {
                    _ if archive == opens => format!("curl -LO {address}"),
                    _ if archive.ends_with(".zip") => {
                        format!("curl -LO {address} && unzip {archive} {opens}")
                    }
                    _ => format!("curl -LO {address} && gunzip {archive}"),
                }
            }
        }
    }

    /// What opens it then.
    fn opening(self) -> String {
        match self {
            Self::Hub(name) => format!("lexiscope --model {name}"),
            Self::File { opens, .. } => format!("lexiscope {opens}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_one_says_how_to_fetch_and_open_it() {
        for one in LIST {
            assert!(named(one.name).is_ok_and(|found| found.name == one.name), "{}", one.name);
            let (command, opening) = (one.source.command(), one.source.opening());
            assert!(
                command.starts_with("hf download ") || command.starts_with("curl -LO https://"),
                "{command}"
            );
            let file = opening.rsplit(' ').next().unwrap();
            assert!(
                command.contains(file) || command.contains(&format!("{file}.gz")),
                "{command}: {opening}"
            );
        }
    }

    #[test]
    fn a_misspelt_name_is_guessed() {
        assert!(named("gpt3").is_err());
        assert_eq!(advice("gpt3"), "near are gpt2");
        assert!(advice("nothing-of-the-kind").contains("hf download ORG/NAME"));
    }
}
