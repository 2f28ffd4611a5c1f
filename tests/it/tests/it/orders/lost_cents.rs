//! Money that came by one provider, lay in a wallet, paid for an order and went back: each cent of it is found again, and a
//! cent that is not where it should be is named.

use basis::{Id, MINUTE_MS, Order, Payment};
use ledger::{Book, Kind, NewTransfer};
use orders::OrderState;
use payments::{Method, TopUp};
use store::{in_tx, sql};

use super::carrier::Fault;
use super::shop::{Shop, shops, yuan};

impl Shop {
    /// Fills the wallet at the bank, which captures `minor` instead of 100 yuan.
    pub(super) async fn fill(&self, key: &str, minor: i64) -> Id<Payment> {
        let wish = TopUp {
            account: self.buyer,
            amount: yuan(10_000),
            method: Method::Card,
            description: "Wallet".to_owned(),
            language: basis::Language::En,
            return_url: "https://shop.example/wallet".to_owned(),
            payer: super::shop::AT_DESK,
            request_key: key.to_owned(),
        };
        let opened = payments::top_up(&self.db, &self.env, &self.desk.providers, wish).await.unwrap().0;
        self.bank.pay(opened.id, yuan(minor));
        self.hook(key, opened.id).await;
        self.work().await;
        opened.id
    }

    /// An order of which 46 yuan come out of the wallet and 72 from the bank.
    async fn mixed(&self) -> (Id<Order>, Id<Payment>) {
        let (order, payment) = self.order(4_600).await;
        self.bank.pay(payment, yuan(7_200));
        self.hook(&format!("evt-{payment}"), payment).await;
        self.work().await;
        (order, payment)
    }

    async fn move_money(&self, new: NewTransfer) {
        in_tx!(self.db, |tx| { ledger::post(tx, &self.env, new.clone()).await }).unwrap();
    }

    /// The same, not delivered: 46 yuan are in the wallet again, 72 at their source.
    async fn mixed_and_back(&self) -> (Id<Order>, Id<Payment>) {
        self.wire.breaks(Fault::Refuses);
        let (order, payment) = self.mixed().await;
        self.pass(12 * MINUTE_MS).await;
        self.wire.breaks(Fault::None);
        assert_eq!((self.state(order).await, self.bank.kept(payment)), (OrderState::Refunded, 0));
        (order, payment)
    }

    async fn is_said(&self, what: &str) {
        let found = self.complaints().await;
        assert!(found.iter().any(|said| said.contains(what)), "{what}: {found:#?}");
    }
}

#[tokio::test]
async fn what_lay_in_a_wallet_is_traced_to_the_cent() {
    for shop in shops().await {
        shop.fill("top-up", 10_000).await;
        shop.mixed_and_back().await;
        let (order, _) = shop.mixed().await;
        assert_eq!((shop.state(order).await, shop.wallet().await), (OrderState::Active, 5_400));
        assert_eq!(shop.complaints().await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_cent_set_aside_for_one_payer_does_not_go_to_another_or_to_us() {
    for shop in shops().await {
        let one = shop.fill("one", 9_999).await;
        shop.fill("another", 9_998).await;
        assert_eq!(shop.complaints().await, Vec::<String>::new());
        let taken = |name: &str, to: Book, minor| {
            NewTransfer::new(name, Kind::Correction, Book::Suspense, to, yuan(minor))
        };
        shop.move_money(taken("ours", Book::Revenue, 1)).await;
        shop.is_said("revenue CNY: 1 for no order and no payment").await;
        shop.move_money(taken("too-much", Book::RefundsPayable, 10_000).payment(one)).await;
        shop.is_said(&format!("{one}: suspense CNY below nothing: -1")).await;
    }
}

/// Each provider's sums agree with the payments', every order's sum is even, and yet 72 yuan left by the wrong door.
#[tokio::test]
async fn what_came_by_one_provider_does_not_go_back_by_another() {
    for shop in shops().await {
        shop.fill("top-up", 10_000).await;
        let (order, payment) = shop.mixed_and_back().await;
        let (_, other) = shop.mixed().await;
        assert_eq!(shop.complaints().await, Vec::<String>::new());
        in_tx!(shop.db, |tx| {
            for statement in [
                sql!("UPDATE payment SET provider = 'other' WHERE id = $1").bind(other),
                sql!("UPDATE payment_capture SET provider = 'other' WHERE payment_id = $1").bind(other),
                sql!(
                    "UPDATE ledger_transfer SET debit = 'clearing:other', \
                     reference = replace(reference, 'capture:bank:', 'capture:other:') \
                     WHERE payment_id = $1 AND kind = 'capture'"
                )
                .bind(other),
                sql!("UPDATE payment_refund SET provider = 'other' WHERE payment_id = $1").bind(payment),
                sql!(
                    "UPDATE ledger_transfer SET credit = 'clearing:other' \
                     WHERE payment_id = $1 AND kind = 'refund_sent'"
                )
                .bind(payment),
            ] {
                assert!(statement.run(tx).await? > 0);
            }
            Ok(())
        })
        .unwrap();
        let named = format!("{order}: clearing:other CNY gave back more than came: 7200");
        assert_eq!(shop.complaints().await, [named]);
    }
}

#[tokio::test]
async fn a_refund_whose_cents_are_not_booked_as_they_went_is_named() {
    for shop in shops().await {
        shop.fill("top-up", 10_000).await;
        let (_, payment) = shop.mixed_and_back().await;
        let refunds =
            payments::refunds_of_payment(&mut shop.db.read().await.unwrap(), payment).await.unwrap();
        let refund = refunds[0].id;
        for (reference, what) in [
            (format!("refund:{refund}:sent"), "booked as sent otherwise than it stands"),
            (format!("refund:{refund}:due"), "it was not set aside as it stands"),
        ] {
            in_tx!(shop.db, |tx| {
                sql!("UPDATE ledger_transfer SET amount_minor = amount_minor - 1 WHERE reference = $1")
                    .bind(reference.as_str())
                    .run(tx)
                    .await
            })
            .unwrap();
            shop.is_said(what).await;
        }
    }
}

#[tokio::test]
async fn what_went_back_to_a_strangers_wallet_is_named() {
    for shop in shops().await {
        shop.fill("top-up", 10_000).await;
        let (order, _) = shop.mixed_and_back().await;
        let stranger: Id<basis::Account> = shop.env.new_id();
        in_tx!(shop.db, |tx| {
            sql!("UPDATE ledger_transfer SET credit = $2 WHERE order_id = $1 AND kind = 'wallet_refund'")
                .bind(order)
                .bind(Book::Wallet(stranger).to_string())
                .run(tx)
                .await
        })
        .unwrap();
        shop.is_said(&format!("{order}: refunded: paid from or returned to another's wallet")).await;
    }
}
