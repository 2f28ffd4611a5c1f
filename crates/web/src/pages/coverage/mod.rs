//! Coverage: the countries and networks of all plans, or of one.

use std::collections::BTreeSet;

use askama::Template;
use axum::{
    Router,
    extract::{Query, State},
    routing::get,
};
use basis::{Country, CountrySet, Problem};
use catalog::{Catalogue, Plan, PlanId, search, world};
use serde::Deserialize;
use texts::{Region, Texts};

use crate::{App, Markup, Page, PageResult, Reader, Shell, Tab};

/// The coverage page.
pub fn routes() -> Router<App> {
    Router::new().route("/coverage", get(show))
}

#[derive(Deserialize)]
struct Wish {
    /// A country or a network.
    #[serde(default)]
    q: String,
    /// A continent by its UN M49 code.
    r#in: Option<u16>,
    /// One plan only.
    plan: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/coverage/coverage.html")]
struct CoveragePage {
    shell: Shell,
    typed: String,
    plan: Option<PlanId>,
    continents: Vec<Continent>,
    parts: Vec<Part>,
}

struct Continent {
    href: String,
    name: String,
    lit: bool,
}

struct Part {
    name: String,
    rows: Vec<Row>,
}

struct Row {
    href: String,
    flag: Markup,
    name: String,
    networks: String,
}

async fn show(State(app): State<App>, reader: Reader, Query(wish): Query<Wish>) -> PageResult<CoveragePage> {
    let catalogue = catalog::read(&mut app.db.read().await?).await?;
    let texts = reader.texts;
    let plan = wish.plan.as_deref().map(|id| found(&catalogue, id)).transpose()?;
    let covered = plan.map_or_else(|| catalogue.covered(), |plan| plan.terms.coverage);
    let title = title(plan, covered.len(), texts);
    let mut shell = Shell::new(&app, &reader, Tab::Plans, title).wide();
    shell = match plan {
        Some(plan) => shell.back(format!("/plans/{}", plan.id)).at(format!("/coverage?plan={}", plan.id)),
        None => shell.back("/plans").at("/coverage"),
    };
    let shown = shown(&catalogue, &covered, &wish, texts);
    Ok(Page(CoveragePage {
        typed: wish.q.trim().to_owned(),
        continents: continents(&wish, texts),
        parts: parts(&catalogue, plan, &shown, &shell),
        plan: plan.map(|plan| plan.id.clone()),
        shell,
    }))
}

fn found<'a>(catalogue: &'a Catalogue, id: &str) -> Result<&'a Plan, Problem> {
    catalogue.plan(&id.parse()?).ok_or_else(Problem::not_found)
}

fn title(plan: Option<&Plan>, count: usize, texts: Texts) -> String {
    match plan {
        Some(plan) => plan.name(texts),
        None => texts.tf("catalog-coverage-of", [("count", count)]),
    }
}

/// The covered countries that fit the search or the continent.
fn shown(catalogue: &Catalogue, covered: &CountrySet, wish: &Wish, texts: Texts) -> CountrySet {
    let typed = wish.q.trim();
    if typed.is_empty() {
        let inside = wish.r#in.and_then(|code| world::countries_of(Region(code)));
        return covered.iter().filter(|c| inside.is_none_or(|set| set.contains(*c))).collect();
    }
    let folded = texts::fold(typed);
    // One letter is in too many names of networks.
    let by_network =
        if folded.chars().count() > 1 { catalogue.countries_of_network(&folded) } else { BTreeSet::new() };
    let by_name = search::countries(typed, texts).into_iter();
    by_name.chain(by_network).filter(|c| covered.contains(*c)).collect()
}

fn parts(catalogue: &Catalogue, plan: Option<&Plan>, shown: &CountrySet, shell: &Shell) -> Vec<Part> {
    let texts = shell.reader.texts;
    let mut subregions: Vec<_> = world::subregions().iter().collect();
    let place = |s: &world::Subregion| world::CONTINENTS.iter().position(|c| *c == s.continent);
    subregions.sort_by_key(|s| (place(s), s.region));
    let part = |subregion: &world::Subregion| {
        let mut countries: Vec<Country> = shown.iter().filter(|c| subregion.countries.contains(*c)).collect();
        texts.sort_countries(&mut countries);
        let rows: Vec<Row> =
            countries.into_iter().map(|country| row(catalogue, plan, country, shell)).collect();
        (!rows.is_empty()).then(|| Part { name: texts.region(subregion.region), rows })
    };
    subregions.into_iter().filter_map(part).collect()
}

fn row(catalogue: &Catalogue, plan: Option<&Plan>, country: Country, shell: &Shell) -> Row {
    let networks = match plan {
        Some(plan) => plan.networks_in(country).join(" · "),
        None => catalogue.networks_in(country).join(" · "),
    };
    Row {
        href: format!("/plans/in/{}", country.code().to_ascii_lowercase()),
        flag: shell.flag(&country),
        name: shell.reader.texts.country(country).to_owned(),
        networks,
    }
}

fn continents(wish: &Wish, texts: Texts) -> Vec<Continent> {
    let link = |code: Option<u16>| {
        let code = code.map(|code| format!("in={code}"));
        let plan =
            wish.plan.as_deref().and_then(|id| id.parse::<PlanId>().ok()).map(|id| format!("plan={id}"));
        let query: Vec<String> = [code, plan].into_iter().flatten().collect();
        if query.is_empty() { "/coverage".to_owned() } else { format!("/coverage?{}", query.join("&")) }
    };
    let lit = |code: Option<u16>| wish.q.trim().is_empty() && wish.r#in == code;
    let all = Continent { href: link(None), name: texts.t("catalog-all-continents"), lit: lit(None) };
    let each = world::CONTINENTS.map(|region| {
        let code = Some(region.0);
        Continent { href: link(code), name: texts.region(region), lit: lit(code) }
    });
    std::iter::once(all).chain(each).collect()
}
