//! Days of business beside the bills that providers make of them, at each provider and on both engines.

use std::sync::Arc;

use basis::{Currency, DAY_MS, Env, HOUR_MS, Id, MINUTE_MS, Money, Payment};
use ledger::Book;
use payments::{BillsJob, Method, NewPayment, PayAt, PaymentState, Provider, WechatPay};
use paysim::{BillPlan, FaultPlan, Keys, Outcome, Paysim};
use store::jobs::Next;
use store::{in_tx, sql};

use super::alipay::{alipay, follow};
use super::paypal::paypal;
use super::wechat_pay::{API_V3_KEY, APPID, MCHID, config};
use super::{API_KEY, World, in_both_with, sandbox, stripe};

fn at_sandbox(paysim: &Paysim, _: &Env) -> Arc<dyn Provider> {
    sandbox(paysim, API_KEY)
}

fn at_paypal(paysim: &Paysim, env: &Env) -> Arc<dyn Provider> {
    paypal(paysim, env, API_KEY)
}

fn at_wechat(paysim: &Paysim, env: &Env) -> Arc<dyn Provider> {
    let keys = || Keys { client: APPID.into(), ..Keys::new(MCHID, API_V3_KEY, "") };
    paysim.change_keys("wechat_pay", |known| *known = keys());
    Arc::new(WechatPay::new(config(paysim, None), env.clone()).unwrap())
}

macro_rules! everywhere {
    ($($story:ident: $($place:ident)*;)*) => {
        $(mod $story { $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $place() {
                super::in_both_with(super::places::$place, async |world| {
                    world.until_afternoon().await;
                    super::$story(world).await;
                })
                .await;
            }
        )* })*
    };
}

mod places {
    pub(super) use super::alipay;
    pub(super) use super::at_paypal as paypal;
    pub(super) use super::at_sandbox as sandbox;
    pub(super) use super::at_wechat as wechat_pay;
    pub(super) use super::stripe::connect as stripe;
}

everywhere! {
    a_day_is_settled_to_the_cent: sandbox stripe paypal alipay wechat_pay;
    what_is_in_no_bill_is_a_row_until_it_is_in_one: sandbox stripe paypal alipay wechat_pay;
    another_amount_is_a_row_and_stays_one: sandbox stripe paypal alipay wechat_pay;
    money_that_only_the_bill_knows_is_asked_about_and_found: sandbox stripe alipay wechat_pay;
    a_damaged_file_books_nothing_and_is_asked_for_again: alipay wechat_pay;
    a_dispute_draws_its_money_before_it_is_lost: sandbox stripe paypal;
    a_dispute_that_we_win_brings_its_money_back: sandbox stripe paypal;
}

impl World {
    /// Until 14:00 by UTC, which is 22:00 in Beijing.
    async fn until_afternoon(&self) {
        let of_day = self.env.now().as_ms().rem_euclid(DAY_MS);
        self.later((14 * HOUR_MS - of_day).rem_euclid(DAY_MS)).await;
    }

    fn name(&self) -> &'static str {
        self.providers.all().next().unwrap().name()
    }

    fn currency(&self) -> Currency {
        let takes = &self.providers.all().next().unwrap().capabilities().currencies;
        if takes.is_empty() || takes.contains(&Currency::CNY) { Currency::CNY } else { Currency::USD }
    }

    /// A payment of 72 whose page or code is open; its id here and at the provider.
    async fn shown(&self, order: u128) -> (Id<Payment>, String) {
        let method = self.providers.all().next().unwrap().capabilities().methods[0];
        let amount = Money::new(7200, self.currency());
        let new = NewPayment { amount, method, ..self.order_payment(Id::from_u128(order), 7200) };
        let made =
            in_tx!(self.db, |tx| { payments::create(tx, &self.env, &self.providers, new.clone()).await });
        let payment = made.unwrap().id;
        let payer = payments::Payer { device: payments::Device::Desktop, ip: [127, 0, 0, 1].into() };
        let at = payments::begin(&self.db, &self.env, &self.providers, payment, payer).await.unwrap();
        if let (PayAt::Page(link), Method::Alipay) = (&at, method)
            && self.name() == "alipay"
        {
            follow(link).await;
        }
        (payment, self.paysim.by_reference(&payment.to_string()).await.pop().unwrap().id)
    }

    async fn settled(&self, order: u128) -> (Id<Payment>, String) {
        let (payment, there) = self.shown(order).await;
        self.pay(&there, Outcome::Lost).await;
        self.later(5000).await;
        assert_eq!(self.state(payment).await, PaymentState::Captured);
        (payment, there)
    }

    async fn bills_say(&self, there: &str, bill: BillPlan) {
        self.faults(there, FaultPlan { bill, ..FaultPlan::default() }).await;
    }

    /// Reads all bills that are out; answers in how long they are looked at again.
    async fn read_bills(&self) -> i64 {
        let job = BillsJob { provider: self.name().to_owned() };
        loop {
            match payments::read_bills(&self.db, &self.env, &self.providers, &job).await.unwrap() {
                Next::At(at) if at <= self.env.now() => {}
                Next::At(at) => return at.since(self.env.now()),
                Next::Done => panic!("it ends"),
            }
        }
    }

    /// What is in this book: credits less debits.
    async fn holds(&self, book: Book) -> i128 {
        let sums = ledger::balance(&mut self.db.read().await.unwrap(), &book).await.unwrap();
        sums.get(&self.currency()).copied().unwrap_or_default()
    }

    /// What the provider holds for us, what it kept and what it paid out.
    async fn held_kept_sent(&self) -> (i128, i128, i128) {
        let held = self.holds(Book::Clearing(self.name().into())).await;
        (-held, -self.holds(Book::Fees).await, -self.holds(Book::Bank).await)
    }

    async fn transfers(&self) -> i64 {
        let counted = sql!("SELECT COUNT(*) AS transfers FROM ledger_transfer");
        counted.one(&mut self.db.read().await.unwrap()).await.unwrap().get("transfers").unwrap()
    }

    async fn run(&self, statement: store::Query) {
        let mut conn = self.db.begin().await.unwrap();
        let outcome = statement.run(&mut conn).await.map(drop);
        conn.finish(outcome).await.unwrap();
    }

    async fn complaints(&self) -> Vec<String> {
        let found = payments::audit(&mut self.db.read().await.unwrap()).await.unwrap();
        found.into_iter().map(|difference| format!("{}: {}", difference.subject, difference.what)).collect()
    }
}

async fn a_day_is_settled_to_the_cent(world: World) {
    assert!(world.read_bills().await > 0, "before the first payment there is nothing to read");
    let (payment, _) = world.settled(1).await;
    let back = Money::new(2200, world.currency());
    world.refund(payment, Id::from_u128(1), back, "part").await.unwrap();
    world.later(5000).await;
    world.paysim.pay_out(world.name()).await;
    assert_eq!(world.held_kept_sent().await, (5000, 0, 0));
    world.clock.advance_ms(20 * HOUR_MS);
    let next = world.read_bills().await;
    assert!((HOUR_MS..=DAY_MS).contains(&next), "the next bill is out in {next} ms");
    assert_eq!(world.held_kept_sent().await, (0, 72, 4928), "the clearing account returns to zero");
    assert_eq!(world.flags().await, Vec::<String>::new());
    world.books_agree().await;

    let transfers = world.transfers().await;
    world.run(sql!("UPDATE bill_day SET read_at = NULL, part = NULL, taken = 0, ask_at = 0")).await;
    world.read_bills().await;
    assert_eq!(world.transfers().await, transfers, "what is read twice is booked once");
    world.run(sql!("UPDATE bill_line SET fee_minor = fee_minor + 1 WHERE kind = 'payment'")).await;
    let found = world.complaints().await;
    assert!(
        found.iter().any(|what| what.contains("bills (kept, paid out, changed) (73, 4928, 0)")),
        "{found:?}"
    );
}

async fn what_is_in_no_bill_is_a_row_until_it_is_in_one(world: World) {
    world.settled(1).await;
    let (_, there) = world.settled(2).await;
    world.bills_say(&there, BillPlan::Late { by_ms: 3 * DAY_MS }).await;
    world.clock.advance_ms(20 * HOUR_MS);
    world.read_bills().await;
    assert_eq!(world.flags().await, Vec::<String>::new(), "it may stand in the next one");
    world.clock.advance_ms(2 * DAY_MS);
    assert!(world.read_bills().await <= HOUR_MS, "looks again soon");
    assert_eq!(world.flags().await, ["settlement"]);
    let found = world.complaints().await;
    assert!(found.iter().any(|what| what.contains("nothing in the bills")), "{found:?}");
    world.clock.advance_ms(3 * DAY_MS);
    world.read_bills().await;
    assert_eq!(world.flags().await, Vec::<String>::new(), "the row has gone by itself");
    assert_eq!(world.held_kept_sent().await, (14_400 - 144, 144, 0));
    world.books_agree().await;
}

async fn another_amount_is_a_row_and_stays_one(world: World) {
    let (payment, there) = world.settled(1).await;
    world.bills_say(&there, BillPlan::Wrong { minor: -100 }).await;
    world.clock.advance_ms(20 * HOUR_MS);
    world.read_bills().await;
    world.clock.advance_ms(HOUR_MS);
    world.read_bills().await;
    let flags = payments::open_flags(&mut world.db.read().await.unwrap(), 10).await.unwrap();
    let [flag] = &flags[..] else { panic!("{flags:?}") };
    assert_eq!((flag.reason.as_str(), flag.payment), ("settlement", Some(payment)));
    let said =
        format!("71.00 {0} in the bills of {1}, 72.00 {0} in our books", world.currency(), world.name());
    assert_eq!(flag.detail, said);
    assert!(world.complaints().await[0].contains(&said));
    assert_eq!(world.held_kept_sent().await, (7200 - 72, 72, 0));
}

async fn money_that_only_the_bill_knows_is_asked_about_and_found(world: World) {
    world.settled(1).await;
    let (payment, there) = world.shown(2).await;
    world.pay(&there, Outcome::Lost).await;
    world.clock.advance_ms(20 * HOUR_MS);
    world.read_bills().await;
    assert_eq!(world.flags().await, ["settlement"]);
    assert_eq!(world.held_kept_sent().await, (7200 - 72, 72, 0), "what is not ours is not booked");
    world.work().await;
    assert_eq!(world.state(payment).await, PaymentState::Captured);
    world.read_bills().await;
    assert_eq!(world.flags().await, Vec::<String>::new());
    assert_eq!(world.held_kept_sent().await, (14_400 - 144, 144, 0));
    world.books_agree().await;
}

async fn a_damaged_file_books_nothing_and_is_asked_for_again(world: World) {
    let (_, there) = world.settled(1).await;
    world.bills_say(&there, BillPlan::Damaged).await;
    world.clock.advance_ms(20 * HOUR_MS);
    assert_eq!(world.read_bills().await, HOUR_MS);
    assert_eq!(world.flags().await, ["settlement"]);
    assert_eq!(world.held_kept_sent().await, (7200, 0, 0));
    world.bills_say(&there, BillPlan::True).await;
    world.clock.advance_ms(HOUR_MS);
    world.read_bills().await;
    assert_eq!(world.flags().await, Vec::<String>::new());
    assert_eq!(world.held_kept_sent().await, (7200 - 72, 72, 0));
    world.books_agree().await;
}

/// Asks the provider about a payment, and takes in what it says.
async fn look(world: &World, payment: Id<Payment>) {
    let provider = world.providers.all().next().unwrap();
    let named = payments::PaymentRef { payment, provider_ref: world.payment(payment).await.provider_ref };
    world.take_in(payment, &provider.query(&named).await.unwrap()).await;
}

/// A contested payment, whose money the provider has drawn.
async fn drawn(world: &World) -> (Id<Payment>, String) {
    let (payment, there) = world.settled(1).await;
    world.clock.advance_ms(HOUR_MS);
    world.paysim.dispute(&there).await.unwrap();
    look(world, payment).await;
    assert_eq!(world.state(payment).await, PaymentState::Disputed);
    world.clock.advance_ms(20 * HOUR_MS);
    world.read_bills().await;
    assert_eq!(world.flags().await, Vec::<String>::new(), "nobody has decided");
    (payment, there)
}

async fn a_dispute_draws_its_money_before_it_is_lost(world: World) {
    let (payment, there) = drawn(&world).await;
    world.paysim.end_dispute(&there, false).await.unwrap();
    look(&world, payment).await;
    world.clock.advance_ms(2 * DAY_MS);
    world.read_bills().await;
    assert_eq!(world.flags().await, Vec::<String>::new());
    assert_eq!(world.held_kept_sent().await, (-72, 72, 0), "the provider kept its fee");
    world.books_agree().await;
}

async fn a_dispute_that_we_win_brings_its_money_back(world: World) {
    let (payment, there) = drawn(&world).await;
    world.paysim.end_dispute(&there, true).await.unwrap();
    look(&world, payment).await;
    world.clock.advance_ms(2 * DAY_MS);
    world.read_bills().await;
    assert_eq!(world.flags().await, Vec::<String>::new());
    assert_eq!(world.held_kept_sent().await, (7200 - 72, 72, 0));
    world.books_agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bill_that_is_not_out_is_asked_for_again() {
    in_both_with(at_wechat, async |world: World| {
        world.until_afternoon().await;
        world.settled(1).await;
        // The next day in Beijing has begun, and it is not ten.
        world.clock.advance_ms(4 * HOUR_MS);
        assert_eq!(world.read_bills().await, 30 * MINUTE_MS);
        assert_eq!(world.flags().await, Vec::<String>::new());
        world.clock.advance_ms(16 * HOUR_MS);
        world.read_bills().await;
        assert_eq!(world.held_kept_sent().await, (7200 - 72, 72, 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_bill_is_read_in_parts() {
    in_both_with(stripe::connect, async |world: World| {
        world.until_afternoon().await;
        for order in 1..=110 {
            let (_, there) = world.shown(order).await;
            world.pay(&there, Outcome::Lost).await;
        }
        world.later(5000).await;
        world.clock.advance_ms(20 * HOUR_MS);
        world.read_bills().await;
        assert_eq!(world.held_kept_sent().await, (110 * 7128, 110 * 72, 0));
        assert_eq!(world.flags().await, Vec::<String>::new());
        world.books_agree().await;
    })
    .await;
}
