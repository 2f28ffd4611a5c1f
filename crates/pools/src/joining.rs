//! Lines that come and go.

use accounts::{Guards, Origin};
use basis::{Account, DAY_MS, Env, Id, Line, Pool, Problem};
use cards::LineMove;
use store::{Conn, in_tx};

use crate::{
    Desk, Limits, Member, MemberState, OpenInvitation, Role, SharedPool,
    creating::{new_member, not_allowed, note, take},
    inviting::{dead, invitation, is_meant},
    jobs, letters, letters_to, rows, rules,
};

/// Who joins, with what.
#[derive(Debug, Clone, Copy)]
pub struct Joining<'a> {
    /// The code of the invitation.
    pub token: &'a str,
    /// Which of one's lines comes along.
    pub line: Id<Line>,
    /// What the others call it.
    pub name: &'a str,
}

/// Accepts an invitation: one's line moves into the pool, with what is its own, which stays its own. An invitation lets
/// one line in.
///
/// # Errors
/// Not found `pools-invitation-dead`, or for someone else's line; Invalid at `name`; Conflict `pools-full`,
/// `pools-line-taken` if the line shares a pool already, `pools-line-moving` while it moves, `pools-shared-left` if
/// nobody could use what was shared where it is now; TooMany.
pub async fn accept(
    desk: &Desk,
    guards: &Guards,
    origin: &Origin,
    account: Id<Account>,
    joining: Joining<'_>,
) -> Result<Id<Pool>, Problem> {
    let name = rules::read_name(joining.name)?;
    let mut conn = desk.db.read().await?;
    let (open, _) = invitation(&mut conn, desk.env.now(), guards, origin, joining.token).await?;
    drop(conn);
    check_strands_nothing(desk, account, joining.line).await?;
    let owner = in_tx!(desk.db, |tx| { accept_in(tx, desk, account, &open, joining.line, &name).await })?;
    desk.tell(open.pool, [account, owner]);
    Ok(open.pool)
}

async fn accept_in(
    tx: &mut Conn,
    desk: &Desk,
    account: Id<Account>,
    open: &OpenInvitation,
    line: Id<Line>,
    name: &str,
) -> Result<Id<Account>, Problem> {
    let env = &desk.env;
    let pool = rows::take_pool(tx, open.pool).await?.ok_or_else(dead)?;
    if !rows::use_invitation(tx, open.id, env.now()).await? {
        return Err(dead());
    }
    let members = rows::members(tx, pool.id).await?;
    if !is_meant(open, &members) {
        return Err(dead());
    }
    // Someone who is there already with another line keeps their role; whoever is on their way out has none.
    let stays = |member: &&Member| member.account == account && member.state != MemberState::Leaving;
    let role = members.iter().find(stays).map_or(open.role, |own| own.role);
    let member = new_member(env, &pool, line, account, role, name);
    let who = member.name.clone();
    let owner = pool.owner;
    join(tx, env, &pool, &members, member).await?;
    note(tx, env, account, "pool.accept", pool.id, (open.id, line)).await?;
    if owner != account {
        letters_to(tx, env, [owner], &letters::JOINED, &pool, &who).await?;
    }
    Ok(owner)
}

/// An owner or manager brings another line of their own.
///
/// # Errors
/// As [`accept`]; Forbidden for members, who need an invitation for each line.
pub async fn add_line(
    desk: &Desk,
    account: Id<Account>,
    pool: Id<Pool>,
    line: Id<Line>,
    name: &str,
) -> Result<(), Problem> {
    let name = rules::read_name(name)?;
    check_strands_nothing(desk, account, line).await?;
    in_tx!(desk.db, |tx| {
        let taken = take(tx, account, pool).await?;
        if !taken.role.invites(Role::Member) {
            return Err(not_allowed());
        }
        let member = new_member(&desk.env, &taken.pool, line, account, taken.role, &name);
        join(tx, &desk.env, &taken.pool, &taken.members, member).await?;
        note(tx, &desk.env, account, "pool.add-line", pool, line).await
    })?;
    desk.tell(pool, [account]);
    Ok(())
}

/// Plans that were shared stay in their pool when it is dissolved; its last line stays with them while they live.
async fn check_strands_nothing(desk: &Desk, account: Id<Account>, line: Id<Line>) -> Result<(), Problem> {
    let line = cards::line(&mut desk.db.read().await?, account, line).await?;
    let Some(view) = desk.charging.view(line.pool).await else { return Ok(()) };
    let is_last = view.lines.iter().all(|there| there.line == line.id);
    if is_last && view.bundles.iter().any(|bundle| bundle.line.is_none() && rules::can_be_used(bundle)) {
        return Err(Problem::conflict("pools-shared-left"));
    }
    Ok(())
}

/// Puts a line of the account's on its way into the pool, whose row is taken.
async fn join(
    tx: &mut Conn,
    env: &Env,
    pool: &SharedPool,
    members: &[Member],
    member: Member,
) -> Result<(), Problem> {
    if members.len() >= pool.kind.members_most() {
        return Err(Problem::conflict("pools-full").with("most", pool.kind.members_most()));
    }
    let line = cards::line(tx, member.account, member.line).await?;
    let limits = inherited(tx, members, &member).await?;
    let member = Member { home: Some(line.pool), caps: limits.caps, paused: limits.paused, ..member };
    if line.pool == pool.id || !rows::insert_member(tx, &member).await? {
        return Err(Problem::conflict("pools-line-taken"));
    }
    send(tx, env, LineMove { id: env.new_id(), line: line.id, from: line.pool, to: pool.id }).await
}

/// What is set for the account's other lines here, or was for those that left lately: nobody sheds it by coming anew.
async fn inherited(tx: &mut Conn, members: &[Member], new: &Member) -> Result<Limits, Problem> {
    let theirs = members.iter().filter(|member| member.account == new.account);
    let theirs = theirs.map(|member| Limits { caps: member.caps, paused: member.paused });
    let left = rows::take_left(tx, new.pool, new.account).await?;
    Ok(theirs.chain(left).fold(Limits::default(), rules::strictest))
}

/// A line leaves on its owner's wish: what is its own goes with it, what was given stays.
///
/// # Errors
/// Not found for other people's pool or line; Conflict `pools-owner-stays` while others are there,
/// `pools-owner-alone` if nobody else is (dissolve it), `pools-line-moving` while the line moves.
pub async fn leave(desk: &Desk, account: Id<Account>, pool: Id<Pool>, line: Id<Line>) -> Result<(), Problem> {
    let accounts = in_tx!(desk.db, |tx| {
        let taken = take(tx, account, pool).await?;
        let member = taken.member(line)?;
        if member.account != account {
            return Err(Problem::not_found());
        }
        rules::may_leave(member, &taken.members)?;
        send_home(tx, &desk.env, member).await?;
        note(tx, &desk.env, account, "pool.leave", pool, line).await?;
        if taken.pool.owner != account && may_tell_left(tx, &desk.env, pool, line).await? {
            letters_to(tx, &desk.env, [taken.pool.owner], &letters::LEFT, &taken.pool, &member.name).await?;
        }
        Ok(taken.accounts())
    })?;
    desk.tell(pool, accounts);
    Ok(())
}

/// A line that comes and goes all day is told of once.
async fn may_tell_left(tx: &mut Conn, env: &Env, pool: Id<Pool>, line: Id<Line>) -> Result<bool, Problem> {
    let now = env.now();
    rows::tell_again(tx, &format!("left:{pool}:{line}"), now, now.plus_ms(-DAY_MS)).await
}

/// An owner removes anyone's line, a manager a member's. It goes home like one that leaves.
///
/// # Errors
/// Not found for other people's pool, or if there is no such line; Forbidden if the role does not allow it; Conflict
/// `pools-line-moving` while the line moves.
pub async fn remove(
    desk: &Desk,
    account: Id<Account>,
    pool: Id<Pool>,
    line: Id<Line>,
) -> Result<(), Problem> {
    let accounts = in_tx!(desk.db, |tx| {
        let taken = take(tx, account, pool).await?;
        let member = taken.member(line)?;
        if member.account == account || !taken.role.manages(member.role) {
            return Err(not_allowed());
        }
        send_home(tx, &desk.env, member).await?;
        note(tx, &desk.env, account, "pool.remove", pool, line).await?;
        letters_to(tx, &desk.env, [member.account], &letters::REMOVED, &taken.pool, &member.name).await?;
        Ok(taken.accounts())
    })?;
    desk.tell(pool, accounts);
    Ok(())
}

/// Puts a member's line on its way to where it came from, or to a new pool of its own.
pub(crate) async fn send_home(tx: &mut Conn, env: &Env, member: &Member) -> Result<(), Problem> {
    let moving = || Problem::conflict("pools-line-moving");
    // The row says where home is now: it may have been shared since the member was read.
    let home = match rows::set_leaving(tx, member.pool, member.line).await?.ok_or_else(moving)? {
        Some(home) => home,
        None => cards::new_home(tx, env, member.account).await?,
    };
    send(tx, env, LineMove { id: env.new_id(), line: member.line, from: member.pool, to: home }).await
}

/// Sends a line on that came home and found others sharing it: to a new pool of its own, seen by the others until then.
pub(crate) async fn send_on(
    tx: &mut Conn,
    env: &Env,
    pool: &SharedPool,
    line: Id<Line>,
) -> Result<(), Problem> {
    let line = cards::line_of_id(tx, line).await?;
    let stray = new_member(env, pool, line.id, line.account, Role::Member, &line.name());
    if !rows::insert_member(tx, &Member { state: MemberState::In, ..stray.clone() }).await? {
        return Err(Problem::conflict("pools-line-taken"));
    }
    send_home(tx, env, &stray).await
}

async fn send(tx: &mut Conn, env: &Env, step: LineMove) -> Result<(), Problem> {
    if !cards::begin_move(tx, step).await? {
        return Err(Problem::conflict("pools-line-moving"));
    }
    jobs::queue_carry(tx, env, step).await
}
