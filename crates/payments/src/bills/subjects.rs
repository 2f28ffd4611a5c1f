//! What lines of bills are about, and what our own books say of it.

use basis::{Env, Id, Money, Payment as PaymentKind, Problem};
use store::Conn;

use super::{lines, table};
use crate::disputes;
use crate::facts::BillLine;
use crate::refunds;
use crate::rows;
use crate::rules::{BillKind, DisputeState, Refund, RefundState, refund_of_reference};

/// What lines of one kind are about together: a capture, a refund, the disputes of a payment, or nothing of ours.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Subject {
    pub(super) provider: String,
    pub(super) kind: BillKind,
    /// The provider's name for the capture, our name for the refund or the payment; else the line's own.
    pub(super) name: String,
}

impl Subject {
    pub(super) fn of(provider: &str, line: &BillLine) -> Self {
        let name = match line.kind {
            BillKind::Payment => line.provider_ref.clone(),
            BillKind::Refund => match refund_of_reference(&line.reference) {
                Some(refund) => refund.to_string(),
                None => line.provider_ref.clone(),
            },
            BillKind::Dispute if !line.reference.is_empty() => line.reference.clone(),
            _ => line.line_ref.clone(),
        };
        Self { provider: provider.to_owned(), kind: line.kind, name }
    }
}

/// How a subject stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Bills and books say the same.
    Agrees,
    /// It is not decided yet: both may still be right.
    Waits,
    /// They say different things.
    Differs {
        /// Whose it is, if it is one of ours.
        payment: Option<Id<PaymentKind>>,
        /// For a person.
        what: String,
    },
}

/// What our books say of a subject.
struct Ours {
    payment: Id<PaymentKind>,
    /// What moved between payer and provider; negative is back to the payer.
    moved: Money,
    /// What may have moved already, while the provider has not told us how it ended.
    perhaps: Option<Money>,
}

/// Compares a subject's lines with our books, and books what the provider kept of what is ours.
pub(super) async fn settle(conn: &mut Conn, env: &Env, subject: &Subject) -> Result<Verdict, Problem> {
    if matches!(subject.kind, BillKind::Payout | BillKind::Fee | BillKind::Exchange) {
        lines::book(conn, env, subject, None).await?;
        table::set_agreed(conn, subject).await?;
        return Ok(Verdict::Agrees);
    }
    let told = table::told(conn, subject).await?;
    let Some(ours) = ours(conn, subject).await? else {
        let what = format!("{} tells of {}, which is not in our books", subject.provider, written(&told));
        return Ok(Verdict::Differs { payment: named_payment(conn, subject).await?, what });
    };
    lines::book(conn, env, subject, Some(ours.payment)).await?;
    let verdict = compare(subject, &told, &ours);
    if verdict == Verdict::Agrees {
        table::set_agreed(conn, subject).await?;
    }
    Ok(verdict)
}

fn compare(subject: &Subject, told: &[Money], ours: &Ours) -> Verdict {
    let is_told = |amount: Money| match told {
        [] => amount.is_zero(),
        [one] => *one == amount,
        _ => false,
    };
    if ours.perhaps.is_some_and(|perhaps| is_told(perhaps) || told.is_empty()) {
        return Verdict::Waits;
    }
    if is_told(ours.moved) {
        return Verdict::Agrees;
    }
    let (there, here) = (written(told), written(&[ours.moved]));
    let what = format!("{there} in the bills of {}, {here} in our books", subject.provider);
    Verdict::Differs { payment: Some(ours.payment), what }
}

/// The payment that the provider recorded with it, if it is ours.
async fn named_payment(conn: &mut Conn, subject: &Subject) -> Result<Option<Id<PaymentKind>>, Problem> {
    let Ok(payment) = table::reference(conn, subject).await?.parse() else { return Ok(None) };
    Ok(rows::find(conn, payment).await?.map(|payment| payment.id))
}

fn written(amounts: &[Money]) -> String {
    let one = |amount: &Money| format!("{} {}", amount.to_decimal(), amount.currency);
    if amounts.is_empty() {
        "nothing".to_owned()
    } else {
        amounts.iter().map(one).collect::<Vec<_>>().join(" and ")
    }
}

async fn ours(conn: &mut Conn, subject: &Subject) -> Result<Option<Ours>, Problem> {
    match subject.kind {
        BillKind::Payment => of_capture(conn, subject).await,
        BillKind::Refund => of_refund(conn, subject).await,
        BillKind::Dispute => of_disputes(conn, subject).await,
        BillKind::Payout | BillKind::Fee | BillKind::Exchange | BillKind::Other => Ok(None),
    }
}

async fn of_capture(conn: &mut Conn, subject: &Subject) -> Result<Option<Ours>, Problem> {
    let owned = rows::capture_of(conn, &subject.provider, &subject.name).await?;
    Ok(owned.map(|owned| Ours { payment: owned.payment, moved: owned.capture.amount, perhaps: None }))
}

async fn of_refund(conn: &mut Conn, subject: &Subject) -> Result<Option<Ours>, Problem> {
    let refund = match subject.name.parse() {
        Ok(id) => refunds::find_of_provider(conn, &subject.provider, id).await?,
        Err(_) => refunds::find_by_ref(conn, &subject.provider, &subject.name).await?,
    };
    let Some(refund) = refund else { return Ok(None) };
    let (zero, back) = (Money::zero(refund.amount.currency), negative(refund.amount)?);
    let (moved, perhaps) = match refund.state {
        RefundState::Succeeded if is_by_dispute(conn, &refund).await? => (zero, None),
        RefundState::Succeeded => (back, None),
        RefundState::Failed => (zero, None),
        RefundState::Queued | RefundState::Sending | RefundState::Pending => (zero, Some(back)),
    };
    Ok(Some(Ours { payment: refund.payment, moved, perhaps }))
}

/// What a dispute took back instead of a refund stands in the bills as the dispute's.
async fn is_by_dispute(conn: &mut Conn, refund: &Refund) -> Result<bool, Problem> {
    let disputes = disputes::disputes(conn, refund.payment).await?;
    Ok(disputes.iter().any(|one| refund.provider_ref.as_ref() == Some(&one.reference)))
}

/// A provider draws what is contested at once, or only when it is lost.
async fn of_disputes(conn: &mut Conn, subject: &Subject) -> Result<Option<Ours>, Problem> {
    let Ok(payment) = subject.name.parse() else { return Ok(None) };
    let payment = rows::find(conn, payment).await?.filter(|payment| payment.provider == subject.provider);
    let Some(payment) = payment else { return Ok(None) };
    let all = disputes::disputes(conn, payment.id).await?;
    let zero = Money::zero(all.first().map_or(payment.amount, |first| first.amount).currency);
    let sum = |state| {
        let of_state = all.iter().filter(|dispute| dispute.state == state).map(|dispute| dispute.amount);
        of_state.into_iter().try_fold(zero, Money::plus)
    };
    let (lost, open) = (sum(DisputeState::Lost)?, sum(DisputeState::Open)?);
    let moved = negative(lost)?;
    let perhaps = if open.is_zero() { None } else { Some(moved.minus(open)?) };
    Ok(Some(Ours { payment: payment.id, moved, perhaps }))
}

fn negative(amount: Money) -> Result<Money, Problem> {
    Money::zero(amount.currency).minus(amount)
}
