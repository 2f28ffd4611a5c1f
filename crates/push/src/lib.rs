//! Web Push: news on a person's devices (RFC 8030), encrypted for each (RFC 8291), signed by us (RFC 8292).
//!
//! A device is a signed-in browser whose person switched notifications on there ([`switch_on`]); it gets them until it is
//! switched off, removed, or signed out. [`queue`] stands in the transaction that decides the news, and costs accounts
//! without devices one look. A job for each device sends it ([`Desk`]): at least once, and a repeat takes the place of the
//! first on the device, for both carry the same tag.

mod client;
mod devices;
mod encryption;
mod rows;
mod sealing;
mod sending;
mod services;
mod vapid;

use std::sync::Arc;

use basis::{Env, Problem, SecretKey};
use store::{
    Db,
    jobs::{Turns, Worker},
};

pub use devices::{
    Device, Subscription, device_of, devices_of, has_devices, purge, remove, renew, switch_on, try_out,
};
pub use sending::{News, Notice, queue, tell};
pub use services::Services;

use crate::{client::Client, sealing::Seal, vapid::Vapid};

/// The tables of push.
pub const MIGRATIONS: store::Migrations = store::migrations!("push", ["0001_push.sql"]);

/// The kind of the job that sends a notice to a device.
pub const SEND: &str = "push.send";

/// So many messages are on their way at once: a push service that says nothing holds up no other work.
const AT_ONCE: usize = 16;

/// What sending reaches; cheap to clone.
#[derive(Clone)]
pub struct Desk(Arc<Parts>);

struct Parts {
    db: Db,
    env: Env,
    seal: Seal,
    vapid: Vapid,
    services: Services,
    client: Client,
    turns: Turns,
}

impl Desk {
    /// A desk that sends to `services`, and names `contact` (an `https:` or `mailto:` address) to them as whom to ask when
    /// something is wrong. Its key pair is made at the first start and kept in the database, sealed under `secret`, so that
    /// every node has the same: a device takes messages by the key that it was switched on with, and no other.
    ///
    /// # Errors
    /// If the database fails, or what it holds was sealed under another secret.
    pub async fn open(
        db: &Db,
        env: &Env,
        secret: &SecretKey,
        services: Services,
        contact: &str,
    ) -> Result<Self, Problem> {
        let seal = Seal::new(secret);
        let vapid = Vapid::open(db, env, &seal, contact).await?;
        let client = Client::new(&services)?;
        let (db, env, turns) = (db.clone(), env.clone(), Turns::new(AT_ONCE));
        Ok(Self(Arc::new(Parts { db, env, seal, vapid, services, client, turns })))
    }

    /// The public key that browsers subscribe with (`applicationServerKey`), in base64url.
    pub fn public_key(&self) -> &str {
        self.0.vapid.public_key()
    }

    /// False if there is no push service to send to: the operator wants no notifications.
    pub fn is_on(&self) -> bool {
        !self.0.services.is_empty()
    }
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("public_key", &self.public_key()).finish_non_exhaustive()
    }
}

/// The same worker, with the job of push.
#[must_use]
pub fn handlers(worker: Worker, desk: &Desk) -> Worker {
    let desk = desk.clone();
    worker.on(SEND, move |run| {
        let desk = desk.clone();
        async move { sending::send(&desk, &run).await }
    })
}
