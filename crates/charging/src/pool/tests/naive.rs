//! The same rules once more, as plainly as can be: lists, sums over all of them, wide integers, nothing kept that can be
//! counted again. It shares the words of commands and answers with the pool, and no rule.

mod sessions;

use super::{naive_moves::NMoves, *};

pub(super) struct Naive {
    pub(super) now: i128,
    pub(super) lines: Vec<NLine>,
    pub(super) bundles: Vec<NBundle>,
    holds: Vec<Hold>,
    pub(super) sessions: Vec<NSession>,
    pub(super) voided: Vec<Id<Order>>,
    pub(super) closed: Vec<Closed>,
    pub(super) unpaid: i128,
    /// Everything that was ever debited.
    pub(super) debited: i128,
    /// What people were told about by the last command.
    pub(super) told: Vec<Told>,
    pub(super) moves: NMoves,
}

/// A bundle or a line's cap, and the mark.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Told {
    Bundle(Id<Order>, i128, i128),
    Cap(Id<Line>, CapKind, i128),
}

#[derive(Clone)]
pub(super) struct NLine {
    pub(super) id: Id<Line>,
    pub(super) barred: bool,
    pub(super) paused: bool,
    pub(super) caps: Caps,
    /// Since when, and what was used of shared bundles then: (24-hour window, octets).
    pub(super) counting: Option<(i128, Vec<(i128, i128)>)>,
}

impl NLine {
    pub(super) fn new(id: Id<Line>, barred: bool) -> Self {
        Self { id, barred, paused: false, caps: Caps::default(), counting: None }
    }
}

#[derive(Clone)]
pub(super) struct NBundle {
    pub(super) id: Id<Order>,
    pub(super) line: Option<Id<Line>>,
    pub(super) terms: Terms,
    pub(super) credited: i128,
    pub(super) started: Option<i128>,
    pub(super) over: Option<(i128, End)>,
    pub(super) retired: bool,
    pub(super) window: i128,
    pub(super) granted: i128,
    pub(super) used: i128,
    pub(super) expired: i128,
    pub(super) closed: i128,
}

struct Hold {
    session: SessionKey,
    group: Option<u32>,
    bundle: Id<Order>,
    window: i128,
    bytes: i128,
    since: i128,
    until: i128,
}

#[derive(Clone)]
pub(super) struct NSession {
    pub(super) key: SessionKey,
    pub(super) line: Id<Line>,
    country: Option<Country>,
    /// Open until then, or over since then.
    pub(super) open: Option<i128>,
    pub(super) over: i128,
    pub(super) terminated: bool,
    answers: Vec<(u32, Answer)>,
}

pub(super) const DAY: i128 = 86_400_000;
const MEGA: i128 = 1_000_000;

impl NBundle {
    fn daily(&self) -> bool {
        !matches!(self.terms.allowance, Allowance::Fixed { .. })
    }
    pub(super) fn size(&self) -> i128 {
        match self.terms.allowance {
            Allowance::Fixed { bytes } | Allowance::PerDay { bytes } => bytes.0.into(),
            Allowance::Unlimited { fair_use_bytes_per_day, .. } => fair_use_bytes_per_day.0.into(),
        }
    }
    fn days(&self) -> i128 {
        self.terms.days.into()
    }
    fn has_windows_to_come(&self) -> bool {
        self.daily() && self.window + 1 < self.days()
    }
    fn slows(&self) -> bool {
        matches!(self.terms.allowance, Allowance::Unlimited { then: Beyond::Slower, .. })
    }
    fn turn(&self) -> Option<i128> {
        match (self.over, self.started) {
            (Some((at, _)), _) => (!self.retired).then_some(at + 32 * DAY),
            (None, Some(start)) if self.daily() => Some(start + (self.window + 1) * DAY),
            (None, Some(start)) => Some(start + self.days() * DAY),
            (None, None) if self.terms.start == StartRule::AtPurchase => None,
            (None, None) => Some(self.credited + i128::from(self.terms.activate_within_days) * DAY),
        }
    }
}

impl Naive {
    pub(super) fn new() -> Self {
        Self {
            now: START.0.into(),
            lines: Vec::new(),
            bundles: Vec::new(),
            holds: Vec::new(),
            sessions: Vec::new(),
            voided: Vec::new(),
            closed: Vec::new(),
            unpaid: 0,
            debited: 0,
            told: Vec::new(),
            moves: NMoves::default(),
        }
    }

    pub(super) fn reserved(&self, bundle: Id<Order>) -> i128 {
        self.holds.iter().filter(|h| h.bundle == bundle).map(|h| h.bytes).sum()
    }

    pub(super) fn holds_shared(&self, line: Id<Line>) -> bool {
        let of_line = |h: &&Hold| self.sessions.iter().any(|s| s.key == h.session && s.line == line);
        let mut held = self.holds.iter().filter(of_line).filter(|h| h.bytes > 0);
        held.any(|h| self.bundles.iter().any(|b| b.id == h.bundle && b.line.is_none() && !b.retired))
    }

    pub(super) fn available(&self, b: &NBundle) -> i128 {
        b.granted - b.used - b.expired - b.closed - self.reserved(b.id)
    }

    fn at(&self, id: Id<Order>) -> usize {
        self.bundles.iter().position(|b| b.id == id).unwrap()
    }

    pub(super) fn run(&mut self, now: Timestamp, command: &Command) -> Reply {
        self.told.clear();
        self.pass(now.0.into());
        let reply = match self.away(command) {
            Some(away) => Reply::Away(away),
            None => self.decide(command),
        };
        self.begin_followers(self.now);
        reply
    }

    fn decide(&mut self, command: &Command) -> Reply {
        match command {
            Command::Join(identity) => {
                if !self.lines.iter().any(|l| l.id == identity.line) {
                    let id = identity.line;
                    self.lines.push(NLine::new(id, false));
                }
                Reply::Done
            }
            Command::Bar(line) => self.on_line(*line, |l, _| l.barred = true),
            Command::Unbar(line) => self.on_line(*line, |l, _| l.barred = false),
            Command::Pause { line, paused } => self.on_line(*line, |l, _| l.paused = *paused),
            Command::Give(bundle) => Reply::Give(self.give(*bundle)),
            Command::Depart(_) | Command::Arrive { .. } | Command::Part(_) => unreachable!("see moves"),
            Command::Cap { line, caps } => self.on_line(*line, |l, now| {
                l.caps = *caps;
                if *caps == Caps::default() {
                    l.counting = None;
                } else if l.counting.is_none() {
                    l.counting = Some((now, Vec::new()));
                }
            }),
            Command::Credit(credit) => Reply::Credit(self.credit(credit)),
            Command::Void(order) => Reply::Void(self.void(*order)),
            Command::Close(bundle) => Reply::Close(self.close(*bundle)),
            Command::CloseOwn { bundle, line } => Reply::Close(self.close_own(*bundle, *line)),
            Command::Control(request) => Reply::Control(self.control(request)),
            Command::Release(key) => {
                if let Some(n) = self.sessions.iter().position(|s| s.key == *key && s.open.is_some()) {
                    self.let_go(|h| h.session == *key);
                    self.sessions[n].open = None;
                    self.sessions[n].over = self.now;
                }
                Reply::Done
            }
            Command::Forget(key) => {
                self.sessions.retain(|s| s.key != *key || s.open.is_some());
                Reply::Done
            }
            Command::Tick => Reply::Done,
        }
    }

    fn on_line(&mut self, line: Id<Line>, change: impl Fn(&mut NLine, i128)) -> Reply {
        let now = self.now;
        match self.lines.iter_mut().find(|l| l.id == line) {
            Some(l) => {
                change(l, now);
                Reply::Done
            }
            None => Reply::UnknownLine,
        }
    }

    /// At each moment: bundles by their ids, then sessions by their keys.
    pub(super) fn pass(&mut self, until: i128) {
        loop {
            let mut turns = Vec::new();
            for (n, b) in self.bundles.iter().enumerate() {
                turns.extend(b.turn().map(|at| (at, 0, b.id.as_u128(), n)));
            }
            for (n, s) in self.sessions.iter().enumerate() {
                let ends = self.holds.iter().filter(|h| h.session == s.key).map(|h| h.until);
                let at = s.open.map_or(s.over + DAY, |lapses| ends.fold(lapses, i128::min));
                turns.push((at, 1, u128::from_be_bytes(s.key.0), n));
            }
            match turns.into_iter().min() {
                Some((at, 0, _, n)) if at <= until => self.turn_bundle(n, at),
                Some((at, _, _, n)) if at <= until => self.turn_session(n, at),
                _ => break,
            }
        }
        self.now = until;
    }

    fn turn_bundle(&mut self, n: usize, at: i128) {
        let left = self.available(&self.bundles[n]).max(0);
        let held = self.reserved(self.bundles[n].id);
        let owed = (-self.available(&self.bundles[n])).max(0);
        let b = &mut self.bundles[n];
        if b.over.is_some() {
            b.retired = true;
        } else if b.started.is_none() && held > 0 {
            b.started = Some(at);
        } else if b.started.is_none() || !b.has_windows_to_come() {
            b.expired += left;
            b.over = Some((at, if b.started.is_none() { End::Lapsed } else { End::Expired }));
        } else {
            b.expired += left;
            b.window += 1;
            b.granted += b.size() + if b.slows() { owed } else { 0 };
        }
        self.begin_followers(at);
    }

    fn turn_session(&mut self, n: usize, at: i128) {
        let key = self.sessions[n].key;
        match self.sessions[n].open {
            None => {
                self.sessions.remove(n);
            }
            Some(lapses) => {
                self.let_go(|h| h.session == key && (lapses <= at || h.until <= at));
                if lapses <= at {
                    self.sessions[n].open = None;
                    self.sessions[n].over = at;
                }
            }
        }
    }

    pub(super) fn begin_followers(&mut self, at: i128) {
        for n in 0..self.bundles.len() {
            let b = &self.bundles[n];
            let by_itself = b.over.is_none() && b.started.is_none() && b.terms.start == StartRule::AtPurchase;
            let stands_in_the_way = |a: &NBundle| {
                let empty = self.available(a) <= 0
                    && self.reserved(a.id) == 0
                    && !a.has_windows_to_come()
                    && !a.slows();
                let same_lines = a.line.is_none() || b.line.is_none() || a.line == b.line;
                let same_places = a.terms.coverage.iter().any(|c| b.terms.coverage.contains(c));
                a.over.is_none() && !empty && same_lines && same_places
            };
            let follows = b.terms.renewal == RenewalRule::Follow;
            if by_itself && !(follows && self.bundles[..n].iter().any(stands_in_the_way)) {
                self.bundles[n].started = Some(at);
            }
        }
    }

    fn credit(&mut self, credit: &Credit) -> CreditReply {
        if self.voided.contains(&credit.order) {
            return CreditReply::Voided;
        }
        if self.knows(credit.order) {
            return CreditReply::AlreadyCredited;
        }
        match credit.line {
            None if !credit.terms.shareable => return CreditReply::NotShareable,
            None => {}
            Some(line) => match self.lines.iter().find(|l| l.id == line) {
                None if self.moves.left(line) => {
                    self.voided.push(credit.order);
                    return CreditReply::Voided;
                }
                None => return CreditReply::UnknownLine,
                Some(l) if l.barred => return CreditReply::Barred,
                Some(_) => {}
            },
        }
        let mut bundle = NBundle {
            id: credit.order,
            line: credit.line,
            terms: credit.terms.clone(),
            credited: self.now,
            started: None,
            over: None,
            retired: false,
            window: 0,
            granted: 0,
            used: 0,
            expired: 0,
            closed: 0,
        };
        bundle.granted = bundle.size();
        self.bundles.push(bundle);
        self.begin_followers(self.now);
        let b = &self.bundles[self.at(credit.order)];
        let stamp = |at: i128| Timestamp(at.try_into().unwrap());
        let ends_at = b.started.map(|start| stamp(start + b.days() * DAY));
        CreditReply::Credited { started_at: b.started.map(stamp), ends_at }
    }

    fn void(&mut self, order: Id<Order>) -> VoidReply {
        if self.knows(order) {
            return VoidReply::Credited;
        }
        self.voided.push(order);
        VoidReply::Voided
    }

    fn close_own(&mut self, id: Id<Order>, line: Id<Line>) -> CloseReply {
        match self.bundles.iter().find(|b| b.id == id && b.over.is_none()) {
            Some(b) if b.line != Some(line) => CloseReply::Shared,
            _ => self.close(id),
        }
    }

    fn close(&mut self, id: Id<Order>) -> CloseReply {
        if let Some(closed) = self.closed.iter().find(|c| c.bundle == id) {
            return CloseReply::Closed(*closed);
        }
        let Some(n) = self.bundles.iter().position(|b| b.id == id && !b.retired) else {
            return CloseReply::UnknownBundle;
        };
        let free = self.available(&self.bundles[n]).max(0);
        let now = self.now;
        let b = &mut self.bundles[n];
        let windows = if b.daily() { b.days() } else { 1 };
        let (mut at, mut bytes, mut ms, mut days) = (now, 0, 0, 0);
        let over = b.over;
        if let Some((ended, _)) = over {
            at = ended;
        } else {
            bytes = free + (windows - 1 - b.window) * b.size();
            let passed = b.started.map(|start| now - start);
            ms = b.days() * DAY - passed.unwrap_or(0);
            days = passed.map_or(b.days(), |passed| b.days() - 1 - passed / DAY);
            b.closed += free;
            b.over = Some((now, End::Closed));
        }
        let closed = Closed {
            bundle: id,
            at: Timestamp(at.try_into().unwrap()),
            unused_bytes: bytes.try_into().unwrap(),
            total_bytes: (windows * b.size()).try_into().unwrap(),
            unused_ms: ms.try_into().unwrap(),
            total_ms: (b.days() * DAY).try_into().unwrap(),
            unstarted_days: days.try_into().unwrap(),
            total_days: b.terms.days,
        };
        if over.is_none() {
            self.closed.push(closed);
        }
        CloseReply::Closed(closed)
    }
}

fn can_use(b: &NBundle, line: Id<Line>, country: Option<Country>) -> bool {
    let mine = b.line.is_none_or(|own| own == line);
    mine && country.is_some_and(|c| b.terms.coverage.iter().any(|covered| covered == c))
}
