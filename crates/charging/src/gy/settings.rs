//! Who may connect, and how each kind of gateway wants to be spoken to.

use std::{net::IpAddr, str::FromStr, sync::Arc, time::Duration};

use basis::{Country, Network};

/// What the Gy face needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Our Origin-Host.
    pub origin_host: String,
    /// Our Origin-Realm; requests for another realm are refused.
    pub origin_realm: String,
    /// Who may connect; the first rule that fits a gateway holds.
    pub peers: Vec<PeerRule>,
    /// Where a user whose data is used up is led, for gateways that can; empty: nowhere.
    pub top_up_url: String,
    /// The country of a network, from its MCC and MNC as five or six digits.
    pub country_of: fn(&str) -> Option<Country>,
    /// How much, and how long.
    pub limits: Limits,
}

/// A gateway, or several that are alike.
#[derive(Debug, Clone)]
pub struct PeerRule {
    /// Its Origin-Host; `*` is any.
    pub origin_host: String,
    /// From where it may connect; empty: from anywhere.
    pub addresses: Vec<Network>,
    /// How it wants to be spoken to.
    pub profile: Arc<Profile>,
}

impl PeerRule {
    /// Names are compared as those of hosts are, without regard to case.
    fn fits(&self, origin_host: &str, address: IpAddr) -> bool {
        let named = self.origin_host == "*" || self.origin_host.eq_ignore_ascii_case(origin_host);
        named && (self.addresses.is_empty() || self.addresses.iter().any(|n| n.contains(address)))
    }
}

impl Settings {
    /// How a gateway of this name and address is spoken to; `None` if it may not connect.
    pub(super) fn admit(&self, origin_host: &str, address: IpAddr) -> Option<Arc<Profile>> {
        let rule = self.peers.iter().find(|rule| rule.fits(origin_host, address.to_canonical()))?;
        Some(rule.profile.clone())
    }
}

/// How a kind of gateway wants to be spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Whether it reports after a Re-Auth-Request; else none is sent.
    pub rar_effective: bool,
    /// Whether it can lead a user to a page when the last quota is used up; else the session ends.
    pub supports_redirect: bool,
    /// Its filter that makes a user's data slower (Filter-Id), if it has one; else plans that go on slower end there.
    pub slow_filter: Option<String>,
    /// Whether an unknown AVP with the M flag is refused (5001), as the standard wants, or skipped.
    pub strict_avps: bool,
    /// The rating group of services that name none.
    pub default_rating_group: Option<u32>,
    /// How many requests of one connection are worked on at once; more wait, new sessions are refused (3004).
    pub max_outstanding: usize,
}

impl Default for Profile {
    /// A gateway that does what TS 32.299 says.
    fn default() -> Self {
        Self {
            rar_effective: true,
            supports_redirect: true,
            slow_filter: None,
            strict_avps: false,
            default_rating_group: None,
            max_outstanding: 2048,
        }
    }
}

/// No such profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a profile is `generic` or `open5gs`")]
pub struct UnknownProfile;

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(name: &str) -> Result<Self, UnknownProfile> {
        match name {
            "generic" => Ok(Self::default()),
            // Its SMF answers a Re-Auth-Request and then reports nothing, and knows no action but ending the session.
            "open5gs" => Ok(Self { rar_effective: false, supports_redirect: false, ..Self::default() }),
            _ => Err(UnknownProfile),
        }
    }
}

/// How much is taken from gateways, and how long they are waited for.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The longest message in bytes.
    pub message_bytes: usize,
    /// Connections in all.
    pub links: usize,
    /// Connections from one address.
    pub links_per_address: usize,
    /// Sessions whose gateway is remembered, for Re-Auth- and Abort-Session-Requests.
    pub sessions: usize,
    /// Unsent answers of one connection in bytes, from which on no more requests are read.
    pub unsent_bytes: usize,
    /// From the connection to its first, whole Capabilities-Exchange-Request; the TLS handshake likewise.
    pub hello: Duration,
    /// From the first byte of a message to its last.
    pub half_message: Duration,
    /// Without a word for so long, the gateway is asked whether it lives; after two questions without answer it does not.
    pub watchdog: Duration,
    /// The watchdog comes up to so much earlier or later, so that a thousand gateways are not asked at once.
    pub watchdog_jitter: Duration,
    /// Without taking a byte of what is to be sent for so long, a gateway is cut off.
    pub stall: Duration,
    /// How long a gateway may take to answer what we ask.
    pub answer: Duration,
    /// How long a farewell may take.
    pub farewell: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 65_536,
            links: 1024,
            links_per_address: 64,
            sessions: 1_000_000,
            unsent_bytes: 1 << 20,
            hello: Duration::from_secs(10),
            half_message: Duration::from_secs(10),
            watchdog: Duration::from_secs(30),
            watchdog_jitter: Duration::from_secs(2),
            stall: Duration::from_secs(10),
            answer: Duration::from_secs(10),
            farewell: Duration::from_secs(2),
        }
    }
}
