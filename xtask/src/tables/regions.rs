//! `regions.tsv`: which region of the world each country lies in.

use std::{collections::BTreeMap, fmt::Write as _, process::Command};

use anyhow::{Context, ensure};
use serde_json::Value;

const VERSION: &str = "48.2.0";
const HEADER: &str = "# Regions: UN M49 code of the continent, of the subregion, its countries. Written by `cargo xtask regions` from the
# territory containment of Unicode CLDR (npm cldr-core VERSION, Unicode-3.0); do not edit.
";

/// Fetches CLDR's containment by npm and writes the table.
pub(crate) fn write_regions() -> anyhow::Result<()> {
    let folder = std::env::temp_dir().join("heyon-cldr-core");
    std::fs::create_dir_all(&folder)?;
    let package = format!("cldr-core@{VERSION}");
    let done =
        Command::new("npm").args(["install", "--no-save", "--prefix"]).arg(&folder).arg(&package).status()?;
    ensure!(done.success(), "npm could not fetch {package}");
    let file = folder.join("node_modules/cldr-core/supplemental/territoryContainment.json");
    let json: Value = serde_json::from_str(&std::fs::read_to_string(file)?)?;
    let tree = json.pointer("/supplemental/territoryContainment").context("no containment in the file")?;

    let mut text = HEADER.replace("VERSION", VERSION);
    for ((continent, region), countries) in subregions(tree) {
        writeln!(text, "{continent}\t{region}\t{}", countries.join(" "))?;
    }
    super::write("regions.tsv", &text)
}

fn subregions(tree: &Value) -> BTreeMap<(String, String), Vec<String>> {
    let mut found: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for continent in contained(tree, "001") {
        for region in contained(tree, &continent) {
            let mut countries = contained(tree, &region);
            countries.retain(|c| c.len() == 2);
            countries.sort();
            if !countries.is_empty() && region.len() == 3 {
                found.insert((continent.clone(), region), countries);
            }
        }
    }
    found
}

fn contained(tree: &Value, region: &str) -> Vec<String> {
    let list = tree.pointer(&format!("/{region}/_contains")).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(|v| v.as_str().map(str::to_owned)).collect()
}
