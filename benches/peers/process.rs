//! A peer in a process of its own that measures what it is asked to, and what benches with such a peer
//! have in common.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, ensure};

/// Sets this program's threads to those of `LEXISCOPE_THREADS`, or one a core; returns how many.
pub fn threads() -> Result<usize> {
    let threads = match std::env::var("LEXISCOPE_THREADS") {
        Ok(threads) => threads.parse().context("LEXISCOPE_THREADS: a number of threads")?,
        Err(_) => std::thread::available_parallelism()?.get(),
    };
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    Ok(threads)
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A script of `benches/peers`, running.
pub struct Peer {
    /// What it calls itself.
    pub title: String,
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Peer {
    /// Starts `script` with the Python that `LEXISCOPE_PEERS` names; `None` where it names none.
    pub fn start(script: &str, arguments: &[&str]) -> Result<Option<Self>> {
        let Some(python) = std::env::var_os("LEXISCOPE_PEERS") else { return Ok(None) };
        let mut child = Command::new(&python)
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers").join(script))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {}", Path::new(&python).display()))?;
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().context("its output")?);
        let mut peer = Self { title: String::new(), child, input, output };
        peer.title = peer.line()?;
        Ok(Some(peer))
    }

    /// Milliseconds, and a number by which one sees that it computed the same.
    #[allow(dead_code, reason = "not every bench asks for numbers")]
    pub fn ask(&mut self, question: &str) -> Result<(f64, f64)> {
        let (time, found) = self.ask_text(question)?;
        Ok((time, found.parse()?))
    }

    /// Milliseconds, and what was found.
    pub fn ask_text(&mut self, question: &str) -> Result<(f64, String)> {
        let input = self.input.as_mut().context("it was not started")?;
        writeln!(input, "{question}")?;
        let line = self.line()?;
        let (time, found) = line.split_once(' ').context("time and what was found")?;
        Ok((time.parse()?, found.to_owned()))
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        ensure!(!line.is_empty(), "the peer stopped; what it said is above");
        Ok(line.trim().to_owned())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.input.take());
        self.child.wait().ok();
    }
}
