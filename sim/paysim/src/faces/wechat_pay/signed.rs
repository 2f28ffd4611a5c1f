//! Requests that the merchant signed, answers that we sign, and what the signatures are checked with.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use basis::{SECOND_MS, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{NAME, shapes};
use crate::BODY_BYTES_MAX;
use crate::answers::{Answer, Failure};
use crate::keys::{Keys, seal_aes_256_gcm};
use crate::service::Service;

/// The name of the key that a merchant checks with who has left certificates behind.
pub(super) const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_0119000000012026112300000000000001";
const SCHEME: &str = "WECHATPAY2-SHA256-RSA2048";
/// What a signature begins with that is wrong on purpose.
const PROBE: &str = "WECHATPAY/SIGNTEST/";
/// How far a request's time may lie from ours.
const TOLERANCE_MS: i64 = 300 * SECOND_MS;

/// An error in WeChat's words.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) message: &'static str,
}

pub(super) const fn refuse(status: u16, code: &'static str, message: &'static str) -> Refusal {
    Refusal { status, code, message }
}

impl Refusal {
    fn body(&self) -> String {
        json!({ "code": self.code, "message": self.message }).to_string()
    }
}

/// A request whose signature is the merchant's.
pub(super) struct Asked {
    pub(super) service: Arc<Service>,
    pub(super) keys: Keys,
    pub(super) uri: Uri,
    pub(super) body: String,
    /// The merchant wants answers signed by the public key.
    pub(super) by_public_key: bool,
}

impl FromRequest<Arc<Service>> for Asked {
    type Rejection = Response;

    async fn from_request(request: Request, service: &Arc<Service>) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, BODY_BYTES_MAX)
            .await
            .map_err(|_| StatusCode::PAYLOAD_TOO_LARGE.into_response())?;
        let body = String::from_utf8(body.to_vec()).map_err(|_| StatusCode::BAD_REQUEST.into_response())?;
        let serial = parts.headers.get("wechatpay-serial").and_then(|value| value.to_str().ok());
        let by_public_key = serial.is_some_and(|serial| serial.starts_with("PUB_KEY_ID_"));
        let asked =
            Self { service: service.clone(), keys: service.keys(NAME), uri: parts.uri, body, by_public_key };
        match asked.check(&parts.method, &parts.headers) {
            Ok(()) => Ok(asked),
            Err(why) => Err(asked.refuse(&refuse(401, "SIGN_ERROR", why))),
        }
    }
}

impl Asked {
    fn check(&self, method: &Method, headers: &HeaderMap) -> Result<(), &'static str> {
        let given = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .ok_or("缺少Authorization")?;
        let fields = given.strip_prefix(SCHEME).ok_or("认证类型不正确")?.trim();
        let fields: HashMap<&str, &str> =
            fields.split(',').filter_map(|field| field.trim().split_once('=')).collect();
        let field =
            |name| fields.get(name).map(|value| value.trim_matches('"')).ok_or("Authorization缺少字段");
        if field("mchid")? != self.keys.merchant {
            return Err("商户号不正确");
        }
        if !field("serial_no")?.eq_ignore_ascii_case(&self.keys.merchant_serial()) {
            return Err("商户证书序列号不正确");
        }
        let (timestamp, nonce) = (field("timestamp")?, field("nonce_str")?);
        let seconds: i64 = timestamp.parse().map_err(|_| "时间戳不正确")?;
        let apart = self.service.env().now().since(Timestamp(seconds.saturating_mul(SECOND_MS)));
        if apart.saturating_abs() > TOLERANCE_MS {
            return Err("时间戳与服务器时间相差超过5分钟");
        }
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        let message = format!("{method}\n{path}\n{timestamp}\n{nonce}\n{}\n", self.body);
        let signature = BASE64.decode(field("signature")?).unwrap_or_default();
        self.keys
            .merchant_signed(message.as_bytes(), &signature)
            .then_some(())
            .ok_or("签名错误，请检查签名参数和密钥")
    }

    /// The body, or the error about it.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        serde_json::from_str(&self.body).map_err(|_| refuse(400, "PARAM_ERROR", "参数错误，请检查请求参数"))
    }

    /// A signed answer.
    pub(super) fn answer(&self, status: u16, body: &str) -> Response {
        self.signed(status, body, false)
    }

    fn signed(&self, status: u16, body: &str, probe: bool) -> Response {
        let nonce = format!("{:032x}", u128::from_be_bytes(self.service.env().random()));
        let mut headers = headers(&self.keys, self.by_public_key, self.service.env().now(), &nonce, body);
        headers.push(("request-id", nonce));
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, body.to_owned()).into_response();
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            header::HeaderValue::from_static("application/json; charset=utf-8"),
        );
        for (name, value) in headers {
            let value = if probe && name == "wechatpay-signature" { self::probe(&value) } else { value };
            if let Ok(value) = value.parse() {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }

    pub(super) fn refuse(&self, refusal: &Refusal) -> Response {
        self.answer(refusal.status, &refusal.body())
    }

    pub(super) fn respond(&self, ran: Result<Value, Refusal>) -> Response {
        match ran {
            Ok(body) => self.answer(200, &body.to_string()),
            Err(refusal) => self.refuse(&refusal),
        }
    }

    /// The answer to what changed the books.
    pub(super) fn changed(&self, ran: Result<Answer, Failure>) -> Response {
        match ran {
            Ok(answer) if answer.status == 204 => self.signed(204, "", answer.probe),
            Ok(answer) => self.signed(answer.status, &answer.body, answer.probe),
            Err(failure) => failure.respond(|error| {
                let body = json!({ "code": error.code, "message": error.message });
                self.answer(error.status, &body.to_string())
            }),
        }
    }
}

/// The headers that carry a signature.
pub(super) fn headers(
    keys: &Keys,
    by_public_key: bool,
    now: Timestamp,
    nonce: &str,
    body: &str,
) -> Vec<(&'static str, String)> {
    let seconds = now.as_ms() / SECOND_MS;
    let signer = keys.signer();
    let signature = BASE64.encode(signer.sign(format!("{seconds}\n{nonce}\n{body}\n").as_bytes()));
    let serial = if by_public_key { PUBLIC_KEY_ID.to_owned() } else { signer.serial() };
    vec![
        ("wechatpay-timestamp", seconds.to_string()),
        ("wechatpay-nonce", nonce.to_owned()),
        ("wechatpay-serial", serial),
        ("wechatpay-signature", signature),
        ("wechatpay-signature-type", SCHEME.to_owned()),
    ]
}

/// A signature that is wrong on purpose.
pub(super) fn probe(signature: &str) -> String {
    format!("{PROBE}{signature}")
}

/// Something that only who has the APIv3 key can read; `None` if that key has not 32 bytes.
pub(super) fn seal(keys: &Keys, about: &str, nonce: &str, plain: &[u8]) -> Option<Value> {
    let bytes: [u8; 12] = nonce.as_bytes().try_into().ok()?;
    let sealed = seal_aes_256_gcm(keys.api_key.as_bytes(), bytes, about.as_bytes(), plain)?;
    Some(json!({
        "original_type": about,
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": BASE64.encode(sealed),
        "associated_data": about,
        "nonce": nonce,
    }))
}

/// `GET /v3/certificates`: what is signed with now and what was before.
pub(super) async fn certificates(asked: Asked) -> Response {
    let now = asked.service.env().now();
    let shown = asked.keys.signers.iter().filter_map(|signer| {
        let nonce = format!("{:012x}", u64::from_be_bytes(asked.service.env().random()) >> 16);
        let sealed = seal(&asked.keys, "certificate", &nonce, signer.certificate.as_bytes())?;
        Some(json!({
            "serial_no": signer.serial(),
            "effective_time": shapes::beijing_time(now.plus_ms(-basis::DAY_MS)),
            "expire_time": shapes::beijing_time(now.plus_ms(365 * basis::DAY_MS)),
            "encrypt_certificate": sealed,
        }))
    });
    let shown: Vec<Value> = shown.collect();
    asked.answer(200, &json!({ "data": shown }).to_string())
}
