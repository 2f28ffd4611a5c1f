//! The arrow of dependence points one way.

use std::{collections::BTreeMap, process::Command};

use serde_json::Value;

/// What each crate may depend on, directly. Not named: may depend on nothing of ours. `wire` is any crate in `crates/wire/`.
const MAY: &[(&str, &[&str])] = &[
    ("wire", &[]),
    ("basis", &[]),
    ("store", &["basis"]),
    ("texts", &["basis"]),
    ("accounts", &["basis", "store", "texts"]),
    ("push", &["basis", "store", "accounts"]),
    ("catalog", &["basis", "store", "texts"]),
    ("ledger", &["basis", "store"]),
    ("nodes", &["basis", "store"]),
    ("charging", &["basis", "store", "nodes", "wire"]),
    ("rsp", &["basis", "store", "wire"]),
    ("cards", &["basis", "store", "accounts", "catalog", "ledger", "charging", "rsp"]),
    ("carriers", &["basis", "store", "accounts", "catalog", "ledger", "charging", "rsp"]),
    ("payments", &["basis", "store", "accounts", "catalog", "ledger", "charging", "rsp"]),
    (
        "pools",
        &[
            "basis", "store", "texts", "accounts", "push", "catalog", "ledger", "charging", "rsp", "cards",
            "carriers", "payments",
        ],
    ),
    (
        "orders",
        &[
            "basis", "store", "texts", "accounts", "push", "catalog", "ledger", "charging", "rsp", "cards",
            "carriers", "payments", "pools",
        ],
    ),
    ("receipts", NOUNS_AND_TEXTS),
    (
        "renewals",
        &[
            "basis", "store", "texts", "accounts", "push", "catalog", "ledger", "charging", "rsp", "cards",
            "carriers", "payments", "pools", "orders",
        ],
    ),
    ("support", NOUNS),
    ("web", WEB),
];

const NOUNS: &[&str] = &[
    "basis", "store", "nodes", "accounts", "catalog", "ledger", "charging", "rsp", "cards", "carriers",
    "payments", "pools", "orders",
];

const NOUNS_AND_TEXTS: &[&str] = &[
    "basis", "store", "nodes", "texts", "accounts", "catalog", "ledger", "charging", "rsp", "cards",
    "carriers", "payments", "pools", "orders",
];

const WEB: &[&str] = &[
    "basis", "store", "nodes", "texts", "accounts", "push", "catalog", "ledger", "charging", "rsp", "cards",
    "carriers", "payments", "pools", "orders", "receipts", "renewals", "support",
];

/// Peers that speak the real protocols: they know nothing of the nouns, or they would prove nothing.
const PEERS_MAY: &[&str] = &["basis", "wire"];

/// Crates that only wire others together or test them.
const TOP: &[&str] = &["bench", "heyon", "it", "proof", "xtask"];

#[test]
fn the_arrow_of_dependence_points_one_way() {
    let crates = workspace();
    let mut wrong = Vec::new();
    for (name, package) in &crates {
        let Some(may) = allowed(name, &package.folder) else { continue };
        let ours = package.needs.iter().filter_map(|need| Some((need, &crates.get(need)?.folder)));
        wrong.extend(
            ours.filter(|(need, folder)| !may.contains(&place(need, folder)))
                .map(|(need, _)| format!("{name} -> {need}")),
        );
    }
    assert!(wrong.is_empty(), "these dependences point the wrong way: {wrong:?}");
}

#[test]
fn every_crate_has_its_place() {
    let nowhere: Vec<_> = workspace()
        .into_iter()
        .filter(|(name, package)| !TOP.contains(&name.as_str()) && allowed(name, &package.folder).is_none())
        .collect();
    assert!(nowhere.is_empty(), "say in MAY where these stand: {nowhere:?}");
}

#[derive(Debug)]
struct Package {
    folder: String,
    needs: Vec<String>,
}

fn allowed(name: &str, folder: &str) -> Option<&'static [&'static str]> {
    if folder.contains("/sim/") {
        return Some(PEERS_MAY);
    }
    MAY.iter().find(|(of, _)| *of == place(name, folder)).map(|(_, may)| *may)
}

/// The name under which a crate stands in MAY.
fn place<'a>(name: &'a str, folder: &str) -> &'a str {
    if folder.contains("/crates/wire/") { "wire" } else { name }
}

/// Our own packages with everything that they depend on outside their tests.
fn workspace() -> BTreeMap<String, Package> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let args = ["metadata", "--no-deps", "--offline", "--format-version=1"];
    let output =
        Command::new(cargo).args(args).current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    metadata["packages"].as_array().expect("packages").iter().map(package).collect()
}

fn package(package: &Value) -> (String, Package) {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let needs = package["dependencies"].as_array().expect("dependencies").iter();
    let needs = needs.filter(|need| need["kind"] != "dev").map(|need| text(&need["name"])).collect();
    (text(&package["name"]), Package { folder: text(&package["manifest_path"]), needs })
}
