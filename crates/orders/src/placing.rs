//! From a quote to an order that waits for its money, or is paid already.

use basis::{Account, DAY_MS, Id, Language, Line, Money, Order, Payment, Problem, Timestamp};
use catalog::PlanId;
use charging::PoolView;
use payments::{Method, NewPayment, Purpose};
use serde::{Deserialize, Serialize};
use store::{Conn, in_tx};

use crate::quoting::{self, Intent, Quote, QuoteInput};
use crate::rows::KeyRow;
use crate::rules::{Effect, Parts};
use crate::settling::{hold_reference, wallet_part};
use crate::timeline::{self, Happening};
use crate::{Desk, OrderRecord, OrderState, paying, queue, rows, settling};

/// How the rest is paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayWith {
    /// Through whom.
    pub provider: String,
    /// By which method.
    pub method: Method,
    /// The payer lets us charge the same method again without them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keep: bool,
}

/// What the payer reads at the provider, and where the browser goes afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayerView {
    /// E.g. `Japan 20 GB, 30 days`.
    pub description: String,
    /// In which language.
    pub language: Language,
    /// An absolute address of ours; `/{order}/return` is added.
    pub orders_url: String,
}

/// What a person agreed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceInput {
    /// For which line.
    pub line: Id<Line>,
    /// Which plan.
    pub plan: PlanId,
    /// The price that they saw.
    pub price: Money,
    /// Of it, by the wallet, as they saw it.
    pub wallet: Money,
    /// How the rest is paid; `None` if the wallet pays all.
    pub pay_with: Option<PayWith>,
    /// How it relates to what the line has.
    pub intent: Intent,
}

/// The answer to placing; the same for the same idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// The order.
    pub order: Id<Order>,
    /// The payment to begin; `None` if the wallet paid all.
    pub payment: Option<Id<Payment>>,
}

/// An order can be tried to be paid so often.
const PAYMENTS_MAX: usize = 10;
/// Idempotency keys are 1 to so many visible ASCII characters.
const KEY_LENGTH_MAX: usize = 128;

/// Places an order: freezes terms and price, sets the wallet part aside (or spends it, if it is all), and
/// creates the payment of the rest.
///
/// # Errors
/// Those of [`crate::quote`]; conflicts `order-price-changed`, `order-key-reused` (the key stands for something
/// else) and `wallet-too-little`; invalid `order-parts-wrong`; too many `order-too-many-unpaid`.
pub async fn place(
    desk: &Desk,
    account: Id<Account>,
    input: &PlaceInput,
    view: &PayerView,
    key: &str,
) -> Result<Placed, Problem> {
    let seen = quoting::look(desk, account, input.line).await?;
    let (placed, new) =
        in_tx!(desk.db, |tx| { place_in(tx, desk, account, input, view, key, seen.as_ref()).await })?;
    if let Some(order) = new {
        desk.tell(&order, order.state);
    }
    Ok(placed)
}

/// Places an order as [`place`] does, in the caller's transaction; `seen` is what [`crate::look`] saw before. The order if
/// it is new, to be told of after the commit ([`Desk::tell`]).
///
/// # Errors
/// Those of [`place`].
pub async fn place_in(
    tx: &mut Conn,
    desk: &Desk,
    account: Id<Account>,
    input: &PlaceInput,
    view: &PayerView,
    key: &str,
    seen: Option<&PoolView>,
) -> Result<(Placed, Option<OrderRecord>), Problem> {
    check_key(key)?;
    check_parts(input)?;
    let fingerprint = serde_json::to_string(input).map_err(|e| Problem::internal(e.to_string()))?;
    let id = desk.env.new_id();
    let key = KeyRow { key: key.to_owned(), fingerprint, order: id, at: desk.env.now() };
    if !rows::keep_key(tx, account, &key).await? {
        return Ok((repeat(tx, account, &key).await?, None));
    }
    let (placed, order) = place_new(tx, desk, account, id, input, seen, view).await?;
    Ok((placed, Some(order)))
}

/// An idempotency key answers for so long: far beyond any client's retries.
pub const KEYS_KEPT_MS: i64 = 60 * DAY_MS;

/// Forgets idempotency keys that are older than [`KEYS_KEPT_MS`], at most `limit`; how many those were.
pub async fn forget_keys(conn: &mut Conn, now: Timestamp, limit: u32) -> Result<u64, Problem> {
    rows::forget_keys(conn, now.plus_ms(-KEYS_KEPT_MS), limit).await
}

fn check_key(key: &str) -> Result<(), Problem> {
    let fits = (1..=KEY_LENGTH_MAX).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
    fits.then_some(()).ok_or_else(|| Problem::invalid("order-key-unreadable"))
}

/// Wallet and provider together pay the price: no more, no less, no third way.
fn check_parts(input: &PlaceInput) -> Result<(), Problem> {
    let rest = input.price.minus(input.wallet)?;
    let fits = input.wallet.minor >= 0 && rest.minor >= 0 && rest.is_positive() == input.pay_with.is_some();
    fits.then_some(()).ok_or_else(|| Problem::invalid("order-parts-wrong"))
}

/// The same key: the same answer for the same wish, a conflict for another one.
async fn repeat(tx: &mut Conn, account: Id<Account>, key: &KeyRow) -> Result<Placed, Problem> {
    let earlier = rows::find_key(tx, account, &key.key).await?;
    let earlier = earlier.ok_or_else(|| Problem::internal("an idempotency key vanished"))?;
    if earlier.fingerprint != key.fingerprint {
        return Err(Problem::conflict("order-key-reused"));
    }
    let payment = payments::of_order(tx, earlier.order).await?.first().map(|payment| payment.id);
    Ok(Placed { order: earlier.order, payment })
}

async fn place_new(
    tx: &mut Conn,
    desk: &Desk,
    account: Id<Account>,
    id: Id<Order>,
    input: &PlaceInput,
    seen: Option<&PoolView>,
    view: &PayerView,
) -> Result<(Placed, OrderRecord), Problem> {
    let unpaid_max = desk.settings.unpaid_max;
    if rows::count_unpaid(tx, account, unpaid_max).await? >= unpaid_max {
        return Err(Problem::new(basis::Kind::TooMany, "order-too-many-unpaid"));
    }
    let order = draft(tx, desk, account, id, input, seen).await?;
    insert(tx, desk, order, input.pay_with.as_ref(), view).await
}

/// The order as it would be placed now, at the price that its buyer agreed to.
///
/// # Errors
/// Those of [`crate::quote`]; conflict `order-price-changed`.
pub(crate) async fn draft(
    tx: &mut Conn,
    desk: &Desk,
    account: Id<Account>,
    id: Id<Order>,
    input: &PlaceInput,
    seen: Option<&PoolView>,
) -> Result<OrderRecord, Problem> {
    let asked = QuoteInput {
        line: input.line,
        plan: input.plan.clone(),
        currency: input.price.currency,
        intent: input.intent,
    };
    let quote = quoting::quote_seen(tx, desk, account, &asked, seen).await?;
    if quote.price != input.price {
        return Err(Problem::conflict("order-price-changed"));
    }
    catalog::mark_sold(tx, &desk.env, &input.plan).await?;
    Ok(new_order(desk, account, id, input, quote))
}

/// Stores a new order with its first step, and pays it by the wallet or creates its payment.
pub(crate) async fn insert(
    tx: &mut Conn,
    desk: &Desk,
    order: OrderRecord,
    pay_with: Option<&PayWith>,
    view: &PayerView,
) -> Result<(Placed, OrderRecord), Problem> {
    rows::insert(tx, &order).await?;
    let (price, wallet, renewal) = (order.price, order.wallet, order.renewal);
    let placed = Happening::Placed { price, wallet, renewal };
    timeline::write(tx, order.id, 1, order.created_at, &placed).await?;
    match pay_with {
        None => pay_by_wallet(tx, desk, order).await,
        Some(with) => await_payment(tx, desk, order, with, view).await,
    }
}

fn new_order(
    desk: &Desk,
    account: Id<Account>,
    id: Id<Order>,
    input: &PlaceInput,
    quote: Quote,
) -> OrderRecord {
    let now = desk.env.now();
    let zero = Money::zero(input.price.currency);
    let replaces = match (input.intent, quote.effect) {
        (Intent::ChangeNow { old }, _) => vec![old],
        (_, Effect::Replaces { bundles }) => bundles,
        _ => Vec::new(),
    };
    OrderRecord {
        id,
        account,
        line: input.line,
        plan: input.plan.clone(),
        terms: quote.terms,
        price: input.price,
        wallet: input.wallet,
        replaces,
        state: OrderState::AwaitingPayment,
        created_at: now,
        expires_at: now.plus_ms(desk.settings.pay_within_ms),
        paid_at: None,
        payment: None,
        shared_pool: (input.intent == Intent::Share).then_some(quote.line.pool),
        pool: None,
        carrier: None,
        deliver_by: None,
        gave_up_at: None,
        active_at: None,
        starts_at: None,
        ends_at: None,
        closed_at: None,
        credit: zero,
        called_off_at: None,
        contested: zero,
        lost: zero,
        resumed_at: None,
        refunded: Parts { wallet: zero, source: zero },
        tax: None,
        renewal: None,
    }
}

async fn pay_by_wallet(
    tx: &mut Conn,
    desk: &Desk,
    order: OrderRecord,
) -> Result<(Placed, OrderRecord), Problem> {
    ledger::post(tx, &desk.env, wallet_part(&order, hold_reference(order.id))).await?;
    if !paying::pay(tx, desk, &order, None, false).await? {
        return Err(Problem::internal("a new order was not there"));
    }
    Ok((Placed { order: order.id, payment: None }, OrderRecord { state: OrderState::Paid, ..order }))
}

async fn await_payment(
    tx: &mut Conn,
    desk: &Desk,
    order: OrderRecord,
    with: &PayWith,
    view: &PayerView,
) -> Result<(Placed, OrderRecord), Problem> {
    if order.wallet.is_positive() {
        ledger::hold(tx, &desk.env, wallet_part(&order, hold_reference(order.id))).await?;
    }
    queue::expire(tx, &desk.env, order.id, order.expires_at).await?;
    let payment = create_payment(tx, desk, &order, with, view, None).await?;
    let placed = Placed { order: order.id, payment: Some(payment.id) };
    note_started(tx, desk, order.id, payment).await?;
    Ok((placed, order))
}

/// Creates a payment of what the wallet does not pay; the same request key, the same payment.
async fn create_payment(
    tx: &mut Conn,
    desk: &Desk,
    order: &OrderRecord,
    with: &PayWith,
    view: &PayerView,
    request_key: Option<String>,
) -> Result<payments::Payment, Problem> {
    let new = NewPayment {
        purpose: Purpose::Order(order.id),
        account: order.account,
        amount: order.source(),
        provider: with.provider.clone(),
        method: with.method,
        expires_at: order.expires_at,
        description: view.description.clone(),
        language: view.language,
        return_url: format!("{}/{}/return", view.orders_url, order.id),
        save_method: with.keep,
        request_key,
    };
    payments::create(tx, &desk.env, &desk.providers, new).await
}

async fn note_started(
    tx: &mut Conn,
    desk: &Desk,
    order: Id<Order>,
    payment: payments::Payment,
) -> Result<(), Problem> {
    let Some(seq) = rows::note(tx, order, OrderState::AwaitingPayment).await? else {
        return Err(Problem::conflict("order-over"));
    };
    let payments::Payment { id, provider, method, amount, .. } = payment;
    let happening = Happening::PaymentStarted { payment: id, provider, method, amount };
    timeline::write(tx, order, seq, desk.env.now(), &happening).await
}

/// Another payment for an order that still waits: another method, or another try. Whichever comes first funds
/// the order; any other goes back to its source.
///
/// # Errors
/// Not found for someone else's order; conflict `order-over` if it does not wait any more; too many
/// `order-too-many-payments`.
pub async fn pay_again(
    desk: &Desk,
    account: Id<Account>,
    order: Id<Order>,
    with: &PayWith,
    view: &PayerView,
    key: &str,
) -> Result<Placed, Problem> {
    check_key(key)?;
    let (placed, order) = in_tx!(desk.db, |tx| {
        let order = own(tx, account, order).await?;
        if order.state != OrderState::AwaitingPayment || order.expires_at <= desk.env.now() {
            return Err(Problem::conflict("order-over"));
        }
        let known = payments::of_order(tx, order.id).await?;
        let key = format!("{}:{key}", order.id);
        let payment = create_payment(tx, desk, &order, with, view, Some(key)).await?;
        let placed = Placed { order: order.id, payment: Some(payment.id) };
        let repeated = known.iter().any(|known| known.id == payment.id);
        match known.len() {
            _ if repeated => {}
            PAYMENTS_MAX.. => return Err(Problem::new(basis::Kind::TooMany, "order-too-many-payments")),
            _ => note_started(tx, desk, order.id, payment).await?,
        }
        Ok((placed, order))
    })?;
    desk.tell(&order, order.state);
    Ok(placed)
}

/// The order, if it is this account's.
pub(crate) async fn own(tx: &mut Conn, account: Id<Account>, id: Id<Order>) -> Result<OrderRecord, Problem> {
    rows::find(tx, id).await?.filter(|order| order.account == account).ok_or_else(Problem::not_found)
}

/// Calls an unpaid order off: the wallet part is released at once, and its pay pages are closed. Money that comes
/// nevertheless goes back to its source.
///
/// # Errors
/// Not found for someone else's order; conflict `order-over` if it does not wait any more.
pub async fn cancel(desk: &Desk, account: Id<Account>, order: Id<Order>) -> Result<(), Problem> {
    let (order, payments) = in_tx!(desk.db, |tx| {
        let order = own(tx, account, order).await?;
        let reason = timeline::ExpiryReason::Cancelled;
        let moved = crate::settling::expire_in(tx, desk, order, reason, Timestamp(i64::MAX)).await?;
        let (order, _) = moved.ok_or_else(|| Problem::conflict("order-over"))?;
        rows::set_called_off(tx, order.id, desk.env.now()).await?;
        let payments = payments::of_order(tx, order.id).await?;
        Ok((order, payments))
    })?;
    desk.tell(&order, OrderState::Expired);
    for payment in payments.iter().filter(|payment| payment.is_open()) {
        if let Err(problem) = cancel_payment(desk, payment.id).await {
            tracing::info!(payment = %payment.id, %problem, "not cancelled at the provider");
        }
    }
    Ok(())
}

async fn cancel_payment(desk: &Desk, payment: Id<Payment>) -> Result<(), Problem> {
    let facts = payments::cancel(&desk.db, &desk.providers, payment).await?;
    settling::take_in(desk, payment, &facts).await.map(drop)
}
