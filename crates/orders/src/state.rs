//! The states of an order, and which may follow which.

use std::{fmt, str::FromStr};

use basis::Problem;
use serde::{Deserialize, Serialize};

/// Where an order stands. Only ever moves along [`OrderState::may_become`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// Terms and price are frozen until it expires; no money has come.
    AwaitingPayment,
    /// The whole price is here; nothing was asked of a carrier yet.
    Paid,
    /// A carrier was, or is about to be, asked. The pool is fixed.
    Delivering,
    /// Delivered: the bundle is in its pool. Revenue is recognised.
    Active,
    /// Nobody paid in time, or the payment was declined.
    Expired,
    /// Confirmed that it will not be delivered; the money is on its way back.
    Refunding,
    /// All money is back.
    Refunded,
    /// A person has to decide; nothing happens by itself.
    Review,
}

impl OrderState {
    /// Every state, in the order of a smooth sale, then the rest.
    pub const ALL: [Self; 8] = [
        Self::AwaitingPayment,
        Self::Paid,
        Self::Delivering,
        Self::Active,
        Self::Expired,
        Self::Refunding,
        Self::Refunded,
        Self::Review,
    ];

    /// As stored and shown by the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AwaitingPayment => "awaiting_payment",
            Self::Paid => "paid",
            Self::Delivering => "delivering",
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Refunding => "refunding",
            Self::Refunded => "refunded",
            Self::Review => "review",
        }
    }

    /// True if an order may go from here to `next`.
    ///
    /// `paid -> refunding` needs no void, because no carrier was asked; everything later does.
    pub const fn may_become(self, next: Self) -> bool {
        use OrderState as S;
        match self {
            S::AwaitingPayment => matches!(next, S::Paid | S::Expired | S::Review),
            S::Expired => matches!(next, S::Paid | S::Refunding | S::Review),
            S::Paid => matches!(next, S::Delivering | S::Refunding | S::Review),
            S::Delivering => matches!(next, S::Active | S::Refunding | S::Review),
            S::Active => matches!(next, S::Refunding),
            S::Refunding => matches!(next, S::Refunded),
            S::Review => matches!(next, S::Delivering | S::Active | S::Refunding),
            S::Refunded => false,
        }
    }

    /// True while the system, not a person, is about to move it on.
    pub const fn in_motion(self) -> bool {
        matches!(self, Self::AwaitingPayment | Self::Paid | Self::Delivering | Self::Refunding)
    }
}

impl fmt::Display for OrderState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for OrderState {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        let found = Self::ALL.into_iter().find(|state| state.as_str() == text);
        found.ok_or_else(|| Problem::internal(format!("order state {text} is unknown")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_survives_its_text() {
        for state in OrderState::ALL {
            assert_eq!(state.as_str().parse::<OrderState>().unwrap(), state);
        }
    }

    #[test]
    fn money_that_went_back_never_turns_into_a_delivery() {
        assert!(OrderState::ALL.into_iter().all(|next| !OrderState::Refunded.may_become(next)));
        assert!(!OrderState::Refunding.may_become(OrderState::Active));
        assert!(!OrderState::Refunding.may_become(OrderState::Delivering));
    }

    #[test]
    fn nothing_is_delivered_before_it_is_paid() {
        let before_delivery: Vec<_> =
            OrderState::ALL.into_iter().filter(|from| from.may_become(OrderState::Delivering)).collect();
        assert_eq!(before_delivery, [OrderState::Paid, OrderState::Review]);
    }
}
