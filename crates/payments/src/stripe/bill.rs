//! Stripe's settlement: the balance transactions of a day.

use basis::{Currency, DAY_MS, Money, Timestamp};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::client::{self, Client};
use super::wire::{Intent, Metadata, currency_of};
use crate::amounts::STRIPE;
use crate::facts::{BillKind, BillLine};
use crate::provider::ProviderError;

#[derive(Deserialize)]
struct Transaction {
    amount: i64,
    fee: i64,
    net: i64,
    currency: String,
    r#type: String,
    source: Option<Source>,
}

/// What moved the money: a charge, a refund or a dispute.
#[derive(Deserialize)]
struct Source {
    id: String,
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    payment_intent: Option<String>,
}

/// All that moved on this day by UTC, in the currency in which Stripe settles. What has not to do with payers (payouts, Stripe's
/// own invoices) is left out. The day is whole once it is over.
pub(super) async fn of_day(client: &Client, day: Date) -> Result<Vec<BillLine>, ProviderError> {
    let midnight = day.to_zoned(TimeZone::UTC);
    let midnight = midnight.map_err(|e| ProviderError::Unknown(format!("no such day: {e}")))?;
    let from = Timestamp(midnight.timestamp().as_millisecond());
    let until = from.plus_ms(DAY_MS);
    let mut lines = Vec::new();
    for json in client.all_between("/v1/balance_transactions", from, until, "data.source").await? {
        let transaction: Transaction = client::read(json)?;
        lines.extend(line(client, transaction).await?);
    }
    Ok(lines)
}

/// docs.stripe.com/reports/balance-transaction-types
fn kind(transaction: &Transaction) -> Option<BillKind> {
    match transaction.r#type.as_str() {
        "charge" | "payment" => Some(BillKind::Payment),
        "refund" | "payment_refund" | "refund_failure" | "payment_failure_refund" => Some(BillKind::Refund),
        "adjustment" => Some(BillKind::Dispute),
        _ => None,
    }
}

async fn line(client: &Client, transaction: Transaction) -> Result<Option<BillLine>, ProviderError> {
    let Some((kind, source)) = kind(&transaction).zip(transaction.source) else { return Ok(None) };
    let reference = match source.payment_intent {
        // A dispute carries none of our names.
        Some(intent) if source.metadata.reference().is_empty() => {
            let intent = client.get(&format!("/v1/payment_intents/{intent}"), &[]).await?;
            client::read::<Intent>(intent)?.reference().to_owned()
        }
        _ => source.metadata.reference().to_owned(),
    };
    let currency = currency_of(&transaction.currency)?;
    let money = |units| money(units, currency);
    Ok(Some(BillLine {
        reference,
        provider_ref: source.id,
        kind,
        gross: money(transaction.amount)?,
        fee: money(transaction.fee)?,
        net: money(transaction.net)?,
    }))
}

fn money(units: i64, currency: Currency) -> Result<Money, ProviderError> {
    STRIPE.read_integer(units, currency)
}
