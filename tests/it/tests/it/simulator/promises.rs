//! What automatic renewals promise, by the providers' books and by what people say that they agreed to.

use std::collections::{BTreeMap, BTreeSet};

use basis::{Account, DAY_MS, Id, Line, Order, Timestamp};
use payments::Purpose;
use renewals::PURCHASES_MAX;
use store::sql;

use super::world::World;
use crate::payments::kept::name_there;

/// One charge of a kept method without its payer.
struct Charge {
    account: Id<Account>,
    line: Id<Line>,
    /// The bundle whose end it is for.
    end: Id<Order>,
    /// The method's name at the provider.
    method: String,
    at: Timestamp,
    captured: bool,
    /// What was taken stayed with us.
    kept: bool,
    refused_for_good: bool,
}

impl World {
    pub(super) async fn promises_are_kept(&mut self) {
        let charges = self.charges().await;
        self.count(&charges).await;
        at_most_five_a_day(&charges);
        once_for_each_end(&charges);
        for charge in &charges {
            self.was_agreed_to(charge);
            self.was_not_removed(charge);
            self.was_not_refused_for_good(charge, &charges);
        }
        self.what_is_kept_is_kept_on_both_sides().await;
    }

    /// Every charge of a kept method that stands in the providers' books, the oldest first.
    async fn charges(&self) -> Vec<Charge> {
        let mut conn = self.life.db.read().await.unwrap();
        let mut charges = Vec::new();
        for payment in self.paysim.payments().await {
            let Some(method) = payment.charged.clone() else { continue };
            let ours = payments::find(&mut conn, payment.reference.parse().unwrap()).await.unwrap();
            let Purpose::Order(order) = ours.purpose else {
                panic!("a wallet is filled by nobody: {ours:#?}")
            };
            let end = sql!("SELECT line_id, bundle_id FROM renewal_order WHERE order_id = $1").bind(order);
            let end = end.one(&mut conn).await.unwrap();
            charges.push(Charge {
                account: ours.account,
                line: end.get("line_id").unwrap(),
                end: end.get("bundle_id").unwrap(),
                method,
                at: payment.created_at,
                captured: !payment.captures.is_empty(),
                kept: taken_minor(&payment) > 0,
                refused_for_good: payment.decline_code.as_deref() == Some("stolen_card"),
            });
        }
        charges.sort_by_key(|charge| charge.at);
        charges
    }

    /// What was agreed to for the line at this moment was not taken back.
    fn was_agreed_to(&self, charge: &Charge) {
        let last = |moments: &[(Id<Line>, Timestamp)], before: Timestamp| {
            moments.iter().filter(|(line, at)| *line == charge.line && *at <= before).map(|(_, at)| *at).max()
        };
        let taken_back = last(&self.diary.taken_back, charge.at.plus_ms(-1));
        let agreed = last(&self.diary.agreed, charge.at);
        assert!(agreed > taken_back, "charged at {:?}, taken back at {taken_back:?}", charge.at);
    }

    fn was_not_removed(&self, charge: &Charge) {
        let removed =
            self.diary.removed.iter().find(|(method, at)| *method == charge.method && *at < charge.at);
        assert!(removed.is_none(), "{} was charged at {:?}, removed {removed:?}", charge.method, charge.at);
    }

    /// A method that was refused for good is not charged again before its owner has named it anew.
    fn was_not_refused_for_good(&self, charge: &Charge, charges: &[Charge]) {
        let refused = charges.iter().filter(|one| one.refused_for_good && one.method == charge.method);
        let Some(refused) = refused.filter(|one| one.at < charge.at).map(|one| one.at).max() else { return };
        let named = |(method, at): &(String, Timestamp)| {
            *method == charge.method && (refused..=charge.at).contains(at)
        };
        let is_named = self.diary.named.iter().any(named);
        assert!(is_named, "{} was refused at {refused:?}, charged at {:?}", charge.method, charge.at);
    }

    /// What nothing rests on any more, its provider has let go of; what is kept for later, it still has.
    async fn what_is_kept_is_kept_on_both_sides(&mut self) {
        let mut ours = BTreeSet::new();
        for buyer in self.buyers.clone() {
            ours.extend(self.kept_of(&buyer).await.iter().map(name_there));
        }
        let theirs: Vec<_> =
            self.paysim.payments().await.into_iter().filter_map(|payment| payment.saved).collect();
        let (gone, kept): (Vec<_>, Vec<_>) = theirs.into_iter().partition(|saved| saved.forgotten);
        let kept: BTreeSet<_> = kept.into_iter().map(|saved| saved.id).collect();
        assert_eq!(kept, ours, "kept there and here");
        for (method, _) in &self.diary.removed {
            assert!(!kept.contains(method), "{method} was removed");
        }
        self.tally.forgotten += u64::try_from(gone.len()).unwrap();
    }

    async fn count(&mut self, charges: &[Charge]) {
        let all = self.paysim.payments().await;
        let declined = |code| {
            all.iter()
                .filter(|one| one.charged.is_some() && one.decline_code.as_deref() == Some(code))
                .count()
        };
        let counted = |some: usize| u64::try_from(some).unwrap();
        self.tally.charged += counted(charges.iter().filter(|charge| charge.captured).count());
        self.tally.refused += counted(declined("insufficient_funds"));
        self.tally.refused_for_good += counted(declined("stolen_card"));
        self.tally.bank_wants_payer += counted(all.iter().filter(|one| one.act_url.is_some()).count());
        let mut conn = self.life.db.read().await.unwrap();
        let asked = self.door.mailed().iter().filter(|mail| mail.contains("renewals-mail-ask-body")).count();
        self.tally.asked += counted(asked);
        let stopped = sql!("SELECT id FROM renewal WHERE reason = 'too_many'").all(&mut conn).await.unwrap();
        self.tally.too_many += counted(stopped.len());
    }
}

/// Of one account, money was taken at most five times within any 24 hours.
fn at_most_five_a_day(charges: &[Charge]) {
    let mut taken: BTreeMap<Id<Account>, Vec<Timestamp>> = BTreeMap::new();
    for charge in charges.iter().filter(|charge| charge.captured) {
        taken.entry(charge.account).or_default().push(charge.at);
    }
    for (account, times) in taken {
        for days in times.windows(PURCHASES_MAX + 1) {
            let apart = days.last().unwrap().since(days[0]);
            assert!(apart >= DAY_MS, "{account} was charged {} times in {apart} ms", days.len());
        }
    }
}

/// What a provider took for a payment and did not give back.
fn taken_minor(payment: &paysim::Payment) -> i64 {
    let captured = payment.captures.iter().map(|capture| capture.amount.minor);
    let back = payment.refunds.iter().filter(|refund| refund.status == paysim::RefundStatus::Succeeded);
    captured.sum::<i64>() - back.map(|refund| refund.amount.minor).sum::<i64>()
}

/// No end of a bundle was paid for twice: whoever agrees anew while an order that was called off is still being charged gets
/// that money back.
fn once_for_each_end(charges: &[Charge]) {
    let mut ends = BTreeSet::new();
    for charge in charges.iter().filter(|charge| charge.kept) {
        assert!(ends.insert((charge.line, charge.end)), "{} was renewed twice", charge.end);
    }
}
