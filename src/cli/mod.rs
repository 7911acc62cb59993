//! The command line: every screen's line-based twin, for scripts, pipes and screen readers.
//!
//! ```text
//! arguments (what clap parses) -> settings (meaningful types) -> one module a command -> Report
//!                                             Report -> output (plain, JSON, CSV, TSV) -> stdout
//! ```
//!
//! stdout carries answers only; errors, hints and progress go to stderr.

mod analogy;
mod arguments;
mod attend;
mod completions;
mod convert;
mod evaluate;
mod failure;
mod heads;
mod info;
mod man;
mod map;
mod model_arguments;
mod model_settings;
mod model_source;
mod models;
mod neighbors;
mod odd_one_out;
mod output;
mod positions;
mod predict;
mod progress;
mod query;
mod settings;
mod similarity;
mod source;
mod subwords;
mod svg;
mod tokens;
mod trace;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use arguments::{LowArguments, OutputFormat};
use failure::Failure;
use output::Report;
use settings::{InterfaceOptions, Request, Task};

use crate::terminal::{self, ColourChoice, StartError, StartOptions};

/// Runs the program with the process's arguments and says how it ended; `--help` lists the codes.
pub fn run() -> ExitCode {
    let arguments = match LowArguments::try_parse() {
        Ok(arguments) => arguments,
        Err(refusal) => {
            // Help and version are refusals, too, with code 0; a closed pipe is no error.
            let _ = refusal.print();
            return ExitCode::from(u8::try_from(refusal.exit_code()).unwrap_or(2));
        }
    };
    match settings::task(arguments).and_then(perform) {
        Ok(code) => code,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => failure::tell(&error),
    }
}

fn perform(task: Task) -> Result<ExitCode> {
    match task {
        Task::Interface(options) => {
            let InterfaceOptions { vectors, model, theme, color } = options;
            let colour = color.map(ColourChoice::from);
            match terminal::start(StartOptions { vectors, model, theme, colour }) {
                Ok(()) => Ok(ExitCode::SUCCESS),
                Err(error @ StartError::NoTerminal(_)) => Err(Failure::usage(error.to_string()).into()),
                Err(error) => Err(error.into()),
            }
        }
        Task::Answer { request, format } => answer(&request, format),
        Task::Completions(shell) => print(&completions::script(shell)),
        Task::Man => print(&man::page()?),
    }
}

fn answer(request: &Request, format: OutputFormat) -> Result<ExitCode> {
    let report = match request {
        Request::Neighbors(request) => neighbors::answer(request),
        Request::Analogy(request) => analogy::answer(request),
        Request::Query(request) => query::answer(request),
        Request::Similarity(request) => similarity::answer(request),
        Request::OddOneOut(request) => odd_one_out::answer(request),
        Request::Subwords(request) => subwords::answer(request),
        Request::Evaluate(request) => evaluate::answer(request),
        Request::Convert(request) => convert::answer(request),
        Request::Info(request) => info::answer(request),
        Request::Attend(request) => attend::answer(request),
        Request::Heads(request) => heads::answer(request),
        Request::Trace(request) => trace::answer(request),
        Request::Predict(request) => predict::answer(request),
        Request::Positions(request) => positions::answer(request),
        Request::Tokens(request) => tokens::answer(request),
        Request::Models(request) => models::answer(request),
    }?;
    let code = print(&output::render(&report, format, io::stdout().is_terminal())?)?;
    if is_empty(&report) {
        return Err(Failure::no_answer("no word passes the filters")
            .hint("widen --ranks, --pattern or --only")
            .into());
    }
    Ok(code)
}

/// Whether the answer is a list of words with no word in it.
fn is_empty(report: &Report) -> bool {
    report.table.as_ref().is_some_and(|table| table.key == "results" && table.records.is_empty())
}

fn print(text: &[u8]) -> Result<ExitCode> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text)?;
    stdout.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Whether whoever read our output has gone, which is their right: `lexiscope ... | head -1`.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
