//! Silence, endings, tombstones, sessions that we have lost.

use super::*;

#[test]
fn what_a_silent_session_holds_is_released_after_twice_its_validity() {
    let mut world = World::with(at_purchase(fixed(GB)));
    let mut phone = Phone::new(1, LINE, "JP");
    phone.start(&mut world);
    assert_eq!(world.pool.next_deadline(), Some(START.plus_ms(20 * MINUTE)));
    world.wait(20 * MINUTE - 1);
    assert_eq!(world.figures(1).reserved, 10 * MB);
    world.wait(1);
    assert_eq!((world.figures(1).reserved, world.figures(1).available), (0, 1_000_000_000));
    assert!(world.pool.view(world.now).sessions.is_empty());

    world.wait(HOUR);
    granted(phone.report(&mut world, 7 * MB));
    assert_eq!(world.figures(1).used, 7 * MB, "late, but debited, and the session goes on");
    assert_eq!(world.pool.view(world.now).sessions.len(), 1);
}

#[test]
fn an_ended_session_answers_for_a_day_and_is_then_forgotten() {
    let mut world = World::with(at_purchase(fixed(GB)));
    let mut phone = Phone::new(1, LINE, "JP");
    phone.start(&mut world);
    phone.end(&mut world, MB);
    world.wait(DAY_MS - 1);
    assert!(world.pool.session(phone.key).is_some());
    world.wait(1);
    assert!(world.pool.session(phone.key).is_none());
}

#[test]
fn the_shard_may_forget_a_session_that_is_over_but_not_an_open_one() {
    let mut world = World::with(at_purchase(fixed(GB)));
    let mut phone = Phone::new(1, LINE, "JP");
    phone.start(&mut world);
    world.run(Command::Forget(phone.key));
    assert!(world.pool.session(phone.key).is_some());
    phone.end(&mut world, 0);
    world.run(Command::Forget(phone.key));
    assert!(world.pool.session(phone.key).is_none());
}

#[test]
fn a_session_that_we_have_lost_is_debited_and_goes_on() {
    let mut world = World::with(at_purchase(fixed(GB)));
    let mut phone = Phone::new(1, LINE, "JP");
    phone.number = 41;
    granted(phone.report(&mut world, 3 * MB));
    assert_eq!(world.figures(1).used, 3 * MB);
    let request = phone.request(RequestKind::Update, MB, Ask::Quota);
    let answer = world.control(Control { line: None, ..request });
    assert_eq!(answer.verdict, Verdict::Accepted, "the session knows its line");
}

#[test]
fn what_a_gateway_has_lost_goes_back_and_a_late_report_is_still_debited() {
    let mut world = World::with(at_purchase(fixed(GB)));
    let mut phone = Phone::new(1, LINE, "JP");
    phone.start(&mut world);
    world.run(Command::Release(phone.key));
    world.run(Command::Release(phone.key));
    assert_eq!(world.figures(1).reserved, 0);
    assert!(world.pool.view(world.now).sessions.is_empty());

    granted(phone.report(&mut world, 2 * MB));
    assert_eq!(world.figures(1).used, 2 * MB, "it had not lost it after all");
    assert_eq!(world.pool.view(world.now).sessions.len(), 1);
}

#[test]
fn a_telephone_that_attaches_without_end_is_remembered_up_to_a_bound() {
    for ends in [true, false] {
        let mut world = World::with(at_purchase(fixed(1000 * GB)));
        let mut loyal = Phone::new(1, LINE, "JP");
        loyal.start(&mut world);
        for n in 0..MAX_SESSIONS + 100 {
            let mut phone = Phone::new(2, LINE, "JP");
            phone.key.0[..8].copy_from_slice(&n.to_be_bytes());
            phone.start_unchecked(&mut world, ends);
        }
        world.pool.check_invariants().unwrap();
        assert_eq!(world.pool.state().sessions.len(), MAX_SESSIONS);
        assert_eq!(world.pool.session(loyal.key).is_some(), ends, "open ones go last, the most silent first");
        let reserved = world.figures(1).reserved;
        assert!(ends || reserved > 0);
        granted(loyal.report(&mut world, MB));
        assert_eq!(world.figures(1).used, MB, "it goes on either way");
    }
}

#[test]
fn a_stranger_gets_nothing_and_leaves_nothing() {
    let mut world = World::with(at_purchase(fixed(GB)));
    let mut phone = Phone::new(1, SISTER, "JP");
    let request = phone.request(RequestKind::Initial, MB, Ask::Quota);
    assert_eq!(world.control(request.clone()).verdict, Verdict::UnknownLine);
    assert_eq!(world.control(Control { line: None, ..request }).verdict, Verdict::UnknownSession);
    assert!(world.events.is_empty());
}

#[test]
fn a_page_sees_sessions_with_their_place_and_age() {
    let mut world = World::with(at_purchase(fixed(GB)));
    Phone::new(1, LINE, "JP").start(&mut world);
    world.wait(12_000);
    let view = world.pool.view(world.now);
    let session = view.sessions.first().unwrap();
    assert_eq!((session.age_ms, session.held), (12_000, DataVolume(10 * MB)));
    assert_eq!(session.country, Some("JP".parse().unwrap()));
    assert_eq!(view.bundles.first().unwrap().remaining, DataVolume(GB), "held is not used");
}

#[test]
fn a_snapshot_restores_the_pool_and_its_deadline() {
    let mut world = World::with(at_purchase(fixed(GB)));
    Phone::new(1, LINE, "JP").start(&mut world);
    let mut restored = Pool::restore(world.pool.state().clone());
    restored.check_invariants().unwrap();
    assert_eq!(restored.next_deadline(), world.pool.next_deadline());
    let mut phone = Phone::new(2, LINE, "JP");
    let request = Command::Control(phone.request(RequestKind::Initial, 0, Ask::Quota));
    let reply = restored.apply(world.now, &request, &mut Vec::new());
    assert_eq!(reply, world.run(request));
}
