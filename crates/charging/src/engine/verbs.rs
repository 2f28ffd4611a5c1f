//! What can be asked of the engine. Every answer is durable before it is given.

use std::sync::Arc;

use basis::{Country, Id, Kind, Line, Order, Pool as PoolNoun, Problem, Terms, Timestamp};
use sha2::{Digest as _, Sha256};

use super::Charging;
use super::far::nobody;
use super::letters::Wanted;
use crate::pool::{
    Answer, Away, Caps, CloseReply, Closed, Command, Control, Credit as PoolCredit, CreditReply, Digits,
    Fate, Few, GiveReply, LineIdentity, Reply, RequestKind, Service, SessionKey, Verdict, VoidReply,
};
use crate::shard::Shard;

/// An order to be delivered into a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credit {
    /// The pool.
    pub pool: Id<PoolNoun>,
    /// The order, which gives the bundle its id.
    pub order: Id<Order>,
    /// The line whose own it becomes; `None`: everyone's in the pool from the start.
    pub line: Option<Id<Line>>,
    /// What it promises.
    pub terms: Terms,
}

/// A credit-control request whose session has its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asking {
    pub(crate) session: SessionKey,
    pub(crate) kind: RequestKind,
    pub(crate) number: u32,
    pub(crate) imsi: Option<Digits>,
    pub(crate) msisdn: Option<Digits>,
    pub(crate) country: Option<Country>,
    pub(crate) services: Few<Service>,
}

impl From<CreditControl> for Asking {
    fn from(request: CreditControl) -> Self {
        let session = session_key(&request.gateway, &request.session);
        let CreditControl { kind, number, imsi, msisdn, country, services, .. } = request;
        Self { session, kind, number, imsi, msisdn, country, services }
    }
}

impl Asking {
    /// By what its pool can be found.
    pub(super) const fn wanted(&self) -> Wanted {
        Wanted { session: Some(self.session), line: None, imsi: self.imsi, msisdn: self.msisdn }
    }

    /// What the pool is asked.
    pub(super) fn control(&self, line: Option<Id<Line>>) -> Control {
        let Self { session, kind, number, country, ref services, .. } = *self;
        Control { session, kind, number, line, country, services: services.clone() }
    }

    const fn unknown(&self) -> Verdict {
        if self.imsi.is_some() || self.msisdn.is_some() {
            Verdict::UnknownLine
        } else {
            Verdict::UnknownSession
        }
    }
}

/// What became of a credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreditAnswer {
    /// The bundle is there.
    Credited {
        /// When its clock began, if it has.
        activated_at: Option<Timestamp>,
        /// When its days are over, if they have begun.
        ends_at: Option<Timestamp>,
    },
    /// It was there before; nothing was done.
    AlreadyCredited,
    /// The order was voided first, and stays so.
    Voided,
}

/// How many services one request may name: its answer is kept, eight of them for each session.
pub const MAX_SERVICES: usize = 64;

/// The key of the problem while a line is on its way to another pool: it is over in a moment.
pub const MOVING_KEY: &str = "charging-line-moving";

/// A credit-control request as a gateway's protocol gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditControl {
    /// The gateway's name; sessions of two gateways never meet.
    pub gateway: String,
    /// The session's name at the gateway.
    pub session: String,
    /// What kind of request.
    pub kind: RequestKind,
    /// Its number in the session.
    pub number: u32,
    /// Who, by IMSI.
    pub imsi: Option<Digits>,
    /// Who, by number, when there is no IMSI.
    pub msisdn: Option<Digits>,
    /// The visited country, if the request told it.
    pub country: Option<Country>,
    /// The services that it reports about or wants quota for.
    pub services: Few<Service>,
}

/// A session's name in the engine: the first 16 bytes of SHA-256 over gateway, a zero byte, and session.
pub fn session_key(gateway: &str, session: &str) -> SessionKey {
    let hash = Sha256::new().chain_update(gateway).chain_update([0]).chain_update(session).finalize();
    let mut key = [0; 16];
    key.iter_mut().zip(hash.iter()).for_each(|(to, from)| *to = *from);
    SessionKey(key)
}

impl Charging {
    /// Lets a line draw from a pool, which begins with its first line. Repeat-safe.
    ///
    /// # Errors
    /// Conflict if the line draws from another pool, or another line has its IMSI or number.
    pub async fn open_pool(&self, pool: Id<PoolNoun>, identity: LineIdentity) -> Result<(), Problem> {
        let LineIdentity { line, imsi, msisdn } = identity;
        let there = self.find(&Wanted { line: Some(line), ..Wanted::default() }).await?.pool;
        let by_imsi = self.find(&Wanted { imsi: Some(imsi), ..Wanted::default() }).await?.line;
        let by_msisdn = match msisdn {
            Some(_) => self.find(&Wanted { msisdn, ..Wanted::default() }).await?.line,
            None => None,
        };
        let others = [by_imsi, by_msisdn].into_iter().flatten().any(|known| known != line);
        if others || there.is_some_and(|there| there != pool) {
            return Err(Problem::conflict("charging-line-elsewhere"));
        }
        match self.apply(pool, Command::Join(identity)).await? {
            Reply::Done => Ok(()),
            _ => Err(Problem::conflict("charging-line-elsewhere")),
        }
    }

    /// Delivers an order. Repeat-safe: of credit and void of an order the first wins for ever.
    /// A line that has left the pool is not served here any more: an order for it that comes too late is voided.
    ///
    /// # Errors
    /// Unavailable while the line is barred, on its way to another pool or not yet in this one, or if the shard does not
    /// serve. Then it may or may not have happened: ask again, or ask [`Charging::fate`]. Conflict if it is for everyone
    /// and its terms are not shareable.
    pub async fn credit(&self, credit: Credit) -> Result<CreditAnswer, Problem> {
        let Credit { pool, order, line, terms } = credit;
        let asked = self.ask(pool, Command::Credit(PoolCredit { order, line, terms })).await;
        // There is no such pool yet.
        let no_pool = |problem: Problem| if problem.kind == Kind::NotFound { not_open() } else { problem };
        match asked.map_err(no_pool)? {
            Reply::Credit(CreditReply::Credited { started_at, ends_at }) => {
                Ok(CreditAnswer::Credited { activated_at: started_at, ends_at })
            }
            Reply::Credit(CreditReply::AlreadyCredited) => Ok(CreditAnswer::AlreadyCredited),
            Reply::Credit(CreditReply::Voided) => Ok(CreditAnswer::Voided),
            Reply::Credit(CreditReply::Barred) => Err(barred()),
            Reply::Credit(CreditReply::UnknownLine) => Err(not_open()),
            Reply::Credit(CreditReply::NotShareable) => Err(not_shareable()),
            other => Err(astray(&other)),
        }
    }

    /// Makes sure that an order is never delivered, unless it was. Repeat-safe.
    pub async fn void(&self, pool: Id<PoolNoun>, order: Id<Order>) -> Result<VoidReply, Problem> {
        match self.ask(pool, Command::Void(order)).await? {
            Reply::Void(reply) => Ok(reply),
            other => Err(astray(&other)),
        }
    }

    /// What became of an order, with everything that was asked before counted in.
    pub async fn fate(&self, pool: Id<PoolNoun>, order: Id<Order>) -> Result<Fate, Problem> {
        Ok(self.look(pool, true).await?.map_or(Fate::Unknown, |pool| pool.fate(order)))
    }

    /// Ends a bundle now and says what was unused of it; a repeat gives the same answer.
    ///
    /// # Errors
    /// Not found if there is no such bundle, or it ended long ago.
    pub async fn close(&self, pool: Id<PoolNoun>, bundle: Id<Order>) -> Result<Closed, Problem> {
        match self.ask(pool, Command::Close(bundle)).await? {
            Reply::Close(CloseReply::Closed(closed)) => Ok(closed),
            Reply::Close(CloseReply::UnknownBundle) => Err(Problem::not_found()),
            other => Err(astray(&other)),
        }
    }

    /// The same, as long as it is this line's own; `None` if it was given to everyone, and so goes on.
    ///
    /// # Errors
    /// As [`Charging::close`].
    pub async fn close_own(
        &self,
        pool: Id<PoolNoun>,
        line: Id<Line>,
        bundle: Id<Order>,
    ) -> Result<Option<Closed>, Problem> {
        match self.ask(pool, Command::CloseOwn { bundle, line }).await? {
            Reply::Close(CloseReply::Closed(closed)) => Ok(Some(closed)),
            Reply::Close(CloseReply::Shared) => Ok(None),
            Reply::Close(CloseReply::UnknownBundle) => Err(Problem::not_found()),
            other => Err(astray(&other)),
        }
    }

    /// An operator stops a line: no more quota, no credit, until [`Charging::unbar`].
    pub async fn bar(&self, line: Id<Line>) -> Result<(), Problem> {
        self.tell_line(line, Command::Bar(line)).await
    }

    /// An operator lets a line go on.
    pub async fn unbar(&self, line: Id<Line>) -> Result<(), Problem> {
        self.tell_line(line, Command::Unbar(line)).await
    }

    /// Gives a line's own bundle to its pool, for good. Repeat-safe.
    ///
    /// # Errors
    /// Not found if the bundle is not in this pool. Conflict if its terms are not shareable, or it is over.
    pub async fn give(&self, pool: Id<PoolNoun>, bundle: Id<Order>) -> Result<(), Problem> {
        match self.ask(pool, Command::Give(bundle)).await? {
            Reply::Give(GiveReply::Given) => Ok(()),
            Reply::Give(GiveReply::NotShareable) => Err(not_shareable()),
            Reply::Give(GiveReply::Over) => Err(Problem::conflict("charging-bundle-over")),
            Reply::Give(GiveReply::UnknownBundle) => Err(Problem::not_found()),
            other => Err(astray(&other)),
        }
    }

    /// A manager limits what a member may take of the shared bundles; all absent ends the counting. Holds from the next
    /// grant on, and until the line leaves the pool. Repeat-safe.
    ///
    /// # Errors
    /// Not found if the line is not in this pool.
    pub async fn cap(&self, pool: Id<PoolNoun>, line: Id<Line>, caps: Caps) -> Result<(), Problem> {
        self.tell_member(pool, Command::Cap { line, caps }).await
    }

    /// A manager stops what a member takes of the shared bundles, or lets it go on. What its sessions hold they may
    /// use; what is the line's own it may always use. Holds until the line leaves the pool. Repeat-safe.
    ///
    /// # Errors
    /// Not found if the line is not in this pool.
    pub async fn pause_member(
        &self,
        pool: Id<PoolNoun>,
        line: Id<Line>,
        paused: bool,
    ) -> Result<(), Problem> {
        self.tell_member(pool, Command::Pause { line, paused }).await
    }

    async fn tell_member(&self, pool: Id<PoolNoun>, command: Command) -> Result<(), Problem> {
        match self.ask(pool, command).await? {
            Reply::Done => Ok(()),
            _ => Err(Problem::not_found()),
        }
    }

    async fn tell_line(&self, line: Id<Line>, command: Command) -> Result<(), Problem> {
        let found = self.find(&Wanted { line: Some(line), ..Wanted::default() }).await?;
        let pool = found.pool.ok_or_else(Problem::not_found)?;
        match self.ask(pool, command).await? {
            Reply::Done => Ok(()),
            _ => Err(Problem::not_found()),
        }
    }

    /// A gateway asks for quota or reports use.
    ///
    /// # Errors
    /// Unavailable if the shard does not serve, with the key [`crate::BUSY_KEY`] if it only has too much to do. A
    /// gateway asks again with the same number. Invalid if it names more than [`MAX_SERVICES`] services.
    pub async fn control(&self, request: CreditControl) -> Result<Answer, Problem> {
        self.ask_quota(request.into()).await
    }

    /// The same, by the session's key.
    pub(crate) async fn ask_quota(&self, asking: Asking) -> Result<Answer, Problem> {
        if asking.services.len() > MAX_SERVICES {
            return Err(Problem::invalid("charging-too-many-services"));
        }
        let wanted = asking.wanted();
        let found = self.find_quickly(&wanted).await?;
        let Some(pool) = found.pool else { return Ok(Answer::bare(asking.unknown())) };
        let control = asking.control(found.line);
        let reply = self.ask(pool, Command::Control(control.clone())).await?;
        match reply {
            Reply::Control(Answer { verdict: Verdict::UnknownSession | Verdict::UnknownLine, .. }) => {
                self.control_elsewhere(pool, &wanted, control, reply).await
            }
            Reply::Control(answer) => Ok(answer),
            other => Err(astray(&other)),
        }
    }

    /// The pool does not know it: its line may have moved while the request was on its way, or long ago and we remembered
    /// wrongly.
    async fn control_elsewhere(
        &self,
        asked: Id<PoolNoun>,
        wanted: &Wanted,
        control: Control,
        reply: Reply,
    ) -> Result<Answer, Problem> {
        self.0.far.unlearn(wanted);
        let found = self.find(wanted).await?;
        let reply = match found.pool.filter(|there| *there != asked) {
            Some(there) => self.ask(there, Command::Control(Control { line: found.line, ..control })).await?,
            None => reply,
        };
        match reply {
            Reply::Control(answer) => Ok(answer),
            other => Err(astray(&other)),
        }
    }

    /// A gateway has lost a session, by a restart or because it says so: what the session holds goes back. Repeat-safe; a
    /// report that comes all the same is debited.
    ///
    /// # Errors
    /// Unavailable if the shard does not serve; what is held then goes back when its validity ends.
    pub async fn release(&self, session: SessionKey) -> Result<(), Problem> {
        let found = self.find_quickly(&Wanted { session: Some(session), ..Wanted::default() }).await?;
        match found.pool {
            Some(pool) => self.ask(pool, Command::Release(session)).await.map(drop),
            None => Ok(()),
        }
    }

    /// The shard of a pool, which is here and serves.
    pub(super) fn shard(&self, pool: Id<PoolNoun>) -> Result<Arc<Shard>, Problem> {
        let shard = self.0.slots.get(self.0.shard_of(pool)).ok_or_else(nobody)?;
        shard.health.fault().map_or(Ok(shard), |fault| Err(fault.into()))
    }

    /// Asks a pool; if what the command is about has moved on, the pool where it is now.
    pub(super) async fn ask(&self, pool: Id<PoolNoun>, command: Command) -> Result<Reply, Problem> {
        let mut pool = pool;
        for _ in 0..HOPS_MAX {
            match self.apply(pool, command.clone()).await? {
                Reply::Away(Away::To(there)) => pool = there,
                Reply::Away(Away::Moving) => return Err(moving()),
                reply => return Ok(reply),
            }
        }
        Err(moving())
    }
}

/// How many pools are asked one after the other. A bundle's way never leads to the same pool twice; only one that moves
/// faster than we can follow, or through more pools than anyone joins, is not found.
const HOPS_MAX: usize = 64;

/// The line or the bundle is on its way from one pool to another.
pub(super) fn moving() -> Problem {
    Problem::new(Kind::Unavailable, MOVING_KEY)
}

fn not_shareable() -> Problem {
    Problem::conflict("charging-not-shareable")
}

fn barred() -> Problem {
    Problem::new(Kind::Unavailable, "charging-line-barred")
}

fn not_open() -> Problem {
    Problem::unavailable("the line is not open in its pool yet")
}

pub(super) fn astray(reply: &Reply) -> Problem {
    Problem::internal(format!("the pool answered another question: {reply:?}"))
}
