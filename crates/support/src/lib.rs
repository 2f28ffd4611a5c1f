//! The review desk: what no rule decides, one list for people.
//!
//! Cases come from orders (by the job [`orders::REVIEW`]) and from payments (flags: money or messages that are not
//! what was asked for). Resolving one is audited, and acts through the orders' own verbs.

mod rows;

use std::{fmt, str::FromStr};

use basis::{Id, Order, Payment, Problem, Review, Timestamp};
use ledger::Difference;
use orders::{Decision, Desk, ReviewWanted};
use store::audit::{self, Entry};
use store::jobs::{Next, Worker};
use store::{Conn, in_tx};

/// The review desk's tables.
pub const MIGRATIONS: store::Migrations = store::migrations!("support", ["0001_support.sql"]);

/// Names a case: `rev_…`, or the key of a payment's flag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaseId {
    /// A case about an order.
    Review(Id<Review>),
    /// A flag that a payment raised.
    Flag(String),
}

impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Review(id) => id.fmt(f),
            Self::Flag(key) => f.write_str(key),
        }
    }
}

impl FromStr for CaseId {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        match text.parse() {
            Ok(id) => Ok(Self::Review(id)),
            Err(_) if text.starts_with("rev_") || text.is_empty() => Err(Problem::not_found()),
            Err(_) => Ok(Self::Flag(text.to_owned())),
        }
    }
}

/// Something that a person has to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Its name.
    pub id: CaseId,
    /// Why, in a word.
    pub reason: String,
    /// The order, if it is about one.
    pub order: Option<Id<Order>>,
    /// The payment, if it is about one.
    pub payment: Option<Id<Payment>>,
    /// For the operator.
    pub detail: String,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it was resolved.
    pub resolved_at: Option<Timestamp>,
}

/// What a person says about a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// The order goes on like this.
    Decide(Decision),
    /// Looked at; nothing is to be done here.
    Dismiss,
}

/// Opens a case; the same cause opens one case, however often.
pub async fn open(desk: &Desk, wanted: &ReviewWanted) -> Result<(), Problem> {
    in_tx!(desk.db, |tx| { rows::insert(tx, desk.env.new_id(), wanted, desk.env.now()).await })
}

/// The same worker, with the job that opens cases.
pub fn handlers(worker: Worker, desk: &Desk) -> Worker {
    let desk = desk.clone();
    worker.on(orders::REVIEW, move |run| {
        let desk = desk.clone();
        async move { open(&desk, &run.read()?).await.map(|()| Next::Done) }
    })
}

/// What is still to be looked at: orders first, then payments, each oldest first.
pub async fn list(conn: &mut Conn, limit: u32) -> Result<Vec<Case>, Problem> {
    let mut cases = rows::open_cases(conn, limit).await?;
    cases.extend(payments::open_flags(conn, limit).await?.into_iter().map(case_of_flag));
    Ok(cases)
}

fn case_of_flag(flag: payments::Flag) -> Case {
    Case {
        id: CaseId::Flag(flag.key),
        reason: flag.reason,
        order: None,
        payment: flag.payment,
        detail: flag.detail,
        opened_at: flag.raised_at,
        resolved_at: flag.resolved_at,
    }
}

/// The open flags are searched for one by its key.
const FLAGS_MAX: u32 = 10_000;

/// One case.
///
/// # Errors
/// Not found; a payment's flag that was resolved is not found any more.
pub async fn show(conn: &mut Conn, id: &CaseId) -> Result<Case, Problem> {
    let found = match id {
        CaseId::Review(id) => rows::find(conn, *id).await?,
        CaseId::Flag(key) => {
            let flags = payments::open_flags(conn, FLAGS_MAX).await?;
            flags.into_iter().find(|flag| flag.key == *key).map(case_of_flag)
        }
    };
    found.ok_or_else(Problem::not_found)
}

/// Resolves a case: first what was decided about its order, then the case. If the process dies between, the case
/// is still open and shows an order that has gone on; dismiss it.
///
/// # Errors
/// Not found; conflicts `review-resolved` and, for the last case of an order that waits for a person,
/// `review-order-waits`; those of [`orders::decide`]; invalid `review-no-order`.
pub async fn resolve(
    desk: &Desk,
    actor: &str,
    id: &CaseId,
    resolution: Resolution,
    note: &str,
) -> Result<(), Problem> {
    let case = show(&mut desk.db.read().await?, id).await?;
    if case.resolved_at.is_some() {
        return Err(Problem::conflict("review-resolved"));
    }
    let word = match resolution {
        Resolution::Dismiss => {
            check_dispensable(&mut desk.db.read().await?, &case).await?;
            "dismiss".to_owned()
        }
        Resolution::Decide(decision) => {
            match (case.order, case.payment) {
                (Some(order), _) => orders::decide(desk, actor, order, decision, note).await?,
                (None, Some(payment)) => orders::decide_payment(desk, actor, payment, decision, note).await?,
                (None, None) => return Err(Problem::invalid("review-no-order")),
            }
            serde_json::to_string(&decision).map_err(|e| Problem::internal(e.to_string()))?
        }
    };
    in_tx!(desk.db, |tx| { close(tx, desk, actor, id, word.trim_matches('"'), note).await })
}

/// The last case of an order that only a person can move on stays open until one does.
async fn check_dispensable(conn: &mut Conn, case: &Case) -> Result<(), Problem> {
    let Some(order) = case.order else { return Ok(()) };
    let waits = {
        let order = orders::find(conn, order).await?;
        orders::waits_for_person(conn, &order).await?
    };
    if waits && rows::open_cases_of(conn, order).await? <= 1 {
        return Err(Problem::conflict("review-order-waits"));
    }
    Ok(())
}

async fn close(
    tx: &mut Conn,
    desk: &Desk,
    actor: &str,
    id: &CaseId,
    resolution: &str,
    note: &str,
) -> Result<(), Problem> {
    let now = desk.env.now();
    let closed = match id {
        CaseId::Review(id) => rows::close(tx, *id, now, actor, resolution, note).await?,
        CaseId::Flag(key) => payments::resolve_flag(tx, key, now).await?,
    };
    if !closed {
        return Err(Problem::conflict("review-resolved"));
    }
    let (subject, detail) = (id.to_string(), serde_json::json!({ "resolution": resolution, "note": note }));
    audit::record(tx, &desk.env, Entry { actor, action: "review.resolve", subject: &subject, detail }).await
}

/// Every order that waits for a person and is on nobody's list.
pub async fn audit(conn: &mut Conn) -> Result<Vec<Difference>, Problem> {
    let mut found = Vec::new();
    for order in orders::waiting_for_people(conn).await? {
        if rows::open_cases_of(conn, order).await? == 0 {
            found.push(Difference::new(order.to_string(), "waits for a person, and there is no case"));
        }
    }
    Ok(found)
}
