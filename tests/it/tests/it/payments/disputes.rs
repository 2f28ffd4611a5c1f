//! Contested payments at the sandbox and at Stripe, on both engines: what a provider says, and what the books do.

use basis::{Account, Currency, Id, Money, Order, Payment};
use ledger::{Book, Kind, NewTransfer};
use payments::{Method, NewPayment, NewRefund, News, PaymentState, Purpose, RefundState};
use paysim::Outcome;
use store::in_tx;

use super::stripe::at_stripe;
use super::{World, in_both};

const PAYER: Id<Account> = Id::from_u128(7);

async fn paid(world: &World, new: NewPayment) -> (Id<Payment>, String) {
    let (payment, there) = world.open(NewPayment { method: Method::Card, ..new }).await;
    let before = world.hooks.lock().unwrap().len();
    world.pay(&there, Outcome::Ok).await;
    world.after_hooks(before + 1).await;
    (payment, there)
}

/// A wallet that was filled with 72.00.
async fn filled(world: &World) -> (Id<Payment>, String) {
    let new = world.order_payment(Id::from_u128(1), 7200);
    paid(world, NewPayment { purpose: Purpose::Wallet, ..new }).await
}

async fn contested(world: &World, there: &str) {
    let before = world.hooks.lock().unwrap().len();
    world.paysim.dispute(there).await.unwrap();
    world.after_hooks(before + 1).await;
}

async fn decided(world: &World, there: &str, won: bool) {
    let before = world.hooks.lock().unwrap().len();
    world.paysim.end_dispute(there, won).await.unwrap();
    world.after_hooks(before + 1).await;
}

async fn in_book(world: &World, book: Book) -> i128 {
    let sums = ledger::balance(&mut world.db.read().await.unwrap(), &book).await.unwrap();
    sums.get(&Currency::CNY).copied().unwrap_or_default()
}

async fn refund(world: &World, payment: Id<Payment>, order: Id<Order>, minor: i64) -> Result<(), String> {
    let new = NewRefund {
        payment,
        capture_ref: None,
        amount: Money::new(minor, Currency::CNY),
        from: Book::Deferred,
        order: Some(order),
        reason: "not delivered".into(),
        request_key: format!("{order}:{minor}"),
    };
    let begun = in_tx!(world.db, |tx| { payments::start_refund(tx, &world.env, new.clone()).await });
    begun.map(drop).map_err(|problem| problem.key.to_owned())
}

/// Half of the top-up is spent when its payer contests it.
async fn a_spent_top_up(world: &World) -> (Id<Payment>, String) {
    let (payment, there) = filled(world).await;
    let order = Id::from_u128(9);
    let spent = NewTransfer::new(
        "spent",
        Kind::WalletSpend,
        Book::Wallet(PAYER),
        Book::Revenue,
        Money::new(3000, Currency::CNY),
    );
    in_tx!(world.db, |tx| { ledger::post(tx, &world.env, spent.clone().order(order)).await }).unwrap();
    contested(world, &there).await;
    assert_eq!(world.state(payment).await, PaymentState::Disputed);
    assert_eq!(world.wallet_minor(PAYER).await, 0, "what is left is frozen, and no wallet is below nothing");
    assert_eq!((in_book(world, Book::Disputed).await, in_book(world, Book::Losses).await), (7200, -3000));
    world.books_agree().await;
    (payment, there)
}

async fn a_top_up_is_contested_and_won(world: World) {
    let (payment, there) = a_spent_top_up(&world).await;
    decided(&world, &there, true).await;
    assert_eq!(world.state(payment).await, PaymentState::Captured);
    assert_eq!(world.wallet_minor(PAYER).await, 4200);
    assert_eq!((in_book(&world, Book::Disputed).await, in_book(&world, Book::Losses).await), (0, 0));
    world.books_agree().await;
}

async fn a_top_up_is_contested_and_lost(world: World) {
    let (payment, there) = a_spent_top_up(&world).await;
    decided(&world, &there, false).await;
    assert_eq!(world.state(payment).await, PaymentState::Disputed);
    assert_eq!(world.wallet_minor(PAYER).await, 0);
    assert_eq!((in_book(&world, Book::Disputed).await, in_book(&world, Book::Losses).await), (0, -3000));
    assert_eq!(in_book(&world, Book::Clearing(world.providers.all().next().unwrap().name().into())).await, 0);
    world.books_agree().await;
}

/// Part is on its way back, unsent, when the payer contests all of it: the refund waits.
async fn a_refund_waits_for_a_dispute(world: World) {
    let order = Id::from_u128(1);
    let (payment, there) = paid(&world, world.order_payment(order, 7200)).await;
    refund(&world, payment, order, 2200).await.unwrap();
    world.paysim.dispute(&there).await.unwrap();
    let named = payments::PaymentRef { payment, provider_ref: world.payment(payment).await.provider_ref };
    let facts = world.providers.all().next().unwrap().query(&named).await.unwrap();
    world.take_in(payment, &facts).await;
    world.after_hooks(2).await;
    assert_eq!(refund(&world, payment, order, 1).await.unwrap_err(), "payments-refund-too-much");
    world.later(1000).await;
    let refunds = || async {
        payments::refunds_of_payment(&mut world.db.read().await.unwrap(), payment).await.unwrap()
    };
    assert_eq!(refunds().await[0].state, RefundState::Queued, "a contested payment is not also refunded");
    assert_eq!(in_book(&world, Book::Disputed).await, 5000);
    world.books_agree().await;
    decided(&world, &there, false).await;
    assert_eq!(refunds().await[0].state, RefundState::Succeeded, "the payer has it back by the dispute");
    assert_eq!(in_book(&world, Book::RefundsPayable).await, 0);
    assert!(world.flags().await.is_empty());
    world.books_agree().await;
}

/// Half went back before: only the rest is contested, and told twice it is frozen once.
async fn what_was_refunded_is_not_contested_again(world: World) {
    let order = Id::from_u128(1);
    let (payment, there) = paid(&world, world.order_payment(order, 7200)).await;
    refund(&world, payment, order, 2200).await.unwrap();
    world.work().await;
    world.after_hooks(2).await;
    assert_eq!(world.state(payment).await, PaymentState::PartlyRefunded);
    contested(&world, &there).await;
    let named = payments::PaymentRef { payment, provider_ref: world.payment(payment).await.provider_ref };
    let early = world.providers.all().next().unwrap().query(&named).await.unwrap();
    world.take_in(payment, &early).await;
    assert_eq!(in_book(&world, Book::Disputed).await, 5000);
    decided(&world, &there, true).await;
    world.take_in(payment, &early).await;
    assert_eq!(in_book(&world, Book::Disputed).await, 0, "an answer from before changes nothing");
    assert_eq!(world.state(payment).await, PaymentState::PartlyRefunded);
    let told = world.told();
    let [News::Captured { .. }, News::Contested { dispute, .. }, News::ContestWon { .. }] = &told[..] else {
        panic!("{told:?}")
    };
    assert_eq!((dispute.amount.minor, dispute.frozen.minor), (5000, 5000));
    world.books_agree().await;
}

macro_rules! at_both {
    ($($story:ident)*) => {
        mod sandbox {
            $(#[tokio::test(flavor = "multi_thread")] async fn $story() { super::in_both(super::$story).await; })*
        }
        mod stripe {
            $(#[tokio::test(flavor = "multi_thread")] async fn $story() { super::at_stripe(super::$story).await; })*
        }
    };
}

at_both! {
    a_top_up_is_contested_and_won
    a_top_up_is_contested_and_lost
    a_refund_waits_for_a_dispute
    what_was_refunded_is_not_contested_again
}
