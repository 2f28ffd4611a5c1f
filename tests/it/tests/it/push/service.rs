//! A push service and the browsers behind it, for the tests: the real protocol over HTTP, by another library than ours,
//! and strict. It takes no message that any push service would not take, or that its device could not read.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    routing::post,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use basis::{Clock as _, ManualClock, Timestamp};
use push::Subscription;
use serde_json::Value;
use tokio::net::TcpListener;
use web_push_native::{
    Auth, decrypt,
    p256::{
        SecretKey,
        ecdsa::{Signature, VerifyingKey, signature::Verifier as _},
        elliptic_curve::sec1::ToEncodedPoint as _,
    },
};

/// A message that a device has read.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub(crate) device: u8,
    pub(crate) ttl_s: i64,
    pub(crate) urgency: String,
    pub(crate) topic: String,
    /// What was encrypted.
    pub(crate) text: Value,
}

/// What the service does, and what came of it.
#[derive(Default)]
pub(crate) struct Books {
    /// Answers to the next messages, with more headers; when they are used up each one is taken.
    pub(crate) answers: VecDeque<(u16, &'static str)>,
    /// Says nothing at all.
    pub(crate) mute: bool,
    pub(crate) asked: usize,
    pub(crate) shown: Vec<Shown>,
    /// Why messages were refused that a push service may not take.
    pub(crate) faults: Vec<String>,
    /// How often each token was shown.
    pub(crate) tokens: HashMap<String, usize>,
}

#[derive(Clone)]
pub(crate) struct PushService {
    pub(crate) origin: String,
    clock: Arc<ManualClock>,
    books: Arc<Mutex<Books>>,
}

impl PushService {
    /// Listens on loopback until the test's runtime ends.
    pub(crate) async fn start(clock: &Arc<ManualClock>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let service = Self { origin, clock: clock.clone(), books: Arc::default() };
        let router = Router::new().route("/p/{device}", post(take)).with_state(service.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        service
    }

    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }

    /// What a browser of this number answers when it is asked to subscribe.
    pub(crate) fn browser(&self, number: u8) -> Subscription {
        let point = secret(number).public_key().to_encoded_point(false);
        Subscription {
            endpoint: format!("{}/p/{number}", self.origin),
            p256dh: URL_SAFE_NO_PAD.encode(point.as_bytes()),
            auth: URL_SAFE_NO_PAD.encode(auth(number)),
        }
    }

    /// Titles of what the devices have shown, the oldest first; nothing was sent that breaks a rule.
    pub(crate) fn titles(&self) -> Vec<String> {
        let books = self.books();
        assert!(books.faults.is_empty(), "{:#?}", books.faults);
        books.shown.iter().map(|shown| shown.text["title"].as_str().unwrap().to_owned()).collect()
    }

    fn read(&self, device: u8, headers: &HeaderMap, body: &[u8]) -> Result<Shown, String> {
        let header = |name: &str| {
            let text = headers.get(name).and_then(|value| value.to_str().ok());
            text.ok_or_else(|| format!("no {name}"))
        };
        self.check_sender(header("authorization")?)?;
        let ttl_s = header("ttl")?.parse::<i64>().map_err(|_| "TTL is no number")?;
        let (urgency, topic) = (header("urgency")?, header("topic")?);
        ensure(ttl_s >= 0, "a negative TTL")?;
        ensure(["very-low", "low", "normal", "high"].contains(&urgency), "RFC 8030, section 5.3")?;
        let is_base64url = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        ensure(topic.len() <= 32 && topic.chars().all(is_base64url), "RFC 8030, section 5.4")?;
        ensure(header("content-encoding")? == "aes128gcm", "RFC 8291, section 4")?;
        ensure(body.len() <= 4096, "RFC 8030, section 7.2")?;
        ensure(body[16..20] == 4096_u32.to_be_bytes() && body[20] == 65, "RFC 8188, section 2.1")?;
        let plain = decrypt(body.to_vec(), &secret(device), &Auth::from(auth(device)));
        let plain = plain.map_err(|error| format!("the device cannot read it: {error}"))?;
        let text = serde_json::from_slice(&plain).map_err(|error| error.to_string())?;
        Ok(Shown { device, ttl_s, urgency: urgency.to_owned(), topic: topic.to_owned(), text })
    }

    /// RFC 8292, sections 2 and 3.
    fn check_sender(&self, authorization: &str) -> Result<(), String> {
        let pairs = authorization.strip_prefix("vapid ").ok_or("not the scheme vapid")?;
        let pairs: HashMap<&str, &str> =
            pairs.split(',').filter_map(|pair| pair.trim().split_once('=')).collect();
        let (token, key) = (pairs.get("t").ok_or("no t")?, pairs.get("k").ok_or("no k")?);
        let (text, signed) = token.rsplit_once('.').ok_or("no token")?;
        let key = VerifyingKey::from_sec1_bytes(&octets(key)?).map_err(|_| "no key")?;
        let signed = Signature::from_slice(&octets(signed)?).map_err(|_| "no signature")?;
        key.verify(text.as_bytes(), &signed).map_err(|_| "not signed by this key")?;
        let (head, claims) = text.split_once('.').ok_or("no claims")?;
        ensure(json(head)?["alg"] == "ES256", "not ES256")?;
        let claims = json(claims)?;
        ensure(claims["aud"] == self.origin.as_str(), "for another service")?;
        let exp = Timestamp(claims["exp"].as_i64().ok_or("no exp")? * 1000);
        let left_ms = exp.since(self.clock.now());
        ensure(left_ms > 0 && left_ms <= 24 * basis::HOUR_MS, "over, or good for too long")?;
        let contact = claims["sub"].as_str().ok_or("no sub")?;
        ensure(contact.starts_with("mailto:") || contact.starts_with("https:"), "nobody to ask")?;
        *self.books().tokens.entry((*token).to_owned()).or_default() += 1;
        Ok(())
    }
}

fn ensure(fine: bool, fault: &str) -> Result<(), String> {
    if fine { Ok(()) } else { Err(fault.to_owned()) }
}

fn octets(text: &str) -> Result<Vec<u8>, String> {
    URL_SAFE_NO_PAD.decode(text).map_err(|error| error.to_string())
}

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_slice(&octets(text)?).map_err(|error| error.to_string())
}

fn secret(number: u8) -> SecretKey {
    SecretKey::from_slice(&[number + 1; 32]).unwrap()
}

fn auth(number: u8) -> [u8; 16] {
    [number; 16]
}

async fn take(
    State(service): State<PushService>,
    Path(device): Path<u8>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, HeaderMap, String) {
    service.books().asked += 1;
    if service.books().mute {
        std::future::pending::<()>().await;
    }
    let read = service.read(device, &headers, &body);
    let mut books = service.books();
    let (status, more) = books.answers.pop_front().unwrap_or((201, ""));
    let mut said = HeaderMap::new();
    if let Some((name, value)) = more.split_once(": ") {
        said.insert(name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap());
    }
    match read {
        Ok(shown) if (200..300).contains(&status) => books.shown.push(shown),
        Ok(_) => {}
        Err(fault) => books.faults.push(fault),
    }
    (StatusCode::from_u16(status).unwrap(), said, "why\nnot".to_owned())
}
