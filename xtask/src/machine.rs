//! What the machine must have, and how it gets there.

use std::path::Path;

use anyhow::{Result, bail};

use crate::{
    postgres,
    shell::{program, read, run, succeeds},
};

struct Need {
    package: &'static str,
    is_there: fn() -> bool,
}

const NEEDS: [Need; 5] = [
    Need { package: "postgresql", is_there: || postgres::programs().is_some() },
    Need { package: "chromium", is_there: || Path::new("/usr/bin/chromium").exists() },
    Need { package: "fonts-noto-cjk", is_there: || Path::new("/usr/share/fonts/opentype/noto").exists() },
    Need { package: "fonts-noto-color-emoji", is_there: || font("NotoColorEmoji.ttf") },
    Need { package: "strace", is_there: || succeeds(&mut program("strace", ["-V"])) },
];

/// For `cargo xtask interop`.
const INTEROP_NEEDS: [Need; 3] = [
    Need { package: "tshark", is_there: || succeeds(&mut program("tshark", ["--version"])) },
    Need { package: "openssl", is_there: || succeeds(&mut program("openssl", ["version"])) },
    Need {
        package: "python3-venv",
        is_there: || succeeds(&mut program("python3", ["-c", "import ensurepip"])),
    },
];

fn font(file: &str) -> bool {
    Path::new("/usr/share/fonts/truetype/noto").join(file).exists()
}

/// Installs what is missing where we may, else says what to install. Then the journeys' own packages.
pub(crate) fn prepare() -> Result<()> {
    install_missing(&NEEDS)?;
    if !succeeds(&mut program("node", ["--version"])) {
        bail!("node 20 or later is needed for the browser journeys (https://nodejs.org)");
    }
    let journeys = ["--prefix", "tests/journeys"];
    let mut npm = program("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    run(npm.args(journeys))
}

/// Installs what `cargo xtask interop` needs beyond that, or says what to install.
pub(crate) fn prepare_interop() -> Result<()> {
    install_missing(&INTEROP_NEEDS)
}

fn install_missing(needs: &[Need]) -> Result<()> {
    let missing: Vec<&str> =
        needs.iter().filter(|need| !(need.is_there)()).map(|need| need.package).collect();
    if missing.is_empty() { Ok(()) } else { install(&missing) }
}

fn install(packages: &[&str]) -> Result<()> {
    let list = packages.join(" ");
    if !am_root() {
        bail!(
            "missing: {list}. Install them, for example: sudo apt-get install --no-install-recommends {list}"
        );
    }
    println!("installing {list}");
    run(&mut program("apt-get", ["update", "-qq"]))?;
    let mut apt = program("apt-get", ["install", "-y", "-qq", "--no-install-recommends"]);
    run(apt.args(packages).env("DEBIAN_FRONTEND", "noninteractive"))
}

/// Whether we run as the superuser.
pub(crate) fn am_root() -> bool {
    read(&mut program("id", ["-u"])).is_ok_and(|uid| uid.trim() == "0")
}
