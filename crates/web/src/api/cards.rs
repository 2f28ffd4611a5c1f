//! `/api/v1`: the caller's lines, and binding a card.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use basis::{Id, Line, Problem};
use cards::BindInput;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{ApiCaller, ApiProblem, ApiResult};
use crate::{App, RequestOrigin};

/// The endpoints of cards and lines.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(lines, bind)).routes(routes!(line, rename))
}

/// A line: a profile in service.
#[derive(Serialize, ToSchema)]
struct LineOut {
    /// Names it for ever.
    #[schema(example = "lin_01jd3k4m5n6p7q8r9s0t1v2w3x")]
    id: String,
    /// What it draws data from.
    pool: String,
    /// What its owner calls it; empty if it has no name.
    label: String,
    /// The label, or else how the ICCID ends.
    name: String,
    /// The profile's number.
    iccid: String,
    /// The chip's number.
    eid: String,
    /// Its telephone number without the plus, if it has one.
    msisdn: Option<String>,
    /// The activation code (`LPA:1$…`), if the profile is downloaded by one.
    activation_code: Option<String>,
    /// Bound when, in milliseconds since 1970.
    bound_at_ms: i64,
}

impl From<cards::Line> for LineOut {
    fn from(line: cards::Line) -> Self {
        Self {
            id: line.id.to_string(),
            pool: line.pool.to_string(),
            name: line.name(),
            label: line.label,
            iccid: line.iccid,
            eid: line.eid,
            msisdn: line.msisdn,
            activation_code: line.activation_code,
            bound_at_ms: line.bound_at.as_ms(),
        }
    }
}

#[derive(Deserialize, ToSchema)]
struct BindIn {
    /// The card's serial, EID or ICCID, as printed; spaces, dashes and look-alike characters are forgiven.
    number: String,
    /// The card's bind code; not needed with a serial that Heyon made.
    bind_code: Option<String>,
}

#[derive(Deserialize, ToSchema)]
struct LineIn {
    /// What it is to be called, at most 40 characters; empty takes its name away.
    label: String,
}

/// The caller's lines, the oldest first.
#[utoipa::path(get, path = "/lines", tag = "lines",
    responses((status = 200, body = Vec<LineOut>), (status = 401, body = super::problem::ProblemBody)))]
async fn lines(State(app): State<App>, caller: ApiCaller) -> ApiResult<Vec<LineOut>> {
    let lines = cards::lines_of(&mut app.db.read().await?, caller.account).await?;
    Ok(Json(lines.into_iter().map(LineOut::from).collect()))
}

/// Bind a card, which makes its line. The same card again gives the same line.
#[utoipa::path(post, path = "/lines", tag = "lines", request_body = BindIn,
    responses((status = 201, body = LineOut), (status = "4XX", body = super::problem::ProblemBody)))]
async fn bind(
    State(app): State<App>,
    caller: ApiCaller,
    RequestOrigin(origin): RequestOrigin,
    Json(given): Json<BindIn>,
) -> Result<(StatusCode, Json<LineOut>), ApiProblem> {
    let input = BindInput { number: &given.number, bind_code: given.bind_code.as_deref() };
    let line = cards::bind_card(&app.db, &app.env, &app.guards, &origin, caller.account, input).await?;
    Ok((StatusCode::CREATED, Json(line.into())))
}

/// One of the caller's lines.
#[utoipa::path(get, path = "/lines/{line}", tag = "lines", params(("line" = String, Path)),
    responses((status = 200, body = LineOut), (status = "4XX", body = super::problem::ProblemBody)))]
async fn line(State(app): State<App>, caller: ApiCaller, Path(id): Path<String>) -> ApiResult<LineOut> {
    Ok(Json(load(&app, &caller, &id).await?.into()))
}

/// Give a line another name.
#[utoipa::path(patch, path = "/lines/{line}", tag = "lines", request_body = LineIn, params(("line" = String, Path)),
    responses((status = 200, body = LineOut), (status = "4XX", body = super::problem::ProblemBody)))]
async fn rename(
    State(app): State<App>,
    caller: ApiCaller,
    Path(id): Path<String>,
    Json(change): Json<LineIn>,
) -> ApiResult<LineOut> {
    let line = load(&app, &caller, &id).await?;
    cards::rename_line(&app.db, caller.account, line.id, &change.label).await?;
    Ok(Json(load(&app, &caller, &id).await?.into()))
}

async fn load(app: &App, caller: &ApiCaller, id: &str) -> Result<cards::Line, Problem> {
    let id: Id<Line> = id.parse().map_err(|_| Problem::not_found())?;
    cards::line(&mut app.db.read().await?, caller.account, id).await
}
