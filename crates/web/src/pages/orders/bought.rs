//! What became of the data that an order bought.

use basis::Timestamp;
use charging::{BundleRow, BundleState, Charging};
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
    /// It never began, and its time to begin is over.
    Lapsed { at: Timestamp },
    /// Its days are over.
    Over { at: Option<Timestamp> },
}

impl Bought {
    /// What is over stands in the tables for ever; what lives is the engine's to tell.
    pub(super) async fn of(charging: &Charging, order: &OrderRecord, row: Option<&BundleRow>) -> Self {
        let delivered = order.state == OrderState::Active && order.closed_at.is_none();
        let Some(pool) = order.pool.filter(|_| delivered) else { return Self::Unknown };
        if let Some((row, at)) = row.and_then(|row| Some((row, row.ended_at?))) {
            return if row.state == "lapsed" { Self::Lapsed { at } } else { Self::Over { at: Some(at) } };
        }
        let Some(view) = charging.view(pool).await else { return Self::Unknown };
        match view.bundles.iter().find(|bundle| bundle.bundle == order.id) {
            Some(bundle) => match bundle.state {
                BundleState::Waiting => Self::Waiting,
                BundleState::Active => Self::Running { until: bundle.ends_at },
                BundleState::UsedUp => Self::UsedUp,
                BundleState::Ended | BundleState::Closed => Self::Over { at: bundle.ends_at },
            },
            None => Self::Unknown,
        }
    }

    /// Nothing is left of it: the way on is to buy anew.
    pub(super) const fn is_gone(self) -> bool {
        matches!(self, Self::UsedUp | Self::Lapsed { .. } | Self::Over { .. })
    }
}
