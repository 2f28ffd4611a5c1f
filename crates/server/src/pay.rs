//! Which payment providers this installation has.

use std::{net::IpAddr, sync::Arc};

use anyhow::{Context, Result, ensure};
use payments::{Provider, Providers, Sandbox, SandboxConfig};
use url::{Host, Url};

use crate::settings::Settings;

/// The providers that are set.
///
/// # Errors
/// If the sandbox would stand where people could take it for real payments: on an address beyond this machine
/// without `sandbox_instance`.
pub fn providers(settings: &Settings) -> Result<Providers> {
    if settings.sandbox.url.is_empty() {
        return Ok(Providers::default());
    }
    ensure!(
        settings.sandbox_instance
            || (is_loopback(&settings.public_url) && settings.listen.ip().is_loopback()),
        "the sandbox takes payments that are not real: beyond this machine it needs sandbox_instance = true"
    );
    let sandbox: Arc<dyn Provider> = Arc::new(Sandbox::new(SandboxConfig {
        base_url: sandbox_url(settings)?,
        api_key: settings.sandbox.api_key.clone(),
        merchant: settings.sandbox.merchant.clone(),
        webhook_secrets: settings.sandbox.webhook_secrets.clone(),
    })?);
    Ok(Providers::new([sandbox]))
}

/// Where a payment form may lead.
///
/// # Errors
/// If the sandbox's address cannot be read.
pub fn origins(settings: &Settings) -> Result<Vec<String>> {
    if settings.sandbox.url.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![sandbox_url(settings)?.origin().ascii_serialization()])
}

fn sandbox_url(settings: &Settings) -> Result<Url> {
    settings.sandbox.url.parse().with_context(|| format!("sandbox.url: {}", settings.sandbox.url))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(public_url: &str, sandbox_instance: bool) -> Settings {
        let mut settings = Settings::read(None).unwrap();
        settings.sandbox.url = "http://127.0.0.1:4400".into();
        Settings { public_url: public_url.into(), sandbox_instance, ..settings }
    }

    #[test]
    fn the_sandbox_is_not_taken_for_a_real_shop() {
        crate::http::use_ring();
        assert!(providers(&settings("https://shop.example", false)).is_err());
        assert!(providers(&settings("https://shop.example", true)).is_ok());
        assert!(providers(&settings("http://127.0.0.1:8080", false)).is_ok());
        assert!(providers(&settings("http://127.0.0.1.evil.example", false)).is_err());
        let everywhere = |sandbox_instance| Settings {
            listen: "0.0.0.0:8080".parse().unwrap(),
            ..settings("http://127.0.0.1:8080", sandbox_instance)
        };
        assert!(providers(&everywhere(false)).is_err());
        assert!(providers(&everywhere(true)).is_ok());
    }
}
