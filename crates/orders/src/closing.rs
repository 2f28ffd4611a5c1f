//! The end of a bundle that another one replaces, and what it is still worth.

use basis::{Id, Kind as ProblemKind, MINUTE_MS, Money, Order, Problem};
use ledger::{Book, Kind, NewTransfer};
use store::jobs::Next;
use store::{Conn, in_tx};

use crate::rules::change_credit;
use crate::timeline::{self, Happening};
use crate::{Desk, OrderRecord, OrderState, paying, queue, rows, standing};

/// A bundle whose delivery is open is looked at again so much later.
const WAIT_MS: i64 = MINUTE_MS;

/// The job `order.close`: the new order is active, so the bundles that it replaces end, in the log first; what
/// the log says was unused goes to the wallet of whoever paid for it, once. One that is everyone's by now stays, and one
/// of which nobody knows yet whether it was delivered is waited for.
pub async fn close_replaced(desk: &Desk, new: Id<Order>) -> Result<Next, Problem> {
    let Some(new) = rows::find(&mut desk.db.read().await?, new).await? else { return Ok(Next::Done) };
    let mut waits = false;
    for old in &new.replaces {
        let Some(old) = rows::find(&mut desk.db.read().await?, *old).await? else { continue };
        waits |= matches!(old.state, OrderState::Paid | OrderState::Delivering | OrderState::Review);
        close_one(desk, &new, old).await?;
    }
    Ok(if waits { Next::At(desk.env.now().plus_ms(WAIT_MS)) } else { Next::Done })
}

async fn close_one(desk: &Desk, new: &OrderRecord, old: OrderRecord) -> Result<(), Problem> {
    let (OrderState::Active, None, Some(pool)) = (old.state, old.closed_at, old.pool) else { return Ok(()) };
    let worth = match desk.charging.close_own(pool, old.line, old.id).await {
        Ok(Some(closed)) => {
            change_credit(old.net_paid()?, standing::unused_of(old.terms.allowance, &closed))?
        }
        Ok(None) => return keep(desk, new, &old).await,
        // It ended long ago by itself.
        Err(problem) if problem.kind == ProblemKind::NotFound => Money::zero(old.price.currency),
        Err(problem) => return Err(problem),
    };
    let credited = in_tx!(desk.db, |tx| { credit_old(tx, desk, new, &old, worth).await })?;
    if credited {
        desk.tell(new, new.state);
        desk.tell(&old, old.state);
    }
    Ok(())
}

/// It was given to everyone meanwhile, for good: it goes on, and nothing of it comes back.
async fn keep(desk: &Desk, new: &OrderRecord, old: &OrderRecord) -> Result<(), Problem> {
    let now = desk.env.now();
    let kept = in_tx!(desk.db, |tx| {
        if !rows::release_one(tx, new.id, old.id).await? {
            return Ok(false);
        }
        if let Some(seq) = rows::note_any(tx, new.id).await? {
            timeline::write(tx, new.id, seq, now, &Happening::Kept { old: old.id }).await?;
        }
        Ok(true)
    })?;
    if kept {
        desk.tell(new, new.state);
    }
    Ok(())
}

async fn credit_old(
    tx: &mut Conn,
    desk: &Desk,
    new: &OrderRecord,
    old: &OrderRecord,
    credit: Money,
) -> Result<bool, Problem> {
    let now = desk.env.now();
    let Some(seq) = rows::set_closed(tx, old.id, now, credit).await? else { return Ok(false) };
    timeline::write(tx, old.id, seq, now, &Happening::Closed { by: Some(new.id), credit }).await?;
    if let Some(seq) = rows::note_any(tx, new.id).await? {
        timeline::write(tx, new.id, seq, now, &Happening::Replaced { old: old.id, credit }).await?;
    }
    post_credit(tx, desk, old, credit).await?;
    Ok(true)
}

async fn post_credit(tx: &mut Conn, desk: &Desk, old: &OrderRecord, credit: Money) -> Result<(), Problem> {
    if credit.is_zero() {
        return Ok(());
    }
    paying::return_tax(tx, desk, old, Book::Revenue, credit).await?;
    queue::receipt(tx, &desk.env, old.id).await?;
    let (reference, wallet) = (format!("order:{}:change", old.id), Book::Wallet(old.account));
    let transfer = NewTransfer::new(reference, Kind::PlanChange, Book::Revenue, wallet, credit);
    ledger::post(tx, &desk.env, transfer.order(old.id)).await.map(drop)
}
