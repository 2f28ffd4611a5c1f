//! The states of an order, and which may follow which.

basis::words! {
    /// Where an order stands. Only ever moves along [`OrderState::may_become`].
    OrderState {
        /// Terms and price are frozen until it expires; no money has come.
        AwaitingPayment = "awaiting_payment",
        /// The whole price is here; nothing was asked of a carrier yet.
        Paid = "paid",
        /// A carrier was, or is about to be, asked. The pool is fixed.
        Delivering = "delivering",
        /// Delivered: the bundle is in its pool. Revenue is recognised.
        Active = "active",
        /// Nobody paid in time, or the payment was declined.
        Expired = "expired",
        /// Confirmed that it will not be delivered; the money is on its way back.
        Refunding = "refunding",
        /// All money is back.
        Refunded = "refunded",
        /// A person has to decide; nothing happens by itself.
        Review = "review",
    }
}

impl OrderState {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_survives_its_text() {
        for state in OrderState::ALL.iter().copied() {
            assert_eq!(state.word().parse::<OrderState>().unwrap(), state);
        }
    }

    #[test]
    fn money_that_went_back_never_turns_into_a_delivery() {
        assert!(OrderState::ALL.iter().copied().all(|next| !OrderState::Refunded.may_become(next)));
        assert!(!OrderState::Refunding.may_become(OrderState::Active));
        assert!(!OrderState::Refunding.may_become(OrderState::Delivering));
    }

    #[test]
    fn nothing_is_delivered_before_it_is_paid() {
        let before_delivery: Vec<_> =
            OrderState::ALL.iter().copied().filter(|from| from.may_become(OrderState::Delivering)).collect();
        assert_eq!(before_delivery, [OrderState::Paid, OrderState::Review]);
    }
}
