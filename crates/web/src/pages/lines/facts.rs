//! What is known about a line, before it is put into words.

use basis::{Country, Id, Line, Money, Timestamp};

use super::standing::{BundleNow, Standing, Whereabouts, standing};

/// A line with all that its card on the home page needs.
#[derive(Debug, Clone)]
pub(crate) struct LineFacts {
    /// The line.
    pub(crate) id: Id<Line>,
    /// What its owner calls it, or how its ICCID ends.
    pub(crate) name: String,
    /// It has an activation code that can be shown.
    pub(crate) has_code: bool,
    /// An operator has stopped it.
    pub(crate) barred: bool,
    /// It was sold something, and who knows what is left of it does not answer now.
    pub(crate) silent: bool,
    /// What the pool is called that it shares with others, if it does.
    pub(crate) sharing: Option<String>,
    /// Its pool's bundles, each with the name of its place.
    pub(crate) bundles: Vec<Placed>,
    /// Its open session; the one heard last, if there are several.
    pub(crate) session: Option<Heard>,
    /// Octets used on each of the last days, today last.
    pub(crate) days: Vec<u64>,
    /// What the plan that speaks for it costs today, if it is still sold.
    pub(crate) renewal: Option<Renewal>,
}

/// A bundle, and what its place is called in the reader's language.
#[derive(Debug, Clone)]
pub(crate) struct Placed {
    /// The bundle.
    pub(crate) bundle: BundleNow,
    /// `日本`, `Europe`.
    pub(crate) place: String,
}

/// An open session.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heard {
    /// When its gateway spoke last.
    pub(crate) at: Timestamp,
    /// Where it is, if the gateway says.
    pub(crate) country: Option<Country>,
}

/// The way to buy the same again.
#[derive(Debug, Clone)]
pub(crate) struct Renewal {
    /// Where.
    pub(crate) path: String,
    /// How much data: `20 GB`, `1 GB a day`.
    pub(crate) amount: String,
    /// For how much.
    pub(crate) price: Money,
}

impl LineFacts {
    /// Where it stands.
    pub(crate) fn standing(&self, now: Timestamp) -> Standing {
        if self.silent {
            return Standing::Unknown;
        }
        standing(&self.plain(), self.whereabouts(), self.barred, now)
    }

    /// The line, and where it is used.
    pub(crate) fn whereabouts(&self) -> Whereabouts {
        Whereabouts { line: self.id, country: self.session.and_then(|session| session.country) }
    }

    /// The bundles without their names.
    pub(crate) fn plain(&self) -> Vec<BundleNow> {
        self.bundles.iter().map(|placed| placed.bundle.clone()).collect()
    }
}
