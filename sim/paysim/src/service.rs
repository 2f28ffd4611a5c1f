//! The books behind a lock, with their journal, their clock and what wakes the sender.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use basis::{Env, ManualClock, Timestamp};
use tokio::sync::Notify;

use crate::books::{Books, Delivery};
use crate::faces::face;
use crate::journal::Journal;
use crate::keys::Keys;

/// What can change while it runs.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) webhook_urls: BTreeMap<String, String>,
    pub(crate) keys: BTreeMap<String, Keys>,
    pub(crate) default_keys: Keys,
}

pub(crate) struct Service {
    state: Mutex<(Books, u64)>,
    settings: Mutex<Settings>,
    journal: Journal,
    env: Env,
    virtual_clock: Option<Arc<ManualClock>>,
    retries_ms: Option<Vec<i64>>,
    client: reqwest::Client,
    wake: Notify,
}

pub(crate) struct Parts {
    pub(crate) books: Books,
    pub(crate) journal: Journal,
    pub(crate) settings: Settings,
    pub(crate) env: Env,
    pub(crate) virtual_clock: Option<Arc<ManualClock>>,
    pub(crate) retries_ms: Option<Vec<i64>>,
    pub(crate) client: reqwest::Client,
}

fn open<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Service {
    pub(crate) fn new(parts: Parts) -> Self {
        Self {
            state: Mutex::new((parts.books, 0)),
            settings: Mutex::new(parts.settings),
            journal: parts.journal,
            env: parts.env,
            virtual_clock: parts.virtual_clock,
            retries_ms: parts.retries_ms,
            client: parts.client,
            wake: Notify::new(),
        }
    }

    /// Changes the books; true with the answer once the change is on the disk, false if it never will be.
    pub(crate) async fn change<T>(&self, change: impl FnOnce(&mut Books, &Env) -> T) -> (bool, T) {
        let (number, answer) = self.change_now(change);
        (self.journal.durable(number).await, answer)
    }

    fn change_now<T>(&self, change: impl FnOnce(&mut Books, &Env) -> T) -> (u64, T) {
        let mut state = open(&self.state);
        let (books, number) = &mut *state;
        let answer = change(books, &self.env);
        let records = books.take_records();
        if !records.is_empty() {
            *number += 1;
            self.journal.append(*number, &records);
            self.wake.notify_one();
        }
        (*number, answer)
    }

    /// Looks into the books; nobody is told what could still be lost.
    pub(crate) async fn look<T>(&self, look: impl FnOnce(&Books, Timestamp) -> T) -> (bool, T) {
        let (number, answer) = {
            let state = open(&self.state);
            (state.1, look(&state.0, self.env.now()))
        };
        (self.journal.durable(number).await, answer)
    }

    pub(crate) async fn take_due(&self, limit: usize) -> Vec<Delivery> {
        let (durable, due) = self
            .change(|books, env| {
                books.tick(env);
                books.take_due(env.now(), limit)
            })
            .await;
        if durable { due } else { Vec::new() }
    }

    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        open(&self.state).0.next_due()
    }

    pub(crate) fn retry_after(&self, delivery: &Delivery) -> Option<i64> {
        let failed = usize::try_from(delivery.attempts).unwrap_or(usize::MAX).checked_sub(1)?;
        if let Some(table) = &self.retries_ms {
            return table.get(failed).copied();
        }
        let payment = &delivery.event.payment;
        face(&payment.face).retries_ms(payment).get(failed).copied()
    }

    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }

    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    pub(crate) const fn env(&self) -> &Env {
        &self.env
    }

    pub(crate) const fn client(&self) -> &reqwest::Client {
        &self.client
    }

    pub(crate) const fn is_virtual(&self) -> bool {
        self.virtual_clock.is_some()
    }

    pub(crate) fn virtual_clock(&self) -> Option<&ManualClock> {
        self.virtual_clock.as_deref()
    }

    /// Where this face's messages go, unless their payment says so.
    pub(crate) fn webhook_url(&self, face: &str) -> Option<String> {
        open(&self.settings).webhook_urls.get(face).cloned()
    }

    pub(crate) fn set_webhook_url(&self, face: &str, url: Option<String>) {
        let mut settings = open(&self.settings);
        match url {
            Some(url) => drop(settings.webhook_urls.insert(face.to_owned(), url)),
            None => drop(settings.webhook_urls.remove(face)),
        }
        drop(settings);
        self.wake();
    }

    /// This face's credentials.
    pub(crate) fn keys(&self, face: &str) -> Keys {
        let settings = open(&self.settings);
        settings.keys.get(face).unwrap_or(&settings.default_keys).clone()
    }

    pub(crate) fn change_keys(&self, face: &str, change: impl FnOnce(&mut Keys)) {
        let mut settings = open(&self.settings);
        let mut keys = settings.keys.get(face).unwrap_or(&settings.default_keys).clone();
        change(&mut keys);
        settings.keys.insert(face.to_owned(), keys);
    }
}
