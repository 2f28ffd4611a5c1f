//! Orders that are placed without their buyer, as they once agreed.

use basis::{Account, Id, Order, Problem, Renewal, Timestamp};
use charging::PoolView;
use store::Conn;

use crate::{Desk, OrderRecord, PayerView, PlaceInput, Placed, placing, rows};

/// An automatic purchase.
#[derive(Debug, Clone)]
pub struct Renewing {
    /// The consent that it rests on.
    pub renewal: Id<Renewal>,
    /// What is bought, at the price that was seen a moment ago.
    pub input: PlaceInput,
    /// Until when it may be paid.
    pub expires_at: Timestamp,
}

/// Places an order in the caller's transaction, which decides that it may be; tell of it after the commit
/// ([`Desk::tell`]). `seen` is what [`crate::look`] saw before.
///
/// # Errors
/// Those of [`crate::quote`]; conflicts `order-price-changed` and `wallet-too-little`; invalid `payments-method-limits`.
pub async fn renew(
    tx: &mut Conn,
    desk: &Desk,
    account: Id<Account>,
    renewing: &Renewing,
    seen: Option<&PoolView>,
    view: &PayerView,
) -> Result<(Placed, OrderRecord), Problem> {
    let input = &renewing.input;
    let order = placing::draft(tx, desk, account, desk.env.new_id(), input, seen).await?;
    let order = OrderRecord { renewal: Some(renewing.renewal), expires_at: renewing.expires_at, ..order };
    placing::insert(tx, desk, order, input.pay_with.as_ref(), view).await
}

/// Nobody wants this unpaid order any more: money that comes for it nevertheless goes back.
pub async fn forsake(tx: &mut Conn, order: Id<Order>, now: Timestamp) -> Result<(), Problem> {
    rows::set_called_off(tx, order, now).await
}
