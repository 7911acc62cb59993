//! The command line: every screen's line-based twin, for scripts, pipes and screen readers.
//!
//! ```text
//! arguments (clap) -> one file a command: its arguments, what it asks, its report
//!                        Report -> report/ (plain, JSON, CSV, TSV, SVG) -> stdout
//! ```
//!
//! stdout carries answers only; errors, hints and progress go to stderr. A new command is a file with
//! `Arguments` that implement [`Command`], and its line in the list below.

mod arguments;
mod batch;
mod command;
mod failure;
mod model_source;
mod progress;
mod report;
mod vector_source;

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{CommandFactory, Parser, Subcommand};

use arguments::choices::{Choice, Choices};
use command::{Answer, Command, Shared};
use failure::Failure;

use crate::files;
use crate::log;
use crate::mmap;
use crate::terminal::{self, ColourChoice, StartError, StartOptions};
use crate::theme::ColourDepth;
use crate::vectors::formats::encoding::Encoding;
use crate::vectors::open::{self, Hints};
use crate::visible;

/// Declares the modules of commands, and what clap and [`run`] need of them.
macro_rules! commands {
    ($($module:ident $name:ident),* $(,)?) => {
        /// What to answer.
        #[derive(Debug, Subcommand)]
        enum AnyCommand {
            $($name($module::Arguments),)*
        }

        impl Command for AnyCommand {
            fn answer(self, shared: &Shared) -> Result<Answer> {
                match self {
                    $(Self::$name(arguments) => arguments.answer(shared),)*
                }
            }
        }
    };
}

mod analogy;
mod attend;
mod attribute;
mod completions;
mod config;
mod convert;
mod evaluate;
mod generate;
mod get;
mod gradients;
mod heads;
mod info;
mod lab;
mod man;
mod memory;
mod models;
mod neighbors;
mod odd_one_out;
mod positions;
mod predict;
mod query;
mod similarity;
mod subwords;
mod tokens;
mod tour;
mod trace;
mod train;
mod vector;

// All commands, in the order of the help.
commands! {
    neighbors Neighbors,
    analogy Analogy,
    query Query,
    similarity Similarity,
    vector Vector,
    odd_one_out OddOneOut,
    subwords Subwords,
    evaluate Evaluate,
    convert Convert,
    info Info,
    attend Attend,
    heads Heads,
    trace Trace,
    gradients Gradients,
    train Train,
    lab Lab,
    predict Predict,
    generate Generate,
    attribute Attribute,
    memory Memory,
    positions Positions,
    tokens Tokens,
    models Models,
    get Get,
    config Config,
    completions Completions,
    man Man,
    tour Tour,
}

const AFTER_HELP: &str = "\
Without a command the full-screen interface starts.

Examples:
  lexiscope                                        explore the shipped vectors
  lexiscope --vectors glove.6B.300d.txt            explore your own
  lexiscope analogy man king woman                 man is to king as woman is to ...
  lexiscope neighbors coffee -k 5 --format json    the five nearest words, for a script
  lexiscope attend \"the cat sat\" --layer 0 --head 2   which token looks at which

Exit codes:
  0  answered (a pipe closed by the reader is fine, too)
  1  no answer: an unknown word, nothing passed the filters, or a model that cannot do what is asked
  2  wrong usage: options, an expression that does not parse, vectors of different dimensions
  3  a file cannot be read or written, or is not what it should be
  101  a defect in lexiscope; please report it";

const fn colours(name: &'static str, help: &'static str, value: ColourChoice) -> Choice<ColourChoice> {
    Choice { name, aliases: &[], help, value }
}

static COLOURS: Choices<ColourChoice> = Choices(&[
    colours("auto", "What the terminal says it can; honours NO_COLOR", ColourChoice::Auto),
    colours("always", "24-bit colour", ColourChoice::Depth(ColourDepth::TrueColour)),
    colours("256", "The 256 colours", ColourChoice::Depth(ColourDepth::C256)),
    colours("16", "The 16 colours of the terminal's own palette", ColourChoice::Depth(ColourDepth::C16)),
    colours("never", "No colour; shading by characters", ColourChoice::Depth(ColourDepth::Mono)),
]);

/// A terminal explorer for word vectors and attention.
///
/// Opens GloVe, word2vec, fastText, finalfusion and NumPy files as they are, and answers
/// neighbours and analogies from them; opens transformers in the Hugging Face layout and GGUF files,
/// and shows what their heads look at. Real GloVe vectors and a real MiniLM are inside to start with.
#[derive(Debug, Parser)]
#[command(name = "lexiscope", version, after_help = AFTER_HELP, max_term_width = 100)]
struct Program {
    /// Word vectors: a file of any known format, or a folder with one
    ///
    /// The format is recognised by content; - is standard input. The default is the shipped GloVe 6B 100d, 30,000 words.
    #[arg(
        long,
        value_name = "FILE|FOLDER",
        value_parser = arguments::standard_input::file_parser(),
        env = "LEXISCOPE_VECTORS",
        global = true,
        hide_env_values = true
    )]
    vectors: Option<PathBuf>,

    /// The file to open in an archive (zip, tar) that has several
    #[arg(long, value_name = "NAME", global = true)]
    member: Option<String>,

    /// Encoding of text files that are not UTF-8: latin1, windows-1252, gbk, shift_jis, utf-16le, ...
    #[arg(long, value_name = "NAME", global = true)]
    encoding: Option<String>,

    /// Read files into memory instead of mapping them
    ///
    /// A mapped file costs no memory and opens at once, but must not be cut short by another program
    /// while it is open: that ends lexiscope with code 3. (A file that is replaced by a new one of the
    /// same name does no harm.) For files on unsteady network disks, or that something writes to.
    #[arg(long, global = true)]
    no_mmap: bool,

    /// Write what the program does into this file: for finding faults
    #[arg(long, value_name = "FILE", global = true)]
    log: Option<PathBuf>,

    /// Model: a folder in the Hugging Face layout, a .gguf file, or a name in its local cache
    ///
    /// Nothing is downloaded; `lexiscope models` lists what is found. The default is the shipped
    /// MiniLM, 6 layers x 12 heads; where tokens are predicted, the shipped stories-causal.
    #[arg(
        long,
        value_name = "FOLDER|FILE|NAME",
        env = "LEXISCOPE_MODEL",
        global = true,
        hide_env_values = true
    )]
    model: Option<String>,

    /// Theme of the interface: dark, light, high-contrast, mono, or one of your own
    #[arg(long, value_name = "NAME")]
    theme: Option<String>,

    /// Colours of the interface
    #[arg(long, value_parser = COLOURS.parser(), value_name = "DEPTH")]
    color: Option<ColourChoice>,

    /// What to answer; without it the interface starts
    #[command(subcommand)]
    command: Option<AnyCommand>,
}

/// The description of the command line: every command with its arguments.
pub fn program() -> clap::Command {
    Program::command()
}

/// Runs the program with the process's arguments and says how it ended; `--help` lists the codes.
pub fn run() -> ExitCode {
    let program = match Program::try_parse() {
        Ok(program) => program,
        Err(refusal) => {
            // Help and version are refusals, too, with code 0; a closed pipe is no error.
            let _ = print_refusal(&refusal);
            return ExitCode::from(u8::try_from(refusal.exit_code()).unwrap_or(2));
        }
    };
    match perform(program) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "no answer");
            failure::tell(&error)
        }
    }
}

/// Prints what clap refuses. It repeats the arguments, which may hold anything.
fn print_refusal(refusal: &clap::Error) -> io::Result<()> {
    let plain = refusal.render().to_string();
    match visible::lines(&plain) {
        Cow::Owned(tamed) if refusal.use_stderr() && io::stderr().is_terminal() => {
            write!(io::stderr(), "{tamed}")
        }
        _ => refusal.print(),
    }
}

fn perform(arguments: Program) -> Result<()> {
    let Program { vectors, member, encoding, no_mmap, log, model, theme, color, command } = arguments;
    if no_mmap {
        mmap::read_into_memory();
    }
    #[cfg(unix)]
    terminal::faults::watch()?;
    if let Some(path) = log {
        log::start(&path)
            .map_err(|error| Failure::file(format!("cannot write {}: {error}", path.display())))?;
    }
    let encoding = encoding.as_deref().map(named_encoding).transpose()?;
    open::set_hints(Hints { encoding, member });
    let Some(command) = command else {
        return match terminal::start(StartOptions { vectors, model, theme, colour: color, tour: None }) {
            Ok(()) => Ok(()),
            Err(error @ StartError::NoTerminal(_)) => Err(Failure::usage(error.to_string()).into()),
            Err(error) => Err(error.into()),
        };
    };
    let shows_screens = matches!(command, AnyCommand::Tour(_));
    if !shows_screens && (theme.is_some() || color.is_some()) {
        return Err(Failure::usage(
            "--theme and --color belong to the interface, which a command does not start",
        )
        .hint("leave them out; the output of commands has no colours")
        .into());
    }
    #[cfg(unix)]
    if !shows_screens {
        leave_nothing_behind()?;
    }
    match command.answer(&Shared { vectors, model, theme, colour: color, program })? {
        Answer::Text(text) => print(&text),
        Answer::Batch(batch) => batch.write(&mut io::stdout().lock(), io::stdout().is_terminal()),
        Answer::Report(report, format) => {
            print(&report::render(&report, format, io::stdout().is_terminal())?)?;
            if let Some(remark) = report::remark(&report, format) {
                // A courtesy: the answer stands whether or not it can be told.
                let _ = writeln!(io::stderr(), "note: {remark}");
            }
            if report.is_empty_list() {
                let (why, hint) = match report.filtered {
                    true => ("no word passes the filters", "widen --ranks, --pattern or --only"),
                    false => (
                        "these vectors have no words but those of the query",
                        "--include-query lists them, too",
                    ),
                };
                return Err(Failure::no_answer(why).hint(hint).into());
            }
            Ok(())
        }
    }
}

/// Removes files that are half written when a signal ends the program.
#[cfg(unix)]
fn leave_nothing_behind() -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM])?;
    std::thread::Builder::new().name("lexiscope-signals".into()).spawn(move || {
        if let Some(signal) = signals.forever().next() {
            files::abandon_all();
            if signal_hook::low_level::emulate_default_handler(signal).is_err() {
                std::process::exit(128 + signal);
            }
        }
    })?;
    Ok(())
}

fn named_encoding(name: &str) -> Result<Encoding> {
    Encoding::named(name).ok_or_else(|| {
        Failure::usage(format!("--encoding {name}: no encoding is called so"))
            .hint("use a name of the WHATWG standard, such as latin1, gbk, shift_jis or utf-16le")
            .into()
    })
}

fn print(text: &[u8]) -> Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text)?;
    stdout.flush()?;
    Ok(())
}

/// Whether whoever read our output has gone, which is their right: `lexiscope ... | head -1`.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_of_the_command_line_is_sound() {
        program().debug_assert();
    }
}
