//! Writes the small tables that the catalogue embeds, from public data: which networks there are, which country lies where.

mod networks;
mod regions;

use std::path::{Path, PathBuf};

use anyhow::Context;

pub(crate) use networks::write_networks;
pub(crate) use regions::write_regions;

fn data_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/catalog/data")
}

fn write(name: &str, text: &str) -> anyhow::Result<()> {
    let path = data_folder().join(name);
    std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    println!("{}: {} lines", path.display(), text.lines().count());
    Ok(())
}
