//! The column `replaced_by`: of several orders that would end one bundle, one may.

use basis::{Id, Order, Problem};
use store::{Conn, sql};

use super::OrderRecord;

/// Claims every bundle that this order replaces; false if another order has ended or claimed one of them.
pub(crate) async fn claim_replaced(conn: &mut Conn, new: &OrderRecord) -> Result<bool, Problem> {
    for old in &new.replaces {
        let claimed = sql!(
            "UPDATE orders SET replaced_by = $2 WHERE id = $1 AND (replaced_by IS NULL OR replaced_by = $2) \
             AND closed_at IS NULL AND state NOT IN ('refunding', 'refunded')"
        );
        if claimed.bind(*old).bind(new.id).run(conn).await? == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Gives up what an order claimed, because it will not be delivered.
pub(crate) async fn release_replaced(conn: &mut Conn, new: &OrderRecord) -> Result<(), Problem> {
    for old in &new.replaces {
        release_one(conn, new.id, *old).await?;
    }
    Ok(())
}

/// Gives up one of them; false if it was not claimed.
pub(crate) async fn release_one(conn: &mut Conn, new: Id<Order>, old: Id<Order>) -> Result<bool, Problem> {
    let released =
        sql!("UPDATE orders SET replaced_by = NULL WHERE id = $1 AND replaced_by = $2 AND closed_at IS NULL");
    Ok(released.bind(old).bind(new).run(conn).await? == 1)
}

/// The order that claims this one's bundle.
pub(crate) async fn replacer(conn: &mut Conn, old: Id<Order>) -> Result<Option<Id<Order>>, Problem> {
    sql!("SELECT replaced_by FROM orders WHERE id = $1").bind(old).one(conn).await?.get("replaced_by")
}
