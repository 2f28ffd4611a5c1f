//! Plans that renew by themselves: who agrees and takes it back, what lines use, what banks say.

use basis::{HOUR_MS, Id, MINUTE_MS, Order, Payment, SECOND_MS, Timestamp};
use orders::{Intent, OrderRecord, OrderState, PlaceInput};
use payments::SavedMethod;
use paysim::{AnswerPlan, ChargePlan, FaultPlan, Outcome};
use renewals::{Rest, Ticked, When, Wish};
use store::in_tx;

use super::buyers::{Buyer, any_plan_to_renew, way_to_renew};
use super::life::Life;
use super::weather::faults;
use super::world::World;
use crate::orders::shop::{payer, renewing};
use crate::payments::kept::name_there;
use crate::renewals::house::line_uses;

/// What people did about their renewals, as they would tell it themselves.
#[derive(Default)]
pub(super) struct Diary {
    /// Perhaps agreed, for this line.
    pub(super) agreed: Vec<(Id<basis::Line>, Timestamp)>,
    /// Taken back for certain, for this line.
    pub(super) taken_back: Vec<(Id<basis::Line>, Timestamp)>,
    /// Perhaps named anew, by its name at the provider.
    pub(super) named: Vec<(String, Timestamp)>,
    /// Removed for certain, by its name at the provider.
    pub(super) removed: Vec<(String, Timestamp)>,
}

/// A day before the end or with a tenth left; the short plan half a day.
const WHEN: When = When { days_left: 1, percent_left: Some(10) };

impl World {
    /// One thing happens about renewals.
    pub(super) async fn renew(&mut self) {
        match self.dice.roll(20) {
            0..4 => self.tick().await,
            4..6 => self.turn_on().await,
            6 => self.turn_off_one().await,
            7 => self.remove_method().await,
            8..12 => self.use_some().await,
            12..16 => self.bank_says().await,
            16 => self.use_much().await,
            _ => {
                for _ in 0..3 {
                    self.pass(6 * HOUR_MS).await;
                }
            }
        }
    }

    /// Orders a plan, and ticks that it renews by itself.
    async fn tick(&mut self) {
        let buyer = self.dice.pick(&self.buyers);
        let (pay_with, currency) = way_to_renew(&mut self.dice);
        let (plan, price) = any_plan_to_renew(&mut self.dice, currency);
        let wallet = self.part_of_wallet(&buyer, price).await;
        let wish = PlaceInput {
            line: buyer.line.id,
            plan: plan.parse().unwrap(),
            price,
            wallet,
            pay_with: (wallet != price).then_some(pay_with),
            intent: Intent::Buy,
        };
        let ticked = Ticked {
            when: WHEN,
            wallet_first: self.dice.chance(30),
            rest: self.dice.pick(&[Rest::Saved(None), Rest::Saved(None), Rest::Link]),
        };
        let key = self.env.new_id::<Order>().to_string();
        self.diary.agreed.push((buyer.line.id, self.env.now()));
        let place = async |life: &Life| {
            renewals::place(&renewing(&life.desk), buyer.account, &wish, &payer(), &key, ticked).await
        };
        let mut placed = self.live("tick", place).await;
        if placed.is_none() {
            placed = self.live("tick again", place).await;
        }
        let Some(placed) = placed else { return };
        self.tally.placed += 1;
        self.orders.push((buyer, placed.order));
        let Some(payment) = placed.payment else { return };
        self.begin(payment).await;
        if self.dice.chance(80) {
            self.pays(payment).await;
            self.use_some().await;
        }
    }

    /// The payer does so at once.
    async fn pays(&mut self, payment: Id<Payment>) {
        for theirs in self.paysim.by_reference(&payment.to_string()).await {
            let paid = self.paysim.pay(&theirs.id, Outcome::Ok).await.is_ok();
            self.tell(format!("payer at once: {} {paid}", theirs.face));
        }
        self.pass(SECOND_MS).await;
    }

    /// Agrees that what a line has renews, paid by a kept method, by the wallet, or by a link.
    async fn turn_on(&mut self) {
        let buyer = self.dice.pick(&self.buyers);
        let Some(order) = self.newest(&buyer).await else { return };
        let kept = self.kept_of(&buyer).await;
        let named = self.dice.any(&kept);
        let rest = match &named {
            Some(method) if self.dice.chance(80) => Rest::Saved(Some(method.id)),
            _ => self.dice.pick(&[Rest::Nothing, Rest::Link]),
        };
        let wish = Wish {
            line: buyer.line.id,
            plan: order.plan,
            price: order.price,
            when: WHEN,
            wallet_first: rest == Rest::Nothing || self.dice.chance(30),
            rest,
        };
        self.diary.agreed.push((buyer.line.id, self.env.now()));
        if let Some(method) = named.filter(|_| rest.saved().is_some()) {
            self.diary.named.push((name_there(&method), self.env.now()));
        }
        let agree = async |life: &Life| {
            renewals::turn_on(&renewing(&life.desk), buyer.account, wish.clone()).await.map(drop)
        };
        if self.live("turn on", agree).await.is_some() {
            self.tally.agreed += 1;
        }
    }

    async fn turn_off_one(&mut self) {
        let buyer = self.dice.pick(&self.buyers);
        self.turn_off(&buyer).await;
    }

    /// Nothing more is charged for this line from the next moment on.
    pub(super) async fn turn_off(&mut self, buyer: &Buyer) -> bool {
        let off =
            async |life: &Life| renewals::turn_off(&renewing(&life.desk), buyer.account, buyer.line.id).await;
        let is_off = self.live("turn off", off).await.is_some();
        if is_off {
            self.diary.taken_back.push((buyer.line.id, self.env.now()));
        }
        self.clock.advance_ms(1);
        is_off
    }

    async fn remove_method(&mut self) {
        let buyer = self.dice.pick(&self.buyers);
        let kept = self.kept_of(&buyer).await;
        let Some(method) = self.dice.any(&kept) else { return };
        let remove = async |life: &Life| {
            in_tx!(life.db, |tx| {
                payments::remove_saved(tx, &life.desk.env, buyer.account, method.id).await
            })
        };
        if self.live("remove a method", remove).await.is_some() {
            self.diary.removed.push((name_there(&method), self.env.now()));
        }
        self.clock.advance_ms(1);
    }

    async fn use_some(&mut self) {
        let buyer = self.dice.pick(&self.buyers);
        let octets = self.dice.pick(&[1_000_000, 1_000_000, 1_900_000_000, 19_000_000_000]);
        self.uses(&buyer, octets).await;
    }

    /// As fast as it renews.
    async fn use_much(&mut self) {
        let buyer = self.dice.pick(&self.buyers);
        for _ in 0..14 {
            self.uses(&buyer, 1_900_000_000).await;
            self.pass(5 * MINUTE_MS).await;
        }
    }

    async fn uses(&mut self, buyer: &Buyer, octets: u64) {
        let env = self.env.clone();
        self.live("use", async |life: &Life| {
            line_uses(&life.desk.charging, &env, &buyer.line, octets).await;
            Ok(())
        })
        .await;
    }

    /// What happens from now on when a kept method is charged, or given up.
    async fn bank_says(&mut self) {
        let buyer = self.dice.pick(&self.buyers);
        let kept = self.kept_of(&buyer).await;
        let Some(method) = self.dice.any(&kept) else { return };
        let charge = self.dice.pick(&[
            ChargePlan::Succeed,
            ChargePlan::Succeed,
            ChargePlan::SoftDecline,
            ChargePlan::HardDecline,
            ChargePlan::PayerMustAct,
        ]);
        let weather = faults(&mut self.dice);
        let answer = weather.answer;
        self.paysim.set_default_faults(FaultPlan { answer: AnswerPlan::Normal, ..weather }).await;
        let plan = FaultPlan { charge, answer, ..FaultPlan::default() };
        self.paysim.set_faults(&name_there(&method), plan).await.unwrap();
        self.tell(format!("bank: {} {charge:?} {answer:?}", method.provider));
    }

    /// The line's newest order that is delivered.
    async fn newest(&self, buyer: &Buyer) -> Option<OrderRecord> {
        let all = self.orders_of(buyer).await;
        all.into_iter().find(|order| order.state == OrderState::Active && order.closed_at.is_none())
    }

    pub(super) async fn kept_of(&self, buyer: &Buyer) -> Vec<SavedMethod> {
        payments::saved_methods(&mut self.life.db.read().await.unwrap(), buyer.account).await.unwrap()
    }

    /// Everyone takes back what they agreed to.
    pub(super) async fn wind_up(&mut self) {
        for buyer in self.buyers.clone() {
            assert!(self.turn_off(&buyer).await);
        }
    }
}
