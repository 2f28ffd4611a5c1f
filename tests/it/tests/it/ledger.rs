//! The ledger against a naive model, and two spenders at one wallet.

use std::collections::HashMap;

use basis::{Account, Currency, Env, Id, Kind as ProblemKind, Money, Order};
use ledger::{Book, HoldEnd, Kind, MIGRATIONS, NewTransfer, Posted};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use store::testing::{TestDb, both, postgres};
use store::{Db, in_tx};

/// What people do to three wallets; references are few, so that they repeat.
#[derive(Debug, Clone)]
enum Act {
    TopUp { who: u8, minor: i64, reference: u8 },
    Spend { who: u8, minor: i64, reference: u8 },
    Hold { who: u8, minor: i64, reference: u8 },
    PostHold { reference: u8 },
    VoidHold { reference: u8 },
    Refund { who: u8, minor: i64, reference: u8 },
    Contest { who: u8, minor: i64, reference: u8 },
    Bear { minor: i64, reference: u8 },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    New,
    Repeat,
    TooLittle,
    Refused,
    Posted(bool),
    Voided(bool),
}

/// The same rules, written as if by someone who never heard of a database.
#[derive(Default)]
struct Model {
    balance: HashMap<u8, i64>,
    held: HashMap<u8, i64>,
    /// By reference: what it was, of whom, how much.
    done: HashMap<u8, (&'static str, u8, i64)>,
    ended: HashMap<u8, bool>,
    /// What we bear of payments that were contested.
    lost: i64,
}

impl Model {
    fn act(&mut self, act: &Act) -> Answer {
        match *act {
            Act::TopUp { who, minor, reference } => self.give("top-up", who, minor, reference),
            Act::Refund { who, minor, reference } => self.give("refund", who, minor, reference),
            Act::Spend { who, minor, reference } => self.take("spend", who, minor, reference),
            Act::Contest { who, minor, reference } => self.take("contest", who, minor, reference),
            Act::Bear { minor, reference } => self.bear(minor, reference),
            Act::Hold { who, minor, reference } => self.take("hold", who, minor, reference),
            Act::PostHold { reference } => self.end(reference, true),
            Act::VoidHold { reference } => self.end(reference, false),
        }
    }

    fn known(&self, what: &'static str, who: u8, minor: i64, reference: u8) -> Option<Answer> {
        let before = self.done.get(&reference)?;
        Some(if *before == (what, who, minor) { Answer::Repeat } else { Answer::Refused })
    }

    fn give(&mut self, what: &'static str, who: u8, minor: i64, reference: u8) -> Answer {
        if let Some(answer) = self.known(what, who, minor, reference) {
            return answer;
        }
        *self.balance.entry(who).or_default() += minor;
        self.done.insert(reference, (what, who, minor));
        Answer::New
    }

    fn take(&mut self, what: &'static str, who: u8, minor: i64, reference: u8) -> Answer {
        if let Some(answer) = self.known(what, who, minor, reference) {
            return answer;
        }
        let free = self.balance.get(&who).unwrap_or(&0) - self.held.get(&who).unwrap_or(&0);
        if free < minor {
            return Answer::TooLittle;
        }
        let of = if what == "hold" { &mut self.held } else { &mut self.balance };
        *of.entry(who).or_default() += if what == "hold" { minor } else { -minor };
        self.done.insert(reference, (what, who, minor));
        Answer::New
    }

    /// What a payer contests and had spent is ours to bear: nobody's wallet knows of it.
    fn bear(&mut self, minor: i64, reference: u8) -> Answer {
        if let Some(answer) = self.known("bear", 0, minor, reference) {
            return answer;
        }
        self.lost += minor;
        self.done.insert(reference, ("bear", 0, minor));
        Answer::New
    }

    fn end(&mut self, reference: u8, post: bool) -> Answer {
        let Some(("hold", who, minor)) = self.done.get(&reference).copied() else { return Answer::Refused };
        let first = !self.ended.contains_key(&reference);
        let posted = *self.ended.entry(reference).or_insert(post);
        if first {
            *self.held.entry(who).or_default() -= minor;
        }
        if first && post {
            *self.balance.entry(who).or_default() -= minor;
        }
        if posted { Answer::Posted(first) } else { Answer::Voided(first) }
    }
}

/// One case's own people and references in a database that all cases share.
struct Case<'a> {
    db: &'a Db,
    env: &'a Env,
    people: Vec<Id<Account>>,
    order: Id<Order>,
    name: String,
}

impl<'a> Case<'a> {
    fn new(db: &'a Db, env: &'a Env) -> Self {
        let order: Id<Order> = env.new_id();
        Self { db, env, people: (0..3).map(|_| env.new_id()).collect(), order, name: order.to_string() }
    }

    fn transfer(&self, kind: Kind, debit: Book, credit: Book, minor: i64, reference: u8) -> NewTransfer {
        let amount = Money::new(minor, Currency::CNY);
        NewTransfer::new(format!("{}:{reference}", self.name), kind, debit, credit, amount).order(self.order)
    }

    fn wallet(&self, who: u8) -> Book {
        Book::Wallet(self.people[usize::from(who)])
    }

    async fn act(&self, act: &Act) -> Answer {
        let card = || Book::Clearing("sandbox".into());
        match *act {
            Act::TopUp { who, minor, reference } => {
                self.post(self.transfer(Kind::TopUp, card(), self.wallet(who), minor, reference), false).await
            }
            Act::Refund { who, minor, reference } => {
                let refund =
                    self.transfer(Kind::Goodwill, Book::Goodwill, self.wallet(who), minor, reference);
                self.post(refund, false).await
            }
            Act::Spend { who, minor, reference } => {
                let spend =
                    self.transfer(Kind::WalletSpend, self.wallet(who), Book::Revenue, minor, reference);
                self.post(spend, false).await
            }
            Act::Hold { who, minor, reference } => {
                let hold =
                    self.transfer(Kind::WalletSpend, self.wallet(who), Book::Deferred, minor, reference);
                self.post(hold, true).await
            }
            Act::Contest { who, minor, reference } => {
                let contest =
                    self.transfer(Kind::Dispute, self.wallet(who), Book::Disputed, minor, reference);
                self.post(contest, false).await
            }
            Act::Bear { minor, reference } => {
                let bear = self.transfer(Kind::Dispute, Book::Losses, Book::Disputed, minor, reference);
                self.post(bear, false).await
            }
            Act::PostHold { reference } => self.end(reference, true).await,
            Act::VoidHold { reference } => self.end(reference, false).await,
        }
    }

    async fn post(&self, new: NewTransfer, hold: bool) -> Answer {
        let done = in_tx!(self.db, |tx| {
            let new = new.clone();
            if hold { ledger::hold(tx, self.env, new).await } else { ledger::post(tx, self.env, new).await }
        });
        match done {
            Ok(Posted::New(_)) => Answer::New,
            Ok(Posted::Repeat(_)) => Answer::Repeat,
            Err(problem) if problem.key == ledger::TOO_LITTLE => Answer::TooLittle,
            Err(problem) if problem.kind == ProblemKind::Internal => Answer::Refused,
            Err(problem) => panic!("{problem}"),
        }
    }

    async fn end(&self, reference: u8, post: bool) -> Answer {
        let reference = format!("{}:{reference}", self.name);
        let done = in_tx!(self.db, |tx| {
            if post {
                ledger::post_hold(tx, self.env, &reference).await
            } else {
                ledger::void_hold(tx, self.env, &reference).await
            }
        });
        match done {
            Ok(HoldEnd::Posted { first }) => Answer::Posted(first),
            Ok(HoldEnd::Voided { first }) => Answer::Voided(first),
            Err(_) => Answer::Refused,
        }
    }

    async fn compare_wallets(&self, model: &Model) {
        let mut conn = self.db.read().await.unwrap();
        for who in 0..3 {
            let wallet =
                ledger::wallet(&mut conn, self.people[usize::from(who)], Currency::CNY).await.unwrap();
            assert_eq!(wallet.balance.minor, *model.balance.get(&who).unwrap_or(&0));
            assert_eq!(wallet.held.minor, *model.held.get(&who).unwrap_or(&0));
        }
    }
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let parts = || (0..3_u8, 1..200_i64, 0..10_u8);
    let act = prop_oneof![
        3 => parts().prop_map(|(who, minor, reference)| Act::TopUp { who, minor, reference }),
        2 => parts().prop_map(|(who, minor, reference)| Act::Spend { who, minor, reference }),
        3 => parts().prop_map(|(who, minor, reference)| Act::Hold { who, minor, reference }),
        2 => (0..10_u8).prop_map(|reference| Act::PostHold { reference }),
        2 => (0..10_u8).prop_map(|reference| Act::VoidHold { reference }),
        1 => parts().prop_map(|(who, minor, reference)| Act::Refund { who, minor, reference }),
        1 => parts().prop_map(|(who, minor, reference)| Act::Contest { who, minor, reference }),
        1 => parts().prop_map(|(_, minor, reference)| Act::Bear { minor, reference }),
    ];
    prop::collection::vec(act, 1..40)
}

/// Cases per engine; `HEYON_CASES` raises it for the long runs.
fn cases() -> u32 {
    std::env::var("HEYON_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(40)
}

#[test]
fn whatever_people_do_the_ledger_agrees_with_a_naive_model() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let env = Env::system();
    for db in runtime.block_on(both(&[MIGRATIONS], &env)) {
        let mut runner =
            TestRunner::new(Config { cases: cases(), failure_persistence: None, ..Config::default() });
        let lost = std::cell::Cell::new(0);
        let checked = runner.run(&acts(), |acts| {
            lost.set(lost.get() + runtime.block_on(play(&db, &env, &acts)));
            Ok(())
        });
        checked.unwrap();
        assert_eq!(runtime.block_on(in_losses(&db)), -i128::from(lost.get()));
        runtime.block_on(audit_is_clean(&db));
    }
}

/// Plays what people do, and answers what we had to bear.
async fn play(db: &Db, env: &Env, acts: &[Act]) -> i64 {
    let case = Case::new(db, env);
    let mut model = Model::default();
    for act in acts {
        assert_eq!(case.act(act).await, model.act(act), "{act:?}");
        case.compare_wallets(&model).await;
    }
    model.lost
}

async fn in_losses(db: &Db) -> i128 {
    let sums = ledger::balance(&mut db.read().await.unwrap(), &Book::Losses).await.unwrap();
    sums.get(&Currency::CNY).copied().unwrap_or_default()
}

async fn audit_is_clean(db: &Db) {
    assert_eq!(ledger::audit(&mut db.read().await.unwrap()).await.unwrap(), Vec::new());
}

async fn fill(db: &Db, env: &Env, account: Id<Account>, minor: i64) {
    let amount = Money::new(minor, Currency::CNY);
    let card = Book::Clearing("sandbox".into());
    let new = NewTransfer::new(format!("fill:{account}"), Kind::TopUp, card, Book::Wallet(account), amount);
    let new = new.payment(env.new_id());
    in_tx!(db, |tx| { ledger::post(tx, env, new.clone()).await }).unwrap();
}

fn spend(account: Id<Account>, reference: &str, minor: i64) -> NewTransfer {
    let amount = Money::new(minor, Currency::CNY);
    NewTransfer::new(reference, Kind::WalletSpend, Book::Wallet(account), Book::Deferred, amount)
        .order(Id::from_u128(1))
}

async fn second_connection(db: &TestDb, env: &Env) -> Db {
    Db::open(&db.url, env).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_spenders_at_one_balance_one_is_refused() {
    let env = Env::system();
    let one = postgres(&[MIGRATIONS], &env).await;
    let two = second_connection(&one, &env).await;
    for round in 0..40 {
        let account = env.new_id();
        fill(&one, &env, account, 100).await;
        let (first, second) =
            (spend(account, &format!("a{round}"), 60), spend(account, &format!("b{round}"), 60));
        let (a, b) = tokio::join!(
            async { in_tx!(one.db, |tx| { ledger::hold(tx, &env, first.clone()).await }) },
            async { in_tx!(two, |tx| { ledger::post(tx, &env, second.clone()).await }) },
        );
        assert_eq!([a.is_ok(), b.is_ok()].iter().filter(|done| **done).count(), 1, "{a:?} {b:?}");
    }
    assert_eq!(ledger::audit(&mut one.read().await.unwrap()).await.unwrap(), Vec::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_transfer_from_two_sides_moves_money_once() {
    let env = Env::system();
    let one = postgres(&[MIGRATIONS], &env).await;
    let two = second_connection(&one, &env).await;
    for round in 0..40 {
        let account = env.new_id();
        fill(&one, &env, account, 100).await;
        let same = spend(account, &format!("same{round}"), 60);
        let (a, b) = tokio::join!(
            async { in_tx!(one.db, |tx| { ledger::post(tx, &env, same.clone()).await }) },
            async { in_tx!(two, |tx| { ledger::post(tx, &env, same.clone()).await }) },
        );
        let news = [a.unwrap(), b.unwrap()].iter().filter(|posted| matches!(posted, Posted::New(_))).count();
        assert_eq!(news, 1);
        let wallet = ledger::wallet(&mut one.read().await.unwrap(), account, Currency::CNY).await.unwrap();
        assert_eq!(wallet.balance.minor, 40);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_is_posted_or_voided_never_both() {
    let env = Env::system();
    let one = postgres(&[MIGRATIONS], &env).await;
    let two = second_connection(&one, &env).await;
    for round in 0..40 {
        let account = env.new_id();
        fill(&one, &env, account, 100).await;
        // A second hold keeps enough held, so that only the unique end of the first decides.
        for name in ["x", "y"] {
            let hold = spend(account, &format!("{name}{round}"), 40);
            in_tx!(one.db, |tx| { ledger::hold(tx, &env, hold.clone()).await }).unwrap();
        }
        let reference = format!("x{round}");
        let (a, b) = tokio::join!(
            async { in_tx!(one.db, |tx| { ledger::post_hold(tx, &env, &reference).await }) },
            async { in_tx!(two, |tx| { ledger::void_hold(tx, &env, &reference).await }) },
        );
        let posted = |end| matches!(end, HoldEnd::Posted { .. });
        assert_eq!(posted(a.unwrap()), posted(b.unwrap()), "both sides tell the same end");
    }
    assert_eq!(ledger::audit(&mut one.read().await.unwrap()).await.unwrap(), Vec::new());
}
