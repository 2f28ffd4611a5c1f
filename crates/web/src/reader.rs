//! Who reads a page.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request},
};
use basis::{Account, Currency, Id, Language, Problem};
use texts::{Texts, TimeZone};

use crate::{App, PageProblem, cookies};

/// The person in front of a page, signed in or not: their language, currency, time zone and look.
#[derive(Debug, Clone)]
pub struct Reader(Arc<Facts>);

/// What is known about a reader.
#[derive(Debug)]
pub struct Facts {
    /// Speaks their language.
    pub texts: Texts,
    /// In which they see prices.
    pub currency: Currency,
    /// In which they see times.
    pub zone: TimeZone,
    /// Light, dark, or as their device says.
    pub theme: Theme,
    /// Who they are, if they are signed in.
    pub person: Option<Person>,
}

impl std::ops::Deref for Reader {
    type Target = Facts;

    fn deref(&self) -> &Facts {
        &self.0
    }
}

/// A signed-in person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their account.
    pub account: Id<Account>,
    /// What they sign in with.
    pub email: String,
}

/// How pages look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the device says.
    #[default]
    Device,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// Reads a cookie's or a form's word; an unknown one is the device's.
    pub fn read(word: &str) -> Self {
        match word {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::Device,
        }
    }

    /// The word in the cookie and in `data-theme`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// Finds out who reads: by the session's cookie, then by what the browser says.
#[expect(clippy::unused_async, reason = "the session will be looked up here")]
pub(crate) async fn find(app: &App, headers: &HeaderMap) -> Result<Reader, Problem> {
    Ok(stranger(app, headers))
}

/// A reader of whom only the browser tells.
pub(crate) fn stranger(app: &App, headers: &HeaderMap) -> Reader {
    let cookie = |name| cookies::read(headers, name);
    let zone = cookie(cookies::TIME_ZONE).and_then(texts::time_zone);
    let zone = zone.or_else(|| texts::time_zone(&app.config.time_zone)).unwrap_or(TimeZone::UTC);
    Reader(Arc::new(Facts {
        texts: Texts::of(language(app, headers)),
        currency: cookie(cookies::CURRENCY).and_then(|c| c.parse().ok()).unwrap_or(app.config.currency),
        zone,
        theme: cookie(cookies::THEME).map(Theme::read).unwrap_or_default(),
        person: None,
    }))
}

/// The language that a browser asks for: by the cookie of the language switch, then by `Accept-Language`.
pub(crate) fn language(app: &App, headers: &HeaderMap) -> Language {
    let chosen = cookies::read(headers, cookies::LANGUAGE).and_then(|tag| tag.parse().ok());
    let asked = || headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or("");
    chosen.unwrap_or_else(|| texts::negotiate(asked(), app.config.language))
}

impl FromRequestParts<App> for Reader {
    type Rejection = PageProblem;

    async fn from_request_parts(parts: &mut request::Parts, app: &App) -> Result<Self, PageProblem> {
        match parts.extensions.get::<Self>() {
            Some(reader) => Ok(reader.clone()),
            None => Ok(find(app, &parts.headers).await?),
        }
    }
}

/// A reader who is signed in; anyone else is sent to the sign-in page, and comes back from there.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The reader.
    pub reader: Reader,
    /// Who they are.
    pub person: Person,
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = PageProblem;

    async fn from_request_parts(parts: &mut request::Parts, app: &App) -> Result<Self, PageProblem> {
        let reader = Reader::from_request_parts(parts, app).await?;
        match reader.person.clone() {
            Some(person) => Ok(Self { reader, person }),
            None => Err(PageProblem::elsewhere(&sign_in_path(parts))),
        }
    }
}

/// Back to a page that can be read again; a form that was sent is not repeated.
fn sign_in_path(parts: &request::Parts) -> String {
    let back =
        if parts.method.is_safe() { parts.uri.path_and_query().map_or("/", |p| p.as_str()) } else { "/" };
    let next: String = url::form_urlencoded::byte_serialize(back.as_bytes()).collect();
    format!("/sign-in?next={next}")
}
