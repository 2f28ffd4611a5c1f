//! Who pays, as their request shows them: some providers ask for it, and a phone opens a wallet where a computer shows a code.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request},
};
use payments::{Device, System};

use crate::{App, ClientAddress, PageProblem};

/// What the payer sits at, and where.
#[derive(Debug, Clone, Copy)]
pub struct Payer(pub payments::Payer);

impl FromRequestParts<App> for Payer {
    type Rejection = PageProblem;

    async fn from_request_parts(parts: &mut request::Parts, app: &App) -> Result<Self, PageProblem> {
        let ClientAddress(ip) = ClientAddress::from_request_parts(parts, app).await?;
        Ok(Self(payments::Payer { device: device(&parts.headers), ip }))
    }
}

/// By the hint that says it (`Sec-CH-UA-Mobile: ?1`), else by the browser's name: every phone's has `Mobi` in it, and Apple's say
/// which they are.
fn device(headers: &HeaderMap) -> Device {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let agent = text(header::USER_AGENT.as_str()).unwrap_or_default();
    let is_phone = match text("sec-ch-ua-mobile") {
        Some(hint) => hint.trim() == "?1",
        None => agent.contains("Mobi"),
    };
    let is_apple = ["iPhone", "iPad", "iPod"].iter().any(|name| agent.contains(name));
    if !is_phone {
        return Device::Desktop;
    }
    Device::Phone(if is_apple { System::Ios } else { System::Android })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_is_known_by_its_hint_or_its_name() {
        let of = |pairs: &[(&'static str, &str)]| {
            device(
                &pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect(),
            )
        };
        let iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 Safari/604.1";
        assert_eq!(of(&[("user-agent", iphone)]), Device::Phone(System::Ios));
        assert_eq!(of(&[("user-agent", "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0")]), Device::Desktop);
        assert_eq!(
            of(&[("user-agent", iphone), ("sec-ch-ua-mobile", "?0")]),
            Device::Desktop,
            "asked for it"
        );
        assert_eq!(of(&[("sec-ch-ua-mobile", "?1")]), Device::Phone(System::Android));
        assert_eq!(of(&[]), Device::Desktop);
    }
}
