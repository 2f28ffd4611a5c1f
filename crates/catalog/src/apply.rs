//! Putting the operator's file into force.

use std::{collections::BTreeMap, fmt};

use basis::{Allowance, Beyond, Env, Problem};
use serde_json::json;
use store::{
    Conn, Db,
    audit::{self, Entry},
};

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

/// How a file is put into force.
#[derive(Debug, Clone)]
pub struct Conditions {
    /// Who does it, as the audit trail names them: `operator:li`, `system`.
    pub actor: String,
    /// Only says what would change.
    pub dry_run: bool,
    /// Why the carrier cannot make data slower, if it cannot: then no plan on sale may promise to go on slower.
    pub no_slower: Option<String>,
}

impl Default for Conditions {
    /// The machine itself does it, and the carrier can do everything.
    fn default() -> Self {
        Self { actor: "system".to_owned(), dry_run: false, no_slower: None }
    }
}

/// Checks the file, works out what it changes and, unless it is a dry run, puts it into force: all of it, with its line in
/// the audit trail, or nothing.
///
/// A plan that was sold may change its price, names, networks and whether it is on sale, but not what it promises. A plan that
/// the file no longer has goes off sale. The same file again changes nothing.
///
/// # Errors
/// Every fault by line, plan and field; a [`Problem`] if the database fails.
pub async fn apply(db: &Db, env: &Env, toml_text: &str, on: &Conditions) -> Result<Diff, ApplyError> {
    let draft = file::read(toml_text)?;
    let (diff, faults) = store::in_tx!(db, |tx| {
        let old = rows::plans(tx).await?;
        let mut diff = Diff::between(&plans_of(&old), &draft.plans);
        diff.frame_changed = rows::frame(tx).await?.as_ref() != Some(&draft.frame);
        let mut faults = broken_promises(&old, &draft);
        faults.extend(empty_promises(&draft, on));
        if faults.is_empty() && !on.dry_run && !diff.is_empty() {
            write(tx, env, &old, &draft, &diff).await?;
            let detail = json!({ "changed": diff.changes.len() });
            let entry = Entry { actor: &on.actor, action: "catalog.apply", subject: "catalog", detail };
            audit::record(tx, env, entry).await?;
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
        let message = "this plan was sold and keeps its terms; give the new offer a new id".to_owned();
        Some(fault(draft, after, diff::terms_changed(before, after).join(", "), message))
    });
    broken.collect()
}

/// The plans on sale that promise what the carrier cannot do.
fn empty_promises(draft: &Draft, on: &Conditions) -> Vec<Fault> {
    let Some(why) = &on.no_slower else { return Vec::new() };
    let slower = |plan: &&Plan| {
        plan.on_sale && matches!(plan.terms.allowance, Allowance::Unlimited { then: Beyond::Slower, .. })
    };
    let message =
        || format!("the network cannot make data slower: {why}; without `then slower` it stops there");
    let empty = draft.plans.iter().filter(slower);
    empty.map(|plan| fault(draft, plan, "data".to_owned(), message())).collect()
}

fn fault(draft: &Draft, plan: &Plan, field: String, message: String) -> Fault {
    let line = draft.lines.get(&plan.id).copied().unwrap_or(1);
    Fault { line, plan: Some(plan.id.to_string()), field, message }
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
