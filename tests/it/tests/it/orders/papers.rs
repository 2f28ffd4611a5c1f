//! What stands on receipts and credit notes: who sold, how it was paid, and what of it is tax, to the cent.

use basis::{Currency, Id, Language, MINUTE_MS, Order};
use orders::{Intent, PlaceInput};
use receipts::{Cause, Paper, Way};
use store::sql;

use super::pages::people;
use super::receipts::{numbers, papers};
use super::shop::{AT_DESK, Shop, shops, yuan};

/// A paper's total, the same without its tax, and the tax.
fn sums(paper: &Paper) -> (i64, i64, i64) {
    let content = &paper.content;
    (content.gross.minor, content.net.minor, content.tax_amount().minor)
}

/// What the ledger has set aside for the state.
async fn tax_payable(shop: &Shop) -> i64 {
    let sums = sql!(
        "SELECT CAST(COALESCE(SUM(CASE WHEN credit = 'tax_payable' THEN amount_minor ELSE -amount_minor END), 0) AS BIGINT) \
         AS tax FROM ledger_transfer WHERE credit = 'tax_payable' OR debit = 'tax_payable'"
    );
    sums.one(&mut shop.db.read().await.unwrap()).await.unwrap().get("tax").unwrap()
}

/// The tax on all receipts without that on all credit notes.
async fn tax_on_papers(shop: &Shop) -> i64 {
    let all =
        receipts::of_account(&mut shop.db.read().await.unwrap(), shop.buyer, None, 1_000).await.unwrap();
    let signed = |paper: &Paper| if paper.cause == Cause::Sale { 1 } else { -1 };
    all.iter().map(|paper| signed(paper) * sums(paper).2).sum()
}

/// Half an hour of a shop's life: changes a delivered order of 118 yuan to one of 238.
async fn change(shop: &Shop, old: Id<Order>) -> Id<Order> {
    let intent = Intent::ChangeNow { old };
    let wish = PlaceInput { plan: "jp-50gb".parse().unwrap(), price: yuan(23_800), intent, ..shop.wish(0) };
    let new = shop.place(&wish, "change").await;
    let payment = new.payment.unwrap();
    payments::begin(&shop.db, &shop.env, &shop.desk.providers, payment, AT_DESK).await.unwrap();
    shop.bank.pay(payment, yuan(23_800));
    shop.hook("evt-change", payment).await;
    shop.work().await;
    new.order
}

#[tokio::test]
async fn a_receipt_says_how_it_was_paid_and_what_is_tax() {
    for shop in shops().await.into_iter().map(Shop::taxed) {
        shop.give(yuan(4_600)).await;
        let (order, payment) = shop.order(4_600).await;
        assert!(papers(&shop, order).await.is_empty(), "nothing is paid yet");
        shop.bank.pay(payment, yuan(7_200));
        shop.hook("evt-1", payment).await;
        shop.pass(MINUTE_MS).await;
        let [receipt] = &papers(&shop, order).await[..] else { panic!("one receipt") };
        assert_eq!((receipt.number.as_str(), receipt.cause), ("HY-2026-000001", Cause::Sale));
        assert_eq!(sums(receipt), (11_800, 11_132, 668));
        let content = &receipt.content;
        let seller = &content.seller;
        assert_eq!((seller.name.as_str(), seller.tax_id.as_str()), ("Heyon Mobile Ltd.", "91310000"));
        let ways: Vec<_> =
            content.parts.iter().map(|part| (part.way == Way::Wallet, part.amount.minor)).collect();
        assert_eq!(ways, [(false, 7_200), (true, 4_600)]);
        assert_eq!(content.item.len(), 2, "its name in each language is kept");
        shop.audit().await;
    }
}

#[tokio::test]
async fn a_refund_gets_a_credit_note_of_its_own_series_that_names_the_receipt() {
    for shop in shops().await.into_iter().map(Shop::taxed) {
        let (order, _) = shop.bought().await;
        shop.pass(MINUTE_MS).await;
        let before = papers(&shop, order).await;
        orders::refund(&shop.desk, "operator:li", order, Some(yuan(5_900)), "sorry").await.unwrap();
        shop.pass(MINUTE_MS).await;
        let [receipt, note] = &papers(&shop, order).await[..] else { panic!("a receipt and a note") };
        assert_eq!(receipt, &before[0], "what was given stays as it was");
        let names = (note.number.as_str(), note.corrects.as_deref());
        assert_eq!(names, ("HY-C-2026-000001", Some("HY-2026-000001")));
        assert_eq!(sums(note), (5_900, 5_566, 334));
        shop.audit().await;
    }
}

#[tokio::test]
async fn with_and_without_tax_agree_to_the_cent_at_any_rate_and_in_what_goes_back() {
    let of_118_and_33_33 = [
        (0, (11_800, 11_800, 0), (3_333, 3_333, 0)),
        (1, (11_800, 11_799, 1), (3_333, 3_333, 0)),
        (600, (11_800, 11_132, 668), (3_333, 3_144, 189)),
        (1_498, (11_800, 10_263, 1_537), (3_333, 2_899, 434)),
        (1_900, (11_800, 9_916, 1_884), (3_333, 2_801, 532)),
        (10_000, (11_800, 5_900, 5_900), (3_333, 1_667, 1_666)),
    ];
    for mut shop in shops().await {
        let mut owed = 0;
        for (basis_points, sale, back) in of_118_and_33_33 {
            shop = shop.taxed_at(basis_points);
            let (order, _) = shop.bought().await;
            orders::refund(&shop.desk, "operator:li", order, Some(yuan(3_333)), "sorry").await.unwrap();
            shop.pass(MINUTE_MS).await;
            let [receipt, note] = &papers(&shop, order).await[..] else { panic!("a receipt and a note") };
            assert_eq!((sums(receipt), sums(note)), (sale, back), "{basis_points} basis points");
            owed += sale.2 - back.2;
            assert_eq!(tax_payable(&shop).await, owed);
        }
        shop.audit().await;
    }
}

#[tokio::test]
async fn the_ledger_owes_the_state_what_the_papers_say() {
    for shop in shops().await.into_iter().map(Shop::taxed) {
        let (old, _) = shop.bought().await;
        shop.clock.advance_ms(7 * MINUTE_MS);
        let new = change(&shop, old).await;
        let (late, _) = shop.bought().await;
        shop.pass(MINUTE_MS).await;
        assert_eq!((tax_payable(&shop).await, tax_on_papers(&shop).await), (1_347 + 668, 1_347 + 668));
        orders::refund(&shop.desk, "operator:li", new, Some(yuan(10_001)), "sorry").await.unwrap();
        orders::refund(&shop.desk, "operator:li", late, None, "sorry").await.unwrap();
        shop.pass(MINUTE_MS).await;
        let left = 1_347 - 566;
        assert_eq!((tax_payable(&shop).await, tax_on_papers(&shop).await), (left, left));
        let causes: Vec<_> = papers(&shop, old).await.iter().map(|paper| paper.cause).collect();
        assert_eq!(causes, [Cause::Sale, Cause::Change], "what a change credits has its note too");
        shop.audit().await;
    }
}

#[tokio::test]
async fn filling_a_wallet_gives_no_receipt() {
    for shop in shops().await.into_iter().map(Shop::taxed) {
        shop.give(yuan(11_800)).await;
        shop.pass(MINUTE_MS).await;
        let wallet =
            ledger::wallet(&mut shop.db.read().await.unwrap(), shop.buyer, Currency::CNY).await.unwrap();
        assert_eq!((wallet.available(), numbers(&shop).await), (yuan(11_800), Vec::new()));
    }
}

#[tokio::test]
async fn lin_reads_her_papers_in_her_language() {
    for (shop, window) in people(Language::ZhCn).await {
        let shop = shop.taxed();
        let (order, _) = shop.bought().await;
        orders::refund(&shop.desk, "operator:li", order, Some(yuan(5_900)), "sorry").await.unwrap();
        shop.pass(MINUTE_MS).await;
        let list = window.see("/receipts").await;
        for words in ["日本", "HY-2026-000001", "退款凭证 · 2026年", "HY-C-2026-000001", "¥118.00", "−¥59.00"]
        {
            assert!(list.contains(words), "{words} is missing in {list}");
        }
        let note = window.see("/receipts/HY-C-2026-000001").await;
        for words in [
            "HY-2026-000001",
            "Heyon Mobile Ltd.",
            "Shanghai",
            "91310000",
            "lin@example.com",
            "增值税 6%",
            "¥3.34",
            "退回支付宝",
        ] {
            assert!(note.contains(words), "{words} is missing in {note}");
        }
        let app = window.app(&shop).await;
        let all = app.see("/api/v1/receipts?after=HY-C-2026-000001").await;
        let all: serde_json::Value = serde_json::from_str(&all).unwrap();
        let [receipt] = &all.as_array().unwrap()[..] else { panic!("one before the note: {all}") };
        assert_eq!(
            (&receipt["number"], &receipt["tax"]["basis_points"]),
            (&"HY-2026-000001".into(), &600.into())
        );
    }
}
