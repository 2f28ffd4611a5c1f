//! The same rules once more, as plainly as can be: lists, sums over all of them, wide integers, nothing kept that can be
//! counted again. It shares the words of commands and answers with the pool, and no rule.

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

    fn control(&mut self, r: &Control) -> Answer {
        let known = self.sessions.iter().position(|s| s.key == r.session);
        let Some(n) = known else {
            let Some(line) = r.line else { return Answer::bare(Verdict::UnknownSession) };
            if !self.lines.iter().any(|l| l.id == line) {
                return Answer::bare(Verdict::UnknownLine);
            }
            let (key, country) = (r.session, r.country);
            let open = Some(self.now + 1_200_000);
            let answers = Vec::new();
            self.sessions.push(NSession { key, line, country, open, over: 0, terminated: false, answers });
            return self.next(r, self.sessions.len() - 1);
        };
        let session = &self.sessions[n];
        if let Some((_, answer)) = session.answers.iter().find(|(number, _)| *number == r.number) {
            return answer.clone();
        }
        let highest = session.answers.iter().map(|(number, _)| *number).max().unwrap();
        if highest >= r.number + 8 {
            return Answer::bare(Verdict::Stale);
        }
        let late = r.number < highest;
        if late || session.terminated {
            for service in r.services.iter() {
                self.beyond(n, service.group, service.used.into(), None);
            }
            let session = &self.sessions[n];
            let verdict = if late { Verdict::Accepted } else { Verdict::Terminated };
            if late && r.kind == RequestKind::Terminate && session.open.is_some() {
                self.terminate(n);
            }
            return self.say(r, n, verdict, &[]);
        }
        if session.open.is_none() {
            self.sessions[n].open = Some(self.now + 1_200_000);
        }
        self.next(r, n)
    }

    fn next(&mut self, r: &Control, n: usize) -> Answer {
        let wishes: Vec<i128> = r.services.iter().map(|s| self.settle(n, s.group, s.used.into())).collect();
        if r.country.is_some() {
            self.sessions[n].country = r.country;
        }
        if r.kind == RequestKind::Terminate {
            self.terminate(n);
            return self.say(r, n, Verdict::Accepted, &[]);
        }
        let line = self.sessions[n].line;
        if self.lines.iter().any(|l| l.id == line && l.barred) {
            return self.say(r, n, Verdict::Barred, &[]);
        }
        let quotas: Vec<Quota> = r
            .services
            .iter()
            .zip(wishes)
            .map(|(service, wish)| match service.ask {
                Ask::Nothing => self.remain_slow(n, service.group),
                Ask::Quota => self.grant(n, service.group, i128::MAX, wish),
                Ask::UpTo(most) => self.grant(n, service.group, i128::from(most).max(1), wish),
            })
            .collect();
        self.say(r, n, Verdict::Accepted, &quotas)
    }

    pub(super) fn terminate(&mut self, n: usize) {
        let key = self.sessions[n].key;
        self.let_go(|h| h.session == key);
        self.sessions[n].open = None;
        self.sessions[n].over = self.now;
        self.sessions[n].terminated = true;
    }

    fn say(&mut self, r: &Control, n: usize, verdict: Verdict, quotas: &[Quota]) -> Answer {
        let quota = |i: usize| quotas.get(i).copied().unwrap_or(Quota::None);
        let services = r.services.iter().enumerate();
        let services = services.map(|(i, s)| ServiceAnswer { group: s.group, quota: quota(i) }).collect();
        let answer = Answer { verdict, services };
        let held = self.holds.iter().filter(|h| h.session == r.session).map(|h| h.until).max();
        let session = &mut self.sessions[n];
        session.answers.push((r.number, answer.clone()));
        let highest = session.answers.iter().map(|(number, _)| *number).max().unwrap();
        session.answers.retain(|(number, _)| number + 8 > highest);
        if session.open.is_some() {
            session.open = Some(held.unwrap_or(self.now + 1_200_000));
        }
        answer
    }

    /// Debits what is reported, and says what the group would like next.
    fn settle(&mut self, n: usize, group: Option<u32>, used: i128) -> i128 {
        let key = self.sessions[n].key;
        let mine = |h: &Hold| h.session == key && h.group == group;
        let since = self.holds.iter().find(|h| mine(h)).map(|h| h.since);
        let last = self.holds.iter().rfind(|h| mine(h)).map(|h| h.bundle);
        let mut left = used;
        for i in 0..self.holds.len() {
            if mine(&self.holds[i]) {
                let part = self.holds[i].bytes.min(left);
                left -= part;
                self.holds[i].bytes -= part;
                self.debit(n, Some(self.holds[i].bundle), part);
            }
        }
        self.let_go(mine);
        self.beyond(n, group, left, last);
        match since {
            None => 10 * MEGA,
            Some(since) => (used / ((self.now - since) / 1000).max(1) * 60).max(MEGA),
        }
    }

    fn beyond(&mut self, n: usize, group: Option<u32>, used: i128, last: Option<Id<Order>>) {
        let (line, country) = (self.sessions[n].line, self.sessions[n].country);
        let payers = self.payers(line, country);
        let slow = payers.iter().find(|id| self.bundles[self.at(**id)].slows()).copied();
        if slow.is_some() && self.was_slow(n, group) {
            return self.debit(n, slow, used);
        }
        let newest =
            self.bundles.iter().rev().find(|b| !b.retired && can_use(b, line, country)).map(|b| b.id);
        let last = last.or(payers.last().copied()).or(newest);
        let mut left = used;
        for id in payers {
            let part = self.available(&self.bundles[self.at(id)]).clamp(0, left);
            left -= part;
            self.debit(n, Some(id), part);
        }
        self.debit(n, last, left);
    }

    fn debit(&mut self, n: usize, bundle: Option<Id<Order>>, bytes: i128) {
        if bytes == 0 {
            return;
        }
        self.debited += bytes;
        let Some(id) = bundle else {
            self.unpaid += bytes;
            return;
        };
        let (now, line, at) = (self.now, self.sessions[n].line, self.at(id));
        let caps_before = self.cap_levels(line);
        let b = &mut self.bundles[at];
        let before = b.level();
        b.used += bytes;
        if b.over.is_none() && b.started.is_none() {
            b.started = Some(now);
        }
        if b.line.is_none() {
            for l in self.lines.iter_mut().filter(|l| l.id == line) {
                if let Some((since, uses)) = &mut l.counting {
                    uses.push(((now - *since) / DAY, bytes));
                }
            }
        }
        self.tell_bundle(at, before);
        self.tell_caps(line, &caps_before);
    }

    /// What was held of a window that is over, or of a bundle that is, is lost.
    fn let_go(&mut self, which: impl Fn(&Hold) -> bool) {
        for hold in std::mem::take(&mut self.holds) {
            if !which(&hold) {
                self.holds.push(hold);
                continue;
            }
            let at = self.at(hold.bundle);
            let b = &mut self.bundles[at];
            let before = b.level();
            match b.over {
                Some((_, End::Closed)) => b.closed += hold.bytes,
                Some(_) => b.expired += hold.bytes,
                None if b.window != hold.window => b.expired += hold.bytes,
                None => {}
            }
            self.tell_bundle(at, before);
        }
    }

    fn payers(&self, line: Id<Line>, country: Option<Country>) -> Vec<Id<Order>> {
        let mut all: Vec<&NBundle> =
            self.bundles.iter().filter(|b| b.over.is_none() && can_use(b, line, country)).collect();
        let end = |b: &NBundle| match b.started {
            Some(start) => start + b.days() * DAY,
            None => b.turn().unwrap_or(i128::MAX),
        };
        all.sort_by(|a, b| {
            let waiting = a.started.is_none().cmp(&b.started.is_none());
            waiting.then(a.line.is_none().cmp(&b.line.is_none())).then(end(a).cmp(&end(b)))
        });
        let mut payers: Vec<&NBundle> = Vec::new();
        for b in all {
            let follows = b.started.is_none() && b.terms.renewal == RenewalRule::Follow;
            if !(follows && payers.iter().any(|p| p.has_windows_to_come() || p.slows())) {
                payers.push(b);
            }
        }
        payers.into_iter().map(|b| b.id).collect()
    }

    fn cap_room(&self, line: Id<Line>) -> i128 {
        let Some(l) = self.lines.iter().find(|l| l.id == line) else { return i128::MAX };
        if l.paused {
            return 0;
        }
        let Some((since, uses)) = &l.counting else { return i128::MAX };
        let today = (self.now - since) / DAY;
        let used_since =
            |first: i128| uses.iter().filter(|(day, _)| *day >= first).map(|(_, b)| b).sum::<i128>();
        let room =
            |cap: Option<u64>, used: i128| cap.map_or(i128::MAX, |cap| (i128::from(cap) - used).max(0));
        let room = room(l.caps.per_day, used_since(today))
            .min(room(l.caps.per_30_days, used_since(today - 29)))
            .min(room(l.caps.in_all, used_since(0)));
        let is_mine = |key| self.sessions.iter().any(|s| s.key == key && s.line == line);
        let shared = |h: &&Hold| is_mine(h.session) && self.bundles[self.at(h.bundle)].line.is_none();
        (room - self.holds.iter().filter(shared).map(|h| h.bytes).sum::<i128>()).max(0)
    }

    fn grant(&mut self, n: usize, group: Option<u32>, most: i128, wish: i128) -> Quota {
        let (session, line, country) =
            (self.sessions[n].key, self.sessions[n].line, self.sessions[n].country);
        if self.holds.iter().any(|h| h.session == session && h.group == group) {
            return Quota::None;
        }
        let mut room = self.cap_room(line);
        let mut slow = Vec::new();
        let mut offers = Vec::new();
        let (mut capped, mut held) = (false, 0);
        for id in self.payers(line, country) {
            let b = &self.bundles[self.at(id)];
            let free = self.available(b).max(0);
            let part = if b.line.is_none() { free.min(room) } else { free };
            room -= if b.line.is_none() { part } else { 0 };
            capped |= part < free;
            held += self.reserved(id);
            slow.extend(b.slows().then_some(b.line.is_some()));
            offers.push((id, part));
        }
        let total: i128 = offers.iter().map(|(_, part)| part).sum();
        let sessions = self.sessions.iter().map(|s| i128::from(s.open.is_some())).sum::<i128>();
        let bytes = wish.min(most).min((total / (2 * sessions)).max(MEGA)).min(total);
        let goes_on = slow.into_iter().any(|own| own || room > 0);
        if bytes == 0 && goes_on {
            let validity =
                self.until_turn(if held > 0 { 60 } else { 600 }, offers.into_iter().map(|(id, _)| id));
            return Quota::Slow { validity_seconds: validity.try_into().unwrap() };
        }
        if bytes == 0 {
            return Quota::Refused(match (offers.is_empty(), capped) {
                (true, _) => Refusal::NotCovered,
                (_, true) if self.lines.iter().any(|l| l.id == line && l.paused) => Refusal::Paused,
                (_, true) => Refusal::CapReached,
                _ if held > 0 => Refusal::Lent,
                _ => Refusal::UsedUp,
            });
        }
        let mut shares = Vec::new();
        let mut left = bytes;
        for (id, part) in offers {
            let part = part.min(left);
            left -= part;
            if part > 0 {
                shares.push((id, part));
            }
        }
        let low = if total < 5 * wish * sessions { 60 } else { 600 };
        let validity = self.until_turn(low, shares.iter().map(|(id, _)| *id));
        let (since, until) = (self.now, self.now + 2000 * validity);
        for (bundle, bytes) in shares {
            let window = self.bundles[self.at(bundle)].window;
            self.holds.push(Hold { session, group, bundle, window, bytes, since, until });
        }
        let behind = match (bytes == total && held == 0, goes_on) {
            (false, _) => Behind::More,
            (true, false) => Behind::Nothing,
            (true, true) => Behind::Slow,
        };
        let (bytes, validity_seconds) = (bytes.try_into().unwrap(), validity.try_into().unwrap());
        Quota::Granted(Grant { bytes, validity_seconds, behind })
    }

    /// Seconds, but not beyond the next turn of any of these.
    fn until_turn(&self, seconds: i128, bundles: impl Iterator<Item = Id<Order>>) -> i128 {
        let turns = bundles.filter_map(|id| self.bundles[self.at(id)].turn());
        turns.fold(seconds, |seconds, turn| seconds.min((turn - self.now) / 1000).max(1))
    }

    /// Whether the last answer said that the group goes on slower.
    fn was_slow(&self, n: usize, group: Option<u32>) -> bool {
        let last = self.sessions[n].answers.iter().max_by_key(|(number, _)| *number);
        last.is_some_and(|(_, answer)| {
            answer.services.iter().any(|service| {
                let slow = match service.quota {
                    Quota::Granted(grant) => grant.behind == Behind::Slow,
                    quota => matches!(quota, Quota::Slow { .. }),
                };
                slow && service.group == group
            })
        })
    }

    /// What is said to a group that asks for nothing: if it was slow, and there is nothing else, that it still is.
    fn remain_slow(&mut self, n: usize, group: Option<u32>) -> Quota {
        if !self.was_slow(n, group) {
            return Quota::None;
        }
        let holds = self.holds.len();
        let quota = self.grant(n, group, 1, MEGA);
        self.holds.truncate(holds);
        if matches!(quota, Quota::Slow { .. }) { quota } else { Quota::None }
    }
}

fn can_use(b: &NBundle, line: Id<Line>, country: Option<Country>) -> bool {
    let mine = b.line.is_none_or(|own| own == line);
    mine && country.is_some_and(|c| b.terms.coverage.iter().any(|covered| covered == c))
}
