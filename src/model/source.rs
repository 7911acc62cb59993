//! Where models are: a folder, a file, a name in the local Hugging Face cache, or one that is shipped.
//!
//! Nothing is ever downloaded. The cache's layout is documented by Hugging Face for others to read:
//! `models--ORG--NAME/refs/main` holds a commit, `snapshots/COMMIT/` the files.

use std::path::{Path, PathBuf};

use super::error::{ModelError, Result};
use super::shipped::{self, ShippedModel};

/// Where a model's files are.
#[derive(Debug, Clone)]
pub enum Source {
    /// Inside the program.
    Shipped(&'static ShippedModel),
    /// A folder with `config.json`.
    Folder(PathBuf),
    /// A GGUF file.
    Gguf(PathBuf),
}

/// What stands behind the name of a model with two towers where the one for images is meant.
pub const IMAGE_TOWER: &str = ":image";

/// Which network of a model is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tower {
    /// The one that reads texts, or the only one.
    Usual,
    /// The one that looks at images.
    Images,
}

/// The name of the model in `wanted`, and which of its networks is meant.
pub fn tower(wanted: &str) -> (&str, Tower) {
    match wanted.strip_suffix(IMAGE_TOWER) {
        Some(named) if !Path::new(wanted).exists() => (named, Tower::Images),
        _ => (wanted, Tower::Usual),
    }
}

/// Finds what `wanted` stands for: the name of a shipped model, a folder, a file, or `org/name` in the
/// cache; all of them with or without [`IMAGE_TOWER`].
///
/// # Errors
/// [`ModelError::Unsupported`] or [`ModelError::Request`] with what was looked for and where.
pub fn find(wanted: &str) -> Result<Source> {
    let (wanted, _) = tower(wanted);
    if let Some(model) = shipped::named(wanted) {
        return Ok(Source::Shipped(model));
    }
    let path = Path::new(wanted);
    if path.is_dir() {
        return in_folder(path);
    }
    if path.is_file() {
        return of_file(path);
    }
    if let Some(folder) = cached(&cache_folder(|name| std::env::var(name).ok()), wanted) {
        return in_folder(&folder);
    }
    Err(ModelError::Request(format!(
        "no model \"{wanted}\": it is neither a folder, nor a .gguf file, nor the name of a model inside \
         the program or in the local cache {}; \
         `lexiscope models` lists what is found",
        cache_folder(|name| std::env::var(name).ok()).display()
    )))
}

fn in_folder(folder: &Path) -> Result<Source> {
    if folder.join("config.json").is_file() {
        return Ok(Source::Folder(folder.to_owned()));
    }
    let mut ggufs: Vec<PathBuf> = std::fs::read_dir(folder)
        .map_err(ModelError::io("list", folder))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "gguf"))
        .collect();
    ggufs.sort();
    match ggufs.into_iter().next() {
        Some(gguf) => Ok(Source::Gguf(gguf)),
        None => Err(ModelError::Unsupported {
            path: folder.to_owned(),
            what: "the folder has neither config.json nor a .gguf file".into(),
            advice: "give a model folder in the Hugging Face layout".into(),
        }),
    }
}

fn of_file(path: &Path) -> Result<Source> {
    let mut head = [0u8; 4];
    let mut file = std::fs::File::open(path).map_err(ModelError::io("open", path))?;
    if std::io::Read::read_exact(&mut file, &mut head).is_ok() && &head == b"GGUF" {
        return Ok(Source::Gguf(path.to_owned()));
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    if folder.join("config.json").is_file() {
        return Ok(Source::Folder(folder.to_owned()));
    }
    Err(ModelError::Unsupported {
        path: path.to_owned(),
        what: "neither a GGUF file nor part of a model folder (no config.json beside it)".into(),
        advice: "give a model folder in the Hugging Face layout, or a .gguf file".into(),
    })
}

/// The local Hugging Face cache, by the variables that its own tools honour.
pub fn cache_folder(variable: impl Fn(&str) -> Option<String>) -> PathBuf {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("HF_HUB_CACHE")
        .or_else(|| set("HUGGINGFACE_HUB_CACHE"))
        .or_else(|| set("HF_HOME").map(|home| home.join("hub")))
        .or_else(|| set("XDG_CACHE_HOME").map(|cache| cache.join("huggingface").join("hub")))
        .or_else(|| set("HOME").map(|home| home.join(".cache").join("huggingface").join("hub")))
        .unwrap_or_else(|| PathBuf::from(".cache/huggingface/hub"))
}

/// The newest snapshot of `name` ("org/name", or "name" for the oldest models) in `cache`.
pub fn cached(cache: &Path, name: &str) -> Option<PathBuf> {
    let parts: Vec<&str> = name.split('/').collect();
    let is_plain = |part: &&str| !part.is_empty() && *part != "." && *part != "..";
    if parts.len() > 2 || !parts.iter().all(is_plain) {
        return None;
    }
    let folder = cache.join(format!("models--{}", parts.join("--")));
    let commit = std::fs::read_to_string(folder.join("refs").join("main")).ok()?;
    // A commit is one name; whatever else stands there must not lead out of the cache.
    let commit = commit.trim();
    if !is_plain(&commit) || commit.contains(['/', '\\']) {
        return None;
    }
    let snapshot = folder.join("snapshots").join(commit);
    snapshot.is_dir().then_some(snapshot)
}

/// The names of all models in `cache`, sorted, with their folders.
pub fn list_cached(cache: &Path) -> Vec<(String, PathBuf)> {
    let Ok(entries) = std::fs::read_dir(cache) else { return Vec::new() };
    let mut found: Vec<(String, PathBuf)> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter_map(|folder| {
            let name = folder.strip_prefix("models--")?.replacen("--", "/", 1);
            let snapshot = cached(cache, &name)?;
            Some((name, snapshot))
        })
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_is_where_the_variables_say() {
        let by = |set: &'static [(&'static str, &'static str)]| {
            cache_folder(|name| {
                set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(by(&[("HF_HUB_CACHE", "/a"), ("HF_HOME", "/b")]), Path::new("/a"));
        assert_eq!(by(&[("HUGGINGFACE_HUB_CACHE", "/l"), ("HF_HOME", "/b")]), Path::new("/l"));
        assert_eq!(by(&[("HF_HOME", "/b"), ("HOME", "/h")]), Path::new("/b/hub"));
        assert_eq!(by(&[("XDG_CACHE_HOME", "/c"), ("HOME", "/h")]), Path::new("/c/huggingface/hub"));
        assert_eq!(by(&[("HF_HUB_CACHE", ""), ("HOME", "/h")]), Path::new("/h/.cache/huggingface/hub"));
    }

    #[test]
    fn a_name_is_found_in_the_cache_and_nothing_outside_it() {
        let cache = tempfile::tempdir().expect("a folder");
        let model = cache.path().join("models--openai-community--gpt2");
        std::fs::create_dir_all(model.join("refs")).expect("refs");
        std::fs::create_dir_all(model.join("snapshots/abc")).expect("snapshot");
        std::fs::write(model.join("refs/main"), "abc\n").expect("ref");
        assert_eq!(cached(cache.path(), "openai-community/gpt2"), Some(model.join("snapshots/abc")));
        assert_eq!(cached(cache.path(), "openai-community/gpt3"), None);
        assert_eq!(cached(cache.path(), "../gpt2"), None);
        let outside = tempfile::tempdir().expect("another folder");
        let path = outside.path().to_string_lossy().into_owned();
        for commit in [path.as_str(), "..", ".", "", "../snapshots/abc", "abc/.."] {
            std::fs::write(model.join("refs/main"), commit).expect("ref");
            assert_eq!(cached(cache.path(), "openai-community/gpt2"), None, "{commit}");
        }
        std::fs::write(model.join("refs/main"), "abc").expect("ref");
        assert_eq!(list_cached(cache.path()).len(), 1);
        assert_eq!(list_cached(cache.path())[0].0, "openai-community/gpt2");
    }
}
