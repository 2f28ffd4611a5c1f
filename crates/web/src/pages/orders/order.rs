//! One order's page: where it stands, how it came there, and what comes next.

use std::iter;

use askama::Template;
use basis::{Id, Money, Order, Problem};
use catalog::words;
use charging::BundleRow;
use orders::{Event, ExpiryReason, Happening, OrderRecord, OrderState};
use payments::Payment;
use texts::Texts;

use super::bought::Bought;
use super::past;
use super::steps::{self, Step};
use crate::pages::checkout::{Method, method_name, methods};
use crate::pages::payments::pay_url;
use crate::pages::settings::notifications::{Offer, offer};
use crate::{App, Reader, Shell, SignedIn, Tab};

/// The page.
#[derive(Template)]
#[template(path = "pages/orders/order.html", blocks = ["now"])]
pub(super) struct OrderPage {
    shell: Shell,
    path: String,
    /// Something happens by itself: the page listens.
    live: bool,
    tone: &'static str,
    chip: String,
    headline: String,
    under: String,
    steps: Vec<Step>,
    facts: Vec<(String, String)>,
    pay: Option<PayAgain>,
    next: Option<(String, String)>,
    change: Option<String>,
    receipt: Option<String>,
    /// What was agreed to, of an order that it placed.
    renewal: Option<String>,
    /// Once it is paid: to hear of what comes.
    offer: Option<Offer>,
    problem: Option<Problem>,
}

/// What an unpaid order offers.
struct PayAgain {
    /// Where the bank waits for its customer.
    bank: Option<String>,
    key: String,
    label: String,
    methods: Vec<Method>,
}

/// Everything that the page shows.
pub(super) struct Story {
    pub(super) order: OrderRecord,
    plan: String,
    /// Without its days: `日本20 GB`.
    short: String,
    pub(super) events: Vec<Event>,
    pub(super) payments: Vec<Payment>,
    bundle: Option<BundleRow>,
    bought: Bought,
}

pub(super) async fn page(app: &App, reader: &SignedIn, id: Id<Order>) -> Result<OrderPage, Problem> {
    let who = reader;
    let SignedIn { reader, person } = who;
    let mut conn = app.db.read().await?;
    let order = orders::order(&mut conn, person.account, id).await?;
    let catalogue = catalog::read(&mut conn).await?;
    let data = words::data(&order.terms.allowance, reader.texts);
    let (plan, short) = match catalogue.plan(&order.plan) {
        Some(plan) => (plan.name(reader.texts), short(&plan.place.name(reader.texts), &data, reader.texts)),
        None => (data.clone(), data),
    };
    let events = orders::timeline(&mut conn, id).await?;
    let payments = payments::of_order(&mut conn, id).await?;
    let bundle = charging::bundle(&mut conn, id).await?;
    drop(conn);
    let bought = Bought::of(&app.charging, &order, bundle.as_ref()).await;
    let has_begun = matches!(order.state, OrderState::Paid | OrderState::Delivering | OrderState::Active);
    let offer =
        if has_begun && !bought.is_gone() { offer(app, who, &format!("/orders/{id}")).await? } else { None };
    let story = Story { order, plan, short, events, payments, bundle, bought };
    Ok(OrderPage { offer, ..present(app, reader, &story) })
}

fn short(place: &str, data: &str, texts: Texts) -> String {
    texts.tf("lines-bundle", [("place", place), ("amount", data)])
}

fn present(app: &App, reader: &Reader, story: &Story) -> OrderPage {
    let (order, texts) = (&story.order, reader.texts);
    let path = format!("/orders/{}", order.id);
    let shell = Shell::new(app, reader, Tab::None, texts.t("orders-order")).back("/orders").at(path.as_str());
    let (tone, _) = past::look(order);
    let gone = story.bought.is_gone();
    OrderPage {
        live: order.state.in_motion() || order.state == OrderState::Review,
        tone: if gone { "quiet" } else { tone },
        chip: chip(story, texts),
        headline: headline(story, reader),
        under: under(story, reader),
        steps: steps::all(story, reader, app.env.now()),
        facts: facts(story, reader),
        pay: (order.state == OrderState::AwaitingPayment).then(|| pay_again(app, reader, story)),
        renewal: order.renewal.map(|_| format!("/lines/{}/renewal", order.line)),
        next: next(story, reader),
        change: (changeable(order) && !gone).then(|| format!("{path}/change")),
        receipt: order.paid_at.map(|_| format!("/receipts/{}", order.id)),
        offer: None,
        problem: None,
        path,
        shell,
    }
}

/// Its state in a word; of a delivered one, how soon it was: the promise of the shop, measured.
fn chip(story: &Story, texts: Texts) -> String {
    let order = &story.order;
    match (order.state, order.paid_at, order.active_at) {
        _ if story.bought == Bought::UsedUp => texts.t("lines-state-used-up"),
        _ if story.bought.is_gone() => texts.t("lines-state-over"),
        (OrderState::Active, Some(paid), Some(active)) if order.closed_at.is_none() => {
            let time = texts.duration(active.since(paid).max(basis::SECOND_MS));
            texts.tf("orders-active-within", [("time", time)])
        }
        _ => past::state_name(order, texts),
    }
}

/// What everyone shares is not changed for another plan.
const fn changeable(order: &OrderRecord) -> bool {
    matches!(order.state, OrderState::Active) && order.closed_at.is_none() && order.shared_pool.is_none()
}

fn headline(story: &Story, reader: &Reader) -> String {
    let (order, texts) = (&story.order, reader.texts);
    let amount = texts.money(order.price);
    match order.state {
        OrderState::AwaitingPayment => {
            let key = if waits_at_bank(story).is_some() {
                texts::key("orders-head-at-bank")
            } else {
                texts::key("orders-head-awaiting")
            };
            texts.tf(key, [("amount", texts.money(order.source()))])
        }
        OrderState::Paid | OrderState::Delivering if order.gave_up_at.is_some() => {
            texts.t("orders-head-stopping")
        }
        OrderState::Paid | OrderState::Delivering => texts.t("orders-head-delivering"),
        OrderState::Active if order.closed_at.is_some() => {
            texts.tf("orders-head-closed", [("plan", &story.short)])
        }
        OrderState::Active => texts.tf(head_of(story.bought), [("plan", &story.short)]),
        OrderState::Expired => texts.t(match expiry(&story.events) {
            ExpiryReason::Declined => texts::key("orders-head-declined"),
            ExpiryReason::Cancelled => texts::key("orders-head-cancelled"),
            ExpiryReason::TimeOver => texts::key("orders-head-expired"),
        }),
        OrderState::Refunding => {
            texts.tf("orders-head-refunding", [("amount", returned(order, &amount, reader))])
        }
        OrderState::Refunded => {
            texts.tf("orders-head-refunded", [("amount", returned(order, &amount, reader))])
        }
        OrderState::Review => texts.t("orders-head-review"),
    }
}

/// What goes back in all; the price if the order does not say (a wrong amount).
fn returned(order: &OrderRecord, price: &str, reader: &Reader) -> String {
    match order.refunded.total() {
        Ok(total) if total.is_positive() => reader.texts.money(total),
        _ => price.to_owned(),
    }
}

fn under(story: &Story, reader: &Reader) -> String {
    let (order, texts) = (&story.order, reader.texts);
    match order.state {
        OrderState::AwaitingPayment if waits_at_bank(story).is_some() => {
            texts.tf("orders-under-at-bank", [("time", texts.day_clock(order.expires_at, &reader.zone))])
        }
        OrderState::AwaitingPayment => {
            let refused = was_refused(story);
            let key = texts::key(if refused { "orders-under-refused" } else { "orders-under-awaiting" });
            texts.tf(key, [("time", texts.clock(order.expires_at, &reader.zone))])
        }
        OrderState::Paid | OrderState::Delivering => texts.t("orders-under-delivering"),
        OrderState::Active if order.closed_at.is_some() => {
            texts.tf("orders-under-closed", [("amount", texts.money(order.credit))])
        }
        OrderState::Active => under_active(story, reader),
        OrderState::Expired => expired(story, texts),
        OrderState::Refunding => texts.t("orders-under-refunding"),
        OrderState::Refunded => texts.t("orders-under-refunded"),
        OrderState::Review => texts.t("orders-under-review"),
    }
}

/// Its buyer came back from a page that takes another try. What is charged without them tells them by mail.
fn was_refused(story: &Story) -> bool {
    let open = story.payments.iter().rfind(|payment| payment.is_open());
    story.order.renewal.is_none() && open.is_some_and(|payment| payment.failure.is_some())
}

const fn head_of(bought: Bought) -> &'static str {
    match bought {
        Bought::UsedUp => texts::key("orders-head-used-up"),
        Bought::Lapsed { .. } | Bought::Over { .. } => texts::key("orders-head-over"),
        Bought::Unknown | Bought::Waiting | Bought::Running { .. } => texts::key("orders-head-active"),
    }
}

/// When it began or will, and until when; of what is gone, what a renewal needs.
fn under_active(story: &Story, reader: &Reader) -> String {
    let texts = reader.texts;
    let until = match story.bought {
        Bought::Over { at: Some(end) } => {
            return texts.tf("orders-under-over", [("day", texts.date(end, &reader.zone))]);
        }
        Bought::Lapsed { at } => {
            return texts.tf("orders-under-lapsed", [("day", texts.date(at, &reader.zone))]);
        }
        Bought::Over { at: None } | Bought::UsedUp => return texts.t("orders-under-gone"),
        Bought::Running { until } => until,
        Bought::Waiting | Bought::Unknown => story.order.ends_at,
    };
    match until {
        Some(end) => texts.tf("orders-under-active-until", [("day", texts.day_clock(end, &reader.zone))]),
        None => texts.t("orders-under-active"),
    }
}

fn expiry(events: &[Event]) -> ExpiryReason {
    let reason = events.iter().rev().find_map(|event| match event.happening {
        Happening::Expired { reason } => Some(reason),
        _ => None,
    });
    reason.unwrap_or(ExpiryReason::TimeOver)
}

/// What an order that was not paid leaves behind; the wallet is spoken of only if it had a part in it.
fn expired(story: &Story, texts: Texts) -> String {
    let text = texts.t(match expiry(&story.events) {
        ExpiryReason::Declined => texts::key("orders-under-declined"),
        ExpiryReason::Cancelled => texts::key("orders-under-cancelled"),
        ExpiryReason::TimeOver => texts::key("orders-under-expired"),
    });
    if !story.order.wallet.is_positive() {
        return text;
    }
    texts.tf("orders-under-wallet-free", [("text", text), ("amount", texts.money(story.order.wallet))])
}

fn facts(story: &Story, reader: &Reader) -> Vec<(String, String)> {
    let (order, texts) = (&story.order, reader.texts);
    let mut facts = vec![
        (texts.t("orders-fact-plan"), story.plan.clone()),
        (texts.t("orders-fact-price"), texts.money(order.price)),
    ];
    let paying = story.payments.iter().find(|p| order.payment == Some(p.id)).or(story.payments.last());
    if let Some(payment) = paying {
        facts.push((method_name(payment.method, texts), texts.money(order.source())));
    }
    let mut add = |key, amount: Money| {
        if amount.is_positive() {
            facts.push((texts.t(key), texts.money(amount)));
        }
    };
    add(texts::key("orders-wallet"), order.wallet);
    if let Ok(total) = order.refunded.total() {
        add(texts::key("orders-fact-returned"), total);
    }
    add(texts::key("orders-fact-credited"), order.credit);
    if order.shared_pool.is_some() {
        facts.push((texts.t("orders-for-what"), texts.t("orders-for-all")));
    }
    facts.extend(story.bundle.iter().flat_map(|bundle| use_facts(bundle, reader)));
    facts.push((texts.t("orders-fact-number"), order.id.number()));
    facts
}

/// How much was used so far, or until when.
fn use_facts(bundle: &BundleRow, reader: &Reader) -> Vec<(String, String)> {
    let texts = reader.texts;
    let used = (texts.t("orders-fact-used"), texts.volume_fine(bundle.used));
    let ended = bundle.ended_at.map(|at| (texts.t("orders-fact-ended"), texts.date(at, &reader.zone)));
    iter::once(used).chain(ended).collect()
}

fn pay_again(app: &App, reader: &Reader, story: &Story) -> PayAgain {
    let last = story.payments.last().map_or("", |payment| payment.method.word());
    PayAgain {
        bank: at_bank(app, story),
        key: app.env.new_id::<Order>().to_string(),
        label: reader.texts.money(story.order.source()),
        methods: methods(app, reader, story.order.price.currency, last),
    }
}

/// The payment for which a bank waits for its customer, of an order that was placed without them.
fn waits_at_bank(story: &Story) -> Option<&Payment> {
    story.order.renewal?;
    let charged = story.payments.first()?;
    (charged.is_open() && charged.pay_at.is_some()).then_some(charged)
}

/// Where it waits.
fn at_bank(app: &App, story: &Story) -> Option<String> {
    let charged = waits_at_bank(story)?;
    Some(pay_url(app, charged.id, charged.pay_at.clone()?))
}

/// The way on: to the line's figures, to the same once more, or to another try.
fn next(story: &Story, reader: &Reader) -> Option<(String, String)> {
    let (order, texts) = (&story.order, reader.texts);
    match order.state {
        OrderState::Active if story.bought.is_gone() => {
            let again = format!("/checkout?plan={}&line={}", order.plan, order.line);
            Some((again, texts.t("orders-buy-again")))
        }
        OrderState::Active => Some((format!("/lines/{}", order.line), texts.t("orders-see-left"))),
        OrderState::Expired | OrderState::Refunded => {
            let again = format!("/checkout?plan={}&line={}", order.plan, order.line);
            Some((again, texts.t("orders-try-again")))
        }
        _ => None,
    }
}
