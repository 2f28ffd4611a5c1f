//! Which job goes to which verb.

use store::jobs::Worker;

use crate::{CLOSE, CONTEST_LOST, Desk, EXPIRE, FULFIL, OrderJob, REFUND};

/// The same worker, with the jobs of orders, of their payments and refunds, and of pools, whose lines must not move
/// under an order.
///
/// Not here: [`crate::REVIEW`], which the review desk takes, and [`crate::RECEIPT`], which the receipts take.
pub fn handlers(worker: Worker, desk: &Desk) -> Worker {
    let (check, send, done) = (desk.clone(), desk.clone(), desk.clone());
    let (fulfil, expire, close, refund) = (desk.clone(), desk.clone(), desk.clone(), desk.clone());
    let (carry, sweep, bills, lost) = (desk.clone(), desk.clone(), desk.clone(), desk.clone());
    let forget = desk.clone();
    pools::handlers(worker, &desk.pools)
        .on(payments::CHECK, move |run| {
            let desk = check.clone();
            async move { crate::check_payment(&desk, run.read()?).await }
        })
        .on(payments::SEND_REFUND, move |run| {
            let desk = send.clone();
            async move { payments::send_refund(&desk.db, &desk.env, &desk.providers, run).await }
        })
        .on(payments::REFUND_DONE, move |run| {
            let desk = done.clone();
            async move { crate::refund_done(&desk, run.read()?).await }
        })
        .on(payments::SWEEP, move |run| {
            let desk = sweep.clone();
            async move { payments::sweep(&desk.db, &desk.env, &desk.providers, &run.read()?).await }
        })
        .on(payments::BILLS, move |run| {
            let desk = bills.clone();
            async move { payments::read_bills(&desk.db, &desk.env, &desk.providers, &run.read()?).await }
        })
        .on(payments::FORGET_SAVED, move |run| {
            let desk = forget.clone();
            async move { payments::forget_saved(&desk.db, &desk.providers, run).await }
        })
        .on(pools::CARRY, move |run| {
            let desk = carry.clone();
            async move { crate::moving::carry_line(&desk, &run).await }
        })
        .on(FULFIL, move |run| {
            let desk = fulfil.clone();
            async move { crate::fulfil(&desk, run.read::<OrderJob>()?.order).await }
        })
        .on(EXPIRE, move |run| {
            let desk = expire.clone();
            async move { crate::expire(&desk, run.read::<OrderJob>()?.order).await }
        })
        .on(CLOSE, move |run| {
            let desk = close.clone();
            async move { crate::close_replaced(&desk, run.read::<OrderJob>()?.order).await }
        })
        .on(CONTEST_LOST, move |run| {
            let desk = lost.clone();
            async move { crate::contest_lost(&desk, run.read::<OrderJob>()?.order).await }
        })
        .on(REFUND, move |run| {
            let desk = refund.clone();
            async move { crate::refund_delivered(&desk, run.read()?).await }
        })
}
