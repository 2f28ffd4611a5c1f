//! From news to a device: queued with what it tells of, sent after the commit.

use accounts::mail::{self, NewMail};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use basis::{Account, DAY_MS, Device as DeviceKind, Env, Id, Notification, Problem, SECOND_MS, Timestamp};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{
    Conn, in_tx,
    jobs::{self, JobRun, NewJob, Next},
};

use crate::{
    Desk, Device, SEND,
    client::{Answer, Outgoing},
    devices::Way,
    encryption, rows,
};

/// What a device shows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Notice {
    /// A few words.
    pub title: String,
    /// A sentence or two. It may be read on a locked screen: nothing secret.
    pub body: String,
    /// The page of ours that it opens, such as `/orders/ord_…`.
    pub path: String,
    /// How it is carried.
    pub news: News,
}

/// How soon something should be heard of, and until when.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct News {
    /// What it is about, such as `renewal:lin_…`: later news of the same take the place of earlier, also where a device
    /// was off for days. Push services see a hash of it.
    pub about: String,
    /// From then on it is no news any more.
    pub until: Timestamp,
    /// Worth a sleeping device's battery.
    pub urgent: bool,
}

#[derive(Serialize, Deserialize)]
struct Queued {
    device: Id<DeviceKind>,
    notice: Notice,
}

/// Services keep a message for so long at most.
const TTL_MAX_MS: i64 = 28 * DAY_MS;
/// Characters of a title and of a text that a device has room for.
const TITLE_MAX: usize = 120;
const BODY_MAX: usize = 400;

/// Queues a mail, and what it says in short to every device of its account, in the caller's transaction.
pub async fn tell(
    tx: &mut Conn,
    env: &Env,
    account: Id<Account>,
    mail: NewMail,
    news: News,
) -> Result<(), Problem> {
    if let Some(gist) = mail.gist() {
        let notice = Notice { title: gist.title, body: gist.text, path: gist.path, news };
        queue(tx, env, account, &notice).await?;
    }
    mail::queue(tx, env, mail).await
}

/// Queues a notice to every device of an account in the caller's transaction; nothing if it has none.
pub async fn queue(tx: &mut Conn, env: &Env, account: Id<Account>, notice: &Notice) -> Result<(), Problem> {
    for device in rows::of_account(tx, account).await? {
        queue_to(tx, env, device.id, notice).await?;
    }
    Ok(())
}

/// Queues a notice to one device.
pub(crate) async fn queue_to(
    tx: &mut Conn,
    env: &Env,
    device: Id<DeviceKind>,
    notice: &Notice,
) -> Result<(), Problem> {
    let key = env.new_id::<Notification>().to_string();
    let payload = &Queued { device, notice: notice.clone() };
    jobs::enqueue(tx, env, NewJob { kind: SEND, key, payload, run_at: env.now() }).await.map(drop)
}

/// Handles the job [`SEND`]. What a service will never take is a dead letter; what it does not take now is tried again for
/// as long as it is news.
pub(crate) async fn send(desk: &Desk, run: &JobRun) -> Result<Next, Problem> {
    let Queued { device: id, notice } = run.read()?;
    let now = desk.0.env.now();
    if now >= notice.news.until {
        return Ok(done("stale"));
    }
    let Some((device, way)) = wanted(desk, id, now).await? else { return Ok(done("unwanted")) };
    let Some(_turn) = desk.0.turns.take() else { return Ok(Next::soon(&desk.0.env)) };
    let answer = desk.0.client.send(now, outgoing(desk, now, &way, &notice)?).await;
    match answer {
        Ok(Answer::Taken) => Ok(done("taken")),
        Ok(Answer::Gone) => {
            in_tx!(desk.0.db, |tx| { rows::delete(tx, device.id).await })?;
            Ok(done("gone"))
        }
        Ok(Answer::Later(Some(at))) => {
            count("later");
            Ok(Next::At(at))
        }
        Ok(Answer::Later(None)) => {
            count("later");
            Err(Problem::unavailable("the push service is busy"))
        }
        Ok(Answer::Refused(reason)) => {
            count("refused");
            Err(Problem::invalid("push-refused").because(reason))
        }
        Err(problem) => {
            count("silent");
            Err(problem)
        }
    }
}

fn done(outcome: &'static str) -> Next {
    count(outcome);
    Next::Done
}

fn count(outcome: &'static str) {
    metrics::counter!("push_messages_total", "outcome" => outcome).increment(1);
}

/// The device and the way to it, if its person still wants news there: it is on, and signed in.
async fn wanted(desk: &Desk, id: Id<DeviceKind>, now: Timestamp) -> Result<Option<(Device, Way)>, Problem> {
    let conn = &mut desk.0.db.read().await?;
    let Some((device, sealed)) = rows::find(conn, id).await? else { return Ok(None) };
    if !accounts::is_open(conn, now, device.session).await? {
        in_tx!(desk.0.db, |tx| { rows::delete(tx, id).await })?;
        return Ok(None);
    }
    let way = Way::open(&desk.0.seal, id, &sealed)?;
    Ok(Some((device, way)))
}

fn outgoing(desk: &Desk, now: Timestamp, way: &Way, notice: &Notice) -> Result<Outgoing, Problem> {
    // The operator may have changed the list meanwhile.
    let endpoint = desk.0.services.admit(&way.endpoint)?;
    let authorization = desk.0.vapid.authorization(now, &endpoint.origin().ascii_serialization())?;
    let topic = topic(&notice.news.about);
    let text = json!({
        "title": shortened(&notice.title, TITLE_MAX),
        "body": shortened(&notice.body, BODY_MAX),
        "path": notice.path,
        "tag": topic,
    });
    let body = encryption::encrypt(&desk.0.env, &way.keys, text.to_string().as_bytes())?;
    let ttl_s = notice.news.until.since(now).min(TTL_MAX_MS) / SECOND_MS;
    Ok(Outgoing { endpoint, authorization, ttl_s, urgent: notice.news.urgent, topic, body })
}

/// At most 32 characters of base64url (RFC 8030, section 5.4), from which nobody learns what it is about.
fn topic(about: &str) -> String {
    let hash = digest(&SHA256, about.as_bytes());
    URL_SAFE_NO_PAD.encode(hash.as_ref().iter().take(24).copied().collect::<Vec<_>>())
}

fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.split_at(end).0.trim_end()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_what_the_standard_allows() {
        let topic = topic("renewal:lin_01k5m5d7k5e9b8s4r2n6w0q3xz");
        assert_eq!(topic.len(), 32);
        assert!(topic.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'), "{topic}");
    }

    #[test]
    fn the_longest_text_fits_into_a_message() {
        assert_eq!(shortened("日本 20 GB", 2), "日本…");
        assert_eq!(shortened("short", 5), "short");
        // Four octets a character, and a path of an id or two.
        const { assert!((TITLE_MAX + BODY_MAX + 2) * 4 + 300 < encryption::PLAIN_MAX) }
    }
}
