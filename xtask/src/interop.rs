//! `cargo xtask interop`: our protocols against programs that others wrote.

use std::path::PathBuf;

use anyhow::{Result, ensure};

use crate::{
    machine,
    shell::{Stream, program, root, run, succeeds, tee},
    tally::Tally,
};

/// The gateway's side of Diameter (MIT licence), from PyPI.
const LIBRARY: &str = "python-diameter==0.9.0";

/// A packet gateway that others wrote against `heyon demo`'s release build, and what tshark says of the bytes.
pub(crate) fn gateway() -> Result<Tally> {
    machine::prepare_interop()?;
    let python = python()?;
    let heyon = root().join("target/release/heyon");
    ensure!(heyon.exists(), "{} is not built: cargo build --release -p heyon", heyon.display());
    let mut script = program(&python.to_string_lossy(), ["tests/interop/gateway.py"]);
    script.arg(heyon).arg(root().join("target/interop/gy.pcap"));
    let (status, lines) = tee(&mut script, Stream::Out)?;
    Ok(Tally::read(&lines, status.success()))
}

/// A Python that has the library, in a place of its own under `target/`.
fn python() -> Result<PathBuf> {
    let place = root().join("target/interop/venv");
    let python = place.join("bin/python");
    if !succeeds(&mut program(&python.to_string_lossy(), ["-c", "import diameter"])) {
        println!("installing {LIBRARY} into {}", place.display());
        run(&mut program("python3", ["-m", "venv", &place.to_string_lossy()]))?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", LIBRARY];
        run(&mut program(&python.to_string_lossy(), pip))?;
    }
    Ok(python)
}
