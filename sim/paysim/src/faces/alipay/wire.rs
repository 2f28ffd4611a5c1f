//! Requests, answers and forms as they stand on the wire, and their signatures.

use std::collections::BTreeMap;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use basis::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::keys::Keys;
use crate::wire::ApiError;

const CHINA: Offset = Offset::constant(8);
const TIME: &str = "%Y-%m-%d %H:%M:%S";

/// A moment in China's time.
pub(super) fn time(at: Timestamp) -> String {
    local(at).strftime(TIME).to_string()
}

/// A day in China's time, `20261123`.
pub(super) fn day(at: Timestamp) -> String {
    local(at).strftime("%Y%m%d").to_string()
}

fn local(at: Timestamp) -> DateTime {
    CHINA.to_datetime(jiff::Timestamp::from_millisecond(at.as_ms()).unwrap_or_default())
}

/// The moment that a text means: `2026-11-23 22:41:09`.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let zoned = DateTime::strptime(TIME, text).ok()?.to_zoned(TimeZone::fixed(CHINA)).ok()?;
    Some(Timestamp(zoned.timestamp().as_millisecond()))
}

/// A request's parameters.
pub(super) struct Request {
    params: BTreeMap<String, String>,
}

impl Request {
    pub(super) fn read(query: &[u8], form: &[u8]) -> Self {
        let params = form_urlencoded::parse(query).chain(form_urlencoded::parse(form));
        Self { params: params.map(|(name, value)| (name.into_owned(), value.into_owned())).collect() }
    }

    pub(super) fn get(&self, name: &str) -> &str {
        self.params.get(name).map_or("", String::as_str)
    }

    pub(super) fn method(&self) -> &str {
        self.get("method")
    }

    /// What is asked for.
    pub(super) fn content(&self) -> Result<Value, ApiError> {
        serde_json::from_str(self.get("biz_content"))
            .map_err(|_| refused("40002", "isv.invalid-format", "参数格式有误"))
    }

    /// Whether anybody here could sign an answer.
    pub(super) fn check_known(&self, keys: &Keys) -> Result<(), Trouble> {
        if self.get("app_id") != keys.client {
            return Err(Trouble::new("40002", "isv.invalid-app-id", "无效的AppID参数"));
        }
        let named = self.method().starts_with("alipay.") && !self.method().contains(['/', '"']);
        named.then_some(()).ok_or_else(|| Trouble::new("40001", "isv.missing-method", "缺少方法名参数"))
    }

    /// Common parameters, then the signature: over all of them but `sign`, by name, empty ones left out.
    pub(super) fn check(&self, keys: &Keys) -> Result<(), Trouble> {
        let bad = |code: &str, message: &str| Err(Trouble::new("40002", code, message));
        if self.get("sign_type") != "RSA2" {
            return bad("isv.invalid-signature-type", "无效的签名类型");
        }
        if !self.get("charset").eq_ignore_ascii_case("utf-8") {
            return bad("isv.invalid-charset", "字符集错误");
        }
        if self.get("version") != "1.0" {
            return bad("isv.invalid-version", "非法的接口版本号");
        }
        if moment(self.get("timestamp")).is_none() {
            return bad("isv.invalid-timestamp", "非法的时间戳参数");
        }
        let signed = self.params.iter().filter(|(name, value)| *name != "sign" && !value.is_empty());
        let content = joined(signed.map(|(name, value)| (name.as_str(), value.as_str())));
        let signature = BASE64.decode(self.get("sign")).unwrap_or_default();
        if !keys.merchant_signed(content.as_bytes(), &signature) {
            return bad("isv.invalid-signature", &format!("验签出错，网关生成的验签字符串为：{content}"));
        }
        Ok(())
    }
}

fn joined<'a>(params: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    params.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// A business failure in Alipay's words.
pub(super) fn refused(kind: &'static str, code: &'static str, message: &str) -> ApiError {
    ApiError { status: 200, kind, code, message: message.to_owned() }
}

/// What went wrong with a request.
pub(super) struct Trouble {
    code: String,
    pub(super) sub_code: String,
    sub_msg: String,
}

impl Trouble {
    fn new(code: &str, sub_code: &str, sub_msg: &str) -> Self {
        Self { code: code.to_owned(), sub_code: sub_code.to_owned(), sub_msg: sub_msg.to_owned() }
    }

    /// The books' own refusals in Alipay's words.
    pub(super) fn of(error: &ApiError) -> Self {
        let business = |sub_code: &str, sub_msg: &str| Self::new("40004", sub_code, sub_msg);
        match error.code {
            "not_found" => business("ACQ.TRADE_NOT_EXIST", "交易不存在"),
            "not_captured" | "payment_captured" => business("ACQ.TRADE_STATUS_ERROR", "交易状态不合法"),
            "amount_too_large" => business("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额超限"),
            "refund_refused" => business("ACQ.SELLER_BALANCE_NOT_ENOUGH", "卖家余额不足"),
            code if error.kind.starts_with('4') => Self::new(error.kind, code, &error.message),
            _ => Self::new("20000", "isp.unknow-error", "系统繁忙"),
        }
    }

    pub(super) fn node(&self) -> Value {
        let msg = match self.code.as_str() {
            "40001" => "Missing Required Arguments",
            "40002" => "Invalid Arguments",
            "40004" => "Business Failed",
            "40005" => "Call Limited",
            _ => "Service Currently Unavailable",
        };
        json!({ "code": self.code, "msg": msg, "sub_code": self.sub_code, "sub_msg": self.sub_msg })
    }

    /// To someone whose answers nobody could verify.
    pub(super) fn unsigned(&self) -> Response {
        text(format!("{{\"error_response\":{}}}", escaped(&self.node())))
    }
}

/// An answer, signed over exactly the text of its inner object.
pub(super) fn respond(keys: &Keys, request: &Request, node: &Value) -> Response {
    let name = request.method().replace('.', "_");
    let node = escaped(node);
    let signature = BASE64.encode(keys.signer().sign(node.as_bytes()));
    text(format!("{{\"{name}_response\":{node},\"sign\":\"{signature}\"}}"))
}

/// Alipay writes `\/` in its JSON.
fn escaped(node: &Value) -> String {
    node.to_string().replace('/', "\\/")
}

fn text(body: String) -> Response {
    ([(header::CONTENT_TYPE, "text/html;charset=utf-8")], body).into_response()
}

/// These fields as a form, signed over all but `sign` and `sign_type`, by name.
pub(super) fn signed_form(keys: &Keys, fields: BTreeMap<&'static str, String>) -> String {
    let content = joined(fields.iter().map(|(name, value)| (*name, value.as_str())));
    let signature = BASE64.encode(keys.signer().sign(content.as_bytes()));
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .extend_pairs([("sign_type", "RSA2"), ("sign", &signature)])
        .finish()
}
