//! Sending by a mail server.

use std::time::Duration;

use async_trait::async_trait;
use basis::{Problem, Timestamp};
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::Mailbox,
    transport::smtp::{Error, response::Category},
};
use url::{Host, Url};

use super::{
    Letter, Mailer,
    mailers::{mailbox, message},
};

/// A mail takes at most so long from connecting to the server's last word; less than a job may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends by a mail server.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    patience: Duration,
}

impl Smtp {
    /// By the server at `url`, as `from` (`Heyon <no-reply@shop.example>`).
    ///
    /// `smtps://user:password@host` speaks TLS from the first byte (port 465), `smtp://user:password@host` turns to TLS
    /// before anything is said (STARTTLS, port 587) or gives up, `smtp://host?tls=none` (port 25) never does.
    ///
    /// # Errors
    /// Internal if either cannot be read, or if a password would cross a network in the clear; the message does not
    /// repeat the url, which holds a password.
    pub fn new(url: &str, from: &str) -> Result<Self, Problem> {
        let url = with_tls(url)?;
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.as_str()).map_err(|_| bad_url())?;
        let transport = builder.timeout(Some(PATIENCE)).build();
        Ok(Self { transport, from: mailbox(from)?, patience: PATIENCE })
    }

    /// Gives the server less time than usual.
    #[must_use]
    pub const fn within(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }
}

/// The url as the library reads it: there, an `smtp` url without a word about TLS means none.
fn with_tls(url: &str) -> Result<Url, Problem> {
    let mut url = Url::parse(url).map_err(|_| bad_url())?;
    match (url.scheme(), url.query()) {
        ("smtps", None) => {}
        ("smtp", None | Some("tls=required")) => url.set_query(Some("tls=required")),
        ("smtp", Some("tls=none")) if url.password().is_none() || is_loopback(&url) => url.set_query(None),
        ("smtp", Some("tls=none")) => {
            return Err(Problem::internal("the mail server's password would be sent without TLS"));
        }
        _ => return Err(bad_url()),
    }
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    // An `smtp` url is not special, so the parser leaves its host as text.
    url.host_str().and_then(|host| Host::parse(host).ok()).is_some_and(|host| match host {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    })
}

fn bad_url() -> Problem {
    Problem::internal("the url of the mail server cannot be read")
}

#[async_trait]
impl Mailer for Smtp {
    async fn send(&self, now: Timestamp, letter: &Letter) -> Result<(), Problem> {
        let message: Message = message(&self.from, now, letter)?;
        // The library's own limit is on connecting only.
        match tokio::time::timeout(self.patience, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(e)) if is_about_this_mail(&e) => {
                Err(Problem::invalid("accounts-email-invalid").because(e))
            }
            Ok(Err(e)) => Err(Problem::unavailable(format!("the mail server: {e}"))),
            Err(_) => Err(Problem::unavailable("the mail server is too slow")),
        }
    }
}

/// 55x refuses an address or a mail. Any other 5xx is about how we come (a wrong password, no TLS): the mail is fine and
/// goes once that is mended.
fn is_about_this_mail(e: &Error) -> bool {
    e.is_permanent() && e.status().is_some_and(|code| code.category == Category::MailSystem)
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Smtp").field("from", &self.from).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROM: &str = "Heyon <no-reply@shop.example>";

    #[test]
    fn a_mail_server_is_named_by_a_url() {
        for url in [
            "smtps://user:secret@mail.example:465",
            "smtp://user:secret@mail.example",
            "smtp://user:secret@mail.example:587?tls=required",
            "smtp://relay.internal?tls=none",
            "smtp://user:secret@127.0.0.1:2525?tls=none",
        ] {
            Smtp::new(url, FROM).unwrap();
        }
        for url in
            ["mail.example", "http://mail.example", "smtps://mail.example?tls=none", "smtp://m?tls=maybe"]
        {
            let refused = Smtp::new(url, FROM).unwrap_err().to_string();
            assert!(!refused.contains("mail.example"), "{refused}");
        }
        Smtp::new("smtps://mail.example", "not an address").unwrap_err();
        Smtp::new("smtps://mail.example", "黑恩 <no-reply@shop.example>").unwrap();
    }

    #[test]
    fn no_password_crosses_a_network_in_the_clear() {
        assert_eq!(with_tls("smtp://user:secret@mail.example").unwrap().query(), Some("tls=required"));
        let refused = Smtp::new("smtp://user:secret@mail.example?tls=none", FROM).unwrap_err();
        assert!(!refused.to_string().contains("secret"));
    }
}
