//! Who reads a page.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request},
};
use basis::{Account, Currency, Id, Language, Problem};
use texts::{Texts, TimeZone};

use crate::{App, PageProblem, cookies, safe_next};

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
#[derive(Debug, Clone)]
pub struct Person {
    /// Their account.
    pub account: Id<Account>,
    /// What they sign in with.
    pub email: String,
    /// The account as a whole, by which way they came in, and how lately they gave their password.
    pub who: accounts::SignedIn,
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
pub(crate) async fn find(app: &App, headers: &HeaderMap) -> Result<Reader, Problem> {
    let Some(token) = cookies::read(headers, cookies::SESSION) else { return Ok(stranger(app, headers)) };
    match accounts::session(&app.db, &app.env, token).await? {
        Some(who) => Ok(known(headers, who)),
        None => Ok(stranger(app, headers)),
    }
}

/// A reader whose account says how they like their pages. The time zone is where they are now.
fn known(headers: &HeaderMap, who: accounts::SignedIn) -> Reader {
    let account = &who.account;
    Reader(Arc::new(Facts {
        texts: Texts::of(account.language),
        currency: account.currency,
        zone: zone(headers, &account.time_zone),
        theme: theme(headers),
        person: Some(Person { account: account.id, email: account.email.clone(), who }),
    }))
}

/// A reader of whom only the browser tells.
pub(crate) fn stranger(app: &App, headers: &HeaderMap) -> Reader {
    let language = language(app, headers);
    let chosen = cookies::read(headers, cookies::CURRENCY).and_then(|code| code.parse().ok());
    let currency = chosen.unwrap_or_else(|| accounts::usual_currency(language, app.config.currency));
    Reader(Arc::new(Facts {
        texts: Texts::of(language),
        currency,
        zone: zone(headers, &app.config.time_zone),
        theme: theme(headers),
        person: None,
    }))
}

/// The zone that the browser is in; if it has not told, this one.
fn zone(headers: &HeaderMap, otherwise: &str) -> TimeZone {
    let told = cookies::read(headers, cookies::TIME_ZONE).and_then(texts::time_zone);
    told.or_else(|| texts::time_zone(otherwise)).unwrap_or(TimeZone::UTC)
}

fn theme(headers: &HeaderMap) -> Theme {
    cookies::read(headers, cookies::THEME).map(Theme::read).unwrap_or_default()
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
            None => Err(PageProblem::elsewhere(&sign_in_path(parts, &app.config.origin()))),
        }
    }
}

/// Back to a page that can be read again: a form that was sent is not repeated, but shown again.
fn sign_in_path(parts: &request::Parts, origin: &str) -> String {
    let back = if parts.method.is_safe() {
        parts.uri.path_and_query().map_or("/", |path| path.as_str())
    } else {
        form_path(&parts.headers, origin)
    };
    let next: String = url::form_urlencoded::byte_serialize(safe_next(back).as_bytes()).collect();
    format!("/sign-in?next={next}")
}

/// The page of ours that sent this form, as far as the browser says.
fn form_path<'a>(headers: &'a HeaderMap, origin: &str) -> &'a str {
    let from = headers.get(header::REFERER).and_then(|value| value.to_str().ok());
    from.and_then(|from| from.strip_prefix(origin)).unwrap_or("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_was_signed_out_meanwhile_comes_back_to_the_form() {
        let sent = |referer: &str| {
            let request = axum::http::Request::post("/checkout").header("referer", referer).body(()).unwrap();
            sign_in_path(&request.into_parts().0, "https://shop.example")
        };
        assert_eq!(sent("https://shop.example/checkout?plan=jp"), "/sign-in?next=%2Fcheckout%3Fplan%3Djp");
        for foreign in ["https://evil.example/checkout", "https://shop.example.evil.example/x", "nonsense"] {
            assert_eq!(sent(foreign), "/sign-in?next=%2F");
        }
    }
}
