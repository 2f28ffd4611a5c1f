//! Lines: bound cards in service.

use basis::{Env, Id, Pool, Problem, Timestamp};
use charging::{Charging, Digits, LineIdentity};
use store::{
    Conn, Db, in_tx,
    jobs::{JobRun, Next, Worker},
};

use crate::{rows, rules};

/// The kind of the job that opens a new line's pool at the charging engine; handled by [`open_line`].
pub const LINE_OPEN: &str = "line.open";

/// A profile in service.
#[derive(Clone, PartialEq, Eq)]
pub struct Line {
    /// Its id.
    pub id: Id<basis::Line>,
    /// Whose it is.
    pub account: Id<basis::Account>,
    /// The card that carries it.
    pub card: Id<basis::Card>,
    /// What it draws data from.
    pub pool: Id<Pool>,
    /// What its owner calls it; may be empty, see [`Line::name`].
    pub label: String,
    /// The profile's number.
    pub iccid: String,
    /// The chip's number.
    pub eid: String,
    /// How networks name it.
    pub imsi: String,
    /// Its telephone number without the plus, if it has one.
    pub msisdn: Option<String>,
    /// Who delivers its data, e.g. `own`.
    pub carrier: String,
    /// The activation code (`LPA:1$…`), if the profile is downloaded by one. Never to be logged.
    pub activation_code: Option<String>,
    /// When it was bound.
    pub bound_at: Timestamp,
    /// When its pool was opened at the charging engine.
    pub opened_at: Option<Timestamp>,
    /// The pool that it is on its way to.
    pub moves_to: Option<Id<Pool>>,
}

impl Line {
    /// What its owner calls it, or else how its ICCID ends: `eSIM ··2341`.
    pub fn name(&self) -> String {
        if !self.label.is_empty() {
            return self.label.clone();
        }
        let end = self.iccid.get(self.iccid.len().saturating_sub(4)..).unwrap_or_default();
        format!("eSIM\u{a0}··{end}")
    }
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line").field("id", &self.id).field("pool", &self.pool).finish_non_exhaustive()
    }
}

/// The lines of an account, the oldest first.
pub async fn lines_of(conn: &mut Conn, account: Id<basis::Account>) -> Result<Vec<Line>, Problem> {
    rows::lines_of(conn, account).await
}

/// A line of this account.
///
/// # Errors
/// Not found, also if it is someone else's.
pub async fn line(
    conn: &mut Conn,
    account: Id<basis::Account>,
    id: Id<basis::Line>,
) -> Result<Line, Problem> {
    let line = rows::line(conn, id).await?.filter(|line| line.account == account);
    line.ok_or_else(Problem::not_found)
}

/// A line, whoever owns it: for jobs and operators.
///
/// # Errors
/// Not found.
pub async fn line_of_id(conn: &mut Conn, id: Id<basis::Line>) -> Result<Line, Problem> {
    rows::line(conn, id).await?.ok_or_else(Problem::not_found)
}

/// Gives a line of this account another name; an empty one takes its name away.
///
/// # Errors
/// Invalid at `label`; Not found, also if it is someone else's.
pub async fn rename_line(
    db: &Db,
    account: Id<basis::Account>,
    id: Id<basis::Line>,
    label: &str,
) -> Result<(), Problem> {
    let label = rules::read_label(label)?;
    let renamed = in_tx!(db, |tx| { rows::rename_line(tx, account, id, &label).await })?;
    if renamed { Ok(()) } else { Err(Problem::not_found()) }
}

/// Lets a worker do the jobs of cards.
#[must_use]
pub fn handlers(worker: Worker, db: &Db, env: &Env, charging: &Charging) -> Worker {
    let (db, env, charging) = (db.clone(), env.clone(), charging.clone());
    worker.on(LINE_OPEN, move |run| {
        let (db, env, charging) = (db.clone(), env.clone(), charging.clone());
        async move { open_line(&db, &env, &charging, &run).await }
    })
}

/// Handles the job [`LINE_OPEN`]: lets the line draw from its pool at the charging engine, and notes that it does.
///
/// # Errors
/// Conflict if another line has its IMSI or number; Unavailable while the engine does not serve.
pub async fn open_line(db: &Db, env: &Env, charging: &Charging, run: &JobRun) -> Result<Next, Problem> {
    let id: Id<basis::Line> = run.read()?;
    let line = line_of_id(&mut db.read().await?, id).await?;
    charging.open_pool(line.pool, identity(&line)?).await?;
    in_tx!(db, |tx| { rows::note_opened(tx, env.now(), id).await })?;
    Ok(Next::Done)
}

fn identity(line: &Line) -> Result<LineIdentity, Problem> {
    let digits =
        |text: &str| text.parse::<Digits>().map_err(|e| Problem::internal("a line's number").because(e));
    let msisdn = line.msisdn.as_deref().map(digits).transpose()?;
    Ok(LineIdentity { line: line.id, imsi: digits(&line.imsi)?, msisdn })
}
