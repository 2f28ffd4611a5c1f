//! The jobs of accounts: sending mails, answering a request for a reset, and clearing away what has ended.

use basis::{DAY_MS, Env, Problem};
use store::{
    Conn, Db,
    jobs::{self, NewJob, Next, Worker},
};

use crate::{
    mail::{self, Post},
    reset, sessions,
};

const PURGE: &str = "account.purge";

/// Lets a worker do the jobs of accounts.
#[must_use]
pub fn handlers(worker: Worker, db: &Db, env: &Env, post: &Post) -> Worker {
    let (post, mail_env) = (post.clone(), env.clone());
    let (reset_db, reset_env) = (db.clone(), env.clone());
    let (purge_db, purge_env) = (db.clone(), env.clone());
    worker
        .on(mail::SEND, move |run| {
            let (post, env) = (post.clone(), mail_env.clone());
            async move { post.send(&env, &run).await }
        })
        .on(reset::RESET_ASKED, move |run| {
            let (db, env) = (reset_db.clone(), reset_env.clone());
            async move { reset::reset_asked(&db, &env, &run).await }
        })
        .on(PURGE, move |_| {
            let (db, env) = (purge_db.clone(), purge_env.clone());
            async move {
                sessions::purge(&db, env.now()).await?;
                Ok(Next::At(env.now().plus_ms(DAY_MS)))
            }
        })
}

/// Queues the daily purge, unless it is queued already; to be called at every start.
pub async fn begin_purging(tx: &mut Conn, env: &Env) -> Result<(), Problem> {
    let job = NewJob { kind: PURGE, key: "daily".to_owned(), payload: &(), run_at: env.now() };
    jobs::enqueue(tx, env, job).await.map(drop)
}
