//! Live pages: one stream of events for each open page, which tells the page what to fetch again.
//!
//! The stream says only that something has changed, never what: the page fetches its part again and sees what its
//! reader may see. Changes that come quickly after one another are told once.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::State,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
    routing::get,
};
use basis::{Account, Id, Kind, Pool, Problem};
use charging::PoolChanged;
use futures_util::stream;
use orders::{OrderChanged, WalletChanged};
use tokio::sync::{
    Notify,
    broadcast::{self, error::RecvError},
    watch,
};

use crate::{App, PageProblem, Reader};

/// Open pages of one account; each page that is hidden closes its stream.
const STREAMS_PER_ACCOUNT_MAX: usize = 16;
/// Open pages of all accounts.
const STREAMS_MAX: usize = 20_000;
/// Events on one stream keep this distance; what happens meanwhile is told together.
const PAUSE: Duration = Duration::from_millis(200);
/// A comment so often keeps proxies from closing a quiet stream.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// A stream ends after this time and is opened again, which looks at the session again.
const LIFE: Duration = Duration::from_mins(10);

/// What may change on a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// A line's data, days or state: event `line`.
    Line,
    /// An order's or a payment's state: event `order`.
    Order,
}

impl Topic {
    const ALL: [Self; 2] = [Self::Line, Self::Order];

    const fn bit(self) -> u8 {
        match self {
            Self::Line => 1,
            Self::Order => 2,
        }
    }

    const fn event(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Order => "order",
        }
    }
}

/// Who is watching. Cheap to clone.
#[derive(Clone, Default)]
pub struct Hub(Arc<Inner>);

struct Inner {
    seats: Mutex<Seats>,
    closing: watch::Sender<bool>,
}

impl Default for Inner {
    fn default() -> Self {
        Self { seats: Mutex::default(), closing: watch::Sender::new(false) }
    }
}

#[derive(Default)]
struct Seats {
    by_account: HashMap<Id<Account>, Watching>,
    accounts_of_pool: HashMap<Id<Pool>, Vec<Id<Account>>>,
    count: usize,
}

/// One account's open pages.
#[derive(Default)]
struct Watching {
    seats: Vec<Arc<Seat>>,
    pools: Vec<Id<Pool>>,
}

/// One open page.
#[derive(Default)]
struct Seat {
    news: AtomicU8,
    bell: Notify,
}

impl Seat {
    fn tell(&self, topic: Topic) {
        self.news.fetch_or(topic.bit(), Ordering::AcqRel);
        self.bell.notify_one();
    }

    /// The next thing to tell, if there is one.
    fn take(&self) -> Option<Topic> {
        let has = |topic: &Topic| self.news.fetch_and(!topic.bit(), Ordering::AcqRel) & topic.bit() != 0;
        Topic::ALL.into_iter().find(has)
    }
}

impl Hub {
    /// Tells every open page of this account.
    pub fn tell(&self, account: Id<Account>, topic: Topic) {
        if let Some(watching) = self.seats().by_account.get(&account) {
            watching.seats.iter().for_each(|seat| seat.tell(topic));
        }
    }

    /// Tells every open page that shows a line of this pool.
    pub fn tell_pool(&self, pool: Id<Pool>) {
        let seats = self.seats();
        for account in seats.accounts_of_pool.get(&pool).into_iter().flatten() {
            if let Some(watching) = seats.by_account.get(account) {
                watching.seats.iter().for_each(|seat| seat.tell(Topic::Line));
            }
        }
    }

    /// Tells every open page, when it is not known who is concerned.
    pub fn tell_all(&self, topic: Topic) {
        let seats = self.seats();
        seats.by_account.values().flat_map(|watching| &watching.seats).for_each(|seat| seat.tell(topic));
    }

    /// Passes on what the charging engine says, until it ends: a task of the server.
    pub async fn follow_charging(self, mut changes: broadcast::Receiver<PoolChanged>) {
        loop {
            match changes.recv().await {
                Ok(change) => self.tell_pool(change.pool),
                // Too far behind: whoever it was, everyone looks.
                Err(RecvError::Lagged(_)) => self.tell_all(Topic::Line),
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// Passes on which orders move, until the last desk is gone: a task of the server.
    pub async fn follow_orders(self, mut changes: broadcast::Receiver<OrderChanged>) {
        loop {
            match changes.recv().await {
                Ok(change) => self.tell(change.account, Topic::Order),
                Err(RecvError::Lagged(_)) => self.tell_all(Topic::Order),
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// Passes on which payments into wallets move, until the last desk is gone: a task of the server.
    pub async fn follow_wallets(self, mut changes: broadcast::Receiver<WalletChanged>) {
        loop {
            match changes.recv().await {
                Ok(change) => self.tell(change.account, Topic::Order),
                Err(RecvError::Lagged(_)) => self.tell_all(Topic::Order),
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// Who shares a pool, or what they may, has changed: this account looks again, from now on also when the pool changes.
    pub fn tell_of_pool(&self, account: Id<Account>, pool: Id<Pool>) {
        self.seats().watch_too(account, pool);
        self.tell(account, Topic::Line);
    }

    /// Passes on who shares which pool, until the last desk is gone: a task of the server.
    pub async fn follow_pools(self, mut changes: broadcast::Receiver<pools::PoolChanged>) {
        loop {
            match changes.recv().await {
                Ok(change) => self.tell_of_pool(change.account, change.pool),
                Err(RecvError::Lagged(_)) => self.tell_all(Topic::Line),
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// Ends every stream, now and from now on: the server is going down.
    pub fn close(&self) {
        self.0.closing.send_replace(true);
    }

    fn sit_down(&self, account: Id<Account>, pools: Vec<Id<Pool>>) -> Result<Place, Problem> {
        let mut seats = self.seats();
        let sitting = seats.by_account.get(&account).map_or(0, |watching| watching.seats.len());
        if sitting >= STREAMS_PER_ACCOUNT_MAX || seats.count >= STREAMS_MAX {
            return Err(Problem::new(Kind::TooMany, "too-many-pages"));
        }
        seats.count += 1;
        seats.follow(account, pools);
        let seat = Arc::<Seat>::default();
        // What happened between the page and its stream is told at once.
        for topic in Topic::ALL {
            seat.tell(topic);
        }
        seats.by_account.entry(account).or_default().seats.push(seat.clone());
        Ok(Place { hub: self.clone(), account, seat })
    }

    fn stand_up(&self, account: Id<Account>, seat: &Arc<Seat>) {
        let mut seats = self.seats();
        seats.count = seats.count.saturating_sub(1);
        let Some(watching) = seats.by_account.get_mut(&account) else { return };
        watching.seats.retain(|other| !Arc::ptr_eq(other, seat));
        if watching.seats.is_empty() {
            seats.forget(account);
        }
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.0.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seats {
    fn follow(&mut self, account: Id<Account>, pools: Vec<Id<Pool>>) {
        for pool in &pools {
            let accounts = self.accounts_of_pool.entry(*pool).or_default();
            if !accounts.contains(&account) {
                accounts.push(account);
            }
        }
        self.by_account.entry(account).or_default().pools.extend(pools);
    }

    /// Someone whose page is open has come to a pool. Who has left it hears of it until their pages close, which tells
    /// them nothing but to look.
    fn watch_too(&mut self, account: Id<Account>, pool: Id<Pool>) {
        let watching = self.by_account.get(&account);
        if watching.is_some_and(|watching| !watching.pools.contains(&pool)) {
            self.follow(account, vec![pool]);
        }
    }

    fn forget(&mut self, account: Id<Account>) {
        for pool in self.by_account.remove(&account).unwrap_or_default().pools {
            if let Some(accounts) = self.accounts_of_pool.get_mut(&pool) {
                accounts.retain(|other| *other != account);
                if accounts.is_empty() {
                    self.accounts_of_pool.remove(&pool);
                }
            }
        }
    }
}

/// A seat that is given back when the stream is dropped.
struct Place {
    hub: Hub,
    account: Id<Account>,
    seat: Arc<Seat>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.hub.stand_up(self.account, &self.seat);
    }
}

impl Place {
    /// The next event; `None` when the server is going down.
    async fn next(self) -> Option<(Result<Event, Infallible>, Self)> {
        let mut closing = self.hub.0.closing.subscribe();
        loop {
            if *closing.borrow() {
                return None;
            }
            if let Some(topic) = self.seat.take() {
                return Some((Ok(Event::default().event(topic.event()).data("")), self));
            }
            tokio::select! {
                () = self.seat.bell.notified() => {}
                _ = closing.changed() => {}
            }
        }
    }
}

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/live", get(live))
}

/// The stream of the reader's own events.
async fn live(State(app): State<App>, reader: Reader) -> Result<Response, PageProblem> {
    let Some(person) = &reader.person else {
        return Err(Problem::new(Kind::SignInNeeded, "sign-in-needed").into());
    };
    let mut conn = app.db.read().await?;
    let lines = cards::lines_of(&mut conn, person.account).await?;
    drop(conn);
    let pools = lines.iter().map(|line| line.pool).collect();
    let place = app.live.sit_down(person.account, pools)?;
    let paced = stream::unfold((place, true), |(place, first)| async move {
        if !first {
            tokio::time::sleep(PAUSE).await;
        }
        let (event, place) = place.next().await?;
        Some((event, (place, false)))
    });
    let bounded = futures_util::StreamExt::take_until(paced, Box::pin(tokio::time::sleep(LIFE)));
    Ok(Sse::new(bounded).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: Id<Account> = Id::from_u128(1);
    const BELA: Id<Account> = Id::from_u128(2);
    const POOL: Id<Pool> = Id::from_u128(7);

    /// A page that has heard the news of its opening.
    fn page(hub: &Hub, account: Id<Account>, pools: &[Id<Pool>]) -> Place {
        let place = hub.sit_down(account, pools.to_vec()).unwrap();
        assert_eq!((place.seat.take(), place.seat.take()), (Some(Topic::Line), Some(Topic::Order)));
        place
    }

    #[test]
    fn a_page_hears_of_its_own_account_and_pools_only() {
        let hub = Hub::default();
        let (anna, bela) = (page(&hub, ANNA, &[POOL]), page(&hub, BELA, &[]));
        hub.tell_pool(POOL);
        hub.tell_pool(POOL);
        hub.tell(BELA, Topic::Order);
        assert_eq!((anna.seat.take(), anna.seat.take()), (Some(Topic::Line), None), "told once");
        assert_eq!((bela.seat.take(), bela.seat.take()), (Some(Topic::Order), None));
    }

    #[test]
    fn a_closed_page_leaves_nothing_behind() {
        let hub = Hub::default();
        let pages = [page(&hub, ANNA, &[POOL]), page(&hub, ANNA, &[POOL])];
        drop(pages);
        let seats = hub.seats();
        assert!(seats.by_account.is_empty() && seats.accounts_of_pool.is_empty());
        assert_eq!(seats.count, 0);
    }

    #[test]
    fn one_account_cannot_open_pages_without_end() {
        let hub = Hub::default();
        let _pages: Vec<_> = (0..STREAMS_PER_ACCOUNT_MAX).map(|_| page(&hub, ANNA, &[])).collect();
        assert_eq!(hub.sit_down(ANNA, vec![]).err().map(|p| p.key), Some("too-many-pages"));
        page(&hub, BELA, &[]);
    }

    #[tokio::test]
    async fn streams_end_with_the_server() {
        let hub = Hub::default();
        let place = page(&hub, ANNA, &[]);
        hub.close();
        assert!(place.next().await.is_none());
    }
}
