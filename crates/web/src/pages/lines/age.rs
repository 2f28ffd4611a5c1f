//! How old the figures on a page are, and how their age grows.

use basis::{MINUTE_MS, Timestamp};
use texts::Texts;

/// A figure older than this no longer counts as live.
const STALE_MS: i64 = MINUTE_MS;

/// How old the figures are.
#[derive(Debug, Clone)]
pub(crate) struct Age {
    pub(crate) at_ms: i64,
    pub(crate) now_ms: i64,
    pub(crate) stale: bool,
    pub(crate) text: String,
    /// For the browser, which lets the age grow: `{}` stands for it.
    pub(crate) fresh_text: String,
    pub(crate) stale_text: String,
}

/// How old figures are that were heard then.
pub(crate) fn age_of(texts: Texts, heard: Timestamp, now: Timestamp) -> Age {
    // The ages of a page that is shown later grow in the browser.
    let pattern = |key| texts.tf(key, [("age", "{}")]);
    let (fresh_text, stale_text) = (pattern("lines-age-fresh"), pattern("lines-age-stale"));
    let stale = now.since(heard) > STALE_MS;
    let text = if stale { &stale_text } else { &fresh_text };
    let text = text.replace("{}", &texts.ago(heard, now));
    Age { at_ms: heard.as_ms(), now_ms: now.as_ms(), stale, text, fresh_text, stale_text }
}
