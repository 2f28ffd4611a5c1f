//! What became of the data that an order bought, as the charging engine remembers it.

use basis::{DAY_MS, Timestamp};
use charging::{BundleState, Charging};
use orders::{OrderRecord, OrderState};

/// Where a delivered bundle is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bought {
    /// Not delivered, or the engine does not say.
    Unknown,
    /// It begins with its first use, or behind another.
    Waiting,
    /// Its days run.
    Running { until: Option<Timestamp> },
    /// Its data is used up.
    UsedUp,
    /// Its days are over; the engine forgets in time when that was.
    Over { at: Option<Timestamp> },
}

impl Bought {
    /// From memory.
    pub(super) async fn of(charging: &Charging, order: &OrderRecord, now: Timestamp) -> Self {
        let delivered = order.state == OrderState::Active && order.closed_at.is_none();
        let Some(pool) = order.pool.filter(|_| delivered) else { return Self::Unknown };
        let Some(view) = charging.view(pool).await else { return Self::Unknown };
        match view.bundles.iter().find(|bundle| bundle.bundle == order.id) {
            Some(bundle) => match bundle.state {
                BundleState::Waiting => Self::Waiting,
                BundleState::Active => Self::Running { until: bundle.ends_at },
                BundleState::UsedUp => Self::UsedUp,
                BundleState::Ended | BundleState::Closed => Self::Over { at: bundle.ends_at },
            },
            None if Self::must_be_over(order, now) => Self::Over { at: None },
            None => Self::Unknown,
        }
    }

    /// Longer ago than all its days: what the engine does not know any more is over, not late.
    fn must_be_over(order: &OrderRecord, now: Timestamp) -> bool {
        let days_ms = i64::from(order.terms.days).saturating_mul(DAY_MS);
        order.active_at.is_some_and(|active| now.since(active) > days_ms)
    }

    /// Nothing is left of it: the way on is to buy anew.
    pub(super) const fn is_gone(self) -> bool {
        matches!(self, Self::UsedUp | Self::Over { .. })
    }
}
