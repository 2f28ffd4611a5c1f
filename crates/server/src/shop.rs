//! The shop: its data opened, its nouns wired.

use std::sync::Arc;

use ::nodes::Nodes;
use accounts::{
    Guards, Limits, Passwords,
    mail::{Folder, Mailer, Post, Smtp},
};
use anyhow::{Context, Result, anyhow, ensure};
use axum::Router;
use basis::{Env, SecretKey, Timestamp};
use carriers::{Carriers, OwnNetwork};
use charging::{Charging, Opening};
use orders::Desk;
use payments::Providers;
use store::{Db, Engine, Migrations, in_tx, jobs::Worker};
use web::live::Hub;

use crate::{
    data_dir::DataDir,
    housekeeping::{self, HOUSEKEEPING},
    nodes::{self, Role},
    pay, selling,
    settings::Settings,
};

/// Every noun's tables, in the order in which they refer to each other.
const MIGRATIONS: [Migrations; 14] = [
    store::MIGRATIONS,
    ::nodes::MIGRATIONS,
    accounts::MIGRATIONS,
    push::MIGRATIONS,
    catalog::MIGRATIONS,
    ledger::MIGRATIONS,
    charging::MIGRATIONS,
    cards::MIGRATIONS,
    payments::MIGRATIONS,
    pools::MIGRATIONS,
    orders::MIGRATIONS,
    receipts::MIGRATIONS,
    renewals::MIGRATIONS,
    support::MIGRATIONS,
];

/// Everything that serving and the operator's commands work on.
pub struct Shop {
    /// What is set.
    pub settings: Settings,
    /// The directory, owned.
    pub data: DataDir,
    /// Time and randomness.
    pub env: Env,
    /// The shop's database.
    pub db: Db,
    /// The charging log's: a file of its own on SQLite, the shop's database on PostgreSQL.
    pub log: Db,
    /// The other processes on this database; `None` on SQLite.
    pub nodes: Option<Nodes>,
    /// The charging engine.
    pub charging: Charging,
    /// Who is watching which page.
    pub live: Hub,
    /// The installation's key.
    pub secret: SecretKey,
    /// What stands before every door.
    pub guards: Guards,
    /// Who moves money.
    pub providers: Providers,
    /// Orders, with providers and carriers behind them.
    pub desk: Desk,
    /// Who gives receipts.
    pub receipts: receipts::Desk,
    /// Who writes and sends mails.
    pub post: Post,
    /// Who sends notifications.
    pub push: push::Desk,
}

impl Shop {
    /// Takes the data directory, opens the database, brings it to this version and comes among the other nodes.
    ///
    /// # Errors
    /// If another heyon has the directory, or the database cannot be reached.
    pub async fn open(settings: Settings, role: Role) -> Result<Self> {
        let env = Env::system();
        let data = DataDir::lock(&settings.data)?;
        let settings = Settings { data: data.path().to_owned(), ..settings };
        let secret = data.secret(&env)?;
        let db = Db::open(&settings.database_url(), &env).await?;
        store::migrate(&db, &MIGRATIONS, env.now()).await?;
        ensure!(
            !store::copy::is_half_done(&mut db.read().await?).await?,
            "a move into this database was cut short: run `heyon move` again"
        );
        let log = match settings.charging_url() {
            Some(url) => Db::open(&url, &env).await?,
            // Connections of its own: pages and jobs that hold all of theirs must not stop the meter.
            None if db.engine() == Engine::Postgres => Db::open(&settings.database_url(), &env).await?,
            None => db.clone(),
        };
        store::migrate(&log, &[charging::LOG_MIGRATIONS], env.now()).await?;
        let nodes = nodes::join((&log, &env, &data), &settings, &secret, role).await?;
        let opening = Opening { log: log.clone(), shop: db.clone(), node: ALONE.to_owned() };
        let charging = match &nodes {
            Some(nodes) => Charging::open_among(opening, nodes, &env).await?,
            None => Charging::open(opening, &env).await?,
        };
        let providers = pay::providers(&settings)?;
        in_tx!(db, |tx| {
            housekeeping::begin(tx, &env).await?;
            payments::begin_sweeps(tx, &env, &providers).await?;
            payments::begin_bills(tx, &env, &providers).await
        })?;
        let post = post(&settings, &secret)?;
        let push = Box::pin(notifications(&settings, &db, &env, &secret)).await?;
        let guards = Guards {
            passwords: Passwords::new(PASSWORDS_AT_ONCE),
            limits: Limits::relaxed(secret.clone(), settings.limits_times),
            key: secret.clone(),
        };
        let live = Hub::default();
        let carriers = Carriers::default().with("own", OwnNetwork::new(&charging));
        let desk = Desk::new(&db, &env, &charging, carriers, providers.clone(), order_settings(&settings))
            .taxed(selling::taxes(&settings)?);
        let (seller, zone) = (Arc::new(selling::seller(&settings)?), selling::zone(&settings.time_zone)?);
        let receipts = receipts::Desk { db: db.clone(), env: env.clone(), seller, zone };
        Ok(Self {
            settings,
            data,
            env,
            db,
            log,
            nodes,
            charging,
            live,
            secret,
            guards,
            providers,
            desk,
            receipts,
            post,
            push,
        })
    }

    /// Everything that HTTP serves.
    ///
    /// # Errors
    /// If a setting of the pages cannot be understood.
    pub fn router(&self) -> Result<Router> {
        let parts = web::Parts {
            db: self.db.clone(),
            env: self.env.clone(),
            secret: self.secret.clone(),
            config: web_config(&self.settings, &self.providers)?,
            guards: self.guards.clone(),
            charging: self.charging.clone(),
            desk: self.desk.clone(),
            live: self.live.clone(),
            push: self.push.clone(),
        };
        Ok(web::router(web::App::new(parts)))
    }

    /// The worker with every noun's jobs.
    pub fn worker(&self) -> Worker {
        let owner = self.nodes.as_ref().map_or(ALONE, |nodes| nodes.me().owner.as_str());
        let worker = Worker::new(&self.db, &self.env, owner);
        let worker = accounts::handlers(worker, &self.db, &self.env, &self.post);
        let worker = push::handlers(worker, &self.push);
        let worker = cards::handlers(worker, &self.db, &self.env, &self.charging);
        let worker = support::handlers(orders::handlers(worker, &self.desk), &self.desk);
        let worker = receipts::handlers(worker, &self.receipts);
        let worker = renewals::handlers(worker, &self.renewals());
        let (db, env, days) = (self.db.clone(), self.env.clone(), self.settings.keep.messages_days);
        worker.on(HOUSEKEEPING, move |_| {
            let (db, env) = (db.clone(), env.clone());
            async move { housekeeping::clear(&db, &env, days).await }
        })
    }

    /// Plans that renew by themselves.
    fn renewals(&self) -> renewals::Desk {
        let orders_url = format!("{}/orders", self.settings.public_url.trim_end_matches('/'));
        renewals::Desk { orders: self.desk.clone(), brand: self.settings.brand.clone(), orders_url }
    }

    /// Leaves a snapshot for a fast start, and closes the files.
    pub async fn close(&self) {
        self.charging.shut_down().await;
        if let Some(nodes) = &self.nodes
            && let Err(problem) = nodes.leave().await
        {
            tracing::warn!(%problem, "the other nodes will call this one dead in a while");
        }
        self.log.close().await;
        self.db.close().await;
    }
}

/// Brings shop and log to this version.
///
/// # Errors
/// Of the databases.
pub async fn migrate(db: &Db, log: &Db, now: Timestamp) -> Result<()> {
    store::migrate(db, &MIGRATIONS, now).await?;
    Ok(store::migrate(log, &[charging::LOG_MIGRATIONS], now).await?)
}

/// The name on leases where there are no other nodes: one server runs on a data directory, so what it had leased before
/// it died is free.
const ALONE: &str = "heyon";
/// Hashing a password takes about 20 MB for as long as it lasts; more at once wait.
const PASSWORDS_AT_ONCE: usize = 4;

fn post(settings: &Settings, key: &SecretKey) -> Result<Post> {
    let mail = &settings.mail;
    let mailer: Arc<dyn Mailer> = if mail.smtp.is_empty() {
        Arc::new(Folder::new(settings.mail_folder(), &mail.from)?)
    } else {
        Arc::new(Smtp::new(&mail.smtp, &mail.from)?)
    };
    let (public_url, brand) = (settings.public_url.clone(), settings.brand.clone());
    Ok(Post::new(mailer, public_url, brand, key.clone()))
}

async fn notifications(settings: &Settings, db: &Db, env: &Env, key: &SecretKey) -> Result<push::Desk> {
    let services = push::Services::read(&settings.push.services).context("push.services")?;
    let contact =
        if settings.push.contact.is_empty() { &settings.public_url } else { &settings.push.contact };
    Ok(push::Desk::open(db, env, key, services, contact).await?)
}

fn order_settings(settings: &Settings) -> orders::Settings {
    let ms = |seconds: u32| i64::from(seconds) * basis::SECOND_MS;
    let usual = orders::Settings::default();
    orders::Settings {
        pay_within_ms: ms(settings.deadlines.payment_seconds),
        deliver_within_ms: ms(settings.deadlines.delivery_seconds),
        unpaid_max: usual.unpaid_max.saturating_mul(settings.limits_times.max(1)),
        ..usual
    }
}

fn web_config(settings: &Settings, providers: &Providers) -> Result<web::Config> {
    let public_url =
        settings.public_url.parse().with_context(|| format!("public_url: {}", settings.public_url))?;
    let proxies = settings.trusted_proxies.iter().map(|network| {
        network.parse().map_err(|_| anyhow!("trusted_proxies: {network} is not an address or network"))
    });
    let app = |app: &crate::settings::AndroidApp| web::AndroidApp {
        package: app.package.clone(),
        fingerprints: app.fingerprints.clone(),
    };
    Ok(web::Config {
        brand: settings.brand.clone(),
        language: settings.language.parse().context("language")?,
        currency: settings.currency.parse().context("currency")?,
        time_zone: settings.time_zone.clone(),
        trusted_proxies: proxies.collect::<Result<_>>()?,
        pay_origins: providers.pay_origins(),
        sandbox: providers.only_tests(),
        android_apps: settings.apps.android.iter().map(app).collect(),
        apple_apps: settings.apps.apple.clone(),
        ..web::Config::at(public_url)
    })
}
