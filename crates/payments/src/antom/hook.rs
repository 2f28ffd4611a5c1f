//! Antom's messages, `notifyPayment` and `notifyRefund`.

use basis::{DAY_MS, Timestamp};
use serde::Deserialize;

use super::wire;
use crate::hook::{Hook, HookRejected};
use crate::signing;

/// A message is sent for 25 hours; whether each try has a time of its own is not told.
const AGE_MS_MAX: i64 = 3 * DAY_MS;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    notify_type: String,
    payment_request_id: Option<String>,
    payment_id: Option<String>,
    refund_request_id: Option<String>,
}

/// Reads a message that Antom signed at this time. It has no name of its own, so what it says is its name; one about a refund
/// names only that.
pub(super) fn read(now: Timestamp, sent_at: Timestamp, raw: &[u8]) -> Result<Hook, HookRejected> {
    if now.since(sent_at).saturating_abs() > AGE_MS_MAX {
        return Err(HookRejected::Stale);
    }
    let told: Message = serde_json::from_slice(raw).map_err(|_| HookRejected::Unreadable)?;
    let refund = told.refund_request_id.as_deref().map(wire::ours);
    let reference = told.payment_request_id.or(refund).ok_or(HookRejected::Unreadable)?;
    Ok(Hook {
        event_id: signing::sha256_hex(raw),
        kind: told.notify_type.chars().take(100).collect(),
        provider_ref: told.payment_id,
        reference: Some(reference),
    })
}
