//! What the verbs of a sale reach, and the hint that an order has moved.

use basis::{Account, Env, Id, MINUTE_MS, Order};
use carriers::Carriers;
use charging::Charging;
use payments::Providers;
use store::Db;
use tokio::sync::broadcast;

use crate::rules::TaxTable;
use crate::{OrderRecord, OrderState};

/// How long things may take, and how many there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How long an order's price holds, in milliseconds.
    pub pay_within_ms: i64,
    /// How long a paid order may take to be delivered before its money goes back, in milliseconds.
    pub deliver_within_ms: i64,
    /// How long a carrier that was asked to void may leave it open before a person looks, in milliseconds.
    pub review_after_ms: i64,
    /// How many unpaid orders an account can have at once.
    pub unpaid_max: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            pay_within_ms: 15 * MINUTE_MS,
            deliver_within_ms: 10 * MINUTE_MS,
            review_after_ms: 60 * MINUTE_MS,
            unpaid_max: 10,
        }
    }
}

/// An order has moved. Sent after the commit; a hint to look again, never the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderChanged {
    /// Which.
    pub order: Id<Order>,
    /// Whose.
    pub account: Id<Account>,
    /// Where it stood when this was sent.
    pub state: OrderState,
}

/// A payment into a wallet has moved. Sent after the commit; a hint to look again, never the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WalletChanged {
    /// Whose.
    pub account: Id<Account>,
}

/// A watcher that falls further behind than this has to look again by itself.
const HINTS_MAX: usize = 1024;

/// What the verbs of a sale reach; cheap to clone.
#[derive(Clone)]
pub struct Desk {
    /// The shop's database.
    pub db: Db,
    /// Time and randomness.
    pub env: Env,
    /// The charging engine.
    pub charging: Charging,
    /// Who delivers.
    pub carriers: Carriers,
    /// Who moves money.
    pub providers: Providers,
    /// How long things may take.
    pub settings: Settings,
    /// What of the prices is tax.
    pub taxes: TaxTable,
    /// Who shares what.
    pub pools: pools::Desk,
    changed: broadcast::Sender<OrderChanged>,
    topped_up: broadcast::Sender<WalletChanged>,
}

impl Desk {
    /// A desk of these parts.
    pub fn new(
        db: &Db,
        env: &Env,
        charging: &Charging,
        carriers: Carriers,
        providers: Providers,
        settings: Settings,
    ) -> Self {
        let changed = broadcast::Sender::new(HINTS_MAX);
        let topped_up = broadcast::Sender::new(HINTS_MAX);
        Self {
            db: db.clone(),
            env: env.clone(),
            charging: charging.clone(),
            carriers,
            providers,
            settings,
            taxes: TaxTable::default(),
            pools: pools::Desk::new(db, env, charging),
            changed,
            topped_up,
        }
    }

    /// The same desk, where prices hold these taxes.
    #[must_use]
    pub fn taxed(self, taxes: TaxTable) -> Self {
        Self { taxes, ..self }
    }

    /// Hints about every order that moves from now on.
    pub fn changes(&self) -> broadcast::Receiver<OrderChanged> {
        self.changed.subscribe()
    }

    /// Hints about every payment into a wallet that moves from now on.
    pub fn wallet_changes(&self) -> broadcast::Receiver<WalletChanged> {
        self.topped_up.subscribe()
    }

    /// Tells whoever watches a wallet. Only after the commit.
    pub(crate) fn tell_wallet(&self, account: Id<Account>) {
        drop(self.topped_up.send(WalletChanged { account }));
    }

    /// Tells whoever watches. Only after the commit.
    pub fn tell(&self, order: &OrderRecord, state: OrderState) {
        // Nobody watching is fine.
        drop(self.changed.send(OrderChanged { order: order.id, account: order.account, state }));
    }
}
