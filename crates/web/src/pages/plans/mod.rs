//! Where to, and with which plan. Open to everyone, signed in or not.

mod card;
mod destinations;
mod detail;
mod place;

use std::sync::Arc;

use askama::Template;
use axum::{Router, routing::get};
use catalog::Catalogue;
use serde::Deserialize;

use crate::{App, Markup, Shell, assets};

/// The pages of destinations and plans.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/plans", get(destinations::show))
        .route("/plans/in/{place}", get(place::show))
        .route("/plans/{plan}", get(detail::show))
}

/// Whom the reader came to buy for; it stays on every link until the checkout, whose words these are.
#[derive(Debug, Clone, Default, Deserialize)]
struct Whom {
    line: Option<String>,
    /// `share`: for everyone in the line's pool.
    change: Option<String>,
}

impl Whom {
    fn is_everyone(&self) -> bool {
        self.change.as_deref() == Some("share")
    }

    /// What can be bought for them.
    fn can_buy(&self, catalogue: Arc<Catalogue>) -> Arc<Catalogue> {
        if self.is_everyone() { Arc::new(catalogue.shareable()) } else { catalogue }
    }

    /// The address, with this in it.
    fn on(&self, path: &str) -> String {
        let Some(line) = &self.line else { return path.to_owned() };
        let line: String = url::form_urlencoded::byte_serialize(line.as_bytes()).collect();
        let joint = if path.contains('?') { '&' } else { '?' };
        let everyone = if self.is_everyone() { "&change=share" } else { "" };
        format!("{path}{joint}line={line}{everyone}")
    }
}

/// A region's own drawing, or a globe on a tile.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% match drawing %}{% when Some(url) %}<img class="flag" src="{{ url }}" alt="" width="32" height="32">{% when None %}<span class="ico">{{ globe }}</span>{% endmatch %}"#
)]
struct RegionMark {
    drawing: Option<String>,
    globe: Markup,
}

/// The mark of a region by its id; `asia-pacific` may use the drawing of `asia`.
fn region_mark(id: &str, shell: &Shell) -> Markup {
    let wider = id.split('-').next().unwrap_or(id);
    let drawing = [id, wider].iter().find_map(|name| assets::url(&format!("flags/region-{name}.svg")));
    Markup::of(&RegionMark { drawing, globe: shell.icon_small("globe") })
}
