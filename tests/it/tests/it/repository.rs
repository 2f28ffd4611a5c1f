//! The repository holds nothing that works on one machine only.

use std::{fs, path::PathBuf, process::Command};

#[test]
fn no_file_names_a_place_on_one_machine() {
    let slash = "/";
    let places = ["work", "home", "Users", "root"].map(|folder| format!("{slash}{folder}{slash}"));
    let mut found = Vec::new();
    for (path, text) in texts() {
        for (number, line) in text.lines().enumerate() {
            let about_web =
                |at: usize| line[..at].contains("://") || line[..at].ends_with(char::is_alphanumeric);
            if places.iter().any(|place| line.find(place.as_str()).is_some_and(|at| !about_web(at))) {
                found.push(format!("{}:{}: {line}", path.display(), number + 1));
            }
        }
    }
    assert!(found.is_empty(), "absolute paths of one machine:\n{}", found.join("\n"));
}

#[test]
fn lock_files_name_no_registry_but_the_public_one() {
    let mut found = Vec::new();
    for (path, text) in texts() {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let foreign = |line: &&str| match name.as_str() {
            "Cargo.lock" => {
                line.starts_with("source = ") && !line.contains("github.com/rust-lang/crates.io-index")
            }
            "package-lock.json" => line.contains("\"resolved\"") || line.contains("://registry"),
            _ => false,
        };
        found.extend(text.lines().filter(foreign).map(|line| format!("{}: {line}", path.display())));
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn there_are_files_to_look_at() {
    assert!(texts().len() > 20);
}

/// Every tracked text file.
fn texts() -> Vec<(PathBuf, String)> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(&root).output().expect("git runs");
    let names = String::from_utf8(listed.stdout).expect("names are UTF-8");
    let paths = names.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from);
    paths.filter_map(|path| fs::read_to_string(root.join(&path)).ok().map(|text| (path, text))).collect()
}
