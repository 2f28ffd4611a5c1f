//! The pure rules of shared pools: who may do what, how many, and what names look like.

use basis::{Allowance, DAY_MS, Problem};
use charging::{BundleState, BundleView, Caps};

use crate::{Limits, Member};

/// An invitation is good for so long.
pub const INVITATION_GOOD_MS: i64 = 7 * DAY_MS;
/// So many invitations into one pool may be open at once.
pub const INVITATIONS_MOST: usize = 20;
/// The longest name of a pool or of a member, in characters.
const NAME_CHARS_MOST: usize = 40;
/// The largest cap, 100 TB: beyond it a cap means nothing.
const CAP_MOST: u64 = 100_000_000_000_000;

basis::words! {
    /// What a shared pool is for.
    Kind {
        /// A family: ten lines.
        Family = "family",
        /// A team: a thousand lines.
        Team = "team",
    }
}

impl Kind {
    /// The kind that someone asked for by its word.
    ///
    /// # Errors
    /// Invalid `pools-kind-unknown` at `kind`.
    pub fn asked(word: &str) -> Result<Self, Problem> {
        word.parse().map_err(|_| Problem::invalid("pools-kind-unknown").at("kind"))
    }

    /// So many lines share it at most.
    pub const fn members_most(self) -> usize {
        match self {
            Self::Family => 10,
            Self::Team => 1000,
        }
    }
}

basis::words! {
    /// What an account may do in a pool; who may do more comes later.
    Role {
        /// Uses data.
        Member = "member",
        /// Invites members, sets their caps, pauses and removes them.
        Manager = "manager",
        /// All of that, also to managers; one for each pool.
        Owner = "owner",
    }
}

impl Role {
    /// The role that someone asked for by its word.
    ///
    /// # Errors
    /// Invalid `pools-role-unknown` at `role`.
    pub fn asked(word: &str) -> Result<Self, Problem> {
        word.parse().map_err(|_| Problem::invalid("pools-role-unknown").at("role"))
    }

    /// Whether it may decide about someone of that role: owners about everyone, managers about members.
    pub fn manages(self, other: Self) -> bool {
        self == Self::Owner || (self == Self::Manager && other == Self::Member)
    }

    /// Whether it may let someone in as that.
    pub fn invites(self, other: Self) -> bool {
        other != Self::Owner && self.manages(other)
    }
}

basis::words! {
    /// Where a member's line stands.
    MemberState {
        /// On its way here.
        Joining = "joining",
        /// Here.
        In = "in",
        /// On its way home.
        Leaving = "leaving",
    }
}

/// A pool's or a member's name as it is kept.
///
/// # Errors
/// Invalid at `name`.
pub fn read_name(typed: &str) -> Result<String, Problem> {
    let name = typed.split_whitespace().collect::<Vec<_>>().join(" ");
    match name.chars().count() {
        0 => Err(Problem::invalid("pools-name-missing").at("name")),
        n if n > NAME_CHARS_MOST => {
            Err(Problem::invalid("pools-name-long").at("name").with("most", NAME_CHARS_MOST))
        }
        _ if name.chars().any(char::is_control) => Err(Problem::invalid("pools-name-odd").at("name")),
        _ => Ok(name),
    }
}

/// Caps that mean something.
///
/// # Errors
/// Invalid at the cap that does not.
pub fn check_caps(caps: Caps) -> Result<Caps, Problem> {
    let fields = [("per_day", caps.per_day), ("per_30_days", caps.per_30_days), ("in_all", caps.in_all)];
    for (field, cap) in fields {
        if cap.is_some_and(|cap| cap > CAP_MOST) {
            return Err(Problem::invalid("pools-cap-large").at(field));
        }
    }
    Ok(caps)
}

/// Whether anything is left of a bundle, now or tomorrow.
pub(crate) fn can_be_used(bundle: &BundleView) -> bool {
    match bundle.state {
        BundleState::Waiting | BundleState::Active => true,
        BundleState::UsedUp => !matches!(bundle.terms.allowance, Allowance::Fixed { .. }),
        BundleState::Ended | BundleState::Closed => false,
    }
}

/// What both allow.
pub(crate) fn strictest(one: Limits, other: Limits) -> Limits {
    let least = |one: Option<u64>, other: Option<u64>| one.into_iter().chain(other).min();
    let (a, b) = (one.caps, other.caps);
    let caps = Caps {
        per_day: least(a.per_day, b.per_day),
        per_30_days: least(a.per_30_days, b.per_30_days),
        in_all: least(a.in_all, b.in_all),
    };
    Limits { caps, paused: one.paused || other.paused }
}

/// Whether a line may leave: its owner's last one only when nobody else is there, and then the pool is dissolved.
///
/// # Errors
/// Conflict `pools-owner-stays` or `pools-owner-alone`.
pub fn may_leave(leaving: &Member, all: &[Member]) -> Result<(), Problem> {
    let mut others = all.iter().filter(|m| m.line != leaving.line && m.state != MemberState::Leaving);
    if leaving.role != Role::Owner || others.clone().any(|m| m.account == leaving.account) {
        return Ok(());
    }
    Err(Problem::conflict(if others.next().is_some() { "pools-owner-stays" } else { "pools-owner-alone" }))
}

/// What of an address stands for its owner's name until they give one.
pub fn name_of_address(email: &str) -> String {
    email.split('@').next().unwrap_or(email).chars().take(NAME_CHARS_MOST).collect()
}

#[cfg(test)]
mod tests {
    use basis::{Id, Timestamp};

    use super::*;

    fn member(line: u128, account: u128, role: Role) -> Member {
        Member {
            line: Id::from_u128(line),
            pool: Id::from_u128(1),
            account: Id::from_u128(account),
            name: "Lin".to_owned(),
            role,
            state: MemberState::In,
            home: None,
            joined_at: Timestamp(0),
            caps: Caps::default(),
            paused: false,
        }
    }

    #[test]
    fn managers_decide_about_members_and_owners_about_everyone() {
        use Role::*;
        let managed = |who: Role| [Member, Manager, Owner].map(|other| who.manages(other));
        assert_eq!(managed(Member), [false, false, false]);
        assert_eq!(managed(Manager), [true, false, false]);
        assert_eq!(managed(Owner), [true, true, true]);
        assert!(Owner.invites(Manager) && !Owner.invites(Owner) && !Manager.invites(Manager));
    }

    #[test]
    fn an_owner_stays_with_the_others() {
        let (lin, ipad) = (member(1, 1, Role::Owner), member(2, 1, Role::Owner));
        let mum = member(3, 2, Role::Member);
        let key = |all: &[Member]| may_leave(&lin, all).err().map(|problem| problem.key);
        assert_eq!(key(&[lin.clone(), mum.clone()]), Some("pools-owner-stays"));
        assert_eq!(key(&[lin.clone(), ipad, mum.clone()]), None, "the tablet stays");
        assert_eq!(key(std::slice::from_ref(&lin)), Some("pools-owner-alone"));
        let gone = Member { state: MemberState::Leaving, ..mum.clone() };
        assert_eq!(key(&[lin.clone(), gone]), Some("pools-owner-alone"), "who is leaving is not counted");
        assert!(may_leave(&mum, &[lin.clone(), mum.clone()]).is_ok());
    }

    #[test]
    fn names_are_short_and_plain() {
        assert_eq!(read_name("  一家  四口 ").unwrap(), "一家 四口");
        assert_eq!(read_name(" \t ").unwrap_err().key, "pools-name-missing");
        assert_eq!(read_name(&"x".repeat(41)).unwrap_err().key, "pools-name-long");
        assert_eq!(read_name("a\u{7}b").unwrap_err().key, "pools-name-odd");
        assert_eq!(name_of_address("zhixia.lin@example.com"), "zhixia.lin");
    }

    #[test]
    fn of_two_limits_the_strictest_holds() {
        let one =
            Limits { caps: Caps { per_day: Some(5), in_all: Some(90), ..Caps::default() }, paused: false };
        let other =
            Limits { caps: Caps { per_day: Some(7), in_all: Some(0), ..Caps::default() }, paused: true };
        let caps = Caps { per_day: Some(5), per_30_days: None, in_all: Some(0) };
        assert_eq!(strictest(one, other), Limits { caps, paused: true });
        assert_eq!(strictest(one, Limits::default()), one);
    }

    #[test]
    fn a_cap_of_everything_is_none() {
        assert!(check_caps(Caps { per_day: Some(0), ..Caps::default() }).is_ok(), "nothing may be taken");
        let huge = Caps { in_all: Some(u64::MAX), ..Caps::default() };
        assert_eq!(check_caps(huge).unwrap_err().field, Some("in_all"));
    }
}
