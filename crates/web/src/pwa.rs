//! The installable app: its manifest, its service worker, and what store shells ask for.

use axum::{
    Json, Router,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Value, json};

use crate::{App, Reader, assets};

/// The worker's own text; what it keeps is put in front of it.
const WORKER: &str = include_str!("pwa.js");

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/manifest.webmanifest", get(manifest))
        .route("/sw.js", get(worker))
        .route("/.well-known/assetlinks.json", get(asset_links))
        .route("/.well-known/apple-app-site-association", get(apple_association))
}

/// How the app looks on a phone's first screen.
async fn manifest(State(app): State<App>, reader: Reader) -> Response {
    let icon = |name: &str, size: &str, purpose: &str| json!({ "src": assets::url(name), "sizes": size, "type": "image/png", "purpose": purpose });
    let manifest = json!({
        "id": "/",
        "name": app.config.brand,
        "short_name": app.config.brand,
        "description": reader.texts.t("shell-description"),
        "lang": reader.texts.tag(),
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#f2f7f6",
        "theme_color": "#f2f7f6",
        "icons": [
            icon("icons/192.png", "192x192", "any"),
            icon("icons/512.png", "512x512", "any"),
            icon("icons/maskable.png", "512x512", "maskable"),
        ],
    });
    ([(header::CONTENT_TYPE, "application/manifest+json")], manifest.to_string()).into_response()
}

/// The service worker, with the list of files that it keeps and what it subscribes with.
async fn worker(State(app): State<App>) -> impl IntoResponse {
    let files: Vec<String> = assets::names().filter_map(assets::url).collect();
    let text = format!(
        "const VERSION = {:?};\nconst FILES = {};\nconst PUSH_KEY = {:?};\n{WORKER}",
        assets::version(),
        json!(files),
        app.push.public_key()
    );
    ([(header::CONTENT_TYPE, "text/javascript"), (header::CACHE_CONTROL, "no-cache")], text)
}

/// Which Android apps may open this site's links.
async fn asset_links(State(app): State<App>) -> Json<Value> {
    let statement = |android: &crate::AndroidApp| {
        json!({
            "relation": ["delegate_permission/common.handle_all_urls"],
            "target": {
                "namespace": "android_app",
                "package_name": android.package,
                "sha256_cert_fingerprints": android.fingerprints,
            },
        })
    };
    Json(app.config.android_apps.iter().map(statement).collect())
}

/// Which iOS apps may open this site's links.
async fn apple_association(State(app): State<App>) -> Json<Value> {
    let details = json!([{ "appIDs": app.config.apple_apps, "components": [{ "/": "/*" }] }]);
    Json(json!({ "applinks": { "details": details }, "webcredentials": { "apps": app.config.apple_apps } }))
}
