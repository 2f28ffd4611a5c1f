//! What the demo says once it is ready: a few lines for a person, or one line of JSON for a program.

use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;

/// Where everything is. The shape is a contract: fields are only ever added. What does not exist is null.
#[derive(Debug, Serialize)]
pub(crate) struct World {
    /// The version of this shape.
    pub(crate) v: u32,
    /// The pages.
    pub(crate) web: String,
    /// The API's base.
    pub(crate) api: String,
    /// Prometheus metrics.
    pub(crate) metrics: Option<String>,
    /// The sandbox payment provider.
    pub(crate) paysim: Option<String>,
    /// The Diameter Gy face.
    pub(crate) gy: Option<Gy>,
    /// The SM-DP+ face.
    pub(crate) es9: Option<Es9>,
    /// Where mails are written.
    pub(crate) mail_dir: PathBuf,
    /// Accounts that are ready to sign in.
    pub(crate) accounts: Vec<Account>,
    /// Cards that nobody has bound yet.
    pub(crate) cards: Vec<Card>,
    /// Always null: the internal quota port is gone since there is [`World::gy`].
    pub(crate) quota: (),
}

/// Where a packet gateway connects.
#[derive(Debug, Serialize)]
pub(crate) struct Gy {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) origin_host: String,
    pub(crate) origin_realm: String,
}

/// Where a phone downloads a profile.
#[derive(Debug, Serialize)]
pub(crate) struct Es9 {
    pub(crate) url: String,
    pub(crate) ca_pem: String,
}

/// An account that is ready to sign in.
#[derive(Debug, Serialize)]
pub(crate) struct Account {
    pub(crate) email: &'static str,
    pub(crate) password: &'static str,
    pub(crate) token: String,
}

/// A card that can be bound.
#[derive(Debug, Serialize)]
pub(crate) struct Card {
    pub(crate) serial: String,
    pub(crate) eid: String,
    pub(crate) iccid: String,
    pub(crate) imsi: String,
    pub(crate) bind_code: String,
}

/// Says it on standard output.
pub(crate) fn say(world: &World, as_json: bool) -> Result<()> {
    if as_json {
        println!("{}", serde_json::to_string(world)?);
        return Ok(());
    }
    println!("\n  Heyon is ready: {}\n", world.web);
    for card in &world.cards {
        println!("  card serial     {}", card.serial);
    }
    for account in &world.accounts {
        println!("  sign in with    {}   {}", account.email, account.password);
    }
    println!("  mails           {}\n\n  Payments are not real. Ctrl-C ends it.\n", world.mail_dir.display());
    Ok(())
}
