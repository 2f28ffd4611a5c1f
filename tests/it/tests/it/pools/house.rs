//! A family's home: people with accounts and lines, a worker, and the real charging engine.

use std::sync::Arc;

use accounts::{Guards, Limits, Origin, Passwords, mail};
use basis::{
    Account, Allowance, DataVolume, Env, Id, ManualClock, Order, Pool, Problem, RenewalRule, SecretKey,
    SeededEntropy, StartRule, Terms, Timestamp,
};
use cards::BindInput;
use carriers::{Carriers, OwnNetwork};
use charging::{Ask, Charging, Credit, CreditControl, Few, Opening, Quota, RequestKind, Service};
use orders::{Desk, Settings};
use pools::{Joining, Kind, NewInvitation, Role};
use store::{jobs::Worker, testing::TestDb};

use crate::{
    orders::shop::{PLANS, TABLES},
    people::registration,
};

pub(crate) const MB: u64 = 1_000_000;

pub(crate) struct House {
    pub(crate) db: TestDb,
    pub(crate) env: Env,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) desk: Desk,
    pub(crate) guards: Guards,
    pub(crate) mailbox: mail::Memory,
    worker: Worker,
}

/// Someone with an account and a line.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) account: Id<Account>,
    pub(crate) email: String,
    pub(crate) line: Id<basis::Line>,
}

/// One house on each engine.
pub(crate) async fn houses() -> Vec<House> {
    let mut houses = Vec::new();
    for (seed, db) in store::testing::both(TABLES, &Env::system()).await.into_iter().enumerate() {
        houses.push(House::open(db, u64::try_from(seed).unwrap()).await);
    }
    houses
}

/// A house on PostgreSQL, where two connections really race.
pub(crate) async fn house_on_postgres() -> House {
    House::open(store::testing::postgres(TABLES, &Env::system()).await, 9).await
}

impl House {
    async fn open(db: TestDb, seed: u64) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp(1_790_000_000_000)));
        let env = Env { clock: clock.clone(), entropy: Arc::new(SeededEntropy::new(seed)) };
        catalog::apply(&db, &env, PLANS, &catalog::Conditions::default())
            .await
            .unwrap_or_else(|_| panic!("the plans are good"));
        let opening = Opening { log: db.db.clone(), shop: db.db.clone(), node: "test".to_owned() };
        let charging = Charging::open(opening, &env).await.unwrap();
        let carriers = Carriers::default().with("own", OwnNetwork::new(&charging));
        let providers = payments::Providers::default();
        let desk = Desk::new(&db, &env, &charging, carriers, providers, Settings::default());
        let key = SecretKey::new([7; 32]);
        let guards = Guards { passwords: Passwords::cheap(), limits: Limits::relaxed(key.clone(), 100), key };
        let mailbox = mail::Memory::default();
        let post = mail::Post::new(
            Arc::new(mailbox.clone()),
            "https://shop.example".to_owned(),
            "Heyon".to_owned(),
            guards.key.clone(),
        );
        let worker = Worker::new(&db, &env, "test");
        let worker = accounts::handlers(worker, &db, &env, &post);
        let worker = cards::handlers(worker, &db, &env, &charging);
        let worker = orders::handlers(worker, &desk);
        let worker = receipts::handlers(worker, &crate::orders::shop::receipts_desk(&db, &env));
        Self { db, env, clock, desk, guards, mailbox, worker }
    }

    /// Runs what is due now.
    pub(crate) async fn work(&self) {
        self.worker.run_due().await.unwrap();
        self.clock.advance_ms(1);
    }

    /// Someone with a proved address and a line in service.
    pub(crate) async fn person(&self, name: &str) -> Person {
        let email = format!("{name}@example.com");
        let passwords = &self.guards.passwords;
        let new = registration(&email);
        let account = accounts::admit(&self.db, &self.env, passwords, "system", &new, true).await.unwrap();
        Person { account, line: self.another_line(account).await, email }
    }

    /// One more line of an account.
    pub(crate) async fn another_line(&self, account: Id<Account>) -> Id<basis::Line> {
        let key = &self.guards.key;
        let made = cards::make_test_cards(&self.db, &self.env, key, "operator:test", 1).await.unwrap();
        let input = BindInput { number: &made[0].serial, bind_code: None };
        let bound = cards::bind_card(&self.db, &self.env, &self.guards, &origin(), account, input).await;
        let line = bound.unwrap().id;
        self.work().await;
        line
    }

    /// The family of this person.
    pub(crate) async fn family(&self, owner: &Person) -> Id<Pool> {
        let pools = &self.desk.pools;
        let family = pools::create(pools, owner.account, owner.line, Kind::Family, "The Lins").await.unwrap();
        self.clock.advance_ms(1);
        family
    }

    /// The code of an invitation by link.
    pub(crate) async fn invite(&self, who: &Person, pool: Id<Pool>, role: Role) -> Result<String, Problem> {
        let account = accounts::account(&mut self.db.read().await.unwrap(), who.account).await.unwrap();
        let new = NewInvitation { role, email: None };
        let made = pools::invite(&self.desk.pools, &self.guards, &origin(), &account, pool, &new).await?;
        Ok(pools::link_token(&self.guards.key, made).reveal().to_owned())
    }

    pub(crate) async fn accept(&self, who: &Person, token: &str) -> Result<Id<Pool>, Problem> {
        let joining = Joining { token, line: who.line, name: who.email.split('@').next().unwrap() };
        self.clock.advance_ms(1);
        pools::accept(&self.desk.pools, &self.guards, &origin(), who.account, joining).await
    }

    /// Invites someone, who comes.
    pub(crate) async fn join(&self, owner: &Person, pool: Id<Pool>, who: &Person, role: Role) {
        let token = self.invite(owner, pool, role).await.unwrap();
        self.accept(who, &token).await.unwrap();
        self.work().await;
    }

    /// A bundle in the pool that the line has; of everyone there if `line` is none.
    pub(crate) async fn credit(
        &self,
        pool: Id<Pool>,
        line: Option<Id<basis::Line>>,
        megabytes: u64,
    ) -> Id<Order> {
        let order = self.env.new_id();
        let credit = Credit { pool, order, line, terms: terms(megabytes) };
        self.desk.charging.credit(credit).await.unwrap();
        order
    }

    pub(crate) async fn line(&self, id: Id<basis::Line>) -> cards::Line {
        cards::line_of_id(&mut self.db.read().await.unwrap(), id).await.unwrap()
    }

    /// Where a line stands in the pool that it shares, if it shares one.
    pub(crate) async fn state(&self, line: Id<basis::Line>) -> Option<pools::MemberState> {
        let conn = &mut self.db.read().await.unwrap();
        pools::member_of_line(conn, line).await.unwrap().map(|member| member.state)
    }

    /// What a line is granted when it asks; then it uses so many octets and hangs up.
    pub(crate) async fn uses(&self, line: Id<basis::Line>, octets: u64) -> u64 {
        let session = self.env.new_id::<Order>().to_string();
        let imsi = self.line(line).await.imsi;
        let request = |kind, number, used, ask| CreditControl {
            gateway: "pgw".to_owned(),
            session: session.clone(),
            kind,
            number,
            imsi: Some(imsi.parse().unwrap()),
            msisdn: None,
            country: Some("JP".parse().unwrap()),
            services: Few::One(Service { group: Some(1), used, ask }),
        };
        let charging = &self.desk.charging;
        let answer = charging.control(request(RequestKind::Initial, 0, 0, Ask::Quota)).await.unwrap();
        let granted = answer.services.iter().map(|service| match service.quota {
            Quota::Granted(grant) => grant.bytes,
            Quota::None | Quota::Refused(_) | charging::Quota::Slow { .. } => 0,
        });
        let granted: u64 = granted.sum();
        let used = octets.min(granted);
        charging.control(request(RequestKind::Terminate, 1, used, Ask::Nothing)).await.unwrap();
        granted
    }

    /// Uses what a line is granted until it gets no more: so much.
    pub(crate) async fn uses_all(&self, line: Id<basis::Line>) -> u64 {
        let mut used = 0;
        loop {
            match self.uses(line, u64::MAX).await {
                0 => return used,
                granted => used += granted,
            }
        }
    }

    /// What is left in a pool, of everyone's and of this line's own, in megabytes.
    pub(crate) async fn left(&self, pool: Id<Pool>, line: Option<Id<basis::Line>>) -> u64 {
        let view = self.desk.charging.view(pool).await;
        let bundles = view.iter().flat_map(|view| &view.bundles).filter(|bundle| bundle.line == line);
        bundles.map(|bundle| bundle.remaining.octets() / MB).sum()
    }

    /// The subjects of the mails to an address, the oldest first.
    pub(crate) fn mails(&self, who: &Person) -> Vec<String> {
        self.mailbox.letters_to(&who.email).into_iter().map(|letter| letter.subject).collect()
    }

    /// What the trail says was done to a pool.
    pub(crate) async fn trail(&self, pool: Id<Pool>) -> Vec<String> {
        let conn = &mut self.db.read().await.unwrap();
        let entries = store::audit::of_subject(conn, &pool.to_string(), 100).await.unwrap();
        entries.into_iter().map(|entry| entry.action).collect()
    }
}

pub(crate) fn origin() -> Origin {
    Origin { ip: "192.0.2.1".parse().unwrap(), agent: "test".to_owned() }
}

fn terms(megabytes: u64) -> Terms {
    Terms {
        allowance: Allowance::Fixed { bytes: DataVolume::megabytes(megabytes) },
        coverage: ["JP", "CN"].iter().map(|country| country.parse().unwrap()).collect(),
        days: 30,
        start: StartRule::FirstUse,
        activate_within_days: 90,
        renewal: RenewalRule::Add,
        shareable: true,
    }
}
