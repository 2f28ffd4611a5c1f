//! Repeated, reordered and very late requests.

use super::*;

fn world_and_phone() -> (World, Phone) {
    let mut world = World::with(at_purchase(fixed(GB)));
    let mut phone = Phone::new(1, LINE, "JP");
    phone.start(&mut world);
    (world, phone)
}

#[test]
fn a_repeat_gets_the_same_answer_and_changes_nothing() {
    let (mut world, mut phone) = world_and_phone();
    let request = phone.request(RequestKind::Update, 8 * MB, Ask::Quota);
    let answer = world.control(request.clone());
    world.wait(MINUTE);
    assert_eq!(world.control(request), answer);
    assert!(world.events.is_empty());
    assert_eq!(world.figures(1).used, 8 * MB);
}

#[test]
fn a_repeat_after_the_end_gets_the_same_answer() {
    let (mut world, mut phone) = world_and_phone();
    let last = phone.request(RequestKind::Terminate, 2 * MB, Ask::Nothing);
    let answer = world.control(last.clone());
    world.wait(23 * HOUR);
    assert_eq!(world.control(last), answer);
    assert_eq!(world.figures(1).used, 2 * MB);
}

#[test]
fn a_late_report_is_debited_without_touching_what_the_session_holds() {
    let (mut world, mut phone) = world_and_phone();
    let overtaken = phone.request(RequestKind::Update, 8 * MB, Ask::Quota);
    phone.report(&mut world, MB);
    let held = world.figures(1).reserved;
    let answer = world.control(overtaken.clone());
    assert_eq!((answer.verdict, quota(&answer)), (Verdict::Accepted, Quota::None));
    assert_eq!((world.figures(1).used, world.figures(1).reserved), (9 * MB, held));
    assert_eq!(world.control(overtaken), answer);
    assert_eq!(world.figures(1).used, 9 * MB);
}

#[test]
fn a_late_report_after_the_end_is_debited() {
    let (mut world, mut phone) = world_and_phone();
    let overtaken = phone.request(RequestKind::Update, 8 * MB, Ask::Quota);
    phone.end(&mut world, MB);
    assert_eq!(world.control(overtaken).verdict, Verdict::Accepted);
    let request = phone.request(RequestKind::Update, MB, Ask::Quota);
    let answer = world.control(request);
    assert_eq!((answer.verdict, quota(&answer)), (Verdict::Terminated, Quota::None));
    assert_eq!((world.figures(1).used, world.figures(1).reserved), (10 * MB, 0));
}

#[test]
fn a_report_older_than_the_ring_is_answered_logged_and_not_debited() {
    let (mut world, mut phone) = world_and_phone();
    let forgotten = phone.request(RequestKind::Update, 8 * MB, Ask::Quota);
    for _ in 0..8 {
        phone.report(&mut world, 1000);
    }
    assert_eq!(world.control(forgotten.clone()).verdict, Verdict::Stale);
    let stale = Event::Stale { session: phone.key, number: 1, bytes: 8 * MB };
    assert_eq!(world.events, [stale]);
    assert_eq!(world.figures(1).used, 8000);
}

#[test]
fn an_absurd_report_does_not_overflow() {
    let (mut world, mut phone) = world_and_phone();
    for _ in 0..4 {
        phone.report(&mut world, u64::MAX);
    }
    assert_eq!(world.figures(1).used, 4 << 50);
}
