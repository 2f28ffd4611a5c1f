//! A pool as pages show it.

use basis::{Country, DataVolume, Id, Line, Order, Terms, Timestamp};

use super::{Bundle, CapKind, End, Phase, Pool, Session, SlowerView};

/// A pool at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolView {
    /// Its id.
    pub pool: Id<basis::Pool>,
    /// The moment.
    pub as_of: Timestamp,
    /// Its lines.
    pub lines: Vec<LineView>,
    /// Its bundles, those that ended in the last month included, the oldest first.
    pub bundles: Vec<BundleView>,
    /// Its open sessions.
    pub sessions: Vec<SessionView>,
}

/// A line of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineView {
    /// The line.
    pub line: Id<Line>,
    /// An operator has stopped it.
    pub barred: bool,
    /// A manager of the pool has paused it: it gets nothing of the shared bundles.
    pub paused: bool,
    /// What its caps still let it take of the shared bundles, what its sessions hold taken off; `None` without caps.
    pub cap_room: Option<DataVolume>,
    /// Its cap for 24 hours.
    pub per_day: Option<CapView>,
    /// Its cap for the last thirty days.
    pub per_30_days: Option<CapView>,
    /// Its cap in all.
    pub in_all: Option<CapView>,
    /// When the current 24 hours of its caps end.
    pub day_ends_at: Option<Timestamp>,
    /// It goes on slower now.
    pub slower: Option<SlowerView>,
}

/// A cap, and what was used of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CapView {
    /// The limit.
    pub cap: DataVolume,
    /// What counts against it.
    pub used: DataVolume,
}

/// A bundle of a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleView {
    /// The bundle, whose id is its order's.
    pub bundle: Id<Order>,
    /// Whose own it is; `None` if the pool shares it.
    pub line: Option<Id<Line>>,
    /// What it promises.
    pub terms: Terms,
    /// Where it stands.
    pub state: BundleState,
    /// What may still be used, later windows and what sessions hold included.
    pub remaining: DataVolume,
    /// What it promised in all (fair use times days, if unlimited).
    pub total: DataVolume,
    /// What was used.
    pub used: DataVolume,
    /// Its current window, of an active one with a daily allowance.
    pub window: Option<WindowView>,
    /// When it was delivered.
    pub credited_at: Timestamp,
    /// Until when it must begin, while it waits and if it may lapse.
    pub activate_by: Option<Timestamp>,
    /// When its clock began.
    pub started_at: Option<Timestamp>,
    /// When its days are over; of one that is over: when it ended.
    pub ends_at: Option<Timestamp>,
}

/// Where a bundle stands, for a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BundleState {
    /// Its clock has not begun.
    Waiting,
    /// Its clock runs, and there is something left or to come.
    Active,
    /// Its clock runs, and all is used.
    UsedUp,
    /// Its days are over, or it was not begun in time.
    Ended,
    /// It was closed early, for a change of plan.
    Closed,
}

/// The current 24-hour window of a bundle with a daily allowance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowView {
    /// The window, from 0.
    pub number: u32,
    /// What may still be used in it.
    pub remaining: DataVolume,
    /// What it gave.
    pub total: DataVolume,
    /// When it is over.
    pub ends_at: Timestamp,
}

/// An open session of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionView {
    /// Whose it is.
    pub line: Id<Line>,
    /// Where it is, if a gateway has told.
    pub country: Option<Country>,
    /// When it began.
    pub opened_at: Timestamp,
    /// When it was last heard.
    pub heard_at: Timestamp,
    /// How old its last report is, in milliseconds.
    pub age_ms: i64,
    /// What it holds.
    pub held: DataVolume,
}

impl Pool {
    /// The pool as pages show it. What the clock has done since the last command is seen after the next tick.
    pub fn view(&self, now: Timestamp) -> PoolView {
        PoolView {
            pool: self.id(),
            as_of: now,
            lines: self.state.members.iter().map(|member| line(self, member, now)).collect(),
            bundles: self.state.bundles.iter().map(bundle).collect(),
            sessions: self.state.sessions.iter().filter(|s| s.is_open()).map(|s| session(s, now)).collect(),
        }
    }
}

fn line(pool: &Pool, member: &super::Member, now: Timestamp) -> LineView {
    let meter = member.meter.as_deref();
    let cap = |kind| {
        let (used, cap) = meter?.standing(kind, now)?;
        Some(CapView { cap: DataVolume(cap), used: DataVolume(used) })
    };
    LineView {
        line: member.line(),
        barred: member.barred,
        paused: member.paused,
        cap_room: meter.map(|meter| DataVolume(meter.room(now))),
        per_day: cap(CapKind::PerDay),
        per_30_days: cap(CapKind::Per30Days),
        in_all: cap(CapKind::InAll),
        day_ends_at: meter.map(|meter| meter.day_ends_at(now)),
        slower: pool.slower(member.line(), now),
    }
}

fn bundle(bundle: &Bundle) -> BundleView {
    let live = bundle.is_live();
    let in_window = if live { bundle.free().saturating_add(bundle.figures.reserved) } else { 0 };
    let to_come = if live { bundle.bytes_to_come() } else { 0 };
    BundleView {
        bundle: bundle.id,
        line: bundle.line,
        terms: Terms::clone(&bundle.terms),
        state: state(bundle),
        remaining: DataVolume(in_window.saturating_add(to_come)),
        total: DataVolume(bundle.total_bytes()),
        used: DataVolume(bundle.figures.used),
        window: window(bundle, in_window),
        credited_at: bundle.credited_at,
        activate_by: bundle.activate_by().filter(|_| bundle.is_waiting()),
        started_at: bundle.started_at(),
        ends_at: match bundle.phase {
            Phase::Over { at, .. } => Some(at),
            Phase::Waiting | Phase::Active(_) => bundle.ends_at(),
        },
    }
}

fn state(bundle: &Bundle) -> BundleState {
    match bundle.phase {
        Phase::Waiting => BundleState::Waiting,
        Phase::Active(_) if bundle.is_used_up() => BundleState::UsedUp,
        Phase::Active(_) => BundleState::Active,
        Phase::Over { end: End::Closed, .. } => BundleState::Closed,
        Phase::Over { .. } => BundleState::Ended,
    }
}

fn window(bundle: &Bundle, in_window: u64) -> Option<WindowView> {
    let daily = bundle.is_live() && bundle.is_daily();
    let ends_at = bundle.window_ends_at().filter(|_| daily)?;
    let total = DataVolume(bundle.window_bytes());
    Some(WindowView { number: bundle.window, remaining: DataVolume(in_window), total, ends_at })
}

fn session(session: &Session, now: Timestamp) -> SessionView {
    let shares = session.groups.iter().flat_map(|group| group.shares.iter());
    SessionView {
        line: session.line,
        country: session.country,
        opened_at: session.opened_at,
        heard_at: session.heard_at,
        age_ms: now.since(session.heard_at).max(0),
        held: DataVolume(shares.map(|share| share.bytes).sum()),
    }
}
