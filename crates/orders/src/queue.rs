//! The jobs of a sale. A key names the order, so a job stands once.

use basis::{Env, Id, Money, Order, Problem, SECOND_MS, Timestamp};
use serde::{Deserialize, Serialize};
use store::Conn;
use store::jobs::{NewJob, enqueue};

/// Delivers a paid order.
pub const FULFIL: &str = "order.fulfil";
/// Lets an unpaid order expire.
pub const EXPIRE: &str = "order.expire";
/// Ends the bundles that a new one replaces.
pub const CLOSE: &str = "order.close";
/// Ends a delivered bundle and gives its money back, as an operator decided.
pub const REFUND: &str = "order.refund";
/// Ends what an order was for whose money its payer took back by a dispute.
pub const CONTEST_LOST: &str = "order.contest_lost";
/// Gives an order the receipt, and the credit notes, that it must have.
pub const RECEIPT: &str = "order.receipt";
/// Papers wait for so long, for whoever pays waits for the plan and not for its receipt: in a rush deliveries go first.
const PAPERS_WAIT_MS: i64 = 10 * SECOND_MS;
/// Papers wanted within so long of each other are due at one moment, so that they are given together.
const PAPERS_APART_MS: i64 = SECOND_MS;
/// Opens a case at the review desk.
pub const REVIEW: &str = "review.open";

/// What a job about an order carries.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct OrderJob {
    /// Which order.
    pub order: Id<Order>,
}

/// What the job [`REFUND`] carries.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct RefundJob {
    /// Which order.
    pub order: Id<Order>,
    /// How much, at most.
    pub amount: Money,
}

/// False if one is on its way already.
pub(crate) async fn refund(tx: &mut Conn, env: &Env, job: &RefundJob) -> Result<bool, Problem> {
    let key = job.order.to_string();
    enqueue(tx, env, NewJob { kind: REFUND, key, payload: job, run_at: env.now() }).await
}

pub(crate) async fn fulfil(tx: &mut Conn, env: &Env, order: Id<Order>) -> Result<(), Problem> {
    add(tx, env, FULFIL, order, env.now()).await
}

pub(crate) async fn expire(tx: &mut Conn, env: &Env, order: Id<Order>, at: Timestamp) -> Result<(), Problem> {
    add(tx, env, EXPIRE, order, at).await
}

pub(crate) async fn receipt(tx: &mut Conn, env: &Env, order: Id<Order>) -> Result<(), Problem> {
    add(tx, env, RECEIPT, order, papers_at(env.now())).await
}

pub(crate) async fn contest_lost(tx: &mut Conn, env: &Env, order: Id<Order>) -> Result<(), Problem> {
    add(tx, env, CONTEST_LOST, order, env.now()).await
}

pub(crate) async fn close(tx: &mut Conn, env: &Env, order: Id<Order>) -> Result<(), Problem> {
    add(tx, env, CLOSE, order, env.now()).await
}

fn papers_at(now: Timestamp) -> Timestamp {
    let soon = now.plus_ms(PAPERS_WAIT_MS);
    soon.plus_ms(PAPERS_APART_MS - soon.as_ms().rem_euclid(PAPERS_APART_MS))
}

async fn add(
    tx: &mut Conn,
    env: &Env,
    kind: &'static str,
    order: Id<Order>,
    run_at: Timestamp,
) -> Result<(), Problem> {
    enqueue(tx, env, NewJob { kind, key: order.to_string(), payload: &OrderJob { order }, run_at })
        .await
        .map(drop)
}
