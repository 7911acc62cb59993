//! `models`: which models are found where.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;

use super::arguments::format::FormatArguments;
use super::command::{Answer, Command, Shared};
use super::progress;
use super::report::{Report, Table, Value};
use crate::model::network::{FIRST, Kind};
use crate::model::{Model, ModelError, open, shipped, source};

/// Which models are found where
///
/// Lists the shipped models, those in the local Hugging Face cache, and those in the folders given.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Folders to look into: model folders, .gguf files, or folders with such
    folders: Vec<PathBuf>,
    #[command(flatten)]
    output: FormatArguments,
}

impl Command for Arguments {
    fn answer(self, shared: &Shared) -> Result<Answer> {
        let mut folders = self.folders;
        // The model that was named, where that is a path.
        folders.extend(shared.model.as_ref().map(PathBuf::from).filter(|path| path.exists()));
        Ok(Answer::report(report(&folders)?, self.output.format))
    }
}

/// One record a model: what it is, or why it cannot be opened.
fn report(folders: &[PathBuf]) -> Result<Report> {
    let columns =
        ["name", "place", "family", "kind", "parameters", "layers", "heads", "path", "problem", "remarks"];
    let mut table = Table::new("models", &columns);
    for model in shipped::MODELS {
        table.records.push(record(model.name, "shipped", None, &open::open(model.name)));
    }
    let cache = source::cache_folder(|name| std::env::var(name).ok());
    progress::shown("opening every model", |_| -> Result<()> {
        for (name, folder) in source::list_cached(&cache) {
            table.records.push(record(&name, "cache", Some(&folder), &open::open(&name)));
        }
        for folder in folders {
            for path in candidates(folder)? {
                let name = path.display().to_string();
                table.records.push(record(&name, "folder", Some(&path), &open::open(&name)));
            }
        }
        Ok(())
    })?;
    Ok(Report::default().fact("cache", Value::text(cache.display().to_string())).list(table))
}

fn record(name: &str, place: &str, path: Option<&Path>, opened: &Result<Model, ModelError>) -> Vec<Value> {
    let mut values = vec![Value::text(name), Value::text(place)];
    match opened {
        Ok(model) => {
            let heads = model.network.heads_of_first(FIRST);
            values.extend([
                Value::text(model.network.family),
                Value::text(kind_name(model.network.kind)),
                model.parameters.into(),
                model.network.layers(FIRST).into(),
                heads.into(),
            ]);
        }
        Err(_) => values.extend(std::iter::repeat_n(Value::Nothing, 5)),
    }
    values.push(path.map_or(Value::Nothing, |path| Value::text(path.display().to_string())));
    values.push(opened.as_ref().err().map_or(Value::Nothing, |error| Value::text(error.to_string())));
    let remarks = opened.as_ref().map_or(&[][..], |model| model.remarks.as_slice());
    values.push(Value::List(remarks.iter().map(Value::text).collect()));
    values
}

/// A kind's name in answers.
fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Masked => "masked",
        Kind::Causal => "causal",
        Kind::EncoderDecoder => "encoder-decoder",
        Kind::Classifier => "classifier",
        Kind::Vision => "vision",
        Kind::Trajectory => "trajectory",
    }
}

/// `folder` itself where it is a model, else the models directly in it, sorted.
fn candidates(folder: &Path) -> Result<Vec<PathBuf>> {
    if is_model(folder) {
        return Ok(vec![folder.to_owned()]);
    }
    let entries = std::fs::read_dir(folder).map_err(ModelError::io("list", folder))?;
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let mut found: Vec<PathBuf> = paths.filter(|path| is_model(path)).collect();
    found.sort();
    Ok(found)
}

fn is_model(path: &Path) -> bool {
    path.join("config.json").is_file()
        || (path.is_file() && path.extension().is_some_and(|extension| extension == "gguf"))
}
