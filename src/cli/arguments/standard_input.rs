//! `-`, which stands for standard input wherever a file or a text is read.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::PathBuf;

use clap::builder::{PathBufValueParser, TypedValueParser};

/// What clap reads the path of a file with that is read.
pub fn file_parser() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().map(file)
}

/// The file that `path` stands for.
fn file(path: PathBuf) -> PathBuf {
    if cfg!(unix) && path.as_os_str() == OsStr::new("-") { PathBuf::from("/dev/stdin") } else { path }
}

/// The text that `given` stands for: what comes in, without the end of its last line, for a `-` alone.
///
/// # Errors
/// Standard input cannot be read, or is not UTF-8.
pub fn text(given: &[String]) -> io::Result<String> {
    if given != ["-"] {
        return Ok(given.join(" "));
    }
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    let end = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(end);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_minus_alone_is_standard_input() {
        assert_eq!(file("a-b".into()), PathBuf::from("a-b"));
        assert_eq!(file("./-".into()), PathBuf::from("./-"));
        if cfg!(unix) {
            assert_eq!(file("-".into()), PathBuf::from("/dev/stdin"));
        }
        assert_eq!(text(&["king".into(), "-".into(), "man".into()]).unwrap(), "king - man");
    }
}
