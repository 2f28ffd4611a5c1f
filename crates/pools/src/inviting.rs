//! Ways into a pool: made, shown, taken back.
//!
//! The code in an invitation's link is computed from the invitation's id and the installation's key, like those of
//! mailed links: no row, no queue and no backup holds it, and those who may invite can look at the link again.

use accounts::{
    Act, Email, Guards, Origin, Secret, Who,
    mail::{self, NewMail},
};
use basis::{Account, Id, Invitation, Mail, Pool, Problem, SecretKey, Timestamp};
use store::{Conn, in_tx};

use crate::{
    Desk, Member, MemberState, OpenInvitation, Role, SharedPool,
    creating::{not_allowed, note, take},
    letters, rows,
    rules::{INVITATION_GOOD_MS, INVITATIONS_MOST},
};

/// Whom to let in, and as what.
#[derive(Debug, Clone)]
pub struct NewInvitation {
    /// As what.
    pub role: Role,
    /// To be mailed there; absent: handed over as a link.
    pub email: Option<Email>,
}

/// Makes a way into a pool, and mails it if it is to be mailed.
///
/// # Errors
/// Not found for other people's pool; Forbidden if the role does not allow it, or one's own address is not proved
/// (`accounts-verify-first`); Conflict `pools-invitations-many`; TooMany.
pub async fn invite(
    desk: &Desk,
    guards: &Guards,
    origin: &Origin,
    account: &accounts::Account,
    pool: Id<Pool>,
    new: &NewInvitation,
) -> Result<Id<Invitation>, Problem> {
    account.require_verified()?;
    let whom = [Who::All, Who::Address(origin.ip), Who::Account(&account.email)];
    guards.limits.count(desk.env.now(), Act::Invite, &whom)?;
    let id = in_tx!(desk.db, |tx| { invite_in(tx, desk, account, pool, new).await })?;
    desk.tell(pool, [account.id]);
    Ok(id)
}

async fn invite_in(
    tx: &mut Conn,
    desk: &Desk,
    account: &accounts::Account,
    pool: Id<Pool>,
    new: &NewInvitation,
) -> Result<Id<Invitation>, Problem> {
    let (env, now) = (&desk.env, desk.env.now());
    let taken = take(tx, account.id, pool).await?;
    if !taken.role.invites(new.role) {
        return Err(not_allowed());
    }
    let open = rows::open_invitations(tx, pool, now).await?;
    if open.iter().filter(|open| is_meant(open, &taken.members)).count() >= INVITATIONS_MOST {
        return Err(Problem::conflict("pools-invitations-many").with("most", INVITATIONS_MOST));
    }
    let invitation = OpenInvitation {
        id: env.new_id(),
        pool,
        role: new.role,
        email: new.email.as_ref().map(|email| email.shown().to_owned()),
        invited_by: account.id,
        created_at: now,
        expires_at: now.plus_ms(INVITATION_GOOD_MS),
    };
    rows::insert_invitation(tx, &invitation).await?;
    note(tx, env, account.id, "pool.invite", pool, (invitation.id, new.role.word())).await?;
    if let Some(email) = &new.email {
        // Whoever has an account reads their own language; anyone else that of whoever knows them.
        let known = accounts::account_of_email(tx, email).await?;
        let language = known.map_or(account.language, |known| known.language);
        let letter = NewMail::new(email.shown(), language, &letters::INVITED);
        let letter = letter.with("pool", &taken.pool.name).with("who", &account.email);
        mail::queue(tx, env, letter.with_link_to("/join", mail_id(invitation.id))).await?;
    }
    Ok(invitation.id)
}

/// An invitation's link carries its code as a mailed link does.
const fn mail_id(invitation: Id<Invitation>) -> Id<Mail> {
    Id::from_u128(invitation.as_u128())
}

/// The code of an invitation, for its link: `/join?token=…`. To be shown to those who may invite only.
pub fn link_token(key: &SecretKey, invitation: Id<Invitation>) -> Secret {
    mail::link_token(key, mail_id(invitation))
}

/// The invitation that a code opens, and the pool that it leads to.
///
/// # Errors
/// Not found `pools-invitation-dead` if the code is none, or was used, taken back or has expired, or whoever
/// invited may not any more. TooMany.
pub async fn invitation(
    conn: &mut Conn,
    now: Timestamp,
    guards: &Guards,
    origin: &Origin,
    token: &str,
) -> Result<(OpenInvitation, SharedPool), Problem> {
    guards.limits.count(now, Act::TryCode, &[Who::All, Who::Address(origin.ip)])?;
    let id = mail::open_link_token(&guards.key, token).ok_or_else(dead)?;
    let invitation = rows::open_invitation(conn, Id::from_u128(id.as_u128()), now).await?.ok_or_else(dead)?;
    let pool = rows::pool(conn, invitation.pool).await?.ok_or_else(dead)?;
    if !is_meant(&invitation, &rows::members(conn, pool.id).await?) {
        return Err(dead());
    }
    Ok((invitation, pool))
}

/// Whoever made it is still there, and could still make it: nobody comes back by a link they made before.
pub(crate) fn is_meant(invitation: &OpenInvitation, members: &[Member]) -> bool {
    let still = |m: &&Member| m.account == invitation.invited_by && m.state != MemberState::Leaving;
    members.iter().find(still).is_some_and(|inviter| inviter.role.invites(invitation.role))
}

pub(crate) fn dead() -> Problem {
    Problem::new(basis::Kind::NotFound, "pools-invitation-dead")
}

/// Takes an invitation back that the account could have made.
///
/// # Errors
/// Not found for other people's pool, or if no such invitation is open; Forbidden for members.
pub async fn withdraw(
    desk: &Desk,
    account: Id<Account>,
    pool: Id<Pool>,
    invitation: Id<Invitation>,
) -> Result<(), Problem> {
    in_tx!(desk.db, |tx| {
        let taken = take(tx, account, pool).await?;
        if !taken.role.invites(Role::Member) {
            return Err(not_allowed());
        }
        let highest = if taken.role.invites(Role::Manager) { Role::Manager } else { Role::Member };
        if !rows::withdraw_invitation(tx, pool, invitation, highest, desk.env.now()).await? {
            return Err(Problem::not_found());
        }
        note(tx, &desk.env, account, "pool.withdraw", pool, invitation).await
    })?;
    desk.tell(pool, [account]);
    Ok(())
}
