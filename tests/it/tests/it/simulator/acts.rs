//! What people, providers and operators do, as the dice say.

use basis::{DAY_MS, HOUR_MS, Id, MINUTE_MS, Money, Order, Payment, SECOND_MS};
use orders::{Decision, Intent, OrderState, PlaceInput};
use payments::{PayAt, TopUp};
use paysim::{AnswerPlan, FaultPlan, Outcome, PLATFORM, PLATFORM_NEXT};
use store::in_tx;
use support::Resolution;

use super::buyers::{Buyer, any_plan, of, way_to_pay};
use super::life::Life;
use super::weather::faults;
use super::world::World;
use crate::orders::carrier::Fault;
use crate::orders::shop::{AT_DESK, payer};

impl World {
    /// One thing happens.
    pub(super) async fn act(&mut self) {
        match self.dice.roll(50) {
            0..5 => self.buy().await,
            5..11 => self.someone_pays().await,
            11..16 => self.work().await,
            16..20 => self.hear().await,
            20..24 => {
                let spans =
                    [SECOND_MS, 10 * SECOND_MS, MINUTE_MS, 5 * MINUTE_MS, 20 * MINUTE_MS, 2 * HOUR_MS];
                let ms = self.dice.pick(&spans);
                self.pass(ms).await;
            }
            24..26 => self.come_back().await,
            26 => self.fill_wallet().await,
            27 => self.call_off().await,
            28 => self.pay_otherwise().await,
            29 => self.give_back().await,
            30 => self.break_the_network(),
            31 => self.send_old_message_again().await,
            32 => self.forge_a_message().await,
            33 => self.rotate_keys(),
            _ => self.renew().await,
        }
    }

    async fn buy(&mut self) {
        let buyer = self.dice.pick(&self.buyers);
        let (pay_with, currency) = way_to_pay(&mut self.dice);
        let intent = self.intent(&buyer).await;
        let (plan, price) = match intent {
            Intent::ChangeNow { .. } => of("jp-50gb", currency),
            _ => any_plan(&mut self.dice, currency),
        };
        let wallet = self.part_of_wallet(&buyer, price).await;
        let wish = PlaceInput {
            line: buyer.line.id,
            plan: plan.parse().unwrap(),
            price,
            wallet,
            pay_with: (wallet != price).then_some(pay_with),
            intent,
        };
        let key = self.env.new_id::<Order>().to_string();
        let place = async |life: &Life| orders::place(&life.desk, buyer.account, &wish, &payer(), &key).await;
        let mut placed = self.live("place", place).await;
        if placed.is_none() {
            // The browser sends it again.
            placed = self.live("place again", place).await;
        }
        let Some(placed) = placed else { return };
        self.tally.placed += 1;
        self.orders.push((buyer, placed.order));
        if let Some(payment) = placed.payment {
            self.begin(payment).await;
        }
    }

    /// Now and then a plan that is there is changed.
    async fn intent(&mut self, buyer: &Buyer) -> Intent {
        let mut own: Vec<Id<Order>> = Vec::new();
        for (owner, order) in &self.orders {
            let record = orders::find(&mut self.life.db.read().await.unwrap(), *order).await.unwrap();
            if owner.account == buyer.account && record.state == OrderState::Active {
                own.push(*order);
            }
        }
        match self.dice.any(&own) {
            Some(old) if self.dice.chance(30) => Intent::ChangeNow { old },
            _ => Intent::Buy,
        }
    }

    /// Nothing, some or all of a price.
    pub(super) async fn part_of_wallet(&mut self, buyer: &Buyer, price: Money) -> Money {
        let mut conn = self.life.db.read().await.unwrap();
        let wallet = ledger::wallet(&mut conn, buyer.account, price.currency).await.unwrap();
        let most = wallet.available().minor.clamp(0, price.minor);
        let minor = self.dice.pick(&[0, 0, most / 2, most]);
        Money::new(minor, price.currency)
    }

    /// The pay page opens, with whatever goes wrong with this payment from now on.
    pub(super) async fn begin(&mut self, payment: Id<Payment>) {
        self.payments.push(payment);
        let plan = self.faults_of(payment).await;
        self.paysim.set_default_faults(plan.clone()).await;
        let begin = async |life: &Life| {
            payments::begin(&life.db, &life.desk.env, &life.desk.providers, payment, AT_DESK).await
        };
        let mut opened = self.live("begin", begin).await;
        self.paysim.set_default_faults(FaultPlan { answer: AnswerPlan::Normal, ..plan.clone() }).await;
        if opened.is_none() {
            opened = self.live("begin again", begin).await;
        }
        if let Some(PayAt::Page(link)) = opened
            && link.contains("alipay.trade")
        {
            drop(reqwest::get(link).await.unwrap());
        }
        for theirs in self.paysim.by_reference(&payment.to_string()).await {
            self.paysim.set_faults(&theirs.id, plan.clone()).await.unwrap();
        }
        self.paysim.set_default_faults(FaultPlan::default()).await;
    }

    /// Now and then another amount is taken than was asked for.
    async fn faults_of(&mut self, payment: Id<Payment>) -> FaultPlan {
        let plan = faults(&mut self.dice);
        if !self.dice.chance(6) {
            return plan;
        }
        let asked = payments::find(&mut self.life.db.read().await.unwrap(), payment).await.unwrap().amount;
        let taken = Money::new(asked.minor + self.dice.pick(&[-100, 100]), asked.currency);
        FaultPlan { capture_amount: Some(taken), ..plan }
    }

    async fn someone_pays(&mut self) {
        // No provider lets anyone pay an offer that is a day old, and nobody asks about one for longer.
        let day_ago = self.env.now().plus_ms(-DAY_MS);
        let mut payable = self.paysim.payments().await;
        payable.retain(|payment| payment.created_at > day_ago);
        let Some(line) = self.dice.any(&payable) else { return };
        if !line.captures.is_empty() && self.dice.chance(80) {
            return;
        }
        let outcome = self.dice.pick(&[
            Outcome::Ok,
            Outcome::Ok,
            Outcome::Ok,
            Outcome::Slow,
            Outcome::Lost,
            Outcome::Doubled,
            Outcome::Reordered,
            Outcome::Twice,
            Outcome::Declined,
            Outcome::Cancel,
        ]);
        let paid = self.paysim.pay(&line.id, outcome).await.is_ok();
        self.tell(format!("payer: {} {outcome:?} {paid}", line.face));
    }

    async fn come_back(&mut self) {
        let Some(payment) = self.dice.any(&self.payments) else { return };
        self.live("come back", async |life: &Life| {
            let payment = payments::find(&mut life.db.read().await?, payment).await?;
            in_tx!(life.db, |tx| { payments::look_soon(tx, &life.desk.env, &payment).await })
        })
        .await;
    }

    async fn fill_wallet(&mut self) {
        let buyer = self.dice.pick(&self.buyers);
        let (pay_with, currency) = way_to_pay(&mut self.dice);
        let wish = TopUp {
            account: buyer.account,
            amount: Money::new(20_000, currency),
            method: pay_with.method,
            description: "Wallet".to_owned(),
            language: basis::Language::En,
            return_url: "https://shop.example/wallet".to_owned(),
            payer: AT_DESK,
            request_key: self.env.new_id::<Order>().to_string(),
        };
        let fill = async |life: &Life| {
            payments::top_up(&life.db, &life.desk.env, &life.desk.providers, wish.clone()).await
        };
        if let Some((payment, at)) = self.live("top up", fill).await {
            self.payments.push(payment.id);
            if let PayAt::Page(link) = at {
                drop(reqwest::get(link).await.unwrap());
            }
        }
    }

    async fn call_off(&mut self) {
        let Some((buyer, order)) = self.dice.any(&self.orders) else { return };
        self.live("cancel", async |life: &Life| orders::cancel(&life.desk, buyer.account, order).await).await;
    }

    async fn pay_otherwise(&mut self) {
        let Some((buyer, order)) = self.dice.any(&self.orders) else { return };
        let (with, _) = way_to_pay(&mut self.dice);
        let key = self.env.new_id::<Order>().to_string();
        let again = async |life: &Life| {
            orders::pay_again(&life.desk, buyer.account, order, &with, &payer(), &key).await
        };
        if let Some(placed) = self.live("pay otherwise", again).await
            && let Some(payment) = placed.payment
        {
            self.begin(payment).await;
        }
    }

    async fn give_back(&mut self) {
        let Some((_, order)) = self.dice.any(&self.orders) else { return };
        let part = self.dice.chance(50);
        self.live("operator refunds", async |life: &Life| {
            let record = orders::find(&mut life.db.read().await?, order).await?;
            let amount = (part && record.state == OrderState::Active)
                .then(|| Money::new(record.price.minor / 3, record.price.currency));
            orders::refund(&life.desk, "operator:sim", order, amount, "as the dice say").await
        })
        .await;
    }

    fn break_the_network(&mut self) {
        self.fault = self.dice.pick(&[
            Fault::None,
            Fault::None,
            Fault::Refuses,
            Fault::Deaf,
            Fault::LosesAnswers,
            Fault::Silent,
            Fault::CannotVoid,
        ]);
        self.life.wire.breaks(self.fault);
        self.tell(format!("network: {:?}", self.fault));
    }

    /// Anyone who has seen a message can send it again.
    async fn send_old_message_again(&mut self) {
        let Some(heard) = self.dice.any(&self.door.heard()) else { return };
        self.live("an old message", async |life: &Life| {
            let desk = &life.desk;
            let (provider, body) = (&heard.provider, &heard.body);
            drop(
                payments::receive_hook(&life.db, &desk.env, &desk.providers, provider, &heard.headers, body)
                    .await,
            );
            Ok(())
        })
        .await;
    }

    async fn forge_a_message(&mut self) {
        let Some(heard) = self.dice.any(&self.door.heard()) else { return };
        let mut body = heard.body.to_vec();
        let nth = self.dice.roll(body.len());
        body[nth] ^= 1;
        let taken = self
            .live("a forged message", async |life: &Life| {
                let desk = &life.desk;
                let taking = payments::receive_hook(
                    &life.db,
                    &desk.env,
                    &desk.providers,
                    &heard.provider,
                    &heard.headers,
                    &body,
                );
                Ok(taking.await.is_ok())
            })
            .await;
        assert_ne!(taken, Some(true), "{}: byte {nth} of {:?}", heard.provider, heard.body);
    }

    fn rotate_keys(&mut self) {
        for face in ["alipay", "wechat_pay"] {
            self.paysim.change_keys(face, |keys| {
                let next = if keys.signer() == PLATFORM { PLATFORM_NEXT } else { PLATFORM };
                keys.signers = vec![next, keys.signer()];
            });
        }
        self.tell("keys are rotated".to_owned());
    }

    /// What an operator does about all that waits for one.
    pub(super) async fn operate(&mut self) {
        // WeChat Pay wants that done in its merchant platform.
        for line in self.paysim.books().await.payments.iter().filter(|line| line.face == "wechat_pay") {
            self.paysim.send_refunds_on(&line.id).await.unwrap();
        }
        let cases = support::list(&mut self.life.db.read().await.unwrap(), 100).await.unwrap();
        for case in cases {
            for resolution in ANSWERS {
                let resolve = async |life: &Life| {
                    support::resolve(&life.desk, "operator:sim", &case.id, resolution, "as it should be")
                        .await
                };
                if self.live("operator", resolve).await.is_some() {
                    break;
                }
            }
            self.work().await;
        }
    }
}

/// What an operator tries about a case, the first that fits.
const ANSWERS: [Resolution; 5] = [
    Resolution::Decide(Decision::RetryRefund),
    Resolution::Decide(Decision::ReturnWrongAmount),
    Resolution::Decide(Decision::Deliver),
    Resolution::Decide(Decision::Void),
    Resolution::Dismiss,
];
