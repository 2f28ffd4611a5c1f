//! The charging engine around its rules: what is acknowledged stays, what is damaged is named.

mod behind;
mod crash;
mod crowd;
mod damage;
mod gateway;
mod gy;
mod moves;
mod nodes;
mod sharing;
mod speed;
mod together;
mod trimming;

use std::sync::Arc;

use basis::{
    Allowance, DataVolume, Env, Id, Line, ManualClock, Order, Pool, RenewalRule, SeededEntropy, StartRule,
    Terms, Timestamp,
};
use charging::{
    Answer, Ask, Charging, Credit, CreditControl, Few, LineIdentity, Opening, Quota, RequestKind, Service,
};
use store::{
    Db, Engine,
    testing::{TestDb, both},
};

const START: Timestamp = Timestamp(1_790_000_000_000);
const MB: u64 = 1_000_000;

/// An operator's data on one engine, and the clock that it lives by.
struct World {
    shop: TestDb,
    log: Db,
    env: Env,
    clock: Arc<ManualClock>,
}

/// A fresh world on each engine.
async fn worlds() -> Vec<World> {
    let clock = Arc::new(ManualClock::at(START));
    let env = Env { clock: clock.clone(), entropy: Arc::new(SeededEntropy::new(7)) };
    let mut worlds = Vec::new();
    for shop in both(&[charging::MIGRATIONS], &env).await {
        let log = match shop.folder() {
            Some(folder) => {
                Db::open(&format!("sqlite://{}", folder.join("charging.db").display()), &env).await.unwrap()
            }
            None => Db::open(&shop.url, &env).await.unwrap(),
        };
        store::migrate(&log, &[charging::LOG_MIGRATIONS], START).await.unwrap();
        worlds.push(World { shop, log, env: env.clone(), clock: clock.clone() });
    }
    worlds
}

impl World {
    async fn open(&self) -> Charging {
        let opening = Opening { log: self.log.clone(), shop: self.shop.db.clone(), node: "test".to_owned() };
        Charging::open(opening, &self.env).await.unwrap()
    }

    /// The engine, with a line in a pool that has a bundle of so many megabytes.
    async fn open_with(&self, megabytes: u64) -> Charging {
        let charging = self.open().await;
        assert_eq!(charging.faults().len(), 0, "{:?}", charging.faults());
        charging.open_pool(pool(1), identity(1)).await.unwrap();
        charging.credit(credit(1, megabytes)).await.unwrap();
        charging
    }

    fn sqlite(&self) -> bool {
        self.log.engine() == Engine::Sqlite
    }

    async fn audit(&self) -> Vec<String> {
        charging::audit(&self.log, &self.shop.db).await.unwrap()
    }
}

fn pool(n: u128) -> Id<Pool> {
    Id::from_u128(n)
}

fn line(n: u128) -> Id<Line> {
    Id::from_u128(n)
}

fn order(n: u128) -> Id<Order> {
    Id::from_u128(n)
}

fn imsi(n: u128) -> String {
    format!("00101{n:010}")
}

fn identity(n: u128) -> LineIdentity {
    LineIdentity { line: line(n), imsi: imsi(n).parse().unwrap(), msisdn: None }
}

fn terms(megabytes: u64) -> Terms {
    Terms {
        allowance: Allowance::Fixed { bytes: DataVolume::megabytes(megabytes) },
        coverage: ["JP", "CN"].iter().map(|country| country.parse().unwrap()).collect(),
        days: 30,
        start: StartRule::FirstUse,
        activate_within_days: 90,
        renewal: RenewalRule::Add,
        shareable: true,
    }
}

fn credit(n: u128, megabytes: u64) -> Credit {
    Credit { pool: pool(1), order: order(n), line: Some(line(1)), terms: terms(megabytes) }
}

/// A request of line 1 in Japan.
fn request(session: &str, kind: RequestKind, number: u32, used: u64) -> CreditControl {
    let ask = if kind == RequestKind::Terminate { Ask::Nothing } else { Ask::Quota };
    CreditControl {
        gateway: "pgw".to_owned(),
        session: session.to_owned(),
        kind,
        number,
        imsi: Some(imsi(1).parse().unwrap()),
        msisdn: None,
        country: Some("JP".parse().unwrap()),
        services: Few::One(Service { group: Some(1), used, ask }),
    }
}

/// The octets that an answer grants; 0 if none.
fn granted(answer: &Answer) -> u64 {
    let quotas = answer.services.iter().map(|service| match service.quota {
        Quota::Granted(grant) => grant.bytes,
        Quota::None | Quota::Refused(_) | Quota::Slow { .. } => 0,
    });
    quotas.sum()
}

/// What pool 1 says is left.
async fn remaining(charging: &Charging) -> u64 {
    charging.view(pool(1)).await.unwrap().bundles.iter().map(|bundle| bundle.remaining.octets()).sum()
}

async fn used(charging: &Charging) -> u64 {
    charging.view(pool(1)).await.unwrap().bundles.iter().map(|bundle| bundle.used.octets()).sum()
}
