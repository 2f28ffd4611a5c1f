//! Sessions, as plainly as they can be told: what is asked, settled and granted.

use super::*;

impl Naive {
    pub(super) fn control(&mut self, r: &Control) -> Answer {
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

    pub(super) fn next(&mut self, r: &Control, n: usize) -> Answer {
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

    pub(in crate::pool::tests) fn terminate(&mut self, n: usize) {
        let key = self.sessions[n].key;
        self.let_go(|h| h.session == key);
        self.sessions[n].open = None;
        self.sessions[n].over = self.now;
        self.sessions[n].terminated = true;
    }

    pub(super) fn say(&mut self, r: &Control, n: usize, verdict: Verdict, quotas: &[Quota]) -> Answer {
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
    pub(super) fn settle(&mut self, n: usize, group: Option<u32>, used: i128) -> i128 {
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

    pub(super) fn beyond(&mut self, n: usize, group: Option<u32>, used: i128, last: Option<Id<Order>>) {
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

    pub(super) fn debit(&mut self, n: usize, bundle: Option<Id<Order>>, bytes: i128) {
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
    pub(super) fn let_go(&mut self, which: impl Fn(&Hold) -> bool) {
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

    pub(super) fn payers(&self, line: Id<Line>, country: Option<Country>) -> Vec<Id<Order>> {
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

    pub(super) fn cap_room(&self, line: Id<Line>) -> i128 {
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

    pub(super) fn grant(&mut self, n: usize, group: Option<u32>, most: i128, wish: i128) -> Quota {
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
    pub(super) fn until_turn(&self, seconds: i128, bundles: impl Iterator<Item = Id<Order>>) -> i128 {
        let turns = bundles.filter_map(|id| self.bundles[self.at(id)].turn());
        turns.fold(seconds, |seconds, turn| seconds.min((turn - self.now) / 1000).max(1))
    }

    /// Whether the last answer said that the group goes on slower.
    pub(super) fn was_slow(&self, n: usize, group: Option<u32>) -> bool {
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
    pub(super) fn remain_slow(&mut self, n: usize, group: Option<u32>) -> Quota {
        if !self.was_slow(n, group) {
            return Quota::None;
        }
        let holds = self.holds.len();
        let quota = self.grant(n, group, 1, MEGA);
        self.holds.truncate(holds);
        if matches!(quota, Quota::Slow { .. }) { quota } else { Quota::None }
    }
}
