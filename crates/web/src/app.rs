//! What every handler can reach.

use std::{ops::Deref, sync::Arc};

use basis::{Currency, Env, Language, Network, SecretKey};
use charging::Charging;
use orders::Desk;
use store::Db;
use url::Url;

use crate::live::Hub;

/// The running shop, as handlers see it; cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// What an [`App`] is made of.
pub struct Parts {
    /// The shop's database.
    pub db: Db,
    /// Time and randomness.
    pub env: Env,
    /// The installation's key.
    pub secret: SecretKey,
    /// Passwords and limits.
    pub guards: accounts::Guards,
    /// The charging engine.
    pub charging: Charging,
    /// Orders, with the providers and carriers behind them.
    pub desk: Desk,
    /// Notifications.
    pub push: push::Desk,
    /// What the operator has set.
    pub config: Config,
    /// Who is watching which page.
    pub live: Hub,
}

impl App {
    /// The shop of these parts.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// Plans that renew by themselves.
    pub fn renewals(&self) -> renewals::Desk {
        let orders_url = self.config.absolute("/orders");
        renewals::Desk { orders: self.desk.clone(), brand: self.config.brand.clone(), orders_url }
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// What the operator has set about the web face.
#[derive(Debug, Clone)]
pub struct Config {
    /// The address that people see, e.g. `https://shop.example`; never guessed from a header.
    pub public_url: Url,
    /// The shop's name.
    pub brand: String,
    /// For readers who ask for none of ours.
    pub language: Language,
    /// For readers who have not chosen.
    pub currency: Currency,
    /// For readers whose browser has not told theirs, e.g. `Asia/Shanghai`.
    pub time_zone: String,
    /// Who may tell a client's address in `X-Forwarded-For`.
    pub trusted_proxies: Vec<Network>,
    /// Where a payment form may lead, e.g. `https://checkout.stripe.com`: origins of the providers' pay pages.
    pub pay_origins: Vec<String>,
    /// Test payments: every page says so.
    pub sandbox: bool,
    /// The Android apps that open this shop's links (`/.well-known/assetlinks.json`).
    pub android_apps: Vec<AndroidApp>,
    /// The iOS apps that open this shop's links, e.g. `ABCDE12345.com.example.app`.
    pub apple_apps: Vec<String>,
}

/// An Android app that opens this shop's links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AndroidApp {
    /// E.g. `com.example.app`.
    pub package: String,
    /// SHA-256 of its signing certificates, e.g. `14:6D:E9:…`.
    pub fingerprints: Vec<String>,
}

impl Config {
    /// Plain settings for a shop at this address.
    pub fn at(public_url: Url) -> Self {
        Self {
            public_url,
            brand: "Heyon".into(),
            language: Language::En,
            currency: Currency::USD,
            time_zone: "UTC".into(),
            trusted_proxies: Vec::new(),
            pay_origins: Vec::new(),
            sandbox: false,
            android_apps: Vec::new(),
            apple_apps: Vec::new(),
        }
    }

    /// True if people come by TLS: cookies are `Secure` and browsers are told to stay on it.
    pub fn tls(&self) -> bool {
        self.public_url.scheme() == "https"
    }

    /// The origin of the public address, e.g. `https://shop.example`.
    pub fn origin(&self) -> String {
        self.public_url.origin().ascii_serialization()
    }

    /// The whole address of a path, for mails and providers: `absolute("/orders/ord_…")`.
    pub fn absolute(&self, path: &str) -> String {
        format!("{}{path}", self.public_url.as_str().trim_end_matches('/'))
    }
}
