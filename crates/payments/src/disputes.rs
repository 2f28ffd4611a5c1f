//! A payer contests a payment at its provider: the money is frozen once, and thawed or gone once.

mod table;

use basis::{Env, Id, Kind as ProblemKind, Money, Payment as PaymentKind, Problem, Timestamp};
use ledger::{Book, Kind, NewTransfer};
use store::Conn;

use crate::check::{News, flag};
use crate::facts::{DisputeFact, DisputeStatus, Facts};
use crate::rows::{self, Capture};
use crate::rules::{DisputeState, Fate, Payment, Purpose};
use crate::{refunds, saved};

pub use table::{disputes, is_contested};
pub(crate) use table::{lost_sums, open_sums};

/// A payment that its payer contests, all of it or a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispute {
    /// At whom.
    pub provider: String,
    /// The provider's name for it.
    pub reference: String,
    /// Which payment.
    pub payment: Id<PaymentKind>,
    /// Which capture of it.
    pub capture_ref: String,
    /// How much is contested.
    pub amount: Money,
    /// Of it, what was not on its way back to the payer already.
    pub frozen: Money,
    /// Where it stands.
    pub state: DisputeState,
    /// When we heard of it.
    pub opened_at: Timestamp,
}

impl Dispute {
    /// The ledger's reference of one of its movements, such as `held`.
    pub fn transfer(&self, movement: &str) -> String {
        format!("dispute:{}:{}:{movement}", self.provider, self.reference)
    }
}

/// Takes what a provider says about a payment's disputes into the books; answers whether any is open or lost. The caller
/// holds the payment's row.
pub(crate) async fn take(
    conn: &mut Conn,
    env: &Env,
    payment: &mut Payment,
    facts: &Facts,
    news: &mut Vec<News>,
) -> Result<bool, Problem> {
    for fact in &facts.disputes {
        take_one(conn, env, payment, fact, news).await?;
    }
    let known = disputes(conn, payment.id).await?;
    Ok(known.iter().any(|dispute| dispute.state != DisputeState::Won))
}

async fn take_one(
    conn: &mut Conn,
    env: &Env,
    payment: &mut Payment,
    fact: &DisputeFact,
    news: &mut Vec<News>,
) -> Result<(), Problem> {
    let known = disputes(conn, payment.id).await?.into_iter().find(|known| known.reference == fact.reference);
    let Some(capture) = contested_capture(conn, payment, fact).await? else {
        return flag_odd(conn, payment, fact, "nothing was captured in its currency", env.now()).await;
    };
    let dispute = match known {
        Some(known) => known,
        // It was over before we heard of it.
        None if fact.status == DisputeStatus::Won => return Ok(()),
        None => {
            let opened = open(conn, env, payment, fact, &capture).await?;
            news.push(News::Contested { dispute: opened.clone(), fate: capture.fate });
            opened
        }
    };
    let told = match fact.status {
        DisputeStatus::Open => return Ok(()),
        DisputeStatus::Won => DisputeState::Won,
        DisputeStatus::Lost => DisputeState::Lost,
    };
    match dispute.state {
        state if state == told => Ok(()),
        DisputeState::Open => {
            let fate = capture.fate;
            news.push(decide(conn, env, payment, Dispute { state: told, ..dispute }, fate).await?);
            Ok(())
        }
        _ => flag_odd(conn, payment, fact, "it was decided otherwise before", env.now()).await,
    }
}

/// The capture that a dispute is about: the first, for a provider contests what paid.
async fn contested_capture(
    conn: &mut Conn,
    payment: &Payment,
    fact: &DisputeFact,
) -> Result<Option<Capture>, Problem> {
    let captures = rows::captures(conn, payment.id).await?;
    Ok(captures.into_iter().find(|capture| capture.amount.currency == fact.amount.currency))
}

async fn open(
    conn: &mut Conn,
    env: &Env,
    payment: &Payment,
    fact: &DisputeFact,
    capture: &Capture,
) -> Result<Dispute, Problem> {
    let frozen = fact.amount.least(capture.amount.minus(capture.returned)?)?;
    if !rows::reserve_return(conn, &payment.provider, &capture.capture_ref, frozen).await? {
        // Refunds of one payment take turns with this by the payment's row.
        return Err(Problem::internal(format!("{} was refunded by two hands", capture.capture_ref)));
    }
    let dispute = Dispute {
        provider: payment.provider.clone(),
        reference: fact.reference.clone(),
        payment: payment.id,
        capture_ref: capture.capture_ref.clone(),
        amount: fact.amount,
        frozen,
        state: DisputeState::Open,
        opened_at: env.now(),
    };
    if !table::insert(conn, &dispute).await? {
        return Err(Problem::internal(format!("dispute {} is about another payment", dispute.reference)));
    }
    saved::stop(conn, env, payment).await?;
    match (capture.fate, payment.purpose) {
        (Fate::Accepted, Purpose::Order(_)) => {}
        (Fate::Accepted, Purpose::Wallet) => freeze_wallet(conn, env, payment, &dispute).await?,
        _ => move_money(conn, env, payment, &dispute, "held", Book::Suspense, Book::Disputed, frozen).await?,
    }
    Ok(dispute)
}

/// What is left of it in the wallet is frozen there; what was spent, or is set aside, we bear. A wallet is never below
/// nothing.
async fn freeze_wallet(
    conn: &mut Conn,
    env: &Env,
    payment: &Payment,
    dispute: &Dispute,
) -> Result<(), Problem> {
    let wallet = ledger::wallet(conn, payment.account, dispute.frozen.currency).await?;
    let held = dispute.frozen.least(wallet.available())?;
    let lost = dispute.frozen.minus(held)?;
    let from = Book::Wallet(payment.account);
    match move_money(conn, env, payment, dispute, "held", from, Book::Disputed, held).await {
        // Somebody spent it in this moment: the whole transaction looks again.
        Err(problem) if problem.key == ledger::TOO_LITTLE => {
            return Err(
                Problem::new(ProblemKind::Unavailable, store::RETRY_KEY).because("the wallet moved on")
            );
        }
        moved => moved?,
    }
    move_money(conn, env, payment, dispute, "loss", Book::Losses, Book::Disputed, lost).await
}

async fn decide(
    conn: &mut Conn,
    env: &Env,
    payment: &mut Payment,
    dispute: Dispute,
    fate: Fate,
) -> Result<News, Problem> {
    if !table::decide(conn, &dispute, env.now()).await? {
        return Err(Problem::internal(format!("dispute {} was decided by two hands", dispute.reference)));
    }
    if dispute.state == DisputeState::Won {
        table::release_return(conn, &dispute.provider, &dispute.capture_ref, dispute.frozen).await?;
        if payment.purpose == Purpose::Wallet || fate != Fate::Accepted {
            thaw(conn, env, payment, &dispute).await?;
        }
        return Ok(News::ContestWon { dispute, fate });
    }
    let to = Book::Clearing(dispute.provider.clone());
    move_money(conn, env, payment, &dispute, "lost", Book::Disputed, to, dispute.frozen).await?;
    let others = dispute.amount.minus(dispute.frozen)?;
    let over = refunds::fulfil_by_dispute(conn, env, payment, &dispute.reference, others).await?;
    if over.is_positive() {
        let fact = DisputeFact {
            reference: dispute.reference.clone(),
            amount: dispute.amount,
            status: DisputeStatus::Lost,
        };
        flag_odd(conn, payment, &fact, &format!("{over:?} more than was left"), env.now()).await?;
    }
    Ok(News::ContestLost { dispute, fate })
}

/// Everything goes back to where it was.
async fn thaw(conn: &mut Conn, env: &Env, payment: &Payment, dispute: &Dispute) -> Result<(), Problem> {
    for movement in ["held", "loss"] {
        if let Some(entry) = ledger::find(conn, &dispute.transfer(movement)).await? {
            let (home, amount) = (entry.transfer.debit, entry.transfer.amount);
            let back = format!("{movement}:won");
            move_money(conn, env, payment, dispute, &back, Book::Disputed, home, amount).await?;
        }
    }
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "a movement has two ends and a name")]
async fn move_money(
    conn: &mut Conn,
    env: &Env,
    payment: &Payment,
    dispute: &Dispute,
    movement: &str,
    debit: Book,
    credit: Book,
    amount: Money,
) -> Result<(), Problem> {
    if amount.is_zero() {
        return Ok(());
    }
    let transfer = NewTransfer::new(dispute.transfer(movement), Kind::Dispute, debit, credit, amount);
    let transfer = NewTransfer { order: payment.purpose.order(), ..transfer.payment(payment.id) };
    ledger::post(conn, env, transfer).await.map(drop)
}

/// Nothing is booked; a person looks.
async fn flag_odd(
    conn: &mut Conn,
    payment: &Payment,
    fact: &DisputeFact,
    what: &str,
    now: Timestamp,
) -> Result<(), Problem> {
    let key = format!("{}:dispute:{}:{:?}", payment.id, fact.reference, fact.status);
    flag(conn, payment, "dispute", key, format!("{what}: {fact:?}"), now).await.map(drop)
}
