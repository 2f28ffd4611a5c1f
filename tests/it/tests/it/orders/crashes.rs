//! The process dies between any two steps, and the next one goes on.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use basis::MINUTE_MS;
use orders::OrderState;

use super::carrier::Fault;
use super::shop::{Shop, shops, yuan};

/// Polls a future so often and no more: then it is dropped where it stands, as by a kill.
struct Dying<'a, F> {
    inner: Pin<&'a mut F>,
    polls_left: u32,
}

impl<F: Future> Future for Dying<'_, F> {
    /// Whether it came to its end.
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<bool> {
        if self.polls_left == 0 {
            return Poll::Ready(false);
        }
        self.polls_left -= 1;
        self.inner.as_mut().poll(context).map(|_| true)
    }
}

/// Whether this work comes to its end within so many polls; else it dies.
pub(crate) async fn lives_for<F: Future>(polls: u32, work: F) -> bool {
    let mut work = pin!(work);
    Dying { inner: work.as_mut(), polls_left: polls }.await
}

/// Dies after ever more polls until one life is long enough.
pub(super) async fn dies_everywhere(shop: &Shop) -> u32 {
    let mut polls = 1;
    while !lives_for(polls, shop.work()).await {
        // The lease of a job that a dead process held runs out.
        shop.clock.advance_ms(2 * MINUTE_MS);
        polls += 1;
        assert!(polls < 2_000, "it never comes to an end");
    }
    polls
}

#[tokio::test]
async fn dying_anywhere_between_payment_and_delivery_delivers_once() {
    for shop in shops().await {
        shop.give(yuan(4_600)).await;
        let (order, payment) = shop.order(4_600).await;
        shop.bank.pay(payment, yuan(7_200));
        shop.hook("evt-1", payment).await;
        let lives = dies_everywhere(&shop).await;
        assert!(lives > 5, "only {lives} lives");
        shop.pass(5 * MINUTE_MS).await;
        let state = shop.state(order).await;
        // So many deaths may take longer than the deadline: then all of it went back.
        match state {
            OrderState::Active => assert_eq!((shop.bundles().await, shop.bank.kept(payment)), (1, 7_200)),
            OrderState::Refunded => {
                assert_eq!(
                    (shop.bundles().await, shop.bank.kept(payment), shop.wallet().await),
                    (0, 0, 4_600)
                );
            }
            other => panic!("ended {other}"),
        }
        shop.audit().await;
    }
}

#[tokio::test]
async fn dying_anywhere_between_void_and_refund_refunds_once() {
    for shop in shops().await {
        shop.give(yuan(4_600)).await;
        let (order, payment) = shop.order(4_600).await;
        shop.wire.breaks(Fault::Refuses);
        shop.bank.pay(payment, yuan(7_200));
        shop.hook("evt-1", payment).await;
        shop.work().await;
        shop.clock.advance_ms(11 * MINUTE_MS);
        dies_everywhere(&shop).await;
        shop.pass(30 * MINUTE_MS).await;
        assert_eq!(shop.state(order).await, OrderState::Refunded);
        assert_eq!((shop.bundles().await, shop.bank.kept(payment), shop.wallet().await), (0, 0, 4_600));
        shop.audit().await;
    }
}
