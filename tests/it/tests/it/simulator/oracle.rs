//! What must hold once everything has come to rest, by the providers' own books.

use std::collections::BTreeMap;

use basis::{Currency, Id, Order, Timestamp};
use charging::BundleState;
use orders::OrderState;
use paysim::BookLine;

use super::buyers::Buyer;
use super::world::World;

impl World {
    /// Compares our books with theirs.
    pub(super) async fn judge(&mut self) {
        self.audits_find_nothing().await;
        let theirs = self.paysim.books().await.payments;
        self.clearing_is_what_they_have(&theirs).await;
        for buyer in self.buyers.clone() {
            for order in self.orders_of(&buyer).await {
                self.judge_order(&buyer, order.id, &theirs).await;
            }
        }
        self.promises_are_kept().await;
        self.tally.captured += u64::try_from(theirs.iter().map(|line| line.captures).sum::<usize>()).unwrap();
        self.tally.messages += u64::try_from(self.door.heard().len()).unwrap();
    }

    /// What the providers keep is what we say that they keep, and who paid has what was paid for.
    async fn judge_order(&mut self, buyer: &Buyer, order: Id<Order>, theirs: &[BookLine]) {
        let mut conn = self.life.db.read().await.unwrap();
        let record = orders::find(&mut conn, order).await.unwrap();
        let mut kept = 0;
        for payment in payments::of_order(&mut conn, order).await.unwrap() {
            let reference = payment.id.to_string();
            let lines = theirs.iter().filter(|line| line.reference == reference);
            kept += lines.map(|line| line.captured_minor - line.refunded_minor).sum::<i64>();
        }
        let money = ledger::per_order(&mut conn, order, record.price.currency).await.unwrap();
        let ours = money.funded.minor - money.from_wallet.minor - money.returned_to_source.minor;
        assert_eq!(kept, ours, "{order}: the providers keep {kept}, our books say {ours}: {money:?}");
        let open = [money.held, money.deferred, money.returning].map(|part| part.minor);
        assert_eq!(open, [0, 0, 0], "{order}: {money:?}");
        let pool = self.life.desk.charging.view(buyer.line.pool).await.unwrap();
        let bundle = pool.bundles.iter().find(|bundle| bundle.bundle == order);
        match record.state {
            OrderState::Active => {
                self.tally.delivered += 1;
                assert!(bundle.is_some(), "{order}: paid and not delivered");
            }
            OrderState::Refunded => {
                self.tally.refunded += 1;
                let usable = |state| matches!(state, BundleState::Waiting | BundleState::Active);
                assert!(!bundle.is_some_and(|b| usable(b.state)), "{order}: refunded and delivered");
            }
            OrderState::Expired => assert_eq!(kept, 0, "{order}: expired and paid: {money:?}"),
            other => {
                let story = orders::timeline(&mut conn, order).await.unwrap();
                panic!("{order} rests in {other}: {money:?} {story:#?}");
            }
        }
    }

    async fn audits_find_nothing(&self) {
        let mut conn = self.life.db.read().await.unwrap();
        let mut found = ledger::audit(&mut conn).await.unwrap();
        found.extend(payments::audit(&mut conn).await.unwrap());
        found.extend(orders::audit(&mut conn, &self.life.desk.carriers).await.unwrap());
        found.extend(renewals::audit(&mut conn).await.unwrap());
        found.extend(receipts::audit(&mut conn).await.unwrap());
        found.extend(support::audit(&mut conn).await.unwrap());
        assert!(found.is_empty(), "{found:#?}");
        let (providers, now) = (&self.life.desk.providers, self.life.desk.env.now());
        let differences = payments::reconcile(&self.life.db, providers, Timestamp(0), now).await.unwrap();
        assert!(differences.is_empty(), "{differences:#?}");
        let cases = support::list(&mut conn, 100).await.unwrap();
        assert!(cases.is_empty(), "what no operator could end: {cases:#?}");
        let jobs = store::jobs::list(&mut conn, 100).await.unwrap();
        // Lines were opened without that job.
        let dead: Vec<_> =
            jobs.iter().filter(|job| job.state == "dead" && job.kind != cards::LINE_OPEN).collect();
        assert!(dead.is_empty(), "jobs that gave up: {dead:#?}");
    }

    /// Per provider and money: all that came and went, to the cent.
    async fn clearing_is_what_they_have(&self, theirs: &[BookLine]) {
        self.every_capture_is_known(theirs).await;
        let mut sums: BTreeMap<(String, Currency), (i64, i64)> = BTreeMap::new();
        for line in theirs.iter().filter(|line| line.captures > 0) {
            let sum = sums.entry((line.face.clone(), line.currency)).or_default();
            sum.0 += line.captured_minor;
            sum.1 += line.refunded_minor;
        }
        let mut conn = self.life.db.read().await.unwrap();
        let ours = ledger::provider_totals(&mut conn).await.unwrap();
        let ours: BTreeMap<_, _> = ours
            .into_iter()
            .map(|(key, total)| (key, (total.captured.minor, total.returned.minor)))
            .collect();
        assert_eq!(ours, sums, "captured and returned, ours and theirs");
    }

    /// Payment by payment: what each provider took is what we know of. A payment has a line for each of its tries there.
    async fn every_capture_is_known(&self, theirs: &[BookLine]) {
        let mut taken: BTreeMap<&str, i64> = BTreeMap::new();
        for line in theirs {
            *taken.entry(&line.reference).or_default() += line.captured_minor;
        }
        let mut conn = self.life.db.read().await.unwrap();
        for (payment, taken) in taken {
            let captures = payments::captures(&mut conn, payment.parse().unwrap()).await.unwrap();
            let ours: i64 = captures.iter().map(|capture| capture.amount.minor).sum();
            assert_eq!(ours, taken, "{payment}: {captures:#?}");
        }
    }
}
