//! Who buys, and what they can choose from.

use basis::{Account, Currency, Id, Money};
use orders::PayWith;
use payments::Method;

use super::dice::Dice;

/// Somebody with a line.
#[derive(Clone)]
pub(super) struct Buyer {
    pub(super) account: Id<Account>,
    pub(super) line: cards::Line,
}

/// What is sold: the plan's name, its price in yuan and in dollars, in minor units.
const SOLD: [(&str, i64, i64); 4] = [
    ("jp-20gb", 11_800, 1_650),
    ("jp-50gb", 23_800, 3_350),
    ("jp-30gb", 16_800, 2_350),
    ("jp-2gb", 2_800, 400),
];

/// Beside the shop's usual plans, one that ends soon.
pub(super) const SHORT: &str = r#"
[[plan]]
id = "jp-2gb"
kind = "daily"
where = "JP"
data = "2 GB"
days = 2
renewal = "add"
price = { CNY = "28", USD = "4" }
"#;

/// A provider, a way to pay there, and in which money.
pub(super) fn way_to_pay(dice: &mut Dice) -> (PayWith, Currency) {
    let (provider, method, currency) = dice.pick(&[
        ("sandbox", Method::Card, Currency::USD),
        ("sandbox", Method::Alipay, Currency::CNY),
        ("stripe", Method::Card, Currency::USD),
        ("stripe", Method::Card, Currency::CNY),
        ("paypal", Method::PayPal, Currency::USD),
        ("alipay", Method::Alipay, Currency::CNY),
        ("wechat_pay", Method::WeChatPay, Currency::CNY),
    ]);
    (PayWith { provider: provider.to_owned(), method, keep: dice.chance(20) }, currency)
}

/// A provider and a way to pay there that is kept, where it can be.
pub(super) fn way_to_renew(dice: &mut Dice) -> (PayWith, Currency) {
    let (way, currency) = way_to_pay(dice);
    let keep = matches!(way.method, Method::Card | Method::PayPal);
    (PayWith { keep, ..way }, currency)
}

/// A plan that is worth renewing here, mostly the one that ends soon.
pub(super) fn any_plan_to_renew(dice: &mut Dice, currency: Currency) -> (&'static str, Money) {
    of(dice.pick(&["jp-2gb", "jp-2gb", "jp-2gb", "jp-20gb"]), currency)
}

/// A plan and its price in this money.
pub(super) fn any_plan(dice: &mut Dice, currency: Currency) -> (&'static str, Money) {
    of(dice.pick(&SOLD).0, currency)
}

/// This plan and its price in this money.
pub(super) fn of(name: &str, currency: Currency) -> (&'static str, Money) {
    let (plan, yuan, dollars) = SOLD.into_iter().find(|sold| sold.0 == name).unwrap();
    let minor = match currency {
        Currency::USD => dollars,
        _ => yuan,
    };
    (plan, Money::new(minor, currency))
}
