//! How a command says that it could not answer: one line, perhaps a hint, and an exit code.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use crate::files::WriteError;
use crate::model::ModelError;
use crate::vectors::VectorsError;
use crate::visible;

/// Why there is no answer; the numbers are the exit codes that `--help` and the README promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The question is sound, but there is nothing to answer with.
    NoAnswer = 1,
    /// The question makes no sense as it was put.
    Usage = 2,
    /// A file cannot be read or written, or is not what it should be.
    File = 3,
}

/// A failure that the command line found by itself.
#[derive(Debug)]
pub struct Failure {
    kind: Kind,
    message: String,
    hint: Option<String>,
}

impl Failure {
    /// There is nothing to answer with.
    pub fn no_answer(message: impl Into<String>) -> Self {
        Self { kind: Kind::NoAnswer, message: message.into(), hint: None }
    }

    /// The question makes no sense.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { kind: Kind::Usage, message: message.into(), hint: None }
    }

    /// A file is not what it should be.
    pub fn file(message: impl Into<String>) -> Self {
        Self { kind: Kind::File, message: message.into(), hint: None }
    }

    /// With what to do next.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// Writes `error: ...` and, where there is one, `hint: ...` to stderr, and gives the exit code.
pub fn tell(error: &anyhow::Error) -> ExitCode {
    let (kind, message, hint) = explain(error);
    let shown = |text: &str| match io::stderr().is_terminal() {
        true => visible::line(text).into_owned(),
        false => text.to_owned(),
    };
    let mut stderr = io::stderr().lock();
    // Nobody is left to tell when stderr is closed.
    let _ = writeln!(stderr, "error: {}", shown(&message));
    if let Some(hint) = hint {
        let _ = writeln!(stderr, "hint: {}", shown(&hint));
    }
    ExitCode::from(kind as u8)
}

/// What kind of failure `error` is, what it says, and what to do next.
pub fn explain(error: &anyhow::Error) -> (Kind, String, Option<String>) {
    if let Some(failure) = error.downcast_ref::<Failure>() {
        return (failure.kind, failure.message.clone(), failure.hint.clone());
    }
    if let Some(cause) = error.downcast_ref::<ModelError>() {
        let kind = match cause {
            ModelError::Request(_) | ModelError::TraceTooLarge { .. } => Kind::Usage,
            ModelError::Cancelled(_) => Kind::NoAnswer,
            _ => Kind::File,
        };
        return (kind, cause.to_string(), None);
    }
    if let Some(cause) = error.downcast_ref::<WriteError>() {
        // It names its cause itself.
        return (Kind::File, cause.to_string(), None);
    }
    let Some(cause) = error.downcast_ref::<VectorsError>() else {
        return (Kind::File, format!("{error:#}"), None);
    };
    if let VectorsError::UnknownWord { word, size, suggestions } = cause {
        let hint = (!suggestions.is_empty()).then(|| format!("did you mean {}?", suggestions.join(", ")));
        return (Kind::NoAnswer, format!("\"{word}\" is not among the {size} words"), hint);
    }
    (kind_of(cause), cause.to_string(), None)
}

fn kind_of(error: &VectorsError) -> Kind {
    match error {
        VectorsError::UnknownWord { .. } | VectorsError::NoDirection { .. } | VectorsError::Cancelled(_) => {
            Kind::NoAnswer
        }
        VectorsError::EmptyQuery
        | VectorsError::Syntax { .. }
        | VectorsError::DimensionMismatch { .. }
        | VectorsError::Request(_) => Kind::Usage,
        _ => Kind::File,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_word_brings_its_suggestions_as_a_hint() {
        let error = VectorsError::UnknownWord {
            word: "kigndom".into(),
            size: 30_000,
            suggestions: vec!["kingdom".into(), "kingdoms".into()],
        };
        let (kind, message, hint) = explain(&error.into());
        assert_eq!(kind, Kind::NoAnswer);
        assert_eq!(message, "\"kigndom\" is not among the 30000 words");
        assert_eq!(hint.as_deref(), Some("did you mean kingdom, kingdoms?"));
    }

    #[test]
    fn kinds_follow_what_went_wrong() {
        let kind = |error: VectorsError| explain(&error.into()).0;
        assert_eq!(kind(VectorsError::EmptyQuery), Kind::Usage);
        assert_eq!(
            kind(VectorsError::DimensionMismatch { what: "x".into(), expected: 3, found: 2 }),
            Kind::Usage
        );
        let missing = VectorsError::io("open", "a.bin".as_ref())(io::ErrorKind::NotFound.into());
        assert_eq!(kind(missing), Kind::File);
    }
}
