//! Every SQL statement of the project is prepared on both engines, also those in functions that no test calls.

use std::path::{Path, PathBuf};

use basis::Env;
use proc_macro2::{TokenStream, TokenTree};

/// The migrations of every noun, as the binary runs them.
const MIGRATIONS: &[store::Migrations] = &[
    ::accounts::MIGRATIONS,
    push::MIGRATIONS,
    ::catalog::MIGRATIONS,
    ::cards::MIGRATIONS,
    ledger::MIGRATIONS,
    nodes::MIGRATIONS,
    payments::MIGRATIONS,
    ::charging::MIGRATIONS,
    ::charging::LOG_MIGRATIONS,
    ::pools::MIGRATIONS,
    ::orders::MIGRATIONS,
    ::receipts::MIGRATIONS,
    ::renewals::MIGRATIONS,
    support::MIGRATIONS,
];

struct Statement {
    place: String,
    text: &'static str,
}

#[tokio::test]
async fn every_statement_is_understood_by_both_engines() {
    let statements = statements();
    assert!(statements.len() > 10, "found only {} statements: is the search broken?", statements.len());
    let mut faults = Vec::new();
    for db in store::testing::both(MIGRATIONS, &Env::system()).await {
        for statement in &statements {
            if let Err(fault) = db.prepare(statement.text).await {
                faults.push(format!(
                    "{} on {:?}: {fault}\n  {}",
                    statement.place,
                    db.engine(),
                    statement.text
                ));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Every `sql!("…")` below `crates/`, tests excluded.
fn statements() -> Vec<Statement> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates");
    let mut found = Vec::new();
    for file in rust_files(&crates).into_iter().filter(|f| f.components().any(|c| c.as_os_str() == "src")) {
        let source = std::fs::read_to_string(&file).unwrap();
        let tokens: TokenStream = source.parse().unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        collect(tokens, &file, &mut found);
    }
    found
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|e| e == "rs"))
        .collect()
}

/// Walks the tokens, so that a `sql!` inside `in_tx!` is found too.
fn collect(tokens: TokenStream, file: &Path, found: &mut Vec<Statement>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (index, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else { continue };
        let is_sql =
            index >= 2 && tokens[index - 2].to_string() == "sql" && tokens[index - 1].to_string() == "!";
        match syn::parse2::<syn::LitStr>(group.stream()) {
            Ok(text) if is_sql => found.push(Statement {
                place: format!("{}:{}", file.display(), group.span().start().line),
                text: text.value().leak(),
            }),
            _ => collect(group.stream(), file, found),
        }
    }
}
