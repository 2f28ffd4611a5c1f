//! Where a request comes from.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, header, request},
};
use basis::Network;

use crate::{App, PageProblem};

/// The address that limits count by: the peer's, or what a trusted proxy says it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl FromRequestParts<App> for ClientAddress {
    type Rejection = PageProblem;

    async fn from_request_parts(parts: &mut request::Parts, app: &App) -> Result<Self, PageProblem> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
        let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        Ok(Self(told(peer, &parts.headers, &app.config.trusted_proxies)))
    }
}

/// From where a request came, as `accounts` wants it: the client's address, and what the browser or app calls itself.
#[derive(Debug, Clone)]
pub struct Whence(pub accounts::Origin);

/// What is kept of a browser's name for itself.
const AGENT_CHARACTERS_MAX: usize = 200;

impl FromRequestParts<App> for Whence {
    type Rejection = PageProblem;

    async fn from_request_parts(parts: &mut request::Parts, app: &App) -> Result<Self, PageProblem> {
        let ClientAddress(ip) = ClientAddress::from_request_parts(parts, app).await?;
        let agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or("");
        Ok(Self(accounts::Origin { ip, agent: agent.chars().take(AGENT_CHARACTERS_MAX).collect() }))
    }
}

/// Goes back through `X-Forwarded-For` as long as the teller is trusted.
fn told(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let lines: Vec<&str> =
        headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok()).collect();
    let mut client = peer.to_canonical();
    for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        let is_trusted = trusted.iter().any(|network| network.contains(client));
        let Ok(before) = hop.trim().parse::<IpAddr>() else { break };
        if !is_trusted {
            break;
        }
        client = before.to_canonical();
    }
    client
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &'static [&'static str], trusted: &[&str]) -> String {
        let headers =
            forwarded.iter().map(|f| ("x-forwarded-for".parse().unwrap(), f.parse().unwrap())).collect();
        let trusted: Vec<Network> = trusted.iter().map(|t| t.parse().unwrap()).collect();
        told(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        assert_eq!(client("203.0.113.9", &["1.1.1.1"], &[]), "203.0.113.9");
        assert_eq!(client("10.0.0.2", &["1.1.1.1"], &["10.0.0.0/8"]), "1.1.1.1");
        assert_eq!(client("10.0.0.2", &["6.6.6.6, 1.1.1.1"], &["10.0.0.0/8"]), "1.1.1.1", "a forged start");
        assert_eq!(client("10.0.0.2", &["1.1.1.1", "10.9.9.9"], &["10.0.0.0/8"]), "1.1.1.1", "two proxies");
        assert_eq!(client("10.0.0.2", &["nonsense"], &["10.0.0.0/8"]), "10.0.0.2");
        assert_eq!(client("::ffff:10.0.0.2", &["2001:db8::7"], &["10.0.0.2"]), "2001:db8::7");
    }
}
