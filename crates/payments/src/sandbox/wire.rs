//! The sandbox's answers and messages, as they stand on the wire.

use basis::Money;
use serde::Deserialize;

use crate::facts::{
    BillLine, CaptureFact, Decline, DisputeFact, DisputeStatus, Facts, RefundFact, RefundStatus, SavedFact,
    Status,
};
use crate::provider::ProviderError;

#[derive(Deserialize)]
pub(super) struct WireList<T> {
    pub(super) data: Vec<T>,
    pub(super) next: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct WirePayment {
    pub(super) id: String,
    merchant: String,
    reference: String,
    status: String,
    captures: Vec<WireCapture>,
    refunds: Vec<WireRefund>,
    dispute: Option<WireDispute>,
    decline_code: Option<String>,
    act_url: Option<String>,
    saved: Option<WireSaved>,
    pub(super) url: String,
}

#[derive(Deserialize)]
struct WireDispute {
    id: String,
    amount: Money,
    won: Option<bool>,
}

impl WireDispute {
    fn fact(self) -> DisputeFact {
        let decided = |won| if won { DisputeStatus::Won } else { DisputeStatus::Lost };
        let status = self.won.map_or(DisputeStatus::Open, decided);
        DisputeFact { reference: self.id, amount: self.amount, status }
    }
}

#[derive(Deserialize)]
pub(super) struct WireSaved {
    id: String,
    label: String,
}

#[derive(Deserialize)]
pub(super) struct WireCapture {
    id: String,
    amount: Money,
}

#[derive(Deserialize)]
pub(super) struct WireRefund {
    id: String,
    reference: String,
    amount: Money,
    status: String,
    failure: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct WireEvent {
    pub(super) id: String,
    pub(super) r#type: String,
    pub(super) data: WireEventData,
}

#[derive(Deserialize)]
pub(super) struct WireEventData {
    pub(super) id: String,
    pub(super) reference: String,
}

impl WirePayment {
    pub(super) fn facts(self, merchant: &str) -> Facts {
        let status = match (self.status.as_str(), self.act_url) {
            ("captured", _) => Status::Captured,
            ("declined", _) => Status::Declined(decline(self.decline_code.as_deref())),
            ("cancelled", _) => Status::Cancelled,
            ("expired", _) => Status::Expired,
            (_, Some(url)) => Status::PayerMustAct(url),
            _ => Status::Open,
        };
        Facts {
            provider_ref: Some(self.id),
            reference: self.reference,
            merchant_is_ours: self.merchant == merchant,
            status,
            captures: self
                .captures
                .into_iter()
                .map(|capture| CaptureFact { capture_ref: capture.id, amount: capture.amount })
                .collect(),
            refunds: self.refunds.into_iter().map(WireRefund::fact).collect(),
            disputes: self.dispute.map(WireDispute::fact).into_iter().collect(),
            saved: self.saved.map(|saved| SavedFact { reference: saved.id, label: saved.label }),
            failure: self.decline_code,
        }
    }
}

/// Codes as card schemes have them: what may pass later, and all else.
fn decline(code: Option<&str>) -> Decline {
    match code {
        Some("insufficient_funds" | "try_again_later" | "card_declined") => Decline::Soft,
        _ => Decline::Hard,
    }
}

#[derive(Deserialize)]
pub(super) struct WireBillLine {
    reference: String,
    id: String,
    kind: String,
    gross: Money,
    fee: Money,
    net: Money,
}

impl WireBillLine {
    pub(super) fn line(self) -> Result<BillLine, ProviderError> {
        let unknown = |_| ProviderError::Unknown(format!("a bill with a line of kind {}", self.kind));
        let kind = self.kind.parse().map_err(unknown)?;
        let Self { reference, id, gross, fee, net, .. } = self;
        // A dispute draws money, and may bring it back.
        let line_ref = format!("{id}:{}", if gross.is_positive() { "in" } else { "out" });
        Ok(BillLine { line_ref, reference, provider_ref: id, kind, gross, settled: gross, fee, net })
    }
}

impl WireRefund {
    pub(super) fn fact(self) -> RefundFact {
        let status = match self.status.as_str() {
            "succeeded" => RefundStatus::Succeeded,
            "failed" => RefundStatus::Failed,
            _ => RefundStatus::Pending,
        };
        RefundFact {
            provider_ref: self.id,
            reference: self.reference,
            amount: self.amount,
            status,
            failure: self.failure,
        }
    }
}
