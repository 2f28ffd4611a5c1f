//! Transaction search and disputes.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::routing::get;
use axum::{Json, Router};
use basis::{DAY_MS, HOUR_MS, Money, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Known, NAME, Shown, malformed, wire};
use crate::answers::settled;
use crate::books::{BillKind, BillLine, Books};
use crate::service::Service;
use crate::wire::ApiError;

/// A transaction is found so long after it was made.
const FOUND_AFTER_MS: i64 = 3 * HOUR_MS;
/// One search spans no more.
const SPAN_MS_MAX: i64 = 31 * DAY_MS;
/// One page holds no more.
const PAGE_MAX: usize = 500;

pub(super) fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/v1/reporting/transactions", get(search))
        .route("/v1/customer/disputes", get(disputes))
        .route("/v1/customer/disputes/{id}", get(dispute))
}

#[derive(Deserialize)]
struct Wish {
    start_date: String,
    end_date: String,
    transaction_id: Option<String>,
    page_size: Option<usize>,
    page: Option<usize>,
}

impl Wish {
    fn span(&self) -> Result<(Timestamp, Timestamp), ApiError> {
        let read = |text: &str| -> Result<Timestamp, ApiError> {
            let at: Result<jiff::Timestamp, _> = text.parse();
            let wrong =
                |_| malformed("INVALID_PARAMETER_VALUE", "a time such as 2026-11-23T00:00:00Z is needed");
            at.map(|at| Timestamp(at.as_millisecond())).map_err(wrong)
        };
        let (from, until) = (read(&self.start_date)?, read(&self.end_date)?);
        if until < from || until.since(from) > SPAN_MS_MAX {
            return Err(malformed("INVALID_REQUEST", "a span of 31 days at most is needed"));
        }
        Ok((from, until))
    }
}

async fn search(State(service): State<Arc<Service>>, _: Known, Query(wish): Query<Wish>) -> Shown {
    let account = service.keys(NAME).merchant;
    Ok(Json(settled(service.look(|books, now| found(books, now, &account, &wish)).await)?))
}

fn found(books: &Books, now: Timestamp, account: &str, wish: &Wish) -> Result<Value, ApiError> {
    let (from, until) = wish.span()?;
    let refreshed = now.plus_ms(-FOUND_AFTER_MS);
    // Both ends of a search belong to it.
    let mut lines = books.bill(NAME, from, until.plus_ms(1).min(refreshed));
    lines.retain(|line| wish.transaction_id.as_ref().is_none_or(|id| *id == line.id));
    let size = wish.page_size.unwrap_or(100).clamp(1, PAGE_MAX);
    let page = wish.page.unwrap_or(1).max(1);
    let shown = lines.iter().skip((page - 1) * size).take(size);
    let rows: Vec<Value> =
        shown.map(|line| json!({ "transaction_info": row(books, now, account, line) })).collect();
    Ok(json!({
        "transaction_details": rows,
        "account_number": account,
        "start_date": wish.start_date,
        "end_date": wish.end_date,
        "last_refreshed_datetime": wire::time(refreshed),
        "page": page,
        "total_items": lines.len(),
        "total_pages": lines.len().div_ceil(size),
        "links": [],
    }))
}

fn row(books: &Books, now: Timestamp, account: &str, line: &BillLine) -> Value {
    let code = match line.kind {
        BillKind::Payment => "T0006",
        BillKind::Refund => "T1107",
        BillKind::Dispute if line.gross.is_positive() => "T1202",
        BillKind::Dispute => "T1201",
        BillKind::Payout => "T0400",
    };
    let fee = Money::new(-line.fee.minor, line.fee.currency);
    let (about, kind) = about(books, now, line);
    json!({
        "paypal_account_id": account,
        "transaction_id": name(line),
        "paypal_reference_id": about,
        "paypal_reference_id_type": kind,
        "transaction_event_code": code,
        "transaction_initiation_date": wire::time(line.at),
        "transaction_updated_date": wire::time(line.at),
        "transaction_amount": wire::amount(line.gross),
        "fee_amount": wire::amount(fee),
        "transaction_status": "S",
        "invoice_id": line.reference,
        "custom_field": line.reference,
    })
}

/// Money that comes back by a dispute is a transaction of its own.
fn name(line: &BillLine) -> String {
    let comes_back = line.kind == BillKind::Dispute && line.gross.is_positive();
    if comes_back { format!("{}R", line.id) } else { line.id.clone() }
}

/// What a transaction refers to: a capture to its order, a refund to its capture.
fn about(books: &Books, now: Timestamp, line: &BillLine) -> (String, &'static str) {
    let Ok(payment) = books.owner(now, &line.id) else { return (String::new(), "TXN") };
    match payment.refunds.iter().find(|refund| refund.id == line.id) {
        Some(refund) => (refund.capture.clone(), "TXN"),
        None => (payment.id, "ODR"),
    }
}

#[derive(Deserialize)]
struct About {
    disputed_transaction_id: String,
}

async fn disputes(State(service): State<Arc<Service>>, _: Known, Query(about): Query<About>) -> Shown {
    let find = |books: &Books, now| {
        let payment = books.owner(now, &about.disputed_transaction_id).ok();
        Ok(payment.as_ref().and_then(wire::dispute))
    };
    let dispute = settled(service.look(find).await)?;
    Ok(Json(json!({ "items": Vec::from_iter(dispute), "links": [] })))
}

async fn dispute(State(service): State<Arc<Service>>, _: Known, Path(id): Path<String>) -> Shown {
    let find = |books: &Books, _| {
        let mut disputes = books.all().filter(|payment| payment.face == NAME).filter_map(wire::dispute);
        disputes.find(|dispute| dispute["dispute_id"] == *id).ok_or_else(ApiError::not_found)
    };
    Ok(Json(settled(service.look(find).await)?))
}
