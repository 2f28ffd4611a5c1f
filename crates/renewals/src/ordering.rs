//! Ordering a plan that renews by itself from then on.

use basis::{Account, Id, Problem};
use orders::{OrderRecord, PayerView, PlaceInput, Placed};
use store::{Conn, in_tx};

use crate::rules::{Rest, When, Wish};
use crate::{Desk, consenting};

/// What is agreed to along with an order, about its plan and line, at most at its price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticked {
    /// When.
    pub when: When,
    /// The wallet pays what it can.
    pub wallet_first: bool,
    /// How the rest is paid.
    pub rest: Rest,
}

/// Places an order as [`orders::place`] does, and agrees in the same transaction that its plan renews by itself once it is
/// delivered. A repeat under the same key agrees to nothing more. What was agreed for the line before holds until then.
///
/// # Errors
/// Those of [`orders::place`]; invalid `renewals-when`.
pub async fn place(
    desk: &Desk,
    account: Id<Account>,
    input: &PlaceInput,
    view: &PayerView,
    key: &str,
    ticked: Ticked,
) -> Result<Placed, Problem> {
    let seen = orders::look(&desk.orders, account, input.line).await?;
    let (placed, new) = in_tx!(desk.orders.db, |tx| {
        let placed = orders::place_in(tx, &desk.orders, account, input, view, key, seen.as_ref()).await?;
        if let (_, Some(order)) = &placed {
            agree(tx, desk, order, ticked).await?;
        }
        Ok(placed)
    })?;
    if let Some(order) = new {
        desk.orders.tell(&order, order.state);
    }
    Ok(placed)
}

async fn agree(tx: &mut Conn, desk: &Desk, order: &OrderRecord, ticked: Ticked) -> Result<(), Problem> {
    let wish = Wish {
        line: order.line,
        plan: order.plan.clone(),
        price: order.price,
        when: ticked.when.checked(&order.terms)?,
        wallet_first: ticked.wallet_first,
        rest: ticked.rest,
    };
    let renewal = consenting::agreed(&desk.orders.env, order.account, wish, Some(order.id));
    consenting::begin(tx, desk, &renewal).await
}
