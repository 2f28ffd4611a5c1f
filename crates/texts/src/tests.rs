//! Every language says the same things, everything said has a text, and no text is left unsaid.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use fluent_syntax::{
    ast::{Entry, Expression, InlineExpression, Pattern, PatternElement},
    parser,
};

use crate::bundle::SOURCES;

/// Key -> the variables its text uses.
type Messages = BTreeMap<String, BTreeSet<String>>;

#[test]
fn the_languages_say_the_same() {
    let all: Vec<(&str, Messages)> =
        basis::Language::ALL.into_iter().map(|language| (language.tag(), messages(language.tag()))).collect();
    let mut faults = Vec::new();
    for (tag, these) in &all {
        for (other, those) in &all {
            let missing = those.keys().filter(|key| !these.contains_key(*key));
            faults.extend(missing.map(|key| format!("{tag} lacks {key}, which {other} has")));
            let differing = these.iter().filter(|(key, vars)| those.get(*key).is_some_and(|v| v != *vars));
            faults.extend(
                differing.map(|(key, vars)| format!("{key} uses {vars:?} in {tag}, others in {other}")),
            );
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn everything_said_has_a_text() {
    let known = messages("en");
    let spoken = spoken_keys();
    let missing: Vec<String> = spoken
        .iter()
        .filter(|(key, _)| !known.contains_key(*key))
        .map(|(key, place)| format!("{key} is said in {place}, and no text says it"))
        .collect();
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn no_text_is_left_unsaid() {
    let literals: BTreeSet<String> = sources().iter().flat_map(|(_, text)| literals(text)).collect();
    let said = |key: &str| {
        literals.contains(key) || key.strip_prefix("problem-").is_some_and(|k| literals.contains(k))
    };
    let idle: Vec<String> = messages("en").into_keys().filter(|key| !said(key)).collect();
    assert!(idle.is_empty(), "texts that nobody says:\n{}", idle.join("\n"));
}

#[test]
fn the_scanner_sees_what_is_said() {
    let source = r#"<b>{{ shell.t("a-b") }}</b> texts.tf("c", [("n", 1)]) start("no") Problem::conflict("d")
        Problem::new(Kind::Invalid, "e") texts::key("f") Problem::not_found()"#;
    let said: Vec<String> = spoken(source).collect();
    assert_eq!(said, ["a-b", "c", "f", "problem-d", "problem-e"]);
}

fn messages(tag: &str) -> Messages {
    let mut found = Messages::new();
    for (_, file, source) in SOURCES.iter().filter(|(t, ..)| *t == tag) {
        let resource = parser::parse(*source).unwrap_or_else(|(_, e)| panic!("{tag}/{file}: {e:?}"));
        for entry in resource.body {
            let Entry::Message(message) = entry else { continue };
            let mut variables = BTreeSet::new();
            message.value.iter().for_each(|p| collect(p, &mut variables));
            let twice = found.insert(message.id.name.to_owned(), variables);
            assert!(twice.is_none(), "{tag}/{file}: {} stands twice", message.id.name);
        }
    }
    found
}

fn collect(pattern: &Pattern<&str>, into: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        if let PatternElement::Placeable { expression } = element {
            collect_expression(expression, into);
        }
    }
}

fn collect_expression(expression: &Expression<&str>, into: &mut BTreeSet<String>) {
    match expression {
        Expression::Inline(InlineExpression::VariableReference { id }) => {
            into.insert(id.name.to_owned());
        }
        Expression::Inline(InlineExpression::Placeable { expression }) => {
            collect_expression(expression, into);
        }
        Expression::Inline(_) => {}
        Expression::Select { selector, variants } => {
            if let InlineExpression::VariableReference { id } = selector {
                into.insert(id.name.to_owned());
            }
            for variant in variants {
                collect(&variant.value, into);
            }
        }
    }
}

/// Each key that code or a page says, with the first place where it does.
fn spoken_keys() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (path, text) in sources() {
        for key in spoken(&text) {
            found.entry(key).or_insert_with(|| path.display().to_string());
        }
    }
    found
}

fn spoken(source: &str) -> impl Iterator<Item = String> + '_ {
    let texts = ["t(\"", "tf(\"", "key(\""].into_iter().flat_map(|call| after(source, call));
    let problems =
        ["Problem::invalid(\"", "Problem::conflict(\""].into_iter().flat_map(|call| after(source, call));
    let named = source.split("Problem::new(").skip(1).filter_map(|rest| {
        let argument = rest.split(',').nth(1)?.trim_start();
        Some(argument.strip_prefix('"')?.split('"').next()?.to_owned())
    });
    texts.chain(problems.chain(named).map(|key| format!("problem-{key}")))
}

/// What stands in quotes behind each call of exactly this name.
fn after<'s>(source: &'s str, call: &'static str) -> impl Iterator<Item = String> + 's {
    source.match_indices(call).filter_map(move |(at, _)| {
        let part_of_a_longer_name = source[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let key = source[at + call.len()..].split('"').next()?;
        (!part_of_a_longer_name).then(|| key.to_owned())
    })
}

/// Everything in double quotes; a quote inside another string only splits it.
fn literals(source: &str) -> impl Iterator<Item = String> + '_ {
    source.split('"').map(str::to_owned)
}

/// The Rust code and pages that ship, without their tests; simulators have words of their own.
fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = Vec::new();
    for krate in fs::read_dir(root.join("crates")).unwrap() {
        read_tree(&krate.unwrap().path().join("src"), &mut found);
    }
    found
}

fn read_tree(folder: &Path, into: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.file_name().is_some_and(|n| n == "tests.rs" || n == "tests") {
            continue;
        }
        if path.is_dir() {
            read_tree(&path, into);
        } else if path
            .extension()
            .is_some_and(|e| ["rs", "html", "txt", "js", "webmanifest"].iter().any(|x| e == *x))
        {
            into.push((path.clone(), shipped(&fs::read_to_string(&path).unwrap())));
        }
    }
}

/// The part of a file before its tests, without comments.
fn shipped(source: &str) -> String {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn an_amount_in_a_problem_is_written_as_its_reader_writes_it() {
    let zh = crate::Texts::of(basis::Language::ZhCn);
    let range =
        basis::Problem::invalid("payments-top-up-range").with("from", "1.00 USD").with("to", "10000.00 USD");
    assert_eq!(zh.problem(&range), "请填 US$1.00 到 US$10,000.00 之间的金额。");
    let odd = basis::Problem::invalid("payments-top-up-range").with("from", "so much").with("to", "");
    assert_eq!(zh.problem(&odd), "请填 so much 到  之间的金额。");
}
