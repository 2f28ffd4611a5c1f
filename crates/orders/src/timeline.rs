//! What happened to an order, step by step, as data that pages turn into words.

use basis::{Id, Money, Order, Payment, Problem, Renewal, Timestamp};
use payments::Method;
use serde::{Deserialize, Serialize};
use store::{Conn, Row, sql};

/// Why nobody's money moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpiryReason {
    /// Not paid in time.
    TimeOver,
    /// The provider declined the payment.
    Declined,
    /// The buyer called it off.
    Cancelled,
}

basis::words! {
    /// Why money goes back.
    RefundReason {
        /// Not delivered by the deadline; the carrier confirmed that it never will be.
        NotDelivered = "not_delivered",
        /// Paid after the order had expired, and it could not be taken up again.
        PaidTooLate = "paid_too_late",
        /// Paid although its buyer had called it off.
        CalledOff = "called_off",
        /// The bundle that it was to replace was changed by another order first, so what was quoted is no longer true.
        AlreadyChanged = "already_changed",
        /// The line or its carrier was gone before anything was delivered.
        LineGone = "line_gone",
        /// It was bought for a shared pool, and the line had left that before anything was delivered.
        PoolLeft = "pool_left",
        /// An operator decided so.
        Operator = "operator",
        /// The amount was not what was asked for.
        WrongAmount = "wrong_amount",
        /// Its payer took the money back at the provider before it was delivered.
        Contested = "contested",
    }
}

basis::words! {
    /// Why a person has to look.
    ReviewReason {
        /// The carrier cannot say whether it delivered.
        OutcomeUnknown = "outcome_unknown",
        /// The carrier cannot take back an order that it may have delivered.
        CannotVoid = "cannot_void",
        /// More or less money came than was asked for, or other money.
        WrongAmount = "wrong_amount",
        /// The provider will not give the money back.
        RefundFailed = "refund_failed",
        /// The payer contests the payment at the provider.
        Disputed = "disputed",
    }
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Happening {
    /// The order was placed; so much of its price is set aside in the wallet.
    Placed {
        /// The whole price.
        price: Money,
        /// Of it, by the wallet.
        wallet: Money,
        /// The consent by which it was placed; `None` if a person placed it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        renewal: Option<Id<Renewal>>,
    },
    /// A payment of the rest was begun.
    PaymentStarted {
        /// Which.
        payment: Id<Payment>,
        /// Through whom.
        provider: String,
        /// By which method.
        method: Method,
        /// How much.
        amount: Money,
    },
    /// The whole price is here.
    Paid {
        /// By the wallet.
        wallet: Money,
        /// By the provider.
        source: Money,
        /// It came after the order had expired, and the order was taken up again.
        late: bool,
    },
    /// The carrier is being asked.
    Delivering {
        /// By when it must have delivered.
        deliver_by: Timestamp,
    },
    /// The carrier did not deliver at once; it is asked again.
    Delayed,
    /// The bundle is in its pool.
    Active {
        /// When its validity began, if it has.
        starts_at: Option<Timestamp>,
        /// When it ends, if that is known.
        ends_at: Option<Timestamp>,
    },
    /// No money moved, and none will be asked for any more.
    Expired {
        /// Why.
        reason: ExpiryReason,
    },
    /// The deadline is over (or an operator said so): the carrier is asked to confirm that it never delivers.
    GaveUp,
    /// Confirmed; the money is on its way back.
    Refunding {
        /// Why.
        reason: RefundReason,
        /// To the wallet, at once.
        wallet: Money,
        /// To the source, as fast as the provider does it.
        source: Money,
    },
    /// The provider confirmed the refund; all money is back.
    Refunded {
        /// Back in the wallet.
        wallet: Money,
        /// Back at its source.
        source: Money,
    },
    /// The same order was paid twice; the second payment goes back to its source.
    SecondPayment {
        /// The payment too many.
        payment: Id<Payment>,
        /// Its amount.
        amount: Money,
    },
    /// The second payment is back at its source.
    SecondPaymentReturned {
        /// The payment too many.
        payment: Id<Payment>,
        /// Its amount.
        amount: Money,
    },
    /// Another amount came than was asked for.
    WrongAmount {
        /// Asked for.
        expected: Money,
        /// Received.
        received: Money,
    },
    /// Its payer contests the payment at the provider; until that is decided nothing is delivered or sent back.
    Contested {
        /// How much of it.
        amount: Money,
    },
    /// The dispute is decided.
    ContestOver {
        /// How much it was about.
        amount: Money,
        /// True if the payment stands, false if its payer has the money back.
        won: bool,
    },
    /// A person will look at it.
    Review {
        /// Why.
        reason: ReviewReason,
    },
    /// A person looked at it and let it go on.
    Resolved,
    /// Another order replaced this one's bundle; what was unused went to the wallet.
    Closed {
        /// The order that replaced it, if one did.
        by: Option<Id<Order>>,
        /// To the wallet.
        credit: Money,
    },
    /// This order was to replace another one's bundle, which was given to everyone first, and stays.
    Kept {
        /// The order whose bundle stays.
        old: Id<Order>,
    },
    /// This order replaced another one's bundle.
    Replaced {
        /// The order whose bundle ended.
        old: Id<Order>,
        /// To the wallet.
        credit: Money,
    },
}

/// A dated step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its number within the order, from 1.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub happening: Happening,
}

/// At most so many steps are shown; an order has about six.
const EVENTS_MAX: u32 = 200;

/// All steps of an order, oldest first.
pub async fn timeline(conn: &mut Conn, order: Id<Order>) -> Result<Vec<Event>, Problem> {
    sql!("SELECT seq, at, happening FROM order_event WHERE order_id = $1 ORDER BY seq LIMIT $2")
        .bind(order)
        .bind(EVENTS_MAX)
        .all(conn)
        .await?
        .iter()
        .map(event_of)
        .collect()
}

/// Adds step `seq`, the number that the order's own update returned.
pub(crate) async fn write(
    conn: &mut Conn,
    order: Id<Order>,
    seq: i64,
    at: Timestamp,
    happening: &Happening,
) -> Result<(), Problem> {
    let happening = serde_json::to_string(happening).map_err(|e| Problem::internal(e.to_string()))?;
    sql!("INSERT INTO order_event (order_id, seq, at, happening) VALUES ($1, $2, $3, $4)")
        .bind(order)
        .bind(seq)
        .bind(at)
        .bind(happening)
        .run(conn)
        .await
        .map(drop)
}

fn event_of(row: &Row) -> Result<Event, Problem> {
    let happening: String = row.get("happening")?;
    let happening =
        serde_json::from_str(&happening).map_err(|e| Problem::internal(format!("order_event: {e}")))?;
    Ok(Event { seq: row.get("seq")?, at: row.get("at")?, happening })
}
