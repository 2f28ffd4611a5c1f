//! Providers' own bills beside our books: what they kept and paid out is booked, and what they say otherwise becomes a row.

mod days;
mod lines;
mod review;
mod subjects;
mod table;

use basis::{DAY_MS, Env, HOUR_MS, MINUTE_MS, Problem, SECOND_MS};
use serde::{Deserialize, Serialize};
use store::jobs::{self, NewJob, Next};
use store::{Conn, Db, in_tx};

use crate::facts::BillPage;
use crate::provider::{Provider, ProviderError, Providers};
use days::BillDay;

pub(crate) use review::audit;

/// The job that reads one provider's bills; it stands once for each and comes again by itself. Its handler is
/// [`read_bills`].
pub const BILLS: &str = "payment.bills";

/// What the job [`BILLS`] carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillsJob {
    /// Whose bills.
    pub provider: String,
}

/// So many lines are taken in one transaction,
const BATCH: usize = 50;
/// and after so long other jobs take their turn.
const ENOUGH_MS: i64 = 20 * SECOND_MS;
/// A bill that is not out is asked for again so much later,
const NOT_OUT_MS: i64 = 30 * MINUTE_MS;
/// one that cannot be had or read so much later,
const FAILED_MS: i64 = HOUR_MS;
/// and somebody should look if it is missing so long after its day.
const LATE_MS: i64 = 3 * DAY_MS;
/// What differs is looked at again so much later.
const AGAIN_MS: i64 = HOUR_MS;

/// Queues the reading of each provider's bills, unless it is queued already; to be called at every start.
///
/// # Errors
/// If the database fails.
pub async fn begin_bills(tx: &mut Conn, env: &Env, providers: &Providers) -> Result<(), Problem> {
    for provider in providers.all().filter(|provider| !provider.capabilities().billless) {
        let payload = BillsJob { provider: provider.name().to_owned() };
        let key = payload.provider.clone();
        jobs::enqueue(tx, env, NewJob { kind: BILLS, key, payload: &payload, run_at: env.now() }).await?;
    }
    Ok(())
}

/// The handler of [`BILLS`]: takes in, part by part, the bills that are due, and then looks at all that does not agree. A
/// provider that does not answer is asked again later.
///
/// # Errors
/// If the database fails.
pub async fn read_bills(db: &Db, env: &Env, providers: &Providers, job: &BillsJob) -> Result<Next, Problem> {
    // Gone from the settings: there is nobody to ask.
    let provider = providers.get(&job.provider).filter(|provider| !provider.capabilities().billless);
    let Some(provider) = provider else { return Ok(Next::Done) };
    let reader = Reader { db, env, provider: provider.as_ref() };
    let begun_at = env.now();
    let mut next_at = days::note(db, env, provider.as_ref()).await?;
    while let Some(day) = days::due(&mut db.read().await?, provider.name(), env.now()).await? {
        reader.read_part(&day).await?;
        if env.now().since(begun_at) >= ENOUGH_MS {
            return Ok(Next::At(env.now()));
        }
    }
    if review::review(db, env, provider.as_ref()).await? {
        next_at = next_at.min(env.now().plus_ms(AGAIN_MS));
    }
    let ask_at = days::next_ask(&mut db.read().await?, provider.name()).await?;
    Ok(Next::At(ask_at.map_or(next_at, |ask_at| ask_at.min(next_at))))
}

struct Reader<'a> {
    db: &'a Db,
    env: &'a Env,
    provider: &'a dyn Provider,
}

impl Reader<'_> {
    async fn read_part(&self, day: &BillDay) -> Result<(), Problem> {
        match self.provider.bill(day.day, day.part.as_deref()).await {
            Ok(page) => match page.lines.iter().find(|line| !line.is_whole()) {
                Some(line) => self.put_off(day, FAILED_MS, Some(format!("{line:?} does not add up"))).await,
                None => self.take(day, page).await,
            },
            Err(ProviderError::NotFound) => {
                let late = self.is_late(day).then(|| "it is not out".to_owned());
                self.put_off(day, NOT_OUT_MS, late).await
            }
            Err(damaged @ ProviderError::Damaged(_)) => {
                self.put_off(day, FAILED_MS, Some(damaged.to_string())).await
            }
            Err(error) => {
                let late = self.is_late(day).then(|| error.to_string());
                self.put_off(day, FAILED_MS, late).await
            }
        }
    }

    fn is_late(&self, day: &BillDay) -> bool {
        self.env.now() >= day.ends_at(self.provider).plus_ms(LATE_MS)
    }

    /// Nothing of it is believed; `why` somebody should look, if they should.
    async fn put_off(&self, day: &BillDay, pause_ms: i64, why: Option<String>) -> Result<(), Problem> {
        in_tx!(self.db, |tx| {
            days::put_off(tx, day, self.env.now().plus_ms(pause_ms)).await?;
            match &why {
                Some(why) => review::flag_day(tx, day, why, self.env.now()).await,
                None => Ok(()),
            }
        })
    }

    /// Each batch says how far it came, in its own transaction: whoever goes on, goes on behind it.
    async fn take(&self, day: &BillDay, page: BillPage) -> Result<(), Problem> {
        let begun_at = self.env.now();
        let mut taken = day.taken;
        while let Some(batch) = page.lines.get(taken..).filter(|rest| !rest.is_empty()) {
            let batch = batch.get(..BATCH).unwrap_or(batch);
            let is_ours = in_tx!(self.db, |tx| {
                Ok(days::advance(tx, day, taken, batch.len()).await?
                    && lines::take(tx, self.env, day, batch).await.map(|()| true)?)
            })?;
            if !is_ours || self.env.now().since(begun_at) >= ENOUGH_MS {
                return Ok(());
            }
            taken += batch.len();
        }
        in_tx!(self.db, |tx| {
            if days::turn(tx, day, taken, page.next.as_deref(), self.env.now()).await? {
                review::clear_day(tx, day, self.env.now()).await?;
            }
            Ok(())
        })
    }
}
