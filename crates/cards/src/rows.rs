//! The tables `card`, `line` and `pool`, and every statement on them.

use basis::{Card, Id, Pool, Problem, SecretKey, Timestamp};
use store::{Conn, Row, sql};

use crate::{
    Line, LineMove,
    csv_file::NewCard,
    rules::{self, Number, NumberKind},
};

type AccountId = Id<basis::Account>;
type LineId = Id<basis::Line>;

/// How many cards one number may name: three prints of an ICCID, and a serial that looks like one.
pub(crate) const CANDIDATES_MOST: usize = 4;

/// A card that a number may mean.
pub(crate) struct Candidate {
    pub(crate) id: Option<Id<Card>>,
    pub(crate) account: Option<AccountId>,
    pub(crate) bind_mac: Option<[u8; 32]>,
    pub(crate) serial_alone: bool,
    /// It was found by its serial.
    pub(crate) by_serial: bool,
}

impl Candidate {
    /// No card at all, to do the same work for.
    pub(crate) const fn nobody() -> Self {
        Self { id: None, account: None, bind_mac: None, serial_alone: false, by_serial: false }
    }
}

/// Adds a card; false if one of its names is taken.
pub(crate) async fn insert_card(
    conn: &mut Conn,
    now: Timestamp,
    key: &SecretKey,
    id: Id<Card>,
    card: &NewCard,
) -> Result<bool, Problem> {
    let bind_mac = card.bind_code.as_deref().map(|code| rules::bind_mac(key, id, code));
    let added = sql!(
        "INSERT INTO card (id, serial_mac, serial_alone, bind_mac, eid, iccid, imsi, msisdn, carrier, \
         activation_code, batch, order_ref, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING"
    )
    .bind(id)
    .bind(rules::serial_mac(key, &card.serial))
    .bind(i64::from(card.serial_alone))
    .bind(bind_mac)
    .bind(card.eid.as_str())
    .bind(card.iccid.as_str())
    .bind(card.imsi.as_str())
    .bind(card.msisdn.as_deref())
    .bind(card.carrier.as_str())
    .bind(card.activation_code.as_deref())
    .bind(card.batch.as_str())
    .bind(card.order_ref.as_str())
    .bind(now)
    .run(conn)
    .await?;
    Ok(added == 1)
}

/// Which name of a card is in the inventory already.
pub(crate) async fn known_by(
    conn: &mut Conn,
    serial_mac: &[u8; 32],
    card: &NewCard,
) -> Result<Option<&'static str>, Problem> {
    let found = sql!(
        "SELECT serial_mac, eid, iccid, imsi FROM card \
         WHERE serial_mac = $1 OR eid = $2 OR iccid = $3 OR imsi = $4 OR msisdn = $5 LIMIT 1"
    )
    .bind(*serial_mac)
    .bind(card.eid.as_str())
    .bind(card.iccid.as_str())
    .bind(card.imsi.as_str())
    .bind(card.msisdn.as_deref())
    .optional(conn)
    .await?;
    let Some(row) = found else { return Ok(None) };
    let is = |column: &str, value: &str| row.get::<String>(column).map(|known| known == value);
    Ok(Some(match () {
        () if row.get::<[u8; 32]>("serial_mac")? == *serial_mac => "serial",
        () if is("eid", &card.eid)? => "eid",
        () if is("iccid", &card.iccid)? => "iccid",
        () if is("imsi", &card.imsi)? => "imsi",
        () => "msisdn",
    }))
}

/// The cards that a number may mean, the one that it names literally first.
pub(crate) async fn candidates(
    conn: &mut Conn,
    serial_mac: &[u8; 32],
    number: &Number,
) -> Result<Vec<Candidate>, Problem> {
    let eid = if number.kind == NumberKind::Eid { number.text.as_str() } else { "" };
    let [iccid, longer, shorter] = number.iccids();
    sql!(
        "SELECT id, account, bind_mac, serial_mac, serial_alone FROM card \
         WHERE serial_mac = $1 OR eid = $2 OR iccid = $3 OR iccid = $4 OR iccid = $5 \
         ORDER BY CASE WHEN iccid = $3 THEN 0 ELSE 1 END, id LIMIT 4"
    )
    .bind(*serial_mac)
    .bind(eid)
    .bind(iccid)
    .bind(longer)
    .bind(shorter)
    .all(conn)
    .await?
    .iter()
    .map(|row| {
        Ok(Candidate {
            id: Some(row.get("id")?),
            account: row.get("account")?,
            bind_mac: row.get("bind_mac")?,
            serial_alone: row.get::<i64>("serial_alone")? == 1,
            by_serial: row.get::<[u8; 32]>("serial_mac")? == *serial_mac,
        })
    })
    .collect()
}

/// Makes a free card the account's; false if it is anyone's already.
pub(crate) async fn take_card(
    conn: &mut Conn,
    now: Timestamp,
    id: Id<Card>,
    account: AccountId,
) -> Result<bool, Problem> {
    let taken = sql!("UPDATE card SET account = $2, bound_at = $3 WHERE id = $1 AND account IS NULL")
        .bind(id)
        .bind(account)
        .bind(now)
        .run(conn)
        .await?;
    Ok(taken == 1)
}

pub(crate) async fn insert_pool(
    conn: &mut Conn,
    now: Timestamp,
    id: Id<Pool>,
    owner: AccountId,
) -> Result<(), Problem> {
    sql!("INSERT INTO pool (id, owner, created_at) VALUES ($1, $2, $3)")
        .bind(id)
        .bind(owner)
        .bind(now)
        .run(conn)
        .await
        .map(drop)
}

pub(crate) async fn insert_line(
    conn: &mut Conn,
    now: Timestamp,
    id: LineId,
    account: AccountId,
    card: Id<Card>,
    pool: Id<Pool>,
) -> Result<(), Problem> {
    sql!("INSERT INTO line (id, account, card, pool, label, created_at) VALUES ($1, $2, $3, $4, '', $5)")
        .bind(id)
        .bind(account)
        .bind(card)
        .bind(pool)
        .bind(now)
        .run(conn)
        .await
        .map(drop)
}

pub(crate) async fn line(conn: &mut Conn, id: LineId) -> Result<Option<Line>, Problem> {
    sql!(
        "SELECT l.id, l.account, l.card, l.pool, l.label, l.created_at, l.opened_at, l.moves_to, c.iccid, c.eid, c.imsi, c.msisdn, \
         c.carrier, c.activation_code FROM line l JOIN card c ON c.id = l.card WHERE l.id = $1"
    )
    .bind(id)
    .optional(conn)
    .await?
    .as_ref()
    .map(line_row)
    .transpose()
}

pub(crate) async fn line_of_card(
    conn: &mut Conn,
    account: AccountId,
    card: Id<Card>,
) -> Result<Option<Line>, Problem> {
    sql!(
        "SELECT l.id, l.account, l.card, l.pool, l.label, l.created_at, l.opened_at, l.moves_to, c.iccid, c.eid, c.imsi, c.msisdn, \
         c.carrier, c.activation_code FROM line l JOIN card c ON c.id = l.card WHERE l.card = $1 AND l.account = $2"
    )
    .bind(card)
    .bind(account)
    .optional(conn)
    .await?
    .as_ref()
    .map(line_row)
    .transpose()
}

pub(crate) async fn lines_of(conn: &mut Conn, account: AccountId) -> Result<Vec<Line>, Problem> {
    sql!(
        "SELECT l.id, l.account, l.card, l.pool, l.label, l.created_at, l.opened_at, l.moves_to, c.iccid, c.eid, c.imsi, c.msisdn, \
         c.carrier, c.activation_code FROM line l JOIN card c ON c.id = l.card WHERE l.account = $1 \
         ORDER BY l.created_at, l.id LIMIT 200"
    )
    .bind(account)
    .all(conn)
    .await?
    .iter()
    .map(line_row)
    .collect()
}

/// Gives a line another name; false if the account has no such line.
pub(crate) async fn rename_line(
    conn: &mut Conn,
    account: AccountId,
    id: LineId,
    label: &str,
) -> Result<bool, Problem> {
    let renamed = sql!("UPDATE line SET label = $3 WHERE id = $1 AND account = $2")
        .bind(id)
        .bind(account)
        .bind(label)
        .run(conn)
        .await?;
    Ok(renamed == 1)
}

pub(crate) async fn note_opened(conn: &mut Conn, now: Timestamp, id: LineId) -> Result<(), Problem> {
    sql!("UPDATE line SET opened_at = $2 WHERE id = $1 AND opened_at IS NULL")
        .bind(id)
        .bind(now)
        .run(conn)
        .await
        .map(drop)
}

/// Puts a line that rests in its open pool on its way.
pub(crate) async fn set_moving(conn: &mut Conn, step: LineMove) -> Result<bool, Problem> {
    let begun = sql!(
        "UPDATE line SET move_id = $2, moves_to = $4 \
         WHERE id = $1 AND pool = $3 AND move_id IS NULL AND opened_at IS NOT NULL"
    )
    .bind(step.line)
    .bind(step.id)
    .bind(step.from)
    .bind(step.to)
    .run(conn)
    .await?;
    Ok(begun == 1)
}

/// The end of this very move.
pub(crate) async fn set_moved(conn: &mut Conn, step: LineMove) -> Result<bool, Problem> {
    let ended =
        sql!("UPDATE line SET pool = $3, move_id = NULL, moves_to = NULL WHERE id = $1 AND move_id = $2")
            .bind(step.line)
            .bind(step.id)
            .bind(step.to)
            .run(conn)
            .await?;
    Ok(ended == 1)
}

/// Touches the row of a line that rests.
pub(crate) async fn hold_still(conn: &mut Conn, id: LineId) -> Result<bool, Problem> {
    let held =
        sql!("UPDATE line SET pool = pool WHERE id = $1 AND move_id IS NULL").bind(id).run(conn).await?;
    Ok(held == 1)
}

fn line_row(row: &Row) -> Result<Line, Problem> {
    Ok(Line {
        id: row.get("id")?,
        account: row.get("account")?,
        card: row.get("card")?,
        pool: row.get("pool")?,
        label: row.get("label")?,
        iccid: row.get("iccid")?,
        eid: row.get("eid")?,
        imsi: row.get("imsi")?,
        msisdn: row.get("msisdn")?,
        carrier: row.get("carrier")?,
        activation_code: row.get("activation_code")?,
        bound_at: row.get("created_at")?,
        opened_at: row.get("opened_at")?,
        moves_to: row.get("moves_to")?,
    })
}
