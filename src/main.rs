//! The program `lexiscope`; everything it does is in the library's [`lexiscope::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    lexiscope::cli::run()
}
