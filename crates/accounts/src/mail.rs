//! Mail: queued in the transaction that wants it, written and sent from the queue.
//!
//! A queued mail names its texts and, for a code or a link that opens something, the code's row; the secret itself
//! is computed when the mail is written ([`Post::send`]), so it never lies in the queue.

mod compose;
pub mod letters;
mod mailers;
mod smtp;

use std::{collections::BTreeMap, sync::Arc};

use basis::{Env, Id, Language, Mail, Problem, SecretKey};
use serde::{Deserialize, Serialize};
use store::{
    Conn,
    jobs::{self, JobRun, NewJob, Next, Turns},
};

pub use crate::secrets::{link_token, open_link_token};
pub use letters::Letterhead;
pub use mailers::{Folder, Mailer, Memory};
pub use smtp::Smtp;

/// The kind of the job that sends a mail; handled by [`Post::send`].
pub const SEND: &str = "mail.send";

/// A mail to be queued.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewMail {
    to: String,
    language: Language,
    subject: String,
    body: String,
    button: Option<String>,
    args: BTreeMap<String, String>,
    path: Option<String>,
    code: Option<Id<Mail>>,
}

impl NewMail {
    /// A mail to this address, in this language, with these texts.
    pub fn new(to: &str, language: Language, texts: &Letterhead) -> Self {
        Self {
            to: to.to_owned(),
            language,
            subject: texts.subject.to_owned(),
            body: texts.body.to_owned(),
            button: texts.button.map(str::to_owned),
            args: BTreeMap::new(),
            path: None,
            code: None,
        }
    }

    /// With a value for the texts.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.args.insert(name.to_owned(), value.to_string());
        self
    }

    /// With a button that leads to a page, e.g. `/orders/ord_…`.
    #[must_use]
    pub fn with_link(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// With a button that carries a code's link.
    #[must_use]
    pub fn with_link_to(mut self, path: &str, code: Id<Mail>) -> Self {
        self.code = Some(code);
        self.with_link(path)
    }

    /// With a code in its text (`$code`) and no button.
    #[must_use]
    pub(crate) fn with_code_only(mut self, code: Id<Mail>) -> Self {
        self.code = Some(code);
        self
    }
}

/// What a mail says, in short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gist {
    /// Its subject.
    pub title: String,
    /// Its first paragraph.
    pub text: String,
    /// Where its button leads; home if it has none.
    pub path: String,
}

impl NewMail {
    /// What it says in short, for where there is no room for a letter; `None` if a code is in it, which is for the mailbox
    /// alone. Its subject and first paragraph must say nothing of `$code` or `$brand`, which only a [`Post`] knows.
    pub fn gist(&self) -> Option<Gist> {
        self.code.is_none().then(|| compose::gist(self))
    }
}

/// Queues a mail in the caller's transaction.
pub async fn queue(tx: &mut Conn, env: &Env, mail: NewMail) -> Result<(), Problem> {
    let key = env.new_id::<Mail>().to_string();
    let job = NewJob { kind: SEND, key, payload: &mail, run_at: env.now() };
    jobs::enqueue(tx, env, job).await.map(drop)
}

/// A written mail.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// The same on every try, so that a mailbox can tell a repeat.
    pub id: Id<Mail>,
    /// To whom.
    pub to: String,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// The same as simple HTML.
    pub html: String,
    /// The language of both, as a BCP 47 tag.
    pub language: &'static str,
}

impl std::fmt::Debug for Letter {
    /// Without its text, which may hold a code.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Letter").field("id", &self.id).field("subject", &self.subject).finish_non_exhaustive()
    }
}

/// Writes queued mails and hands them to a mailer.
#[derive(Clone)]
pub struct Post {
    mailer: Arc<dyn Mailer>,
    /// What links begin with, e.g. `https://shop.example`.
    public_url: String,
    /// The shop's name, under every mail.
    brand: String,
    /// The key that makes codes and links.
    key: SecretKey,
    turns: Turns,
}

/// So many mails are on their way at once.
const AT_ONCE: usize = 16;

impl Post {
    /// Mails go by `mailer`; their links begin with `public_url` and open by what `key` makes; `brand` signs them.
    pub fn new(mailer: Arc<dyn Mailer>, public_url: String, brand: String, key: SecretKey) -> Self {
        Self { mailer, public_url, brand, key, turns: Turns::new(AT_ONCE) }
    }

    /// Handles the job [`SEND`]. What the mail server will never take is a dead letter; anything else is tried again.
    pub async fn send(&self, env: &Env, run: &JobRun) -> Result<Next, Problem> {
        let mail: NewMail = run.read()?;
        let id = run.key.parse().map_err(|e| Problem::internal("a mail's key").because(e))?;
        let Some(_turn) = self.turns.take() else { return Ok(Next::soon(env)) };
        self.mailer.send(env.now(), &compose::letter(self, id, &mail)).await?;
        Ok(Next::Done)
    }
}

impl std::fmt::Debug for Post {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Post").field("public_url", &self.public_url).finish_non_exhaustive()
    }
}
