//! Cookies: reading them, and writing them as they must be.

use axum::http::{HeaderMap, HeaderValue, header};

use crate::app::Config;

/// Who is signed in.
pub(crate) const SESSION: &str = "session";
/// The language a reader has chosen.
pub(crate) const LANGUAGE: &str = "lang";
/// The currency a reader has chosen.
pub(crate) const CURRENCY: &str = "currency";
/// Light or dark, as chosen.
pub(crate) const THEME: &str = "theme";
/// The time zone that the browser told.
pub(crate) const TIME_ZONE: &str = "tz";
/// How long a preference is kept, in seconds.
pub(crate) const YEAR_S: u32 = 365 * 24 * 3600;

/// The value of a cookie that came with a request.
pub(crate) fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(found, value)| (found == name).then_some(value))
}

/// A cookie to be set: `HttpOnly`, `SameSite=Lax`, for the whole site, `Secure` wherever people come by TLS.
#[derive(Debug, Clone)]
pub struct Cookie<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its value: letters, digits and `-_.~/+` only.
    pub value: &'a str,
    /// How long a browser keeps it, in seconds; 0 removes it.
    pub max_age_s: u32,
}

impl<'a> Cookie<'a> {
    /// The cookie of a signed-in browser.
    pub const fn session(token: &'a str, max_age_s: u32) -> Self {
        Self { name: SESSION, value: token, max_age_s }
    }

    /// Takes the cookie of a signed-in browser away.
    pub const fn signed_out() -> Self {
        Self { name: SESSION, value: "", max_age_s: 0 }
    }

    /// A preference that lives without an account.
    pub(crate) const fn preference(name: &'a str, value: &'a str) -> Self {
        Self { name, value, max_age_s: YEAR_S }
    }

    /// The `Set-Cookie` header.
    pub fn header(&self, config: &Config) -> HeaderValue {
        let Self { name, value, max_age_s } = self;
        let secure = if config.tls() { "; Secure" } else { "" };
        let text = format!("{name}={value}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Lax{secure}");
        HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; session=abc=; lang=en"));
        headers.append(header::COOKIE, HeaderValue::from_static("theme=dark"));
        assert_eq!(read(&headers, SESSION), Some("abc="));
        assert_eq!(read(&headers, THEME), Some("dark"));
        assert_eq!(read(&headers, "sess"), None);
    }

    #[test]
    fn a_cookie_is_secure_behind_tls_only() {
        let plain = Config::at("http://127.0.0.1:8080".parse().unwrap());
        let tls = Config::at("https://shop.example".parse().unwrap());
        let text = |config| Cookie::session("x", 60).header(config).to_str().unwrap().to_owned();
        assert_eq!(text(&plain), "session=x; Path=/; Max-Age=60; HttpOnly; SameSite=Lax");
        assert!(text(&tls).ends_with("; Secure"));
    }
}
