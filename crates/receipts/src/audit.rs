//! Whether papers are numbered without a gap, and say what the orders say.

use basis::Problem;
use ledger::Difference;
use orders::OrderRecord;
use store::{Conn, jobs};

use crate::rows::{self, Gap};
use crate::rules::{Due, papers_due};
use crate::sale::causes;
use crate::{Cause, Paper};

/// Orders are read in pages of so many.
const PAGE: u32 = 200;

/// Every gap in the numbers, every paid order without its papers and without the job that gives them, every paper whose
/// sums are wrong or not those of its order. What the order says of its tax is the orders' audit's to compare with the
/// ledger.
pub async fn audit(conn: &mut Conn) -> Result<Vec<Difference>, Problem> {
    let mut found: Vec<_> = rows::gaps(conn).await?.iter().map(told).collect();
    let mut after = String::new();
    loop {
        let page = orders::page(conn, &after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(found) };
        after = last.id.to_string();
        for order in &page {
            let faults = check(conn, order).await?;
            found.extend(faults.into_iter().map(|what| Difference::new(order.id.to_string(), what)));
        }
    }
}

fn told(gap: &Gap) -> Difference {
    let Gap { series, last, papers, highest } = gap;
    Difference::new(series, format!("{papers} papers up to number {highest}, and {last} numbers were given"))
}

async fn check(conn: &mut Conn, order: &OrderRecord) -> Result<Vec<String>, Problem> {
    let papers = rows::of_order(conn, order.id).await?;
    let due = papers_due(order, &causes(&papers))?;
    let missing = due.iter().any(|due| papers.iter().all(|paper| paper.cause != due.cause));
    let mut faults = Vec::new();
    if missing && !jobs::stands(conn, orders::RECEIPT, &order.id.to_string()).await? {
        faults.push("paid or refunded, and nothing will give its receipt".to_owned());
    }
    let receipt = papers.iter().find(|paper| paper.cause == Cause::Sale).map(|paper| paper.number.as_str());
    for paper in &papers {
        let due = due.iter().find(|due| due.cause == paper.cause);
        faults.extend(fault(paper, due, receipt)?.map(|fault| format!("{}: {fault}", paper.number)));
    }
    Ok(faults)
}

fn fault(paper: &Paper, due: Option<&Due>, receipt: Option<&str>) -> Result<Option<&'static str>, Problem> {
    let Some(due) = due else { return Ok(Some("for nothing that the order knows of")) };
    if (paper.content.gross, &paper.content.tax) != (due.parts.total()?, &due.tax) {
        return Ok(Some("another amount or tax than the order's"));
    }
    if paper.corrects.as_deref() != receipt.filter(|_| paper.cause != Cause::Sale) {
        return Ok(Some("corrects another receipt than its order's"));
    }
    paper.content.fault()
}
