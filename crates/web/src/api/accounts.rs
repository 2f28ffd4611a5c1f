//! `/api/v1`: opening an account, and everything about the caller's own.

mod access;

use accounts::{Account, Email, NewPassword, Preferences, Registration};
use axum::{Json, extract::State, http::StatusCode};
use basis::{Language, Problem};
use serde::{Deserialize, Serialize};
use store::in_tx;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{ApiCaller, ApiProblem, ApiResult};
use crate::{App, RequestOrigin};

/// The endpoints of accounts.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(access::routes())
        .routes(routes!(register))
        .routes(routes!(account, set_account))
        .routes(routes!(confirm_password))
        .routes(routes!(change_password))
        .routes(routes!(ask_verification))
        .routes(routes!(verify))
        .routes(routes!(ask_email_change))
        .routes(routes!(confirm_email_change))
        .routes(routes!(ask_reset))
        .routes(routes!(reset_password))
}

/// An account, as its owner sees it.
#[derive(Serialize, ToSchema)]
struct AccountOut {
    /// Names it for ever.
    #[schema(example = "acc_01jd3k4m5n6p7q8r9s0t1v2w3x")]
    id: String,
    /// What its owner signs in with.
    email: String,
    /// Whether the address is confirmed, which wallet, invitations and refunds need.
    verified: bool,
    /// BCP 47: `zh-CN` or `en`.
    language: String,
    /// ISO 4217.
    currency: String,
    /// An IANA name.
    #[schema(example = "Asia/Shanghai")]
    time_zone: String,
}

impl From<&Account> for AccountOut {
    fn from(account: &Account) -> Self {
        Self {
            id: account.id.to_string(),
            email: account.email.clone(),
            verified: account.verified_at.is_some(),
            language: account.language.to_string(),
            currency: account.currency.to_string(),
            time_zone: account.time_zone.clone(),
        }
    }
}

/// What opens an account.
#[derive(Deserialize, ToSchema)]
struct RegisterIn {
    /// The address.
    email: String,
    /// At least ten characters.
    password: String,
    /// `zh-CN` or `en`; by `Accept-Language` if it is absent.
    language: Option<String>,
    /// ISO 4217; by the language if it is absent.
    currency: Option<String>,
    /// An IANA name; by the language if it is absent.
    time_zone: Option<String>,
}

/// What is to change; what is absent stays.
#[derive(Deserialize, ToSchema)]
struct AccountIn {
    /// `zh-CN` or `en`.
    language: Option<String>,
    /// ISO 4217.
    currency: Option<String>,
    /// An IANA name.
    time_zone: Option<String>,
}

#[derive(Deserialize, ToSchema)]
struct PasswordIn {
    /// The caller's password.
    password: String,
}

#[derive(Deserialize, ToSchema)]
struct NewPasswordIn {
    /// The one that is valid now.
    current_password: String,
    /// The one that is to be.
    password: String,
}

#[derive(Deserialize, ToSchema)]
struct ResetIn {
    /// The token of the mailed link.
    token: String,
    /// The new password.
    password: String,
}

#[derive(Deserialize, ToSchema)]
struct EmailIn {
    /// The address.
    email: String,
}

#[derive(Deserialize, ToSchema)]
struct CodeIn {
    /// The eight digits from the mail.
    #[schema(example = "1234 5678")]
    code: String,
}

/// Open an account. The answer is the same whether or not the address has one; sign in next.
#[utoipa::path(post, path = "/accounts", tag = "accounts", request_body = RegisterIn, security(()),
    responses((status = 202), (status = "4XX", body = super::problem::ProblemBody)))]
async fn register(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    headers: axum::http::HeaderMap,
    Json(new): Json<RegisterIn>,
) -> Result<StatusCode, ApiProblem> {
    let asked = crate::reader::language(&app, &headers);
    let language = match new.language.as_deref() {
        Some(tag) => tag.parse().map_err(|problem: Problem| problem.at("language"))?,
        None => asked,
    };
    let usual = Preferences::usual(language, app.config.currency);
    let preferences = preferences(&usual, language, new.currency, new.time_zone)?;
    let email: Email = new.email.parse()?;
    let registration = Registration { email, password: new.password, preferences };
    accounts::register(&app.db, &app.env, &app.guards, &origin, &registration).await?;
    Ok(StatusCode::ACCEPTED)
}

/// The caller's account.
#[utoipa::path(get, path = "/account", tag = "accounts",
    responses((status = 200, body = AccountOut), (status = 401, body = super::problem::ProblemBody)))]
async fn account(caller: ApiCaller) -> Json<AccountOut> {
    Json((&caller.who.account).into())
}

/// Change language, currency or time zone.
#[utoipa::path(patch, path = "/account", tag = "accounts", request_body = AccountIn,
    responses((status = 200, body = AccountOut), (status = "4XX", body = super::problem::ProblemBody)))]
async fn set_account(
    State(app): State<App>,
    caller: ApiCaller,
    Json(change): Json<AccountIn>,
) -> ApiResult<AccountOut> {
    let mut account = caller.who.account;
    let language = match change.language.as_deref() {
        Some(tag) => tag.parse().map_err(|problem: Problem| problem.at("language"))?,
        None => account.language,
    };
    let (currency, time_zone) = (account.currency, account.time_zone.clone());
    let now = Preferences { language, currency, time_zone };
    let chosen = preferences(&now, language, change.currency, change.time_zone)?;
    in_tx!(app.db, |tx| { accounts::set_preferences(tx, account.id, &chosen).await })?;
    (account.language, account.currency) = (chosen.language, chosen.currency);
    account.time_zone = chosen.time_zone;
    Ok(Json((&account).into()))
}

/// What is given, and for the rest what stands.
fn preferences(
    otherwise: &Preferences,
    language: Language,
    currency: Option<String>,
    time_zone: Option<String>,
) -> Result<Preferences, Problem> {
    let currency = currency.unwrap_or_else(|| otherwise.currency.to_string());
    let time_zone = time_zone.unwrap_or_else(|| otherwise.time_zone.clone());
    Preferences::read(language.tag(), &currency, &time_zone)
}

/// Give the password once more; for 15 minutes the token may do what needs a fresh sign-in.
#[utoipa::path(post, path = "/account/fresh", tag = "accounts", request_body = PasswordIn,
    responses((status = 204), (status = "4XX", body = super::problem::ProblemBody)))]
async fn confirm_password(
    State(app): State<App>,
    caller: ApiCaller,
    RequestOrigin(origin): RequestOrigin,
    Json(given): Json<PasswordIn>,
) -> Result<StatusCode, ApiProblem> {
    let who = &caller.who;
    accounts::confirm_password(&app.db, &app.env, &app.guards, &origin, who, &given.password).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Change the password; every other session and token ends.
#[utoipa::path(post, path = "/account/password", tag = "accounts", request_body = NewPasswordIn,
    responses((status = 204), (status = "4XX", body = super::problem::ProblemBody)))]
async fn change_password(
    State(app): State<App>,
    caller: ApiCaller,
    RequestOrigin(origin): RequestOrigin,
    Json(given): Json<NewPasswordIn>,
) -> Result<StatusCode, ApiProblem> {
    let password = NewPassword { current: &given.current_password, new: &given.password };
    accounts::change_password(&app.db, &app.env, &app.guards, &origin, &caller.who, password).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Mail a new code that confirms the address.
#[utoipa::path(post, path = "/account/verification", tag = "accounts",
    responses((status = 202), (status = "4XX", body = super::problem::ProblemBody)))]
async fn ask_verification(
    State(app): State<App>,
    caller: ApiCaller,
    RequestOrigin(origin): RequestOrigin,
) -> Result<StatusCode, ApiProblem> {
    accounts::ask_verification(&app.db, &app.env, &app.guards, &origin, &caller.who).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Confirm the address by the code from the mail.
#[utoipa::path(post, path = "/account/verification/confirm", tag = "accounts", request_body = CodeIn,
    responses((status = 204), (status = "4XX", body = super::problem::ProblemBody)))]
async fn verify(
    State(app): State<App>,
    caller: ApiCaller,
    RequestOrigin(origin): RequestOrigin,
    Json(given): Json<CodeIn>,
) -> Result<StatusCode, ApiProblem> {
    accounts::verify_by_code(&app.db, &app.env, &app.guards, &origin, &caller.who, &given.code).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ask to move the account to another address: a code is mailed there. Needs a fresh sign-in.
#[utoipa::path(post, path = "/account/email", tag = "accounts", request_body = EmailIn,
    responses((status = 202), (status = "4XX", body = super::problem::ProblemBody)))]
async fn ask_email_change(
    State(app): State<App>,
    caller: ApiCaller,
    RequestOrigin(origin): RequestOrigin,
    Json(given): Json<EmailIn>,
) -> Result<StatusCode, ApiProblem> {
    let who = &caller.who;
    accounts::ask_email_change(&app.db, &app.env, &app.guards, &origin, who, &given.email).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Move the account by the code that went to the new address. Needs a fresh sign-in.
#[utoipa::path(post, path = "/account/email/confirm", tag = "accounts", request_body = CodeIn,
    responses((status = 204), (status = "4XX", body = super::problem::ProblemBody)))]
async fn confirm_email_change(
    State(app): State<App>,
    caller: ApiCaller,
    RequestOrigin(origin): RequestOrigin,
    Json(given): Json<CodeIn>,
) -> Result<StatusCode, ApiProblem> {
    let who = &caller.who;
    accounts::confirm_email_change(&app.db, &app.env, &app.guards, &origin, who, &given.code).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Mail a link to a new password. The answer is the same whether or not the address has an account.
#[utoipa::path(post, path = "/password-resets", tag = "accounts", request_body = EmailIn, security(()),
    responses((status = 202), (status = "4XX", body = super::problem::ProblemBody)))]
async fn ask_reset(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    Json(given): Json<EmailIn>,
) -> Result<StatusCode, ApiProblem> {
    accounts::ask_reset(&app.db, &app.env, &app.guards, &origin, &given.email).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Set a new password by the mailed link's token; every session and token ends.
#[utoipa::path(post, path = "/password-resets/confirm", tag = "accounts", request_body = ResetIn, security(()),
    responses((status = 204), (status = "4XX", body = super::problem::ProblemBody)))]
async fn reset_password(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    Json(given): Json<ResetIn>,
) -> Result<StatusCode, ApiProblem> {
    let (token, password) = (&given.token, &given.password);
    accounts::reset_password(&app.db, &app.env, &app.guards, &origin, token, password).await?;
    Ok(StatusCode::NO_CONTENT)
}
