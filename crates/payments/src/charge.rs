//! A payment without its payer.

use basis::{Env, Id, Payment as PaymentKind, Problem, SavedMethod as SavedKind};
use store::{Db, in_tx};

use crate::facts::Facts;
use crate::provider::Providers;
use crate::requests::ChargeRequest;
use crate::{open, saved};

/// Charges an open payment by a method that its payer let us keep, and answers where it stands, to be confirmed. A repeat
/// with the same method charges once. That it is about to be charged is written down first.
///
/// # Errors
/// Not found if the method is not the payer's or was removed; conflict `payments-over` if the payment is paid or over,
/// `payments-method-unavailable` if the method is another provider's, `payments-provider-refused`, also for a method that
/// was refused for good before; unavailable `payments-provider-silent`: it may have happened, and the looks at the payment
/// will show it.
pub async fn charge(
    db: &Db,
    env: &Env,
    providers: &Providers,
    payment: Id<PaymentKind>,
    by: Id<SavedKind>,
) -> Result<Facts, Problem> {
    let (payment, saved) = in_tx!(db, |tx| {
        let payment = open::find(tx, payment).await?;
        let saved = saved::take(tx, &payment, by, env.now()).await?;
        Ok((payment, saved))
    })?;
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
