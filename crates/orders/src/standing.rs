//! What a pool holds, as quotes, credits and timelines see it.

use basis::{Allowance, DAY_MS, Id, Line, Order, Timestamp};
use carriers::Delivered;
use charging::{BundleState, BundleView, Closed, PoolView};

use crate::rules::{Standing, Unused};

/// The bundles that are not over and not used up.
pub(crate) fn of_pool(view: Option<&PoolView>) -> Vec<Standing> {
    let bundles = view.map(|view| view.bundles.as_slice()).unwrap_or_default();
    bundles.iter().filter(|b| is_standing(b)).map(standing).collect()
}

fn is_standing(bundle: &BundleView) -> bool {
    matches!(bundle.state, BundleState::Waiting | BundleState::Active)
}

fn standing(bundle: &BundleView) -> Standing {
    let unlimited = matches!(bundle.terms.allowance, Allowance::Unlimited { .. });
    Standing {
        bundle: bundle.bundle,
        line: bundle.line,
        ends_at: bundle.ends_at,
        remaining: (!unlimited).then_some(bundle.remaining),
        coverage: bundle.terms.coverage,
    }
}

/// An operator has stopped the line: nothing would be delivered to it.
pub(crate) fn is_stopped(view: &PoolView, line: Id<Line>) -> bool {
    view.lines.iter().any(|member| member.line == line && member.barred)
}

/// When a bundle began and ends, as the engine remembers it.
pub(crate) fn dates(view: Option<&PoolView>, bundle: Id<Order>) -> Delivered {
    let found = view.and_then(|view| view.bundles.iter().find(|b| b.bundle == bundle));
    found.map_or(Delivered::default(), |b| Delivered { starts_at: b.started_at, ends_at: b.ends_at })
}

/// What of a bundle is unused now, as the pages see it; `None` if it is over.
pub(crate) fn unused(view: Option<&PoolView>, bundle: Id<Order>) -> Option<Unused> {
    let view = view?;
    let bundle = view.bundles.iter().find(|b| b.bundle == bundle).filter(|b| is_standing(b))?;
    let of_ms = i64::from(bundle.terms.days).saturating_mul(DAY_MS);
    let left_ms = bundle.ends_at.map_or(of_ms, |end| end.since(view.as_of)).clamp(0, of_ms);
    let days = unstarted_days(bundle, view.as_of);
    let (bytes, of_bytes) = (bundle.remaining.min(bundle.total), bundle.total);
    Some(match bundle.terms.allowance {
        Allowance::Unlimited { .. } => Unused::Unlimited { days, of_days: bundle.terms.days },
        _ => Unused::Measured { bytes, of_bytes, ms: left_ms, of_ms },
    })
}

fn unstarted_days(bundle: &BundleView, now: Timestamp) -> u32 {
    let Some(start) = bundle.started_at else { return bundle.terms.days };
    let begun = now.since(start).div_euclid(DAY_MS).saturating_add(1);
    bundle.terms.days.saturating_sub(u32::try_from(begun).unwrap_or(u32::MAX))
}

/// What the engine found unused when it closed a bundle.
pub(crate) fn unused_of(allowance: Allowance, closed: &Closed) -> Unused {
    match allowance {
        Allowance::Unlimited { .. } => {
            Unused::Unlimited { days: closed.unstarted_days, of_days: closed.total_days }
        }
        Allowance::Fixed { .. } | Allowance::PerDay { .. } => Unused::Measured {
            bytes: basis::DataVolume(closed.unused_bytes),
            of_bytes: basis::DataVolume(closed.total_bytes),
            ms: closed.unused_ms,
            of_ms: closed.total_ms,
        },
    }
}
