use basis::{Allowance, DataVolume, RenewalRule, StartRule};

use super::*;
use crate::{DEMO, Place, PlanKind};

const SMALL: &str = r#"
currencies = ["CNY", "JPY"]

[regions.nordic]
name = { zh-CN = "北欧", en = "Nordics" }
countries = ["154", "-GB", "DE"]

[networks]
JP = ["NTT docomo"]

[[plan]]
id = "jp-1"
kind = "daily"
where = "JP"
data = "1 GB/day"
days = 7
renewal = "follow"
price = { CNY = "48.50", JPY = 1000 }

[[plan]]
id = "nordic-1"
kind = "long-term"
where = "nordic"
data = "unlimited, 5 GB/day"
days = 90
start = "at-purchase"
renewal = "replace"
shareable = true
price = { CNY = "480", JPY = "10000" }
"#;

fn faults(text: &str) -> Vec<String> {
    read(text).unwrap_err().0.iter().map(ToString::to_string).collect()
}

#[test]
fn a_file_in_order_is_read() {
    let draft = read(SMALL).unwrap();
    let [japan, nordic] = draft.plans.as_slice() else { panic!("two plans") };
    assert_eq!(japan.terms.allowance, Allowance::PerDay { bytes: DataVolume::gigabytes(1) });
    assert_eq!(
        (japan.kind, japan.terms.start, japan.terms.activate_within_days),
        (PlanKind::Daily, StartRule::FirstUse, 180)
    );
    assert_eq!(japan.networks_in("JP".parse().unwrap()), ["NTT docomo"]);
    assert_eq!(japan.prices.iter().map(|p| p.minor).collect::<Vec<_>>(), [4850, 1000]);
    assert_eq!((nordic.terms.renewal, nordic.terms.shareable), (RenewalRule::Replace, true));
    assert!(matches!(&nordic.place, Place::Region { id, .. } if id == "nordic"));
    assert!(
        nordic.terms.coverage.contains("SE".parse().unwrap())
            && !nordic.terms.coverage.contains("GB".parse().unwrap())
    );
}

#[test]
fn every_fault_is_named_by_line_plan_and_field() {
    let broken = SMALL
        .replace("1 GB/day\"\ndays = 7", "1 GB per day\"\ndays = 0")
        .replace("JPY = 1000", "USD = 7.5")
        .replace("renewal = \"replace\"", "renewal = \"stack\"")
        .replace("id = \"nordic-1\"", "id = \"Nordic 1\"")
        .replace("NTT docomo", "Docomo Pacific");
    assert_eq!(
        faults(&broken),
        [
            "line 9: networks: JP has no network of this name in the table of networks",
            "line 15: plan jp-1: data: write `20 GB`, `500 MB/day`, `unlimited, 5 GB/day` or `unlimited, 5 GB/day, then slower`",
            "line 16: plan jp-1: days: 1 to 730",
            "line 18: plan jp-1: price.USD: not among the currencies of this file",
            "line 18: plan jp-1: price.JPY: this currency's price is missing",
            "line 21: plan Nordic 1: id: an id has lower-case letters, digits and dashes, at most 60",
            "line 27: plan Nordic 1: renewal: one of follow, add, replace",
        ]
    );
}

#[test]
fn prices_are_exact() {
    let with = |price: &str| faults(&SMALL.replace("\"48.50\"", price)).join("");
    assert_eq!(with("48.5"), "line 18: plan jp-1: price.CNY: write the price in quotes: \"16.50\"");
    assert_eq!(with("\"48.505\""), "line 18: plan jp-1: price.CNY: not an amount of this currency");
    assert_eq!(with("0"), "line 18: plan jp-1: price.CNY: a price is more than nothing");
}

#[test]
fn what_is_no_catalogue_is_refused_with_its_line() {
    assert!(faults("currencies = [")[0].starts_with("line 1: "));
    assert!(faults(&SMALL.replace("days = 7", "day = 7"))[0].contains("unknown field `day`"));
    assert!(faults(&SMALL.replace("days = 7", ""))[0].contains("missing field `days`"));
    assert_eq!(faults(&SMALL.replace("nordic-1", "jp-1")), ["line 21: id: this id stands twice"]);
    assert!(
        faults(&SMALL.replace("where = \"nordic\"", "where = \"atlantis\""))[0]
            .starts_with("line 23: plan nordic-1: where: ")
    );
}

#[test]
fn the_demo_is_worth_visiting() {
    let draft = read(DEMO).unwrap_or_else(|faults| panic!("{faults}"));
    let covered: CountrySet = draft.plans.iter().flat_map(|p| p.terms.coverage.iter()).collect();
    assert!(draft.plans.len() >= 60, "{} plans", draft.plans.len());
    assert!(covered.len() >= 100, "{} countries", covered.len());
    for plan in &draft.plans {
        for country in plan.terms.coverage.iter() {
            assert!(!plan.networks_in(country).is_empty(), "{} names no network in {country}", plan.id);
        }
    }
    for kind in PlanKind::ALL {
        assert!(draft.plans.iter().any(|p| p.kind == kind));
    }
}
