//! A shared pool's beginning, its name, its owner, and its end.

use basis::{Account, Env, Id, Line, Pool, Problem};
use charging::Caps;
use store::{
    Conn,
    audit::{self, Entry},
    in_tx,
};

use crate::{
    Desk, Kind, Member, MemberState, PoolOf, Role, SharedPool, jobs, joining, letters, letters_to, rows,
    rules,
};

/// Takes a pool's row for this transaction, on behalf of someone who shares it.
///
/// # Errors
/// Not found, also if it is other people's.
pub(crate) async fn take(conn: &mut Conn, account: Id<Account>, id: Id<Pool>) -> Result<PoolOf, Problem> {
    let pool = rows::take_pool(conn, id).await?.ok_or_else(Problem::not_found)?;
    let members = rows::members(conn, id).await?;
    PoolOf::seen_by(account, pool, members).ok_or_else(Problem::not_found)
}

/// Writes into the trail what an account did to a pool.
pub(crate) async fn note<D: serde::Serialize>(
    conn: &mut Conn,
    env: &Env,
    account: Id<Account>,
    action: &'static str,
    pool: Id<Pool>,
    detail: D,
) -> Result<(), Problem> {
    let (actor, subject) = (format!("account:{account}"), pool.to_string());
    audit::record(conn, env, Entry { actor: &actor, action, subject: &subject, detail }).await
}

/// The role is not enough.
pub(crate) fn not_allowed() -> Problem {
    Problem::new(basis::Kind::Forbidden, "pools-not-allowed")
}

/// Makes the pool of one of one's lines a shared one: the line stays where it is, and what is its own stays its own.
///
/// # Errors
/// Not found for someone else's line; Invalid at `name`; Conflict `pools-line-taken` if it shares a pool already,
/// `pools-line-moving` while it moves or its card has just been bound, `pools-line-coming` while another comes home.
pub async fn create(
    desk: &Desk,
    account: Id<Account>,
    line: Id<Line>,
    kind: Kind,
    name: &str,
) -> Result<Id<Pool>, Problem> {
    let name = rules::read_name(name)?;
    let pool = in_tx!(desk.db, |tx| { create_in(tx, &desk.env, account, line, kind, &name).await })?;
    desk.tell(pool, [account]);
    Ok(pool)
}

async fn create_in(
    tx: &mut Conn,
    env: &Env,
    account: Id<Account>,
    line: Id<Line>,
    kind: Kind,
    name: &str,
) -> Result<Id<Pool>, Problem> {
    let rests = cards::hold_still(tx, line).await?;
    let id = cards::line(tx, account, line).await.and_then(|line| match line.opened_at {
        Some(_) if rests => Ok(line.pool),
        _ => Err(Problem::conflict("pools-line-moving")),
    })?;
    let pool = SharedPool { id, kind, name: name.to_owned(), owner: account, created_at: env.now() };
    // Whoever is still on their way out of an earlier pool in the same place must have left.
    let is_free = rows::members(tx, id).await?.is_empty();
    if !is_free || !rows::insert_pool(tx, &pool).await? {
        return Err(Problem::conflict("pools-line-taken"));
    }
    // Home is where nobody else shares: whoever is away from here will go to a pool of their own instead.
    if rows::forget_home(tx, id).await? {
        return Err(Problem::conflict("pools-line-coming"));
    }
    rows::forget_left(tx, id).await?;
    let owner = accounts::account(tx, account).await?;
    let mine = cards::lines_of(tx, account).await?.into_iter();
    for line in mine.filter(|line| line.pool == id && line.moves_to.is_none()) {
        let name = if line.label.is_empty() { rules::name_of_address(&owner.email) } else { line.label };
        let member = new_member(env, &pool, line.id, account, Role::Owner, &name);
        let member = Member { state: MemberState::In, ..member };
        if !rows::insert_member(tx, &member).await? {
            return Err(Problem::conflict("pools-line-taken"));
        }
        jobs::queue_apply(tx, env, member.line).await?;
    }
    note(tx, env, account, "pool.create", id, kind.word()).await?;
    Ok(id)
}

/// A line that is about to come from nowhere.
pub(crate) fn new_member(
    env: &Env,
    pool: &SharedPool,
    line: Id<Line>,
    account: Id<Account>,
    role: Role,
    name: &str,
) -> Member {
    Member {
        line,
        pool: pool.id,
        account,
        name: name.to_owned(),
        role,
        state: MemberState::Joining,
        home: None,
        joined_at: env.now(),
        caps: Caps::default(),
        paused: false,
    }
}

/// The owner gives the pool another name.
///
/// # Errors
/// Invalid at `name`; Not found if the account does not own it.
pub async fn rename(desk: &Desk, account: Id<Account>, pool: Id<Pool>, name: &str) -> Result<(), Problem> {
    let name = rules::read_name(name)?;
    let accounts = in_tx!(desk.db, |tx| {
        if !rows::rename_pool(tx, pool, account, &name).await? {
            return Err(Problem::not_found());
        }
        note(tx, &desk.env, account, "pool.rename", pool, &name).await?;
        take(tx, account, pool).await.map(|taken| taken.accounts())
    })?;
    desk.tell(pool, accounts);
    Ok(())
}

/// The owner makes another member the owner, and becomes a manager.
///
/// # Errors
/// Not found if there is no such member, or the pool is other people's; Forbidden unless one owns it; Conflict
/// `pools-line-moving` while that line moves.
pub async fn hand_over(
    desk: &Desk,
    account: Id<Account>,
    pool: Id<Pool>,
    to: Id<Line>,
) -> Result<(), Problem> {
    let accounts = in_tx!(desk.db, |tx| {
        let taken = take(tx, account, pool).await?;
        let next = taken.member(to)?;
        if taken.role != Role::Owner || next.account == account {
            return Err(not_allowed());
        }
        if next.state != MemberState::In {
            return Err(Problem::conflict("pools-line-moving"));
        }
        rows::set_owner(tx, pool, next.account).await?;
        rows::set_role(tx, pool, account, Role::Manager).await?;
        rows::set_role(tx, pool, next.account, Role::Owner).await?;
        note(tx, &desk.env, account, "pool.hand-over", pool, next.account).await?;
        letters_to(tx, &desk.env, [next.account], &letters::HANDED_OVER, &taken.pool, &next.name).await?;
        Ok(taken.accounts())
    })?;
    desk.tell(pool, accounts);
    Ok(())
}

/// The owner ends the sharing: everyone else's lines go home with what is their own. The owner's lines stay, and with
/// them what was shared.
///
/// # Errors
/// Not found for other people's pool; Forbidden unless one owns it; Conflict `pools-line-moving` while a line joins.
pub async fn dissolve(desk: &Desk, account: Id<Account>, pool: Id<Pool>) -> Result<(), Problem> {
    let accounts = in_tx!(desk.db, |tx| {
        let taken = take(tx, account, pool).await?;
        if taken.role != Role::Owner {
            return Err(not_allowed());
        }
        let others = taken.members.iter().filter(|member| member.account != account);
        let mut told = Vec::new();
        for member in others.filter(|member| member.state != MemberState::Leaving) {
            joining::send_home(tx, &desk.env, member).await?;
            told.push(member.account);
        }
        told.sort_unstable();
        told.dedup();
        for mine in taken.members.iter().filter(|member| member.account == account) {
            if mine.state == MemberState::Joining {
                return Err(Problem::conflict("pools-line-moving"));
            }
            // It stays, and nobody is left to lift what was set for it.
            jobs::queue_apply(tx, &desk.env, mine.line).await?;
        }
        rows::delete_members(tx, pool, account).await?;
        rows::withdraw_all(tx, pool, desk.env.now()).await?;
        rows::delete_pool(tx, pool).await?;
        note(tx, &desk.env, account, "pool.dissolve", pool, taken.members.len()).await?;
        letters_to(tx, &desk.env, told, &letters::DISSOLVED, &taken.pool, "").await?;
        Ok(taken.accounts())
    })?;
    desk.tell(pool, accounts);
    Ok(())
}
