//! How much a session gets, and how long it is good.

use super::*;

#[test]
fn the_first_grant_is_ten_megabytes_and_the_next_a_minute_of_the_pace() {
    let mut world = World::with(fixed(10 * GB));
    let mut phone = Phone::new(1, LINE, "JP");
    let grant = granted(phone.start(&mut world));
    assert_eq!(grant, Grant { bytes: 10 * MB, validity_seconds: 600, behind: Behind::More });
    assert_eq!(grant.threshold_bytes(), Some(2_000_000));
    world.wait(4_000);
    assert_eq!(granted(phone.report(&mut world, 8 * MB)).bytes, 120 * MB, "2 MB a second");
    world.wait(10 * MINUTE);
    assert_eq!(granted(phone.report(&mut world, 6000)).bytes, MB, "an idle phone holds little");
}

#[test]
fn no_session_takes_more_than_half_of_its_part() {
    let mut world = World::with(fixed(40 * MB));
    let mut phone = Phone::new(1, LINE, "JP");
    let mut tablet = Phone::new(2, LINE, "JP");
    assert_eq!(granted(phone.start(&mut world)).bytes, 10 * MB);
    let grant = granted(tablet.start(&mut world));
    assert_eq!((grant.bytes, grant.validity_seconds), (7_500_000, 60), "30 MB between two; it runs low");
}

#[test]
fn a_gateway_may_ask_for_less_or_for_nothing() {
    let mut world = World::with(fixed(GB));
    let mut phone = Phone::new(1, LINE, "JP");
    let request = phone.request(RequestKind::Initial, 0, Ask::UpTo(300_000));
    assert_eq!(granted(quota(&world.control(request))).bytes, 300_000);
    let request = phone.request(RequestKind::Update, 100_000, Ask::Nothing);
    assert_eq!(quota(&world.control(request)), Quota::None);
    assert_eq!(world.figures(1).reserved, 0, "it gave the rest back");
}

#[test]
fn the_last_grant_says_so_and_then_there_is_none() {
    let mut world = World::with(fixed(1_500_000));
    let mut phone = Phone::new(1, LINE, "JP");
    let grant = granted(phone.start(&mut world));
    assert_eq!((grant.bytes, grant.is_last(), grant.validity_seconds), (MB, false, 60));
    let grant = granted(phone.report(&mut world, MB));
    assert_eq!((grant.bytes, grant.is_last(), grant.threshold_bytes()), (500_000, true, None));
    assert_eq!(phone.report(&mut world, 500_000), Quota::Refused(Refusal::UsedUp));
    assert_eq!(world.view(1).state, BundleState::UsedUp);
}

#[test]
fn a_grant_is_not_the_last_while_another_session_may_give_back() {
    let mut world = World::with(fixed(2 * MB));
    let mut phone = Phone::new(1, LINE, "JP");
    let mut tablet = Phone::new(2, LINE, "JP");
    phone.start(&mut world);
    let grant = granted(tablet.start(&mut world));
    assert_eq!((grant.bytes, grant.is_last()), (MB, false));
    assert_eq!(tablet.report(&mut world, MB), Quota::Refused(Refusal::Lent));
    phone.end(&mut world, 0);
    assert!(granted(tablet.report(&mut world, 0)).is_last());
}

#[test]
fn a_grant_spans_bundles_and_use_is_debited_in_their_order() {
    let mut world = World::with(at_purchase(fixed(3 * MB)));
    world.credit(2, fixed(GB));
    let mut phone = Phone::new(1, LINE, "JP");
    assert_eq!(granted(phone.start(&mut world)).bytes, 10 * MB);
    assert_eq!((world.figures(1).reserved, world.figures(2).reserved), (3 * MB, 7 * MB));
    phone.end(&mut world, 2 * MB);
    assert_eq!((world.figures(1).used, world.figures(2).used), (2 * MB, 0));
    assert_eq!(world.phase(2), Phase::Waiting, "held, not used: it still waits");
}

#[test]
fn overrun_goes_to_the_next_bundle_else_the_last_one_goes_below_zero() {
    let mut world = World::with(at_purchase(fixed(MB)));
    let mut phone = Phone::new(1, LINE, "JP");
    assert!(granted(phone.start(&mut world)).is_last());
    world.credit(2, fixed(5 * MB));
    phone.report(&mut world, 3 * MB);
    assert_eq!((world.figures(1).used, world.figures(2).used), (MB, 2 * MB));
    phone.end(&mut world, 9 * MB);
    let figures = world.figures(2);
    assert_eq!((figures.used, figures.available), (11 * MB, -6_000_000));
    assert_eq!(world.view(2).remaining, DataVolume::ZERO);
}

#[test]
fn a_daily_overrun_is_paid_by_the_next_day() {
    let mut world = World::with(at_purchase(daily(2 * MB, 2)));
    world.browse("JP", 3 * MB);
    assert_eq!(world.figures(1).available, -1_000_000);
    world.wait(DAY_MS);
    assert_eq!(world.figures(1).available, 1_000_000);
}

#[test]
fn another_country_counts_from_the_next_grant() {
    let mut world = World::with(at_purchase(fixed(GB)));
    world.credit(2, at_purchase(Terms { coverage: places("KR"), ..fixed(GB) }));
    let mut phone = Phone::new(1, LINE, "JP");
    phone.start(&mut world);
    phone.country = "KR".parse().unwrap();
    phone.report(&mut world, 11 * MB);
    assert_eq!((world.figures(1).used, world.figures(2).used), (11 * MB, 0), "used before it told us");
    assert_eq!((world.figures(1).reserved, world.figures(2).reserved > 0), (0, true));
    phone.country = "FR".parse().unwrap();
    assert_eq!(phone.report(&mut world, MB), Quota::Refused(Refusal::NotCovered));
}

#[test]
fn use_that_no_bundle_ever_covered_is_written_down() {
    let mut world = World::new();
    world.browse("FR", 5 * MB);
    assert_eq!(world.pool.state().past.as_ref().unwrap().unpaid, 5 * MB);
}

#[test]
fn rating_groups_hold_quota_of_their_own() {
    let mut world = World::with(at_purchase(fixed(GB)));
    let mut phone = Phone::new(1, LINE, "JP");
    let service = |group, used, ask| Service { group: Some(group), used, ask };
    let mut ask = |world: &mut World, kind, services: &[Service]| {
        let request = phone.request(kind, 0, Ask::Nothing);
        world.control(Control { services: services.iter().copied().collect(), ..request })
    };
    let both = [service(1, 0, Ask::Quota), service(2, 0, Ask::Quota)];
    let answer = ask(&mut world, RequestKind::Initial, &both);
    assert_eq!(answer.services.iter().map(|s| s.group).collect::<Vec<_>>(), [Some(1), Some(2)]);
    assert_eq!(world.figures(1).reserved, 20 * MB);

    let twice = [service(1, 2 * MB, Ask::Quota), service(1, 3 * MB, Ask::Quota)];
    let answer = ask(&mut world, RequestKind::Update, &twice);
    assert_eq!(answer.services[1].quota, Quota::None, "one grant for one group");
    assert_eq!(world.figures(1).used, 5 * MB);
    assert_eq!(ask(&mut world, RequestKind::Terminate, &[]).services, Few::None);
    assert_eq!(world.figures(1).reserved, 0);

    let many: Vec<_> = (0..40).map(|group| service(group, 0, Ask::UpTo(1000))).collect();
    phone = Phone::new(2, LINE, "JP");
    let request = phone.request(RequestKind::Initial, 0, Ask::Nothing);
    let answer = world.control(Control { services: many.into_iter().collect(), ..request });
    assert_eq!(answer.services[32].quota, Quota::Refused(Refusal::TooManyGroups));
}

#[test]
fn a_barred_line_is_debited_and_gets_nothing() {
    let mut world = World::with(at_purchase(fixed(GB)));
    let mut phone = Phone::new(1, LINE, "JP");
    phone.start(&mut world);
    world.run(Command::Bar(LINE));
    let request = phone.request(RequestKind::Update, 6 * MB, Ask::Quota);
    let answer = world.control(request);
    assert_eq!((answer.verdict, quota(&answer)), (Verdict::Barred, Quota::None));
    assert_eq!((world.figures(1).used, world.figures(1).reserved), (6 * MB, 0));
    world.run(Command::Unbar(LINE));
    granted(phone.report(&mut world, 0));
}
