//! A shop whose buyer has an account, a plan in use, and wishes about its renewal.

use basis::{Account, DAY_MS, Env, HOUR_MS, Id, Order, Payment};
use charging::{Ask, CreditControl, Few, RequestKind, Service};
use orders::{OrderRecord, OrderState, PayWith, PlaceInput};
use payments::Method;
use renewals::{Reason, Renewal, Rest, State, Ticked, When, Wish};
use store::testing::TestDb;

use crate::orders::shop::{AT_DESK, Shop, payer, renewing, shops_of, yuan};
use crate::people::registration;

/// A buyer with an account: mails need an address.
pub(super) async fn admit(db: &TestDb, env: &Env) -> Id<Account> {
    let passwords = accounts::Passwords::cheap();
    accounts::admit(db, env, &passwords, "system", &registration("lin@example.com"), true).await.unwrap()
}

/// One shop on each engine, whose buyer has a plan of 30 days in use.
pub(super) async fn shops() -> Vec<(Shop, Id<Order>)> {
    let mut shops = Vec::new();
    for shop in shops_of(admit).await {
        let order = begun(&shop).await;
        shops.push((shop, order));
    }
    shops
}

/// Buys 20 GB by a card that is kept, and begins to use them.
pub(super) async fn begun(shop: &Shop) -> Id<Order> {
    let (order, payment) = shop.order_to_keep().await;
    shop.bank.pay_and_keep(payment, yuan(11_800));
    shop.hook("kept", payment).await;
    shop.work().await;
    uses(shop, 1_000_000).await;
    order
}

/// The line uses so many octets.
pub(super) async fn uses(shop: &Shop, octets: u64) {
    line_uses(&shop.desk.charging, &shop.env, &shop.line, octets).await;
}

/// A line uses so many octets in one session.
pub(crate) async fn line_uses(charging: &charging::Charging, env: &Env, line: &cards::Line, octets: u64) {
    let session = env.new_id::<Order>().to_string();
    let request = |kind, number, used, ask| CreditControl {
        gateway: "pgw".to_owned(),
        session: session.clone(),
        kind,
        number,
        imsi: Some(line.imsi.parse().unwrap()),
        msisdn: None,
        country: Some("JP".parse().unwrap()),
        services: Few::One(Service { group: Some(1), used, ask }),
    };
    charging.control(request(RequestKind::Initial, 0, 0, Ask::Quota)).await.unwrap();
    charging.control(request(RequestKind::Terminate, 1, octets, Ask::Nothing)).await.unwrap();
}

/// The same plan, a day before its end or with a tenth left, paid so.
pub(super) fn wish(shop: &Shop, wallet_first: bool, rest: Rest) -> Wish {
    Wish {
        line: shop.line.id,
        plan: "jp-20gb".parse().unwrap(),
        price: yuan(11_800),
        when: When { days_left: 1, percent_left: Some(10) },
        wallet_first,
        rest,
    }
}

/// What is ticked at the checkout.
pub(super) const TICKED: Ticked = Ticked {
    when: When { days_left: 1, percent_left: Some(10) },
    wallet_first: true,
    rest: Rest::Saved(None),
};

/// A card that its owner lets us keep.
pub(super) fn by_card() -> PayWith {
    PayWith { provider: "bank".to_owned(), method: Method::Card, keep: true }
}

/// Orders 20 GB, ticks that they renew by themselves, and opens the payment at the bank.
pub(super) async fn ticked(shop: &Shop, pay_with: PayWith, key: &str) -> (Id<Order>, Id<Payment>) {
    ticked_as(shop, &PlaceInput { pay_with: Some(pay_with), ..shop.wish(0) }, key).await
}

/// The same, of any plan.
pub(super) async fn ticked_as(shop: &Shop, input: &PlaceInput, key: &str) -> (Id<Order>, Id<Payment>) {
    let desk = renewing(&shop.desk);
    let placed = renewals::place(&desk, shop.buyer, input, &payer(), key, TICKED).await.unwrap();
    let payment = placed.payment.unwrap();
    payments::begin(&shop.db, &shop.env, &shop.desk.providers, payment, AT_DESK).await.unwrap();
    (placed.order, payment)
}

pub(super) async fn turn_on(shop: &Shop, wallet_first: bool, rest: Rest) -> Renewal {
    let wish = wish(shop, wallet_first, rest);
    renewals::turn_on(&renewing(&shop.desk), shop.buyer, wish).await.unwrap()
}

pub(super) async fn turn_off(shop: &Shop) {
    renewals::turn_off(&renewing(&shop.desk), shop.buyer, shop.line.id).await.unwrap();
}

/// The kept card.
pub(super) async fn card(shop: &Shop) -> Rest {
    let kept = payments::saved_methods(&mut shop.db.read().await.unwrap(), shop.buyer).await.unwrap();
    Rest::Saved(Some(kept[0].id))
}

/// Lets the plan come near its end: a day is left, less an hour.
pub(super) async fn near_end(shop: &Shop) {
    pass_days(shop, 58).await;
}

/// Half-days, one by one.
pub(super) async fn pass_days(shop: &Shop, halves: u32) {
    for _ in 0..halves {
        pass(shop, 12 * HOUR_MS).await;
    }
}

/// Lets time pass, and works until nothing is due.
pub(super) async fn pass(shop: &Shop, ms: i64) {
    shop.clock.advance_ms(ms);
    settle(shop).await;
}

/// A minute of work: what waits a few seconds for something else comes to its end.
pub(super) async fn settle(shop: &Shop) {
    for _ in 0..6 {
        shop.work().await;
        shop.clock.advance_ms(10_000);
    }
    shop.work().await;
}

/// The automatic orders of the line, the oldest first.
pub(super) async fn automatic(shop: &Shop) -> Vec<OrderRecord> {
    let mut conn = shop.db.read().await.unwrap();
    let mut orders = orders::of_line(&mut conn, shop.buyer, shop.line.id, 100).await.unwrap();
    orders.retain(|order| order.renewal.is_some());
    orders.reverse();
    orders
}

pub(super) async fn states(shop: &Shop) -> Vec<OrderState> {
    automatic(shop).await.into_iter().map(|order| order.state).collect()
}

/// Where the line's renewal stands.
pub(super) async fn standing(shop: &Shop) -> Option<(State, Option<Reason>)> {
    let mut conn = shop.db.read().await.unwrap();
    let renewal = renewals::of_line(&mut conn, shop.buyer, shop.line.id).await.unwrap();
    renewal.map(|renewal| (renewal.state, renewal.reason))
}

/// The bodies of the mails that were queued, the oldest first.
pub(super) async fn mails(shop: &Shop) -> Vec<String> {
    let jobs = store::jobs::list(&mut shop.db.read().await.unwrap(), 1000).await.unwrap();
    let mut mails: Vec<_> = jobs.into_iter().filter(|job| job.kind == "mail.send").collect();
    mails.sort_by_key(|job| job.id);
    let body = |payload: &str| -> String {
        let mail: serde_json::Value = serde_json::from_str(payload).unwrap();
        mail["body"].as_str().unwrap().to_owned()
    };
    mails.iter().map(|job| body(&job.payload)).collect()
}

/// Everything tells the same story, and every automatic order has its consent.
pub(super) async fn audit(shop: &Shop) {
    shop.audit().await;
    let found = renewals::audit(&mut shop.db.read().await.unwrap()).await.unwrap();
    assert!(found.is_empty(), "{found:#?}");
}

pub(super) const DAYS: i64 = DAY_MS;
