//! Many questions in one go: one a line, answered line by line.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use clap::Args;
use serde_json::json;

use super::failure::{self, Failure};
use super::progress;
use super::report::{self, Format, Report, Value};
use crate::vectors::WordVectors;
use crate::vectors::search::{Answer as Found, Query, search_together};

/// Questions of word vectors that are searched for together.
const TOGETHER: usize = 480;

/// Where the questions are, when there is more than one.
#[derive(Debug, Args)]
pub struct BatchArguments {
    /// Answer every line of a file (- is standard input) in place of one question
    ///
    /// The answers come in the order of the lines: one JSON object a line with --format jsonl, else one
    /// block a line for people. A line without an answer says why, the others are answered all the same,
    /// and the exit code is then 1.
    #[arg(long, value_name = "FILE")]
    batch: Option<PathBuf>,
}

impl BatchArguments {
    /// The questions of the file, or of standard input where the question `typed` is a `-`; `None`
    /// where there is one question only.
    ///
    /// # Errors
    /// A file that cannot be read or is not UTF-8.
    pub fn questions(&self, typed: Option<&str>) -> Result<Option<Vec<String>>> {
        match (&self.batch, typed) {
            (Some(path), _) => lines_in(path).map(Some),
            (None, Some("-")) => lines_in(Path::new("-")).map(Some),
            _ => Ok(None),
        }
    }
}

/// The lines of the file at `path`, or of standard input for a `-`, without their ends and a byte order
/// mark.
///
/// # Errors
/// A file that cannot be read or is not UTF-8.
pub fn lines_in(path: &Path) -> Result<Vec<String>> {
    let is_standard_input = path == Path::new("-");
    let name = if is_standard_input { "standard input".into() } else { path.display().to_string() };
    let mut bytes = Vec::new();
    let read = match is_standard_input {
        true => io::stdin().read_to_end(&mut bytes),
        false => std::fs::File::open(path).and_then(|mut file| file.read_to_end(&mut bytes)),
    };
    read.map_err(|error| Failure::file(format!("cannot read {name}: {error}")))?;
    lines(&name, &bytes)
}

fn lines(name: &str, bytes: &[u8]) -> Result<Vec<String>> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = 1 + bytes[..error.valid_up_to()].iter().filter(|&&byte| byte == b'\n').count();
        Failure::file(format!("line {line} of {name} is not UTF-8")).hint("convert it: iconv -t UTF-8")
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text).lines().map(str::to_owned).collect())
}

/// What answers some questions at a time.
type Answers = dyn FnMut(&[String]) -> Vec<Result<Report>>;

/// Questions and what answers some of them at a time.
pub struct Batch {
    questions: Vec<String>,
    at_a_time: usize,
    answer: Box<Answers>,
    format: Format,
}

impl Batch {
    /// Questions that are answered one after the other.
    ///
    /// # Errors
    /// A format that holds one answer only.
    pub fn one_by_one(
        questions: Vec<String>,
        format: Format,
        mut answer: impl FnMut(&str) -> Result<Report> + 'static,
    ) -> Result<Self> {
        let answer = move |questions: &[String]| questions.iter().map(|question| answer(question)).collect();
        Self::new(questions, 1, format, answer)
    }

    /// Questions that become searches of `vectors`: `ask` makes the search, `report` says what was found.
    ///
    /// # Errors
    /// As [`Batch::one_by_one`].
    pub fn of_searches(
        questions: Vec<String>,
        format: Format,
        vectors: WordVectors,
        ask: impl Fn(&WordVectors, &str) -> Result<Query> + 'static,
        report: impl Fn(&WordVectors, &str, &Found) -> Report + 'static,
    ) -> Result<Self> {
        let answer = move |questions: &[String]| {
            let asked: Vec<Result<Query>> =
                questions.iter().map(|question| ask(&vectors, question)).collect();
            let queries: Vec<Query> = asked.iter().flatten().cloned().collect();
            let found =
                progress::shown("searching", |progress| search_together(&vectors, &queries, progress));
            let mut found = match found {
                Ok(found) => found.into_iter(),
                // No search can be told from the others then.
                Err(error) => return questions.iter().map(|_| Err(anyhow!("{error}"))).collect(),
            };
            let reports = questions.iter().zip(asked).map(|(question, asked)| {
                asked?;
                let found = found.next().ok_or_else(|| anyhow!("no answer came back"))?;
                Ok(report(&vectors, question, &found))
            });
            reports.collect()
        };
        Self::new(questions, TOGETHER, format, answer)
    }

    fn new(
        questions: Vec<String>,
        at_a_time: usize,
        format: Format,
        answer: impl FnMut(&[String]) -> Vec<Result<Report>> + 'static,
    ) -> Result<Self> {
        match format {
            Format::Jsonl | Format::Plain => {
                Ok(Self { questions, at_a_time, answer: Box::new(answer), format })
            }
            _ => Err(Failure::usage("this format holds one answer only, not one for every line")
                .hint("use --format jsonl")
                .into()),
        }
    }

    /// Writes the answers as they come.
    ///
    /// # Errors
    /// `out` cannot be written; no answer, where a question had none.
    pub fn write(mut self, out: &mut impl Write, terminal: bool) -> Result<()> {
        let mut unanswered = 0;
        for (part, questions) in self.questions.chunks(self.at_a_time).enumerate() {
            for (index, (question, answer)) in questions.iter().zip((self.answer)(questions)).enumerate() {
                unanswered += usize::from(answer.is_err());
                let is_first = part == 0 && index == 0;
                if self.format == Format::Plain && !is_first {
                    out.write_all(b"\n")?;
                }
                out.write_all(&written(question, answer, self.format, terminal)?)?;
            }
            out.flush()?;
        }
        if unanswered == 0 {
            return Ok(());
        }
        let all = self.questions.len();
        Err(Failure::no_answer(format!("no answer to {unanswered} of {all} questions"))
            .hint("their lines say why")
            .into())
    }
}

fn written(question: &str, answer: Result<Report>, format: Format, terminal: bool) -> Result<Vec<u8>> {
    match (answer, format) {
        (Ok(report), Format::Plain) => {
            let heading =
                report::render(&Report::default().fact("query", Value::text(question)), format, terminal)?;
            Ok([heading, report::render(&report.without("query"), format, terminal)?].concat())
        }
        (Ok(report), _) => report::render(&report, format, terminal),
        (Err(error), Format::Plain) => {
            let (_, message, hint) = failure::explain(&error);
            let report =
                Report::default().fact("query", Value::text(question)).fact("error", Value::text(message));
            let report = hint.into_iter().fold(report, |report, hint| report.fact("hint", Value::text(hint)));
            report::render(&report, format, terminal)
        }
        (Err(error), _) => {
            let (_, message, hint) = failure::explain(&error);
            let mut object = json!({"query": question, "error": message});
            if let (Some(hint), Some(members)) = (hint, object.as_object_mut()) {
                members.insert("hint".into(), hint.into());
            }
            Ok(report::line_of(&object))
        }
    }
}

/// The `N` words of a question: between tabs where there are any, else between blanks.
///
/// # Errors
/// More or fewer words.
pub fn words<const N: usize>(question: &str) -> Result<[&str; N]> {
    let words: Vec<&str> = match question.contains('\t') {
        true => question.split('\t').collect(),
        false => question.split_whitespace().collect(),
    };
    exactly(words)
}

/// These words, if they are `N`.
///
/// # Errors
/// More or fewer words.
pub fn exactly<const N: usize>(words: Vec<&str>) -> Result<[&str; N]> {
    let count = words.len();
    words.try_into().map_err(|_| {
        Failure::usage(format!("expected {N} words, found {count}"))
            .hint("quote a word that holds blanks; in a file put tabs between the words")
            .into()
    })
}

/// What was typed, if it is one word.
pub fn only(words: &[String]) -> Option<&str> {
    match words {
        [word] => Some(word),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_questions_and_the_broken_one_is_named() {
        assert_eq!(lines("x", "\u{feff}king\r\nqueen\n".as_bytes()).unwrap(), ["king", "queen"]);
        assert_eq!(lines("x", b"a\n\nb").unwrap(), ["a", "", "b"]);
        assert!(lines("x", b"").unwrap().is_empty());
        let error = lines("list", b"a\nb\n\xff\n").unwrap_err();
        assert!(error.to_string().contains("line 3 of list"), "{error}");
    }

    #[test]
    fn words_lie_between_blanks_or_tabs() {
        assert_eq!(words::<2>(" king  queen ").unwrap(), ["king", "queen"]);
        assert_eq!(words::<2>("New York\tcity").unwrap(), ["New York", "city"]);
        assert_eq!(words::<3>("a b").unwrap_err().to_string(), "expected 3 words, found 2");
    }

    #[test]
    fn a_question_without_an_answer_stops_no_other() {
        let questions = vec!["a".to_owned(), "b".to_owned(), "c".to_owned()];
        let answer = |question: &str| match question {
            "b" => Err(Failure::no_answer("nothing").hint("ask c").into()),
            _ => Ok(Report::default().fact("query", Value::text(question)).fact("length", question.len())),
        };
        let written = |format| {
            let mut out = Vec::new();
            let batch = Batch::one_by_one(questions.clone(), format, answer).unwrap();
            let error = batch.write(&mut out, false).unwrap_err();
            assert_eq!(error.to_string(), "no answer to 1 of 3 questions");
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            written(Format::Jsonl),
            "{\"query\":\"a\",\"length\":1}\n{\"query\":\"b\",\"error\":\"nothing\",\"hint\":\"ask c\"}\n\
             {\"query\":\"c\",\"length\":1}\n"
        );
        assert_eq!(
            written(Format::Plain),
            "query  a\nlength  1\n\nquery  b\nerror  nothing\nhint   ask c\n\nquery  c\nlength  1\n"
        );
        assert!(Batch::one_by_one(questions, Format::Csv, answer).is_err());
    }
}
