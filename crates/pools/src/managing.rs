//! What a member may take, and what a member gives.

use basis::{Account, HOUR_MS, Id, Line, Order, Pool, Problem};
use charging::{BundleState, BundleView, Caps};
use store::{in_tx, jobs::Next};

use crate::{
    Desk, Role,
    creating::{not_allowed, note, take},
    jobs, letters, letters_to, rows, rules,
};

/// Between two letters about one line's pause lies at least so long.
const PAUSE_TOLD_EVERY_MS: i64 = HOUR_MS;

/// An owner limits what a line may take of the shared bundles, a manager what a member's may. Felt with the line's next
/// quota. All absent: no limit.
///
/// # Errors
/// Not found for other people's pool, or if there is no such line; Forbidden if the role does not allow it; Invalid at
/// a cap that means nothing.
pub async fn set_caps(
    desk: &Desk,
    account: Id<Account>,
    pool: Id<Pool>,
    line: Id<Line>,
    caps: Caps,
) -> Result<(), Problem> {
    let caps = rules::check_caps(caps)?;
    in_tx!(desk.db, |tx| {
        let taken = take(tx, account, pool).await?;
        if !taken.role.manages(taken.member(line)?.role) {
            return Err(not_allowed());
        }
        rows::set_caps(tx, pool, line, caps).await?;
        rows::forget_told(tx, &format!("cap:{line}")).await?;
        jobs::queue_apply(tx, &desk.env, line).await?;
        let detail = (line, caps.per_day, caps.per_30_days, caps.in_all);
        note(tx, &desk.env, account, "pool.cap", pool, detail).await
    })?;
    desk.tell(pool, [account]);
    Ok(())
}

/// An owner stops what a line takes of the shared bundles, or lets it go on; a manager a member's. What is the line's own
/// it may always use.
///
/// # Errors
/// As [`set_caps`].
pub async fn pause(
    desk: &Desk,
    account: Id<Account>,
    pool: Id<Pool>,
    line: Id<Line>,
    paused: bool,
) -> Result<(), Problem> {
    let told = in_tx!(desk.db, |tx| {
        let taken = take(tx, account, pool).await?;
        let member = taken.member(line)?;
        if !taken.role.manages(member.role) {
            return Err(not_allowed());
        }
        if !rows::set_paused(tx, pool, line, paused).await? {
            return Ok(None);
        }
        jobs::queue_apply(tx, &desk.env, line).await?;
        let action = if paused { "pool.pause" } else { "pool.resume" };
        note(tx, &desk.env, account, action, pool, line).await?;
        if member.account != account {
            jobs::queue_tell_pause(tx, &desk.env, line).await?;
        }
        Ok(Some(member.account))
    })?;
    desk.tell(pool, told.into_iter().chain([account]));
    Ok(())
}

/// Tells whose line it is that it is paused, or that it may go on, unless they know; at most once in so long, for
/// whatever is toggled meanwhile is told as it stands then.
pub(crate) async fn tell_pause(desk: &Desk, line: Id<Line>) -> Result<Next, Problem> {
    let now = desk.env.now();
    in_tx!(desk.db, |tx| {
        let Some(member) = rows::member(tx, line).await? else { return Ok(Next::Done) };
        let Some(pool) = rows::pool(tx, member.pool).await? else { return Ok(Next::Done) };
        let [paused, resumed] = ["paused", "resumed"].map(|word| format!("{word}:{}:{line}", pool.id));
        let (stands, stood, letter) = if member.paused {
            (paused, resumed, &letters::PAUSED)
        } else {
            (resumed, paused, &letters::RESUMED)
        };
        let last = rows::told_at(tx, &stood).await?;
        match last.map(|last| last.plus_ms(PAUSE_TOLD_EVERY_MS)) {
            Some(next) if now < next => return Ok(Next::At(next)),
            // Nobody was told that it was paused.
            None if !member.paused => return Ok(Next::Done),
            _ => rows::forget_told(tx, &stood).await?,
        }
        if rows::tell_once(tx, &stands, now).await? {
            letters_to(tx, &desk.env, [member.account], letter, &pool, &member.name).await?;
        }
        Ok(Next::Done)
    })
}

/// The owner makes someone's lines those of a manager, or of a member again.
///
/// # Errors
/// Not found for other people's pool, or if there is no such line; Forbidden unless one owns the pool, and about the
/// owner's own lines (see [`crate::hand_over`]).
pub async fn set_role(
    desk: &Desk,
    account: Id<Account>,
    pool: Id<Pool>,
    line: Id<Line>,
    role: Role,
) -> Result<(), Problem> {
    let accounts = in_tx!(desk.db, |tx| {
        let taken = take(tx, account, pool).await?;
        let member = taken.member(line)?;
        if taken.role != Role::Owner || member.account == account || role == Role::Owner {
            return Err(not_allowed());
        }
        rows::set_role(tx, pool, member.account, role).await?;
        note(tx, &desk.env, account, "pool.role", pool, (member.account, role.word())).await?;
        Ok(taken.accounts())
    })?;
    desk.tell(pool, accounts);
    Ok(())
}

/// Gives one's line's own bundle to everyone in its pool, for good.
///
/// # Errors
/// Not found for other people's pool, or if the bundle is not one's own line's there; Conflict
/// `charging-not-shareable` or `charging-bundle-over`.
pub async fn give(
    desk: &Desk,
    account: Id<Account>,
    pool: Id<Pool>,
    bundle: Id<Order>,
) -> Result<(), Problem> {
    let view = desk.charging.view(pool).await.ok_or_else(Problem::not_found)?;
    let own = view.bundles.iter().find(|own| own.bundle == bundle).ok_or_else(Problem::not_found)?;
    let line = own.line.ok_or_else(|| Problem::conflict("pools-given-already"))?;
    check_giveable(own)?;
    let accounts = in_tx!(desk.db, |tx| {
        let taken = take(tx, account, pool).await?;
        if taken.member(line)?.account != account {
            return Err(Problem::not_found());
        }
        jobs::queue_give(tx, &desk.env, pool, bundle).await?;
        note(tx, &desk.env, account, "pool.give", pool, (line, bundle)).await?;
        Ok(taken.accounts())
    })?;
    desk.tell(pool, accounts);
    Ok(())
}

fn check_giveable(bundle: &BundleView) -> Result<(), Problem> {
    match bundle.state {
        BundleState::Ended | BundleState::Closed => Err(Problem::conflict("charging-bundle-over")),
        _ if !bundle.terms.shareable => Err(Problem::conflict("charging-not-shareable")),
        BundleState::Waiting | BundleState::Active | BundleState::UsedUp => Ok(()),
    }
}
