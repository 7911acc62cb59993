//! A GGUF model that lies in one file or in several (llama.cpp's `gguf-split`): the first has the settings,
//! and every one a header with its own tensors. The names end with `-00001-of-00003.gguf`.

use std::path::{Path, PathBuf};

use super::header::{self, Header, Value};
use crate::mmap::Bytes;
use crate::model::error::{ModelError, Result};

/// The header of the model at `path`, any of its files, with the tensors of all of them.
///
/// # Errors
/// As [`header::read`]; a file of several that is missing or does not belong to the others.
pub fn read(path: &Path) -> Result<Header> {
    let own = read_one(path)?;
    let count = number(&own, "split.count").unwrap_or(1);
    if count < 2 {
        return Ok(own);
    }
    let malformed = |what: &str, expected: String, found: String| ModelError::Malformed {
        path: path.to_owned(),
        what: what.into(),
        expected,
        found,
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let end = format!("-of-{count:05}.gguf");
    let stem =
        name.strip_suffix(&end).and_then(|start| Some(start.rsplit_once('-')?.0)).ok_or_else(|| {
            malformed("the name of one of several files", format!("...-00001{end}"), name.clone())
        })?;
    let part = |number: i64| -> PathBuf { path.with_file_name(format!("{stem}-{number:05}{end}")) };
    let mut whole = read_one(&part(1))?;
    for number in 2..=count {
        whole.tensors.extend(read_one(&part(number))?.tensors);
    }
    match number(&whole, "split.tensors.count") {
        Some(tensors) if tensors != whole.tensors.len() as i64 => {
            let found = format!("{} in its {count} files", whole.tensors.len());
            Err(malformed("key \"split.tensors.count\"", format!("{tensors} tensors"), found))
        }
        _ => Ok(whole),
    }
}

fn read_one(path: &Path) -> Result<Header> {
    let bytes = Bytes::map(path).map_err(ModelError::io("open", path))?;
    header::read(path, &bytes)
}

fn number(header: &Header, key: &str) -> Option<i64> {
    match header.pairs.get(key) {
        Some(Value::Integer(number)) => Some(*number),
        _ => None,
    }
}
