//! `generate`: a model writes, token by token.

use std::io::{self, IsTerminal, Write};

use anyhow::Result;
use clap::Args;

use super::arguments::format::FormatArguments;
use super::arguments::sampling::SamplingArguments;
use super::arguments::subject::{Subject, SubjectArguments, note_length};
use super::command::{Answer, Command, Shared};
use super::failure::Failure;
use super::progress;
use super::report::{Format, Report, Table, Value};
use crate::analysis::names::output_name;
use crate::model::Model;
use crate::model::generate::{self, Sampling, Writing, check_writes, generate};
use crate::model::tokenizer::Tokenizer;
use crate::progress::Progress;
use crate::visible;

/// Let a model write on
///
/// The text appears as it is written. --model names the model that writes: any causal transformer, or a
/// network that `lexiscope train` made; without it, a small transformer inside the program writes. An
/// encoder-decoder writes what it makes of the text (or of a sound: --audio), the likeliest token each
/// time unless --temperature is given.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    subject: SubjectArguments,
    /// How many tokens, unless the model ends the text itself
    #[arg(short = 'k', long, value_name = "COUNT", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    count: u32,
    #[command(flatten)]
    sampling: SamplingArguments,
    #[command(flatten)]
    output: FormatArguments,
}

/// Bold enough not to say the same again and again, as small networks do when the likeliest token is
/// taken.
const TEMPERATURE: f32 = 0.8;

impl Command for Arguments {
    fn answer(self, shared: &Shared) -> Result<Answer> {
        // Wrong options are told before a model is opened.
        self.sampling.sampling(TEMPERATURE)?;
        let subject = Subject::open_predicting(&self.subject, shared)?;
        // What is translated or transcribed has one right answer.
        let usual = if subject.model.network.has_decoder() { 0.0 } else { TEMPERATURE };
        let sampling = self.sampling.sampling(usual)?;
        let count = self.count as usize;
        match (&subject.model.tokenizer, self.output.format) {
            (Some(tokenizer), Format::Plain) => {
                note_length(&subject.model, begun(&subject).map_or(0, |begun| begun.len()) + count);
                stream(&subject, tokenizer, count, &sampling)?;
                Ok(Answer::Text(Vec::new()))
            }
            (_, format) => Ok(Answer::report(continuation(&subject, count, &sampling)?, format)),
        }
    }
}

/// Writes up to `count` tokens after what was given; see [`generate`].
fn write(
    subject: &Subject,
    count: usize,
    sampling: &Sampling,
    progress: &Progress,
    on_token: impl FnMut(u32) -> bool,
) -> Result<Vec<u32>> {
    let Model { network, writing: rules, .. } = &*subject.model;
    check(subject, count)?;
    Ok(generate(network, &subject.input(), &Writing { count, sampling, rules }, progress, on_token)?)
}

/// What is written on.
fn begun(subject: &Subject) -> Result<Vec<u32>> {
    Ok(generate::given(&subject.model.network, &subject.input())?.1)
}

/// Whether the model writes on, and has room for `count` tokens more.
fn check(subject: &Subject, count: usize) -> Result<()> {
    let network = &subject.model.network;
    check_writes(network)?;
    let given = begun(subject)?.len();
    match network.last_stack().maximum_tokens {
        Some(maximum) if given + count > maximum + 1 => {
            let message =
                format!("{given} tokens and {count} more do not fit: the model has positions for {maximum}");
            Err(Failure::usage(message).hint("generate fewer, or shorten the text").into())
        }
        _ => Ok(()),
    }
}

/// What `count` tokens more are, as a report.
///
/// # Errors
/// More tokens than the model has positions; a model that does not write.
pub fn continuation(subject: &Subject, count: usize, sampling: &Sampling) -> Result<Report> {
    let written = progress::shown("writing", |progress| write(subject, count, sampling, progress, |_| true))?;
    let text = match &subject.model.tokenizer {
        Some(tokenizer) => Value::text(tokenizer.decode(&written)?),
        None => Value::Nothing,
    };
    let first = begun(subject)?.len();
    note_length(&subject.model, first + written.len());
    let mut table = Table::new("tokens", &["position", "token", "id"]);
    for (index, &id) in written.iter().enumerate() {
        let token = Value::text(output_name(&subject.model, id));
        table.records.push(vec![(first + index).into(), token, Value::Integer(id.into())]);
    }
    Ok(subject.report().fact("continuation", text).list(table))
}

/// Prints what was given, and what is written behind it as it is written.
fn stream(subject: &Subject, tokenizer: &Tokenizer, count: usize, sampling: &Sampling) -> Result<()> {
    // Before anything stands on the screen.
    check(subject, count)?;
    let mut text = GrowingText::new(tokenizer, &begun(subject)?)?;
    let mut out = Out { is_terminal: io::stdout().is_terminal() };
    // Of a chat only the answer is shown.
    if !subject.is_said() {
        out.print(&text.shown)?;
    }
    let mut trouble = None;
    write(subject, count, sampling, &Progress::unobserved(), |id| {
        let printed = text.grow(id).and_then(|new| out.print(&new));
        trouble = printed.err();
        trouble.is_none()
    })?;
    if let Some(trouble) = trouble {
        return Err(trouble);
    }
    out.print(&format!("{}\n", text.rest()?))
}

/// Standard output, piece by piece.
struct Out {
    is_terminal: bool,
}

impl Out {
    fn print(&mut self, text: &str) -> Result<()> {
        let text = if self.is_terminal { visible::lines(text) } else { text.into() };
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        Ok(stdout.flush()?)
    }
}

/// The text of tokens that become more. A character may take several tokens, and is shown when it is
/// whole.
struct GrowingText<'a> {
    tokenizer: &'a Tokenizer,
    ids: Vec<u32>,
    /// What has been shown.
    shown: String,
}

impl<'a> GrowingText<'a> {
    fn new(tokenizer: &'a Tokenizer, prompt: &[u32]) -> Result<Self> {
        let shown = whole(&tokenizer.decode(prompt)?).to_owned();
        Ok(Self { tokenizer, ids: prompt.to_vec(), shown })
    }

    /// What can be shown besides, now that `id` is there.
    fn grow(&mut self, id: u32) -> Result<String> {
        self.ids.push(id);
        let text = self.tokenizer.decode(&self.ids)?;
        Ok(self.show(whole(&text)))
    }

    /// What has not been shown because it never became a whole character.
    fn rest(&mut self) -> Result<String> {
        let text = self.tokenizer.decode(&self.ids)?;
        Ok(self.show(&text))
    }

    fn show(&mut self, text: &str) -> String {
        // Tokenizers that tidy up may change what they wrote before: that stays as it was shown.
        let new = text.get(self.shown.len()..).unwrap_or_default().to_owned();
        self.shown.push_str(&new);
        new
    }
}

/// `text` without what stands for an unfinished character at its end.
fn whole(text: &str) -> &str {
    text.trim_end_matches(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::lab::vocabulary;

    #[test]
    fn a_character_is_shown_when_all_its_tokens_are_there() {
        let json = vocabulary::train("A snowman in the snow, twice.", vocabulary::FEWEST + 1).unwrap();
        let tokenizer = &Tokenizer::from_json(Path::new("tokenizer.json"), json.as_bytes()).unwrap();
        let ids = tokenizer.encode("A snowman: \u{2603}, twice \u{2603}").unwrap().ids;
        let mut text = GrowingText::new(tokenizer, &ids[..1]).unwrap();
        let mut shown = text.shown.clone();
        for &id in &ids[1..] {
            let new = text.grow(id).unwrap();
            assert!(!new.contains(char::REPLACEMENT_CHARACTER), "{new}");
            shown += &new;
        }
        assert_eq!(shown, "A snowman: \u{2603}, twice \u{2603}");
        assert_eq!(text.rest().unwrap(), "");
        let half = &ids[..ids.len() - 1];
        let mut text = GrowingText::new(tokenizer, half).unwrap();
        assert!(text.rest().unwrap().contains(char::REPLACEMENT_CHARACTER), "half a character is told");
    }
}
