//! The log file, for finding faults: off unless somebody asks for it.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Mutex;

/// Writes every event from now on to `path`, a line each, with its time, level and place.
///
/// # Errors
/// Whatever the system says on creating the file; a second call.
pub fn start(path: &Path) -> io::Result<()> {
    let file = Mutex::new(File::create(path)?);
    let lines = tracing_subscriber::fmt().with_writer(file).with_ansi(false);
    lines.with_max_level(tracing::Level::DEBUG).try_init().map_err(io::Error::other)?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "started");
    Ok(())
}
