//! Giving papers their numbers.

use std::{collections::BTreeMap, sync::Arc};

use basis::{Env, Id, Kind, Language, Order, Problem};
use catalog::words;
use orders::{OrderJob, OrderRecord};
use store::jobs::{Next, Worker};
use store::{Conn, Db, in_tx};
use texts::{Texts, TimeZone};

use crate::rows;
use crate::rules::{Due, papers_due, year_of};
use crate::{Cause, Content, Paper, Part, Seller, Way};

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
    worker.on(orders::RECEIPT, move |run| {
        let desk = desk.clone();
        async move { give(&desk, run.read::<OrderJob>()?.order).await.map(|()| Next::Done) }
    })
}

/// The job [`orders::RECEIPT`]: gives an order the papers that it must have and has not yet. Runs as often as it likes.
pub async fn give(desk: &Desk, order: Id<Order>) -> Result<(), Problem> {
    in_tx!(desk.db, |tx| {
        let order = orders::find(tx, order).await?;
        let mut given = rows::of_order(tx, order.id).await?;
        for due in papers_due(&order, &causes(&given))? {
            if given.iter().all(|paper| paper.cause != due.cause) {
                let receipt = given.iter().find(|paper| paper.cause == Cause::Sale);
                let paper = give_one(tx, desk, &order, due, receipt).await?;
                given.push(paper);
            }
        }
        Ok(())
    })
}

pub(crate) fn causes(papers: &[Paper]) -> Vec<Cause> {
    papers.iter().map(|paper| paper.cause).collect()
}

/// Gives a paper. The counter's row makes those who give at once take turns; whoever finds that the paper was given
/// meanwhile takes the number back, with all of this transaction, and looks again.
async fn give_one(
    tx: &mut Conn,
    desk: &Desk,
    order: &OrderRecord,
    due: Due,
    receipt: Option<&Paper>,
) -> Result<Paper, Problem> {
    let (cause, given_at) = (due.cause, desk.env.now());
    let content = write_out(tx, desk, order, due, receipt).await?;
    let year = year_of(given_at, &desk.zone)?;
    let seq = rows::next(tx, &content.seller.code, cause.series(), year).await?;
    let number = cause.series().number(&content.seller.code, year, seq);
    let corrects = receipt.map(|receipt| receipt.number.clone());
    let paper = Paper { number, order: order.id, cause, corrects, account: order.account, given_at, content };
    if !rows::insert(tx, &paper, year, seq).await? {
        let problem = Problem::new(Kind::Unavailable, store::RETRY_KEY);
        return Err(problem.because("the paper was given meanwhile"));
    }
    Ok(paper)
}

/// What stands on it. A credit note says what its receipt says, also who sold: it is that one who owes the money.
async fn write_out(
    tx: &mut Conn,
    desk: &Desk,
    order: &OrderRecord,
    due: Due,
    receipt: Option<&Paper>,
) -> Result<Content, Problem> {
    let (gross, parts) = (due.parts.total()?, parts(tx, order, &due).await?);
    let net = due.tax.as_ref().map_or(Ok(gross), |tax| gross.minus(tax.amount))?;
    let (seller, buyer, item) = match receipt.map(|receipt| receipt.content.clone()) {
        Some(Content { seller, buyer, item, .. }) => (seller, buyer, item),
        None => (desk.seller.as_ref().clone(), buyer(tx, order).await?, names(tx, order).await?),
    };
    let paid_at = order.paid_at.ok_or_else(|| Problem::internal("a receipt before payment"))?;
    let zone = desk.zone.iana_name().unwrap_or("UTC").to_owned();
    Ok(Content { seller, buyer, item, paid_at, zone, gross, net, tax: due.tax, parts })
}

/// The buyer's mail address; empty if the account is gone.
async fn buyer(tx: &mut Conn, order: &OrderRecord) -> Result<String, Problem> {
    let account = unless_gone(accounts::account(tx, order.account).await)?;
    Ok(account.map_or_else(String::new, |account| account.email))
}

/// What was bought, in each language; by its data if it is no longer in the catalogue.
async fn names(tx: &mut Conn, order: &OrderRecord) -> Result<BTreeMap<Language, String>, Problem> {
    let plan = unless_gone(catalog::plan(tx, &order.plan).await)?;
    let name = |texts: Texts| match &plan {
        Some(plan) => plan.name(texts),
        None => words::data(&order.terms.allowance, texts),
    };
    Ok(Language::ALL.into_iter().map(|language| (language, name(Texts::of(language)))).collect())
}

async fn parts(tx: &mut Conn, order: &OrderRecord, due: &Due) -> Result<Vec<Part>, Problem> {
    let mut parts = Vec::new();
    if due.parts.source.is_positive() {
        let payment =
            order.payment.ok_or_else(|| Problem::internal(format!("{} has no payment", order.id)))?;
        let payment = payments::find(tx, payment).await?;
        let (provider, method) = (payment.provider, payment.method.word().to_owned());
        let reference = payment.provider_ref.unwrap_or_default();
        parts.push(Part { way: Way::Provider { provider, method, reference }, amount: due.parts.source });
    }
    if due.parts.wallet.is_positive() {
        parts.push(Part { way: Way::Wallet, amount: due.parts.wallet });
    }
    Ok(parts)
}

fn unless_gone<T>(found: Result<T, Problem>) -> Result<Option<T>, Problem> {
    match found {
        Err(problem) if problem.kind == Kind::NotFound => Ok(None),
        found => found.map(Some),
    }
}
