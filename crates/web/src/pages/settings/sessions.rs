//! Who is signed in, and ending it.

use accounts::{OpenSession, Via};
use askama::Template;
use axum::{Form, extract::State, response::Response};
use basis::{Id, LoginSession, Problem};
use serde::Deserialize;

use crate::{App, Page, PageProblem, Shell, SignedIn, Tab, see_other};

#[derive(Template)]
#[template(path = "pages/settings/sessions.html")]
pub(super) struct SessionsPage {
    shell: Shell,
    sessions: Vec<Row>,
    others: bool,
}

struct Row {
    id: String,
    device: String,
    facts: String,
    this: bool,
}

#[derive(Deserialize)]
pub(super) struct EndForm {
    #[serde(default)]
    id: String,
}

pub(super) async fn show(
    State(app): State<App>,
    reader: SignedIn,
) -> Result<Page<SessionsPage>, PageProblem> {
    let mut conn = app.db.read().await?;
    let open = accounts::sessions_of(&mut conn, app.env.now(), reader.person.account).await?;
    let tokens = accounts::tokens_of(&mut conn, app.env.now(), reader.person.account).await?;
    let sessions: Vec<Row> = open.iter().map(|session| row(&app, &reader, session)).collect();
    let others = sessions.iter().any(|session| !session.this) || !tokens.is_empty();
    let title = reader.reader.texts.t("settings-sessions");
    let shell = Shell::new(&app, &reader.reader, Tab::None, title).back("/settings");
    Ok(Page(SessionsPage { shell, sessions, others }))
}

pub(super) async fn end(
    State(app): State<App>,
    reader: SignedIn,
    Form(form): Form<EndForm>,
) -> Result<Response, PageProblem> {
    let id: Id<LoginSession> = form.id.parse().map_err(|_| Problem::not_found())?;
    match accounts::end_session(&app.db, &reader.person.who, id).await {
        // A second tap finds it ended already: the same page either way.
        Err(problem) if problem.kind != basis::Kind::NotFound => Err(problem.into()),
        _ => Ok(see_other("/settings/sessions")),
    }
}

pub(super) async fn end_others(State(app): State<App>, reader: SignedIn) -> Result<Response, PageProblem> {
    accounts::end_other_sessions(&app.db, &reader.person.who).await?;
    Ok(see_other("/settings/sessions"))
}

fn row(app: &App, reader: &SignedIn, session: &OpenSession) -> Row {
    let (texts, now) = (reader.reader.texts, app.env.now());
    let device = device(&session.agent).unwrap_or_else(|| texts.t("settings-device-unknown"));
    let used = texts.ago(session.used_at, now);
    let begun = texts.date_clock(session.begun_at, &reader.reader.zone);
    let args = [("ip", session.ip.as_str()), ("used", &used), ("begun", &begun)];
    Row {
        id: session.id.to_string(),
        device,
        facts: texts.tf("settings-session-facts", args),
        this: super::is_this(reader, Via::Session(session.id)),
    }
}

/// The browser and the system that a user agent names; nothing if it names neither.
pub(super) fn device(agent: &str) -> Option<String> {
    const BROWSERS: [(&str, &str); 6] = [
        ("Edg", "Edge"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("CriOS/", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    const SYSTEMS: [(&str, &str); 6] = [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    let named = |list: &[(&str, &'static str)]| {
        list.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    let parts: Vec<&str> = [named(&SYSTEMS), named(&BROWSERS)].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" · "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_named_by_what_people_call_it() {
        let pixel =
            "Mozilla/5.0 (Linux; Android 14; Pixel 7) AppleWebKit/537.36 Chrome/156.0 Mobile Safari/537.36";
        let iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Safari/604.1";
        assert_eq!(device(pixel).as_deref(), Some("Android · Chrome"));
        assert_eq!(device(iphone).as_deref(), Some("iPhone · Safari"));
        assert_eq!(device("curl/8"), None);
    }
}
