//! `/api/v1`: plans that renew by themselves, and the saved methods that pay for them.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use basis::{Id, Line, Money, Problem};
use payments::SavedMethod;
use renewals::{Renewal, Rest, When, Wish};
use serde::{Deserialize, Serialize};
use store::in_tx;
use texts::Texts;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{ApiCaller, ApiProblem, ApiResult, amount::MoneyOut, catalog::Asked, problem::ProblemBody};
use crate::App;

/// The endpoints of renewals and saved methods.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(renewal, turn_on, turn_off))
        .routes(routes!(saved_methods))
        .routes(routes!(remove))
}

/// What was agreed to for a line, and where it stands.
#[derive(Serialize, ToSchema)]
struct RenewalOut {
    /// The consent's id; automatic orders name it.
    id: String,
    /// `waiting` (for its first order), `on` or `needs_you`.
    state: &'static str,
    /// Why it needs its person: `price_rose`, `not_sold`, `declined`, `failed`, `bank_waited`, `method_gone`,
    /// `too_many`, `other_plan`, `missed` or `undelivered`.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// Which plan.
    plan: String,
    /// Each time, and never more.
    price: MoneyOut,
    /// Due when so many days are left; of a short plan at most a quarter of its days.
    days_left: u32,
    /// Due when so many per cent of the data are left.
    #[serde(skip_serializing_if = "Option::is_none")]
    percent_left: Option<u32>,
    /// The wallet pays what it can.
    wallet_first: bool,
    /// How the rest is paid: `saved`, `link` (a reminder with a link) or `nothing` (the wallet pays all).
    rest: &'static str,
    /// The saved method.
    #[serde(skip_serializing_if = "Option::is_none")]
    saved_method: Option<String>,
    /// When it was agreed, in milliseconds since 1970.
    agreed_at_ms: i64,
}

impl RenewalOut {
    fn of(renewal: &Renewal, texts: Texts) -> Self {
        let wish = &renewal.wish;
        Self {
            id: renewal.id.to_string(),
            state: renewal.state.word(),
            reason: renewal.reason.map(renewals::Reason::word),
            plan: wish.plan.to_string(),
            price: MoneyOut::of(wish.price, texts),
            days_left: wish.when.days_left,
            percent_left: wish.when.percent_left,
            wallet_first: wish.wallet_first,
            rest: wish.rest.word(),
            saved_method: wish.rest.saved().map(|id| id.to_string()),
            agreed_at_ms: renewal.agreed_at.as_ms(),
        }
    }
}

/// What is agreed to.
#[derive(Deserialize, ToSchema)]
struct RenewalIn {
    /// The line's own plan that came last.
    #[schema(example = "jp-20gb")]
    plan: String,
    /// Today's price as it was shown, in minor units: never more is charged.
    #[schema(example = 11_800)]
    price_minor: i64,
    /// ISO 4217.
    #[schema(example = "CNY")]
    currency: String,
    /// 1 to 30.
    #[schema(example = 1)]
    days_left: u32,
    /// 1 to 50; only of a plan with an amount in all.
    #[schema(example = 10)]
    percent_left: Option<u32>,
    /// The wallet pays what it can.
    wallet_first: bool,
    /// A saved method that pays the rest.
    saved_method: Option<String>,
    /// Without a saved method: a reminder with a link. Without either the wallet pays all.
    #[serde(default)]
    link: bool,
}

impl RenewalIn {
    fn wish(&self, line: Id<Line>) -> Result<Wish, Problem> {
        let rest = match &self.saved_method {
            Some(id) => Rest::Saved(Some(id.parse().map_err(|_| Problem::not_found())?)),
            None if self.link => Rest::Link,
            None => Rest::Nothing,
        };
        Ok(Wish {
            line,
            plan: self.plan.parse()?,
            price: Money::new(self.price_minor, self.currency.parse()?),
            when: When { days_left: self.days_left, percent_left: self.percent_left },
            wallet_first: self.wallet_first,
            rest,
        })
    }
}

fn line_id(text: &str) -> Result<Id<Line>, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

/// What was agreed to for a line; not found while its plan does not renew by itself.
#[utoipa::path(get, path = "/lines/{line}/renewal", tag = "renewals", params(("line" = String, Path)),
    responses((status = 200, body = RenewalOut), (status = "4XX", body = ProblemBody)))]
async fn renewal(
    State(app): State<App>,
    caller: ApiCaller,
    Asked(texts): Asked,
    Path(line): Path<String>,
) -> ApiResult<RenewalOut> {
    let found = renewals::of_line(&mut app.db.read().await?, caller.account, line_id(&line)?).await?;
    Ok(Json(RenewalOut::of(&found.ok_or_else(Problem::not_found)?, texts)))
}

/// Agree that a line's plan renews by itself. It takes the place of what was agreed before.
#[utoipa::path(put, path = "/lines/{line}/renewal", tag = "renewals", request_body = RenewalIn,
    params(("line" = String, Path)),
    responses((status = 200, body = RenewalOut), (status = "4XX", body = ProblemBody)))]
async fn turn_on(
    State(app): State<App>,
    caller: ApiCaller,
    Asked(texts): Asked,
    Path(line): Path<String>,
    Json(wish): Json<RenewalIn>,
) -> ApiResult<RenewalOut> {
    let agreed = renewals::turn_on(&app.renewals(), caller.account, wish.wish(line_id(&line)?)?).await?;
    Ok(Json(RenewalOut::of(&agreed, texts)))
}

/// Turn it off, at once; an automatic order that is not paid yet is called off.
#[utoipa::path(delete, path = "/lines/{line}/renewal", tag = "renewals", params(("line" = String, Path)),
    responses((status = 204), (status = "4XX", body = ProblemBody)))]
async fn turn_off(
    State(app): State<App>,
    caller: ApiCaller,
    Path(line): Path<String>,
) -> Result<StatusCode, ApiProblem> {
    renewals::turn_off(&app.renewals(), caller.account, line_id(&line)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A method that a provider keeps for automatic renewals.
#[derive(Serialize, ToSchema)]
struct SavedMethodOut {
    /// Its id.
    id: String,
    /// `card` or `paypal`.
    method: &'static str,
    /// What its owner knows it by.
    #[schema(example = "Visa ···· 4242")]
    label: String,
    /// When it was saved, in milliseconds since 1970.
    saved_at_ms: i64,
}

impl From<SavedMethod> for SavedMethodOut {
    fn from(saved: SavedMethod) -> Self {
        Self {
            id: saved.id.to_string(),
            method: saved.method.word(),
            label: saved.label,
            saved_at_ms: saved.created_at.as_ms(),
        }
    }
}

/// The caller's saved methods, newest first.
#[utoipa::path(get, path = "/saved-methods", tag = "renewals",
    responses((status = 200, body = Vec<SavedMethodOut>), (status = "4XX", body = ProblemBody)))]
async fn saved_methods(State(app): State<App>, caller: ApiCaller) -> ApiResult<Vec<SavedMethodOut>> {
    let kept = payments::saved_methods(&mut app.db.read().await?, caller.account).await?;
    Ok(Json(kept.into_iter().map(Into::into).collect()))
}

/// Remove a saved method: it is charged no more.
#[utoipa::path(delete, path = "/saved-methods/{method}", tag = "renewals", params(("method" = String, Path)),
    responses((status = 204), (status = "4XX", body = ProblemBody)))]
async fn remove(
    State(app): State<App>,
    caller: ApiCaller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiProblem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    in_tx!(app.db, |tx| { payments::remove_saved(tx, &app.env, caller.account, id).await })?;
    Ok(StatusCode::NO_CONTENT)
}
