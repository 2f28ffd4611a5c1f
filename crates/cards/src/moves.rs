//! A line's way to another pool, as the shop keeps it; the charging engine moves its data.
//!
//! The line's row is where a move and a delivery meet: whoever begins either has touched the row first, so that a
//! delivery goes to one pool or to the other, and never to one that the line is about to leave.

use basis::{Env, Id, Line, Move, Pool, Problem};
use store::Conn;

use crate::rows;

/// A move of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineMove {
    /// The move.
    pub id: Id<Move>,
    /// Which line.
    pub line: Id<Line>,
    /// The pool that it leaves.
    pub from: Id<Pool>,
    /// The pool that it goes to.
    pub to: Id<Pool>,
}

/// Puts a line on its way, unless it is on one, or has left that pool, or was never opened there: then false.
pub async fn begin_move(conn: &mut Conn, step: LineMove) -> Result<bool, Problem> {
    rows::set_moving(conn, step).await
}

/// Notes that a line has arrived; false if that was noted before.
pub async fn end_move(conn: &mut Conn, step: LineMove) -> Result<bool, Problem> {
    rows::set_moved(conn, step).await
}

/// Keeps a line where it is until the caller's transaction ends; false if it is on its way to another pool.
pub async fn hold_still(conn: &mut Conn, line: Id<Line>) -> Result<bool, Problem> {
    rows::hold_still(conn, line).await
}

/// A new, empty pool of one's own, for a line to go to.
pub async fn new_home(conn: &mut Conn, env: &Env, owner: Id<basis::Account>) -> Result<Id<Pool>, Problem> {
    let pool = env.new_id();
    rows::insert_pool(conn, env.now(), pool, owner).await?;
    Ok(pool)
}
