//! A phone that gets notifications, for the stories of those who send some.

use std::sync::Arc;

use accounts::{Guards, Limits, Passwords};
use basis::{Env, ManualClock, SecretKey};
use store::jobs::{self, Worker};
use store::{Db, in_tx};

use super::desk;
use super::service::{PushService, Shown};
use crate::people::{PASSWORD, from};

/// Somebody's phone, and a worker that sends to it.
pub(crate) struct Phone {
    db: Db,
    env: Env,
    service: PushService,
    worker: Worker,
}

impl Phone {
    /// Signs in and switches notifications on.
    pub(crate) async fn of((db, env, clock): (&Db, &Env, &Arc<ManualClock>), email: &str) -> Self {
        let service = PushService::start(clock).await;
        let desk = desk(db, env, &service).await;
        let key = SecretKey::new([9; 32]);
        let guards = Guards { passwords: Passwords::cheap(), limits: Limits::new(key.clone()), key };
        let origin = from("192.0.2.1");
        let (_, token) = accounts::sign_in(db, env, &guards, &origin, email, PASSWORD).await.unwrap();
        let who = accounts::session(db, env, token.reveal()).await.unwrap().unwrap();
        push::switch_on(&desk, &guards, &origin, &who, &service.browser(1)).await.unwrap();
        let worker = push::handlers(Worker::new(db, env, "push"), &desk);
        Self { db: db.clone(), env: env.clone(), service, worker }
    }

    /// What it has shown by now, the oldest first.
    pub(crate) async fn shown(&self) -> Vec<Shown> {
        // The shop's own worker, which cannot send, has put it off.
        in_tx!(self.db, |tx| { jobs::hasten(tx, push::SEND, self.env.now()).await }).unwrap();
        self.worker.run_due().await.unwrap();
        self.service.titles();
        self.service.books().shown.clone()
    }
}

/// What it says: `title`, `body`, `path`.
pub(crate) fn said(shown: &Shown, name: &str) -> String {
    shown.text[name].as_str().unwrap().to_owned()
}
