//! The devices that get notifications: signed-in browsers whose person switched them on there.

use accounts::{Act, Guards, Origin, SignedIn, Via, Who};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use basis::{Account, Device as DeviceKind, Env, Id, LoginSession, MINUTE_MS, Problem, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Conn, in_tx};

use crate::{
    Desk, News, Notice,
    encryption::{self, Keys},
    rows::{self, NewDevice},
    sealing::Seal,
    sending,
};

/// The most devices of one account; the one switched on first goes first.
const DEVICES_MAX: u32 = 20;
/// Whoever tries it out looks at the device now.
const TRY_OUT_MS: i64 = 10 * MINUTE_MS;

/// A device that gets notifications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Its id.
    pub id: Id<DeviceKind>,
    /// Whose news it gets.
    pub account: Id<Account>,
    /// The browser that was signed in: it gets news only as long as it is.
    pub session: Id<LoginSession>,
    /// When it was switched on.
    pub since: Timestamp,
}

/// What a browser answers to `PushManager.subscribe`, as a form carries it.
#[derive(Clone, Deserialize)]
pub struct Subscription {
    /// Where messages go; whoever knows it and our key pair can send some.
    pub endpoint: String,
    /// The device's public key, 65 octets in base64url.
    pub p256dh: String,
    /// Its authentication secret, 16 octets in base64url.
    pub auth: String,
}

impl std::fmt::Debug for Subscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Subscription(…)")
    }
}

/// Where and how a device's messages go, as it is sealed.
#[derive(Serialize, Deserialize)]
pub(crate) struct Way {
    pub(crate) endpoint: String,
    pub(crate) keys: Keys,
}

impl Way {
    /// Reads what a browser gave, and sees whether a message could go that way.
    fn read(desk: &Desk, given: &Subscription) -> Result<Self, Problem> {
        let endpoint = desk.0.services.admit(&given.endpoint)?.to_string();
        let octets = |text: &str| {
            URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map_err(|_| Problem::invalid("push-keys"))
        };
        let keys = Keys { p256dh: octets(&given.p256dh)?, auth: octets(&given.auth)? };
        encryption::encrypt(&desk.0.env, &keys, b"")?;
        Ok(Self { endpoint, keys })
    }

    fn seal(&self, env: &Env, seal: &Seal, id: Id<DeviceKind>) -> Result<Vec<u8>, Problem> {
        let text = serde_json::to_vec(self).map_err(|error| Problem::internal(error.to_string()))?;
        seal.close(env, &id.to_string(), &text)
    }

    pub(crate) fn open(seal: &Seal, id: Id<DeviceKind>, sealed: &[u8]) -> Result<Self, Problem> {
        let text = seal.open(&id.to_string(), sealed)?;
        serde_json::from_slice(&text).map_err(|error| Problem::internal(error.to_string()))
    }
}

/// Switches notifications on for the browser that asks. It is one device however often it is switched on, and whoever had
/// the same browser before has it no more.
///
/// # Errors
/// Invalid if it is no push service's address or no key; Forbidden for an app's token, which is no browser; TooMany.
pub async fn switch_on(
    desk: &Desk,
    guards: &Guards,
    origin: &Origin,
    who: &SignedIn,
    given: &Subscription,
) -> Result<(), Problem> {
    let Via::Session(session) = who.via else { return Err(not_a_browser()) };
    count(desk, guards, origin, who)?;
    let way = Way::read(desk, given)?;
    let (env, seal, id) = (&desk.0.env, &desk.0.seal, desk.0.env.new_id());
    let (endpoint_mac, sealed) = (seal.endpoint_mac(&way.endpoint), way.seal(env, seal, id)?);
    let account = who.account.id;
    let new =
        NewDevice { id, account, session, endpoint_mac: &endpoint_mac, sealed: &sealed, now: env.now() };
    in_tx!(desk.0.db, |tx| {
        rows::replace(tx, &new).await?;
        rows::trim(tx, account, DEVICES_MAX).await
    })
}

/// The browser's push service has given it another address: the device stays the same, if it is one.
///
/// # Errors
/// Not found if nobody switched notifications on there; else as [`switch_on`].
pub async fn renew(
    desk: &Desk,
    guards: &Guards,
    origin: &Origin,
    who: &SignedIn,
    given: &Subscription,
) -> Result<(), Problem> {
    match device_of(&mut desk.0.db.read().await?, who).await? {
        Some(_) => switch_on(desk, guards, origin, who, given).await,
        None => Err(Problem::not_found()),
    }
}

/// Sends a notice to the browser that asks, and to no other, for its person to see and hear: title and text, and the page
/// that it opens.
///
/// # Errors
/// Not found if notifications are off there; TooMany.
pub async fn try_out(
    desk: &Desk,
    guards: &Guards,
    origin: &Origin,
    who: &SignedIn,
    (title, body): (String, String),
    path: &str,
) -> Result<(), Problem> {
    let device = device_of(&mut desk.0.db.read().await?, who).await?.ok_or_else(Problem::not_found)?;
    count(desk, guards, origin, who)?;
    let until = desk.0.env.now().plus_ms(TRY_OUT_MS);
    let news = News { about: format!("test:{}", device.id), until, urgent: true };
    let notice = Notice { title, body, path: path.to_owned(), news };
    in_tx!(desk.0.db, |tx| { sending::queue_to(tx, &desk.0.env, device.id, &notice).await })
}

/// Each costs a message, or a device's row.
fn count(desk: &Desk, guards: &Guards, origin: &Origin, who: &SignedIn) -> Result<(), Problem> {
    let account = who.account.id.to_string();
    let whom = [Who::All, Who::Address(origin.ip), Who::Account(&account)];
    guards.limits.count(desk.0.env.now(), Act::Notify, &whom)
}

fn not_a_browser() -> Problem {
    Problem::new(basis::Kind::Forbidden, "push-not-a-browser")
}

/// The device that asks, if notifications are on there.
pub async fn device_of(conn: &mut Conn, who: &SignedIn) -> Result<Option<Device>, Problem> {
    let Via::Session(session) = who.via else { return Ok(None) };
    let found = rows::of_session(conn, session).await?;
    Ok(found.filter(|device| device.account == who.account.id))
}

/// The devices of an account, the newest first; some may be signed out by now.
pub async fn devices_of(conn: &mut Conn, account: Id<Account>) -> Result<Vec<Device>, Problem> {
    rows::of_account(conn, account).await
}

/// Whether anyone would hear what is told to an account.
pub async fn has_devices(conn: &mut Conn, account: Id<Account>) -> Result<bool, Problem> {
    Ok(!rows::of_account(conn, account).await?.is_empty())
}

/// Sends nothing more to one of an account's devices.
///
/// # Errors
/// Not found if it has no such.
pub async fn remove(tx: &mut Conn, account: Id<Account>, id: Id<DeviceKind>) -> Result<(), Problem> {
    let gone = rows::delete_of(tx, account, id).await?;
    if gone { Ok(()) } else { Err(Problem::not_found()) }
}

/// Takes away devices whose session has ended for certain, at most `limit`; how many those were.
pub async fn purge(tx: &mut Conn, now: Timestamp, limit: u32) -> Result<u64, Problem> {
    rows::purge(tx, now.plus_ms(-accounts::SESSION_MOST_MS), limit).await
}
