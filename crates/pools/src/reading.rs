//! What pages and other nouns ask about shared pools.

use basis::{Account, Id, Line, Pool, Problem, Timestamp};
use store::Conn;

use crate::{Member, MemberState, OpenInvitation, Role, SharedPool, inviting::is_meant, rows};

/// A shared pool, as one of those who share it sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolOf {
    /// The pool.
    pub pool: SharedPool,
    /// What the reader may do there.
    pub role: Role,
    /// Everyone, in the order in which they came; those who are leaving included.
    pub members: Vec<Member>,
}

impl PoolOf {
    /// Of these the account is one, and stays.
    pub(crate) fn seen_by(account: Id<Account>, pool: SharedPool, members: Vec<Member>) -> Option<Self> {
        let mine = |member: &&Member| member.account == account && member.state != MemberState::Leaving;
        let role = members.iter().find(mine)?.role;
        Some(Self { pool, role, members })
    }

    /// The member with this line.
    ///
    /// # Errors
    /// Not found, also if it is leaving.
    pub fn member(&self, line: Id<Line>) -> Result<&Member, Problem> {
        let stays = |member: &&Member| member.line == line && member.state != MemberState::Leaving;
        self.members.iter().find(stays).ok_or_else(Problem::not_found)
    }

    /// Everyone's accounts, each once.
    pub fn accounts(&self) -> Vec<Id<Account>> {
        let mut accounts: Vec<_> = self.members.iter().map(|member| member.account).collect();
        accounts.sort_unstable();
        accounts.dedup();
        accounts
    }
}

/// A shared pool that this account is in.
///
/// # Errors
/// Not found, also if it is other people's.
pub async fn pool(conn: &mut Conn, account: Id<Account>, id: Id<Pool>) -> Result<PoolOf, Problem> {
    let pool = rows::pool(conn, id).await?.ok_or_else(Problem::not_found)?;
    let members = rows::members(conn, id).await?;
    PoolOf::seen_by(account, pool, members).ok_or_else(Problem::not_found)
}

/// The shared pools that this account is in, the oldest first.
pub async fn pools_of(conn: &mut Conn, account: Id<Account>) -> Result<Vec<SharedPool>, Problem> {
    rows::pools_of(conn, account).await
}

/// The shared pool of this id; `None` if the pool is one line's own.
pub async fn shared(conn: &mut Conn, id: Id<Pool>) -> Result<Option<SharedPool>, Problem> {
    rows::pool(conn, id).await
}

/// A line as the member of a shared pool, if it is one.
pub async fn member_of_line(conn: &mut Conn, line: Id<Line>) -> Result<Option<Member>, Problem> {
    rows::member(conn, line).await
}

/// The open invitations into a pool that the account could have made, the newest first.
///
/// # Errors
/// Not found if the account may not.
pub async fn invitations_of(
    conn: &mut Conn,
    now: Timestamp,
    account: Id<Account>,
    id: Id<Pool>,
) -> Result<Vec<OpenInvitation>, Problem> {
    let seen = pool(conn, account, id).await?;
    if !seen.role.invites(Role::Member) {
        return Err(Problem::not_found());
    }
    let mut open = rows::open_invitations(conn, id, now).await?;
    open.retain(|open| seen.role.invites(open.role) && is_meant(open, &seen.members));
    Ok(open)
}
