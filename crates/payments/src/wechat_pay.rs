//! WeChat Pay, APIv3, for a merchant of its own in mainland China: a code to be scanned on a computer (Native), WeChat's
//! page on a phone (H5). CNY only; nothing can be charged without the payer. <https://pay.weixin.qq.com/doc/v3/merchant>
//!
//! Our payment's id is the `out_trade_no`: 30 characters of what WeChat allows, and each payment has its own.

mod bill;
mod channel;
mod keys;
mod wire;

use basis::{Currency, Env, Id, MINUTE_MS, Payment, Problem, Timestamp};
use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use jiff::civil::Date;
use serde_json::{Value, json};
use url::Url;

use crate::amounts;
use crate::facts::{BillPage, Facts, RefundFact};
use crate::hook::{self, Hook, HookRejected};
use crate::inbox::Received;
use crate::provider::{Capabilities, Provider, ProviderError};
use crate::requests::{BeginRequest, Begun, ChargeRequest, Device, PaymentRef, RefundRequest};
use crate::rules::Method;
use channel::Channel;
use wire::{WireOpened, WireRefund, WireTransaction};

/// Where real money moves; the second is the first one's stand-in.
const LIVE_HOSTS: [&str; 2] = ["api.mch.weixin.qq.com", "api2.mch.weixin.qq.com"];
/// Where a phone is sent by the live service.
const LIVE_PAGES: &str = "https://wx.tenpay.com";
/// Money goes back for a year.
const REFUND_DAYS: u32 = 365;
/// WeChat refuses to open what ends sooner.
const OPEN_AT_LEAST_MS: i64 = 2 * MINUTE_MS;
/// How much of a description it takes, in characters.
const DESCRIPTION_MAX: usize = 127;

/// How to reach WeChat Pay, and who we are there.
#[derive(Clone)]
pub struct WechatPayConfig {
    /// Where it answers; every other host than the two live ones is a test.
    pub base_url: Url,
    /// Our merchant number.
    pub mchid: String,
    /// The application that the merchant number is bound to.
    pub appid: String,
    /// The serial number of our certificate, in hexadecimal.
    pub certificate_serial: String,
    /// Its private key, PEM.
    pub private_key: String,
    /// The APIv3 key, 32 bytes: opens messages and certificates.
    pub api_v3_key: String,
    /// The name of WeChat Pay's public key, `PUB_KEY_ID_…`, and the key in PEM, if the merchant has been given one. Without
    /// it, and for what is signed otherwise, their certificates are downloaded.
    pub public_key: Option<(String, String)>,
}

impl std::fmt::Debug for WechatPayConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WechatPayConfig")
            .field("base_url", &self.base_url.as_str())
            .field("mchid", &self.mchid)
            .field("appid", &self.appid)
            .finish_non_exhaustive()
    }
}

/// WeChat Pay.
pub struct WechatPay {
    mchid: String,
    appid: String,
    channel: Channel,
    capabilities: Capabilities,
    env: Env,
}

impl WechatPay {
    /// WeChat Pay of this configuration; `env` gives the time and the randomness of signatures.
    ///
    /// # Errors
    /// Internal if a key cannot be read.
    pub fn new(config: WechatPayConfig, env: Env) -> Result<Self, Problem> {
        let live = config.base_url.host_str().is_some_and(|host| LIVE_HOSTS.contains(&host));
        let pages = config.base_url.origin().ascii_serialization();
        let capabilities = Capabilities {
            methods: vec![Method::WeChatPay],
            currencies: vec![Currency::CNY],
            refund_window: Some(REFUND_DAYS),
            refund_gap_ms: MINUTE_MS,
            pay_origins: vec![if live { LIVE_PAGES.to_owned() } else { pages }],
            listless: true,
            bill_offset_ms: bill::OFFSET_MS,
            live,
            ..Capabilities::default()
        };
        let (mchid, appid) = (config.mchid.clone(), config.appid.clone());
        Ok(Self { mchid, appid, channel: Channel::new(config, env.clone())?, capabilities, env })
    }

    fn order(&self, request: &BeginRequest) -> Result<Value, ProviderError> {
        let scene = match request.device {
            Device::Desktop => json!({ "payer_client_ip": request.payer_ip }),
            Device::Phone(_) => json!({ "payer_client_ip": request.payer_ip, "h5_info": { "type": "Wap" } }),
        };
        let ends = request.expires_at.max(self.env.now().plus_ms(OPEN_AT_LEAST_MS));
        Ok(json!({
            "appid": self.appid,
            "mchid": self.mchid,
            "description": request.description.chars().take(DESCRIPTION_MAX).collect::<String>(),
            "out_trade_no": request.payment.to_string(),
            "time_expire": wire::beijing_time(ends),
            "notify_url": request.notify_url,
            "amount": { "total": amounts::PLAIN.integer(request.amount)?, "currency": request.amount.currency },
            "scene_info": scene,
        }))
    }

    async fn open(&self, kind: &str, request: &BeginRequest) -> Result<WireOpened, ProviderError> {
        self.channel.post(&format!("/v3/pay/transactions/{kind}"), &self.order(request)?).await
    }

    async fn ask(&self, payment: Id<Payment>) -> Result<Facts, ProviderError> {
        let path = format!("/v3/pay/transactions/out-trade-no/{payment}?mchid={}", self.mchid);
        let transaction: WireTransaction = self.channel.get(&path).await?;
        transaction.facts(&self.mchid, &self.appid)
    }

    async fn ask_refund(&self, number: &str) -> Result<WireRefund, ProviderError> {
        self.channel.get(&format!("/v3/refund/domestic/refunds/{number}")).await
    }

    /// The number under which a refund stands, or is to be sent, and the refund if there is one. A try of ours that follows
    /// another asks under the earlier numbers first: WeChat wants another number only after a refund that it closed.
    /// <https://pay.weixin.qq.com/doc/v3/merchant/4013071031>
    async fn standing(&self, reference: &str) -> Result<(String, Option<WireRefund>), ProviderError> {
        let numbers = wire::refund_numbers(reference);
        let mut standing = (reference.to_owned(), None);
        for number in numbers {
            standing = match self.ask_refund(&number).await {
                Err(ProviderError::NotFound) => return Ok((number, None)),
                refund => (number, Some(refund?)),
            };
            if !standing.1.as_ref().is_some_and(WireRefund::is_closed) {
                break;
            }
        }
        Ok(standing)
    }

    async fn send_refund(&self, request: &RefundRequest, number: &str) -> Result<WireRefund, ProviderError> {
        let body = json!({
            "transaction_id": request.capture_ref,
            "out_refund_no": number,
            "notify_url": request.notify_url,
            "amount": {
                "refund": amounts::PLAIN.integer(request.amount)?,
                "total": amounts::PLAIN.integer(request.of)?,
                "currency": request.amount.currency,
            },
        });
        self.channel.post("/v3/refund/domestic/refunds", &body).await
    }
}

#[async_trait::async_trait]
impl Provider for WechatPay {
    fn name(&self) -> &'static str {
        "wechat_pay"
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn begin(&self, request: &BeginRequest) -> Result<Begun, ProviderError> {
        let pay_at = match request.device {
            Device::Desktop => self.open("native", request).await?.code()?,
            Device::Phone(_) => self.open("h5", request).await?.page(&request.return_url)?,
        };
        Ok(Begun { provider_ref: None, pay_at })
    }

    async fn charge(&self, _request: &ChargeRequest) -> Result<Facts, ProviderError> {
        Err(ProviderError::refused("no-charge", "WeChat Pay charges nobody without them"))
    }

    async fn query(&self, payment: &PaymentRef) -> Result<Facts, ProviderError> {
        self.ask(payment.payment).await
    }

    async fn cancel(&self, payment: &PaymentRef) -> Result<Facts, ProviderError> {
        let path = format!("/v3/pay/transactions/out-trade-no/{}/close", payment.payment);
        match self.channel.post_silent(&path, &json!({ "mchid": self.mchid })).await {
            Err(ProviderError::NotFound) => Err(ProviderError::NotFound),
            // If not closed by us, it is paid, or closed already: the answer to our question says which.
            _ => self.ask(payment.payment).await,
        }
    }

    async fn refund(&self, request: &RefundRequest) -> Result<RefundFact, ProviderError> {
        let (number, known) = self.standing(&request.reference).await?;
        let refund = match known {
            Some(refund) => refund,
            None => self.send_refund(request, &number).await?,
        };
        refund.fact(&request.reference)
    }

    async fn query_refund(&self, request: &RefundRequest) -> Result<RefundFact, ProviderError> {
        let (_, refund) = self.standing(&request.reference).await?;
        refund.ok_or(ProviderError::NotFound)?.fact(&request.reference)
    }

    async fn list(&self, _from: Timestamp, _until: Timestamp) -> Result<Vec<Facts>, ProviderError> {
        Err(ProviderError::refused("no-list", "WeChat Pay lists no payments"))
    }

    async fn bill(&self, day: Date, part: Option<&str>) -> Result<BillPage, ProviderError> {
        bill::fetch(&self.channel, self.env.now(), day, part).await
    }

    async fn parse_hook(
        &self,
        now: Timestamp,
        headers: &HeaderMap,
        raw: &[u8],
    ) -> Result<Hook, HookRejected> {
        self.channel.check(now, headers, raw).await?;
        wire::read_message(self.channel.api_v3_key(), raw).ok_or(HookRejected::Unreadable)
    }

    fn hook_answer(&self, outcome: &Result<Received, HookRejected>) -> Response<Bytes> {
        let Err(rejected) = outcome else { return hook::answer(StatusCode::NO_CONTENT, "text/plain", "") };
        let said = json!({ "code": "FAIL", "message": rejected.word() });
        let mut answer = hook::answer(rejected.status(), "application/json", "");
        *answer.body_mut() = Bytes::from(said.to_string());
        answer
    }
}
