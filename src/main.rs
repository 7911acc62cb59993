//! The program `lexiscope`; everything it does is in the library's [`lexiscope::cli`].

use std::process::ExitCode;

/// A pass over a long text keeps hundreds of megabytes, and the next pass wants as many. This
/// allocator hands out again what was just given back, where the system's would fetch fresh pages:
/// at 512 tokens that was half of the time of a pass (`benches/forward.rs`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    lexiscope::cli::run()
}
