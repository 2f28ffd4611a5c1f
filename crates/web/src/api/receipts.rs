//! `/api/v1`: receipts and credit notes, as they were given.

use ::receipts::{Paper, Part, Way};
use axum::{
    Json,
    extract::{Path, Query, State},
};
use serde::{Deserialize, Serialize};
use texts::Texts;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{ApiCaller, ApiResult, amount::MoneyOut, catalog::Asked, problem::ProblemBody};
use crate::App;

/// Papers on one page.
const PAPERS: u32 = 50;

/// The receipts' endpoints.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(show))
}

/// A receipt, or a credit note.
#[derive(Serialize, ToSchema)]
struct ReceiptOut {
    /// Gapless for each legal entity and year; credit notes have numbers of their own.
    #[schema(example = "HY-2026-000042")]
    number: String,
    /// `receipt` or `credit_note`.
    kind: &'static str,
    /// The receipt that a credit note corrects.
    #[serde(skip_serializing_if = "Option::is_none")]
    corrects: Option<String>,
    /// The order.
    order: String,
    /// When it was given, in milliseconds since 1970.
    given_at_ms: i64,
    /// When the order was paid.
    paid_at_ms: i64,
    /// The seller's name.
    seller: String,
    /// The seller's address, in lines.
    seller_address: String,
    /// The number by which the seller is taxed.
    seller_tax_id: String,
    /// The buyer's mail address.
    buyer: String,
    /// What was bought, in the asked language.
    item: String,
    /// All of it, with its tax.
    gross: MoneyOut,
    /// Without its tax.
    net: MoneyOut,
    /// The tax in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    tax: Option<TaxOut>,
    /// How it was paid, or went back.
    parts: Vec<PartOut>,
}

/// A tax.
#[derive(Serialize, ToSchema)]
struct TaxOut {
    /// Where it is due, ISO 3166-1 alpha-2.
    country: String,
    /// What it is called, in the asked language.
    name: String,
    /// Hundredths of a per cent.
    basis_points: u32,
    /// How much.
    amount: MoneyOut,
}

/// A way that a part of the money came or went.
#[derive(Serialize, ToSchema)]
struct PartOut {
    /// `wallet`, or a payment method as `alipay`.
    way: String,
    /// What the provider calls the payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    /// How much.
    amount: MoneyOut,
}

impl PartOut {
    fn of(part: &Part, texts: Texts) -> Self {
        let (way, reference) = match &part.way {
            Way::Wallet => ("wallet".to_owned(), None),
            Way::Provider { method, reference, .. } => (method.clone(), Some(reference.clone())),
        };
        let reference = reference.filter(|reference| !reference.is_empty());
        Self { way, reference, amount: MoneyOut::of(part.amount, texts) }
    }
}

impl ReceiptOut {
    fn of(paper: Paper, texts: Texts) -> Self {
        let (kind, content, language) = (paper.series().word(), paper.content, texts.language());
        let tax = content.tax.as_ref().map(|tax| TaxOut {
            country: tax.country.to_string(),
            name: tax.names.get(&language).cloned().unwrap_or_default(),
            basis_points: tax.basis_points,
            amount: MoneyOut::of(tax.amount, texts),
        });
        Self {
            kind,
            item: content.item(language).to_owned(),
            tax,
            parts: content.parts.iter().map(|part| PartOut::of(part, texts)).collect(),
            number: paper.number,
            corrects: paper.corrects,
            order: paper.order.to_string(),
            given_at_ms: paper.given_at.as_ms(),
            paid_at_ms: content.paid_at.as_ms(),
            gross: MoneyOut::of(content.gross, texts),
            net: MoneyOut::of(content.net, texts),
            seller: content.seller.name,
            seller_address: content.seller.address,
            seller_tax_id: content.seller.tax_id,
            buyer: content.buyer,
        }
    }
}

/// Where the page before ended.
#[derive(Deserialize, IntoParams)]
struct After {
    /// Its last paper's `number`.
    after: Option<String>,
}

/// The receipts and credit notes of the account, newest first, 50 at a time. An order has its receipt within a minute after
/// it was paid. Filling a wallet has none: tax is due when the money is spent.
#[utoipa::path(get, path = "/receipts", tag = "receipts", params(After),
    responses((status = 200, body = Vec<ReceiptOut>), (status = "4XX", body = ProblemBody)))]
async fn list(
    State(app): State<App>,
    caller: ApiCaller,
    Asked(texts): Asked,
    Query(After { after }): Query<After>,
) -> ApiResult<Vec<ReceiptOut>> {
    let papers =
        ::receipts::of_account(&mut app.db.read().await?, caller.account, after.as_deref(), PAPERS).await?;
    Ok(Json(papers.into_iter().map(|paper| ReceiptOut::of(paper, texts)).collect()))
}

/// A receipt or credit note by its number.
#[utoipa::path(get, path = "/receipts/{number}", tag = "receipts", params(("number" = String, Path)),
    responses((status = 200, body = ReceiptOut), (status = 404, body = ProblemBody)))]
async fn show(
    State(app): State<App>,
    caller: ApiCaller,
    Asked(texts): Asked,
    Path(number): Path<String>,
) -> ApiResult<ReceiptOut> {
    let paper = ::receipts::of_number(&mut app.db.read().await?, caller.account, &number).await?;
    Ok(Json(ReceiptOut::of(paper, texts)))
}
