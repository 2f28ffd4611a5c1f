//! A small town for the stories of accounts and cards: people, their mailbox, and a clock that we turn.

use std::{net::IpAddr, sync::Arc};

use accounts::{Guards, Limits, Origin, Passwords, Preferences, Registration, Secret, SignedIn, mail};
use basis::{Env, Language, ManualClock, OsEntropy, Problem, SecretKey, Timestamp};
use store::{Db, jobs::Worker, testing::TestDb};

pub(crate) const PASSWORD: &str = "a sentence one remembers";

/// A shop with its mailbox.
pub(crate) struct Town {
    pub(crate) db: TestDb,
    pub(crate) env: Env,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) guards: Guards,
    pub(crate) mailbox: mail::Memory,
}

/// One town on each engine.
pub(crate) async fn towns() -> Vec<Town> {
    let clock = Arc::new(ManualClock::at(Timestamp(1_796_000_000_000)));
    let env = Env { clock: clock.clone(), entropy: Arc::new(OsEntropy) };
    let nouns = [
        accounts::MIGRATIONS,
        push::MIGRATIONS,
        cards::MIGRATIONS,
        charging::MIGRATIONS,
        charging::LOG_MIGRATIONS,
    ];
    let databases = store::testing::both(&nouns, &env).await;
    databases.into_iter().map(|db| town(db, env.clone(), clock.clone())).collect()
}

pub(crate) fn town(db: TestDb, env: Env, clock: Arc<ManualClock>) -> Town {
    let key = SecretKey::new([9; 32]);
    let (passwords, limits) = (Passwords::cheap(), Limits::new(key.clone()));
    Town { db, env, clock, guards: Guards { passwords, limits, key }, mailbox: mail::Memory::default() }
}

pub(crate) fn from(ip: &str) -> Origin {
    Origin { ip: ip.parse::<IpAddr>().unwrap(), agent: "Pixel 7".to_owned() }
}

pub(crate) fn registration(email: &str) -> Registration {
    Registration {
        email: email.parse().unwrap(),
        password: PASSWORD.to_owned(),
        preferences: Preferences::usual(Language::En, basis::Currency::USD),
    }
}

impl Town {
    pub(crate) fn db(&self) -> &Db {
        &self.db
    }

    /// Sends what is queued.
    pub(crate) async fn deliver_mail(&self) {
        self.deliver_mail_by(Arc::new(self.mailbox.clone())).await;
    }

    /// Sends what is queued by this mailer.
    pub(crate) async fn deliver_mail_by(&self, mailer: Arc<dyn mail::Mailer>) {
        self.postman(mailer).run_due().await.unwrap();
        self.clock.advance_ms(1);
    }

    /// A worker that sends mails by this mailer.
    pub(crate) fn postman(&self, mailer: Arc<dyn mail::Mailer>) -> Worker {
        let (db, env) = (self.db.db.clone(), self.env.clone());
        let (brand, public_url) = ("Heyon".to_owned(), "https://shop.example".to_owned());
        let key = self.guards.key.clone();
        let post = mail::Post::new(mailer, public_url, brand, key);
        accounts::handlers(Worker::new(&db, &env, "test"), &db, &env, &post)
    }

    /// The newest mail to an address.
    pub(crate) fn newest_mail(&self, address: &str) -> mail::Letter {
        self.mailbox.letters_to(address).pop().unwrap_or_else(|| panic!("no mail to {address}"))
    }

    pub(crate) async fn sign_in(&self, email: &str, password: &str) -> Result<(SignedIn, Secret), Problem> {
        let origin = from("192.0.2.1");
        let (_, token) =
            accounts::sign_in(self.db(), &self.env, &self.guards, &origin, email, password).await?;
        let who = self.who(&token).await.expect("a session that was just begun");
        Ok((who, token))
    }

    pub(crate) async fn who(&self, token: &Secret) -> Option<SignedIn> {
        accounts::session(self.db(), &self.env, token.reveal()).await.unwrap()
    }

    /// Someone who has registered and signed in.
    pub(crate) async fn person(&self, email: &str) -> (SignedIn, Secret) {
        let new = registration(email);
        accounts::admit(self.db(), &self.env, &self.guards.passwords, "system", &new, true).await.unwrap();
        self.sign_in(email, PASSWORD).await.unwrap()
    }

    pub(crate) async fn register(&self, email: &str) -> Result<(), Problem> {
        let origin = from("192.0.2.1");
        // No two people do anything in the same millisecond.
        self.clock.advance_ms(1);
        accounts::register(self.db(), &self.env, &self.guards, &origin, &registration(email)).await
    }
}

/// The token in a mail's link.
pub(crate) fn token_in(letter: &mail::Letter) -> String {
    let token = letter.text.split("?token=").nth(1).expect("a link with a token");
    token.split_whitespace().next().unwrap().to_owned()
}

/// The eight digits in a mail.
pub(crate) fn code_in(letter: &mail::Letter) -> String {
    let is_code = |word: &&str| word.len() == 4 && word.bytes().all(|b| b.is_ascii_digit());
    letter.text.split_whitespace().filter(is_code).take(2).collect()
}
