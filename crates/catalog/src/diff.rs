//! What a file would change, for the operator to read.

use std::{collections::BTreeMap, fmt};

use crate::{Plan, PlanId};

/// One plan's change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Added(PlanId),
    /// Each changed field: its name, what it was, what it will be.
    Changed(PlanId, Vec<(&'static str, String, String)>),
    /// It is no longer in the file, so it goes off sale; orders still name it.
    Withdrawn(PlanId),
}

/// What changes and what does not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diff {
    /// In the order of the file, withdrawals last.
    pub changes: Vec<Change>,
    /// How many plans stay as they are.
    pub unchanged: usize,
    /// True if regions, currencies or the popular countries change.
    pub frame_changed: bool,
}

impl Diff {
    /// True if nothing changes.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && !self.frame_changed
    }

    pub(crate) fn between(old: &BTreeMap<PlanId, Plan>, new: &[Plan]) -> Self {
        let mut diff = Self::default();
        for plan in new {
            match old.get(&plan.id) {
                None => diff.changes.push(Change::Added(plan.id.clone())),
                Some(before) if before == plan => diff.unchanged += 1,
                Some(before) => diff.changes.push(Change::Changed(plan.id.clone(), fields(before, plan))),
            }
        }
        let gone =
            old.values().filter(|before| before.on_sale && new.iter().all(|plan| plan.id != before.id));
        diff.changes.extend(gone.map(|before| Change::Withdrawn(before.id.clone())));
        diff
    }
}

/// The fields of the terms that differ; a sale forbids these.
pub(crate) fn terms_changed(old: &Plan, new: &Plan) -> Vec<&'static str> {
    const TERMS: [&str; 7] =
        ["data", "where", "days", "start", "activate_within_days", "renewal", "shareable"];
    fields(old, new).into_iter().map(|(field, ..)| field).filter(|field| TERMS.contains(field)).collect()
}

fn fields(old: &Plan, new: &Plan) -> Vec<(&'static str, String, String)> {
    let (a, b) = (&old.terms, &new.terms);
    let all = [
        ("kind", old.kind.as_str().to_owned(), new.kind.as_str().to_owned()),
        ("name", format!("{:?}", old.names.0), format!("{:?}", new.names.0)),
        ("data", format!("{:?}", a.allowance), format!("{:?}", b.allowance)),
        ("where", format!("{:?}", a.coverage), format!("{:?}", b.coverage)),
        ("days", a.days.to_string(), b.days.to_string()),
        ("start", format!("{:?}", a.start), format!("{:?}", b.start)),
        ("activate_within_days", a.activate_within_days.to_string(), b.activate_within_days.to_string()),
        ("renewal", format!("{:?}", a.renewal), format!("{:?}", b.renewal)),
        ("shareable", a.shareable.to_string(), b.shareable.to_string()),
        ("price", format!("{:?}", old.prices), format!("{:?}", new.prices)),
        ("place", format!("{:?}", old.place), format!("{:?}", new.place)),
        ("networks", format!("{:?}", old.networks), format!("{:?}", new.networks)),
        ("on_sale", old.on_sale.to_string(), new.on_sale.to_string()),
        ("recommended", old.recommended.to_string(), new.recommended.to_string()),
    ];
    all.into_iter().filter(|(_, before, after)| before != after).collect()
}

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for change in &self.changes {
            match change {
                Change::Added(id) => writeln!(f, "+ {id}")?,
                Change::Withdrawn(id) => writeln!(f, "- {id}: no longer on sale")?,
                Change::Changed(id, fields) => {
                    writeln!(f, "~ {id}")?;
                    fields
                        .iter()
                        .try_for_each(|(field, was, is)| writeln!(f, "    {field}: {was} -> {is}"))?;
                }
            }
        }
        if self.frame_changed {
            writeln!(f, "~ regions, currencies or popular countries")?;
        }
        write!(f, "{} changed, {} unchanged", self.changes.len(), self.unchanged)
    }
}
