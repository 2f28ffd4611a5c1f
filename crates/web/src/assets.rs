//! The embedded files and their addresses. An address holds the file's hash, so that a browser may keep it for ever.

use std::{borrow::Cow, collections::BTreeMap, fmt::Write as _, sync::LazyLock};

use axum::{
    Router,
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::App;

/// Everything under `assets/`.
#[derive(RustEmbed)]
#[folder = "assets/"]
struct Files;

/// The style sheet is written in parts and served as one.
const STYLE_PARTS: [&str; 5] =
    ["css/1-tokens.css", "css/2-base.css", "css/3-parts.css", "css/4-orders.css", "css/5-pools.css"];
/// How long a file at its hashed address may be kept.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

struct Asset {
    content: Cow<'static, [u8]>,
    kind: String,
    /// Eight hexadecimal digits of the content's hash.
    hash: String,
}

static ASSETS: LazyLock<BTreeMap<String, Asset>> = LazyLock::new(|| {
    let mut assets: BTreeMap<_, _> =
        Files::iter().filter_map(|name| Some((name.to_string(), asset(Files::get(&name)?)))).collect();
    let style: Vec<EmbeddedFile> = STYLE_PARTS.iter().filter_map(|part| Files::get(part)).collect();
    assets.insert("app.css".into(), joined(&style));
    assets.retain(|name, _| !name.starts_with("css/"));
    assets
});

fn asset(file: EmbeddedFile) -> Asset {
    let hash = hex(&file.metadata.sha256_hash());
    Asset { kind: file.metadata.mimetype().to_owned(), hash, content: file.data }
}

fn joined(parts: &[EmbeddedFile]) -> Asset {
    let content: Vec<u8> = parts.iter().flat_map(|part| part.data.iter().copied()).collect();
    let mut hash = [0; 32];
    for part in parts {
        // The parts are hashed already; rotating keeps their order significant.
        hash.rotate_left(1);
        hash.iter_mut().zip(part.metadata.sha256_hash()).for_each(|(into, byte)| *into ^= byte);
    }
    Asset { content: content.into(), kind: "text/css".into(), hash: hex(&hash) }
}

fn hex(hash: &[u8]) -> String {
    hash.iter().take(4).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The address of an embedded file: `url("icons.svg")` is `/assets/1f2e3d4c/icons.svg`. `None` if there is none.
pub(crate) fn url(name: &str) -> Option<String> {
    ASSETS.get(name).map(|asset| format!("/assets/{}/{name}", asset.hash))
}

/// The names of all files, for the service worker.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    ASSETS.keys().map(String::as_str)
}

/// One hash over all files: it changes when any of them does.
pub(crate) fn version() -> String {
    ASSETS.values().map(|asset| asset.hash.as_str()).fold(0_u32, mix).to_string()
}

fn mix(sum: u32, hash: &str) -> u32 {
    sum.rotate_left(5) ^ u32::from_str_radix(hash, 16).unwrap_or(0)
}

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/assets/{hash}/{*name}", get(serve))
}

/// An old hash gets the present file, which must then not be kept.
async fn serve(Path((hash, name)): Path<(String, String)>) -> Response {
    let Some(asset) = ASSETS.get(&name) else { return StatusCode::NOT_FOUND.into_response() };
    let keep = if asset.hash == hash { FOR_EVER } else { "no-cache" };
    let content: &'static [u8] = asset.content.as_ref();
    ([(header::CONTENT_TYPE, asset.kind.as_str()), (header::CACHE_CONTROL, keep)], content).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_the_content() {
        let style = url("app.css").unwrap();
        assert!(style.starts_with("/assets/") && style.ends_with("/app.css"), "{style}");
        assert!(url("css/2-base.css").is_none(), "the parts are not served");
        assert!(url("missing.css").is_none());
        assert!(names().any(|name| name == "icons.svg"));
    }
}
