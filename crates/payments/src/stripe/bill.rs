//! Stripe's settlement: the balance transactions of a day.

use basis::{Currency, DAY_MS, Money, Timestamp};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::Value;

use super::client::{self, Client};
use super::wire::{Intent, Metadata, currency_of};
use crate::amounts::STRIPE;
use crate::facts::{BillLine, BillPage};
use crate::provider::ProviderError;
use crate::rules::BillKind;

#[derive(Deserialize)]
struct Transaction {
    id: String,
    amount: i64,
    fee: i64,
    net: i64,
    currency: String,
    r#type: String,
    source: Option<Source>,
}

/// What moved the money: a charge, a refund, a dispute or a payout.
#[derive(Deserialize)]
struct Source {
    id: String,
    amount: Option<i64>,
    currency: Option<String>,
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    payment_intent: Option<String>,
}

/// All that moved on this day by UTC, a hundred lines at a time. The day is whole once it is over.
pub(super) async fn of_day(
    client: &Client,
    day: Date,
    part: Option<&str>,
) -> Result<BillPage, ProviderError> {
    let midnight = day.to_zoned(TimeZone::UTC);
    let midnight = midnight.map_err(|e| ProviderError::Unknown(format!("no such day: {e}")))?;
    let from = Timestamp(midnight.timestamp().as_millisecond());
    let until = from.plus_ms(DAY_MS);
    let part = client.part_between("/v1/balance_transactions", (from, until), "data.source", part).await?;
    let mut lines = Vec::new();
    for json in part.objects {
        lines.push(line(client, json).await?);
    }
    Ok(BillPage { lines, next: part.next })
}

/// docs.stripe.com/reports/balance-transaction-types
fn kind(transaction: &Transaction) -> BillKind {
    let of_dispute = transaction.source.as_ref().is_some_and(|source| is_dispute(&source.id));
    match transaction.r#type.as_str() {
        "charge" | "payment" => BillKind::Payment,
        "refund" | "payment_refund" | "refund_failure" | "payment_failure_refund" => BillKind::Refund,
        "adjustment" if of_dispute => BillKind::Dispute,
        "payout" | "payout_cancel" | "payout_failure" => BillKind::Payout,
        "stripe_fee" | "tax_fee" | "network_cost" => BillKind::Fee,
        _ => BillKind::Other,
    }
}

/// `dp_…` by the wire; `du_…` in newer accounts.
fn is_dispute(id: &str) -> bool {
    id.starts_with("dp_") || id.starts_with("du_")
}

async fn line(client: &Client, json: Value) -> Result<BillLine, ProviderError> {
    let transaction: Transaction = client::read(json)?;
    let kind = kind(&transaction);
    let reference = reference(client, kind, transaction.source.as_ref()).await?;
    let currency = currency_of(&transaction.currency)?;
    let money = |units| STRIPE.read_integer(units, currency);
    let (settled, fee, net) = (money(transaction.amount)?, money(transaction.fee)?, money(transaction.net)?);
    // A fee on its own is no movement of anything else.
    let (settled, fee) = if kind == BillKind::Fee {
        (Money::zero(currency), Money::new(-net.minor, currency))
    } else {
        (settled, fee)
    };
    let gross = gross(&transaction, kind, settled)?;
    let provider_ref = transaction.source.map(|source| source.id).unwrap_or_default();
    Ok(BillLine { line_ref: transaction.id, reference, provider_ref, kind, gross, settled, fee, net })
}

/// Our name for it. A dispute carries none: its payment is asked for.
async fn reference(
    client: &Client,
    kind: BillKind,
    source: Option<&Source>,
) -> Result<String, ProviderError> {
    match source {
        Some(Source { payment_intent: Some(intent), .. }) if kind == BillKind::Dispute => {
            let intent = client.get(&format!("/v1/payment_intents/{intent}"), &[]).await?;
            Ok(client::read::<Intent>(intent)?.reference().to_owned())
        }
        source => Ok(source.map_or("", |source| source.metadata.reference()).to_owned()),
    }
}

/// In the payer's currency; its amount stands in what moved it, without a sign.
fn gross(transaction: &Transaction, kind: BillKind, settled: Money) -> Result<Money, ProviderError> {
    let is_of_payer = matches!(kind, BillKind::Payment | BillKind::Refund | BillKind::Dispute);
    let Some(source) = transaction.source.as_ref().filter(|_| is_of_payer) else { return Ok(settled) };
    let (Some(units), Some(code)) = (source.amount, &source.currency) else { return Ok(settled) };
    let currency: Currency = currency_of(code)?;
    if currency == settled.currency {
        return Ok(settled);
    }
    let amount = STRIPE.read_integer(units, currency)?;
    Ok(Money::new(amount.minor * settled.minor.signum(), currency))
}
