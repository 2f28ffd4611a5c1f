//! Messages from providers: checked, kept as they came, and answered only then.

use basis::{Env, Id, InboxMessage, Payment as PaymentKind, Problem, Timestamp};
use http::HeaderMap;
use store::jobs::{self, NewJob};
use store::{Conn, Db, in_tx, sql};

use crate::check::{CHECK, CheckJob};
use crate::flags::{self, Flag};
use crate::hook::{Hook, HookRejected};
use crate::provider::Providers;
use crate::rules;

/// No provider's message is larger.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// What became of a message that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// It is new, and a look at its payment is queued.
    New(Id<PaymentKind>),
    /// It came before; nothing changed.
    Repeat,
    /// It is about a payment that we do not know; it is kept and flagged.
    UnknownPayment,
}

/// Takes a provider's message: its signature is checked over the raw bytes, then it is stored durably together
/// with the job that looks at the payment. Only then may the answer be 2xx.
pub async fn receive_hook(
    db: &Db,
    env: &Env,
    providers: &Providers,
    provider: &str,
    headers: &HeaderMap,
    raw: &[u8],
) -> Result<Received, HookRejected> {
    let speaker = providers.get(provider).ok_or(HookRejected::UnknownProvider)?;
    if raw.len() > BODY_BYTES_MAX {
        return Err(HookRejected::TooLarge);
    }
    let hook = speaker.parse_hook(env.now(), headers, raw).await?;
    let headers = kept_headers(headers);
    let stored = in_tx!(db, |tx| { keep(tx, env, speaker.name(), &hook, &headers, raw).await });
    stored.map_err(|problem| HookRejected::Unavailable(problem.to_string()))
}

async fn keep(
    conn: &mut Conn,
    env: &Env,
    provider: &str,
    hook: &Hook,
    headers: &str,
    raw: &[u8],
) -> Result<Received, Problem> {
    let message = env.new_id();
    let new = NewMessage { id: message, provider, hook, headers, raw, at: env.now() };
    let Some(kept) = insert(conn, &new).await? else { return Ok(Received::Repeat) };
    let Some(payment) = kept.payment else {
        flag_unknown(conn, message, hook, env.now()).await?;
        return Ok(Received::UnknownPayment);
    };
    let payload = CheckJob { payment, polling: false };
    let job = NewJob { kind: CHECK, key: message.to_string(), payload: &payload, run_at: env.now() };
    jobs::enqueue(conn, env, job).await?;
    Ok(Received::New(payment))
}

struct NewMessage<'a> {
    id: Id<InboxMessage>,
    provider: &'a str,
    hook: &'a Hook,
    headers: &'a str,
    raw: &'a [u8],
    at: Timestamp,
}

/// A message that was not there before.
struct Kept {
    payment: Option<Id<PaymentKind>>,
}

/// Keeps a message with the payment that it is about, by the provider's name for it or by ours, or by our name for a refund
/// of it; `None` for a repeat.
async fn insert(conn: &mut Conn, new: &NewMessage<'_>) -> Result<Option<Kept>, Problem> {
    let reference = new.hook.reference.as_deref();
    let payment: Option<Id<PaymentKind>> = reference.and_then(|text| text.parse().ok());
    let row = sql!(
        "INSERT INTO payment_inbox (id, provider, event_id, kind, payment_id, headers, body, received_at)
         VALUES ($1, $2, $3, $4,
           (SELECT id FROM payment WHERE provider = $2 AND provider_ref = $5
            UNION SELECT id FROM payment WHERE provider = $2 AND id = $6
            UNION SELECT payment_id FROM payment_refund WHERE provider = $2 AND id = $7 LIMIT 1), $8, $9, $10)
         ON CONFLICT (provider, event_id) DO NOTHING RETURNING payment_id"
    )
    .bind(new.id)
    .bind(new.provider)
    .bind(new.hook.event_id.as_str())
    .bind(new.hook.kind.as_str())
    .bind(new.hook.provider_ref.as_deref())
    .bind(payment)
    .bind(reference.and_then(rules::refund_of_reference))
    .bind(new.headers)
    .bind(new.raw)
    .bind(new.at)
    .optional(conn)
    .await?;
    row.map(|row| Ok(Kept { payment: row.get("payment_id")? })).transpose()
}

async fn flag_unknown(
    conn: &mut Conn,
    message: Id<InboxMessage>,
    hook: &Hook,
    now: Timestamp,
) -> Result<(), Problem> {
    let flag = Flag {
        key: format!("unknown:{message}"),
        reason: "unknown-payment".to_owned(),
        payment: None,
        message: Some(message),
        detail: format!("{hook:?}"),
        raised_at: now,
        resolved_at: None,
    };
    flags::raise(conn, &flag).await.map(drop)
}

/// The headers worth keeping, one a line: the signature and what surrounds it, never a credential.
fn kept_headers(headers: &HeaderMap) -> String {
    let mut text = String::new();
    for (name, value) in headers {
        let secret = matches!(name.as_str(), "authorization" | "cookie" | "proxy-authorization");
        if let (false, Ok(value)) = (secret, value.to_str())
            && text.len() + value.len() < 8192
        {
            text.extend([name.as_str(), ": ", value, "\n"]);
        }
    }
    text
}

/// A message as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: Id<InboxMessage>,
    /// Whose.
    pub provider: String,
    /// The provider's id of it.
    pub event_id: String,
    /// The provider's word for what happened.
    pub kind: String,
    /// Which payment it is about.
    pub payment: Option<Id<PaymentKind>>,
    /// The raw body.
    pub body: Vec<u8>,
    /// When it came.
    pub received_at: Timestamp,
}

/// A kept message.
pub async fn message(conn: &mut Conn, id: Id<InboxMessage>) -> Result<Message, Problem> {
    let row = sql!("SELECT * FROM payment_inbox WHERE id = $1").bind(id).optional(conn).await?;
    let row = row.ok_or_else(Problem::not_found)?;
    Ok(Message {
        id: row.get("id")?,
        provider: row.get("provider")?,
        event_id: row.get("event_id")?,
        kind: row.get("kind")?,
        payment: row.get("payment_id")?,
        body: row.get("body")?,
        received_at: row.get("received_at")?,
    })
}

/// Clears away messages that came before `until` and are dealt with, at most `limit`; how many those were.
///
/// A message stays while its flag is open, while a look at its payment is queued, and while that payment may still be
/// paid, is contested, or is on its way back. The payment itself, its captures and refunds stay for ever; a message
/// that comes again after it was cleared away is looked at again and changes nothing.
pub async fn forget_messages(conn: &mut Conn, until: Timestamp, limit: u32) -> Result<u64, Problem> {
    sql!(
        "DELETE FROM payment_inbox WHERE id IN (
           SELECT id FROM payment_inbox WHERE received_at < $1
           AND NOT EXISTS (SELECT 1 FROM payment_flag WHERE resolved_at IS NULL
             AND (payment_flag.inbox_id = payment_inbox.id OR payment_flag.payment_id = payment_inbox.payment_id))
           AND NOT EXISTS (SELECT 1 FROM job WHERE job.kind = 'payment.check' AND job.key = payment_inbox.id)
           AND NOT EXISTS (SELECT 1 FROM payment WHERE payment.id = payment_inbox.payment_id
             AND payment.state IN ('created', 'pending', 'disputed'))
           AND NOT EXISTS (SELECT 1 FROM payment_refund WHERE payment_refund.payment_id = payment_inbox.payment_id
             AND payment_refund.state <> 'succeeded')
           ORDER BY received_at LIMIT $2)"
    )
    .bind(until)
    .bind(limit)
    .run(conn)
    .await
}
