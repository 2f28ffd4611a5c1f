//! Whom messages may go to. A browser names the address itself, and whoever speaks to us may claim to be a browser: so it
//! must lie with a push service that we know, or our messages would be a way into networks that only we can reach.

use std::{net::IpAddr, sync::LazyLock};

use basis::{Network, Problem};
use url::{Host, Url};

/// The push services that messages may go to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Services {
    /// By TLS, at the usual port and a public address: `fcm.googleapis.com`, or all below (`.push.apple.com`).
    hosts: Vec<String>,
    /// Exactly there, wherever that is: the operator says so.
    origins: Vec<Url>,
}

/// No browser's endpoint is longer.
const ENDPOINT_MAX: usize = 2048;

impl Services {
    /// Reads what the operator has set: names (`fcm.googleapis.com`), all names below one (`*.push.apple.com`), or origins
    /// of their own (`http://127.0.0.1:9000`).
    ///
    /// # Errors
    /// Names the one that is none of these.
    pub fn read(list: &[String]) -> Result<Self, Problem> {
        let mut services = Self::default();
        for entry in list {
            let wrong = || Problem::internal(format!("{entry} is no push service"));
            if entry.contains("://") {
                let origin = Url::parse(entry).ok().filter(|url| url.has_host() && url.path() == "/");
                services.origins.push(origin.ok_or_else(wrong)?);
            } else {
                let name = entry.strip_prefix('*').unwrap_or(entry);
                let parsed = Host::parse(name.trim_start_matches('.')).map_err(|_| wrong())?;
                let is_name = matches!(&parsed, Host::Domain(domain) if domain.contains('.'));
                let is_whole = (name == entry) != name.starts_with('.');
                services.hosts.push(Some(name.to_owned()).filter(|_| is_name && is_whole).ok_or_else(wrong)?);
            }
        }
        Ok(services)
    }

    /// True if nothing can be sent anywhere.
    pub(crate) fn is_empty(&self) -> bool {
        self.hosts.is_empty() && self.origins.is_empty()
    }

    /// The address, if messages may go there.
    ///
    /// # Errors
    /// Invalid `push-endpoint`.
    pub(crate) fn admit(&self, endpoint: &str) -> Result<Url, Problem> {
        let url = Some(endpoint).filter(|text| text.len() <= ENDPOINT_MAX);
        let url = url.and_then(|text| Url::parse(text).ok()).filter(|url| self.has(url));
        url.ok_or_else(|| Problem::invalid("push-endpoint"))
    }

    fn has(&self, url: &Url) -> bool {
        let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        let is_theirs = self.origins.iter().any(|origin| origin.origin() == url.origin());
        is_plain && (is_theirs || self.has_host(url))
    }

    fn has_host(&self, url: &Url) -> bool {
        let (Some(Host::Domain(host)), "https", None) = (url.host(), url.scheme(), url.port()) else {
            return false;
        };
        let is = |known: &String| host == known || (known.starts_with('.') && host.ends_with(known.as_str()));
        self.hosts.iter().any(is)
    }

    /// True if the operator vouches for a host of this name, wherever it is.
    pub(crate) fn vouches_for(&self, name: &str) -> bool {
        self.origins.iter().any(|origin| origin.host_str() == Some(name))
    }
}

/// Ranges that are nobody's public address (IANA's registries of special-purpose addresses; RFC 6890).
static NOT_PUBLIC: LazyLock<Vec<Network>> = LazyLock::new(|| {
    const RANGES: [&str; 24] = [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
        "::/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "fc00::/7",
        "fe80::/9",
        "ff00::/8",
    ];
    RANGES.iter().filter_map(|range| range.parse().ok()).collect()
});

/// True for an address that anyone on the internet can reach; false for ours, our machines' and our networks'.
pub(crate) fn is_public(address: IpAddr) -> bool {
    let address = address.to_canonical();
    !NOT_PUBLIC.iter().any(|range| range.contains(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn services(list: &[&str]) -> Result<Services, Problem> {
        Services::read(&list.iter().map(|entry| (*entry).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn messages_go_to_push_services_only() {
        let known = services(&["fcm.googleapis.com", "*.push.apple.com", "http://127.0.0.1:9000"]).unwrap();
        for good in [
            "https://fcm.googleapis.com/fcm/send/abc:def",
            "https://web.push.apple.com/QGuQyavXutnMH",
            "https://FCM.googleapis.com:443/x?y=1",
            "http://127.0.0.1:9000/p/1",
        ] {
            assert!(known.admit(good).is_ok(), "{good}");
        }
        for bad in [
            "http://fcm.googleapis.com/x",
            "https://fcm.googleapis.com:8443/x",
            "https://fcm.googleapis.com.evil.example/x",
            "https://fcm.googleapis.com./x",
            "https://evil.example/fcm.googleapis.com",
            "https://fcm.googleapis.com@evil.example/",
            "https://user@fcm.googleapis.com/x",
            "https://fcm.googleapis.com/x#y",
            "https://push.apple.com/x",
            "https://evilpush.apple.com/x",
            "https://127.0.0.1:9000/x",
            "http://127.0.0.1:9001/x",
            "http://127.0.0.1/x",
            "https://[::1]/x",
            "https://169.254.169.254/latest/meta-data",
            "file:///etc/passwd",
            "",
        ] {
            assert!(known.admit(bad).is_err(), "{bad}");
        }
        let long = format!("https://fcm.googleapis.com/{}", "x".repeat(ENDPOINT_MAX));
        assert!(known.admit(&long).is_err());
    }

    #[test]
    fn what_is_no_service_is_refused_by_name() {
        for bad in [
            "",
            "*",
            "*.",
            "localhost",
            "10.0.0.1",
            "*.com*",
            "ftp",
            "http://",
            "http://a.example/x",
            ".a.example",
        ] {
            assert!(services(&[bad]).is_err(), "{bad}");
        }
        assert!(services(&[]).unwrap().is_empty());
    }

    #[test]
    fn our_own_networks_are_not_public() {
        assert_eq!(NOT_PUBLIC.len(), 24, "every range can be read");
        let public = |text: &str| is_public(text.parse().unwrap());
        for theirs in ["142.250.74.42", "17.57.144.10", "2a00:1450:4001:82a::200a", "::ffff:8.8.8.8"] {
            assert!(public(theirs), "{theirs}");
        }
        for ours in [
            "127.0.0.1",
            "10.1.2.3",
            "172.31.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "::1",
            "::",
            "fd00::1",
            "fe80::1",
            "::ffff:127.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
        ] {
            assert!(!public(ours), "{ours}");
        }
    }
}
