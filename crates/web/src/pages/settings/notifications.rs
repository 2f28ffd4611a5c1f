//! Notifications: switching them on in this browser, seeing which devices get them, trying one.

use accounts::OpenSession;
use askama::Template;
use axum::{
    Form,
    extract::{Query as Address, State},
    http::StatusCode,
    response::Response,
};
use basis::{Device as DeviceKind, Id, Problem};
use push::{Device, Subscription};
use serde::Deserialize;
use store::in_tx;

use super::sessions;
use crate::{
    App, Page, PageProblem, RequestOrigin, Shell, SignedIn, Tab, page::safe_next, pages::accounts::Query,
    see_other,
};

const HERE: &str = "/settings/notifications";

#[derive(Template)]
#[template(path = "pages/settings/notifications.html")]
pub(super) struct NotificationsPage {
    shell: Shell,
    /// How they are switched on here; `None` where they are on.
    offer: Option<Offer>,
    devices: Vec<Row>,
    done: Option<String>,
    problem: Option<Problem>,
}

struct Row {
    id: String,
    name: String,
    facts: String,
    this: bool,
}

/// What a page needs to offer notifications: `{% include "pages/settings/offer.html" %}`. Script shows it where the browser
/// can, and asks for permission once it is tapped.
pub(crate) struct Offer {
    /// What browsers subscribe with.
    pub(crate) key: String,
    /// Where to go once they are on.
    pub(crate) next: String,
}

/// The offer to switch notifications on in this browser, then to come back to `next`; `None` where they are on already.
pub(crate) async fn offer(app: &App, who: &SignedIn, next: &str) -> Result<Option<Offer>, Problem> {
    if !app.push.is_on() {
        return Ok(None);
    }
    let device = push::device_of(&mut app.db.read().await?, &who.person.who).await?;
    let (key, next) = (app.push.public_key().to_owned(), next.to_owned());
    Ok(device.is_none().then_some(Offer { key, next }))
}

#[derive(Deserialize)]
pub(super) struct SwitchForm {
    #[serde(flatten)]
    subscription: Subscription,
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub(super) struct OffForm {
    #[serde(default)]
    id: String,
}

pub(super) async fn show(
    State(app): State<App>,
    reader: SignedIn,
    Address(query): Address<Query>,
) -> Result<Page<NotificationsPage>, PageProblem> {
    let texts = reader.reader.texts;
    let mut page = page(&app, &reader).await?;
    page.done = match query.done.as_str() {
        "on" => Some(texts.t("push-done-on")),
        "sent" => Some(texts.t("push-done-sent")),
        _ => None,
    };
    Ok(Page(page))
}

pub(super) async fn switch_on(
    State(app): State<App>,
    reader: SignedIn,
    RequestOrigin(origin): RequestOrigin,
    Form(form): Form<SwitchForm>,
) -> Result<Response, PageProblem> {
    let who = &reader.person.who;
    match push::switch_on(&app.push, &app.guards, &origin, who, &form.subscription).await {
        Ok(()) if form.next.is_empty() || form.next == HERE => Ok(see_other(&format!("{HERE}?done=on"))),
        Ok(()) => Ok(see_other(safe_next(&form.next))),
        Err(problem) => again(&app, &reader, problem).await,
    }
}

/// The service worker's own: its push service has given this browser another address.
pub(super) async fn renew(
    State(app): State<App>,
    reader: SignedIn,
    RequestOrigin(origin): RequestOrigin,
    Form(given): Form<Subscription>,
) -> Result<StatusCode, PageProblem> {
    push::renew(&app.push, &app.guards, &origin, &reader.person.who, &given).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// One to this browser, to see and hear it.
pub(super) async fn test(
    State(app): State<App>,
    reader: SignedIn,
    RequestOrigin(origin): RequestOrigin,
) -> Result<Response, PageProblem> {
    let texts = reader.reader.texts;
    let words = (texts.t("push-test-title"), texts.tf("push-test-body", [("brand", &app.config.brand)]));
    match push::try_out(&app.push, &app.guards, &origin, &reader.person.who, words, HERE).await {
        Ok(()) => Ok(see_other(&format!("{HERE}?done=sent"))),
        Err(problem) if problem.kind == basis::Kind::NotFound => Ok(see_other(HERE)),
        Err(problem) => again(&app, &reader, problem).await,
    }
}

pub(super) async fn switch_off(
    State(app): State<App>,
    reader: SignedIn,
    Form(form): Form<OffForm>,
) -> Result<Response, PageProblem> {
    let id: Id<DeviceKind> = form.id.parse().map_err(|_| Problem::not_found())?;
    match in_tx!(app.db, |tx| { push::remove(tx, reader.person.account, id).await }) {
        // A second tap finds it gone already: the same page either way.
        Err(problem) if problem.kind != basis::Kind::NotFound => Err(problem.into()),
        _ => Ok(see_other(HERE)),
    }
}

async fn again(app: &App, reader: &SignedIn, problem: Problem) -> Result<Response, PageProblem> {
    let mut page = page(app, reader).await?;
    Err(PageProblem::form(problem, |problem| {
        page.problem = Some(problem);
        page
    }))
}

async fn page(app: &App, reader: &SignedIn) -> Result<NotificationsPage, Problem> {
    if !app.push.is_on() {
        return Err(Problem::not_found());
    }
    let (account, texts) = (reader.person.account, reader.reader.texts);
    let mut conn = app.db.read().await?;
    let open = accounts::sessions_of(&mut conn, app.env.now(), account).await?;
    let devices = push::devices_of(&mut conn, account).await?;
    drop(conn);
    let session_of = |device: &Device| open.iter().find(|session| session.id == device.session);
    let rows = devices.iter().filter_map(|device| Some(row(reader, device, session_of(device)?)));
    let shell = Shell::new(app, &reader.reader, Tab::None, texts.t("push-title")).back("/settings").at(HERE);
    let offer = offer(app, reader, HERE).await?;
    Ok(NotificationsPage { shell, offer, devices: rows.collect(), done: None, problem: None })
}

fn row(reader: &SignedIn, device: &Device, session: &OpenSession) -> Row {
    let texts = reader.reader.texts;
    Row {
        id: device.id.to_string(),
        name: sessions::device(&session.agent).unwrap_or_else(|| texts.t("settings-device-unknown")),
        facts: texts.tf("push-since", [("day", texts.date(device.since, &reader.reader.zone))]),
        this: super::is_this(reader, accounts::Via::Session(device.session)),
    }
}
