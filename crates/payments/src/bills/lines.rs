//! Taking a bill's lines in: each once, with what it moves of what the provider holds for us.

use std::collections::BTreeSet;

use basis::{Env, Id, Money, Payment as PaymentKind, Problem};
use ledger::{Book, Kind, NewTransfer};
use store::Conn;

use super::days::BillDay;
use super::subjects::{self, Subject};
use super::{review, table};
use crate::facts::BillLine;
use crate::rules::BillKind;

/// Takes lines in that follow each other. A line that was taken before changes nothing.
pub(super) async fn take(
    conn: &mut Conn,
    env: &Env,
    day: &BillDay,
    lines: &[BillLine],
) -> Result<(), Problem> {
    let mut touched = BTreeSet::new();
    for line in lines {
        let subject = Subject::of(&day.provider, line);
        if table::insert(conn, day, &subject, line).await? {
            touched.insert(subject);
        } else if !table::is_same(conn, &day.provider, line).await? {
            let what = format!("{line:?} was told otherwise before");
            review::flag_line(conn, &day.provider, &line.line_ref, &what, env.now()).await?;
        }
    }
    for subject in &touched {
        subjects::settle(conn, env, subject).await?;
    }
    Ok(())
}

/// Books what the lines of a subject moved of what the provider holds, once for each.
pub(super) async fn book(
    conn: &mut Conn,
    env: &Env,
    subject: &Subject,
    payment: Option<Id<PaymentKind>>,
) -> Result<(), Problem> {
    for line in table::unbooked(conn, subject).await? {
        for transfer in transfers(&subject.provider, &line)? {
            ledger::post(conn, env, NewTransfer { payment, ..transfer }).await?;
        }
        table::set_booked(conn, &subject.provider, &line.line_ref).await?;
    }
    Ok(())
}

/// What was captured, refunded or lost is booked by itself; these are the rest.
fn transfers(provider: &str, line: &table::Known) -> Result<Vec<NewTransfer>, Problem> {
    let kept = gone(provider, line, "fee", Kind::ProviderFee, Book::Fees, line.fee)?;
    let less = |amount: Money| Money::zero(amount.currency).minus(amount);
    let moved = match line.kind {
        BillKind::Payout => {
            vec![gone(provider, line, "payout", Kind::Payout, Book::Bank, less(line.settled)?)?]
        }
        BillKind::Exchange => {
            vec![gone(provider, line, "exchange", Kind::Exchange, Book::Exchange, less(line.settled)?)?]
        }
        _ if line.gross.currency != line.settled.currency => vec![
            gone(provider, line, "exchange:from", Kind::Exchange, Book::Exchange, line.gross)?,
            gone(provider, line, "exchange:to", Kind::Exchange, Book::Exchange, less(line.settled)?)?,
        ],
        _ => Vec::new(),
    };
    Ok(moved.into_iter().flatten().chain(kept).collect())
}

/// So much less at the provider, and so much more in `book`; the other way round if it is below nothing.
fn gone(
    provider: &str,
    line: &table::Known,
    what: &str,
    kind: Kind,
    book: Book,
    amount: Money,
) -> Result<Option<NewTransfer>, Problem> {
    if amount.is_zero() {
        return Ok(None);
    }
    let (held, zero) = (Book::Clearing(provider.to_owned()), Money::zero(amount.currency));
    let (debit, credit, amount) =
        if amount.is_positive() { (book, held, amount) } else { (held, book, zero.minus(amount)?) };
    let reference = format!("bill:{provider}:{}:{what}", line.line_ref);
    Ok(Some(NewTransfer::new(reference, kind, debit, credit, amount)))
}

#[cfg(test)]
mod tests {
    use basis::Currency;

    use super::*;

    fn moved(kind: BillKind, gross: Money, settled: Money, fee: i64) -> Vec<String> {
        let fee = Money::new(fee, settled.currency);
        let line = table::Known { line_ref: "txn_1".into(), kind, gross, settled, fee };
        let told = |new: NewTransfer| format!("{} > {} {:?}", new.debit, new.credit, new.amount.minor);
        transfers("stripe", &line).unwrap().into_iter().map(told).collect()
    }

    #[test]
    fn what_is_settled_in_another_currency_is_changed_on_its_way() {
        let (yuan, dollars) = (Money::new(7200, Currency::CNY), Money::new(1000, Currency::USD));
        let came = [
            "exchange > clearing:stripe 7200",
            "clearing:stripe > exchange 1000",
            "fees > clearing:stripe 59",
        ];
        assert_eq!(moved(BillKind::Payment, yuan, dollars, 59), came);
        let (yuan, dollars) = (Money::new(-7200, Currency::CNY), Money::new(-1000, Currency::USD));
        let went = ["clearing:stripe > exchange 7200", "exchange > clearing:stripe 1000"];
        assert_eq!(moved(BillKind::Refund, yuan, dollars, 0), went);
    }

    #[test]
    fn what_is_paid_out_or_kept_by_itself_leaves_the_provider() {
        let (zero, out) = (Money::zero(Currency::USD), Money::new(-941, Currency::USD));
        assert_eq!(moved(BillKind::Payout, out, out, 0), ["bank > clearing:stripe 941"]);
        let back = Money::new(941, Currency::USD);
        assert_eq!(moved(BillKind::Payout, back, back, 0), ["clearing:stripe > bank 941"]);
        assert_eq!(moved(BillKind::Fee, zero, zero, 200), ["fees > clearing:stripe 200"]);
        assert_eq!(moved(BillKind::Fee, zero, zero, -50), ["clearing:stripe > fees 50"], "given back");
    }
}
