//! Pages, API and webhooks: everything that speaks HTTP.
//!
//! A page lives in `pages/<noun>/`, handler and template side by side; the API in `api/<noun>.rs`; webhooks in
//! `hooks/`. A handler reads top to bottom: who is reading ([`Reader`], [`SignedIn`], [`ApiCaller`]), what they ask,
//! which verb answers, and the page struct that shows it. What goes wrong is a [`basis::Problem`]; whether it
//! becomes a page or `application/problem+json` is decided once, around all handlers, in [`mod@problems`].

pub mod api;
mod app;
mod assets;
mod client;
mod cookies;
mod csrf;
mod headers;
mod health;
pub mod hooks;
pub mod live;
mod markup;
mod origin;
mod page;
pub mod pages;
mod payer;
pub mod problems;
mod pwa;
mod reader;
mod router;
mod shell;
mod watch;

pub use api::{ApiCaller, ApiProblem, IdempotencyKey};
pub use app::{AndroidApp, App, Config, Parts};
pub use client::{ClientAddress, Whence};
pub use cookies::Cookie;
pub use markup::Markup;
pub use origin::RequestOrigin;
pub use page::{Page, PageProblem, PageResult, safe_next, see_other};
pub use payer::Payer;
pub use reader::{Person, Reader, SignedIn, Theme};
pub use router::router;
pub use shell::{Shell, Tab};
pub use watch::RequestId;

#[cfg(test)]
mod tests;
