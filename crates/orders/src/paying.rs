//! All of an order's price is here.

use basis::{Id, Money, Payment, Problem};
use ledger::{Book, Kind, NewTransfer};
use store::Conn;

use crate::rules::Tax;
use crate::timeline::{self, Happening};
use crate::{Desk, OrderRecord, queue, rows};

/// `awaiting_payment | expired -> paid`, by this payment (none: by the wallet alone): the tax that is in the price is set
/// aside, and delivery begins. False if the order has moved on meanwhile.
pub(crate) async fn pay(
    tx: &mut Conn,
    desk: &Desk,
    order: &OrderRecord,
    payment: Option<Id<Payment>>,
    late: bool,
) -> Result<bool, Problem> {
    let now = desk.env.now();
    let tax = desk.taxes.at(now).map(|rate| Tax::within(order.price, rate)).transpose()?;
    let Some(seq) = rows::set_paid(tx, order, payment, tax.as_ref(), now).await? else { return Ok(false) };
    let happening = Happening::Paid { wallet: order.wallet, source: order.source(), late };
    timeline::write(tx, order.id, seq, now, &happening).await?;
    if let Some(tax) = tax {
        set_tax_aside(tx, desk, order, tax.amount).await?;
    }
    queue::fulfil(tx, &desk.env, order.id).await?;
    queue::receipt(tx, &desk.env, order.id).await?;
    Ok(true)
}

async fn set_tax_aside(tx: &mut Conn, desk: &Desk, order: &OrderRecord, tax: Money) -> Result<(), Problem> {
    let reference = format!("order:{}:tax", order.id);
    book(tx, desk, order, NewTransfer::new(reference, Kind::Tax, Book::Deferred, Book::TaxPayable, tax)).await
}

/// The tax of what goes back comes out of the tax book into `to`, which pays all of it.
pub(crate) async fn return_tax(
    tx: &mut Conn,
    desk: &Desk,
    order: &OrderRecord,
    to: Book,
    back: Money,
) -> Result<(), Problem> {
    let Some(tax) = &order.tax else { return Ok(()) };
    let gone = order.price.minus(order.net_paid()?)?;
    let amount = tax.returned(order.price, gone, back)?;
    let returned = gone.minus(order.contested)?;
    let reference = format!("order:{}:tax:{}", order.id, returned.minor);
    book(tx, desk, order, NewTransfer::new(reference, Kind::TaxReturned, Book::TaxPayable, to, amount)).await
}

/// Posts a movement of the order's money, if there is any to move.
pub(crate) async fn book(
    tx: &mut Conn,
    desk: &Desk,
    order: &OrderRecord,
    transfer: NewTransfer,
) -> Result<(), Problem> {
    if transfer.amount.is_zero() {
        return Ok(());
    }
    ledger::post(tx, &desk.env, transfer.order(order.id)).await.map(drop)
}
