//! Filling the inventory: importing cards, and making secret serials for them.

use basis::{Env, Id, Problem, SecretKey};
use serde_json::json;
use store::{
    Conn, Db,
    audit::{self, Entry},
    in_tx,
};

use crate::{
    csv_file::{self, BadLine, File, NewCard},
    rows, rules, serial,
};

/// How many cards are made at once at most.
const MADE_MOST: u32 = 10_000;

/// What an import did, or would do.
#[derive(Debug, Clone, Default)]
pub struct ImportReport {
    /// How many cards the file has.
    pub cards: usize,
    /// How many were added: all of them, or none.
    pub added: usize,
    /// Why none were added.
    pub bad: Vec<BadLine>,
    /// What is odd but no reason to refuse.
    pub hints: Vec<BadLine>,
}

/// The cards that were made, in the order of the file; or why none were.
#[derive(Debug, Clone, Default)]
pub struct MakeReport {
    /// With their secrets.
    pub made: Vec<MadeCard>,
    /// Why none were made.
    pub bad: Vec<BadLine>,
}

/// A card with the secrets to print on it, which are told this once.
#[derive(Clone, PartialEq, Eq)]
pub struct MadeCard {
    /// Its id.
    pub id: Id<basis::Card>,
    /// The secret serial, in groups; it binds alone.
    pub serial: String,
    /// The bind code, in groups; for EID or ICCID.
    pub bind_code: String,
    /// The EID.
    pub eid: String,
    /// The ICCID.
    pub iccid: String,
    /// The IMSI.
    pub imsi: String,
}

impl std::fmt::Debug for MadeCard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MadeCard").field("id", &self.id).field("eid", &self.eid).finish_non_exhaustive()
    }
}

/// Imports a file of cards: all of them, or none and the reasons. A dry run only looks.
///
/// # Errors
/// Invalid if it is no such file; Conflict `cards-inventory-moved` if another import came between.
pub async fn import(
    db: &Db,
    env: &Env,
    key: &SecretKey,
    actor: &str,
    csv: &[u8],
    dry_run: bool,
) -> Result<ImportReport, Problem> {
    let mut read = csv_file::read(csv, File::Import)?;
    let known = find_known(&mut db.read().await?, key, &read.cards).await?;
    read.bad.extend(known);
    read.bad.sort_by_key(|bad| bad.line);
    let mut report = ImportReport { cards: read.cards.len(), added: 0, bad: read.bad, hints: read.hints };
    if !dry_run && report.bad.is_empty() {
        add(db, env, key, (actor, "cards.import"), &read.cards).await?;
        report.added = read.cards.len();
    }
    Ok(report)
}

/// Makes a secret serial and a bind code for each card of a file that has neither column: for all of them, or for none
/// and the reasons.
///
/// # Errors
/// As [`import`].
pub async fn make(
    db: &Db,
    env: &Env,
    key: &SecretKey,
    actor: &str,
    csv: &[u8],
) -> Result<MakeReport, Problem> {
    let read = csv_file::read(csv, File::Make)?;
    let mut bad = read.bad;
    bad.extend(find_known(&mut db.read().await?, key, &read.cards).await?);
    bad.sort_by_key(|bad| bad.line);
    if !bad.is_empty() {
        return Ok(MakeReport { made: Vec::new(), bad });
    }
    Ok(MakeReport { made: make_all(db, env, key, actor, read.cards).await?, bad })
}

/// Makes so many cards of test ranges (EID 89049032…, ICCID 890001…, IMSI 00101…), for the demo and for tests only:
/// no network of the world knows them.
///
/// # Errors
/// Invalid for more than 10,000.
pub async fn make_test_cards(
    db: &Db,
    env: &Env,
    key: &SecretKey,
    actor: &str,
    count: u32,
) -> Result<Vec<MadeCard>, Problem> {
    if count > MADE_MOST {
        return Err(Problem::invalid("cards-make-many").with("most", MADE_MOST));
    }
    let cards: Option<Vec<NewCard>> = (0..count).map(|_| test_card(env)).collect();
    let cards = cards.ok_or_else(|| Problem::internal("a test card without check digits"))?;
    make_all(db, env, key, actor, cards).await
}

fn test_card(env: &Env) -> Option<NewCard> {
    let random = u128::from_be_bytes(env.random());
    let digits = |modulus: u128, width: usize, shift: u32| format!("{:0width$}", (random >> shift) % modulus);
    Some(NewCard {
        eid: rules::with_eid_check(&format!("89049032{}", digits(10_u128.pow(22), 22, 0)))?,
        iccid: rules::with_luhn_digit(&format!("890001{}", digits(10_u128.pow(13), 13, 40))),
        imsi: format!("00101{}", digits(10_u128.pow(10), 10, 80)),
        carrier: "own".to_owned(),
        batch: "test".to_owned(),
        ..NewCard::default()
    })
}

async fn make_all(
    db: &Db,
    env: &Env,
    key: &SecretKey,
    actor: &str,
    mut cards: Vec<NewCard>,
) -> Result<Vec<MadeCard>, Problem> {
    for card in &mut cards {
        card.serial = serial::new_serial(env);
        card.serial_alone = true;
        card.bind_code = Some(serial::new_bind_code(env));
    }
    let ids = add(db, env, key, (actor, "cards.make"), &cards).await?;
    Ok(cards.into_iter().zip(ids).map(|(card, id)| made(card, id)).collect())
}

fn made(card: NewCard, id: Id<basis::Card>) -> MadeCard {
    MadeCard {
        id,
        serial: serial::grouped(&card.serial),
        bind_code: serial::grouped(&card.bind_code.unwrap_or_default()),
        eid: card.eid,
        iccid: card.iccid,
        imsi: card.imsi,
    }
}

/// Which cards are in the inventory already, by whichever of their names.
async fn find_known(conn: &mut Conn, key: &SecretKey, cards: &[NewCard]) -> Result<Vec<BadLine>, Problem> {
    let mut known = Vec::new();
    for card in cards {
        let mac = rules::serial_mac(key, &card.serial);
        if let Some(column) = rows::known_by(conn, &mac, card).await? {
            known.push(BadLine::new(card.line, column, Problem::invalid("cards-line-known")));
        }
    }
    Ok(known)
}

/// All or none; the unique keys have the last word.
async fn add(
    db: &Db,
    env: &Env,
    key: &SecretKey,
    (actor, action): (&str, &'static str),
    cards: &[NewCard],
) -> Result<Vec<Id<basis::Card>>, Problem> {
    in_tx!(db, |tx| {
        let mut ids = Vec::with_capacity(cards.len());
        for card in cards {
            let id = env.new_id();
            if !rows::insert_card(tx, env.now(), key, id, card).await? {
                return Err(Problem::conflict("cards-inventory-moved"));
            }
            ids.push(id);
        }
        let entry = Entry { actor, action, subject: "inventory", detail: json!({ "cards": cards.len() }) };
        audit::record(tx, env, entry).await?;
        Ok(ids)
    })
}
