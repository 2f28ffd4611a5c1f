//! Settings: language and look, the address, the password, every way in, and notifications.

mod display;
mod email;
pub(crate) mod notifications;
mod password;
mod sessions;
mod tokens;

use accounts::Via;
use askama::Template;
use axum::{
    Router,
    extract::{Query as Address, State},
    routing::{get, post},
};
use basis::Problem;

use crate::{App, Page, PageProblem, Shell, SignedIn, Tab, pages::accounts::Query};

/// The routes of the settings.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/settings", get(show).post(display::send))
        .route("/settings/verify", post(email::verify))
        .route("/settings/verify/again", post(email::verify_again))
        .route("/settings/email", get(email::show).post(email::send))
        .route("/settings/email/confirm", post(email::confirm))
        .route("/settings/password", get(password::show).post(password::send))
        .route("/settings/sessions", get(sessions::show))
        .route("/settings/sessions/end", post(sessions::end))
        .route("/settings/sessions/end-others", post(sessions::end_others))
        .route("/settings/notifications", get(notifications::show).post(notifications::switch_on))
        .route("/settings/notifications/renew", post(notifications::renew))
        .route("/settings/notifications/test", post(notifications::test))
        .route("/settings/notifications/off", post(notifications::switch_off))
        .route("/settings/tokens", get(tokens::show).post(tokens::create))
        .route("/settings/tokens/end", post(tokens::end))
}

#[derive(Template)]
#[template(path = "pages/settings/settings.html")]
struct SettingsPage {
    shell: Shell,
    email: String,
    initial: String,
    verified: bool,
    display: display::Display,
    /// How many devices get notifications; `None` where nobody can.
    notifications: Option<String>,
    sessions: String,
    tokens: String,
    code: String,
    done: Option<String>,
    problem: Option<Problem>,
}

async fn show(
    State(app): State<App>,
    reader: SignedIn,
    Address(query): Address<Query>,
) -> Result<Page<SettingsPage>, PageProblem> {
    let mut page = page(&app, &reader, None).await?;
    page.done = done(&reader, &query.done);
    Ok(Page(page))
}

/// What has just been done, in words.
fn done(reader: &SignedIn, word: &str) -> Option<String> {
    let texts = reader.reader.texts;
    Some(match word {
        "verified" => texts.t("settings-done-verified"),
        "sent" => texts.t("settings-done-sent"),
        "saved" => texts.t("settings-done-saved"),
        "password" => texts.t("settings-done-password"),
        "email" => texts.t("settings-done-email"),
        _ => return None,
    })
}

async fn page(app: &App, reader: &SignedIn, problem: Option<Problem>) -> Result<SettingsPage, Problem> {
    let (account, texts) = (&reader.person.who.account, reader.reader.texts);
    let mut conn = app.db.read().await?;
    let sessions = accounts::sessions_of(&mut conn, app.env.now(), account.id).await?.len();
    let tokens = accounts::tokens_of(&mut conn, app.env.now(), account.id).await?.len();
    let devices = push::devices_of(&mut conn, account.id).await?.len();
    let notifications = texts.tf("push-count", [("count", devices)]);
    let shell = Shell::new(app, &reader.reader, Tab::None, texts.t("settings-title"));
    let shell = shell.back("/").at("/settings").wide();
    Ok(SettingsPage {
        initial: shell.initial().unwrap_or_default(),
        shell,
        email: account.email.clone(),
        verified: account.verified_at.is_some(),
        display: display::Display::of(reader),
        notifications: app.push.is_on().then_some(notifications),
        sessions: texts.tf("settings-sessions-count", [("count", sessions)]),
        tokens: texts.tf("settings-tokens-count", [("count", tokens)]),
        code: String::new(),
        done: None,
        problem,
    })
}

/// True if this is the way in that is asking now.
fn is_this(reader: &SignedIn, via: Via) -> bool {
    reader.person.who.via == via
}
