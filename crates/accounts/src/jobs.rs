//! The jobs of accounts: sending mails, and answering a request for a reset.

use basis::Env;
use store::{Db, jobs::Worker};

use crate::{
    mail::{self, Post},
    reset,
};

/// Lets a worker do the jobs of accounts.
#[must_use]
pub fn handlers(worker: Worker, db: &Db, env: &Env, post: &Post) -> Worker {
    let (post, mail_env) = (post.clone(), env.clone());
    let (reset_db, reset_env) = (db.clone(), env.clone());
    worker
        .on(mail::SEND, move |run| {
            let (post, env) = (post.clone(), mail_env.clone());
            async move { post.send(&env, &run).await }
        })
        .on(reset::RESET_ASKED, move |run| {
            let (db, env) = (reset_db.clone(), reset_env.clone());
            async move { reset::reset_asked(&db, &env, &run).await }
        })
}
