//! The ledger's rows and all of its SQL.

use std::str::FromStr;

use basis::{Account, Currency, Id, Money, Order, Problem, Timestamp};
use store::{Conn, Row, sql};

use crate::rules::{Book, Entry, Kind, NewTransfer, Phase, Wallet, WalletChange};

/// Inserts a row; false if its reference stands already.
pub(crate) async fn insert(conn: &mut Conn, entry: &Entry) -> Result<bool, Problem> {
    let new = &entry.transfer;
    let rows = sql!(
        "INSERT INTO ledger_transfer
           (id, reference, kind, phase, hold_id, debit, credit, currency, amount_minor, order_id, payment_id, made_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT (reference) DO NOTHING"
    )
    .bind(entry.id)
    .bind(new.reference.as_str())
    .bind(new.kind.word())
    .bind(entry.phase.word())
    .bind(entry.hold)
    .bind(new.debit.to_string())
    .bind(new.credit.to_string())
    .bind(new.amount.currency)
    .bind(new.amount.minor)
    .bind(new.order)
    .bind(new.payment)
    .bind(entry.at)
    .run(conn)
    .await?;
    Ok(rows == 1)
}

/// The row with this reference.
pub(crate) async fn by_reference(conn: &mut Conn, reference: &str) -> Result<Option<Entry>, Problem> {
    sql!(
        "SELECT id, reference, kind, phase, hold_id, debit, credit, currency, amount_minor, order_id, payment_id, made_at
         FROM ledger_transfer WHERE reference = $1"
    )
    .bind(reference)
    .optional(conn)
    .await?
    .as_ref()
    .map(entry)
    .transpose()
}

fn entry(row: &Row) -> Result<Entry, Problem> {
    let transfer = NewTransfer {
        reference: row.get("reference")?,
        kind: word(row, "kind")?,
        debit: word(row, "debit")?,
        credit: word(row, "credit")?,
        amount: money(row, "amount_minor")?,
        order: row.get("order_id")?,
        payment: row.get("payment_id")?,
    };
    Ok(Entry {
        id: row.get("id")?,
        at: row.get("made_at")?,
        phase: word(row, "phase")?,
        hold: row.get("hold_id")?,
        transfer,
    })
}

fn word<T: FromStr<Err = Problem>>(row: &Row, column: &str) -> Result<T, Problem> {
    row.get::<String>(column)?.parse()
}

fn money(row: &Row, column: &str) -> Result<Money, Problem> {
    Ok(Money::new(row.get(column)?, row.get("currency")?))
}

/// Applies a change to a wallet; false if it would take more than is there, and then nothing has changed.
pub(crate) async fn change_wallet(
    conn: &mut Conn,
    currency: Currency,
    change: WalletChange,
) -> Result<bool, Problem> {
    if change.balance_delta > 0 && change.held_delta == 0 {
        return fill_wallet(conn, currency, change.account, change.balance_delta).await.map(|()| true);
    }
    let rows = sql!(
        "UPDATE ledger_wallet SET balance_minor = balance_minor + $1, held_minor = held_minor + $2
         WHERE account_id = $3 AND currency = $4
           AND held_minor + $2 >= 0 AND balance_minor + $1 >= held_minor + $2"
    )
    .bind(change.balance_delta)
    .bind(change.held_delta)
    .bind(change.account)
    .bind(currency)
    .run(conn)
    .await?;
    Ok(rows == 1)
}

async fn fill_wallet(
    conn: &mut Conn,
    currency: Currency,
    account: Id<Account>,
    minor: i64,
) -> Result<(), Problem> {
    sql!(
        "INSERT INTO ledger_wallet (account_id, currency, balance_minor, held_minor) VALUES ($1, $2, $3, 0)
         ON CONFLICT (account_id, currency)
         DO UPDATE SET balance_minor = ledger_wallet.balance_minor + excluded.balance_minor"
    )
    .bind(account)
    .bind(currency)
    .bind(minor)
    .run(conn)
    .await
    .map(drop)
}

pub(crate) async fn wallet(
    conn: &mut Conn,
    account: Id<Account>,
    currency: Currency,
) -> Result<Option<Wallet>, Problem> {
    sql!(
        "SELECT currency, balance_minor, held_minor FROM ledger_wallet WHERE account_id = $1 AND currency = $2"
    )
    .bind(account)
    .bind(currency)
    .optional(conn)
    .await?
    .as_ref()
    .map(wallet_row)
    .transpose()
}

pub(crate) async fn wallets(conn: &mut Conn, account: Id<Account>) -> Result<Vec<Wallet>, Problem> {
    sql!(
        "SELECT currency, balance_minor, held_minor FROM ledger_wallet WHERE account_id = $1
         ORDER BY balance_minor DESC, currency LIMIT 200"
    )
    .bind(account)
    .all(conn)
    .await?
    .iter()
    .map(wallet_row)
    .collect()
}

fn wallet_row(row: &Row) -> Result<Wallet, Problem> {
    Ok(Wallet { balance: money(row, "balance_minor")?, held: money(row, "held_minor")? })
}

/// The rows that touch a wallet, newest first, before `before`.
pub(crate) async fn wallet_entries(
    conn: &mut Conn,
    book: &Book,
    before: (Timestamp, String),
    limit: u32,
) -> Result<Vec<Entry>, Problem> {
    sql!(
        "SELECT id, reference, kind, phase, hold_id, debit, credit, currency, amount_minor, order_id, payment_id, made_at
         FROM ledger_transfer
         WHERE (debit = $1 OR credit = $1) AND phase IN ('posted', 'hold_posted') AND (made_at < $2 OR (made_at = $2 AND id < $3))
         ORDER BY made_at DESC, id DESC LIMIT $4"
    )
    .bind(book.to_string())
    .bind(before.0)
    .bind(before.1)
    .bind(limit)
    .all(conn)
    .await?
    .iter()
    .map(entry)
    .collect()
}

/// All rows of an order, oldest first.
pub(crate) async fn of_order(conn: &mut Conn, order: Id<Order>) -> Result<Vec<Entry>, Problem> {
    sql!(
        "SELECT id, reference, kind, phase, hold_id, debit, credit, currency, amount_minor, order_id, payment_id, made_at
         FROM ledger_transfer WHERE order_id = $1 ORDER BY made_at, id LIMIT 1000"
    )
    .bind(order)
    .all(conn)
    .await?
    .iter()
    .map(entry)
    .collect()
}

/// The sum of rows that are alike.
pub(crate) struct Sum {
    pub(crate) order: Option<Id<Order>>,
    pub(crate) phase: Phase,
    pub(crate) debit: Book,
    pub(crate) credit: Book,
    pub(crate) amount: Money,
}

fn sum(row: &Row) -> Result<Sum, Problem> {
    Ok(Sum {
        order: row.get("order_id")?,
        phase: word(row, "phase")?,
        debit: word(row, "debit")?,
        credit: word(row, "credit")?,
        amount: money(row, "amount_minor")?,
    })
}

/// Sums per order after `after`, of at least `limit` groups unless these are all; the last order may be cut.
pub(crate) async fn order_sums(conn: &mut Conn, after: &str, limit: u32) -> Result<Vec<Sum>, Problem> {
    sql!(
        "SELECT order_id, phase, debit, credit, currency, CAST(SUM(amount_minor) AS BIGINT) AS amount_minor
         FROM ledger_transfer WHERE order_id > $1
         GROUP BY order_id, phase, debit, credit, currency
         ORDER BY order_id LIMIT $2"
    )
    .bind(after)
    .bind(limit)
    .all(conn)
    .await?
    .iter()
    .map(sum)
    .collect()
}

/// A movement's total between two books whose wallets are taken together.
pub(crate) struct Flow {
    pub(crate) phase: Phase,
    pub(crate) book: String,
    pub(crate) amount: Money,
    pub(crate) credit: bool,
    /// What it is of a provider's settlement, if it is that.
    pub(crate) settles: Option<Kind>,
}

/// What every book was debited and credited, after `after` (a book) in the order of their texts.
pub(crate) async fn book_sums(conn: &mut Conn) -> Result<Vec<Flow>, Problem> {
    let debits = sql!(
        "SELECT debit AS book, phase, currency, CAST(SUM(amount_minor) AS BIGINT) AS amount_minor,
           CASE WHEN kind IN ('provider_fee', 'payout', 'exchange') THEN kind END AS settles
         FROM ledger_transfer GROUP BY debit, phase, currency, settles"
    )
    .all(conn)
    .await?;
    let credits = sql!(
        "SELECT credit AS book, phase, currency, CAST(SUM(amount_minor) AS BIGINT) AS amount_minor,
           CASE WHEN kind IN ('provider_fee', 'payout', 'exchange') THEN kind END AS settles
         FROM ledger_transfer GROUP BY credit, phase, currency, settles"
    )
    .all(conn)
    .await?;
    let tagged = debits.iter().map(|row| (row, false)).chain(credits.iter().map(|row| (row, true)));
    tagged.map(|(row, credit)| flow(row, credit)).collect()
}

fn flow(row: &Row, credit: bool) -> Result<Flow, Problem> {
    Ok(Flow {
        phase: word(row, "phase")?,
        book: row.get("book")?,
        amount: money(row, "amount_minor")?,
        credit,
        settles: row.get::<Option<String>>("settles")?.map(|kind| kind.parse()).transpose()?,
    })
}

/// What a book holds of one order's or payment's money, and may not.
pub(crate) struct Uneven {
    /// The order; the payment, if there is no order; empty if there is neither.
    pub(crate) subject: String,
    pub(crate) book: String,
    pub(crate) currency: Currency,
    /// Credits less debits.
    pub(crate) minor: i64,
}

/// Books that, of one order's or payment's money, owe less than nothing, or through which more went back than came; and
/// all that is in any book but wallets for no order and no payment. What providers settle with us is left out: it is beside
/// their bills that it is looked at.
pub(crate) async fn uneven_books(conn: &mut Conn, limit: u32) -> Result<Vec<Uneven>, Problem> {
    let rows = sql!(
        "SELECT subject, book, currency, CAST(SUM(minor) AS BIGINT) AS minor FROM (
           SELECT COALESCE(order_id, payment_id, '') AS subject, credit AS book, currency, amount_minor AS minor
             FROM ledger_transfer
             WHERE phase IN ('posted', 'hold_posted') AND kind NOT IN ('provider_fee', 'payout', 'exchange')
           UNION ALL
           SELECT COALESCE(order_id, payment_id, '') AS subject, debit AS book, currency, -amount_minor AS minor
             FROM ledger_transfer
             WHERE phase IN ('posted', 'hold_posted') AND kind NOT IN ('provider_fee', 'payout', 'exchange')
         ) AS moved
         WHERE substr(book, 1, 7) <> 'wallet:' AND book <> 'goodwill'
         GROUP BY subject, book, currency
         HAVING (subject = '' AND SUM(minor) <> 0)
           OR ((substr(book, 1, 9) = 'clearing:' OR book = 'losses') AND SUM(minor) > 0)
           OR (substr(book, 1, 9) <> 'clearing:' AND book <> 'losses' AND SUM(minor) < 0)
         ORDER BY subject, book, currency LIMIT $1"
    )
    .bind(limit)
    .all(conn)
    .await?;
    let uneven = |row: &Row| {
        let (subject, book, currency) = (row.get("subject")?, row.get("book")?, row.get("currency")?);
        Ok(Uneven { subject, book, currency, minor: row.get("minor")? })
    };
    rows.iter().map(uneven).collect()
}

/// Wallets that were credited by no payment, no order and no gift of ours, with the row's reference.
pub(crate) async fn unexplained_credits(
    conn: &mut Conn,
    limit: u32,
) -> Result<Vec<(String, String)>, Problem> {
    sql!(
        "SELECT credit, reference FROM ledger_transfer
         WHERE substr(credit, 1, 7) = 'wallet:' AND phase IN ('posted', 'hold_posted') AND debit <> 'goodwill'
           AND ((payment_id IS NULL AND order_id IS NULL)
             OR (substr(debit, 1, 9) <> 'clearing:' AND debit NOT IN ('deferred', 'revenue', 'disputed')))
         ORDER BY id LIMIT $1"
    )
    .bind(limit)
    .all(conn)
    .await?
    .iter()
    .map(|row| Ok((row.get("credit")?, row.get("reference")?)))
    .collect()
}

/// Every wallet row, a page at a time, in the order of account and currency.
pub(crate) async fn wallet_rows(
    conn: &mut Conn,
    after: (&str, &str),
    limit: u32,
) -> Result<Vec<(Id<Account>, Wallet)>, Problem> {
    sql!(
        "SELECT account_id, currency, balance_minor, held_minor FROM ledger_wallet
         WHERE account_id > $1 OR (account_id = $1 AND currency > $2)
         ORDER BY account_id, currency LIMIT $3"
    )
    .bind(after.0)
    .bind(after.1)
    .bind(limit)
    .all(conn)
    .await?
    .iter()
    .map(|row| Ok((row.get("account_id")?, wallet_row(row)?)))
    .collect()
}
