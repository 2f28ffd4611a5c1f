//! The table `pool_member`.

use basis::{Account, DataVolume, Id, Line, Pool, Problem};
use charging::Caps;
use store::{Conn, Row, sql};

use crate::{Member, MemberState, Role};

/// More lines than any pool has.
const MEMBERS_MAX: u32 = 2000;

/// Adds a line; false if it is in a pool already.
pub(crate) async fn insert_member(conn: &mut Conn, member: &Member) -> Result<bool, Problem> {
    let added = sql!(
        "INSERT INTO pool_member (line, pool, account, name, role, state, home, joined_at, cap_day, cap_month, cap_all, \
         paused) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (line) DO NOTHING"
    )
    .bind(member.line)
    .bind(member.pool)
    .bind(member.account)
    .bind(member.name.as_str())
    .bind(member.role.word())
    .bind(member.state.word())
    .bind(member.home)
    .bind(member.joined_at)
    .bind(member.caps.per_day.map(DataVolume))
    .bind(member.caps.per_30_days.map(DataVolume))
    .bind(member.caps.in_all.map(DataVolume))
    .bind(i64::from(member.paused))
    .run(conn)
    .await?;
    Ok(added == 1)
}

/// The lines of a pool, those that are leaving included, in the order in which they came.
pub(crate) async fn members(conn: &mut Conn, pool: Id<Pool>) -> Result<Vec<Member>, Problem> {
    sql!(
        "SELECT line, pool, account, name, role, state, home, joined_at, cap_day, cap_month, cap_all, paused \
         FROM pool_member WHERE pool = $1 ORDER BY joined_at, line LIMIT $2"
    )
    .bind(pool)
    .bind(MEMBERS_MAX)
    .all(conn)
    .await?
    .iter()
    .map(member_row)
    .collect()
}

pub(crate) async fn member(conn: &mut Conn, line: Id<Line>) -> Result<Option<Member>, Problem> {
    sql!(
        "SELECT line, pool, account, name, role, state, home, joined_at, cap_day, cap_month, cap_all, paused \
         FROM pool_member WHERE line = $1"
    )
    .bind(line)
    .optional(conn)
    .await?
    .as_ref()
    .map(member_row)
    .transpose()
}

/// `in -> leaving`: where the line goes back to, if it came from anywhere; `None` if it is not in.
pub(crate) async fn set_leaving(
    conn: &mut Conn,
    pool: Id<Pool>,
    line: Id<Line>,
) -> Result<Option<Option<Id<Pool>>>, Problem> {
    sql!(
        "UPDATE pool_member SET state = 'leaving' WHERE pool = $1 AND line = $2 AND state = 'in' RETURNING home"
    )
    .bind(pool)
    .bind(line)
    .optional(conn)
    .await?
    .map(|row| row.get("home"))
    .transpose()
}

/// Nobody goes back to this pool any more; true if someone is on the way there now.
pub(crate) async fn forget_home(conn: &mut Conn, home: Id<Pool>) -> Result<bool, Problem> {
    let theirs = sql!("UPDATE pool_member SET home = NULL WHERE home = $1 RETURNING state").bind(home);
    let states =
        theirs.all(conn).await?.iter().map(|row| row.get("state")).collect::<Result<Vec<String>, _>>()?;
    Ok(states.iter().any(|state| state == MemberState::Leaving.word()))
}

/// `joining -> in`, of a line that has arrived.
pub(crate) async fn set_in(conn: &mut Conn, pool: Id<Pool>, line: Id<Line>) -> Result<bool, Problem> {
    let arrived =
        sql!("UPDATE pool_member SET state = 'in' WHERE pool = $1 AND line = $2 AND state = 'joining'")
            .bind(pool)
            .bind(line)
            .run(conn)
            .await?;
    Ok(arrived == 1)
}

/// Forgets a line that has left this pool.
pub(crate) async fn delete_left(conn: &mut Conn, pool: Id<Pool>, line: Id<Line>) -> Result<(), Problem> {
    sql!("DELETE FROM pool_member WHERE pool = $1 AND line = $2 AND state = 'leaving'")
        .bind(pool)
        .bind(line)
        .run(conn)
        .await
        .map(drop)
}

/// Forgets the lines of an account that stay where they are while the pool ends.
pub(crate) async fn delete_members(
    conn: &mut Conn,
    pool: Id<Pool>,
    account: Id<Account>,
) -> Result<(), Problem> {
    sql!("DELETE FROM pool_member WHERE pool = $1 AND account = $2 AND state = 'in'")
        .bind(pool)
        .bind(account)
        .run(conn)
        .await
        .map(drop)
}

/// The role of an account, for all its lines; false if it has none here.
pub(crate) async fn set_role(
    conn: &mut Conn,
    pool: Id<Pool>,
    account: Id<Account>,
    role: Role,
) -> Result<bool, Problem> {
    let changed = sql!("UPDATE pool_member SET role = $3 WHERE pool = $1 AND account = $2")
        .bind(pool)
        .bind(account)
        .bind(role.word())
        .run(conn)
        .await?;
    Ok(changed > 0)
}

pub(crate) async fn set_caps(
    conn: &mut Conn,
    pool: Id<Pool>,
    line: Id<Line>,
    caps: Caps,
) -> Result<bool, Problem> {
    let changed = sql!(
        "UPDATE pool_member SET cap_day = $3, cap_month = $4, cap_all = $5 \
         WHERE pool = $1 AND line = $2 AND state <> 'leaving'"
    )
    .bind(pool)
    .bind(line)
    .bind(caps.per_day.map(DataVolume))
    .bind(caps.per_30_days.map(DataVolume))
    .bind(caps.in_all.map(DataVolume))
    .run(conn)
    .await?;
    Ok(changed == 1)
}

/// Pauses a line or lets it go on; false if that changes nothing.
pub(crate) async fn set_paused(
    conn: &mut Conn,
    pool: Id<Pool>,
    line: Id<Line>,
    paused: bool,
) -> Result<bool, Problem> {
    let changed = sql!(
        "UPDATE pool_member SET paused = $3 WHERE pool = $1 AND line = $2 AND state <> 'leaving' AND paused <> $3"
    )
    .bind(pool)
    .bind(line)
    .bind(i64::from(paused))
    .run(conn)
    .await?;
    Ok(changed == 1)
}

pub(super) fn caps_row(row: &Row) -> Result<Caps, Problem> {
    let cap = |column| row.get::<Option<DataVolume>>(column).map(|cap| cap.map(DataVolume::octets));
    Ok(Caps { per_day: cap("cap_day")?, per_30_days: cap("cap_month")?, in_all: cap("cap_all")? })
}

fn member_row(row: &Row) -> Result<Member, Problem> {
    Ok(Member {
        line: row.get("line")?,
        pool: row.get("pool")?,
        account: row.get("account")?,
        name: row.get("name")?,
        role: row.get::<String>("role")?.parse()?,
        state: row.get::<String>("state")?.parse()?,
        home: row.get("home")?,
        joined_at: row.get("joined_at")?,
        caps: caps_row(row)?,
        paused: row.get::<i64>("paused")? == 1,
    })
}
