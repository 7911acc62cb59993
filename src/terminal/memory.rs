//! What the screens remember from run to run: `memory.json` in the state folder
//! (`$XDG_STATE_HOME/lexiscope`, usually `~/.local/state/lexiscope`).

use std::io;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

use crate::app::App;
use crate::files::AtomicFile;

/// The file, where the system has a place for it.
pub(super) fn path() -> Option<PathBuf> {
    let strategy = etcetera::choose_base_strategy().ok()?;
    let folder = strategy.state_dir().unwrap_or_else(|| strategy.data_dir());
    Some(folder.join("lexiscope").join("memory.json"))
}

/// Takes back what the file at `path` holds; one that does not exist holds nothing.
///
/// # Errors
/// What is wrong with the file, in one line.
pub(super) fn load(app: &mut App, path: &Path) -> Result<(), String> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(format!("cannot read {}: {error}", path.display())),
    };
    let memory = serde_json::from_str(&text).map_err(|error| error.to_string());
    let told = memory.and_then(|memory| app.remember(memory));
    told.map_err(|mistake| format!("bookmarks and history begin anew: {}: {mistake}", path.display()))
}

/// Keeps what the screens remember in the file at `path`, readable for its owner alone.
///
/// # Errors
/// The file or its folder cannot be written.
pub(super) fn save(app: &App, path: &Path) -> Result<(), String> {
    let text = serde_json::to_string_pretty(&app.memory()).unwrap_or_default() + "\n";
    let refused = |error: &dyn std::fmt::Display| format!("cannot keep bookmarks and history: {error}");
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| refused(&error))?;
    }
    let write = || {
        let mut file = AtomicFile::create(path, None)?;
        file.write(text.as_bytes())?;
        file.commit()
    };
    write().map(drop).map_err(|error: crate::files::WriteError| refused(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screens;

    fn app() -> App {
        App::new(screens::all(), None)
    }

    #[test]
    fn what_was_kept_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/memory.json");
        load(&mut app(), &path).unwrap();
        let kept = serde_json::json!({"words": {"history": ["king", "queen"], "bookmarks": ["man"]}});
        let mut first = app();
        first.remember(kept.clone()).unwrap();
        save(&first, &path).unwrap();
        let mut second = app();
        load(&mut second, &path).unwrap();
        assert_eq!(second.memory(), kept);
    }

    #[test]
    fn a_broken_file_is_told_and_does_no_harm() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("memory.json");
        for broken in ["{", "[]", "{\"words\": {\"historie\": []}}", "{\"wirds\": {}}"] {
            std::fs::write(&path, broken).unwrap();
            let mut app = app();
            let error = load(&mut app, &path).unwrap_err();
            assert!(error.contains("memory.json") && error.contains("begin anew"), "{error}");
            assert_eq!(app.memory(), super::tests::app().memory());
        }
    }
}
