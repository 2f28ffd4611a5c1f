//! Embeds every `locales/<language>/*.ftl`, so that a new file needs no code.

use std::{
    env,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    let locales = PathBuf::from(var("CARGO_MANIFEST_DIR")?).join("locales");
    let mut code = String::from("&[\n");
    for language in sorted_entries(&locales)? {
        for file in sorted_entries(&language)?.iter().filter(|f| f.extension().is_some_and(|e| e == "ftl")) {
            let (tag, file, path) = (name(&language), name(file), file.to_string_lossy());
            writeln!(code, "    ({tag:?}, {file:?}, include_str!({path:?})),").map_err(io::Error::other)?;
        }
    }
    code.push(']');
    fs::write(Path::new(&var("OUT_DIR")?).join("locales.rs"), code)?;
    io::Write::write_all(&mut io::stdout(), b"cargo:rerun-if-changed=locales\n")
}

fn sorted_entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut entries = fs::read_dir(folder)?.map(|e| Ok(e?.path())).collect::<io::Result<Vec<_>>>()?;
    entries.sort();
    Ok(entries)
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(|n| n.to_str()).unwrap_or_default()
}

fn var(key: &str) -> io::Result<String> {
    env::var(key).map_err(io::Error::other)
}
