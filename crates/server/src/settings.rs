//! What the operator has set: the commented defaults, then the file, then the environment.

mod providers;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use basis::Language;
use figment::{
    Figment,
    providers::{Env, Format, Toml},
};
use serde::Deserialize;

pub use providers::{Alipay, Antom, PayPal, Sandbox, Stripe, WechatPay};

/// The manual, and the one place of every default.
pub const DEFAULTS: &str = include_str!("../config.default.toml");

/// `HEYON_*` variables that are no settings and yet ours.
const NOT_SETTINGS: [&str; 2] = ["config", "test_postgres"];

/// Everything that can be set; `config.default.toml` says what each means.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml documents every setting, once")]
pub struct Settings {
    pub public_url: String,
    pub hooks_url: String,
    pub listen: SocketAddr,
    pub metrics_listen: String,
    pub data: PathBuf,
    pub database: String,
    pub trusted_proxies: Vec<String>,
    pub brand: String,
    pub language: String,
    pub currency: String,
    pub time_zone: String,
    pub sandbox_instance: bool,
    pub limits_times: u32,
    pub tax: Vec<TaxRow>,
    pub seller: Seller,
    pub tls: Tls,
    pub gy: Gy,
    pub mail: Mail,
    pub push: Push,
    pub node: Node,
    pub deadlines: Deadlines,
    pub keep: Keep,
    pub sandbox: Sandbox,
    pub stripe: Stripe,
    pub paypal: PayPal,
    pub wechat_pay: WechatPay,
    pub alipay: Alipay,
    pub antom: Antom,
    pub apps: Apps,
    pub log: Log,
}

/// One of `tax`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml documents every setting, once")]
pub struct TaxRow {
    pub country: String,
    #[serde(default)]
    pub region: String,
    pub basis_points: u32,
    pub valid_from: String,
    pub names: BTreeMap<Language, String>,
}

/// Section `seller`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml documents every setting, once")]
pub struct Seller {
    pub code: String,
    pub name: String,
    pub address: String,
    pub tax_id: String,
    pub country: String,
    pub region: String,
}

/// Section `tls`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml documents every setting, once")]
pub struct Tls {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// Section `gy`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml documents every setting, once")]
pub struct Gy {
    pub listen: String,
    pub tls_listen: String,
    pub certificate: PathBuf,
    pub key: PathBuf,
    pub client_ca: PathBuf,
    pub origin_host: String,
    pub origin_realm: String,
    pub peers: Vec<GyPeer>,
}

/// One of `gy.peers`; what is absent is as its profile has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml documents every setting, once")]
pub struct GyPeer {
    pub origin_host: String,
    pub addresses: Vec<String>,
    pub profile: String,
    pub rar_effective: Option<bool>,
    pub supports_redirect: Option<bool>,
    pub slow_filter: Option<String>,
    pub strict_avps: Option<bool>,
    pub default_rating_group: Option<u32>,
    pub max_outstanding: Option<usize>,
}

/// Section `mail`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml documents every setting, once")]
pub struct Mail {
    pub from: String,
    pub smtp: String,
    pub folder: PathBuf,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mail").field("from", &self.from).field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// Section `push`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml documents every setting, once")]
pub struct Push {
    pub services: Vec<String>,
    pub contact: String,
}

/// Section `node`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml documents every setting, once")]
pub struct Node {
    pub name: String,
    pub listen: SocketAddr,
    pub address: String,
    pub secret: String,
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node").field("name", &self.name).field("listen", &self.listen).finish_non_exhaustive()
    }
}

/// Section `deadlines`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml documents every setting, once")]
pub struct Deadlines {
    pub payment_seconds: u32,
    pub delivery_seconds: u32,
    pub shutdown_seconds: u32,
}

/// Section `keep`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml documents every setting, once")]
pub struct Keep {
    pub messages_days: u32,
}

/// Section `apps`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml documents every setting, once")]
pub struct Apps {
    pub android: Vec<AndroidApp>,
    pub apple: Vec<String>,
}

/// One of `apps.android`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml documents every setting, once")]
pub struct AndroidApp {
    pub package: String,
    pub fingerprints: Vec<String>,
}

/// Section `log`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config.default.toml documents every setting, once")]
pub struct Log {
    pub level: String,
    pub format: String,
}

impl Settings {
    /// Reads the defaults, then `file` if one is named, then `HEYON_*`.
    ///
    /// # Errors
    /// Names the setting that is unknown or has the wrong shape, and where it came from.
    pub fn read(file: Option<&Path>) -> Result<Self> {
        let mut figment = Figment::from(Toml::string(DEFAULTS));
        if let Some(path) = file {
            if !path.is_file() {
                bail!("there is no settings file {}", path.display());
            }
            figment = figment.merge(Toml::file_exact(path));
        }
        let environment = Env::prefixed("HEYON_").filter(|key| is_setting(key.as_str())).split("__");
        figment.merge(environment).extract().context("the settings cannot be read")
    }

    /// `HEYON_*` variables that name no setting: a slip of the pen, or an orchestrator's own (a Kubernetes service
    /// called heyon sets `HEYON_PORT`), so they are told and not refused.
    pub fn strangers() -> Vec<String> {
        let environment = Env::prefixed("HEYON_");
        let names = environment.iter().map(|(name, _)| name.to_string());
        let strange = |name: &String| !is_setting(name) && !NOT_SETTINGS.contains(&name.as_str());
        names.filter(strange).map(|name| format!("HEYON_{}", name.to_uppercase())).collect()
    }

    /// The file of the shop's database, or the address of the server it is on.
    pub fn database_url(&self) -> String {
        if self.database.is_empty() { sqlite(&self.data.join("heyon.db")) } else { self.database.clone() }
    }

    /// Where the charging log is kept: a file of its own beside SQLite, else in the shop's database.
    pub fn charging_url(&self) -> Option<String> {
        self.database.is_empty().then(|| sqlite(&self.data.join("charging.db")))
    }

    /// Where mails are written if no SMTP server is set.
    pub fn mail_folder(&self) -> PathBuf {
        if self.mail.folder.as_os_str().is_empty() {
            self.data.join("mail")
        } else {
            self.mail.folder.clone()
        }
    }
}

/// Whether the defaults have a setting or section of this name.
fn is_setting(key: &str) -> bool {
    let name = key.split("__").next().unwrap_or(key).to_lowercase();
    let (plain, section) = (format!("{name} = "), format!("[{name}]"));
    DEFAULTS.lines().any(|line| line.starts_with(&plain) || line == section)
}

fn sqlite(path: &Path) -> String {
    format!("sqlite://{}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manual_is_the_defaults() {
        let settings: Settings = Figment::from(Toml::string(DEFAULTS)).extract().unwrap();
        assert_eq!(settings.listen.port(), 8080);
        assert_eq!(settings.database_url(), "sqlite://data/heyon.db");
        assert_eq!(settings.charging_url().as_deref(), Some("sqlite://data/charging.db"));
        assert_eq!(settings.deadlines.delivery_seconds, 600, "ten minutes");
    }

    #[test]
    fn every_setting_is_explained_above_it() {
        let mut explained = false;
        for line in DEFAULTS.lines() {
            match line.split_once(" = ") {
                _ if line.starts_with('#') => explained = true,
                Some((setting, _)) => assert!(explained, "{setting} has no comment above it"),
                None => explained = false,
            }
        }
    }

    #[test]
    fn a_setting_that_does_not_exist_is_refused_by_name() {
        let figment = Figment::from(Toml::string(DEFAULTS)).merge(Toml::string("[mail]\nsnmp = \"x\""));
        let said = figment.extract::<Settings>().unwrap_err().to_string();
        assert!(said.contains("snmp"), "{said}");
    }

    #[test]
    fn the_environment_names_settings_and_sections() {
        assert!(
            is_setting("public_url") && is_setting("mail__smtp") && is_setting("DEADLINES__DELIVERY_SECONDS")
        );
        assert!(!is_setting("port") && !is_setting("service_host") && !is_setting("test_postgres"));
    }

    #[test]
    fn a_secret_is_not_shown_when_settings_are_logged() {
        let secret = "[sandbox]\napi_key = \"hush\"\nwebhook_secrets = [\"hush\"]\n[mail]\nsmtp = \"smtp://u:hush@h\"\n\
             [node]\nsecret = \"hush\"\n[stripe]\nsecret_key = \"hush\"\n[paypal]\nclient_secret = \"hush\"\n[wechat_pay]\napi_v3_key = \"hush\"\nprivate_key = \"hush\"\n\
             [alipay]\nprivate_key = \"hush\"\n[antom]\nprivate_key = \"hush\"";
        let settings: Settings =
            Figment::from(Toml::string(DEFAULTS)).merge(Toml::string(secret)).extract().unwrap();
        assert!(!format!("{settings:?}").contains("hush"));
    }
}
