//! The texts of the mails of renewals.

use accounts::mail::Letterhead;

use crate::rules::Reason;

const fn letter(subject: &'static str, body: &'static str, button: &'static str) -> Letterhead {
    Letterhead { subject, body, button: Some(button) }
}

const LOOK: &str = "renewals-mail-look-button";
const ORDER: &str = "renewals-mail-order-button";

/// It was turned on.
pub const ON: Letterhead = letter("renewals-mail-on-subject", "renewals-mail-on-body", LOOK);
/// A plan was renewed.
pub const RENEWED: Letterhead = letter("renewals-mail-renewed-subject", "renewals-mail-renewed-body", ORDER);
/// The bank refused for now.
pub const REFUSED: Letterhead = letter("renewals-mail-refused-subject", "renewals-mail-refused-body", LOOK);
/// The wallet has too little.
pub const WALLET_SHORT: Letterhead =
    letter("renewals-mail-short-subject", "renewals-mail-short-body", "renewals-mail-wallet-button");
/// The bank wants its customer.
pub const BANK_WAITS: Letterhead =
    letter("renewals-mail-bank-subject", "renewals-mail-bank-body", "renewals-mail-bank-button");
/// A plan ends, and its person pays by a link.
pub const ASK: Letterhead =
    letter("renewals-mail-ask-subject", "renewals-mail-ask-body", "renewals-mail-ask-button");

/// It renews no more until its person has looked.
pub const fn needs_you(reason: Reason) -> Letterhead {
    let body = match reason {
        Reason::PriceRose => "renewals-mail-price-rose-body",
        Reason::NotSold => "renewals-mail-not-sold-body",
        Reason::Declined => "renewals-mail-declined-body",
        Reason::Failed => "renewals-mail-failed-body",
        Reason::BankWaited => "renewals-mail-bank-waited-body",
        Reason::MethodGone => "renewals-mail-method-gone-body",
        Reason::TooMany => "renewals-mail-too-many-body",
        Reason::OtherPlan => "renewals-mail-other-plan-body",
        Reason::Missed => "renewals-mail-missed-body",
        Reason::Undelivered => "renewals-mail-undelivered-body",
    };
    letter("renewals-mail-needs-you-subject", body, LOOK)
}

/// Every reason that has a mail.
pub const REASONS: [Reason; 10] = [
    Reason::PriceRose,
    Reason::NotSold,
    Reason::Declined,
    Reason::Failed,
    Reason::BankWaited,
    Reason::MethodGone,
    Reason::TooMany,
    Reason::OtherPlan,
    Reason::Missed,
    Reason::Undelivered,
];
