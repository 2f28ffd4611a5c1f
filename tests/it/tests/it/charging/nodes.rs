//! Several nodes on one PostgreSQL: whoever is asked, the one who has the pool decides, and when it dies another does.

mod damage;

use std::collections::BTreeMap;
use std::time::Duration;

use ::nodes::{Joining, Nodes};
use basis::SecretKey;
use charging::{Fate, LineMove, PoolChanged, Reason, VoidAnswer};
use store::{in_tx, sql};
use tokio::time::Instant;

use super::*;

/// The data that the nodes share.
pub(super) struct Cluster {
    shop: TestDb,
    pub(super) env: Env,
}

/// One process among others.
pub(super) struct Node {
    nodes: Nodes,
    pub(super) charging: Charging,
}

pub(super) const POOLS: u128 = 16;

pub(super) async fn cluster() -> Cluster {
    let env = Env::system();
    let tables = [charging::MIGRATIONS, charging::LOG_MIGRATIONS, ::nodes::MIGRATIONS];
    Cluster { shop: store::testing::postgres(&tables, &env).await, env }
}

impl Cluster {
    async fn node(&self, name: &str) -> Node {
        let log = Db::open(&self.shop.url, &self.env).await.unwrap();
        let joining = Joining {
            name: name.to_owned(),
            listen: "127.0.0.1:0".parse().unwrap(),
            address: String::new(),
            secret: SecretKey::new([7; 32]),
            serves: true,
        };
        let nodes = Nodes::join(&log, &self.env, joining).await.unwrap();
        let opening = Opening { log: log.clone(), shop: self.shop.db.clone(), node: String::new() };
        let charging = Charging::open_among(opening, &nodes, &self.env).await.unwrap();
        Node { nodes, charging }
    }

    /// How many shards each node has.
    async fn shares(&self) -> BTreeMap<String, i64> {
        let rows = sql!("SELECT node, COUNT(*) AS shards FROM charging_shard GROUP BY node")
            .all(&mut self.shop.read().await.unwrap())
            .await
            .unwrap();
        let name = |owner: String| owner.split(':').next().unwrap_or_default().to_owned();
        rows.iter().map(|row| (name(row.get("node").unwrap()), row.get("shards").unwrap())).collect()
    }

    async fn until_shares(&self, wanted: &[(&str, i64)]) {
        let wanted = wanted.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        let there = async {
            while self.shares().await != wanted {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let shared = tokio::time::timeout(Duration::from_secs(40), there).await;
        assert!(shared.is_ok(), "{:?}, not {wanted:?}", self.shares().await);
    }

    /// Two nodes with their shares, and lines in pools of every shard's.
    pub(super) async fn two(&self) -> (Node, Node) {
        let a = self.node("a").await;
        let b = self.node("b").await;
        self.until_shares(&[("a", 32), ("b", 32)]).await;
        for n in 1..=POOLS {
            let (one, other) = if n % 2 == 0 { (&a, &b) } else { (&b, &a) };
            one.charging.open_pool(family(n), identity(n)).await.unwrap();
            other.charging.credit(delivery(n, n)).await.unwrap();
        }
        (a, b)
    }

    async fn audit(&self) -> Vec<String> {
        charging::audit(&self.shop.db, &self.shop.db).await.unwrap()
    }
}

/// A pool that is somewhere among the shards.
pub(super) fn family(n: u128) -> Id<Pool> {
    pool(n * 5 + 1)
}

pub(super) fn delivery(n: u128, bought: u128) -> Credit {
    Credit { pool: family(n), order: order(bought), line: Some(line(n)), terms: terms(100) }
}

fn asks(n: u128, session: &str, kind: RequestKind, number: u32, used: u64) -> CreditControl {
    CreditControl { imsi: Some(imsi(n).parse().unwrap()), ..request(session, kind, number, used) }
}

async fn used_of(charging: &Charging, n: u128) -> u64 {
    let view = charging.view(family(n)).await.unwrap();
    view.bundles.iter().map(|bundle| bundle.used.octets()).sum()
}

/// A gateway's request that must be understood, whoever hears it.
async fn accepted(node: &Node, asked: CreditControl) -> Answer {
    let answer = node.charging.control(asked.clone()).await.unwrap();
    assert_eq!(answer.verdict, charging::Verdict::Accepted, "{asked:?}");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_is_served_on_every_node() {
    let cluster = cluster().await;
    let (a, b) = cluster.two().await;
    let mut heard = [a.charging.changes(), b.charging.changes()];
    for n in 1..=POOLS {
        let session = format!("s{n}");
        let first = accepted(&a, asks(n, &session, RequestKind::Initial, 0, 0)).await;
        assert!(granted(&first) > 0, "{first:?}");
        // A late report names no line, and comes by the other node.
        let report = CreditControl { imsi: None, ..asks(n, &session, RequestKind::Update, 1, MB) };
        let answer = b.charging.control(report.clone()).await.unwrap();
        assert_eq!(a.charging.control(report).await.unwrap(), answer, "a repeat by another way");
        for changes in &mut heard {
            let is_it = |change: PoolChanged| change.pool == family(n);
            while !is_it(tokio::time::timeout(Duration::from_secs(1), changes.recv()).await.unwrap().unwrap())
            {
            }
        }
        assert_eq!([used_of(&a.charging, n).await, used_of(&b.charging, n).await], [MB; 2]);
    }
    let stranger = a.charging.control(asks(99, "x", RequestKind::Initial, 0, 0)).await.unwrap();
    assert_eq!(stranger.verdict, charging::Verdict::UnknownLine);
    assert_eq!(
        a.charging.open_pool(family(2), identity(1)).await.unwrap_err().key,
        "charging-line-elsewhere"
    );
    a.charging.shut_down().await;
    b.charging.shut_down().await;
    assert_eq!(cluster.audit().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_credit_and_void_the_first_wins_whichever_node_heard_it() {
    let cluster = cluster().await;
    let (a, b) = cluster.two().await;
    for n in 1..=POOLS {
        assert_eq!(b.charging.credit(delivery(n, n)).await.unwrap(), charging::CreditAnswer::AlreadyCredited);
        assert_eq!(a.charging.void(family(n), order(n)).await.unwrap(), VoidAnswer::Credited);
        assert_eq!(a.charging.void(family(n), order(100 + n)).await.unwrap(), VoidAnswer::Voided);
        assert_eq!(b.charging.fate(family(n), order(100 + n)).await.unwrap(), Fate::Voided);
        assert_eq!(b.charging.credit(delivery(n, 100 + n)).await.unwrap(), charging::CreditAnswer::Voided);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_is_told_by_the_node_that_it_is_connected_to() {
    let cluster = cluster().await;
    let (a, b) = cluster.two().await;
    for n in 1..=4 {
        // It uses up what there is, so that more is good news.
        let name = format!("s{n}");
        a.charging.control(asks(n, &name, RequestKind::Initial, 0, 0)).await.unwrap();
        a.charging.control(asks(n, &name, RequestKind::Update, 1, 100 * MB)).await.unwrap();
        let mut hints = [a.charging.hints(), b.charging.hints()];
        b.charging.credit(delivery(n, 200 + n)).await.unwrap();
        for hints in &mut hints {
            let hint = tokio::time::timeout(Duration::from_secs(1), hints.recv()).await.unwrap().unwrap();
            let session = charging::session_key("pgw", &name);
            assert_eq!(hint, charging::Hint::ReAuth { session, reason: Reason::Credited });
        }
        a.charging.control(asks(n, &name, RequestKind::Terminate, 2, 0)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_moves_between_pools_of_two_nodes() {
    let cluster = cluster().await;
    let (a, b) = cluster.two().await;
    for n in 1..=POOLS {
        accepted(&a, asks(n, &format!("s{n}"), RequestKind::Initial, 0, 0)).await;
        let to = pool(1000 + n * 3);
        let step = LineMove { id: Id::from_u128(500 + n), line: line(n), from: family(n), to };
        let mover = if n % 2 == 0 { &a } else { &b };
        mover.charging.move_line(step).await.unwrap();
        let late = CreditControl { imsi: None, ..asks(n, &format!("s{n}"), RequestKind::Update, 1, MB) };
        let answer = b.charging.control(late.clone()).await.unwrap();
        assert_eq!(answer.verdict, charging::Verdict::Terminated, "line {n}");
        assert_eq!(a.charging.control(late).await.unwrap(), answer);
        let view = a.charging.view(to).await.unwrap();
        assert_eq!(view.bundles.iter().map(|bundle| bundle.used.octets()).sum::<u64>(), MB);
        assert_eq!(b.charging.credit(delivery(n, n)).await.unwrap(), charging::CreditAnswer::AlreadyCredited);
    }
    a.charging.shut_down().await;
    b.charging.shut_down().await;
    assert_eq!(cluster.audit().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_death_is_made_good_within_ten_seconds() {
    let cluster = cluster().await;
    let (a, b) = cluster.two().await;
    for n in 1..=POOLS {
        accepted(&a, asks(n, &format!("s{n}"), RequestKind::Initial, 0, 0)).await;
    }
    drop(a);
    let death = Instant::now();
    for n in 1..=POOLS {
        let report = asks(n, &format!("s{n}"), RequestKind::Update, 1, MB);
        loop {
            match b.charging.control(report.clone()).await {
                Ok(answer) => break assert_eq!(answer.verdict, charging::Verdict::Accepted, "line {n}"),
                Err(why) => assert!(death.elapsed() < Duration::from_secs(10), "line {n}: {why}"),
            }
        }
    }
    println!("all lines are served {:?} after the death", death.elapsed());
    cluster.until_shares(&[("b", 64)]).await;
    assert!(death.elapsed() < Duration::from_secs(10), "{:?}", death.elapsed());
    for n in 1..=POOLS {
        assert_eq!(used_of(&b.charging, n).await, MB, "nothing lost, nothing twice");
    }
    b.charging.shut_down().await;
    assert_eq!(cluster.audit().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_starts_anew_has_its_shards_at_once() {
    let cluster = cluster().await;
    drop(cluster.node("a").await);
    let a = cluster.node("a").await;
    assert_eq!(cluster.shares().await, BTreeMap::from([("a".to_owned(), 64)]));
    a.charging.open_pool(family(1), identity(1)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_goes_in_good_order_leaves_its_shards_to_the_others() {
    let cluster = cluster().await;
    let (a, b) = cluster.two().await;
    let going = Instant::now();
    let leaves = tokio::spawn({
        let a = a.charging.clone();
        async move { a.shut_down().await }
    });
    let mut took = Vec::new();
    for number in 0.. {
        let kind = if number == 0 { RequestKind::Initial } else { RequestKind::Update };
        for n in 1..=POOLS {
            let asked = Instant::now();
            accepted(&b, asks(n, &format!("s{n}"), kind, number, 0)).await;
            took.push(asked.elapsed());
        }
        if leaves.is_finished() {
            break;
        }
    }
    took.sort_unstable();
    let at = |per_mille: usize| took[(took.len() - 1) * per_mille / 1000];
    println!(
        "{} requests while 32 shards change hands: {:?}, 99 % {:?}, at most {:?}",
        took.len(),
        at(500),
        at(990),
        at(1000)
    );
    a.nodes.leave().await.unwrap();
    cluster.until_shares(&[("b", 64)]).await;
    assert!(going.elapsed() < Duration::from_secs(6), "nobody waits for a death: {:?}", going.elapsed());
}

impl Cluster {
    /// Somebody who does not ask, as a node that slept and another that thought it dead.
    async fn intruder(&self) -> Charging {
        let log = Db::open(&self.shop.url, &self.env).await.unwrap();
        let opening = Opening { log, shop: self.shop.db.clone(), node: "intruder".to_owned() };
        Charging::open(opening, &self.env).await.unwrap()
    }
}

/// A denial writes nothing that the fence could refuse.
#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_was_overtaken_does_not_deny_what_happened_since() {
    let cluster = cluster().await;
    let a = cluster.node("a").await;
    a.charging.open_pool(family(1), identity(1)).await.unwrap();
    a.charging.credit(delivery(1, 1)).await.unwrap();
    // It cannot look at who lives, as if it slept.
    let asleep = Db::open(&cluster.shop.url, &cluster.env).await.unwrap();
    let mut asleep = asleep.read().await.unwrap();
    for statement in ["BEGIN", "LOCK TABLE node IN ACCESS EXCLUSIVE MODE"] {
        store::Query::new(statement).run(&mut asleep).await.unwrap();
    }
    let intruder = cluster.intruder().await;
    intruder.credit(delivery(1, 2)).await.unwrap();
    let closed = a.charging.close(family(1), order(2)).await.unwrap();
    assert_eq!(closed.unused_bytes, 100 * MB);
    // The same with a session of which it has not heard, and a report that names no line.
    let intruder = cluster.intruder().await;
    intruder.control(asks(1, "s", RequestKind::Initial, 0, 0)).await.unwrap();
    accepted(&a, CreditControl { imsi: None, ..asks(1, "s", RequestKind::Update, 1, MB) }).await;
    assert_eq!(used_of(&a.charging, 1).await, MB);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_was_overtaken_gives_up_and_takes_only_what_is_free() {
    let cluster = cluster().await;
    let a = cluster.node("a").await;
    a.charging.open_pool(family(1), identity(1)).await.unwrap();
    a.charging.credit(delivery(1, 1)).await.unwrap();
    a.charging.control(asks(1, "s", RequestKind::Initial, 0, 0)).await.unwrap();
    let intruder = cluster.intruder().await;
    // It has lost the shard, sees that its owner is no living node, and takes it back.
    let report = asks(1, "s", RequestKind::Update, 1, MB);
    let answer = a.charging.control(report.clone()).await.unwrap();
    assert_eq!(a.charging.control(report).await.unwrap(), answer);
    assert_eq!(used_of(&a.charging, 1).await, MB);
    assert!(intruder.control(asks(1, "s", RequestKind::Update, 2, MB)).await.is_err(), "the fence holds");
    assert_eq!(used_of(&a.charging, 1).await, MB);
    assert_eq!(a.charging.faults().len(), 0, "{:?}", a.charging.faults());
}

/// Nodes come, go and die while gateways report; each report is repeated, by any node, until it is answered.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_and_nothing_counted_twice_while_owners_change() {
    let cluster = cluster().await;
    let (a, b) = cluster.two().await;
    let alive = Arc::new(tokio::sync::RwLock::new(vec![a.charging.clone(), b.charging.clone()]));
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let gateways: Vec<_> =
        (1..=POOLS).map(|n| tokio::spawn(report(n, alive.clone(), stopped.clone()))).collect();
    // One more comes, one goes in good order, one dies.
    let c = cluster.node("c").await;
    alive.write().await.push(c.charging.clone());
    while cluster.shares().await.get("c").is_none_or(|shards| *shards < 21) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    alive.write().await.remove(0);
    a.charging.shut_down().await;
    a.nodes.leave().await.unwrap();
    drop(a);
    tokio::time::sleep(Duration::from_secs(1)).await;
    alive.write().await.remove(0);
    drop(b);
    cluster.until_shares(&[("c", 64)]).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    stop.send_replace(true);
    let mut reported = 0;
    for (n, gateway) in (1..).zip(gateways) {
        let octets = gateway.await.unwrap();
        assert_eq!(used_of(&c.charging, n).await, octets, "line {n}");
        reported += octets;
    }
    assert!(reported > 1_000_000, "{reported}");
    c.charging.shut_down().await;
    assert_eq!(cluster.audit().await, [""; 0]);
}

/// One subscriber's session until `stop`; what was acknowledged, in octets.
async fn report(
    n: u128,
    alive: Arc<tokio::sync::RwLock<Vec<Charging>>>,
    stop: tokio::sync::watch::Receiver<bool>,
) -> u64 {
    const OCTETS: u64 = 1000;
    let session = format!("s{n}");
    let mut acknowledged = 0;
    for number in 0_u32.. {
        let kind = if number == 0 { RequestKind::Initial } else { RequestKind::Update };
        let used = if number == 0 { 0 } else { OCTETS };
        for turn in 0_usize.. {
            let node = {
                let alive = alive.read().await;
                alive[(turn + usize::try_from(number).unwrap()) % alive.len()].clone()
            };
            match node.control(asks(n, &session, kind, number, used)).await {
                Ok(answer) => {
                    assert_eq!(answer.verdict, charging::Verdict::Accepted, "line {n}, number {number}");
                    break;
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
        acknowledged += used;
        if *stop.borrow() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    acknowledged
}
