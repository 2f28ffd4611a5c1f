//! Alipay's messages: a form, signed by its values.

use std::collections::BTreeMap;

use basis::{DAY_MS, Timestamp};
use url::form_urlencoded;

use super::wire;
use crate::hook::{Hook, HookRejected};
use crate::signing::PublicKey;

/// A message is sent for 25 hours, with the time of each try; nobody sends one later.
const AGE_MS_MAX: i64 = 3 * DAY_MS;

/// Reads a message that Alipay signed. It names a trade and nothing more is believed: a refund comes as
/// `TRADE_SUCCESS` again, or as `TRADE_CLOSED`, to the address of its payment.
pub(super) fn read(keys: &[PublicKey], now: Timestamp, raw: &[u8]) -> Result<Hook, HookRejected> {
    let mut fields: BTreeMap<String, String> = form_urlencoded::parse(raw).into_owned().collect();
    check_signature(keys, &mut fields)?;
    let sent_at = fields.get("notify_time").and_then(|text| wire::read_time(text));
    let age_ms = now.since(sent_at.ok_or(HookRejected::Unreadable)?);
    if age_ms.saturating_abs() > AGE_MS_MAX {
        return Err(HookRejected::Stale);
    }
    let event_id = fields.remove("notify_id").filter(|id| (1..=200).contains(&id.len()));
    let reference = fields.remove("out_trade_no").ok_or(HookRejected::Unreadable)?;
    Ok(Hook {
        event_id: event_id.ok_or(HookRejected::Unreadable)?,
        kind: fields.remove("trade_status").unwrap_or_default().chars().take(100).collect(),
        provider_ref: fields.remove("trade_no"),
        reference: Some(reference),
    })
}

/// The signature is over all other values as they were before the form was encoded; `sign_type` is among them for
/// some products and not for others.
fn check_signature(keys: &[PublicKey], fields: &mut BTreeMap<String, String>) -> Result<(), HookRejected> {
    let signature = fields.remove("sign").ok_or(HookRejected::BadSignature)?;
    let content = |without: &str| {
        let named = fields.iter().filter(|(name, _)| *name != without);
        wire::joined(named.map(|(name, value)| (name.as_str(), value.as_str())))
    };
    let good =
        ["sign_type", ""].into_iter().any(|without| wire::is_signed(keys, &content(without), &signature));
    if good { Ok(()) } else { Err(HookRejected::BadSignature) }
}
