//! WeChat Pay over real HTTP: our adapter and paysim's face, which share no code.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use basis::{Env, Id, ManualClock, OsEntropy, Payment, Timestamp};
use payments::{
    Device, Method, NewPayment, News, PayAt, Payer, PaymentState, Provider, Providers, WechatPay,
    WechatPayConfig,
};
use paysim::{Keys, MERCHANT_KEY, Options, Outcome, Paysim};
use store::in_tx;
use store::testing::both;

use super::{Desk, World, receive, worker};

const MCHID: &str = "1900000109";
const APPID: &str = "wxd678efh567hg6787";
const API_V3_KEY: &str = "0123456789abcdef0123456789abcdef";

/// Tells the same story in a shop on each engine.
async fn in_both(story: impl AsyncFn(World)) {
    in_shops(None, story).await;
}

async fn in_shops(public_key: Option<(String, String)>, story: impl AsyncFn(World)) {
    let clock = Arc::new(ManualClock::at(Timestamp(1_796_000_000_000)));
    let env = Env { clock: clock.clone(), entropy: Arc::new(OsEntropy) };
    for db in both(&[ledger::MIGRATIONS, payments::MIGRATIONS], &env).await {
        let paysim = paysim(&env, &clock).await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let hooks_url = format!("http://{}/hooks", listener.local_addr().unwrap());
        let wechat: Arc<dyn Provider> = Arc::new(wechat_pay(&paysim, &env, public_key.clone()));
        let providers = Providers::new([wechat], &hooks_url);
        let (news, hooks) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
        let desk = Desk {
            db: (*db).clone(),
            env: env.clone(),
            providers: providers.clone(),
            answers: hooks.clone(),
        };
        let app = Router::new().route("/hooks/{provider}", post(receive)).with_state(desk);
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        let worker = worker(&db, &env, &providers, &news);
        let (env, clock) = (env.clone(), clock.clone());
        story(World { db, env, clock, providers, paysim, worker, news, hooks }).await;
    }
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

fn wechat_pay(paysim: &Paysim, env: &Env, public_key: Option<(String, String)>) -> WechatPay {
    let config = WechatPayConfig {
        base_url: paysim.url().parse().unwrap(),
        mchid: MCHID.into(),
        appid: APPID.into(),
        certificate_serial: Keys::new("", "", "").merchant_serial(),
        private_key: MERCHANT_KEY.into(),
        api_v3_key: API_V3_KEY.into(),
        public_key,
    };
    WechatPay::new(config, env.clone()).unwrap()
}

fn wish(world: &World, minor: i64) -> NewPayment {
    let order = world.env.new_id();
    NewPayment {
        provider: "wechat_pay".into(),
        method: Method::WeChatPay,
        return_url: "https://shop.example/orders/1?a=b".into(),
        ..world.order_payment(order, minor)
    }
}

async fn create(world: &World, minor: i64) -> Id<Payment> {
    let new = wish(world, minor);
    in_tx!(world.db, |tx| { payments::create(tx, &world.env, &world.providers, new.clone()).await })
        .unwrap()
        .id
}

async fn begin(world: &World, id: Id<Payment>, device: Device) -> Result<PayAt, basis::Problem> {
    let payer = Payer { device, ip: [203, 0, 113, 7].into() };
    payments::begin(&world.db, &world.env, &world.providers, id, payer).await
}

/// A payment whose code is shown; its id here and there.
async fn open(world: &World, minor: i64) -> (Id<Payment>, String) {
    let id = create(world, minor).await;
    match begin(world, id, Device::Desktop).await.unwrap() {
        PayAt::Code(code) => (id, code.strip_prefix("weixin://wxpay/bizpayurl?pr=").unwrap().to_owned()),
        PayAt::Page(page) => panic!("a page: {page}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scanned_code_pays_and_the_message_brings_the_money() {
    in_both(async |world| {
        let (payment, theirs) = open(&world, 7200).await;
        world.pay(&theirs, Outcome::Ok).await;
        world.after_hooks(1).await;
        assert_eq!(*world.hooks.lock().unwrap(), [StatusCode::NO_CONTENT]);
        assert_eq!(world.state(payment).await, PaymentState::Captured);
        assert!(matches!(world.told()[..], [News::Captured { .. }]));
        let transaction = world.payment(payment).await.provider_ref.unwrap();
        assert!(
            transaction.len() == 28 && transaction.bytes().all(|byte| byte.is_ascii_digit()),
            "{transaction}"
        );
        world.books_agree().await;
    })
    .await;
}
