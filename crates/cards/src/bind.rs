//! Binding a card to an account.

use accounts::{Act, Guards, Origin, Who};
use basis::{Env, Id, Problem, SecretKey};
use store::{
    Conn, Db,
    audit::{self, Entry},
    in_tx,
    jobs::{self, NewJob},
};
use subtle::ConstantTimeEq;

use crate::{
    Line,
    lines::LINE_OPEN,
    rows::{self, Candidate},
    rules::{self, Number, NumberKind},
};

/// What someone gives to bind a card.
#[derive(Clone, Copy)]
pub struct BindInput<'a> {
    /// Its serial, EID or ICCID, as typed.
    pub number: &'a str,
    /// The bind code, as typed; empty or absent for a secret serial.
    pub bind_code: Option<&'a str>,
}

/// Makes a card the account's: its line and its pool in one transaction, and a job that opens the pool. Binding one's
/// own card again gives the same line.
///
/// # Errors
/// Invalid at `number` or `bind_code` for what is wrong with the form of the input alone. Whatever else stands
/// against it (no such card, wrong code, someone else's) is one and the same `cards-not-bound`, after the same work.
/// TooMany per account, address, card and in all.
pub async fn bind_card(
    db: &Db,
    env: &Env,
    guards: &Guards,
    origin: &Origin,
    account: Id<basis::Account>,
    input: BindInput<'_>,
) -> Result<Line, Problem> {
    let code = rules::read_bind_code(input.bind_code.unwrap_or_default())?;
    let number = rules::read_number(input.number, code.is_some())?;
    if code.is_none() && number.kind != NumberKind::Secret {
        return Err(Problem::invalid("cards-code-missing").at("bind_code"));
    }
    let name = account.to_string();
    let whom = [Who::All, Who::Address(origin.ip), Who::Account(&name), Who::Card(number.counted_as())];
    guards.limits.count(env.now(), Act::Bind, &whom)?;
    let found = find(&mut db.read().await?, &guards.key, account, &number, code.as_deref()).await?;
    let card = found.ok_or_else(|| not_bound(&number))?;
    let line = in_tx!(db, |tx| { bind(tx, env, account, card).await })?;
    let line = line.ok_or_else(|| not_bound(&number))?;
    for who in whom {
        guards.limits.forgive(Act::Bind, who);
    }
    Ok(line)
}

/// The one answer; a doubtful check digit of what was typed is a hint that tells nothing about the inventory.
fn not_bound(number: &Number) -> Problem {
    match number.kind {
        NumberKind::Iccid { luhn: false } => Problem::invalid("cards-not-bound-luhn").at("number"),
        _ => Problem::invalid("cards-not-bound").at("number"),
    }
}

/// The card that these name and that may become this account's. Every refusal has done the same work: one look-up,
/// and a MAC for each of four candidates, real or not.
async fn find(
    conn: &mut Conn,
    key: &SecretKey,
    account: Id<basis::Account>,
    number: &Number,
    code: Option<&str>,
) -> Result<Option<Id<basis::Card>>, Problem> {
    let mac = rules::serial_mac(key, &number.text);
    let found = rows::candidates(conn, &mac, number).await?;
    let nobody = std::iter::repeat_with(Candidate::nobody);
    let mut chosen = None;
    for candidate in found.into_iter().chain(nobody).take(rows::CANDIDATES_MOST) {
        let proved = is_proved(key, &candidate, number, code);
        let free = candidate.account.is_none_or(|owner| owner == account);
        if proved && free && chosen.is_none() {
            chosen = candidate.id;
        }
    }
    Ok(chosen)
}

/// True if a secret serial or the right bind code shows that the card is in the asker's hand.
fn is_proved(key: &SecretKey, candidate: &Candidate, number: &Number, code: Option<&str>) -> bool {
    let id = candidate.id.unwrap_or(Id::from_u128(0));
    let given = rules::bind_mac(key, id, code.unwrap_or_default());
    let wanted = candidate.bind_mac.unwrap_or_default();
    let by_code = bool::from(given.ct_eq(&wanted)) && candidate.bind_mac.is_some() && code.is_some();
    let by_serial = candidate.serial_alone && candidate.by_serial && number.kind == NumberKind::Secret;
    by_code || by_serial
}

/// Takes the card if it is free; of two at the same moment the update lets one through.
async fn bind(
    tx: &mut Conn,
    env: &Env,
    account: Id<basis::Account>,
    card: Id<basis::Card>,
) -> Result<Option<Line>, Problem> {
    if !rows::take_card(tx, env.now(), card, account).await? {
        return rows::line_of_card(tx, account, card).await;
    }
    let (line, pool) = (env.new_id(), env.new_id());
    rows::insert_pool(tx, env.now(), pool, account).await?;
    rows::insert_line(tx, env.now(), line, account, card, pool).await?;
    let job = NewJob { kind: LINE_OPEN, key: line.to_string(), payload: &line, run_at: env.now() };
    jobs::enqueue(tx, env, job).await?;
    let (actor, subject) = (format!("account:{account}"), card.to_string());
    let entry = Entry { actor: &actor, action: "card.bind", subject: &subject, detail: line };
    audit::record(tx, env, entry).await?;
    rows::line_of_card(tx, account, card).await
}
