//! Stories of cards and those who bind them, on both engines.

use std::collections::BTreeSet;

use accounts::SignedIn;
use basis::{HOUR_MS, Kind, Problem};
use cards::{BindInput, Line, MadeCard};
use store::jobs::{JobRun, Next};

use crate::people::{Town, from, towns};

const HEADER: &str = "serial,bind_code,eid,iccid,imsi,msisdn,carrier,activation_code,batch,order_ref\n";
const ACME: &str = "ACME-0001,7K3M-92QD,89049032123451234512345678901235,8900012345678901234,001010000000001,,own,,B1,PO-7\n";

async fn bind(town: &Town, who: &SignedIn, number: &str, code: &str) -> Result<Line, Problem> {
    let input = BindInput { number, bind_code: Some(code) };
    cards::bind_card(town.db(), &town.env, &town.guards, &from("192.0.2.1"), who.account.id, input).await
}

async fn made(town: &Town, count: u32) -> Vec<MadeCard> {
    cards::make_test_cards(town.db(), &town.env, &town.guards.key, "operator:li", count).await.unwrap()
}

async fn import(town: &Town, lines: &str, dry_run: bool) -> cards::ImportReport {
    let csv = format!("{HEADER}{lines}");
    let key = &town.guards.key;
    cards::import(town.db(), &town.env, key, "operator:li", csv.as_bytes(), dry_run).await.unwrap()
}

#[tokio::test]
async fn a_card_is_bound_by_its_printed_serial_alone() {
    for town in towns().await {
        let (lin, _) = town.person("lin@example.com").await;
        let card = &made(&town, 1).await[0];
        let typed =
            format!(" {} ", card.serial.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l"));
        let line = bind(&town, &lin, &typed, "").await.unwrap();
        assert_eq!((&line.iccid, &line.eid, &line.imsi), (&card.iccid, &card.eid, &card.imsi));
        assert!(line.name().starts_with("eSIM"), "{}", line.name());
        let mut conn = town.db().read().await.unwrap();
        let job =
            store::jobs::find(&mut conn, cards::LINE_OPEN, &line.id.to_string()).await.unwrap().unwrap();
        assert_eq!(job.payload, format!("\"{}\"", line.id));
        let again = bind(&town, &lin, &card.serial, "").await.unwrap();
        assert_eq!(again.id, line.id, "a repeat gives the same line");
        assert_eq!(cards::lines_of(&mut conn, lin.account.id).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn eid_iccid_and_foreign_serial_bind_with_the_code_only() {
    for town in towns().await {
        let (lin, _) = town.person("lin@example.com").await;
        let card = &made(&town, 1).await[0];
        for number in [&card.eid, &card.iccid] {
            assert_eq!(bind(&town, &lin, number, "").await.unwrap_err().key, "cards-code-missing");
            assert_eq!(bind(&town, &lin, number, "00000-00000").await.unwrap_err().key, "cards-not-bound");
        }
        bind(&town, &lin, &card.eid, &card.bind_code.to_lowercase()).await.unwrap();
        import(&town, ACME, false).await;
        bind(&town, &lin, "acme 0001", "7k3m 92qd").await.unwrap();
    }
}

#[tokio::test]
async fn an_iccid_is_found_in_each_of_its_prints() {
    for (print, stored) in [
        ("8900012345678901234", "8900012345678901234"),
        ("89000123456789012341", "8900012345678901234"),
        ("890001234567890123", "8900012345678901230"),
        ("8900012345678901234", "89000123456789012341"),
    ] {
        for town in towns().await {
            let (lin, _) = town.person("lin@example.com").await;
            let line = ACME.replace("8900012345678901234", stored);
            let report = import(&town, &line, false).await;
            assert_eq!(report.added, 1, "{report:?}");
            assert_eq!(bind(&town, &lin, print, "7K3M92QD").await.unwrap().iccid, stored);
        }
    }
}

#[tokio::test]
async fn every_failure_is_one_answer() {
    for town in towns().await {
        let (lin, _) = town.person("lin@example.com").await;
        let (mallory, _) = town.person("mallory@example.com").await;
        let cards = made(&town, 3).await;
        let (taken, free, never) = (&cards[0], &cards[1], &cards[2]);
        bind(&town, &lin, &taken.serial, "").await.unwrap();
        let not_in_stock =
            cards::make_test_cards(towns().await[0].db(), &town.env, &town.guards.key, "operator:li", 1)
                .await
                .unwrap();
        let tries = [
            (&taken.serial, ""),
            (&taken.eid, taken.bind_code.as_str()),
            (&taken.eid, "00000-00000"),
            (&free.eid, "00000-00000"),
            (&free.eid, never.bind_code.as_str()),
            (&free.iccid, "00000-00000"),
            (&not_in_stock[0].serial, ""),
            (&not_in_stock[0].eid, not_in_stock[0].bind_code.as_str()),
        ];
        let mut answers = BTreeSet::new();
        for (number, code) in tries {
            answers.insert(format!("{:?}", bind(&town, &mallory, number, code).await.unwrap_err()));
        }
        assert_eq!(answers.len(), 1, "{answers:?}");
        bind(&town, &lin, &free.eid, &free.bind_code).await.unwrap();
    }
}

#[tokio::test]
async fn guessing_is_slow_for_an_account_and_for_a_card() {
    for town in towns().await {
        let card = &made(&town, 1).await[0];
        let (mallory, _) = town.person("mallory@example.com").await;
        for _ in 0..5 {
            let refused = bind(&town, &mallory, &card.eid, "00000-00000").await.unwrap_err();
            assert_eq!(refused.key, "cards-not-bound");
        }
        let (eve, _) = town.person("eve@example.com").await;
        let refused = bind(&town, &eve, &card.eid, "00000-00001").await.unwrap_err();
        assert_eq!(
            (refused.kind, refused.key),
            (Kind::TooMany, "accounts-too-many"),
            "the card is counted, too"
        );
        let absent = "89049032123451234512345678901235";
        for _ in 0..5 {
            bind(&town, &eve, absent, "00000-00001").await.unwrap_err();
        }
        let refused = bind(&town, &eve, absent, "00000-00001").await.unwrap_err();
        assert_eq!(refused.kind, Kind::TooMany, "and one that does not exist is counted the same");
        town.clock.advance_ms(HOUR_MS);
        let (lin, _) = town.person("lin@example.com").await;
        bind(&town, &lin, &card.eid, &card.bind_code).await.unwrap();
    }
}

#[tokio::test]
async fn of_two_who_bind_one_card_at_the_same_moment_exactly_one_wins() {
    for town in towns().await {
        let (lin, _) = town.person("lin@example.com").await;
        let (wang, _) = town.person("wang@example.com").await;
        for card in made(&town, 20).await {
            // Losing counts as a failed try; an hour later that is forgotten.
            town.clock.advance_ms(HOUR_MS);
            let (one, two) =
                tokio::join!(bind(&town, &lin, &card.serial, ""), bind(&town, &wang, &card.serial, ""));
            let (won, lost) = if one.is_ok() { (one, two) } else { (two, one) };
            won.unwrap();
            assert_eq!(lost.unwrap_err().key, "cards-not-bound");
        }
        let mut conn = town.db().read().await.unwrap();
        let lines = [
            cards::lines_of(&mut conn, lin.account.id).await.unwrap().len(),
            cards::lines_of(&mut conn, wang.account.id).await.unwrap().len(),
        ];
        assert_eq!(lines.iter().sum::<usize>(), 20, "{lines:?}");
    }
}

#[tokio::test]
async fn one_who_binds_a_card_twice_at_the_same_moment_gets_one_line() {
    for town in towns().await {
        let (lin, _) = town.person("lin@example.com").await;
        for card in made(&town, 10).await {
            let (one, two) =
                tokio::join!(bind(&town, &lin, &card.serial, ""), bind(&town, &lin, &card.serial, ""));
            assert_eq!(one.unwrap().id, two.unwrap().id);
        }
    }
}

#[tokio::test]
async fn a_line_is_seen_and_named_by_its_owner_only() {
    for town in towns().await {
        let (lin, _) = town.person("lin@example.com").await;
        let (mallory, _) = town.person("mallory@example.com").await;
        let card = &made(&town, 1).await[0];
        let line = bind(&town, &lin, &card.serial, "").await.unwrap();
        cards::rename_line(town.db(), lin.account.id, line.id, " 东京 ").await.unwrap();
        let stolen = cards::rename_line(town.db(), mallory.account.id, line.id, "mine").await.unwrap_err();
        assert_eq!(stolen.kind, Kind::NotFound);
        let mut conn = town.db().read().await.unwrap();
        assert_eq!(cards::line(&mut conn, lin.account.id, line.id).await.unwrap().name(), "东京");
        let seen = cards::line(&mut conn, mallory.account.id, line.id).await.unwrap_err();
        assert_eq!(seen.kind, Kind::NotFound);
    }
}

#[tokio::test]
async fn an_import_is_all_or_nothing_and_names_what_is_wrong() {
    for town in towns().await {
        let (lin, _) = town.person("lin@example.com").await;
        let dry = import(&town, ACME, true).await;
        assert_eq!((dry.cards, dry.added, dry.bad.len()), (1, 0, 0), "a dry run only looks");
        assert_eq!(bind(&town, &lin, "ACME-0001", "7K3M-92QD").await.unwrap_err().key, "cards-not-bound");
        let half = import(&town, &format!("{ACME}bad,line,1,2,3,4,5,6,7,8\n"), false).await;
        assert_eq!(half.added, 0);
        assert!(half.bad.iter().all(|bad| bad.line == 3));
        assert_eq!(import(&town, ACME, false).await.added, 1);
        let again = import(&town, ACME, false).await;
        assert_eq!((again.added, again.bad[0].line, again.bad[0].problem.key), (0, 2, "cards-line-known"));
        bind(&town, &lin, "ACME-0001", "7K3M-92QD").await.unwrap();
    }
}

#[tokio::test]
async fn serials_are_made_for_cards_that_one_has() {
    for town in towns().await {
        let csv = "eid,iccid,imsi,carrier,batch,order_ref\n\
                   89049032123451234512345678901235,8900012345678901234,001010000000001,own,B1,PO-7\n";
        let key = &town.guards.key;
        let make =
            async || cards::make(town.db(), &town.env, key, "operator:li", csv.as_bytes()).await.unwrap();
        let report = make().await;
        let (lin, _) = town.person("lin@example.com").await;
        bind(&town, &lin, &report.made[0].serial, "").await.unwrap();
        let again = make().await;
        assert!(again.made.is_empty() && again.bad[0].problem.key == "cards-line-known");
    }
}

#[tokio::test]
async fn a_bound_line_is_opened_at_the_charging_engine() {
    for town in towns().await {
        let (lin, _) = town.person("lin@example.com").await;
        let card = &made(&town, 1).await[0];
        let line = bind(&town, &lin, &card.serial, "").await.unwrap();
        assert_eq!(line.opened_at, None);
        let (log, shop) = (town.db().clone(), town.db().clone());
        let opening = charging::Opening { log, shop, node: "test".to_owned() };
        let charging = charging::Charging::open(opening, &town.env).await.unwrap();
        let (key, payload) = (line.id.to_string(), format!("\"{}\"", line.id));
        let run = JobRun { key, payload, attempt: 1 };
        for _ in 0..2 {
            let next = cards::open_line(town.db(), &town.env, &charging, &run).await.unwrap();
            assert_eq!(next, Next::Done, "twice is as good as once");
        }
        assert!(charging.view(line.pool).await.is_some());
        let mut conn = town.db().read().await.unwrap();
        assert!(cards::line_of_id(&mut conn, line.id).await.unwrap().opened_at.is_some());
    }
}
