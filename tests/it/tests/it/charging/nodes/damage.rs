//! A log that is damaged is so for every node: what is whole is served on, and an operator repairs the rest.

use super::*;

impl Cluster {
    /// The last row of the shard with the most of them is not what was written.
    async fn damage_the_longest_log(&self) {
        in_tx!(self.shop.db, |tx| {
            sql!(
                "UPDATE charging_log SET payload = payload || payload WHERE (shard, seq) IN \
                 (SELECT shard, seq FROM charging_log ORDER BY seq DESC LIMIT 1)"
            )
            .run(tx)
            .await
        })
        .unwrap();
    }
}

/// Waits for what an answer did not say.
async fn until(is_true: impl AsyncFn() -> bool) {
    let wait = async {
        while !is_true().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(40), wait).await.expect("it never came true");
}

/// No node can serve what is damaged, so none goes out of service for it.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_stay_in_service_with_what_is_whole() {
    let cluster = cluster().await;
    let a = cluster.node("a").await;
    for n in 1..=POOLS {
        a.charging.open_pool(family(n), identity(n)).await.unwrap();
        a.charging.credit(delivery(n, n)).await.unwrap();
    }
    a.charging.credit(delivery(3, 100)).await.unwrap();
    drop(a);
    cluster.damage_the_longest_log().await;
    let (a, b) = (cluster.node("a").await, cluster.node("b").await);
    let named = async || a.charging.faults().len() == 1 && b.charging.faults().len() == 1;
    until(named).await;
    until(async || cluster.shares().await.get("b").is_some_and(|shards| *shards >= 31)).await;
    for node in [&a, &b] {
        node.charging.check().await.unwrap();
        for n in (1..=POOLS).filter(|n| *n != 3) {
            let session = format!("{n} at {}", node.nodes.me().owner);
            accepted(node, asks(n, &session, RequestKind::Initial, 0, 0)).await;
        }
        let asked = Instant::now();
        let refused = [
            node.charging.control(asks(3, "s", RequestKind::Initial, 0, 0)).await.unwrap_err(),
            node.charging.credit(delivery(3, 101)).await.unwrap_err(),
            node.charging.fate(family(3), order(100)).await.unwrap_err(),
        ];
        for problem in refused {
            assert_eq!(problem.kind, basis::Kind::Unavailable);
            let cause = problem.cause.unwrap_or_default();
            assert!(cause.contains("is damaged at seq"), "{cause}");
        }
        assert!(asked.elapsed() < Duration::from_secs(2), "nobody waits for what does not come");
        assert_eq!(node.charging.view(family(3)).await, None);
    }
}

/// A damaged shard is nobody's; an operator repairs it on any node, and one of them takes it without a restart.
#[tokio::test(flavor = "multi_thread")]
async fn a_repaired_shard_is_taken_by_the_nodes_that_run() {
    let cluster = cluster().await;
    let a = cluster.node("a").await;
    a.charging.open_pool(family(1), identity(1)).await.unwrap();
    a.charging.credit(delivery(1, 1)).await.unwrap();
    drop(a);
    cluster.damage_the_longest_log().await;
    let a = cluster.node("a").await;
    let b = cluster.node("b").await;
    let Some(charging::Fault::Damaged { shard, seq, .. }) = a.charging.faults().pop() else {
        panic!("{:?}", a.charging.faults())
    };
    let loss = b.charging.discard_from(charging::ShardId(shard), seq).await.unwrap();
    assert_eq!(loss.unreadable, 1);
    let mended = async {
        while b.charging.credit(delivery(1, 1)).await.is_err() || !a.charging.faults().is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), mended).await.expect("nobody takes it");
    a.charging.shut_down().await;
    b.charging.shut_down().await;
    assert_eq!(cluster.audit().await, [""; 0]);
}
