//! Payments against the sandbox over real HTTP, on both engines: what people do, what the provider says, what stays.

pub(crate) mod alipay;
pub(crate) mod antom;
mod bills;
mod disputes;
pub(crate) mod kept;
mod messages;
mod money_back;
pub(crate) mod paypal;
mod stories;
pub(crate) mod stripe;
mod sweeps;
pub(crate) mod wechat_pay;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::routing::post;
use basis::{
    Account, Currency, Env, Id, Language, MINUTE_MS, ManualClock, Money, Order, OsEntropy, Payment, Problem,
    SECOND_MS, Timestamp,
};
use ledger::Book;
use payments::{
    CHECK, CheckJob, Confirmed, Method, NewPayment, NewRefund, News, PaymentState, Provider, Providers,
    Purpose, Refund, RefundState, SEND_REFUND, Sandbox, SandboxConfig,
};
use paysim::{AnswerPlan, FaultPlan, Options, Outcome, Paysim};
use store::jobs::{JobRun, Next, Worker};
use store::testing::{TestDb, both};
use store::{Db, in_tx};
use tokio::net::TcpListener;

pub(crate) const SECRET: &str = "whsec_test";
pub(crate) const API_KEY: &str = "sk_test";

/// A shop with its provider, on a clock that only moves when told.
pub(crate) struct World {
    pub(crate) db: TestDb,
    pub(crate) env: Env,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) providers: Providers,
    pub(crate) paysim: Paysim,
    worker: Worker,
    pub(crate) news: Arc<Mutex<Vec<News>>>,
    pub(crate) hooks: Arc<Mutex<Vec<StatusCode>>>,
}

/// The provider of a shop whose people pay at this sandbox.
type Connect = fn(&Paysim, &Env) -> Arc<dyn Provider>;

/// Tells the same story in a shop on each engine.
pub(crate) async fn in_both<F: AsyncFn(World)>(story: F) {
    in_both_with(|paysim, _| sandbox(paysim, API_KEY), story).await;
}

/// The same with another provider than the sandbox.
pub(crate) async fn in_both_with<F: AsyncFn(World)>(connect: Connect, story: F) {
    let clock = Arc::new(ManualClock::at(Timestamp(1_790_000_000_000)));
    let env = Env { clock: clock.clone(), entropy: Arc::new(OsEntropy) };
    for db in both(&[ledger::MIGRATIONS, payments::MIGRATIONS], &env).await {
        story(World::new(db, env.clone(), clock.clone(), connect).await).await;
    }
}

impl World {
    /// Starts to send part of an order's money back, once for each `key`.
    async fn refund(
        &self,
        payment: Id<Payment>,
        order: Id<Order>,
        amount: Money,
        key: &str,
    ) -> Result<Refund, Problem> {
        let new = NewRefund {
            payment,
            capture_ref: None,
            amount,
            from: Book::Deferred,
            order: Some(order),
            reason: "not delivered".into(),
            request_key: key.into(),
        };
        in_tx!(self.db, |tx| { payments::start_refund(tx, &self.env, new.clone()).await })
    }

    async fn refund_state(&self, id: Id<basis::Refund>) -> RefundState {
        payments::find_refund(&mut self.db.read().await.unwrap(), id).await.unwrap().state
    }

    /// Refunds whose answers get lost, each in another way, of payments that such a shop makes: each is made once.
    async fn refunds_outlive_their_answers(
        &self,
        paid: impl AsyncFn(&Self, Id<Order>, usize) -> (Id<Payment>, String),
    ) {
        let answers = [AnswerPlan::Reset, AnswerPlan::LoseAnswer, AnswerPlan::FailBefore];
        for (round, answer) in answers.into_iter().enumerate() {
            let order = self.env.new_id();
            let (payment, theirs) = paid(self, order, 2 * round + 1).await;
            self.faults(&theirs, FaultPlan { answer, ..FaultPlan::default() }).await;
            let amount = self.payment(payment).await.amount;
            let sent = self.refund(payment, order, amount, &format!("round {round}")).await.unwrap();
            self.work().await;
            let state = self.refund_state(sent.id).await;
            assert_ne!(state, RefundState::Failed, "nobody knows, so nobody gives up");
            self.later(5 * SECOND_MS).await;
            self.after_hooks(2 * round + 2).await;
            assert_eq!(self.refund_state(sent.id).await, RefundState::Succeeded);
        }
        assert_eq!(self.paysim.books().await.refunded_minor["CNY"], 3 * 7200);
        self.books_agree().await;
    }

    async fn new(db: TestDb, env: Env, clock: Arc<ManualClock>, connect: Connect) -> Self {
        let options = Options {
            env: env.clone(),
            virtual_clock: Some(clock.clone()),
            ..Options::new("heyon", API_KEY, SECRET)
        };
        let paysim = Paysim::spawn(([127, 0, 0, 1], 0).into(), options).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let hooks_url = format!("http://{}/hooks", listener.local_addr().unwrap());
        let providers = Providers::new([connect(&paysim, &env)], &hooks_url);
        let news = Arc::new(Mutex::new(Vec::new()));
        let hooks = Arc::new(Mutex::new(Vec::new()));
        let worker = worker(&db, &env, &providers, &news);
        for name in providers.all().map(|provider| provider.name()) {
            paysim.set_webhook_url(name, &providers.notify_url(name));
        }
        serve_hooks(listener, &db, &env, &providers, &hooks);
        Self { db, env, clock, providers, paysim, worker, news, hooks }
    }

    /// The same provider, asked with another key.
    pub(crate) fn with_key(&self, api_key: &str) -> Providers {
        Providers::new([sandbox(&self.paysim, api_key)], "https://shop.example/hooks")
    }

    pub(crate) fn order_payment(&self, order: Id<Order>, minor: i64) -> NewPayment {
        NewPayment {
            purpose: Purpose::Order(order),
            account: Id::from_u128(7),
            amount: Money::new(minor, Currency::CNY),
            provider: self.providers.all().next().unwrap().name().into(),
            method: Method::Alipay,
            expires_at: self.env.now().plus_ms(30 * MINUTE_MS),
            description: "日本 20 GB".into(),
            language: Language::ZhCn,
            return_url: "http://127.0.0.1/orders/1".into(),
            save_method: false,
            request_key: None,
        }
    }

    /// A payment whose pay page is open; its id here and at the sandbox.
    pub(crate) async fn open(&self, new: NewPayment) -> (Id<Payment>, String) {
        let created =
            in_tx!(self.db, |tx| { payments::create(tx, &self.env, &self.providers, new.clone()).await })
                .unwrap();
        let url = self.begin(created.id).await.unwrap();
        (created.id, url.rsplit('/').next().unwrap().to_owned())
    }

    /// Takes a provider's answer in, as a look at the payment does.
    pub(crate) async fn take_in(&self, payment: Id<Payment>, facts: &payments::Facts) {
        in_tx!(self.db, |tx| {
            let confirmed = payments::confirm(tx, &self.env, payment, facts).await?;
            settle(tx, &self.env, &confirmed).await
        })
        .unwrap();
    }

    /// The pay page of a payment, at a desktop.
    pub(crate) async fn begin(&self, id: Id<Payment>) -> Result<String, Problem> {
        let payer = payments::Payer { device: payments::Device::Desktop, ip: [127, 0, 0, 1].into() };
        match payments::begin(&self.db, &self.env, &self.providers, id, payer).await? {
            payments::PayAt::Page(url) => Ok(url),
            payments::PayAt::Code(text) => panic!("a code: {text}"),
        }
    }

    pub(crate) async fn pay(&self, at_sandbox: &str, outcome: Outcome) {
        self.paysim.pay(at_sandbox, outcome).await.unwrap();
    }

    pub(crate) async fn faults(&self, at_sandbox: &str, plan: FaultPlan) {
        self.paysim.set_faults(at_sandbox, plan).await.unwrap();
    }

    /// Waits until the sandbox has sent so many messages, then does all work that is due.
    pub(crate) async fn after_hooks(&self, count: usize) {
        for _ in 0..500 {
            if self.hooks.lock().unwrap().len() >= count {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        assert_eq!(self.hooks.lock().unwrap().len(), count, "messages that came");
        self.work().await;
    }

    pub(crate) async fn work(&self) {
        self.worker.run_due().await.unwrap();
    }

    pub(crate) async fn later(&self, ms: i64) {
        self.clock.advance_ms(ms);
        self.work().await;
    }

    pub(crate) async fn payment(&self, id: Id<Payment>) -> payments::Payment {
        payments::find(&mut self.db.read().await.unwrap(), id).await.unwrap()
    }

    pub(crate) async fn state(&self, id: Id<Payment>) -> PaymentState {
        self.payment(id).await.state
    }

    pub(crate) async fn order_money(&self, order: Id<Order>) -> ledger::OrderMoney {
        ledger::per_order(&mut self.db.read().await.unwrap(), order, Currency::CNY).await.unwrap()
    }

    pub(crate) async fn wallet_minor(&self, account: Id<Account>) -> i64 {
        let mut conn = self.db.read().await.unwrap();
        ledger::wallet(&mut conn, account, Currency::CNY).await.unwrap().balance.minor
    }

    pub(crate) fn told(&self) -> Vec<News> {
        std::mem::take(&mut *self.news.lock().unwrap())
    }

    pub(crate) async fn flags(&self) -> Vec<String> {
        let flags = payments::open_flags(&mut self.db.read().await.unwrap(), 100).await.unwrap();
        flags.into_iter().map(|flag| flag.reason).collect()
    }

    /// Our own books, and theirs, agree.
    pub(crate) async fn books_agree(&self) {
        let mut conn = self.db.read().await.unwrap();
        assert_eq!(ledger::audit(&mut conn).await.unwrap(), Vec::new());
        assert_eq!(payments::audit(&mut conn).await.unwrap(), Vec::new());
        let far = Timestamp(i64::MAX);
        let differences = payments::reconcile(&self.db, &self.providers, Timestamp(0), far).await.unwrap();
        assert_eq!(differences, Vec::new());
        let theirs = self.paysim.books().await;
        for ((_, currency), ours) in ledger::provider_totals(&mut conn).await.unwrap() {
            assert_eq!(theirs.captured_minor.get(currency.code()), Some(&ours.captured.minor));
            assert_eq!(theirs.refunded_minor.get(currency.code()), Some(&ours.returned.minor));
        }
    }
}

pub(crate) fn sandbox(paysim: &Paysim, api_key: &str) -> Arc<dyn Provider> {
    let sandbox = Sandbox::new(SandboxConfig {
        base_url: paysim.url().parse().unwrap(),
        api_key: api_key.into(),
        merchant: "heyon".into(),
        webhook_secrets: vec!["whsec_old".into(), SECRET.into()],
    });
    Arc::new(sandbox.unwrap())
}

fn worker(db: &Db, env: &Env, providers: &Providers, news: &Arc<Mutex<Vec<News>>>) -> Worker {
    let (db1, env1, providers1, news) = (db.clone(), env.clone(), providers.clone(), news.clone());
    let (db2, env2, providers2) = (db.clone(), env.clone(), providers.clone());
    let (db3, providers3) = (db.clone(), providers.clone());
    Worker::new(db, env, "test")
        .on(payments::FORGET_SAVED, move |run| {
            let (db, providers) = (db3.clone(), providers3.clone());
            async move { payments::forget_saved(&db, &providers, run).await }
        })
        .on(CHECK, move |run| look(db1.clone(), env1.clone(), providers1.clone(), news.clone(), run))
        .on(SEND_REFUND, move |run| {
            let (db, env, providers) = (db2.clone(), env2.clone(), providers2.clone());
            async move { payments::send_refund(&db, &env, &providers, run).await }
        })
        .on(payments::REFUND_DONE, |_| async { Ok(Next::Done) })
}

/// What the orders do when a payment is looked at, without the orders.
async fn look(
    db: Db,
    env: Env,
    providers: Providers,
    news: Arc<Mutex<Vec<News>>>,
    run: JobRun,
) -> Result<Next, Problem> {
    let job: CheckJob = run.read()?;
    let Some(facts) = payments::fetch(&db, &providers, job).await? else { return Ok(Next::Done) };
    let confirmed = in_tx!(db, |tx| {
        let confirmed = payments::confirm(tx, &env, job.payment, &facts).await?;
        settle(tx, &env, &confirmed).await?;
        Ok(confirmed)
    })?;
    news.lock().unwrap().extend(confirmed.news.clone());
    Ok(payments::after(job, &confirmed.payment, env.now()))
}

fn is_of_order(confirmed: &Confirmed, fate: payments::Fate) -> bool {
    fate == payments::Fate::Accepted && confirmed.payment.purpose.order().is_some()
}

fn frozen(
    confirmed: &Confirmed,
    dispute: &payments::Dispute,
    movement: &str,
    (from, to): (ledger::Book, ledger::Book),
) -> ledger::NewTransfer {
    let reference = dispute.transfer(movement);
    let moved = ledger::NewTransfer::new(reference, ledger::Kind::Dispute, from, to, dispute.frozen);
    ledger::NewTransfer { order: confirmed.payment.purpose.order(), ..moved.payment(dispute.payment) }
}

pub(crate) async fn settle(tx: &mut store::Conn, env: &Env, confirmed: &Confirmed) -> Result<(), Problem> {
    for news in &confirmed.news {
        match news {
            News::Captured { transfer } => drop(ledger::post(tx, env, transfer.clone()).await?),
            News::Contested { dispute, fate } if is_of_order(confirmed, *fate) => {
                let [from, to] = [ledger::Book::Deferred, ledger::Book::Disputed];
                ledger::post(tx, env, frozen(confirmed, dispute, "held", (from, to))).await?;
            }
            News::ContestWon { dispute, fate } if is_of_order(confirmed, *fate) => {
                let [from, to] = [ledger::Book::Disputed, ledger::Book::Deferred];
                ledger::post(tx, env, frozen(confirmed, dispute, "held:won", (from, to))).await?;
            }
            _ => {}
        }
    }
    Ok(())
}

#[derive(Clone)]
struct Desk {
    db: Db,
    env: Env,
    providers: Providers,
    answers: Arc<Mutex<Vec<StatusCode>>>,
}

fn serve_hooks(
    listener: TcpListener,
    db: &Db,
    env: &Env,
    providers: &Providers,
    answers: &Arc<Mutex<Vec<StatusCode>>>,
) {
    let desk =
        Desk { db: db.clone(), env: env.clone(), providers: providers.clone(), answers: answers.clone() };
    let app = Router::new().route("/hooks/{provider}", post(receive)).with_state(desk);
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
}

async fn receive(
    State(desk): State<Desk>,
    Path(name): Path<String>,
    headers: HeaderMap,
    raw: Bytes,
) -> Response<Body> {
    let taken = payments::receive_hook(&desk.db, &desk.env, &desk.providers, &name, &headers, &raw).await;
    let answer = match desk.providers.get(&name) {
        Some(provider) => provider.hook_answer(&taken),
        None => payments::plain_answer(&taken),
    };
    desk.answers.lock().unwrap().push(answer.status());
    answer.map(Body::from)
}
