//! Mails about renewals, and the same in short on their readers' devices, queued in the transaction that they tell of.

use accounts::mail::{self, Letterhead, NewMail};
use basis::{DAY_MS, Kind, Money, Problem, Timestamp};
use orders::OrderRecord;
use push::News;
use store::jobs::Next;
use store::{Conn, in_tx};
use texts::{Texts, TimeZone};

use crate::rows::{self, Period};
use crate::rules::{PeriodState, Reason, Renewal};
use crate::{Desk, letters};

/// A letter to whoever agreed, with what it can speak of, and where its button leads.
struct To {
    email: String,
    texts: Texts,
    zone: TimeZone,
    plan: String,
    line: String,
}

async fn to(tx: &mut Conn, renewal: &Renewal) -> Result<To, Problem> {
    let account = accounts::account(tx, renewal.account).await?;
    let texts = Texts::of(account.language);
    let plan = match catalog::plan(tx, &renewal.wish.plan).await {
        Err(problem) if problem.kind == Kind::NotFound => renewal.wish.plan.to_string(),
        plan => plan?.name(texts),
    };
    let line = cards::line_of_id(tx, renewal.wish.line).await?.name();
    let zone = texts::time_zone(&account.time_zone).unwrap_or(TimeZone::UTC);
    Ok(To { email: account.email, texts, zone, plan, line })
}

impl To {
    fn letter(&self, head: &Letterhead, price: Money) -> NewMail {
        let mail = NewMail::new(&self.email, self.texts.language(), head);
        mail.with("plan", &self.plan).with("line", &self.line).with("price", self.texts.money(price))
    }

    fn moment(&self, at: Timestamp) -> String {
        self.texts.day_clock(at, &self.zone)
    }
}

/// Where a line's renewal is seen and turned off.
fn page_of(renewal: &Renewal) -> String {
    format!("/lines/{}/renewal", renewal.wish.line)
}

/// For so long it is news that a plan was renewed, and that a renewal waits for its person.
const RENEWED_MS: i64 = 3 * DAY_MS;
const NEEDS_YOU_MS: i64 = 7 * DAY_MS;

/// Mailed, and heard of at once: of a line's renewal the latest.
async fn tell(
    tx: &mut Conn,
    desk: &Desk,
    renewal: &Renewal,
    letter: NewMail,
    (until, urgent): (Timestamp, bool),
) -> Result<(), Problem> {
    let news = News { about: format!("renewal:{}", renewal.wish.line), until, urgent };
    push::tell(tx, &desk.orders.env, renewal.account, letter, news).await
}

/// A letter with nothing but the plan, the line and the agreed price; `None` if there is nobody to write to.
async fn plain(tx: &mut Conn, renewal: &Renewal, head: &Letterhead) -> Result<Option<NewMail>, Problem> {
    match to(tx, renewal).await {
        Err(problem) if problem.kind == Kind::NotFound => Ok(None),
        to => Ok(Some(to?.letter(head, renewal.wish.price).with_link(page_of(renewal)))),
    }
}

/// It was turned on: its person has just done that.
pub(crate) async fn is_on(tx: &mut Conn, desk: &Desk, renewal: &Renewal) -> Result<(), Problem> {
    match plain(tx, renewal, &letters::ON).await? {
        Some(letter) => mail::queue(tx, &desk.orders.env, letter).await,
        None => Ok(()),
    }
}

/// The end is given up, and the renewal waits for its person, who is told why; once.
pub(crate) async fn needs_you(
    desk: &Desk,
    renewal: &Renewal,
    period: Option<&Period>,
    reason: Reason,
) -> Result<Next, Problem> {
    in_tx!(desk.orders.db, |tx| {
        if let Some(period) = period {
            rows::close_period(tx, period, PeriodState::Over).await?;
        }
        let now = desk.orders.env.now();
        if !rows::set_needs_you(tx, renewal.id, reason, now).await? {
            return Ok(());
        }
        match plain(tx, renewal, &letters::needs_you(reason)).await? {
            Some(letter) => tell(tx, desk, renewal, letter, (now.plus_ms(NEEDS_YOU_MS), true)).await,
            None => Ok(()),
        }
    })?;
    Ok(Next::Done)
}

pub(crate) async fn renewed(
    tx: &mut Conn,
    desk: &Desk,
    renewal: &Renewal,
    order: &OrderRecord,
) -> Result<(), Problem> {
    let letter = to(tx, renewal).await?.letter(&letters::RENEWED, order.price);
    let until = desk.orders.env.now().plus_ms(RENEWED_MS);
    tell(tx, desk, renewal, letter.with_link(format!("/orders/{}", order.id)), (until, false)).await
}

/// A try failed for now, and the next one is then.
pub(crate) async fn again(
    tx: &mut Conn,
    desk: &Desk,
    renewal: &Renewal,
    head: &Letterhead,
    price: Money,
    next: Timestamp,
) -> Result<(), Problem> {
    let to = to(tx, renewal).await?;
    let letter = to.letter(head, price).with("time", to.moment(next));
    let path =
        if head.button == letters::WALLET_SHORT.button { "/wallet".to_owned() } else { page_of(renewal) };
    tell(tx, desk, renewal, letter.with_link(path), (next, false)).await
}

pub(crate) async fn bank_waits(
    tx: &mut Conn,
    desk: &Desk,
    renewal: &Renewal,
    order: &OrderRecord,
) -> Result<(), Problem> {
    let to = to(tx, renewal).await?;
    let letter = to.letter(&letters::BANK_WAITS, order.price).with("time", to.moment(order.expires_at));
    let path = format!("/orders/{}", order.id);
    tell(tx, desk, renewal, letter.with_link(path), (order.expires_at, true)).await
}

/// A reminder with a link to pay.
pub(crate) async fn ask(
    tx: &mut Conn,
    desk: &Desk,
    renewal: &Renewal,
    price: Money,
    until: Timestamp,
) -> Result<(), Problem> {
    let to = to(tx, renewal).await?;
    let wish = &renewal.wish;
    let path = format!("/checkout?plan={}&line={}", wish.plan, wish.line);
    let ends = to.moment(until.plus_ms(-crate::rules::GRACE_MS));
    let letter = to.letter(&letters::ASK, price).with("time", ends);
    tell(tx, desk, renewal, letter.with_link(path), (until, false)).await
}
