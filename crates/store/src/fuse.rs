//! Dying at a commit, for tests: a process can end just before its transaction is durable, or just after.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use crate::Db;

/// On which side of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Nothing of the transaction stays.
    Before,
    /// All of it stays, and nobody was told.
    After,
}

/// Ends the life of whoever shares it at a commit that a test has chosen.
#[derive(Clone, Default)]
pub(crate) struct Fuse(Arc<Wick>);

#[derive(Default)]
struct Wick {
    commits_left: Mutex<Option<(u32, Side)>>,
    burnt: watch::Sender<bool>,
}

impl Fuse {
    /// Hands back what it was given, unless this is the end: then that is dropped, and nobody ever goes on from here.
    pub(crate) async fn pass<T>(&self, side: Side, held: T) -> T {
        if self.burns_down(side) {
            self.0.burnt.send_replace(true);
        }
        if *self.0.burnt.borrow() {
            drop(held);
            return std::future::pending().await;
        }
        held
    }

    fn burns_down(&self, side: Side) -> bool {
        let mut left = self.0.commits_left.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *left {
            Some((commits, at)) if *at == side => {
                *commits = commits.saturating_sub(1);
                *commits == 0
            }
            _ => false,
        }
    }
}

impl Db {
    /// At the `nth` commit from now on (1: the next), nothing that uses this value goes on; see [`Db::died`].
    pub fn die_at(&self, nth: u32, side: Side) {
        *self.fuse.0.commits_left.lock().unwrap_or_else(PoisonError::into_inner) = Some((nth, side));
    }

    /// Takes back [`Db::die_at`].
    pub fn live_on(&self) {
        *self.fuse.0.commits_left.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Waits for the end. Whoever sees it drops everything that used this value, as a process does.
    pub async fn died(&self) {
        // The sender lives as long as this value.
        drop(self.fuse.0.burnt.subscribe().wait_for(|burnt| *burnt).await);
    }
}
