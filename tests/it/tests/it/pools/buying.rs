//! Plans that are bought for a line which moves, and for everyone in a pool.

use basis::{Id, Kind, Order, Problem};
use orders::{Intent, OrderState, PlaceInput};
use pools::Role;

use super::house::{House, Person, houses};
use crate::orders::shop::{payer, yuan};

impl House {
    /// Someone buys a plan with money that is in their wallet.
    async fn buy(&self, who: &Person, plan: &str, minor: i64, intent: Intent) -> Result<Id<Order>, Problem> {
        let gift = ledger::NewTransfer::new(
            format!("gift:{}", self.env.new_id::<Order>()),
            ledger::Kind::Goodwill,
            ledger::Book::Goodwill,
            ledger::Book::Wallet(who.account),
            yuan(minor),
        );
        store::in_tx!(self.db, |tx| { ledger::post(tx, &self.env, gift.clone()).await }).unwrap();
        let wish = PlaceInput {
            line: who.line,
            plan: plan.parse().unwrap(),
            price: yuan(minor),
            wallet: yuan(minor),
            pay_with: None,
            intent,
        };
        let key = self.env.new_id::<Order>().to_string();
        orders::place(&self.desk, who.account, &wish, &payer(), &key).await.map(|placed| placed.order)
    }

    /// Lets ten seconds pass, and what falls due in them happen.
    async fn pass(&self) {
        for _ in 0..10 {
            self.work().await;
            self.clock.advance_ms(1000);
        }
    }

    async fn order(&self, id: Id<Order>) -> orders::OrderRecord {
        orders::find(&mut self.db.read().await.unwrap(), id).await.unwrap()
    }
}

#[tokio::test]
async fn an_order_that_is_paid_while_its_line_moves_waits_and_follows() {
    for house in houses().await {
        let (lin, mum) = (house.person("lin").await, house.person("mum").await);
        let family = house.family(&lin).await;
        let token = house.invite(&lin, family, Role::Member).await.unwrap();
        house.accept(&mum, &token).await.unwrap();
        let order = house.buy(&mum, "jp-20gb", 11_800, Intent::Buy).await.unwrap();
        house.pass().await;
        let order = house.order(order).await;
        assert_eq!((order.state, order.pool), (OrderState::Active, Some(family)));
        let own = house.left(family, Some(mum.line)).await;
        assert_eq!(own, 20_000, "her own, in the pool where she is now");
    }
}

#[tokio::test]
async fn what_is_bought_for_everyone_is_everyones() {
    for house in houses().await {
        let (lin, mum) = (house.person("lin").await, house.person("mum").await);
        let alone = house.buy(&lin, "jp-50gb", 23_800, Intent::Share).await.unwrap_err();
        assert_eq!(alone.key, "order-pool-not-shared");
        let family = house.family(&lin).await;
        house.join(&lin, family, &mum, Role::Member).await;
        let own = house.buy(&mum, "jp-20gb", 11_800, Intent::Share).await.unwrap_err();
        assert_eq!(own.key, "order-plan-not-shareable");
        house.buy(&mum, "jp-50gb", 23_800, Intent::Share).await.unwrap();
        house.pass().await;
        assert_eq!(house.left(family, None).await, 50_000);
        assert!(house.uses(lin.line, 1).await > 0);

        pools::leave(&house.desk.pools, mum.account, family, mum.line).await.unwrap();
        house.pass().await;
        let stays = house.left(family, None).await;
        assert!((49_999..=50_000).contains(&stays), "what she bought for everyone stays: {stays}");
    }
}

#[tokio::test]
async fn a_plan_that_replaces_ends_nothing_of_everyones() {
    for house in houses().await {
        let (lin, mum) = (house.person("lin").await, house.person("mum").await);
        let family = house.family(&lin).await;
        house.join(&lin, family, &mum, Role::Member).await;
        house.buy(&lin, "jp-50gb", 23_800, Intent::Share).await.unwrap();
        house.pass().await;
        let order = house.buy(&mum, "jp-30gb", 16_800, Intent::Share).await.unwrap();
        house.pass().await;
        assert_eq!(house.order(order).await.state, OrderState::Active);
        assert_eq!(house.left(family, None).await, 80_000, "both are there for everyone");
    }
}

/// She asks to change her plan, gives it to everyone before the change is there, and has both.
#[tokio::test]
async fn what_was_given_to_everyone_does_not_come_back_by_a_change_of_plan() {
    for house in houses().await {
        let (lin, mum) = (house.person("lin").await, house.person("mum").await);
        let family = house.family(&lin).await;
        house.join(&lin, family, &mum, Role::Member).await;
        let old = house.buy(&mum, "jp-50gb", 23_800, Intent::Buy).await.unwrap();
        house.pass().await;
        let new = house.buy(&mum, "jp-20gb", 11_800, Intent::ChangeNow { old }).await.unwrap();
        house.desk.charging.give(family, old).await.unwrap();
        house.pass().await;
        assert_eq!(house.order(new).await.state, OrderState::Active);
        assert_eq!(house.left(family, None).await, 50_000, "everyone goes on using it");
        let old = house.order(old).await;
        assert_eq!((old.closed_at, old.credit), (None, yuan(0)));
        let conn = &mut house.db.read().await.unwrap();
        let steps = orders::timeline(conn, new).await.unwrap();
        let kept = orders::Happening::Kept { old: old.id };
        assert_eq!(steps.iter().filter(|step| step.happening == kept).count(), 1, "and she is told");
        assert_eq!(orders::audit(conn, &house.desk.carriers).await.unwrap(), []);
    }
}

#[tokio::test]
async fn nothing_is_quoted_while_nobody_sees_what_a_line_has() {
    for house in houses().await {
        let (lin, mum) = (house.person("lin").await, house.person("mum").await);
        let old = house.buy(&mum, "jp-20gb", 11_800, Intent::Buy).await.unwrap();
        house.pass().await;
        let family = house.family(&lin).await;
        let home = house.line(mum.line).await.pool;
        let step = charging::LineMove { id: house.env.new_id(), line: mum.line, from: home, to: family };
        let luggage = house.desk.charging.depart(step).await.unwrap().unwrap();
        let unseen = house.buy(&mum, "jp-30gb", 16_800, Intent::Buy).await.unwrap_err();
        assert_eq!((unseen.kind, unseen.key), (Kind::Unavailable, "order-line-unseen"));
        house.desk.charging.arrive(step, luggage).await.unwrap();
        house.desk.charging.part(step).await.unwrap();
        let back = charging::LineMove { id: house.env.new_id(), from: family, to: home, ..step };
        house.desk.charging.move_line(back).await.unwrap();
        let new = house.buy(&mum, "jp-30gb", 16_800, Intent::Buy).await.unwrap();
        assert_eq!(house.order(new).await.replaces, [old], "named as soon as it is seen");
    }
}

#[tokio::test]
async fn what_is_bought_for_everyone_goes_back_if_its_buyer_has_left_before_it_came() {
    for house in houses().await {
        let (lin, mum) = (house.person("lin").await, house.person("mum").await);
        let family = house.family(&lin).await;
        house.join(&lin, family, &mum, Role::Member).await;
        let order = house.buy(&mum, "jp-50gb", 23_800, Intent::Share).await.unwrap();
        pools::leave(&house.desk.pools, mum.account, family, mum.line).await.unwrap();
        house.pass().await;
        let order = house.order(order).await;
        assert_eq!((order.state, house.left(family, None).await), (OrderState::Refunded, 0));
        assert_eq!(order.refunded.total().unwrap(), yuan(23_800));
    }
}
