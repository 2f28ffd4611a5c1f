//! `networks.tsv`: each mobile network's code, country and name.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    fmt::Write as _,
    path::Path,
};

use anyhow::{Context, bail};
use roxmltree::{Document, Node, ParsingOptions};

const HEADER: &str = "# Mobile networks: MCC, MNC, country, name. Written by `cargo xtask networks` from serviceproviders.xml of
# Debian's mobile-broadband-provider-info (public domain); do not edit. Brands that only rent a network give way to its owner.
";

/// Sellers without a network of their own, where the source lists them beside its owner.
const RESELLERS: &[&str] = &[
    "Aldi Mobile AU",
    "AldiTalk/MedionMobile",
    "Amaysim",
    "Asda Mobile",
    "Ben",
    "Bild Mobil",
    "Chess",
    "Comviq",
    "Crazy John's",
    "Excite",
    "Exetel",
    "Fullrate",
    "Galaxy",
    "Halebop",
    "Hi",
    "Ludo Mobil",
    "Lycamobile",
    "MEDIONmobile",
    "Multicom Security",
    "OCN",
    "Prixtel",
    "Superdrug",
    "Ting",
    "ZON",
    "b-mobile",
    "giffgaff",
];

/// Brands as they write themselves today.
const SPELLINGS: &[(&str, &str)] = &[
    ("2-Degrees", "2degrees"),
    ("Asia Cell", "Asiacell"),
    ("CellCom", "Cellcom"),
    ("Cell-c", "Cell C"),
    ("DTAC", "dtac"),
    ("DiGi", "Digi"),
    ("DigiCel", "Digicel"),
    ("digicel", "Digicel"),
    ("Dialog GSM", "Dialog"),
    ("GrameenPhone", "Grameenphone"),
    ("K'CELL", "Kcell"),
    ("KPN NL", "KPN"),
    ("Megafon", "MegaFon"),
    ("NTTdocomo", "NTT docomo"),
    ("Q-Tel", "Ooredoo"),
    ("SingTel", "Singtel"),
    ("Softbank Mobile", "SoftBank"),
    ("Starhub", "StarHub"),
    ("TELE2 GPRS", "Tele2"),
    ("TW Mobile", "Taiwan Mobile"),
    ("ZONG", "Zong"),
    ("kyivstar", "Kyivstar"),
    ("tiGO", "Tigo"),
    ("همراه اول", "MCI"),
    ("ایرانسل", "Irancell"),
    ("楽天モバイル", "Rakuten Mobile"),
];

/// What the source lacks or has wrong, after ITU-T E.212's list of assignments.
const ASSIGNED: &[(&str, &str, &str, &str)] = &[
    ("505", "02", "AU", "Optus"),
    ("505", "03", "AU", "Vodafone"),
    ("440", "11", "JP", "Rakuten Mobile"),
    ("440", "50", "JP", "au"),
    ("440", "51", "JP", "au"),
    ("440", "52", "JP", "au"),
    ("440", "53", "JP", "au"),
    ("440", "54", "JP", "au"),
];

/// One provider's claim on a network code; the greatest wins.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Claim {
    owner: bool,
    primary: bool,
    codes: usize,
    listed_first: Reverse<usize>,
    name: String,
}

type Code = (String, String);

/// Reads the providers and writes the table.
pub(crate) fn write_networks(from: &Path) -> anyhow::Result<()> {
    let xml = std::fs::read_to_string(from)
        .with_context(|| format!("{}: apt-get install mobile-broadband-provider-info", from.display()))?;
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    let document = Document::parse_with_options(&xml, options)?;
    let mut networks = read(&document, &countries_by_mcc()?);
    for (mcc, mnc, country, name) in ASSIGNED {
        networks.insert(((*mcc).into(), (*mnc).into()), ((*country).into(), (*name).into()));
    }
    if networks.len() < 500 {
        bail!("only {} networks: not the file that was expected", networks.len());
    }
    let mut text = HEADER.to_owned();
    for ((mcc, mnc), (country, name)) in &networks {
        writeln!(text, "{mcc}\t{mnc}\t{country}\t{name}")?;
    }
    super::write("networks.tsv", &text)
}

fn read(document: &Document<'_>, mccs: &HashMap<String, String>) -> BTreeMap<Code, (String, String)> {
    let mut claims: BTreeMap<Code, (String, Claim)> = BTreeMap::new();
    let providers =
        document.root_element().children().filter(|n| n.has_tag_name("country")).flat_map(|country| {
            country.children().filter(|n| n.has_tag_name("provider")).map(move |provider| (country, provider))
        });
    for (place, (country, provider)) in providers.enumerate() {
        let country = country.attribute("code").unwrap_or_default().to_uppercase();
        let codes = codes(provider);
        for code in &codes {
            // The source files a few codes under a country that cannot have them.
            if !belongs(&mccs[&code.0], &country) {
                continue;
            }
            let claim = claim(provider, codes.len(), place);
            let stands = claims.get(code).is_some_and(|(_, other)| *other >= claim);
            if !stands {
                claims.insert(code.clone(), (country.clone(), claim));
            }
        }
    }
    claims.into_iter().map(|(code, (country, claim))| (code, (country, claim.name))).collect()
}

fn claim(provider: Node<'_, '_>, codes: usize, place: usize) -> Claim {
    let names: Vec<Node<'_, '_>> = provider.children().filter(|n| n.has_tag_name("name")).collect();
    let plain = names.iter().find(|n| n.attributes().len() == 0).or(names.first());
    let raw = plain.and_then(Node::text).unwrap_or_default();
    let name = raw
        .split(" (")
        .next()
        .unwrap_or(raw)
        .split(" / ")
        .next()
        .unwrap_or(raw)
        .split('(')
        .next()
        .unwrap_or(raw)
        .trim();
    let spelling = SPELLINGS.iter().find(|(old, _)| *old == name).map_or(name, |(_, new)| new);
    Claim {
        owner: !RESELLERS.contains(&name),
        primary: provider.attribute("primary") == Some("true"),
        codes,
        listed_first: Reverse(place),
        name: spelling.to_owned(),
    }
}

fn codes(provider: Node<'_, '_>) -> Vec<Code> {
    let ids = provider.descendants().filter(|n| n.has_tag_name("network-id"));
    let mut codes: Vec<Code> = ids
        .filter_map(|id| Some((id.attribute("mcc")?.to_owned(), id.attribute("mnc")?.to_owned())))
        .collect();
    codes.sort();
    codes.dedup();
    codes
}

/// Jersey, Guernsey and Man share the United Kingdom's code.
fn belongs(of_code: &str, country: &str) -> bool {
    of_code == country || (of_code == "GB" && ["GG", "IM", "JE"].contains(&country))
}

fn countries_by_mcc() -> anyhow::Result<HashMap<String, String>> {
    let table = std::fs::read_to_string(super::data_folder().join("mcc.tsv"))?;
    let rows = table.lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.split_once('\t'));
    Ok(rows.map(|(mcc, country)| (mcc.to_owned(), country.to_owned())).collect())
}
