//! Double-entry money: append-only transfers, holds, and wallets with a floor.
//!
//! Every row moves one amount of one currency from one book to another. Rows are never changed: a hold is
//! ended by a second row, a mistake is mended by a new transfer. A reference is unique for ever, so a verb that
//! runs twice moves money once.

mod audit;
mod order_money;
mod rows;
mod rules;

pub use audit::{Difference, ProviderTotals, audit, balance, provider_totals};
pub use order_money::OrderMoney;
pub use rules::{Book, Entry, Kind, NewTransfer, Phase, Wallet};

use basis::{Account, Currency, Env, Id, Money, Order, Problem, Timestamp, Transfer};
use rules::{WalletChange, wallet_changes};
use store::Conn;

/// The ledger's tables.
pub const MIGRATIONS: store::Migrations =
    store::migrations!("ledger", ["0001_ledger.sql", "0002_no_checkpoints.sql"]);

/// The key of the conflict that says a wallet has too little.
pub const TOO_LITTLE: &str = "wallet-too-little";

/// What posting did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posted {
    /// The row is new.
    New(Id<Transfer>),
    /// It stood there already, with the same content; nothing changed.
    Repeat(Id<Transfer>),
}

/// How a hold ended. The first of posting and voiding wins for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldEnd {
    /// Its money moved; `first` if this call did it.
    Posted {
        /// False for a repeat.
        first: bool,
    },
    /// Its money was released; `first` if this call did it.
    Voided {
        /// False for a repeat.
        first: bool,
    },
}

/// Moves money now.
///
/// # Errors
/// Conflict [`TOO_LITTLE`] if a debited wallet has less available: then nothing was written and the
/// transaction may go on. Internal if the reference stands with another content.
pub async fn post(conn: &mut Conn, env: &Env, new: NewTransfer) -> Result<Posted, Problem> {
    write(conn, env, Phase::Posted, None, new).await.map(|(posted, _)| posted)
}

/// Sets a wallet's money aside until [`post_hold`] or [`void_hold`] with the same reference.
///
/// # Errors
/// As [`post`].
pub async fn hold(conn: &mut Conn, env: &Env, new: NewTransfer) -> Result<Posted, Problem> {
    write(conn, env, Phase::Hold, None, new).await.map(|(posted, _)| posted)
}

/// Moves what the hold of this reference set aside, unless it was voided before.
///
/// # Errors
/// Internal if there is no such hold.
pub async fn post_hold(conn: &mut Conn, env: &Env, reference: &str) -> Result<HoldEnd, Problem> {
    end_hold(conn, env, reference, Phase::HoldPosted).await
}

/// Releases what the hold of this reference set aside, unless it was posted before.
///
/// # Errors
/// Internal if there is no such hold.
pub async fn void_hold(conn: &mut Conn, env: &Env, reference: &str) -> Result<HoldEnd, Problem> {
    end_hold(conn, env, reference, Phase::HoldVoided).await
}

async fn end_hold(conn: &mut Conn, env: &Env, reference: &str, phase: Phase) -> Result<HoldEnd, Problem> {
    let hold = rows::by_reference(conn, reference).await?.filter(|entry| entry.phase == Phase::Hold);
    let hold = hold.ok_or_else(|| Problem::internal(format!("no hold {reference}")))?;
    let reference = format!("{reference}/end");
    let end = NewTransfer { reference: reference.clone(), ..hold.transfer };
    if let Some(earlier) = rows::by_reference(conn, &reference).await? {
        return Ok(hold_end(earlier.phase, false));
    }
    // Two ends at once meet at the unique reference; the later one finds the earlier one's row.
    match write(conn, env, phase, Some(hold.id), end).await? {
        (Posted::New(_), _) => Ok(hold_end(phase, true)),
        (Posted::Repeat(_), earlier) => Ok(hold_end(earlier, false)),
    }
}

const fn hold_end(phase: Phase, first: bool) -> HoldEnd {
    match phase {
        Phase::HoldVoided => HoldEnd::Voided { first },
        _ => HoldEnd::Posted { first },
    }
}

/// Writes one row and what it does to wallets. Answers also the phase of the row that now stands.
async fn write(
    conn: &mut Conn,
    env: &Env,
    phase: Phase,
    hold: Option<Id<Transfer>>,
    new: NewTransfer,
) -> Result<(Posted, Phase), Problem> {
    new.check(phase)?;
    let changes = wallet_changes(phase, &new.debit, &new.credit, new.amount);
    // Wallets first: a wallet with too little then leaves nothing behind, and its row's lock makes two
    // spenders take turns. Without a wallet the insert alone decides.
    if !changes.is_empty()
        && let Some(earlier) = rows::by_reference(conn, &new.reference).await?
    {
        return repeat(&earlier, phase, &new);
    }
    let currency = new.amount.currency;
    if !change_wallets(conn, currency, &changes).await? {
        return match rows::by_reference(conn, &new.reference).await? {
            Some(earlier) => repeat(&earlier, phase, &new),
            None => Err(Problem::conflict(TOO_LITTLE)),
        };
    }
    let entry = Entry { id: env.new_id(), at: env.now(), phase, hold, transfer: new };
    if rows::insert(conn, &entry).await? {
        return Ok((Posted::New(entry.id), phase));
    }
    for change in changes.into_iter().rev() {
        take_back(conn, currency, change).await?;
    }
    let earlier = rows::by_reference(conn, &entry.transfer.reference).await?;
    let earlier = earlier.ok_or_else(|| Problem::internal("a transfer vanished"))?;
    repeat(&earlier, phase, &entry.transfer)
}

async fn change_wallets(
    conn: &mut Conn,
    currency: Currency,
    changes: &[WalletChange],
) -> Result<bool, Problem> {
    for (done, change) in changes.iter().enumerate() {
        if rows::change_wallet(conn, currency, *change).await? {
            continue;
        }
        // Only the first change takes, so nothing stands before a refusal; see `wallet_changes`.
        return if done == 0 { Ok(false) } else { Err(Problem::internal("a wallet refused a credit")) };
    }
    Ok(true)
}

async fn take_back(conn: &mut Conn, currency: Currency, change: WalletChange) -> Result<(), Problem> {
    if rows::change_wallet(conn, currency, change.reversed()).await? {
        return Ok(());
    }
    // Spent by nobody (we hold the row), so this is a fault; failing rolls everything back.
    Err(Problem::internal("a repeated transfer could not be taken back"))
}

/// The same reference with another content is never accepted.
fn repeat(earlier: &Entry, phase: Phase, new: &NewTransfer) -> Result<(Posted, Phase), Problem> {
    let ends = |phase| matches!(phase, Phase::HoldPosted | Phase::HoldVoided);
    let same_phase = earlier.phase == phase || (ends(earlier.phase) && ends(phase));
    if same_phase && earlier.transfer == *new {
        return Ok((Posted::Repeat(earlier.id), earlier.phase));
    }
    Err(Problem::internal(format!("transfer {} repeated with another content", new.reference)))
}

/// A wallet; empty if it was never used.
pub async fn wallet(conn: &mut Conn, account: Id<Account>, currency: Currency) -> Result<Wallet, Problem> {
    let zero = Money::zero(currency);
    let row = rows::wallet(conn, account, currency).await?;
    Ok(row.unwrap_or(Wallet { balance: zero, held: zero }))
}

/// All wallets of an account that were ever used, the fullest first.
pub async fn wallets(conn: &mut Conn, account: Id<Account>) -> Result<Vec<Wallet>, Problem> {
    rows::wallets(conn, account).await
}

/// One line of a wallet's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletMove {
    /// The row.
    pub id: Id<Transfer>,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub kind: Kind,
    /// What it did to the balance: negative is money out.
    pub amount: Money,
    /// For which order.
    pub order: Option<Id<Order>>,
    /// By which payment.
    pub payment: Option<Id<basis::Payment>>,
}

/// What changed a wallet's balance, newest first: at most `limit` lines after the one that `after` names
/// (its `at` and `id`).
pub async fn wallet_history(
    conn: &mut Conn,
    account: Id<Account>,
    after: Option<(Timestamp, Id<Transfer>)>,
    limit: u32,
) -> Result<Vec<WalletMove>, Problem> {
    let book = Book::Wallet(account);
    let before = after.map_or((Timestamp(i64::MAX), String::new()), |(at, id)| (at, id.to_string()));
    let entries = rows::wallet_entries(conn, &book, before, limit).await?;
    Ok(entries.iter().map(|entry| wallet_move(&book, entry)).collect())
}

fn wallet_move(book: &Book, entry: &Entry) -> WalletMove {
    let transfer = &entry.transfer;
    let sign = if transfer.debit == *book { -1 } else { 1 };
    let amount = Money::new(transfer.amount.minor.saturating_mul(sign), transfer.amount.currency);
    WalletMove {
        id: entry.id,
        at: entry.at,
        kind: transfer.kind,
        amount,
        order: transfer.order,
        payment: transfer.payment,
    }
}

/// Where an order's money is, in the currency of its price.
pub async fn per_order(conn: &mut Conn, order: Id<Order>, currency: Currency) -> Result<OrderMoney, Problem> {
    let mut money = OrderMoney::none(currency);
    for entry in rows::of_order(conn, order).await? {
        let transfer = &entry.transfer;
        if transfer.amount.currency == currency {
            money.add(entry.phase, &transfer.debit, &transfer.credit, transfer.amount.minor)?;
        }
    }
    Ok(money)
}

/// All rows of an order, oldest first, for its timeline and receipt.
pub async fn of_order(conn: &mut Conn, order: Id<Order>) -> Result<Vec<Entry>, Problem> {
    rows::of_order(conn, order).await
}

/// The row with this reference.
pub async fn find(conn: &mut Conn, reference: &str) -> Result<Option<Entry>, Problem> {
    rows::by_reference(conn, reference).await
}
