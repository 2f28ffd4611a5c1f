//! Putting the operator's file into force.

use std::{collections::BTreeMap, fmt};

use basis::{Env, Problem};
use store::{Conn, Db};

use crate::{
    Diff, Fault, Faults, Plan, PlanId,
    diff::{self, Change},
    file::{self, Draft},
    rows,
};

/// Why a file was not put into force; nothing has changed.
#[derive(Debug)]
pub enum ApplyError {
    /// The file is at fault.
    Faults(Faults),
    /// The database is.
    Problem(Problem),
}

impl fmt::Display for ApplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Faults(faults) => write!(f, "{faults}"),
            Self::Problem(problem) => write!(f, "{problem}"),
        }
    }
}
impl std::error::Error for ApplyError {}
impl From<Problem> for ApplyError {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}
impl From<Faults> for ApplyError {
    fn from(faults: Faults) -> Self {
        Self::Faults(faults)
    }
}

/// Checks the file, works out what it changes and, unless `dry_run`, puts it into force: all of it or nothing.
///
/// A plan that was sold may change its price, names, networks and whether it is on sale, but not what it promises. A plan that
/// the file no longer has goes off sale. The same file again changes nothing.
///
/// # Errors
/// Every fault by line, plan and field; a [`Problem`] if the database fails.
pub async fn apply(db: &Db, env: &Env, toml_text: &str, dry_run: bool) -> Result<Diff, ApplyError> {
    let draft = file::read(toml_text)?;
    let (diff, faults) = store::in_tx!(db, |tx| {
        let old = rows::plans(tx).await?;
        let mut diff = Diff::between(&plans_of(&old), &draft.plans);
        diff.frame_changed = rows::frame(tx).await?.as_ref() != Some(&draft.frame);
        let faults = broken_promises(&old, &draft);
        if faults.is_empty() && !dry_run && !diff.is_empty() {
            write(tx, env, &old, &draft, &diff).await?;
        }
        Ok((diff, faults))
    })?;
    if faults.is_empty() { Ok(diff) } else { Err(Faults(faults).into()) }
}

fn plans_of(old: &[rows::Shelved]) -> BTreeMap<PlanId, Plan> {
    old.iter().map(|row| (row.plan.id.clone(), row.plan.clone())).collect()
}

/// The sold plans whose terms the file would change.
fn broken_promises(old: &[rows::Shelved], draft: &Draft) -> Vec<Fault> {
    let sold = old.iter().filter(|row| row.sold).map(|row| &row.plan);
    let broken = sold.filter_map(|before| {
        let after = draft.plans.iter().find(|plan| plan.id == before.id && plan.terms != before.terms)?;
        Some(Fault {
            line: draft.lines.get(&after.id).copied().unwrap_or(1),
            plan: Some(after.id.to_string()),
            field: diff::terms_changed(before, after).join(", "),
            message: "this plan was sold and keeps its terms; give the new offer a new id".to_owned(),
        })
    });
    broken.collect()
}

async fn write(
    tx: &mut Conn,
    env: &Env,
    old: &[rows::Shelved],
    draft: &Draft,
    diff: &Diff,
) -> Result<(), Problem> {
    for (place, plan) in (0_i64..).zip(&draft.plans) {
        rows::put(tx, plan, place).await?;
    }
    for row in old.iter().filter(|row| diff.changes.contains(&Change::Withdrawn(row.plan.id.clone()))) {
        let withdrawn = Plan { on_sale: false, ..row.plan.clone() };
        rows::put(tx, &withdrawn, i64::from(u32::MAX)).await?;
    }
    rows::put_frame(tx, &draft.frame, env.now()).await
}
