//! The program `heyon`.

use std::process::ExitCode;

fn main() -> ExitCode {
    heyon::main()
}
