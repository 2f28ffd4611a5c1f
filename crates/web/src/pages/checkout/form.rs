//! What the checkout's form carries: what was seen, and what was chosen.

use basis::{Currency, Money, Order, Problem};
use catalog::Plan;
use orders::{Intent, PayWith, PayerView, PlaceInput, Quote};
use payments::Method;
use renewals::{Rest, Ticked, When};
use serde::Deserialize;
use texts::Texts;

use super::Wish;
use crate::{App, Reader};

/// The form.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct CheckoutForm {
    pub(super) key: String,
    pub(super) plan: String,
    pub(super) line: String,
    #[serde(default)]
    pub(super) change: String,
    #[serde(default)]
    pub(super) old: String,
    pub(super) currency: String,
    /// The price that was shown, in minor units.
    pub(super) price: i64,
    /// What the wallet was offered to pay, in minor units.
    #[serde(default)]
    pub(super) part: i64,
    /// Present if the wallet is used.
    pub(super) wallet: Option<String>,
    #[serde(default)]
    pub(super) method: String,
    /// Present if the plan is to renew by itself.
    pub(super) renew: Option<String>,
}

pub(super) fn new_key(app: &App) -> String {
    app.env.new_id::<Order>().to_string()
}

impl CheckoutForm {
    /// Nothing chosen yet.
    pub(super) fn fresh(key: String) -> Self {
        Self { key, ..Self::default() }
    }

    /// The same choices, about this quote.
    pub(super) fn about(self, quote: &Quote, wish: &Wish) -> Self {
        Self {
            plan: quote.plan.id.to_string(),
            line: quote.line.id.to_string(),
            change: wish.change.clone().unwrap_or_default(),
            old: wish.old.clone().unwrap_or_default(),
            currency: quote.price.currency.to_string(),
            price: quote.price.minor,
            part: quote.wallet.minor.clamp(0, quote.price.minor),
            ..self
        }
    }

    pub(super) fn wish(&self) -> Wish {
        Wish {
            plan: self.plan.clone(),
            line: Some(self.line.clone()),
            change: Some(self.change.clone()),
            old: Some(self.old.clone()),
        }
    }

    /// What was agreed to about the time after this plan.
    pub(super) fn ticked(&self, input: &PlaceInput, plan: &Plan) -> Option<Ticked> {
        self.renew.as_ref()?;
        let rest = if input.pay_with.is_some() { Rest::Saved(None) } else { Rest::Nothing };
        Some(Ticked { when: When::usual(&plan.terms), wallet_first: true, rest })
    }

    /// What was agreed to.
    pub(super) fn read(&self, app: &App, intent: Intent) -> Result<PlaceInput, Problem> {
        let currency: Currency = self.currency.parse()?;
        let wallet = if self.wallet.is_some() { self.part } else { 0 };
        let rest = self.price != wallet;
        let keep = self.renew.is_some();
        let pay_with = if rest { Some(pay_with(app, currency, &self.method, keep)?) } else { None };
        Ok(PlaceInput {
            line: self.line.parse().map_err(|_| Problem::not_found())?,
            plan: self.plan.parse().map_err(|_| Problem::not_found())?,
            price: Money::new(self.price, currency),
            wallet: Money::new(wallet, currency),
            pay_with,
            intent,
        })
    }
}

/// Another payment for an order that waits.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PayForm {
    pub(crate) key: String,
    #[serde(default)]
    pub(crate) method: String,
}

impl PayForm {
    /// The chosen way; kept for renewals if it can be.
    pub(crate) fn read(&self, app: &App, currency: Currency, keep: bool) -> Result<PayWith, Problem> {
        pay_with(app, currency, &self.method, keep)
    }
}

/// Who offers this method in this currency; to `keep` it, if it can be charged again without its owner.
pub(crate) fn pay_with(app: &App, currency: Currency, method: &str, keep: bool) -> Result<PayWith, Problem> {
    let ways = app.desk.providers.ways(currency);
    let way = ways.into_iter().find(|(offered, _)| offered.word() == method);
    let (method, provider) = way.ok_or_else(|| Problem::invalid("order-method-needed").at("method"))?;
    let recurring = app.desk.providers.get(provider).map(|found| &found.capabilities().recurring);
    let keep = keep && recurring.is_some_and(|methods| methods.contains(&method));
    Ok(PayWith { provider: provider.to_owned(), method, keep })
}

/// What the payer reads at the provider, and where the browser comes back to.
pub(crate) fn payer_view(app: &App, reader: &Reader, title: &str) -> PayerView {
    PayerView {
        description: format!("{} · {title}", app.config.brand),
        language: reader.texts.language(),
        orders_url: app.config.absolute("/orders"),
    }
}

/// A method's name.
pub(crate) fn method_name(method: Method, texts: Texts) -> String {
    texts.t(match method {
        Method::Card => texts::key("payments-method-card"),
        Method::PayPal => texts::key("payments-method-paypal"),
        Method::Alipay => texts::key("payments-method-alipay"),
        Method::WeChatPay => texts::key("payments-method-wechat-pay"),
    })
}
