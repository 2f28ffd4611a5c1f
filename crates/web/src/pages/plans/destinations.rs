//! Where to: regions, popular countries, a continent's countries, or what a search found.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Query, State};
use basis::{Country, Currency, Money};
use catalog::{Catalogue, RegionOffer, search, world};
use serde::Deserialize;
use texts::{Region, Texts};

use super::{Whom, region_mark};
use crate::{App, Markup, Page, PageResult, Reader, Shell, Tab};

#[derive(Deserialize)]
pub(super) struct Wish {
    /// What was typed.
    #[serde(default)]
    q: String,
    /// A continent by its UN M49 code.
    r#in: Option<u16>,
    #[serde(flatten)]
    whom: Whom,
}

#[derive(Template)]
#[template(path = "pages/plans/destinations.html")]
pub(super) struct DestinationsPage {
    shell: Shell,
    typed: String,
    line: Option<String>,
    for_everyone: bool,
    continents: Vec<Continent>,
    all_are_shown: bool,
    regions: Vec<Row>,
    /// The heading of the countries.
    heading: String,
    countries: Vec<Row>,
    /// Found, but nothing is sold there.
    not_sold: String,
    /// How many countries there are in all.
    covered: usize,
}

/// A filter of the page.
struct Continent {
    href: String,
    name: String,
    lit: bool,
}

/// A place to go to.
struct Row {
    href: String,
    mark: Markup,
    name: String,
    note: String,
    price: String,
}

pub(super) async fn show(
    State(app): State<App>,
    reader: Reader,
    Query(wish): Query<Wish>,
) -> PageResult<DestinationsPage> {
    let catalogue = wish.whom.can_buy(catalog::read(&mut app.db.read().await?).await?);
    let texts = reader.texts;
    let here = wish.whom.on("/plans");
    let shell = Shell::new(&app, &reader, Tab::Plans, texts.t("catalog-where-to")).wide().at(here);
    let view = View {
        catalogue: &catalogue,
        shell: &shell,
        currency: catalogue.currency_for(reader.currency),
        wish: &wish,
    };
    let (regions, countries, not_sold) = view.found();
    let heading = view.heading();
    let continents = view.continents();
    Ok(Page(DestinationsPage {
        typed: wish.q.trim().to_owned(),
        all_are_shown: !wish.q.trim().is_empty() || wish.r#in.is_some(),
        covered: catalogue.covered().len(),
        line: wish.whom.line.clone(),
        for_everyone: wish.whom.is_everyone(),
        continents,
        regions,
        heading,
        countries,
        not_sold: not_sold.join(&texts.t("catalog-list-comma")),
        shell,
    }))
}

/// What the page is made from.
struct View<'a> {
    catalogue: &'a Catalogue,
    shell: &'a Shell,
    currency: Currency,
    wish: &'a Wish,
}

impl View<'_> {
    fn texts(&self) -> Texts {
        self.shell.reader.texts
    }

    /// Regions, countries, and names of countries where nothing is sold.
    fn found(&self) -> (Vec<Row>, Vec<Row>, Vec<String>) {
        let typed = self.wish.q.trim();
        if typed.is_empty() {
            return (self.regions(|_| self.wish.r#in.is_none()), self.rows(&self.browsed()), Vec::new());
        }
        let covered = self.catalogue.covered();
        let (sold, not_sold): (Vec<Country>, Vec<Country>) =
            search::countries(typed, self.texts()).into_iter().partition(|c| covered.contains(*c));
        let regions = self.regions(|offer| offer.region.fits(typed, self.texts()));
        let names = not_sold.into_iter().take(3).map(|c| self.texts().country(c).to_owned()).collect();
        (regions, self.rows(&sold), if sold.is_empty() { names } else { Vec::new() })
    }

    /// The countries of the chosen continent in the order of their names, or the popular ones in the operator's order.
    fn browsed(&self) -> Vec<Country> {
        let Some(continent) = self.wish.r#in else { return self.catalogue.popular() };
        let inside = world::countries_of(Region(continent)).unwrap_or_default();
        let mut countries: Vec<Country> =
            self.catalogue.covered().iter().filter(|c| inside.contains(*c)).collect();
        self.texts().sort_countries(&mut countries);
        countries
    }

    fn rows(&self, countries: &[Country]) -> Vec<Row> {
        let from: BTreeMap<Country, Option<Money>> =
            self.catalogue.destinations(self.currency).into_iter().map(|d| (d.country, d.from)).collect();
        countries.iter().map(|country| self.row(*country, from.get(country).copied().flatten())).collect()
    }

    fn row(&self, country: Country, from: Option<Money>) -> Row {
        let path = format!("/plans/in/{}", country.code().to_ascii_lowercase());
        Row {
            href: self.wish.whom.on(&path),
            mark: self.shell.flag(&country),
            name: self.texts().country(country).to_owned(),
            note: self.catalogue.networks_in(country).join(" · "),
            price: self.from(from),
        }
    }

    fn regions(&self, wanted: impl Fn(&RegionOffer<'_>) -> bool) -> Vec<Row> {
        self.catalogue
            .regions(self.currency)
            .iter()
            .filter(|offer| wanted(offer))
            .map(|offer| self.region(offer))
            .collect()
    }

    fn region(&self, offer: &RegionOffer<'_>) -> Row {
        let count = offer.region.countries.len();
        Row {
            href: self.wish.whom.on(&format!("/plans/in/{}", offer.region.id)),
            mark: region_mark(&offer.region.id, self.shell),
            name: offer.region.names.spoken(self.texts()).to_owned(),
            note: self.texts().tf("catalog-countries", [("count", count)]),
            price: self.from(offer.from),
        }
    }

    fn from(&self, money: Option<Money>) -> String {
        money.map(|m| self.texts().tf("catalog-from", [("price", self.texts().price(m))])).unwrap_or_default()
    }

    fn heading(&self) -> String {
        match self.wish.r#in.filter(|_| self.wish.q.trim().is_empty()) {
            Some(continent) => self.texts().region(Region(continent)),
            None if self.wish.q.trim().is_empty() => self.texts().t("catalog-popular"),
            None => self.texts().t("catalog-found"),
        }
    }

    fn continents(&self) -> Vec<Continent> {
        let whom = &self.wish.whom;
        let browsing = self.wish.q.trim().is_empty();
        let popular = Continent {
            href: whom.on("/plans"),
            name: self.texts().t("catalog-popular"),
            lit: browsing && self.wish.r#in.is_none(),
        };
        let each = world::CONTINENTS.map(|region| Continent {
            href: whom.on(&format!("/plans?in={}", region.0)),
            name: self.texts().region(region),
            lit: browsing && self.wish.r#in == Some(region.0),
        });
        std::iter::once(popular).chain(each).collect()
    }
}
