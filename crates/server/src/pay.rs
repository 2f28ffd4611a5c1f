//! Which payment providers this installation has.

#[cfg(test)]
mod tests;

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use basis::{Currency, Env};
use payments::{
    Alipay, AlipayConfig, Antom, AntomConfig, PayPal, PayPalConfig, Provider, Providers, Sandbox,
    SandboxConfig, Stripe, StripeConfig, WechatPay, WechatPayConfig,
};
use url::{Host, Url};

use crate::settings::Settings;

/// The providers that are set.
///
/// # Errors
/// If a setting cannot be read, or if test payments could be taken for real ones: a provider in test mode beside a live
/// one, or beyond this machine without `sandbox_instance`.
pub fn providers(settings: &Settings) -> Result<Providers> {
    // The first that offers a way to pay in a currency gets its payments: Antom the method `alipay` where Alipay itself does
    // not take the currency, the sandbox only what no other does.
    let all = [
        stripe(settings)?,
        paypal(settings)?,
        alipay(settings)?,
        antom(settings)?,
        wechat_pay(settings)?,
        sandbox(settings)?,
    ];
    let all: Vec<Arc<dyn Provider>> = all.into_iter().flatten().collect();
    keep_apart(settings, &all)?;
    Ok(Providers::new(all, &hooks_url(settings)))
}

/// Test payments and real ones never in one shop, and test payments never where people could take them for real.
fn keep_apart(settings: &Settings, all: &[Arc<dyn Provider>]) -> Result<()> {
    let of_mode = |live| all.iter().find(|provider| provider.capabilities().live == live);
    let (live, test) = (of_mode(true), of_mode(false));
    if let (Some(live), Some(test)) = (live, test) {
        bail!(
            "{} takes real payments and {} does not: a shop has one or the other",
            live.name(),
            test.name()
        );
    }
    if let (Some(live), true) = (live, settings.sandbox_instance) {
        bail!("a sandbox instance takes no real payments, but {} does", live.name());
    }
    let private = is_loopback(&settings.public_url) && settings.listen.ip().is_loopback();
    if let (Some(test), false) = (test, private || settings.sandbox_instance) {
        bail!(
            "{} takes payments that are not real: beyond this machine it needs sandbox_instance = true",
            test.name()
        );
    }
    Ok(())
}

/// Where providers send their messages, each to its own name under it.
fn hooks_url(settings: &Settings) -> String {
    let base = if settings.hooks_url.is_empty() { &settings.public_url } else { &settings.hooks_url };
    format!("{}/hooks", base.trim_end_matches('/'))
}

/// The path of that address, for who signs it. Commands without a server have no address, and hear no messages.
fn hooks_path(settings: &Settings) -> String {
    let url = hooks_url(settings).parse::<Url>();
    url.map(|url| url.path().to_owned()).unwrap_or_default()
}

/// A secret that stands in the settings (there, rather in the environment), or in a file of its own if one is named.
///
/// # Errors
/// If both are set, or the file cannot be read.
pub fn secret(inline: &str, file: &Path) -> Result<String> {
    if file.as_os_str().is_empty() {
        return Ok(inline.to_owned());
    }
    ensure!(inline.is_empty(), "{} and the secret itself are both set", file.display());
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    Ok(text.trim().to_owned())
}

fn paypal(settings: &Settings) -> Result<Option<Arc<dyn Provider>>> {
    let set = &settings.paypal;
    if set.client_id.is_empty() {
        return Ok(None);
    }
    let config = PayPalConfig {
        base_url: set.api_url.parse().with_context(|| format!("paypal.api_url: {}", set.api_url))?,
        client_id: set.client_id.clone(),
        client_secret: secret(&set.client_secret, &set.client_secret_file).context("paypal.client_secret")?,
        merchant: set.merchant_id.clone(),
        webhook_id: set.webhook_id.clone(),
        brand: settings.brand.clone(),
        webhook_ca: secret("", &set.webhook_ca_file).context("paypal.webhook_ca_file")?,
    };
    let paypal = PayPal::new(config, &Env::system());
    Ok(Some(Arc::new(paypal.map_err(|problem| anyhow!("paypal: {problem}"))?)))
}

fn alipay(settings: &Settings) -> Result<Option<Arc<dyn Provider>>> {
    let set = &settings.alipay;
    if set.app_id.is_empty() {
        return Ok(None);
    }
    let public_keys = keys(&set.public_keys, &set.public_key_files).context("alipay.public_key_files")?;
    let alipay = Alipay::new(
        AlipayConfig {
            gateway: private_url(&set.gateway).context("alipay.gateway")?,
            app_id: set.app_id.clone(),
            private_key: secret(&set.private_key, &set.private_key_file).context("alipay.private_key")?,
            alipay_public_keys: public_keys,
        },
        Env::system(),
    );
    Ok(Some(Arc::new(alipay.map_err(|problem| anyhow!("[alipay]: {problem}"))?)))
}

fn antom(settings: &Settings) -> Result<Option<Arc<dyn Provider>>> {
    let set = &settings.antom;
    if set.client_id.is_empty() {
        return Ok(None);
    }
    let currency = |code: &String| {
        let parsed = code.parse::<Currency>();
        parsed.map_err(|_| anyhow!("{code:?} is no currency, such as \"CNY\""))
    };
    let currencies = set.currencies.iter().map(currency).collect::<Result<_>>();
    let settlement = Some(&set.settlement_currency).filter(|code| !code.is_empty());
    let public_keys = keys(&set.public_keys, &set.public_key_files).context("antom.public_key_files")?;
    let antom = Antom::new(
        AntomConfig {
            url: private_url(&set.url).context("antom.url")?,
            client_id: set.client_id.clone(),
            private_key: secret(&set.private_key, &set.private_key_file).context("antom.private_key")?,
            key_version: set.key_version,
            antom_public_keys: public_keys,
            hook_path: format!("{}/antom", hooks_path(settings)),
            currencies: currencies.context("antom.currencies")?,
            settlement: settlement.map(currency).transpose().context("antom.settlement_currency")?,
        },
        Env::system(),
    );
    Ok(Some(Arc::new(antom.map_err(|problem| anyhow!("[antom]: {problem}"))?)))
}

/// Keys that stand in the settings, and those in files.
fn keys(inline: &[String], files: &[PathBuf]) -> Result<Vec<String>> {
    let in_files = files.iter().map(|file| secret("", file));
    in_files.chain(inline.iter().cloned().map(Ok)).collect()
}

/// An address over which nobody listens.
fn private_url(text: &str) -> Result<Url> {
    let url: Url = text.parse().with_context(|| text.to_owned())?;
    ensure!(url.scheme() == "https" || is_loopback(text), "{url} is not https");
    Ok(url)
}

/// Secrets that stand in the settings, or one in each line of a file.
fn secrets(inline: &[String], file: &Path) -> Result<Vec<String>> {
    let in_file = secret("", file)?;
    ensure!(
        inline.is_empty() || in_file.is_empty(),
        "{} and the secrets themselves are both set",
        file.display()
    );
    let of_file = in_file.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty());
    Ok(inline.iter().cloned().chain(of_file).collect())
}

fn sandbox(settings: &Settings) -> Result<Option<Arc<dyn Provider>>> {
    if settings.sandbox.url.is_empty() {
        return Ok(None);
    }
    let sandbox = Sandbox::new(SandboxConfig {
        base_url: sandbox_url(settings)?,
        api_key: settings.sandbox.api_key.clone(),
        merchant: settings.sandbox.merchant.clone(),
        webhook_secrets: settings.sandbox.webhook_secrets.clone(),
    })?;
    Ok(Some(Arc::new(sandbox)))
}

fn sandbox_url(settings: &Settings) -> Result<Url> {
    settings.sandbox.url.parse().with_context(|| format!("sandbox.url: {}", settings.sandbox.url))
}

fn wechat_pay(settings: &Settings) -> Result<Option<Arc<dyn Provider>>> {
    let set = &settings.wechat_pay;
    if set.mchid.is_empty() {
        return Ok(None);
    }
    ensure!(!set.appid.is_empty(), "wechat_pay.appid is not set");
    ensure!(!set.certificate_serial.is_empty(), "wechat_pay.certificate_serial is not set");
    let config = WechatPayConfig {
        base_url: set.url.parse().with_context(|| format!("wechat_pay.url: {}", set.url))?,
        mchid: set.mchid.clone(),
        appid: set.appid.clone(),
        certificate_serial: set.certificate_serial.clone(),
        private_key: secret(&set.private_key, &set.private_key_file).context("wechat_pay.private_key")?,
        api_v3_key: secret(&set.api_v3_key, &set.api_v3_key_file).context("wechat_pay.api_v3_key")?,
        public_key: wechat_public_key(&set.public_key_id, &set.public_key_file)?,
    };
    Ok(Some(Arc::new(WechatPay::new(config, Env::system()).context("wechat_pay")?)))
}

/// Its id and PEM, both or neither.
fn wechat_public_key(id: &str, file: &Path) -> Result<Option<(String, String)>> {
    let pem = secret("", file).context("wechat_pay.public_key_file")?;
    ensure!(id.is_empty() == pem.is_empty(), "wechat_pay.public_key_id and public_key_file go together");
    ensure!(id.is_empty() || id.starts_with("PUB_KEY_ID_"), "wechat_pay.public_key_id is not PUB_KEY_ID_…");
    Ok((!id.is_empty()).then(|| (id.to_owned(), pem)))
}

fn stripe(settings: &Settings) -> Result<Option<Arc<dyn Provider>>> {
    let set = &settings.stripe;
    let secret_key = secret(&set.secret_key, &set.secret_key_file).context("stripe.secret_key")?;
    if secret_key.is_empty() {
        return Ok(None);
    }
    let webhook_secrets = secrets(&set.webhook_secrets, &set.webhook_secrets_file);
    let webhook_secrets = webhook_secrets.context("stripe.webhook_secrets")?;
    ensure!(!webhook_secrets.is_empty(), "stripe.webhook_secrets: its messages are signed with one");
    // Its page stays open for half an hour longer than the payment, and for a day at most.
    ensure!(
        settings.deadlines.payment_seconds <= 23 * 3600,
        "deadlines.payment_seconds: with Stripe no more than 23 hours"
    );
    let base_url = set.url.parse().with_context(|| format!("stripe.url: {}", set.url))?;
    let account = set.account.clone();
    let stripe = Stripe::new(StripeConfig { base_url, secret_key, account, webhook_secrets });
    Ok(Some(Arc::new(stripe.map_err(|problem| anyhow!("stripe.secret_key: {problem}"))?)))
}

/// No address at all is a command without a server, which nobody can reach.
fn is_loopback(public_url: &str) -> bool {
    let Ok(url) = public_url.parse::<Url>() else { return public_url.is_empty() };
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    }
}
