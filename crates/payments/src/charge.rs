//! A payment without its payer.

use basis::{Id, Payment as PaymentKind, Problem, SavedMethod as SavedKind};
use store::Db;

use crate::facts::Facts;
use crate::provider::Providers;
use crate::requests::ChargeRequest;
use crate::{open, saved};

/// Charges an open payment by a method that its payer let us keep, and answers where it stands, to be confirmed. A repeat
/// with the same method charges once.
///
/// # Errors
/// Not found if the method is not the payer's or was removed; conflict `payments-over` if the payment is paid or over,
/// `payments-method-unavailable` if the method is another provider's, `payments-provider-refused`; unavailable
/// `payments-provider-silent`: it may have happened, and the looks at the payment will show it.
pub async fn charge(
    db: &Db,
    providers: &Providers,
    payment: Id<PaymentKind>,
    by: Id<SavedKind>,
) -> Result<Facts, Problem> {
    let mut conn = db.read().await?;
    let payment = open::find(&mut conn, payment).await?;
    let saved = saved::of_payer(&mut conn, payment.account, by).await?;
    drop(conn);
    if !payment.is_open() {
        return Err(Problem::conflict("payments-over"));
    }
    if saved.provider != payment.provider {
        return Err(Problem::conflict("payments-method-unavailable"));
    }
    let request = ChargeRequest {
        payment: payment.id,
        payer: payment.account,
        amount: payment.amount,
        saved: saved.reference,
        description: payment.description,
        return_url: payment.return_url,
        notify_url: providers.notify_url(&payment.provider),
    };
    Ok(providers.of_payment(&payment.provider)?.charge(&request).await?)
}
