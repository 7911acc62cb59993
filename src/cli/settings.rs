//! The one conversion from the command line as typed to what the commands work with.

use std::collections::HashSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap_complete::Shell;

use super::arguments::{
    ColorChoice, LowArguments, LowCommand, LowFilter, LowList, LowMethod, LowObjective, LowProtocol,
    LowTarget, OutputFormat,
};
use super::failure::Failure;
use super::{
    analogy, attend, convert, evaluate, heads, info, model_settings, model_source, models, neighbors,
    odd_one_out, positions, predict, query, similarity, subwords, trace,
};
use crate::vectors::VectorsError;
use crate::vectors::analogy::Method;
use crate::vectors::convert::Target;
use crate::vectors::evaluate::{Objective, Protocol};
use crate::vectors::filter::{self, Filter};

/// Length of a list when nobody asked for another.
const DEFAULT_COUNT: usize = 10;

/// How the interface is to start.
pub struct InterfaceOptions {
    /// The vectors; `None` for the shipped ones.
    pub vectors: Option<PathBuf>,
    /// The model; `None` for the shipped one.
    pub model: Option<String>,
    /// The theme's name.
    pub theme: Option<String>,
    /// How many colours.
    pub color: Option<ColorChoice>,
}

/// What the process is asked to do.
pub enum Task {
    /// Start the full-screen interface.
    Interface(InterfaceOptions),
    /// Answer one question.
    Answer {
        /// The question.
        request: Request,
        /// The shape of the answer.
        format: OutputFormat,
    },
    /// Print completions for a shell.
    Completions(Shell),
    /// Print the manual page.
    Man,
}

/// One question, for one command.
pub enum Request {
    /// The words nearest to a word.
    Neighbors(neighbors::Request),
    /// A : B :: C : ?
    Analogy(analogy::Request),
    /// The words nearest to an expression or a vector.
    Query(query::Request),
    /// The similarity of two words.
    Similarity(similarity::Request),
    /// The word that fits least.
    OddOneOut(odd_one_out::Request),
    /// The n-grams of a word.
    Subwords(subwords::Request),
    /// A test of the vectors.
    Evaluate(evaluate::Request),
    /// Vectors in another format.
    Convert(convert::Request),
    /// What is in a file.
    Info(info::Request),
    /// An attention map.
    Attend(attend::Request),
    /// Labels and figures of all heads.
    Heads(heads::Request),
    /// Everything that a pass computed, in a file.
    Trace(trace::Request),
    /// Next or masked tokens.
    Predict(predict::Request),
    /// A positional method.
    Positions(positions::Request),
    /// A text, cut into tokens.
    Tokens(model_source::Request),
    /// Which models are found.
    Models(models::Request),
}

/// A list of nearest words: from which vectors, how many, which may be in it.
pub struct Search {
    /// The vectors; `None` for the shipped ones.
    pub vectors: Option<PathBuf>,
    /// How many words.
    pub count: usize,
    /// Whether the asked words may be answers.
    pub include_query: bool,
    /// Which words may be answers.
    pub filter: Filter,
}

/// Turns what was typed into what is to be done.
///
/// # Errors
/// Values that clap cannot judge: rank ranges, regular expressions, word lists.
pub fn task(arguments: LowArguments) -> Result<Task> {
    let LowArguments { vectors, model, theme, color, command } = arguments;
    let Some(command) = command else {
        return Ok(Task::Interface(InterfaceOptions { vectors, model, theme, color }));
    };
    if theme.is_some() || color.is_some() {
        return Err(Failure::usage(
            "--theme and --color belong to the interface, which a command does not start",
        )
        .hint("leave them out; the output of commands has no colours")
        .into());
    }
    let search = |include_query: bool, filter: LowFilter, list: &LowList| -> Result<Search> {
        Ok(Search { vectors: vectors.clone(), count: count(list), include_query, filter: filter_of(filter)? })
    };
    let (request, format) = match command {
        LowCommand::Neighbors { word, include_query, filter, list } => {
            let search = search(include_query, filter, &list)?;
            (Request::Neighbors(neighbors::Request { word: given(word)?, search }), list.output.format)
        }
        LowCommand::Analogy { a, b, c, method: low, include_query, filter, list } => {
            let search = search(include_query, filter, &list)?;
            let request =
                analogy::Request { a: given(a)?, b: given(b)?, c: given(c)?, method: method(low), search };
            (Request::Analogy(request), list.output.format)
        }
        LowCommand::Query { query, rest, include_query, filter, list } => {
            let search = search(include_query, filter, &list)?;
            let query = given([vec![query], rest].concat().join(" "))?;
            (Request::Query(query::Request { query, search }), list.output.format)
        }
        LowCommand::Similarity { a, b, output } => {
            (Request::Similarity(similarity::Request { a: given(a)?, b: given(b)?, vectors }), output.format)
        }
        LowCommand::OddOneOut { words, output } => {
            let words = words.into_iter().map(given).collect::<Result<_>>()?;
            (Request::OddOneOut(odd_one_out::Request { words, vectors }), output.format)
        }
        LowCommand::Subwords { word, count, output } => {
            let count = count.map(|count| count as usize);
            (Request::Subwords(subwords::Request { word: given(word)?, count, vectors }), output.format)
        }
        LowCommand::Evaluate { file, protocol: low, limit, method: objective, output } => {
            let request = evaluate::Request {
                file,
                protocol: protocol(low),
                limit: limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX)),
                objective: self::objective(objective),
                vectors,
            };
            (Request::Evaluate(request), output.format)
        }
        LowCommand::Convert { input, output_file, to, int8, output } => {
            let low = target(to, int8, &output_file)?;
            let request = convert::Request {
                input,
                output: output_file,
                target: target_of(low, int8),
                target_name: name_of(low),
            };
            (Request::Convert(request), output.format)
        }
        LowCommand::Info { file, output } => {
            (Request::Info(info::Request { vectors: file.or(vectors) }), output.format)
        }
        LowCommand::Model(command) => model_settings::request(command, model)?,
        LowCommand::Completions { shell } => return Ok(Task::Completions(shell)),
        LowCommand::Man => return Ok(Task::Man),
    };
    Ok(Task::Answer { request, format })
}

fn count(list: &LowList) -> usize {
    list.count.map_or(DEFAULT_COUNT, |count| count as usize)
}

/// `text`, unless there is nothing in it.
fn given(text: String) -> Result<String> {
    if text.trim().is_empty() { Err(VectorsError::EmptyQuery.into()) } else { Ok(text) }
}

/// The name under which clap knows a choice.
pub fn name_of(choice: impl clap::ValueEnum) -> String {
    choice.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

fn method(low: LowMethod) -> Method {
    match low {
        LowMethod::CosAdd => Method::CosAdd,
        LowMethod::CosMul => Method::CosMul,
        LowMethod::PairDirection => Method::PairDirection,
    }
}

/// The name of a method on the command line and in answers.
pub fn method_name(method: Method) -> String {
    name_of(match method {
        Method::CosAdd => LowMethod::CosAdd,
        Method::CosMul => LowMethod::CosMul,
        Method::PairDirection => LowMethod::PairDirection,
    })
}

fn objective(low: LowObjective) -> Objective {
    match low {
        LowObjective::CosAdd => Objective::CosAdd,
        LowObjective::CosMul => Objective::CosMul,
    }
}

fn protocol(low: LowProtocol) -> Protocol {
    match low {
        LowProtocol::Word2vec => Protocol::Word2vec,
        LowProtocol::Gensim => Protocol::Gensim,
        LowProtocol::Glove => Protocol::Glove,
        LowProtocol::Gluon => Protocol::Gluon,
        LowProtocol::Honest => Protocol::Honest,
    }
}

fn filter_of(low: LowFilter) -> Result<Filter> {
    Ok(Filter {
        ranks: low.ranks.as_deref().map(ranks).transpose()?,
        pattern: low.pattern.as_deref().map(pattern).transpose()?,
        words: low.only.as_deref().map(words).transpose()?,
    })
}

fn ranks(text: &str) -> Result<Range<usize>> {
    filter::read_ranks(text)
        .map_err(|reason| Failure::usage(format!("--ranks {text}: {reason}")).hint(filter::RANKS).into())
}

fn pattern(text: &str) -> Result<regex::bytes::Regex> {
    filter::read_pattern(text).map_err(|reason| {
        Failure::usage(format!("--pattern {text}: {reason}"))
            .hint("the syntax is that of Rust's regex crate; put a backslash before a character meant literally")
            .into()
    })
}

fn words(path: &Path) -> Result<HashSet<Vec<u8>>> {
    filter::read_words(path).map_err(|error| match error {
        VectorsError::Request(message) => Failure::file(message).into(),
        other => other.into(),
    })
}

fn target(low: Option<LowTarget>, int8: bool, output: &Path) -> Result<LowTarget> {
    let low = match low {
        Some(low) => low,
        None => target_by_ending(output)?,
    };
    if int8 && low != LowTarget::Safetensors {
        return Err(Failure::usage(format!("--int8 does not go with {}", name_of(low)))
            .hint("only safetensors can hold one byte a number: add --to safetensors")
            .into());
    }
    Ok(low)
}

fn target_of(low: LowTarget, int8: bool) -> Target {
    match low {
        LowTarget::Word2vecBinary => Target::Word2vecBinary,
        LowTarget::Word2vecText => Target::Word2vecText,
        LowTarget::Glove => Target::GloveText,
        LowTarget::Safetensors if int8 => Target::SafetensorsInt8,
        LowTarget::Safetensors => Target::Safetensors,
        LowTarget::Fifu => Target::Finalfusion,
    }
}

fn target_by_ending(output: &Path) -> Result<LowTarget> {
    let ending =
        output.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
    match ending.as_str() {
        "bin" => Ok(LowTarget::Word2vecBinary),
        "vec" => Ok(LowTarget::Word2vecText),
        "txt" => Ok(LowTarget::Glove),
        "safetensors" => Ok(LowTarget::Safetensors),
        "fifu" => Ok(LowTarget::Fifu),
        _ => {
            Err(Failure::usage(format!("{}: the name does not say which format to write", output.display()))
                .hint("add --to word2vec-binary, word2vec-text, glove, safetensors or fifu")
                .into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_decides_only_when_nothing_else_does() {
        let target = |low, int8, name: &str| super::target(low, int8, Path::new(name));
        assert_eq!(target(None, false, "a.BIN").unwrap(), LowTarget::Word2vecBinary);
        assert_eq!(target(Some(LowTarget::Glove), false, "a.bin").unwrap(), LowTarget::Glove);
        assert_eq!(target(None, true, "a.safetensors").unwrap(), LowTarget::Safetensors);
        assert!(target(None, false, "a").is_err());
        assert!(target(None, true, "a.bin").is_err());
    }
}
