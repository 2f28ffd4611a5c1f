//! The texts of the mails of pools.

use accounts::mail::Letterhead;

const fn letter(subject: &'static str, body: &'static str, button: &'static str) -> Letterhead {
    Letterhead { subject, body, button: Some(button) }
}

/// To someone who is invited.
pub const INVITED: Letterhead =
    letter("pools-mail-invited-subject", "pools-mail-invited-body", "pools-mail-invited-button");
/// To the owner: someone has joined.
pub const JOINED: Letterhead =
    letter("pools-mail-joined-subject", "pools-mail-joined-body", "pools-mail-open-button");
/// To the owner: someone has left.
pub const LEFT: Letterhead =
    letter("pools-mail-left-subject", "pools-mail-left-body", "pools-mail-open-button");
/// To someone who was removed.
pub const REMOVED: Letterhead =
    letter("pools-mail-removed-subject", "pools-mail-removed-body", "pools-mail-home-button");
/// To those who were in a pool that is dissolved.
pub const DISSOLVED: Letterhead =
    letter("pools-mail-dissolved-subject", "pools-mail-dissolved-body", "pools-mail-home-button");
/// To the new owner.
pub const HANDED_OVER: Letterhead =
    letter("pools-mail-handed-subject", "pools-mail-handed-body", "pools-mail-open-button");
/// To someone who is paused.
pub const PAUSED: Letterhead =
    letter("pools-mail-paused-subject", "pools-mail-paused-body", "pools-mail-open-button");
/// To someone who may go on.
pub const RESUMED: Letterhead =
    letter("pools-mail-resumed-subject", "pools-mail-resumed-body", "pools-mail-open-button");
/// So much of a line's own plan is used.
pub const OWN_USED: Letterhead =
    letter("pools-mail-own-subject", "pools-mail-own-body", "pools-mail-home-button");
/// All of a line's own plan is used.
pub const OWN_GONE: Letterhead =
    letter("pools-mail-own-gone-subject", "pools-mail-own-gone-body", "pools-mail-home-button");
/// So much of a shared plan is used.
pub const SHARED_USED: Letterhead =
    letter("pools-mail-shared-subject", "pools-mail-shared-body", "pools-mail-open-button");
/// All of a shared plan is used.
pub const SHARED_GONE: Letterhead =
    letter("pools-mail-shared-gone-subject", "pools-mail-shared-gone-body", "pools-mail-open-button");
/// So much of one's cap is used.
pub const CAP_USED: Letterhead =
    letter("pools-mail-cap-subject", "pools-mail-cap-body", "pools-mail-open-button");
/// One's cap is reached.
pub const CAP_REACHED: Letterhead =
    letter("pools-mail-cap-reached-subject", "pools-mail-cap-reached-body", "pools-mail-open-button");
/// To the owner: a member's cap is reached.
pub const MEMBERS_CAP: Letterhead =
    letter("pools-mail-members-cap-subject", "pools-mail-members-cap-body", "pools-mail-open-button");

/// Every mail, for tests.
pub const ALL: [Letterhead; 15] = [
    INVITED,
    JOINED,
    LEFT,
    REMOVED,
    DISSOLVED,
    HANDED_OVER,
    PAUSED,
    RESUMED,
    OWN_USED,
    OWN_GONE,
    SHARED_USED,
    SHARED_GONE,
    CAP_USED,
    CAP_REACHED,
    MEMBERS_CAP,
];
