//! Giving and moving, as plainly as can be: things are taken out of one list and put into another.

use super::naive::{NBundle, NLine, NSession, Naive};
use super::*;

/// What a pool remembers of coming and going.
#[derive(Default)]
pub(super) struct NMoves {
    over: Vec<Id<basis::Move>>,
    gone: Vec<NGone>,
    moved: Vec<(Id<Order>, Id<basis::Pool>)>,
}

struct NGone {
    leaving: Leaving,
    pack: Option<NPack>,
}

/// What a line takes along.
#[derive(Clone)]
pub(super) struct NPack {
    line: NLine,
    pub(super) bundles: Vec<NBundle>,
    sessions: Vec<NSession>,
    closed: Vec<Closed>,
}

pub(super) enum NDeparture {
    Left(Box<NPack>),
    Over,
    Moving,
    UnknownLine,
}

impl NMoves {
    pub(super) fn left(&self, line: Id<Line>) -> bool {
        self.gone.iter().any(|gone| gone.leaving.line == line)
    }

    pub(super) fn is_over(&self, id: Id<basis::Move>) -> bool {
        self.over.contains(&id)
    }

    /// What has left and may not have arrived.
    pub(super) fn packs(&self) -> impl Iterator<Item = (Leaving, &NPack)> {
        self.gone.iter().filter_map(|gone| Some((gone.leaving, gone.pack.as_ref()?)))
    }

    fn whereabouts(&self, line: Id<Line>) -> Option<Away> {
        let gone = self.gone.iter().find(|gone| gone.leaving.line == line)?;
        Some(if gone.pack.is_some() { Away::Moving } else { Away::To(gone.leaving.to) })
    }
}

impl Naive {
    pub(super) fn knows(&self, order: Id<Order>) -> bool {
        self.bundles.iter().any(|b| b.id == order) || self.moves.moved.iter().any(|(id, _)| *id == order)
    }

    pub(super) fn away(&self, command: &Command) -> Option<Away> {
        let moves = &self.moves;
        match command {
            Command::Join(LineIdentity { line, .. }) | Command::Bar(line) | Command::Unbar(line) => {
                moves.whereabouts(*line)
            }
            Command::Credit(credit) => {
                let decided = self.knows(credit.order) || self.voided.contains(&credit.order);
                let away = moves.whereabouts(credit.line?)?;
                (!decided && away == Away::Moving).then_some(away)
            }
            Command::Close(id) | Command::CloseOwn { bundle: id, .. } => {
                let (_, to) = moves.moved.iter().find(|(moved, _)| moved == id)?;
                let packed = moves.packs().any(|(_, pack)| pack.bundles.iter().any(|b| b.id == *id));
                Some(if packed { Away::Moving } else { Away::To(*to) })
            }
            Command::Control(r) if !self.sessions.iter().any(|s| s.key == r.session) => {
                let packed = moves.packs().any(|(_, pack)| pack.sessions.iter().any(|s| s.key == r.session));
                if packed { Some(Away::Moving) } else { moves.whereabouts(r.line?) }
            }
            _ => None,
        }
    }

    pub(super) fn give(&mut self, id: Id<Order>) -> GiveReply {
        match self.bundles.iter_mut().find(|b| b.id == id && !b.retired) {
            None => GiveReply::UnknownBundle,
            Some(b) if b.line.is_none() => GiveReply::Given,
            Some(b) if b.over.is_some() => GiveReply::Over,
            Some(b) if !b.terms.shareable => GiveReply::NotShareable,
            Some(b) => {
                b.line = None;
                GiveReply::Given
            }
        }
    }

    pub(super) fn depart(&mut self, now: Timestamp, leaving: Leaving, me: Id<basis::Pool>) -> NDeparture {
        self.told.clear();
        self.pass(now.0.into());
        let departure = self.pack(leaving, me);
        self.begin_followers(self.now);
        departure
    }

    fn pack(&mut self, leaving: Leaving, me: Id<basis::Pool>) -> NDeparture {
        let line = leaving.line;
        if self.moves.is_over(leaving.id) {
            return NDeparture::Over;
        }
        if let Some((other, pack)) = self.moves.packs().find(|(other, _)| other.line == line) {
            return if other.id == leaving.id {
                NDeparture::Left(Box::new(pack.clone()))
            } else {
                NDeparture::Moving
            };
        }
        let Some(at) = self.lines.iter().position(|l| l.id == line && leaving.to != me) else {
            return NDeparture::UnknownLine;
        };
        if self.holds_shared(line) {
            self.lines[at].paused = true;
            return NDeparture::Moving;
        }
        for n in 0..self.sessions.len() {
            if self.sessions[n].line == line && self.sessions[n].open.is_some() {
                self.terminate(n);
            }
        }
        let line = NLine::new(line, self.lines.remove(at).barred);
        let bundles: Vec<_> =
            self.bundles.extract_if(.., |b| b.line == Some(line.id) && !b.retired).collect();
        let sessions = self.sessions.extract_if(.., |s| s.line == line.id).collect();
        let ours = |closed: &mut Closed| bundles.iter().any(|b| b.id == closed.bundle);
        let closed = self.closed.extract_if(.., ours).collect();
        self.moves.moved.extend(bundles.iter().map(|b| (b.id, leaving.to)));
        let pack = NPack { line, bundles, sessions, closed };
        self.moves.gone.push(NGone { leaving, pack: Some(pack.clone()) });
        NDeparture::Left(Box::new(pack))
    }

    /// True if the line is here, now or before.
    pub(super) fn arrive(&mut self, now: Timestamp, id: Id<basis::Move>, pack: NPack) -> bool {
        self.told.clear();
        self.pass(now.0.into());
        let line = pack.line.id;
        let busy = self.moves.packs().any(|(leaving, _)| leaving.line == line);
        let before = self.moves.is_over(id);
        if !before && !busy {
            self.moves.over.push(id);
            self.moves.gone.retain(|gone| gone.leaving.line != line);
            self.moves.moved.retain(|(moved, _)| pack.bundles.iter().all(|b| b.id != *moved));
            self.lines.push(pack.line);
            self.bundles.extend(pack.bundles);
            self.bundles.sort_by_key(|b| b.credited);
            for session in pack.sessions {
                if self.sessions.iter().all(|s| s.key != session.key) {
                    self.sessions.push(session);
                }
            }
            self.closed.extend(pack.closed);
        }
        self.begin_followers(self.now);
        before || !busy
    }

    pub(super) fn part(&mut self, now: Timestamp, id: Id<basis::Move>) {
        self.told.clear();
        self.pass(now.0.into());
        for gone in &mut self.moves.gone {
            if gone.leaving.id == id && gone.pack.take().is_some() {
                self.moves.over.push(id);
            }
        }
        self.begin_followers(self.now);
    }
}
