//! One life of the process: what it has open, and where the providers' messages reach it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::routing::post;
use basis::Env;
use carriers::{Carriers, OwnNetwork};
use charging::{Charging, Opening};
use futures_util::FutureExt as _;
use orders::{Desk, Settings};
use payments::{Provider, Providers, WechatPay};
use paysim::Paysim;
use store::jobs::{Next, Worker};
use store::{Db, in_tx};

use crate::orders::carrier::Wire;
use crate::orders::shop::worker;
use crate::payments::{alipay, paypal, sandbox, stripe, wechat_pay};

/// What a process holds in memory; gone with it.
#[derive(Clone)]
pub(super) struct Life {
    pub(super) db: Db,
    pub(super) desk: Desk,
    pub(super) wire: Wire,
    pub(super) worker: Arc<Worker>,
}

impl Life {
    /// Begins anew with what is on the disk.
    pub(super) async fn begin(url: &str, env: &Env, paysim: &Paysim, door: &Door) -> Self {
        let db = Db::open(url, env).await.unwrap();
        let opening = Opening { log: db.clone(), shop: db.clone(), node: "simulated".to_owned() };
        let charging = Charging::open(opening, env).await.unwrap();
        let wire = Wire::to(OwnNetwork::new(&charging));
        let carriers = Carriers::default().with("own", wire.clone());
        let providers = Providers::new(all(paysim, env), &door.url());
        let desk = Desk::new(&db, env, &charging, carriers, providers, Settings::default());
        let worker = Arc::new(door.takes_mail(worker(&db, env, &desk, "simulated:life")));
        in_tx!(db, |tx| { payments::begin_sweeps(tx, env, &desk.providers).await }).unwrap();
        let life = Self { db, desk, wire, worker };
        door.lead_to(&life);
        life
    }

    pub(super) fn is_dead(&self) -> bool {
        self.db.died().now_or_never().is_some()
    }
}

/// Every provider, as an operator would set it up.
fn all(paysim: &Paysim, env: &Env) -> [Arc<dyn Provider>; 5] {
    let wechat = WechatPay::new(wechat_pay::config(paysim, None), env.clone()).unwrap();
    [
        sandbox(paysim, crate::payments::API_KEY),
        stripe::connect(paysim, env),
        paypal::paypal(paysim, env, crate::payments::API_KEY),
        alipay::alipay(paysim, env),
        Arc::new(wechat),
    ]
}

/// A message as it came.
#[derive(Clone)]
pub(super) struct Heard {
    pub(super) provider: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// Where messages come in, whatever life stands behind it.
#[derive(Clone)]
pub(super) struct Door {
    address: SocketAddr,
    behind: Arc<Mutex<Option<(Db, Desk)>>>,
    heard: Arc<Mutex<Vec<Heard>>>,
    mailed: Arc<Mutex<Vec<String>>>,
}

impl Door {
    pub(super) async fn open() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let door = Self { address, behind: Arc::default(), heard: Arc::default(), mailed: Arc::default() };
        let app = Router::new().route("/hooks/{provider}", post(hear)).with_state(door.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        door
    }

    fn url(&self) -> String {
        format!("http://{}/hooks", self.address)
    }

    fn lead_to(&self, life: &Life) {
        *self.behind.lock().unwrap() = Some((life.db.clone(), life.desk.clone()));
    }

    /// What people were mailed.
    pub(super) fn mailed(&self) -> Vec<String> {
        self.mailed.lock().unwrap().clone()
    }

    /// The postman, who takes every mail as it is.
    fn takes_mail(&self, worker: Worker) -> Worker {
        let mailed = self.mailed.clone();
        worker.on("mail.send", move |run| {
            mailed.lock().unwrap().push(run.payload);
            async { Ok(Next::Done) }
        })
    }

    pub(super) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }
}

async fn hear(
    State(door): State<Door>,
    Path(provider): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let (db, desk) = door.behind.lock().unwrap().clone().unwrap();
    let taking = payments::receive_hook(&db, &desk.env, &desk.providers, &provider, &headers, &body);
    let answer = tokio::select! {
        biased;
        () = db.died() => Response::builder().status(StatusCode::BAD_GATEWAY).body(Bytes::new()).unwrap(),
        taken = taking => desk.providers.get(&provider).unwrap().hook_answer(&taken),
    };
    door.heard.lock().unwrap().push(Heard { provider, headers, body });
    answer.map(Body::from)
}
