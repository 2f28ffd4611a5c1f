//! Plans that are bought for a line which moves, and for everyone in a pool.

use basis::{Id, Order, Problem};
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
