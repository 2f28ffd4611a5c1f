//! `/api/v1`: where to go, which plans there are, and where they work. Needs no token.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{FromRequestParts, Path, Query, State},
    http::request,
};
use basis::{Allowance, Beyond, Country, Currency, Money, Problem, RenewalRule, StartRule};
use catalog::{Catalogue, Plan, PlanId, PlanKind, search, words};
use serde::{Deserialize, Serialize};
use texts::Texts;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{ApiProblem, ApiResult, amount::MoneyOut};
use crate::App;

/// The catalogue's endpoints.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(destinations))
        .routes(routes!(plans_of_place))
        .routes(routes!(plan))
        .routes(routes!(coverage))
}

/// The words of the language that `Accept-Language` asks for.
pub(super) struct Asked(pub(super) Texts);

impl FromRequestParts<App> for Asked {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut request::Parts, app: &App) -> Result<Self, Self::Rejection> {
        Ok(Self(Texts::of(crate::reader::language(app, &parts.headers))))
    }
}

/// A country where something can be bought.
#[derive(Serialize, ToSchema)]
struct DestinationOut {
    /// ISO 3166-1 alpha-2.
    #[schema(example = "JP")]
    country: String,
    /// Its name in the asked language.
    name: String,
    /// The least that a plan for it costs.
    from: Option<MoneyOut>,
    /// The networks that plans use there.
    networks: Vec<String>,
}

/// A region for which something can be bought.
#[derive(Serialize, ToSchema)]
struct RegionOut {
    /// For `/places/{place}/plans`.
    #[schema(example = "europe")]
    id: String,
    /// Its name in the asked language.
    name: String,
    /// What lies in it, ISO 3166-1 alpha-2.
    countries: Vec<String>,
    /// The least that a plan for it costs.
    from: Option<MoneyOut>,
}

/// Where something can be bought.
#[derive(Serialize, ToSchema)]
struct DestinationsOut {
    /// The countries, best fit first; without a search, by name.
    countries: Vec<DestinationOut>,
    /// The regions, in the shop's order.
    regions: Vec<RegionOut>,
    /// The countries that the shop shows first, ISO 3166-1 alpha-2.
    popular: Vec<String>,
}

/// What a plan promises, and for how much.
#[derive(Serialize, ToSchema)]
struct PlanOut {
    /// For ordering it.
    #[schema(example = "jp-20gb-30d")]
    id: String,
    /// `daily`, `monthly` or `long-term`.
    kind: &'static str,
    /// Its name in the asked language.
    name: String,
    /// How much data.
    allowance: AllowanceOut,
    /// For how many 24-hour windows from its start.
    days: u32,
    /// `first_use` or `at_purchase`.
    start: &'static str,
    /// A bundle that has not started so many days after its delivery lapses.
    activate_within_days: u32,
    /// `follow`, `add` or `replace`: what buying it does to what is there.
    renewal: &'static str,
    /// The same in words.
    renewal_text: String,
    /// Whether several lines may use it.
    shareable: bool,
    /// Where it works: networks by country, ISO 3166-1 alpha-2.
    networks: BTreeMap<String, Vec<String>>,
    /// One price per currency.
    prices: Vec<MoneyOut>,
    /// Whether it can be bought now.
    on_sale: bool,
}

/// How much data.
#[derive(Serialize, ToSchema)]
struct AllowanceOut {
    /// `fixed`: so many bytes in all; `per_day`: in each 24-hour window; `unlimited`: no limit in all, the bytes are the fair
    /// use of each window.
    kind: &'static str,
    /// How many.
    bytes: u64,
    /// The same in words.
    text: String,
    /// What comes when they are used up: data `stops`, or goes on `slower`.
    then: &'static str,
    /// That in words.
    after: String,
}

/// Where plans work.
#[derive(Serialize, ToSchema)]
struct CoverageOut {
    /// Country by country, by name.
    countries: Vec<CoveredOut>,
}

/// The networks of a country.
#[derive(Serialize, ToSchema)]
struct CoveredOut {
    /// ISO 3166-1 alpha-2.
    country: String,
    /// Its name in the asked language.
    name: String,
    /// The networks that plans use there.
    networks: Vec<String>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct DestinationsAsk {
    /// A country or region in any common language, pinyin, a code or a city.
    #[serde(default)]
    q: String,
    /// ISO 4217, for the least prices; the shop's own if it does not sell in it.
    currency: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CoverageAsk {
    /// One plan only.
    plan: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PlansAsk {
    /// `daily`, `monthly` or `long-term` only.
    #[param(value_type = Option<String>)]
    kind: Option<PlanKind>,
}

async fn shelf(app: &App) -> Result<std::sync::Arc<Catalogue>, Problem> {
    catalog::read(&mut app.db.read().await?).await
}

/// Where something can be bought, all or what fits a search.
#[utoipa::path(get, path = "/destinations", params(DestinationsAsk), security(()), tag = "catalog",
    responses((status = 200, body = DestinationsOut)))]
async fn destinations(
    State(app): State<App>,
    Asked(texts): Asked,
    Query(ask): Query<DestinationsAsk>,
) -> ApiResult<DestinationsOut> {
    let catalogue = shelf(&app).await?;
    let currency = currency(&catalogue, &app, ask.currency.as_deref())?;
    let least: BTreeMap<Country, Option<Money>> =
        catalogue.destinations(currency).into_iter().map(|d| (d.country, d.from)).collect();
    let out = |country: Country| {
        Some(DestinationOut {
            from: least.get(&country)?.map(|m| MoneyOut::of(m, texts)),
            country: country.to_string(),
            name: texts.country(country).to_owned(),
            networks: owned(&catalogue.networks_in(country)),
        })
    };
    Ok(Json(DestinationsOut {
        countries: search::countries(&ask.q, texts).into_iter().filter_map(out).collect(),
        regions: regions(&catalogue, currency, &ask.q, texts),
        popular: catalogue.popular().iter().map(ToString::to_string).collect(),
    }))
}

/// The plans on sale for a country (its code) or a region (its id).
#[utoipa::path(get, path = "/places/{place}/plans", params(("place" = String, Path), PlansAsk), security(()), tag = "catalog",
    responses((status = 200, body = Vec<PlanOut>), (status = 404, body = super::problem::ProblemBody)))]
async fn plans_of_place(
    State(app): State<App>,
    Asked(texts): Asked,
    Path(place): Path<String>,
    Query(ask): Query<PlansAsk>,
) -> ApiResult<Vec<PlanOut>> {
    let catalogue = shelf(&app).await?;
    let plans = match catalogue.region(&place) {
        Some(region) => catalogue.plans_of_region(&region.id),
        None => catalogue.plans_for(place.parse().map_err(|_| Problem::not_found())?),
    };
    let wanted = plans.into_iter().filter(|plan| ask.kind.is_none_or(|kind| plan.kind == kind));
    Ok(Json(wanted.map(|plan| PlanOut::of(plan, texts)).collect()))
}

/// One plan, on sale or not.
#[utoipa::path(get, path = "/plans/{plan}", params(("plan" = String, Path)), security(()), tag = "catalog",
    responses((status = 200, body = PlanOut), (status = 404, body = super::problem::ProblemBody)))]
async fn plan(State(app): State<App>, Asked(texts): Asked, Path(id): Path<String>) -> ApiResult<PlanOut> {
    let catalogue = shelf(&app).await?;
    Ok(Json(PlanOut::of(found(&catalogue, &id)?, texts)))
}

/// The countries and networks of all plans on sale, or of one plan.
#[utoipa::path(get, path = "/coverage", params(CoverageAsk), security(()), tag = "catalog",
    responses((status = 200, body = CoverageOut), (status = 404, body = super::problem::ProblemBody)))]
async fn coverage(
    State(app): State<App>,
    Asked(texts): Asked,
    Query(ask): Query<CoverageAsk>,
) -> ApiResult<CoverageOut> {
    let catalogue = shelf(&app).await?;
    let plan = ask.plan.as_deref().map(|id| found(&catalogue, id)).transpose()?;
    let mut countries: Vec<Country> =
        plan.map_or_else(|| catalogue.covered(), |p| p.terms.coverage).iter().collect();
    texts.sort_countries(&mut countries);
    let out = |country: Country| CoveredOut {
        country: country.to_string(),
        name: texts.country(country).to_owned(),
        networks: plan
            .map_or_else(|| owned(&catalogue.networks_in(country)), |p| p.networks_in(country).to_vec()),
    };
    Ok(Json(CoverageOut { countries: countries.into_iter().map(out).collect() }))
}

fn found<'a>(catalogue: &'a Catalogue, id: &str) -> Result<&'a Plan, ApiProblem> {
    let id: PlanId = id.parse()?;
    Ok(catalogue.plan(&id).ok_or_else(Problem::not_found)?)
}

fn currency(catalogue: &Catalogue, app: &App, asked: Option<&str>) -> Result<Currency, Problem> {
    let asked = asked.map(|code| code.parse().map_err(|p: Problem| p.at("currency"))).transpose()?;
    Ok(catalogue.currency_for(asked.unwrap_or(app.config.currency)))
}

fn regions(catalogue: &Catalogue, currency: Currency, typed: &str, texts: Texts) -> Vec<RegionOut> {
    let offers = catalogue.regions(currency).into_iter().filter(|offer| offer.region.fits(typed, texts));
    offers
        .map(|offer| RegionOut {
            id: offer.region.id.clone(),
            name: offer.region.names.spoken(texts).to_owned(),
            countries: offer.region.countries.iter().map(|c| c.to_string()).collect(),
            from: offer.from.map(|m| MoneyOut::of(m, texts)),
        })
        .collect()
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

impl PlanOut {
    fn of(plan: &Plan, texts: Texts) -> Self {
        let terms = &plan.terms;
        let networks = terms.coverage.iter().map(|c| (c.to_string(), plan.networks_in(c).to_vec()));
        Self {
            id: plan.id.to_string(),
            kind: plan.kind.as_str(),
            name: plan.name(texts),
            allowance: AllowanceOut::of(&terms.allowance, texts),
            days: terms.days,
            start: match terms.start {
                StartRule::FirstUse => "first_use",
                StartRule::AtPurchase => "at_purchase",
            },
            activate_within_days: terms.activate_within_days,
            renewal: match terms.renewal {
                RenewalRule::Follow => "follow",
                RenewalRule::Add => "add",
                RenewalRule::Replace => "replace",
            },
            renewal_text: words::renewal(terms.renewal, texts),
            shareable: terms.shareable,
            networks: networks.collect(),
            prices: plan.prices.iter().map(|price| MoneyOut::of(*price, texts)).collect(),
            on_sale: plan.on_sale,
        }
    }
}

impl AllowanceOut {
    fn of(allowance: &Allowance, texts: Texts) -> Self {
        let (kind, volume) = match allowance {
            Allowance::Fixed { bytes } => ("fixed", bytes),
            Allowance::PerDay { bytes } => ("per_day", bytes),
            Allowance::Unlimited { fair_use_bytes_per_day, .. } => ("unlimited", fair_use_bytes_per_day),
        };
        let then = match allowance {
            Allowance::Unlimited { then: Beyond::Slower, .. } => "slower",
            _ => "stops",
        };
        let (text, after) = (words::data(allowance, texts), words::after_use(allowance, texts));
        Self { kind, bytes: volume.octets(), text, then, after }
    }
}
