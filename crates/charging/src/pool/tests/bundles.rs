//! Buying, starting, running out, closing.

use super::*;

#[test]
fn a_bundle_starts_with_the_first_byte_and_lasts_whole_days() {
    let mut world = World::with(fixed(GB));
    assert_eq!(world.view(1).state, BundleState::Waiting);
    world.wait(10 * DAY_MS);

    let mut phone = Phone::new(1, LINE, "JP");
    phone.start(&mut world);
    assert_eq!(world.phase(1), Phase::Waiting, "a session alone starts nothing");
    world.wait(MINUTE);
    phone.report(&mut world, 5 * MB);
    let started = world.now;
    assert_eq!(world.phase(1), Phase::Active(started));
    phone.end(&mut world, 0);

    world.wait(30 * DAY_MS - 1);
    assert_eq!(world.view(1).state, BundleState::Active);
    world.wait(1);
    let view = world.view(1);
    assert_eq!((view.state, view.ends_at), (BundleState::Ended, Some(world.now)));
    let figures = world.figures(1);
    assert_eq!((figures.used, figures.expired, figures.available), (5 * MB, 995 * MB, 0));
}

#[test]
fn a_bundle_that_nobody_starts_lapses() {
    let mut world = World::with(fixed(GB));
    assert_eq!(world.view(1).activate_by, Some(START.plus_ms(180 * DAY_MS)));
    world.wait(180 * DAY_MS);
    let at = world.now;
    assert_eq!(world.phase(1), Phase::Over { started_at: None, at, end: End::Lapsed });
    assert_eq!(world.figures(1).expired, GB);
}

#[test]
fn a_bundle_in_use_at_its_last_moment_starts_instead_of_lapsing() {
    let mut world = World::with(fixed(GB));
    world.wait(180 * DAY_MS - MINUTE);
    let mut phone = Phone::new(1, LINE, "JP");
    let grant = granted(phone.start(&mut world));
    assert_eq!(grant.validity_seconds, 60, "the gateway reports when the moment comes");
    world.wait(MINUTE);
    assert_eq!(world.phase(1), Phase::Active(world.now));
}

#[test]
fn a_bundle_at_purchase_starts_at_once() {
    let mut world = World::new();
    let ends = START.plus_ms(30 * DAY_MS);
    let reply = world.credit(1, at_purchase(fixed(GB)));
    assert_eq!(reply, CreditReply::Credited { started_at: Some(START), ends_at: Some(ends) });
}

#[test]
fn a_daily_bundle_gives_anew_every_24_hours_and_what_is_left_lapses() {
    let mut world = World::with(at_purchase(daily(100 * MB, 3)));
    assert_eq!(world.view(1).total, DataVolume(300 * MB));
    world.wait(HOUR);
    world.browse("JP", 5 * MB);
    let view = world.view(1);
    let window = view.window.unwrap();
    assert_eq!((window.remaining, view.remaining), (DataVolume(95 * MB), DataVolume(295 * MB)));
    assert_eq!(window.ends_at, START.plus_ms(DAY_MS));

    world.wait(23 * HOUR);
    assert_eq!(world.view(1).window.unwrap().remaining, DataVolume(100 * MB));
    assert_eq!(world.figures(1).expired, 95 * MB);
    world.wait(2 * DAY_MS);
    let figures = world.figures(1);
    assert_eq!((figures.granted, figures.used, figures.expired), (300 * MB, 5 * MB, 295 * MB));
    assert_eq!(world.view(1).state, BundleState::Ended);
}

#[test]
fn after_a_long_stop_each_window_still_turns_by_itself() {
    let mut world = World::with(at_purchase(daily(100 * MB, 5)));
    world.wait(3 * DAY_MS + 7);
    assert_eq!(world.events.len(), 3);
    assert_eq!(world.view(1).window.unwrap().number, 3);
    assert_eq!(world.figures(1).expired, 300 * MB);
    assert_eq!(world.pool.next_deadline(), Some(START.plus_ms(4 * DAY_MS)));
}

#[test]
fn quota_of_yesterdays_window_does_not_come_back_today() {
    let mut world = World::with(at_purchase(daily(100 * MB, 3)));
    world.wait(DAY_MS - 30_000);
    let mut phone = Phone::new(1, LINE, "JP");
    let grant = granted(phone.start(&mut world));
    assert_eq!((grant.bytes, grant.validity_seconds), (10 * MB, 30), "it reports when the window ends");
    world.wait(31_000);
    phone.end(&mut world, 4 * MB);
    let figures = world.figures(1);
    assert_eq!((figures.used, figures.available), (4 * MB, 100_000_000), "the new window is whole");
    assert_eq!(figures.expired, 96 * MB);
}

#[test]
fn unlimited_stops_at_fair_use_until_the_next_window() {
    let mut world = World::with(at_purchase(unlimited(3 * MB, 7)));
    let mut phone = Phone::new(1, LINE, "JP");
    let mut grant = granted(phone.start(&mut world));
    while !grant.is_last() {
        grant = granted(phone.report(&mut world, grant.bytes));
    }
    assert_eq!(phone.report(&mut world, grant.bytes), Quota::Refused(Refusal::UsedUp));
    assert_eq!(world.view(1).state, BundleState::Active, "there is more to come");
    world.wait(DAY_MS);
    assert!(matches!(phone.report(&mut world, 0), Quota::Granted(_)));
}

#[test]
fn a_plan_that_goes_on_slower_says_so_and_is_fast_again_after_24_hours() {
    let mut world = World::with(at_purchase(slower(3 * MB, 2)));
    world.credit(2, at_purchase(fixed(GB)));
    let mut phone = Phone::new(1, LINE, "JP");
    let mut grant = granted(phone.start(&mut world));
    while !grant.is_last() {
        grant = granted(phone.report(&mut world, grant.bytes));
    }
    assert_eq!((grant.behind, grant.threshold_bytes()), (Behind::Slow, None));
    let slow = Quota::Slow { validity_seconds: 600 };
    assert_eq!(phone.report(&mut world, grant.bytes), slow);
    let request = phone.request(RequestKind::Update, 5 * MB, Ask::Nothing);
    assert_eq!(
        quota(&world.control(request)),
        slow,
        "the gateway reports and asks for nothing: it stays slow"
    );
    assert_eq!(phone.report(&mut world, 2 * MB), slow);
    assert_eq!((world.figures(1).used, world.phase(2)), (10 * MB, Phase::Waiting), "it is not used up");

    world.wait(DAY_MS);
    assert_eq!(world.figures(1).available, 3_000_000, "what was used slowly costs nothing of the next day");
    assert_eq!(granted(phone.report(&mut world, 0)).behind, Behind::More);
    phone.end(&mut world, 3 * MB);
    assert_eq!(world.view(1).state, BundleState::Active, "on its last day, too");
    world.wait(DAY_MS);
    assert_eq!((world.view(1).state, world.phase(2)), (BundleState::Ended, Phase::Active(world.now)));
}

#[test]
fn pages_know_when_a_line_goes_on_slower_and_when_it_is_fast_again() {
    let mut world = World::with(at_purchase(slower(3 * MB, 2)));
    let begun = world.now;
    let seen = |world: &World| world.pool.view(world.now).lines[0].slower;
    let until = |at| Some(SlowerView { bundle: Id::from_u128(1), full_speed_at: at });
    let mut phone = Phone::new(1, LINE, "JP");
    let mut grant = granted(phone.start(&mut world));
    while !grant.is_last() {
        assert_eq!(seen(&world), None);
        grant = granted(phone.report(&mut world, grant.bytes));
    }
    assert_eq!(seen(&world), None, "what it holds it uses at full speed");
    phone.report(&mut world, grant.bytes);
    assert_eq!(seen(&world), until(Some(begun.plus_ms(DAY_MS))));
    phone.end(&mut world, MB);
    assert_eq!(seen(&world), until(Some(begun.plus_ms(DAY_MS))), "also of a line that is nowhere now");

    world.wait(DAY_MS);
    assert_eq!(seen(&world), None);
    world.browse("JP", 5 * MB);
    assert_eq!(seen(&world), until(None), "its last day: nothing comes behind it");
    world.credit(2, fixed(GB));
    assert_eq!(seen(&world), until(Some(begun.plus_ms(2 * DAY_MS))), "the next plan begins when it ends");
    world.credit(3, with_rule(RenewalRule::Add, fixed(GB)));
    assert_eq!(seen(&world), None, "what can be used beside it is fast at once");
}

#[test]
fn what_was_used_slowly_is_not_paid_by_what_was_bought_meanwhile() {
    let mut world = World::with(at_purchase(slower(MB, 7)));
    let mut phone = Phone::new(1, LINE, "JP");
    assert_eq!(granted(phone.start(&mut world)).behind, Behind::Slow);
    phone.report(&mut world, MB);
    world.credit(2, with_rule(RenewalRule::Add, fixed(GB)));
    assert_eq!(granted(phone.report(&mut world, 4 * MB)).bytes, 10 * MB, "fast again");
    assert_eq!((world.figures(1).used, world.figures(2).used), (5 * MB, 0));
    phone.report(&mut world, 11 * MB);
    assert_eq!((world.figures(1).used, world.figures(2).used), (5 * MB, 11 * MB));
}

#[test]
fn a_member_whose_cap_is_reached_is_stopped_not_slowed() {
    let mut world = World::with(shared(at_purchase(slower(10 * MB, 7))));
    let caps = Caps { per_day: Some(MB), ..Caps::default() };
    world.run(Command::Cap { line: LINE, caps });
    let mut phone = Phone::new(1, LINE, "JP");
    assert_eq!(granted(phone.start(&mut world)).behind, Behind::Nothing);
    assert_eq!(phone.report(&mut world, MB), Quota::Refused(Refusal::CapReached));
    assert_eq!(world.pool.view(world.now).lines[0].slower, None);
}

#[test]
fn renewing_early_never_loses_a_day() {
    let mut world = World::with(at_purchase(fixed(20 * MB)));
    world.credit(2, fixed(GB));
    world.wait(DAY_MS);
    world.browse("JP", 5 * MB);
    assert_eq!((world.figures(1).used, world.phase(2)), (5 * MB, Phase::Waiting));
    world.browse("JP", 14 * MB);
    assert_eq!(world.phase(2), Phase::Waiting);
    world.browse("JP", 3 * MB);
    assert_eq!(world.figures(1).used, 20 * MB);
    assert_eq!((world.figures(2).used, world.phase(2)), (2 * MB, Phase::Active(world.now)));
}

#[test]
fn the_next_daily_bundle_waits_until_the_first_ends_even_on_an_empty_day() {
    let mut world = World::with(at_purchase(daily(2 * MB, 2)));
    world.credit(2, daily(100 * MB, 3));
    world.browse("JP", 2 * MB);
    let mut phone = Phone::new(1, LINE, "JP");
    assert_eq!(phone.start(&mut world), Quota::Refused(Refusal::UsedUp));
    world.wait(2 * DAY_MS);
    phone.report(&mut world, 0);
    phone.report(&mut world, MB);
    assert_eq!(world.phase(2), Phase::Active(world.now));
}

#[test]
fn an_added_bundle_helps_on_an_empty_day() {
    let mut world = World::with(at_purchase(daily(2 * MB, 2)));
    world.credit(2, with_rule(RenewalRule::Add, fixed(GB)));
    world.browse("JP", 2 * MB);
    world.browse("JP", MB);
    assert_eq!(world.phase(2), Phase::Active(world.now));
    world.credit(3, with_rule(RenewalRule::Add, at_purchase(fixed(GB))));
    assert_eq!(world.phase(3), Phase::Active(world.now), "bought to count from now");
}

#[test]
fn a_follower_at_purchase_starts_the_moment_the_first_is_over() {
    let mut world = World::with(at_purchase(fixed(GB)));
    world.credit(2, at_purchase(fixed(2 * GB)));
    assert_eq!((world.phase(2), world.view(2).activate_by), (Phase::Waiting, None));
    world.wait(31 * DAY_MS);
    assert_eq!(world.phase(2), Phase::Active(START.plus_ms(30 * DAY_MS)), "not when the tick came");
    world.credit(3, at_purchase(fixed(GB)));
    world.close(2);
    assert_eq!(world.phase(3), Phase::Active(world.now));
}

#[test]
fn a_replacing_bundle_closes_nothing_by_itself() {
    let mut world = World::with(at_purchase(fixed(GB)));
    world.credit(2, with_rule(RenewalRule::Replace, at_purchase(fixed(3 * GB))));
    assert_eq!((world.phase(1), world.phase(2)), (Phase::Active(START), Phase::Active(START)));
    assert_eq!(world.close(1).unused_bytes, GB, "whoever sold it knows what to close");
}

#[test]
fn of_credit_and_void_the_first_wins_for_ever() {
    let mut world = World::with(fixed(GB));
    assert_eq!(world.credit(1, fixed(5 * GB)), CreditReply::AlreadyCredited);
    assert_eq!(world.void(1), VoidReply::Credited);
    assert_eq!((world.void(2), world.void(2)), (VoidReply::Voided, VoidReply::Voided));
    assert_eq!(world.credit(2, fixed(GB)), CreditReply::Voided);
    world.wait(365 * DAY_MS);
    assert_eq!(world.pool.bundle(Id::from_u128(1)), None, "it ended long ago");
    assert_eq!(world.credit(1, fixed(GB)), CreditReply::AlreadyCredited);
    let fate = |order| world.pool.fate(Id::from_u128(order));
    assert_eq!((fate(1), fate(2), fate(3)), (Fate::Credited, Fate::Voided, Fate::Unknown));
}

#[test]
fn closing_returns_what_is_unused_and_says_the_same_again() {
    let mut world = World::with(at_purchase(daily(100 * MB, 10)));
    world.browse("JP", 9 * MB);
    world.wait(DAY_MS + 6 * HOUR);
    let closed = world.close(1);
    assert_eq!((closed.unused_bytes, closed.total_bytes), (900 * MB, 1000 * MB));
    assert_eq!((closed.unused_ms, closed.total_ms), (8 * DAY_MS + 18 * HOUR, 10 * DAY_MS));
    assert_eq!((closed.unstarted_days, closed.total_days), (8, 10));
    assert_eq!(world.figures(1).closed, 100 * MB);
    world.wait(100 * DAY_MS);
    assert_eq!(world.close(1), closed);
    assert_eq!(world.run(Command::Close(Id::from_u128(7))), Reply::Close(CloseReply::UnknownBundle));
}

#[test]
fn closing_does_not_give_back_what_a_session_may_still_use() {
    let mut world = World::with(at_purchase(fixed(100 * MB)));
    let mut phone = Phone::new(1, LINE, "JP");
    phone.start(&mut world);
    assert_eq!(world.close(1).unused_bytes, 90 * MB);
    assert_eq!(phone.report(&mut world, 4 * MB), Quota::Refused(Refusal::NotCovered));
    let figures = world.figures(1);
    assert_eq!((figures.used, figures.closed, figures.available), (4 * MB, 96 * MB, 0));
}

#[test]
fn closing_an_ended_bundle_gives_nothing_back() {
    let mut world = World::with(at_purchase(fixed(GB)));
    world.wait(30 * DAY_MS);
    let closed = world.close(1);
    assert_eq!((closed.unused_bytes, closed.unused_ms, closed.unstarted_days), (0, 0, 0));
    assert_eq!(world.view(1).state, BundleState::Ended, "it ended by itself");
}

#[test]
fn a_barred_line_buys_nothing_and_the_pools_bundles_must_be_shareable() {
    let mut world = World::new();
    world.run(Command::Bar(LINE));
    assert_eq!(world.credit(1, fixed(GB)), CreditReply::Barred);
    assert_eq!(world.void(2), VoidReply::Voided);
    world.run(Command::Unbar(LINE));
    assert!(matches!(world.credit(1, fixed(GB)), CreditReply::Credited { .. }));
    let credit = Credit { order: Id::from_u128(3), line: None, terms: fixed(GB) };
    let reply = world.run(Command::Credit(credit.clone()));
    assert_eq!(reply, Reply::Credit(CreditReply::NotShareable));
    let reply = world.run(Command::Credit(Credit { line: Some(SISTER), ..credit }));
    assert_eq!(reply, Reply::Credit(CreditReply::UnknownLine));
    assert_eq!(world.run(Command::Bar(SISTER)), Reply::UnknownLine);
}

#[test]
fn active_before_waiting_own_before_shared_soonest_to_end_oldest_first() {
    let mut world = World::new();
    world.join(SISTER);
    let add = |terms| with_rule(RenewalRule::Add, terms);
    world.credit(1, add(fixed(GB)));
    world.credit(2, add(shared(at_purchase(fixed(GB)))));
    world.credit(3, add(at_purchase(fixed(GB))));
    world.credit(4, add(at_purchase(Terms { days: 7, ..fixed(GB) })));
    world.credit(5, add(at_purchase(fixed(GB))));
    world.credit(6, add(at_purchase(Terms { coverage: places("KR"), ..fixed(GB) })));
    let order = |world: &World, line| {
        let payers = world.pool.payers(line, Some("JP".parse().unwrap()));
        payers.iter().map(|b| b.id.as_u128()).collect::<Vec<_>>()
    };
    assert_eq!(order(&world, LINE), [4, 3, 5, 2, 1]);
    assert_eq!(order(&world, SISTER), [2]);
}
