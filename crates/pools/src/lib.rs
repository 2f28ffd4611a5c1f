//! Pools that several people share: a family, a team.
//!
//! A pool begins as the pool of its owner's line, which stays where it is; whoever joins moves a line there and, on
//! leaving, back home with what is its own. Rights and rows are the shop's; data and caps are the charging engine's, and
//! a job carries each decision there ([`CARRY`], [`APPLY`], [`GIVE`]). Every change takes the pool's row first, so what
//! it then reads stays true until it commits.

mod clearing;
mod creating;
mod desk;
mod inviting;
mod jobs;
mod joining;
pub mod letters;
mod managing;
mod notices;
mod reading;
mod rows;
pub mod rules;

use basis::{Account, Id, Invitation, Line, Pool, Timestamp};
use charging::Caps;
use store::{Migrations, migrations};

pub use clearing::{
    INVITATIONS_KEPT_MS, LEFT_KEPT_MS, TOLD_KEPT_MS, forget_invitations, forget_left, forget_told,
};
pub use creating::{create, dissolve, hand_over, rename};
pub use desk::{Desk, PoolChanged};
pub use inviting::{NewInvitation, invitation, invite, link_token, withdraw};
pub use jobs::{APPLY, CARRY, GIVE, LineJob, TELL_PAUSE, carry, handlers};
pub use joining::{Joining, accept, add_line, leave, remove};
pub use managing::{give, pause, set_caps, set_role};
pub use notices::tell_notices;
pub use reading::{PoolOf, invitations_of, member_of_line, pool, pools_of, shared};
pub use rules::{INVITATION_GOOD_MS, Kind, MemberState, Role};

/// The tables of shared pools.
pub const MIGRATIONS: Migrations =
    migrations!("pools", ["0001_pools.sql", "0002_homes.sql", "0003_left.sql"]);

/// A pool that several people share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedPool {
    /// Its id, the charging pool's.
    pub id: Id<Pool>,
    /// Family or team.
    pub kind: Kind,
    /// What it is called.
    pub name: String,
    /// Who answers for it.
    pub owner: Id<Account>,
    /// Since when it is shared.
    pub created_at: Timestamp,
}

/// A line in a shared pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The line.
    pub line: Id<Line>,
    /// The pool.
    pub pool: Id<Pool>,
    /// Whose line it is.
    pub account: Id<Account>,
    /// What the others call it.
    pub name: String,
    /// What its account may do here.
    pub role: Role,
    /// Whether it is there yet.
    pub state: MemberState,
    /// Where it goes back to, if it came from anywhere and nobody has shared that place since.
    pub home: Option<Id<Pool>>,
    /// Since when.
    pub joined_at: Timestamp,
    /// What it may take of the shared bundles, as wished; what is used of it only the engine knows.
    pub caps: Caps,
    /// It gets nothing of the shared bundles, as wished.
    pub paused: bool,
}

/// What is set for a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) caps: Caps,
    pub(crate) paused: bool,
}

/// A way into a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenInvitation {
    /// Its id; the code is computed from it.
    pub id: Id<Invitation>,
    /// Where to.
    pub pool: Id<Pool>,
    /// As what.
    pub role: Role,
    /// Where it was mailed to.
    pub email: Option<String>,
    /// Who invited.
    pub invited_by: Id<Account>,
    /// When.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}

/// Queues a mail about a pool to each of these, in their language; `who` is whom it is about.
pub(crate) async fn letters_to(
    tx: &mut store::Conn,
    env: &basis::Env,
    accounts: impl IntoIterator<Item = Id<Account>>,
    texts: &accounts::mail::Letterhead,
    pool: &SharedPool,
    who: &str,
) -> Result<(), basis::Problem> {
    for account in accounts {
        let to = ::accounts::account(tx, account).await?;
        let mail = ::accounts::mail::NewMail::new(&to.email, to.language, texts);
        let mail = mail.with("pool", &pool.name).with("who", who);
        let path = if texts.button == Some("pools-mail-open-button") {
            format!("/pools/{}", pool.id)
        } else {
            "/".to_owned()
        };
        ::accounts::mail::queue(tx, env, mail.with_link(path)).await?;
    }
    Ok(())
}
