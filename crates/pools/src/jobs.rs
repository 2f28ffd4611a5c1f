//! The work that carries a decision to the charging engine. Each may run twice and die between any two lines.

use basis::{Env, Id, Kind, Line, Move, Order, Pool, Problem};
use cards::LineMove;
use charging::Caps;
use serde::{Deserialize, Serialize};
use store::{
    Conn, in_tx,
    jobs::{self, JobRun, NewJob, Next, Worker},
};

use crate::{Desk, MemberState, joining, managing, rows};

/// The job that moves a line; handled by [`carry`] once nothing is being delivered to the line.
pub const CARRY: &str = "pool.move";
/// The job that tells the engine a member's caps and pause; handled in [`handlers`].
pub const APPLY: &str = "pool.apply";
/// The job that gives a bundle to its pool; handled in [`handlers`].
pub const GIVE: &str = "pool.give";

/// The job that tells whose line it is that it is paused or may go on; handled in [`handlers`].
pub const TELL_PAUSE: &str = "pool.tell-pause";

/// What [`CARRY`] is about.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct LineJob {
    id: Id<Move>,
    /// The line.
    pub line: Id<Line>,
    from: Id<Pool>,
    to: Id<Pool>,
}

impl LineJob {
    const fn of(step: LineMove) -> Self {
        let LineMove { id, line, from, to } = step;
        Self { id, line, from, to }
    }

    const fn step(self) -> LineMove {
        let Self { id, line, from, to } = self;
        LineMove { id, line, from, to }
    }
}

pub(crate) async fn queue_carry(tx: &mut Conn, env: &Env, step: LineMove) -> Result<(), Problem> {
    let payload = LineJob::of(step);
    let job = NewJob { kind: CARRY, key: step.id.to_string(), payload: &payload, run_at: env.now() };
    jobs::enqueue(tx, env, job).await.map(drop)
}

pub(crate) async fn queue_apply(tx: &mut Conn, env: &Env, line: Id<Line>) -> Result<(), Problem> {
    let job = NewJob { kind: APPLY, key: line.to_string(), payload: &line, run_at: env.now() };
    jobs::enqueue(tx, env, job).await.map(drop)
}

pub(crate) async fn queue_tell_pause(tx: &mut Conn, env: &Env, line: Id<Line>) -> Result<(), Problem> {
    let job = NewJob { kind: TELL_PAUSE, key: line.to_string(), payload: &line, run_at: env.now() };
    jobs::enqueue(tx, env, job).await.map(drop)
}

pub(crate) async fn queue_give(
    tx: &mut Conn,
    env: &Env,
    pool: Id<Pool>,
    bundle: Id<Order>,
) -> Result<(), Problem> {
    let payload = (pool, bundle);
    let job = NewJob { kind: GIVE, key: bundle.to_string(), payload: &payload, run_at: env.now() };
    jobs::enqueue(tx, env, job).await.map(drop)
}

/// The same worker, with the jobs of pools that need nobody else; [`CARRY`] waits for orders, so theirs it is.
#[must_use]
pub fn handlers(worker: Worker, desk: &Desk) -> Worker {
    let (applied, given, told) = (desk.clone(), desk.clone(), desk.clone());
    worker
        .on(APPLY, move |run| {
            let desk = applied.clone();
            async move { apply(&desk, &run).await }
        })
        .on(GIVE, move |run| {
            let desk = given.clone();
            async move { give_now(&desk, &run).await }
        })
        .on(TELL_PAUSE, move |run| {
            let desk = told.clone();
            async move { managing::tell_pause(&desk, run.read()?).await }
        })
}

/// Moves a line at the engine, then in the shop.
///
/// # Errors
/// Unavailable while the engine does not serve; the move goes on with the next try.
pub async fn carry(desk: &Desk, run: &JobRun) -> Result<Next, Problem> {
    let job: LineJob = run.read()?;
    let LineJob { id, line, from, to } = job;
    desk.charging.move_line(charging::LineMove { id, line, from, to }).await?;
    in_tx!(desk.db, |tx| { arrived(tx, &desk.env, job.step()).await })?;
    let account = cards::line_of_id(&mut desk.db.read().await?, line).await?.account;
    for pool in [from, to] {
        desk.tell(pool, [account]);
    }
    Ok(Next::Done)
}

async fn arrived(tx: &mut Conn, env: &Env, step: LineMove) -> Result<(), Problem> {
    if !cards::end_move(tx, step).await? {
        return Ok(());
    }
    rows::keep_left(tx, step.from, step.line, env.now()).await?;
    rows::delete_left(tx, step.from, step.line).await?;
    if !rows::set_in(tx, step.to, step.line).await? {
        return came_home(tx, env, step).await;
    }
    // Wishes that came while it was on its way.
    let wishes = |member: &crate::Member| member.paused || member.caps != Caps::default();
    if rows::member(tx, step.line).await?.as_ref().is_some_and(wishes) {
        queue_apply(tx, env, step.line).await?;
    }
    Ok(())
}

/// Nobody expects it as a member, so nobody else may share the pool where it is now.
async fn came_home(tx: &mut Conn, env: &Env, step: LineMove) -> Result<(), Problem> {
    match rows::take_pool(tx, step.to).await? {
        Some(shared) => joining::send_on(tx, env, &shared, step.line).await,
        None => Ok(()),
    }
}

/// Tells the engine what a line may take: a member what is wished, a line that shares with nobody everything.
///
/// # Errors
/// Unavailable while the engine does not serve.
async fn apply(desk: &Desk, run: &JobRun) -> Result<Next, Problem> {
    let line: Id<Line> = run.read()?;
    let Some((pool, caps, paused)) = wished(&mut desk.db.read().await?, line).await? else {
        return Ok(Next::Done);
    };
    desk.charging.cap(pool, line, caps).await?;
    desk.charging.pause_member(pool, line, paused).await?;
    Ok(Next::Done)
}

/// What a line may take where it is; nothing is wished while it moves.
async fn wished(conn: &mut Conn, line: Id<Line>) -> Result<Option<(Id<Pool>, Caps, bool)>, Problem> {
    if let Some(member) = rows::member(conn, line).await? {
        let is_in = member.state == MemberState::In;
        return Ok(is_in.then_some((member.pool, member.caps, member.paused)));
    }
    let line = cards::line_of_id(conn, line).await?;
    Ok(line.moves_to.is_none().then_some((line.pool, Caps::default(), false)))
}

/// Gives a bundle to its pool.
///
/// # Errors
/// Unavailable while the engine does not serve. A bundle that has ended or left meanwhile stays what it is.
async fn give_now(desk: &Desk, run: &JobRun) -> Result<Next, Problem> {
    let (pool, bundle): (Id<Pool>, Id<Order>) = run.read()?;
    match desk.charging.give(pool, bundle).await {
        Err(problem) if matches!(problem.kind, Kind::NotFound | Kind::Conflict) => {
            tracing::info!(%pool, %bundle, %problem, "not given");
            Ok(Next::Done)
        }
        given => given.map(|()| Next::Done),
    }
}
