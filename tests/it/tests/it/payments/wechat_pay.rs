//! WeChat Pay over real HTTP: our adapter and paysim's face, which share no code.

mod people;
mod refunds;
mod trust;

use std::ops::Deref;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Response};
use axum::routing::post;
use basis::{Env, Id, ManualClock, Money, Order, OsEntropy, Payment, Problem, Timestamp};
use ledger::Book;
use payments::{
    Device, Method, NewPayment, NewRefund, PayAt, Payer, Provider, Providers, Refund, WechatPay,
    WechatPayConfig,
};
use paysim::{FaultPlan, Keys, MERCHANT_KEY, Options, Outcome, Paysim};
use store::in_tx;
use store::testing::both;

use super::{Desk, World, receive, worker};

pub(crate) const MCHID: &str = "1900000109";
pub(crate) const APPID: &str = "wxd678efh567hg6787";
pub(crate) const API_V3_KEY: &str = "0123456789abcdef0123456789abcdef";
const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_0119000000012026112300000000000001";

/// Messages as they came.
type Messages = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

/// A shop that takes WeChat Pay, and what WeChat Pay told it.
struct Shop {
    world: World,
    wechat: Arc<WechatPay>,
    messages: Messages,
}

impl Deref for Shop {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

/// Tells the same story in a shop on each engine.
async fn in_both(story: impl AsyncFn(Shop)) {
    in_shops(None, story).await;
}

async fn in_shops(public_key: Option<(String, String)>, story: impl AsyncFn(Shop)) {
    let clock = Arc::new(ManualClock::at(Timestamp(1_796_000_000_000)));
    let env = Env { clock: clock.clone(), entropy: Arc::new(OsEntropy) };
    for db in both(&[ledger::MIGRATIONS, payments::MIGRATIONS], &env).await {
        let paysim = paysim(&env, &clock).await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let hooks_url = format!("http://{}/hooks", listener.local_addr().unwrap());
        let wechat = Arc::new(WechatPay::new(config(&paysim, public_key.clone()), env.clone()).unwrap());
        let provider: Arc<dyn Provider> = wechat.clone();
        let providers = Providers::new([provider], &hooks_url);
        let (news, hooks) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
        let messages = Messages::default();
        let desk = Desk {
            db: (*db).clone(),
            env: env.clone(),
            providers: providers.clone(),
            answers: hooks.clone(),
        };
        let app = Router::new().route("/hooks/{provider}", post(keep)).with_state((desk, messages.clone()));
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        let worker = worker(&db, &env, &providers, &news);
        let (env, clock) = (env.clone(), clock.clone());
        let world = World { db, env, clock, providers, paysim, worker, news, hooks };
        story(Shop { world, wechat, messages }).await;
    }
}

async fn keep(
    State((desk, messages)): State<(Desk, Messages)>,
    name: Path<String>,
    headers: HeaderMap,
    raw: Bytes,
) -> Response<Body> {
    messages.lock().unwrap().push((headers.clone(), raw.clone()));
    receive(State(desk), name, headers, raw).await
}

async fn paysim(env: &Env, clock: &Arc<ManualClock>) -> Paysim {
    let keys = Keys { client: APPID.into(), ..Keys::new(MCHID, API_V3_KEY, "") };
    let options = Options {
        env: env.clone(),
        virtual_clock: Some(clock.clone()),
        face_keys: [("wechat_pay".to_owned(), keys)].into(),
        ..Options::new("", "", "")
    };
    Paysim::spawn(([127, 0, 0, 1], 0).into(), options).await.unwrap()
}

pub(crate) fn config(paysim: &Paysim, public_key: Option<(String, String)>) -> WechatPayConfig {
    WechatPayConfig {
        base_url: paysim.url().parse().unwrap(),
        mchid: MCHID.into(),
        appid: APPID.into(),
        certificate_serial: Keys::new("", "", "").merchant_serial(),
        private_key: MERCHANT_KEY.into(),
        api_v3_key: API_V3_KEY.into(),
        public_key,
    }
}

impl Shop {
    async fn create(&self, order: Id<Order>, minor: i64) -> Id<Payment> {
        let new = NewPayment {
            provider: "wechat_pay".into(),
            method: Method::WeChatPay,
            return_url: "https://shop.example/orders/1?a=b".into(),
            ..self.order_payment(order, minor)
        };
        let made =
            in_tx!(self.db, |tx| { payments::create(tx, &self.env, &self.providers, new.clone()).await });
        made.unwrap().id
    }

    async fn begin_at(&self, id: Id<Payment>, device: Device) -> Result<PayAt, Problem> {
        let payer = Payer { device, ip: [203, 0, 113, 7].into() };
        payments::begin(&self.db, &self.env, &self.providers, id, payer).await
    }

    /// Shows the code of a payment; answers its name at WeChat Pay.
    async fn show_code(&self, id: Id<Payment>) -> String {
        match self.begin_at(id, Device::Desktop).await.unwrap() {
            PayAt::Code(code) => code.strip_prefix("weixin://wxpay/bizpayurl?pr=").unwrap().to_owned(),
            PayAt::Page(page) => panic!("a page: {page}"),
        }
    }

    /// A payment of ¥72.00 for a new order; its order, its id here and there.
    async fn open_one(&self) -> (Id<Order>, Id<Payment>, String) {
        let order = self.env.new_id();
        let id = self.create(order, 7200).await;
        (order, id, self.show_code(id).await)
    }

    /// One that is paid, whose message was the so-manyth.
    async fn paid(&self, hooks: usize) -> (Id<Order>, Id<Payment>, String) {
        let (order, id, theirs) = self.open_one().await;
        self.pay(&theirs, Outcome::Ok).await;
        self.after_hooks(hooks).await;
        (order, id, theirs)
    }

    async fn refund(&self, order: Id<Order>, payment: Id<Payment>, minor: i64) -> Refund {
        let new = NewRefund {
            payment,
            capture_ref: None,
            amount: Money::new(minor, basis::Currency::CNY),
            from: Book::Deferred,
            order: Some(order),
            reason: "not delivered".into(),
            request_key: format!("{payment}:{minor}"),
        };
        let refund = in_tx!(self.db, |tx| { payments::start_refund(tx, &self.env, new.clone()).await });
        self.work().await;
        refund.unwrap()
    }

    async fn refund_now(&self, id: Id<basis::Refund>) -> Refund {
        payments::find_refund(&mut self.db.read().await.unwrap(), id).await.unwrap()
    }

    /// What goes wrong with answers about payments that are not opened yet.
    async fn faults_of_opening(&self, plan: FaultPlan) {
        self.paysim.set_default_faults(plan).await;
    }
}
