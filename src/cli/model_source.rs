//! Where the model of a command comes from.

use anyhow::Result;

use super::failure::Failure;
use super::progress;
use crate::model::{self, Model, ModelError, shipped, source};

/// Opens `wanted`, or the shipped model.
///
/// # Errors
/// No such model, with those that are there; whatever is wrong with its files.
pub fn open(wanted: Option<&str>) -> Result<Model> {
    let Some(wanted) = wanted else { return Ok(model::open::shipped()?) };
    if let Err(ModelError::Request(message)) = source::find(wanted) {
        return Err(Failure::file(message).hint(format!("found are {}", known().join(", "))).into());
    }
    Ok(progress::shown(&format!("opening {wanted}"), |_| model::open::open(wanted))?)
}

fn known() -> Vec<String> {
    let cache = source::cache_folder(|name| std::env::var(name).ok());
    let cached = source::list_cached(&cache).into_iter().map(|(name, _)| name);
    shipped::MODELS.iter().map(|model| model.name.to_owned()).chain(cached).collect()
}
