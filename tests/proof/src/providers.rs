//! Every provider by its own protocol, at paysim: the settings that a shop takes payments with, and who pays what where.

use std::{fs, path::Path};

use anyhow::Result;
use paysim::{MERCHANT_CERTIFICATE, MERCHANT_KEY, PAYPAL_CERTIFICATE_AUTHORITY, PLATFORM, Signer};
use serde_json::json;

/// Our key, client secret and APIv3 key at paysim, which WeChat Pay wants to have 32 bytes.
pub(crate) const API_KEY: &str = "sk_test_of_thirty_two_bytes_long";
/// Our number there.
pub(crate) const MERCHANT: &str = "1900000109";

/// A way to pay, and who takes it in this currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way {
    /// As in the books of both sides.
    pub provider: &'static str,
    /// As the API has it.
    pub method: &'static str,
    /// ISO 4217.
    pub currency: &'static str,
}

/// One way to each provider. The sandbox takes what no other does, such as yuan by PayPal.
pub const WAYS: [Way; 5] = [
    Way { provider: "stripe", method: "card", currency: "USD" },
    Way { provider: "paypal", method: "paypal", currency: "USD" },
    Way { provider: "alipay", method: "alipay", currency: "CNY" },
    Way { provider: "wechat_pay", method: "wechat_pay", currency: "CNY" },
    Way { provider: "sandbox", method: "paypal", currency: "CNY" },
];

/// Writes the keys into `place`; the sections of the settings that name them.
pub(crate) fn settings(paysim: &str, place: &Path, secret: &str) -> Result<String> {
    let keep = |name: &str, text: &str| {
        let path = place.join(name);
        fs::write(&path, text).map(|()| path.display().to_string())
    };
    let merchant = keep("merchant.key", MERCHANT_KEY)?;
    let platform = keep("platform.crt", PLATFORM.certificate)?;
    let authority = keep("paypal-ca.crt", PAYPAL_CERTIFICATE_AUTHORITY)?;
    let serial = Signer { key: MERCHANT_KEY, certificate: MERCHANT_CERTIFICATE }.serial();
    Ok(format!(
        "[sandbox]\nurl = \"{paysim}\"\napi_key = \"{API_KEY}\"\nmerchant = \"{MERCHANT}\"\n\
         webhook_secrets = [\"{secret}\"]\n\
         [stripe]\nurl = \"{paysim}\"\nsecret_key = \"{API_KEY}\"\nwebhook_secrets = [\"{secret}\"]\n\
         [paypal]\napi_url = \"{paysim}\"\nclient_id = \"client_test\"\nclient_secret = \"{API_KEY}\"\n\
         merchant_id = \"{MERCHANT}\"\nwebhook_id = \"webhook_test\"\nwebhook_ca_file = \"{authority}\"\n\
         [alipay]\ngateway = \"{paysim}/gateway.do\"\napp_id = \"client_test\"\nprivate_key_file = \"{merchant}\"\n\
         public_key_files = [\"{platform}\"]\n\
         [wechat_pay]\nurl = \"{paysim}\"\nmchid = \"{MERCHANT}\"\nappid = \"client_test\"\n\
         certificate_serial = \"{serial}\"\nprivate_key_file = \"{merchant}\"\napi_v3_key = \"{API_KEY}\"\n"
    ))
}

/// Stripe and PayPal send their messages where their dashboards say; the others where each payment says.
pub(crate) async fn set_webhooks(paysim: &str, web: u16) -> Result<()> {
    for face in ["stripe", "paypal"] {
        let url = format!("http://127.0.0.1:{web}/hooks/{face}");
        let request = reqwest::Client::new().put(format!("{paysim}/sim/webhook"));
        request.json(&json!({ "face": face, "url": url })).send().await?.error_for_status()?;
    }
    Ok(())
}
