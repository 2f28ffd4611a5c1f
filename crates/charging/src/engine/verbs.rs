//! What can be asked of the engine. Every answer is durable before it is given.

use basis::{Country, Id, Kind, Line, Order, Pool as PoolNoun, Problem, Terms, Timestamp};
use sha2::{Digest as _, Sha256};

use super::{Charging, Shard};
use crate::pool::{
    Answer, Caps, CloseReply, Closed, Command, Control, Credit as PoolCredit, CreditReply, Digits, Fate, Few,
    LineIdentity, Reply, RequestKind, Service, SessionKey, Verdict, VoidReply,
};

/// An order to be delivered into a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credit {
    /// The pool.
    pub pool: Id<PoolNoun>,
    /// The order, which gives the bundle its id.
    pub order: Id<Order>,
    /// The line that it was bought for. Terms that are shareable make it everyone's in the pool.
    pub line: Id<Line>,
    /// What it promises.
    pub terms: Terms,
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
        let routes = &self.0.signals.routes;
        let elsewhere = routes.pool_of(identity.line).is_some_and(|there| there != pool);
        let imsi = routes.line_of_imsi(identity.imsi);
        let msisdn = identity.msisdn.and_then(|number| routes.line_of_msisdn(number));
        if elsewhere || [imsi, msisdn].into_iter().flatten().any(|line| line != identity.line) {
            return Err(Problem::conflict("charging-line-elsewhere"));
        }
        self.ask(pool, Command::Join(identity)).await.map(drop)
    }

    /// Delivers an order. Repeat-safe: of credit and void of an order the first wins for ever.
    ///
    /// # Errors
    /// Unavailable while the line is barred or not yet in the pool, or if the shard does not serve. Then it may or may
    /// not have happened: ask again, or ask [`Charging::fate`].
    pub async fn credit(&self, credit: Credit) -> Result<CreditAnswer, Problem> {
        let Credit { pool, order, line, terms } = credit;
        let member = self.shard(pool)?.published.get(pool);
        let member = member.as_ref().and_then(|pool| pool.member(line));
        let Some(member) = member else { return Err(not_open()) };
        if member.barred && self.fate(pool, order).await? == Fate::Unknown {
            return Err(barred());
        }
        let line = (!terms.shareable).then_some(line);
        match self.ask(pool, Command::Credit(PoolCredit { order, line, terms })).await? {
            Reply::Credit(CreditReply::Credited { started_at, ends_at }) => {
                Ok(CreditAnswer::Credited { activated_at: started_at, ends_at })
            }
            Reply::Credit(CreditReply::AlreadyCredited) => Ok(CreditAnswer::AlreadyCredited),
            Reply::Credit(CreditReply::Voided) => Ok(CreditAnswer::Voided),
            Reply::Credit(CreditReply::Barred) => Err(barred()),
            Reply::Credit(CreditReply::UnknownLine) => Err(not_open()),
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
        let shard = self.shard(pool)?;
        shard.settle().await?;
        Ok(shard.published.get(pool).map_or(Fate::Unknown, |pool| pool.fate(order)))
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

    /// An operator stops a line: no more quota, no credit, until [`Charging::unbar`].
    pub async fn bar(&self, line: Id<Line>) -> Result<(), Problem> {
        self.tell_line(line, Command::Bar(line)).await
    }

    /// An operator lets a line go on.
    pub async fn unbar(&self, line: Id<Line>) -> Result<(), Problem> {
        self.tell_line(line, Command::Unbar(line)).await
    }

    /// A manager limits what a line may take of the shared bundles; all absent ends the counting.
    pub async fn cap(&self, line: Id<Line>, caps: Caps) -> Result<(), Problem> {
        self.tell_line(line, Command::Cap { line, caps }).await
    }

    async fn tell_line(&self, line: Id<Line>, command: Command) -> Result<(), Problem> {
        let pool = self.0.signals.routes.pool_of(line).ok_or_else(Problem::not_found)?;
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
        if request.services.len() > MAX_SERVICES {
            return Err(Problem::invalid("charging-too-many-services"));
        }
        let session = session_key(&request.gateway, &request.session);
        let routes = &self.0.signals.routes;
        let named = request.imsi.is_some() || request.msisdn.is_some();
        let line = request.imsi.and_then(|imsi| routes.line_of_imsi(imsi));
        let line = line.or_else(|| request.msisdn.and_then(|number| routes.line_of_msisdn(number)));
        let pool = routes.pool_of_session(session).or_else(|| routes.pool_of(line?));
        let Some(pool) = pool else {
            self.no_shard_is_missing()?;
            return Ok(Answer::bare(if named { Verdict::UnknownLine } else { Verdict::UnknownSession }));
        };
        let CreditControl { kind, number, country, services, .. } = request;
        match self
            .ask(pool, Command::Control(Control { session, kind, number, line, country, services }))
            .await?
        {
            Reply::Control(answer) => Ok(answer),
            other => Err(astray(&other)),
        }
    }

    /// While a shard is stopped its lines are not known: that is no reason to tell a gateway that they do not exist.
    fn no_shard_is_missing(&self) -> Result<(), Problem> {
        self.faults().into_iter().next().map_or(Ok(()), |fault| Err(fault.into()))
    }

    fn shard(&self, pool: Id<PoolNoun>) -> Result<&Shard, Problem> {
        let shard = self.shard_of(pool).ok_or_else(|| Problem::internal("a pool's shard does not exist"))?;
        shard.health.fault().map_or(Ok(shard), |fault| Err(fault.into()))
    }

    async fn ask(&self, pool: Id<PoolNoun>, command: Command) -> Result<Reply, Problem> {
        self.shard(pool)?.apply(pool, command).await
    }
}

fn barred() -> Problem {
    Problem::new(Kind::Unavailable, "charging-line-barred")
}

fn not_open() -> Problem {
    Problem::unavailable("the line is not open in its pool yet")
}

fn astray(reply: &Reply) -> Problem {
    Problem::internal(format!("the pool answered another question: {reply:?}"))
}
