//! Transaction search: what PayPal took and gave back, for lists and bills.
//!
//! developer.paypal.com/docs/api/transaction-search: spans of 31 days, pages of 500, 10,000 rows, three years, listed
//! within three hours. Event codes: developer.paypal.com/docs/transaction-search/transaction-event-codes.

use basis::{DAY_MS, HOUR_MS, Id, Money, Payment, SECOND_MS, Timestamp};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::access::Failure;
use super::wire::{self, WireAmount, WireCapture};
use super::{PayPal, made_at};
use crate::facts::{BillLine, CaptureFact, Facts, RefundFact, RefundStatus, Status};
use crate::provider::ProviderError;
use crate::rules::BillKind;

/// One search spans no more.
const SPAN_MS_MAX: i64 = 31 * DAY_MS;
/// Nothing older is known.
const KNOWN_MS: i64 = 3 * 365 * DAY_MS;
/// A payment is taken at most so long after it was opened: an order lives three hours.
const TAKEN_WITHIN_MS: i64 = 4 * HOUR_MS;
/// One page holds no more.
const PAGE: u32 = 500;

#[derive(Deserialize)]
struct WirePage {
    #[serde(default)]
    transaction_details: Vec<WireDetails>,
    #[serde(default)]
    total_pages: u32,
    #[serde(default)]
    last_refreshed_datetime: String,
}

#[derive(Deserialize)]
struct WireDetails {
    transaction_info: Row,
}

/// A transaction.
#[derive(Deserialize)]
pub(super) struct Row {
    transaction_id: String,
    #[serde(default)]
    paypal_reference_id: String,
    #[serde(default)]
    paypal_reference_id_type: String,
    #[serde(default)]
    transaction_event_code: String,
    #[serde(default)]
    transaction_initiation_date: String,
    transaction_amount: Option<WireAmount>,
    fee_amount: Option<WireAmount>,
    #[serde(default)]
    transaction_status: String,
    #[serde(default)]
    invoice_id: String,
    #[serde(default)]
    custom_field: String,
}

impl Row {
    /// Our payment or refund, as PayPal recorded it.
    pub(super) fn reference(&self) -> &str {
        if self.custom_field.is_empty() { &self.invoice_id } else { &self.custom_field }
    }

    /// Money that came: done, or done and since given back.
    pub(super) fn is_payment(&self) -> bool {
        self.kind() == Some(BillKind::Payment) && self.is_done()
    }

    fn is_done(&self) -> bool {
        matches!(self.transaction_status.as_str(), "S" | "V")
    }

    fn gross(&self) -> Result<Money, ProviderError> {
        let missing = || ProviderError::Unknown(format!("{} without an amount", self.transaction_id));
        self.transaction_amount.as_ref().ok_or_else(missing)?.money()
    }

    /// What it is about; `None` for holds and reserves, which stay ours, and for authorisations.
    fn kind(&self) -> Option<BillKind> {
        let incoming = self.gross().is_ok_and(Money::is_positive);
        match self.transaction_event_code.as_str() {
            "T1107" => Some(BillKind::Refund),
            "T1106" | "T1110" | "T1111" => Some(BillKind::Dispute),
            code if code.starts_with("T12") => Some(BillKind::Dispute),
            code if code.starts_with("T00") && incoming => Some(BillKind::Payment),
            code if code.starts_with("T01") => Some(BillKind::Fee),
            code if code.starts_with("T02") => Some(BillKind::Exchange),
            code if code.starts_with("T04") => Some(BillKind::Payout),
            code if ["T13", "T15", "T21"].iter().any(|group| code.starts_with(group)) => None,
            _ => Some(BillKind::Other),
        }
    }

    fn line(&self) -> Option<Result<BillLine, ProviderError>> {
        let kind = self.kind().filter(|_| self.is_done())?;
        Some(self.gross().and_then(|gross| self.line_of(kind, gross)))
    }

    /// PayPal writes a fee as money that went.
    fn line_of(&self, kind: BillKind, gross: Money) -> Result<BillLine, ProviderError> {
        let zero = Money::zero(gross.currency);
        let went = self.fee_amount.as_ref().map_or(Ok(zero), WireAmount::money)?;
        if went.currency != gross.currency {
            return Err(ProviderError::Unknown(format!(
                "{} with a fee in another currency",
                self.transaction_id
            )));
        }
        let id = || self.transaction_id.clone();
        // A fee on its own is no movement of anything else.
        let (gross, went) = if kind == BillKind::Fee { (zero, gross) } else { (gross, went) };
        let net = gross.minor.saturating_add(went.minor);
        Ok(BillLine::plain(kind, id(), self.reference().to_owned(), id(), gross, net))
    }

    /// When the payment was opened: by its id if it is ours, else when the money came.
    fn opened_at(&self) -> Timestamp {
        let ours: Result<Id<Payment>, _> = self.reference().parse();
        let came = || wire::moment(&self.transaction_initiation_date).unwrap_or_default();
        ours.map_or_else(|_| came(), made_at)
    }

    fn capture(&self) -> Result<CaptureFact, ProviderError> {
        Ok(CaptureFact { capture_ref: self.transaction_id.clone(), amount: self.gross()? })
    }

    fn refund(&self) -> Result<RefundFact, ProviderError> {
        let gross = self.gross()?;
        let status = match self.transaction_status.as_str() {
            "S" => RefundStatus::Succeeded,
            "D" => RefundStatus::Failed,
            _ => RefundStatus::Pending,
        };
        Ok(RefundFact {
            provider_ref: self.transaction_id.clone(),
            reference: self.reference().to_owned(),
            amount: Money::new(gross.minor.saturating_neg(), gross.currency),
            status,
            failure: None,
        })
    }

    fn order(&self) -> Option<&str> {
        (self.paypal_reference_id_type == "ODR").then_some(self.paypal_reference_id.as_str())
    }

    fn facts(&self) -> Result<Facts, ProviderError> {
        Ok(Facts {
            provider_ref: self.order().map(str::to_owned),
            reference: self.reference().to_owned(),
            merchant_is_ours: true,
            status: Status::Captured,
            captures: vec![self.capture()?],
            refunds: Vec::new(),
            disputes: Vec::new(),
            saved: None,
            failure: None,
        })
    }
}

/// What a search found.
pub(super) struct Found {
    pub(super) rows: Vec<Row>,
    /// Everything until then is in it.
    complete_until: Timestamp,
}

impl PayPal {
    /// All transactions of `[from, until]`; what is younger than three hours may be missing.
    pub(super) async fn transactions(
        &self,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Found, ProviderError> {
        let now = self.env.now();
        let (from, until) = (from.max(now.plus_ms(-KNOWN_MS)), until.min(now));
        let mut found = Found { rows: Vec::new(), complete_until: until };
        let mut spans = spans(from, until);
        while let Some((from, until)) = spans.pop() {
            match self.span(from, until, &mut found).await {
                Err(Failure::Refused(refusal)) if refusal.issue == "RESULTSET_TOO_LARGE" && until > from => {
                    let middle = from.plus_ms(until.since(from) / 2 / SECOND_MS * SECOND_MS);
                    spans.extend([(middle.plus_ms(SECOND_MS), until), (from, middle)]);
                }
                other => other?,
            }
        }
        Ok(found)
    }

    async fn span(&self, from: Timestamp, until: Timestamp, found: &mut Found) -> Result<(), Failure> {
        let mut page = 1;
        loop {
            let path = format!(
                "/v1/reporting/transactions?start_date={}&end_date={}&fields=transaction_info&page_size={PAGE}&page={page}",
                written(from),
                written(until),
            );
            let unreadable = |error: ProviderError| Failure::Unknown(error.to_string());
            let read: WirePage = wire::read(self.access.get(&path).await?).map_err(unreadable)?;
            let refreshed = wire::moment(&read.last_refreshed_datetime).unwrap_or(until);
            found.complete_until = found.complete_until.min(refreshed);
            found.rows.extend(read.transaction_details.into_iter().map(|details| details.transaction_info));
            if page >= read.total_pages {
                return Ok(());
            }
            page += 1;
        }
    }

    /// The order to which a payment belongs.
    pub(super) async fn order_of(&self, row: &Row) -> Result<String, ProviderError> {
        if let Some(order) = row.order() {
            return Ok(order.to_owned());
        }
        let path = format!("/v2/payments/captures/{}", row.transaction_id);
        let capture: WireCapture = wire::read(self.access.get(&path).await?)?;
        let unknown = || ProviderError::Unknown(format!("capture {} without an order", capture.id));
        capture.order().map(str::to_owned).ok_or_else(unknown)
    }

    pub(super) async fn listed(
        &self,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Facts>, ProviderError> {
        let rows = self.transactions(from, until.plus_ms(TAKEN_WITHIN_MS)).await?.rows;
        let opened = |row: &&Row| row.is_payment() && (from..until).contains(&row.opened_at());
        let mut all: Vec<Facts> = rows.iter().filter(opened).map(Row::facts).collect::<Result<_, _>>()?;
        for row in rows.iter().filter(|row| row.kind() == Some(BillKind::Refund)) {
            let returns = |facts: &&mut Facts| {
                facts.captures.iter().any(|capture| capture.capture_ref == row.paypal_reference_id)
            };
            if let Some(facts) = all.iter_mut().find(returns) {
                facts.refunds.push(row.refund()?);
            }
        }
        Ok(all)
    }

    /// A day by UTC.
    pub(super) async fn settled(&self, day: Date) -> Result<Vec<BillLine>, ProviderError> {
        let out_of_time = |error: jiff::Error| ProviderError::Unknown(error.to_string());
        let midnight = day.to_zoned(TimeZone::UTC).map_err(out_of_time)?;
        let from = Timestamp(midnight.timestamp().as_millisecond());
        let last = from.plus_ms(DAY_MS - SECOND_MS);
        let found = self.transactions(from, last).await?;
        if found.complete_until < last {
            return Err(ProviderError::NotFound);
        }
        found.rows.iter().filter_map(Row::line).collect()
    }
}

/// `[from, until]` in pieces that one search can span, the latest first.
fn spans(from: Timestamp, until: Timestamp) -> Vec<(Timestamp, Timestamp)> {
    let mut spans = Vec::new();
    let mut start = from;
    while start <= until {
        let end = start.plus_ms(SPAN_MS_MAX - SECOND_MS).min(until);
        spans.push((start, end));
        start = end.plus_ms(SECOND_MS);
    }
    spans.reverse();
    spans
}

/// `2026-11-23T14:00:00Z`
fn written(at: Timestamp) -> String {
    let seconds =
        jiff::Timestamp::from_second(at.as_ms().div_euclid(SECOND_MS)).unwrap_or(jiff::Timestamp::MAX);
    seconds.to_string()
}
