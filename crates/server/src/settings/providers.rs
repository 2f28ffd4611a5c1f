//! The sections of those who take payments; what is secret in them is never shown.
#![expect(missing_docs, reason = "config.default.toml documents every setting, once")]

use std::{fmt, path::PathBuf};

use serde::Deserialize;

/// Section `sandbox`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sandbox {
    pub url: String,
    pub api_key: String,
    pub merchant: String,
    pub webhook_secrets: Vec<String>,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Section `stripe`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stripe {
    pub secret_key: String,
    pub secret_key_file: PathBuf,
    pub webhook_secrets: Vec<String>,
    pub webhook_secrets_file: PathBuf,
    pub account: String,
    pub url: String,
}

impl fmt::Debug for Stripe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stripe").field("account", &self.account).finish_non_exhaustive()
    }
}

/// Section `paypal`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayPal {
    pub client_id: String,
    pub client_secret: String,
    pub client_secret_file: PathBuf,
    pub merchant_id: String,
    pub webhook_id: String,
    pub api_url: String,
    pub webhook_ca_file: PathBuf,
}

impl fmt::Debug for PayPal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PayPal").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// Section `wechat_pay`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WechatPay {
    pub mchid: String,
    pub appid: String,
    pub certificate_serial: String,
    pub private_key: String,
    pub private_key_file: PathBuf,
    pub api_v3_key: String,
    pub api_v3_key_file: PathBuf,
    pub public_key_id: String,
    pub public_key_file: PathBuf,
    pub url: String,
}

impl fmt::Debug for WechatPay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WechatPay")
            .field("mchid", &self.mchid)
            .field("appid", &self.appid)
            .finish_non_exhaustive()
    }
}

/// Section `alipay`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alipay {
    pub app_id: String,
    pub private_key_file: PathBuf,
    pub private_key: String,
    pub public_key_files: Vec<PathBuf>,
    pub public_keys: Vec<String>,
    pub gateway: String,
}

impl fmt::Debug for Alipay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alipay").field("app_id", &self.app_id).finish_non_exhaustive()
    }
}

/// Section `antom`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Antom {
    pub client_id: String,
    pub private_key_file: PathBuf,
    pub private_key: String,
    pub key_version: u32,
    pub public_key_files: Vec<PathBuf>,
    pub public_keys: Vec<String>,
    pub currencies: Vec<String>,
    pub settlement_currency: String,
    pub url: String,
}

impl fmt::Debug for Antom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Antom").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}
