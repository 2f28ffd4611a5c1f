//! `heyon demo`: a whole small world in one process, to try everything out and to be driven from outside.

mod announce;
mod traffic;

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use accounts::{Email, Preferences, Registration};
use anyhow::{Result, ensure};
use basis::{Env, Language, Problem};
use cards::MadeCard;
use paysim::Paysim;
use store::in_tx;
use tempfile::TempDir;

use crate::{
    cli::Demo,
    data_dir::{DataDir, hex},
    http,
    nodes::Role,
    running::{self, Running},
    settings::{Gy, GyPeer, Sandbox, Settings},
    shop::Shop,
};
use announce::{Account, Card, World};
use traffic::Traffic;

/// Cards to bind, fresh at every start.
const CARDS: u32 = 3;
const EMAIL: &str = "demo@heyon.example";
const PASSWORD: &str = "a walk along the sea";

/// Starts the world, says where it is, and runs until it is told to stop.
///
/// # Errors
/// If an address is taken, or the data directory is another heyon's.
pub async fn run(options: &Demo, settings: Settings, keeps_data: bool) -> Result<ExitCode> {
    let safe = options.listen.ip().is_loopback() || settings.sandbox_instance;
    ensure!(
        safe,
        "the demo takes payments that are not real: set sandbox_instance to show it beyond this machine"
    );
    let place = if keeps_data { None } else { Some(TempDir::with_prefix("heyon-demo-")?) };
    let listener = http::bind(options.listen)?;
    let hooks = http::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let certificate = if options.tls { Some(http::certificate_for_demo().await?) } else { None };
    let settings = for_demo(settings, options, listener.local_addr()?, place.as_ref());
    let (paysim, settings) = with_paysim(settings, options, hooks.local_addr()?).await?;
    let shop = Shop::open(settings, Role::Serves).await?;
    catalog::apply(&shop.db, &shop.env, catalog::DEMO, &catalog::Conditions::default()).await?;
    let account = account(&shop).await?;
    let cards = cards::make_test_cards(&shop.db, &shop.env, &shop.secret, "system", CARDS).await?;
    let told_to_stop = running::told_to_stop()?;
    let running = Running::start(shop, listener, certificate).await?;
    running.serve_too(hooks)?;
    let traffic = Traffic::start(&running)?;
    announce::say(&world(&running, &paysim, account, cards), options.json)?;
    told_to_stop.await;
    traffic.stop().await;
    running.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// What a demo sets by itself, unless the operator has.
fn for_demo(settings: Settings, options: &Demo, web: SocketAddr, place: Option<&TempDir>) -> Settings {
    let own = |set: String, demo: String| if set.is_empty() { demo } else { set };
    let scheme = if options.tls { "https" } else { "http" };
    let data = place.map_or(settings.data, |place| PathBuf::from(place.path()));
    Settings {
        public_url: own(settings.public_url, format!("{scheme}://{web}")),
        metrics_listen: "127.0.0.1:0".to_owned(),
        gy: gy_for_demo(settings.gy),
        limits_times: settings.limits_times.max(100),
        data,
        ..settings
    }
}

/// A spare port that any gateway on this machine may use, unless the operator names others. Plans of the demo go on slower, so
/// each of them can do that.
fn gy_for_demo(gy: Gy) -> Gy {
    let listen = if gy.listen.is_empty() { "127.0.0.1:0".to_owned() } else { gy.listen };
    let mut peers = gy.peers;
    if peers.is_empty() {
        peers.push(GyPeer {
            origin_host: "*".to_owned(),
            addresses: vec!["127.0.0.0/8".to_owned(), "::1".to_owned()],
            profile: "generic".to_owned(),
            ..GyPeer::default()
        });
    }
    for peer in &mut peers {
        peer.slow_filter.get_or_insert_with(|| "heyon-slow".to_owned());
    }
    Gy { listen, peers, ..gy }
}

/// The account that is ready to sign in, with a fresh token; made at the first start on this data.
async fn account(shop: &Shop) -> Result<Account> {
    let email = EMAIL.parse::<Email>()?;
    let new = Registration {
        email: email.clone(),
        password: PASSWORD.to_owned(),
        preferences: Preferences::usual(Language::En, shop.settings.currency.parse()?),
    };
    let admitted = accounts::admit(&shop.db, &shop.env, &shop.guards.passwords, "system", &new, true).await;
    let id = match admitted {
        Ok(id) => id,
        Err(known) => known_account(shop, &email, known).await?,
    };
    let env = &shop.env;
    let made = in_tx!(shop.db, |tx| { accounts::create_token(tx, env, id, "demo").await })?;
    Ok(Account { email: EMAIL, password: PASSWORD, token: made.1.reveal().to_owned() })
}

async fn known_account(shop: &Shop, email: &Email, problem: Problem) -> Result<basis::Id<basis::Account>> {
    let mut conn = shop.db.read().await?;
    let known = accounts::account_of_email(&mut conn, email).await?;
    known.map(|account| account.id).ok_or_else(|| problem.into())
}

/// The sandbox to pay at, in this process, with its books beside the shop's data.
async fn with_paysim(settings: Settings, options: &Demo, hooks: SocketAddr) -> Result<(Paysim, Settings)> {
    DataDir::make(&settings.data)?;
    let [api_key, secret] = [(); 2].map(|()| hex(&Env::system().random::<16>()));
    let sandbox = paysim::Options {
        webhook_urls: [("sandbox".to_owned(), format!("http://{hooks}/hooks/sandbox"))].into(),
        data: Some(settings.data.join("paysim.journal")),
        ..paysim::Options::new(&settings.sandbox.merchant, &api_key, &secret)
    };
    let paysim = Paysim::spawn(SocketAddr::new(options.listen.ip(), 0), sandbox).await?;
    let merchant = settings.sandbox.merchant.clone();
    let sandbox = Sandbox { url: paysim.url(), api_key, merchant, webhook_secrets: vec![secret] };
    Ok((paysim, Settings { sandbox, hooks_url: format!("http://{hooks}"), ..settings }))
}

fn world(running: &Running, paysim: &Paysim, account: Account, cards: Vec<MadeCard>) -> World {
    let shop = running.shop();
    let web = shop.settings.public_url.clone();
    World {
        v: 1,
        api: format!("{web}/api/v1"),
        web,
        metrics: running.metrics.map(|address| format!("http://{address}/metrics")),
        paysim: Some(paysim.url()),
        gy: running.gy.map(|address| announce::Gy {
            host: address.ip().to_string(),
            port: address.port(),
            origin_host: shop.settings.gy.origin_host.clone(),
            origin_realm: shop.settings.gy.origin_realm.clone(),
        }),
        es9: None,
        mail_dir: shop.settings.mail_folder(),
        accounts: vec![account],
        cards: cards.into_iter().map(card).collect(),
        quota: (),
    }
}

fn card(made: MadeCard) -> Card {
    let MadeCard { serial, eid, iccid, imsi, bind_code, .. } = made;
    Card { serial, eid, iccid, imsi, bind_code }
}
