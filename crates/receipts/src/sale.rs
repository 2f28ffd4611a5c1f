//! Orders with all that their papers say of them, and the papers that they lack.

use std::collections::{BTreeMap, BTreeSet};

use basis::{Account, Id, Language, Order, Problem};
use catalog::{Plan, PlanId, words};
use orders::OrderRecord;
use payments::Payment;
use store::Conn;
use texts::Texts;

use crate::rules::{Due, papers_due};
use crate::{Cause, Content, Desk, Paper, Part, Series, Way, rows};

/// An order, its papers, and what they tell of others.
pub(crate) struct Sale {
    pub(crate) order: OrderRecord,
    /// Those that it has, in the order in which they were given.
    pub(crate) papers: Vec<Paper>,
    /// None if the wallet paid all.
    payment: Option<Payment>,
    /// The buyer's mail address; empty if the account is gone.
    buyer: String,
    /// None if it is no longer in the catalogue.
    plan: Option<Plan>,
}

/// A paper that has no number yet.
pub(crate) struct Draft {
    pub(crate) order: Id<Order>,
    pub(crate) account: Id<Account>,
    pub(crate) cause: Cause,
    pub(crate) corrects: Option<String>,
    pub(crate) content: Content,
}

/// These orders, in the order of their payments.
pub(crate) async fn read(tx: &mut Conn, ids: &[Id<Order>]) -> Result<Vec<Sale>, Problem> {
    let mut orders = orders::of_ids(tx, ids).await?;
    orders.sort_by_key(|order| (order.paid_at, order.id));
    let mut papers: BTreeMap<Id<Order>, Vec<Paper>> = BTreeMap::new();
    for paper in rows::of_orders(tx, ids).await? {
        papers.entry(paper.order).or_default().push(paper);
    }
    let payments = distinct(orders.iter().filter_map(|order| order.payment));
    let payments = payments::of_ids(tx, &payments).await?.into_iter();
    let mut payments: BTreeMap<_, _> = payments.map(|payment| (payment.id, payment)).collect();
    let buyers = distinct(orders.iter().map(|order| order.account));
    let buyers: BTreeMap<_, _> = accounts::addresses(tx, &buyers).await?.into_iter().collect();
    let plans = plans(tx, &orders).await?;
    let sale = |order: OrderRecord| Sale {
        papers: papers.remove(&order.id).unwrap_or_default(),
        payment: order.payment.and_then(|payment| payments.remove(&payment)),
        buyer: buyers.get(&order.account).cloned().unwrap_or_default(),
        plan: plans.get(&order.plan).cloned(),
        order,
    };
    Ok(orders.into_iter().map(sale).collect())
}

fn distinct<T: Ord>(all: impl Iterator<Item = T>) -> Vec<T> {
    all.collect::<BTreeSet<_>>().into_iter().collect()
}

/// Those of their plans that are still in the catalogue.
async fn plans(tx: &mut Conn, orders: &[OrderRecord]) -> Result<BTreeMap<PlanId, Plan>, Problem> {
    let mut plans = BTreeMap::new();
    for id in distinct(orders.iter().map(|order| &order.plan)) {
        match catalog::plan(tx, id).await {
            Ok(plan) => drop(plans.insert(id.clone(), plan)),
            Err(problem) if problem.kind == basis::Kind::NotFound => {}
            Err(problem) => return Err(problem),
        }
    }
    Ok(plans)
}

/// What papers are about, in their order.
pub(crate) fn causes(papers: &[Paper]) -> Vec<Cause> {
    papers.iter().map(|paper| paper.cause).collect()
}

impl Sale {
    /// The papers of a series that it must have and has not.
    pub(crate) fn drafts(&self, series: Series, desk: &Desk) -> Result<Vec<Draft>, Problem> {
        let missing = |due: &Due| {
            due.cause.series() == series && self.papers.iter().all(|paper| paper.cause != due.cause)
        };
        let due = papers_due(&self.order, &causes(&self.papers))?.into_iter().filter(missing);
        due.map(|due| self.draft(due, desk)).collect()
    }

    fn draft(&self, due: Due, desk: &Desk) -> Result<Draft, Problem> {
        let receipt = self.papers.iter().find(|paper| paper.cause == Cause::Sale);
        Ok(Draft {
            order: self.order.id,
            account: self.order.account,
            cause: due.cause,
            corrects: receipt.map(|receipt| receipt.number.clone()),
            content: self.write_out(due, receipt, desk)?,
        })
    }

    /// What stands on it. A credit note says what its receipt says, also who sold: it is that one who owes the money.
    fn write_out(&self, due: Due, receipt: Option<&Paper>, desk: &Desk) -> Result<Content, Problem> {
        let (gross, parts) = (due.parts.total()?, self.parts(&due)?);
        let net = due.tax.as_ref().map_or(Ok(gross), |tax| gross.minus(tax.amount))?;
        let (seller, buyer, item) = match receipt.map(|receipt| receipt.content.clone()) {
            Some(Content { seller, buyer, item, .. }) => (seller, buyer, item),
            None => (desk.seller.as_ref().clone(), self.buyer.clone(), self.names()),
        };
        let paid_at = self.order.paid_at.ok_or_else(|| Problem::internal("a receipt before payment"))?;
        let zone = desk.zone.iana_name().unwrap_or("UTC").to_owned();
        Ok(Content { seller, buyer, item, paid_at, zone, gross, net, tax: due.tax, parts })
    }

    /// What was bought, in each language; by its data if it is no longer in the catalogue.
    fn names(&self) -> BTreeMap<Language, String> {
        let name = |texts: Texts| match &self.plan {
            Some(plan) => plan.name(texts),
            None => words::data(&self.order.terms.allowance, texts),
        };
        Language::ALL.into_iter().map(|language| (language, name(Texts::of(language)))).collect()
    }

    fn parts(&self, due: &Due) -> Result<Vec<Part>, Problem> {
        let mut parts = Vec::new();
        if due.parts.source.is_positive() {
            let missing = || Problem::internal(format!("{} has no payment", self.order.id));
            let payment = self.payment.as_ref().ok_or_else(missing)?;
            let (provider, method) = (payment.provider.clone(), payment.method.word().to_owned());
            let reference = payment.provider_ref.clone().unwrap_or_default();
            parts.push(Part { way: Way::Provider { provider, method, reference }, amount: due.parts.source });
        }
        if due.parts.wallet.is_positive() {
            parts.push(Part { way: Way::Wallet, amount: due.parts.wallet });
        }
        Ok(parts)
    }
}
