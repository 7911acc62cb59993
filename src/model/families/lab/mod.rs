//! The networks of the lab: those before and beside the transformer of today, each with the keys and
//! tensor names of the nearest PyTorch module.

pub(super) mod cnn;
pub(super) mod hybrid;
pub(super) mod recurrent;
pub(super) mod seq2seq;
pub(super) mod transformer;

use crate::model::config::Config;
use crate::model::error::Result;

/// The value of `key`, which is one of `known`; the first where there is none.
fn choice<'a, T: Copy>(config: &Config, key: &str, known: &'a [(&'a str, T)]) -> Result<T> {
    let Some(value) = config.get(key) else { return Ok(known[0].1) };
    let found = value.as_str().and_then(|name| known.iter().find(|(other, _)| *other == name));
    found.map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        config.unsupported(format!("{key} is {value}, but known are {}", names.join(", ")))
    })
}
