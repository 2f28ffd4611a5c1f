//! When a plan is due to be renewed, when a failed try is repeated, and what was agreed: pure.

use basis::{
    Account, Allowance, CountrySet, DAY_MS, DataVolume, HOUR_MS, Id, Line, Money, Order, Problem,
    Renewal as RenewalKind, SECOND_MS, SavedMethod, Terms, Timestamp,
};
use catalog::PlanId;
use charging::{BundleState, BundleView};

/// At most so many automatic purchases of an account in 24 hours.
pub const PURCHASES_MAX: usize = 5;
/// A plan that has ended is still renewed for so long.
pub const GRACE_MS: i64 = DAY_MS;
/// After the first try of an end, a soft refusal is repeated after so long.
const RETRIES_MS: [i64; 3] = [6 * HOUR_MS, DAY_MS, 3 * DAY_MS];
/// No line uses more octets than this in a millisecond: 80 Mbit/s. What is far from its end needs no look before that.
const OCTETS_PER_MS: u64 = 10_000;
/// The next look is not sooner than this, nor later than that.
const LOOKS_MS: (i64, i64) = (30 * SECOND_MS, 6 * HOUR_MS);

/// When a plan is due: as soon as one of the two is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When {
    /// So many days are left. Of a short plan at most a quarter of its days, or it would be due as it begins.
    pub days_left: u32,
    /// So many per cent of its data are left; only of a plan with an amount in all.
    pub percent_left: Option<u32>,
}

impl When {
    /// What is proposed for a plan of these terms: a day before its end, or a tenth of its data.
    pub const fn usual(terms: &Terms) -> Self {
        let by_data = matches!(terms.allowance, Allowance::Fixed { .. });
        Self { days_left: 1, percent_left: if by_data { Some(10) } else { None } }
    }

    /// Only what a person can mean: up to 30 days, up to half of the data.
    ///
    /// # Errors
    /// Invalid `renewals-when`.
    pub fn checked(self, terms: &Terms) -> Result<Self, Problem> {
        let fits =
            (1..=30).contains(&self.days_left) && self.percent_left.is_none_or(|p| (1..=50).contains(&p));
        let by_data = matches!(terms.allowance, Allowance::Fixed { .. });
        let checked = Self { percent_left: self.percent_left.filter(|_| by_data), ..self };
        fits.then_some(checked).ok_or_else(|| Problem::invalid("renewals-when"))
    }

    /// So long before its end a plan of these terms is due.
    pub(crate) fn lead_ms(self, terms: &Terms) -> i64 {
        let quarter = i64::from(terms.days).saturating_mul(DAY_MS) / 4;
        quarter.min(i64::from(self.days_left).saturating_mul(DAY_MS))
    }

    /// So little data is left when it is due.
    fn floor(self, bundle: &BundleView) -> Option<u64> {
        let fixed = matches!(bundle.terms.allowance, Allowance::Fixed { .. });
        let percent = self.percent_left.filter(|_| fixed)?;
        Some(bundle.total.0 / 100 * u64::from(percent))
    }
}

basis::words! {
    /// Where a renewal stands.
    State {
        /// Its first order is not delivered yet.
        Waiting = "waiting",
        /// It renews.
        On = "on",
        /// It does not until its person has agreed anew.
        NeedsYou = "needs_you",
        /// Turned off, for good.
        Off = "off",
    }
}

basis::words! {
    /// Why a renewal needs its person.
    Reason {
        /// The plan costs more than was agreed.
        PriceRose = "price_rose",
        /// The plan is not sold any more.
        NotSold = "not_sold",
        /// The bank refused for good.
        Declined = "declined",
        /// Every try failed.
        Failed = "failed",
        /// The bank wanted its customer, who did not come.
        BankWaited = "bank_waited",
        /// The saved method was removed.
        MethodGone = "method_gone",
        /// Too many automatic purchases in 24 hours.
        TooMany = "too_many",
        /// Another plan was bought for the line meanwhile.
        OtherPlan = "other_plan",
        /// The plan ended, or was closed, and it is too late to renew it.
        Missed = "missed",
        /// The order that was paid could not be delivered; its money went back.
        Undelivered = "undelivered",
    }
}

basis::words! {
    /// How an end was dealt with.
    PeriodState {
        /// Being tried.
        Open = "open",
        /// Renewed.
        Bought = "bought",
        /// Its person bought something themselves.
        ByHand = "by_hand",
        /// Its person was reminded, with a link to pay.
        Asked = "asked",
        /// Given up.
        Over = "over",
    }
}

/// How the rest is paid, behind the wallet if that comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// Not at all: the wallet pays everything.
    Nothing,
    /// By this kept method; `None`: by the one that the first order is paid with, or as [`Rest::Link`] if that cannot be kept.
    Saved(Option<Id<SavedMethod>>),
    /// By the person, who gets a link.
    Link,
}

impl Rest {
    /// The word in tables and in the API.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Saved(_) => "saved",
            Self::Link => "link",
        }
    }

    /// The kept method that was named.
    pub const fn saved(self) -> Option<Id<SavedMethod>> {
        match self {
            Self::Saved(id) => id,
            Self::Nothing | Self::Link => None,
        }
    }
}

/// What a person agrees to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// For which line.
    pub line: Id<Line>,
    /// Which plan.
    pub plan: PlanId,
    /// The price that they saw: never more.
    pub price: Money,
    /// When.
    pub when: When,
    /// The wallet pays what it can.
    pub wallet_first: bool,
    /// How the rest is paid.
    pub rest: Rest,
}

/// A consent as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewal {
    /// Its id.
    pub id: Id<RenewalKind>,
    /// Whose.
    pub account: Id<Account>,
    /// What was agreed.
    pub wish: Wish,
    /// It holds once this order is active; none: from the start.
    pub first_order: Option<Id<Order>>,
    /// Where it stands.
    pub state: State,
    /// Why it needs its person.
    pub reason: Option<Reason>,
    /// When it was agreed.
    pub agreed_at: Timestamp,
    /// When it was turned off.
    pub off_at: Option<Timestamp>,
}

/// What is to be done about a line now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Nothing before then.
    Later(Timestamp),
    /// This bundle is to be renewed, until then at the latest.
    Now {
        /// The newest of the line.
        bundle: Id<Order>,
        /// The end of trying.
        until: Timestamp,
    },
    /// Nothing is there to be renewed any more.
    Missed,
}

/// Of a pool's bundles, whether the line's own for these places are due.
///
/// The newest names the end; while any other still lasts, nothing is due.
pub fn due(when: When, line: Id<Line>, places: &CountrySet, bundles: &[BundleView], now: Timestamp) -> Due {
    let ours = |b: &&BundleView| b.line == Some(line) && b.terms.coverage.intersects(places);
    let ours: Vec<&BundleView> = bundles.iter().filter(ours).collect();
    let Some(newest) = ours.iter().max_by_key(|b| (b.credited_at, b.bundle)) else { return Due::Missed };
    let later = ours.iter().filter_map(|b| next_look(when, b, now)).max();
    if let Some(at) = later {
        return Due::Later(at);
    }
    match end_of(newest, now) {
        Some(until) if until > now => Due::Now { bundle: newest.bundle, until },
        _ => Due::Missed,
    }
}

/// When this bundle has to be looked at again; `None` if it is due, or over.
fn next_look(when: When, bundle: &BundleView, now: Timestamp) -> Option<Timestamp> {
    let lead = when.lead_ms(&bundle.terms);
    let last = match bundle.state {
        BundleState::Waiting => now.plus_ms(i64::from(bundle.terms.days).saturating_mul(DAY_MS)),
        BundleState::Active => bundle.ends_at?,
        BundleState::UsedUp | BundleState::Ended | BundleState::Closed => return None,
    };
    let time_ms = last.plus_ms(-lead).since(now);
    let data_ms = when.floor(bundle).map_or(i64::MAX, |floor| above_ms(bundle.remaining, floor));
    let is_due = bundle.state == BundleState::Active && (time_ms <= 0 || data_ms <= 0);
    let (soonest, latest) = LOOKS_MS;
    (!is_due).then(|| now.plus_ms(time_ms.min(data_ms).clamp(soonest, latest)))
}

/// The least time in which a line could use what is above the floor; 0 if nothing is.
fn above_ms(left: DataVolume, floor: u64) -> i64 {
    match left.0.saturating_sub(floor) {
        0 => 0,
        above => i64::try_from(above / OCTETS_PER_MS).unwrap_or(i64::MAX).max(1),
    }
}

/// Until when a bundle that runs out is renewed; `None` for one that nobody used, or that was closed.
fn end_of(bundle: &BundleView, now: Timestamp) -> Option<Timestamp> {
    match bundle.state {
        BundleState::Closed => None,
        _ if bundle.started_at.is_none() => None,
        _ => Some(bundle.ends_at.unwrap_or(now).plus_ms(GRACE_MS)),
    }
}

/// When an end is tried again that was first tried then and failed softly so often (from 1); `None`: not any more.
pub fn next_try(first: Timestamp, tries: u32, until: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let later = usize::try_from(tries).ok()?.checked_sub(1)?;
    let at = first.plus_ms(*RETRIES_MS.get(later)?).max(now);
    (at < until).then_some(at)
}

/// A price, in two ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Split {
    /// By the wallet.
    pub wallet: Money,
    /// By the kept method.
    pub rest: Money,
}

/// How a price is paid as agreed; `None` if it cannot be without the person.
///
/// # Errors
/// Internal: two currencies.
pub fn split(wish: &Wish, price: Money, in_wallet: Money) -> Result<Option<Split>, Problem> {
    let zero = Money::zero(price.currency);
    let wallet = if wish.wallet_first && in_wallet.is_positive() { in_wallet.least(price)? } else { zero };
    let rest = price.minus(wallet)?;
    let can = rest.is_zero() || matches!(wish.rest, Rest::Saved(_));
    Ok(can.then_some(Split { wallet, rest }))
}

#[cfg(test)]
mod tests;
