//! Giving papers their numbers, those of many orders at once.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use basis::{Env, Id, Kind, Order, Problem};
use orders::OrderJob;
use store::jobs::{Next, Worker};
use store::{Conn, Db, in_tx};
use texts::TimeZone;

use crate::rows::{self, Numbered};
use crate::rules::year_of;
use crate::sale::{self, Draft, Sale};
use crate::{Paper, Seller, Series};

/// What giving a paper reaches; cheap to clone.
#[derive(Clone)]
pub struct Desk {
    /// The shop's database.
    pub db: Db,
    /// Time.
    pub env: Env,
    /// Who sells now.
    pub seller: Arc<Seller>,
    /// Where the numbers' years begin.
    pub zone: TimeZone,
}

/// The same worker, with the job that gives papers.
pub fn handlers(worker: Worker, desk: &Desk) -> Worker {
    let desk = desk.clone();
    worker.on_many(orders::RECEIPT, move |runs| {
        let desk = desk.clone();
        async move {
            let orders = runs.iter().map(|run| Ok(run.read::<OrderJob>()?.order));
            give(&desk, &orders.collect::<Result<_, Problem>>()?).await.map(|()| Next::Done)
        }
    })
}

/// The job [`orders::RECEIPT`]: gives orders the papers that they must have and have not yet, all or none of them.
/// Runs as often as it likes.
pub async fn give(desk: &Desk, orders: &BTreeSet<Id<Order>>) -> Result<(), Problem> {
    let orders: Vec<_> = orders.iter().copied().collect();
    in_tx!(desk.db, |tx| {
        let mut sales = sale::read(tx, &orders).await?;
        // A credit note names its order's receipt, so receipts come first.
        for series in [Series::Receipt, Series::CreditNote] {
            let drafts = sales.iter().map(|sale| sale.drafts(series, desk)).collect::<Result<Vec<_>, _>>()?;
            let papers = number(tx, desk, series, drafts.into_iter().flatten().collect()).await?;
            keep(tx, &papers).await?;
            hand_over(papers, &mut sales);
        }
        Ok(())
    })
}

/// Numbers papers of a series, each legal entity's in a row. The counter's row makes those who give at once take turns.
async fn number(
    tx: &mut Conn,
    desk: &Desk,
    series: Series,
    drafts: Vec<Draft>,
) -> Result<Vec<Numbered>, Problem> {
    let given_at = desk.env.now();
    let year = year_of(given_at, &desk.zone)?;
    let mut by_entity: BTreeMap<String, Vec<Draft>> = BTreeMap::new();
    for draft in drafts {
        by_entity.entry(draft.content.seller.code.clone()).or_default().push(draft);
    }
    let mut papers = Vec::new();
    for (entity, drafts) in by_entity {
        let count = i64::try_from(drafts.len()).unwrap_or(i64::MAX);
        let last = rows::take(tx, &entity, series, year, count).await?;
        let first = last.saturating_sub(count).saturating_add(1);
        for (seq, Draft { order, account, cause, corrects, content }) in (first..=last).zip(drafts) {
            let number = series.number(&entity, year, seq);
            let paper = Paper { number, order, cause, corrects, account, given_at, content };
            papers.push(Numbered { paper, year, seq });
        }
    }
    Ok(papers)
}

/// Writes papers. Whoever finds that one was given meanwhile takes all numbers back, with all of this transaction, and
/// looks again.
async fn keep(tx: &mut Conn, papers: &[Numbered]) -> Result<(), Problem> {
    if rows::insert(tx, papers).await? == u64::try_from(papers.len()).unwrap_or(u64::MAX) {
        return Ok(());
    }
    let problem = Problem::new(Kind::Unavailable, store::RETRY_KEY);
    Err(problem.because("a paper was given meanwhile"))
}

fn hand_over(papers: Vec<Numbered>, sales: &mut [Sale]) {
    for Numbered { paper, .. } in papers {
        if let Some(sale) = sales.iter_mut().find(|sale| sale.order.id == paper.order) {
            sale.papers.push(paper);
        }
    }
}
