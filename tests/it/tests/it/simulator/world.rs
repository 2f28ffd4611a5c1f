//! The shop, its providers, its people, and time.

use std::ops::AddAssign;
use std::sync::Arc;

use basis::{
    Env, HOUR_MS, Id, Kind, MINUTE_MS, ManualClock, Order, Payment, Problem, SECOND_MS, SeededEntropy,
    Timestamp,
};
use orders::OrderRecord;
use paysim::{FaultPlan, Keys, Options, Paysim};
use store::Side;
use store::testing::TestDb;

use super::buyers::{Buyer, SHORT};
use super::dice::Dice;
use super::life::{Door, Life};
use super::renewing::Diary;
use crate::orders::carrier::Fault;
use crate::orders::shop::{PLANS, TABLES, bind, open_pool};
use crate::payments::{API_KEY, SECRET, wechat_pay};
use crate::people::registration;

/// What has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tally {
    pub(super) deaths: u64,
    pub(super) placed: u64,
    pub(super) delivered: u64,
    pub(super) refunded: u64,
    pub(super) captured: u64,
    pub(super) messages: u64,
    pub(super) agreed: u64,
    /// Charges of kept methods, as their banks ended them.
    pub(super) charged: u64,
    pub(super) refused: u64,
    pub(super) refused_for_good: u64,
    pub(super) bank_wants_payer: u64,
    /// Mails with a link to pay.
    pub(super) asked: u64,
    /// Consents that stopped after five purchases in a day.
    pub(super) too_many: u64,
    /// Methods that their providers let go of.
    pub(super) forgotten: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.deaths += other.deaths;
        self.placed += other.placed;
        self.delivered += other.delivered;
        self.refunded += other.refunded;
        self.captured += other.captured;
        self.messages += other.messages;
        self.agreed += other.agreed;
        self.charged += other.charged;
        self.refused += other.refused;
        self.refused_for_good += other.refused_for_good;
        self.bank_wants_payer += other.bank_wants_payer;
        self.asked += other.asked;
        self.too_many += other.too_many;
        self.forgotten += other.forgotten;
    }
}

pub(super) struct World {
    pub(super) dice: Dice,
    pub(super) clock: Arc<ManualClock>,
    pub(super) env: Env,
    pub(super) paysim: Paysim,
    pub(super) door: Door,
    pub(super) life: Life,
    pub(super) fault: Fault,
    pub(super) buyers: Vec<Buyer>,
    pub(super) orders: Vec<(Buyer, Id<Order>)>,
    pub(super) payments: Vec<Id<Payment>>,
    pub(super) diary: Diary,
    pub(super) tally: Tally,
    story: Vec<String>,
    files: TestDb,
    /// Whether the process may die and things may break.
    wild: bool,
}

impl World {
    pub(super) async fn open(seed: u64) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp(1_790_000_000_000)));
        let env = Env { clock: clock.clone(), entropy: Arc::new(SeededEntropy::new(seed)) };
        let paysim = paysim(seed, &clock).await;
        let files = store::testing::sqlite(TABLES, &env).await;
        let plans = format!("{PLANS}{SHORT}");
        catalog::apply(&files, &env, &plans, &catalog::Conditions::default())
            .await
            .unwrap_or_else(|_| panic!("the plans are good"));
        let door = Door::open().await;
        let life = Life::begin(&files.url, &env, &paysim, &door).await;
        let mut buyers = Vec::new();
        let passwords = accounts::Passwords::cheap();
        for name in ["lin", "mei"] {
            let person = registration(&format!("{name}@example.com"));
            let account = accounts::admit(&life.db, &env, &passwords, "system", &person, true).await.unwrap();
            let bound = bind(&life.db, &env, account).await;
            open_pool(&life.desk.charging, &bound).await;
            buyers.push(Buyer { account, line: bound });
        }
        for provider in life.desk.providers.all() {
            paysim.set_webhook_url(provider.name(), &life.desk.providers.notify_url(provider.name()));
        }
        Self {
            dice: Dice::new(seed),
            clock,
            env,
            paysim,
            door,
            life,
            fault: Fault::None,
            buyers,
            orders: Vec::new(),
            payments: Vec::new(),
            diary: Diary::default(),
            tally: Tally::default(),
            story: Vec::new(),
            files,
            wild: true,
        }
    }

    /// Adds to the story, which ends where everyone becomes patient.
    pub(super) fn tell(&mut self, what: String) {
        if !self.wild {
            return;
        }
        if std::env::var_os("HEYON_SEED").is_some() {
            println!("{} {what}", self.env.now().as_ms());
        }
        self.story.push(what);
    }

    /// Does something in this life, which may end on the way; then the next one begins.
    pub(super) async fn live<T>(
        &mut self,
        what: &str,
        deed: impl AsyncFnOnce(&Life) -> Result<T, Problem>,
    ) -> Option<T> {
        self.light_a_fuse();
        let life = self.life.clone();
        let done = tokio::select! {
            biased;
            () = life.db.died() => None,
            done = deed(&life) => Some(done),
        };
        life.db.live_on();
        drop(life);
        match done {
            _ if self.life.is_dead() => self.begin_anew(what).await,
            Some(Ok(value)) => {
                self.tell(what.to_owned());
                return Some(value);
            }
            Some(Err(problem)) => {
                assert_ne!(problem.kind, Kind::Internal, "{what}: {problem}");
                self.tell(format!("{what}: {}", problem.key));
            }
            None => panic!("{what}: ended without dying"),
        }
        None
    }

    /// Now and then this life ends at one of the next commits.
    fn light_a_fuse(&mut self) {
        if self.wild && self.dice.chance(25) {
            let nth = u32::try_from(1 + self.dice.roll(10)).unwrap();
            let side = self.dice.pick(&[Side::Before, Side::After]);
            self.life.db.die_at(nth, side);
        }
    }

    async fn begin_anew(&mut self, what: &str) {
        self.tell(format!("{what}: died"));
        self.tally.deaths += 1;
        self.life = Life::begin(&self.files.url, &self.env, &self.paysim, &self.door).await;
        self.life.wire.breaks(self.fault);
    }

    /// Time passes, messages come, work is done.
    pub(super) async fn pass(&mut self, ms: i64) {
        self.clock.advance_ms(ms);
        self.hear().await;
        self.work().await;
    }

    /// All messages that are due come in.
    pub(super) async fn hear(&mut self) {
        self.light_a_fuse();
        self.paysim.send_due().await;
        self.life.db.live_on();
        if self.life.is_dead() {
            self.begin_anew("messages").await;
        }
    }

    /// All jobs that are due are done.
    pub(super) async fn work(&mut self) {
        self.live("work", async |life: &Life| life.worker.run_due().await).await;
    }

    /// Nothing breaks any more, and everyone is patient: days go by.
    pub(super) async fn calm_down(&mut self) {
        self.wild = false;
        self.fault = Fault::None;
        self.life.wire.breaks(Fault::None);
        self.paysim.set_default_faults(FaultPlan::default()).await;
        for line in self.paysim.books().await.payments {
            self.paysim.set_faults(&line.id, FaultPlan::default()).await.unwrap();
        }
        for kept in self.paysim.payments().await.into_iter().filter_map(|payment| payment.saved) {
            self.paysim.set_faults(&kept.id, FaultPlan::default()).await.unwrap();
        }
        self.wait(10, 30 * SECOND_MS).await;
        self.wait(20, 5 * MINUTE_MS).await;
        self.wait(10, 30 * MINUTE_MS).await;
        self.wind_up().await;
        self.wait(12, 6 * HOUR_MS).await;
        for _ in 0..10 {
            self.pass(HOUR_MS).await;
        }
    }

    async fn wait(&mut self, times: u32, ms: i64) {
        for _ in 0..times {
            self.pass(ms).await;
        }
        self.operate().await;
    }

    /// All orders of a line, placed by hand or automatic, the newest first.
    pub(super) async fn orders_of(&self, buyer: &Buyer) -> Vec<OrderRecord> {
        let mut conn = self.life.db.read().await.unwrap();
        orders::of_line(&mut conn, buyer.account, buyer.line.id, 1000).await.unwrap()
    }

    pub(super) fn close(self) -> (Tally, Vec<String>) {
        (self.tally, self.story)
    }
}

async fn paysim(seed: u64, clock: &Arc<ManualClock>) -> Paysim {
    let env = Env { clock: clock.clone(), entropy: Arc::new(SeededEntropy::new(!seed)) };
    let wechat =
        Keys { client: wechat_pay::APPID.into(), ..Keys::new(wechat_pay::MCHID, wechat_pay::API_V3_KEY, "") };
    let options = Options {
        env,
        virtual_clock: Some(clock.clone()),
        face_keys: [("wechat_pay".to_owned(), wechat)].into(),
        sends_when_told: true,
        ..Options::new("heyon", API_KEY, SECRET)
    };
    Paysim::spawn(([127, 0, 0, 1], 0).into(), options).await.unwrap()
}
