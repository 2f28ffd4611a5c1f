//! A family shares; what one brought goes where she goes.

use super::*;

/// A home of one line, and a family's pool with another line in it.
fn home_and_family() -> (World, World) {
    let mut family = World::empty(10);
    family.join(SISTER);
    (World::new(), family)
}

fn leaving(id: u128, to: &World) -> Leaving {
    Leaving { id: Id::from_u128(id), line: LINE, to: to.pool.id() }
}

fn depart(from: &mut World, leaving: Leaving) -> Luggage {
    match from.run(Command::Depart(leaving)) {
        Reply::Depart(DepartReply::Left(luggage)) => *luggage,
        other => panic!("{other:?}"),
    }
}

fn arrive(from: &World, to: &mut World, id: u128, luggage: Luggage) -> Reply {
    let luggage = Box::new(luggage);
    to.run(Command::Arrive { id: Id::from_u128(id), from: from.pool.id(), luggage })
}

fn travel(id: u128, from: &mut World, to: &mut World) {
    let luggage = depart(from, leaving(id, to));
    assert_eq!(arrive(from, to, id, luggage), Reply::Done);
    assert_eq!(from.run(Command::Part(Id::from_u128(id))), Reply::Done);
}

#[test]
fn her_own_bundle_goes_along_and_pays_before_the_familys() {
    let (mut home, mut family) = home_and_family();
    home.credit(1, at_purchase(fixed(GB)));
    family.credit(2, shared(at_purchase(fixed(GB))));
    travel(1, &mut home, &mut family);
    assert_eq!(home.pool.state().bundles.len(), 0);
    assert_eq!(home.pool.fate(Id::from_u128(1)), Fate::Credited, "its id stays for ever");
    family.browse("JP", 5 * MB);
    assert_eq!((family.figures(1).used, family.figures(2).used), (5 * MB, 0));
}

#[test]
fn nobody_else_uses_her_own_until_she_gives_it_and_then_it_stays() {
    let (mut home, mut family) = home_and_family();
    let terms = Terms { shareable: true, ..at_purchase(fixed(GB)) };
    let credit = Credit { order: Id::from_u128(1), line: Some(LINE), terms };
    home.run(Command::Credit(credit));
    travel(1, &mut home, &mut family);
    let mut sister = Phone::new(2, SISTER, "JP");
    assert_eq!(sister.start(&mut family), Quota::Refused(Refusal::NotCovered));
    for _ in 0..2 {
        assert_eq!(family.run(Command::Give(Id::from_u128(1))), Reply::Give(GiveReply::Given));
    }
    granted(sister.report(&mut family, 0));
    travel(2, &mut family, &mut home);
    assert_eq!(home.pool.state().bundles.len(), 0);
    assert!(family.pool.bundle(Id::from_u128(1)).is_some());
}

#[test]
fn what_she_gave_is_not_hers_to_end() {
    let (_, mut family) = home_and_family();
    let own = |order| Credit {
        order: Id::from_u128(order),
        line: Some(SISTER),
        terms: shared(with_rule(RenewalRule::Add, at_purchase(fixed(GB)))),
    };
    family.run(Command::Credit(own(1)));
    family.run(Command::Credit(own(2)));
    family.run(Command::Give(Id::from_u128(1)));
    let close = |bundle| Command::CloseOwn { bundle: Id::from_u128(bundle), line: SISTER };
    assert_eq!(family.run(close(1)), Reply::Close(CloseReply::Shared));
    assert_eq!(family.phase(1), Phase::Active(START), "the others go on using it");
    for _ in 0..2 {
        assert!(
            matches!(family.run(close(2)), Reply::Close(CloseReply::Closed(closed)) if closed.unused_bytes == GB)
        );
    }
    assert_eq!(family.run(close(3)), Reply::Close(CloseReply::UnknownBundle));
}

#[test]
fn a_plan_for_one_is_never_given_and_a_line_of_its_own_keeps_it() {
    let mut world = World::with(at_purchase(fixed(GB)));
    assert_eq!(world.run(Command::Give(Id::from_u128(1))), Reply::Give(GiveReply::NotShareable));
    assert_eq!(world.run(Command::Give(Id::from_u128(7))), Reply::Give(GiveReply::UnknownBundle));
    let all = Credit { order: Id::from_u128(2), line: None, terms: fixed(GB) };
    assert_eq!(world.run(Command::Credit(all)), Reply::Credit(CreditReply::NotShareable));
}

#[test]
fn a_late_report_is_debited_where_the_line_is_now() {
    let (mut home, mut family) = home_and_family();
    home.credit(1, at_purchase(fixed(20 * MB)));
    let mut phone = Phone::new(1, LINE, "JP");
    phone.start(&mut home);
    let luggage = depart(&mut home, leaving(1, &family));
    assert_eq!(luggage.bundles[0].figures.reserved, 0, "what it held was given back first");
    let late = phone.request(RequestKind::Update, 30 * MB, Ask::Quota);
    assert_eq!(home.run(Command::Control(late.clone())), Reply::Away(Away::Moving), "nobody has it now");
    arrive(&home, &mut family, 1, luggage);
    home.run(Command::Part(Id::from_u128(1)));
    assert_eq!(home.run(Command::Control(late.clone())), Reply::Away(Away::To(family.pool.id())));
    let answer = family.control(late.clone());
    assert_eq!((answer.verdict, quota(&answer)), (Verdict::Terminated, Quota::None));
    assert_eq!(family.control(late), answer, "a repeat gets the same");
    assert_eq!((family.figures(1).used, family.figures(1).available), (30 * MB, -10_000_000));
}

/// She is in the family, and her session holds 10 MB of what everyone shares.
fn she_uses_the_familys() -> (World, World, Phone) {
    let (mut home, mut family) = home_and_family();
    travel(1, &mut home, &mut family);
    family.credit(2, shared(at_purchase(fixed(GB))));
    let mut phone = Phone::new(1, LINE, "JP");
    granted(phone.start(&mut family));
    (home, family, phone)
}

#[test]
fn what_she_holds_of_the_familys_is_reported_before_she_goes() {
    let (mut home, mut family, mut phone) = she_uses_the_familys();
    let there = leaving(2, &home);
    for _ in 0..2 {
        assert_eq!(family.run(Command::Depart(there)), Reply::Away(Away::Moving));
        assert_eq!(family.figures(2).reserved, 10 * MB, "nobody else gets what she may have used");
    }
    assert_eq!(phone.report(&mut family, 10 * MB), Quota::Refused(Refusal::Paused), "no more, she is going");
    let luggage = depart(&mut family, there);
    assert_eq!((family.figures(2).used, family.figures(2).reserved), (10 * MB, 0));
    arrive(&family, &mut home, 2, luggage);
    assert!(!home.pool.member(LINE).unwrap().paused, "it was the family's pause");
}

#[test]
fn what_a_silent_gateway_holds_for_her_lapses_before_she_goes() {
    let (home, mut family, _) = she_uses_the_familys();
    let there = leaving(2, &home);
    assert_eq!(family.run(Command::Depart(there)), Reply::Away(Away::Moving));
    family.wait(20 * 60_000);
    depart(&mut family, there);
    assert_eq!((family.figures(2).used, family.figures(2).reserved), (0, 0));
}

#[test]
fn every_step_may_come_again() {
    let (mut home, mut family) = home_and_family();
    home.credit(1, at_purchase(fixed(GB)));
    let there = leaving(1, &family);
    let luggage = depart(&mut home, there);
    assert_eq!(depart(&mut home, there), luggage);
    for _ in 0..2 {
        assert_eq!(arrive(&home, &mut family, 1, luggage.clone()), Reply::Done);
    }
    assert_eq!(depart(&mut home, there), luggage, "whoever asked died before he heard of the arrival");
    for _ in 0..2 {
        home.run(Command::Part(there.id));
    }
    assert_eq!(home.run(Command::Depart(there)), Reply::Depart(DepartReply::Over));
    travel(2, &mut family, &mut home);
    assert_eq!(home.run(Command::Depart(there)), Reply::Depart(DepartReply::Over), "back again, it stays");
    assert_eq!(arrive(&home, &mut family, 1, luggage), Reply::Done);
    assert!(family.pool.member(LINE).is_none(), "an old arrival brings nobody back");
    assert_eq!(home.pool.state().moves.as_ref().unwrap().gone, [], "no chain is left behind");
}

#[test]
fn one_move_at_a_time() {
    let (mut home, mut family) = home_and_family();
    let luggage = depart(&mut home, leaving(1, &family));
    assert_eq!(home.run(Command::Depart(leaving(2, &family))), Reply::Away(Away::Moving));
    arrive(&home, &mut family, 1, luggage);
    let back = depart(&mut family, leaving(3, &home));
    assert_eq!(
        arrive(&family, &mut home, 3, back.clone()),
        Reply::Away(Away::Moving),
        "the first is not over"
    );
    home.run(Command::Part(Id::from_u128(1)));
    assert_eq!(arrive(&family, &mut home, 3, back), Reply::Done);
}

#[test]
fn what_is_asked_about_a_bundle_that_left_gets_its_answer() {
    let (mut home, mut family) = home_and_family();
    home.credit(1, at_purchase(fixed(GB)));
    travel(1, &mut home, &mut family);
    assert_eq!(home.credit(1, at_purchase(fixed(GB))), CreditReply::AlreadyCredited);
    assert_eq!(home.void(1), VoidReply::Credited);
    assert_eq!(home.run(Command::Close(Id::from_u128(1))), Reply::Away(Away::To(family.pool.id())));
    family.close(1);
    travel(2, &mut family, &mut home);
    assert_eq!(home.close(1).unused_bytes, GB, "what closing gave back came along");
}

#[test]
fn an_order_for_a_line_that_has_left_is_never_delivered() {
    let (mut home, mut family) = home_and_family();
    travel(1, &mut home, &mut family);
    assert_eq!(home.credit(1, fixed(GB)), CreditReply::Voided);
    assert_eq!(home.void(1), VoidReply::Voided);
}

#[test]
fn caps_and_pauses_stay_and_an_operators_stop_goes_along() {
    let (mut home, mut family) = home_and_family();
    home.run(Command::Cap { line: LINE, caps: Caps { in_all: Some(0), ..Caps::default() } });
    home.run(Command::Pause { line: LINE, paused: true });
    home.run(Command::Bar(LINE));
    travel(1, &mut home, &mut family);
    let member = family.pool.member(LINE).unwrap();
    assert_eq!((member.barred, member.paused, &member.meter), (true, false, &None));
}

#[test]
fn a_paused_member_gets_nothing_of_the_familys_but_may_use_her_own() {
    let (_, mut family) = home_and_family();
    family.credit(1, shared(at_purchase(fixed(GB))));
    let mut sister = Phone::new(2, SISTER, "JP");
    granted(sister.start(&mut family));
    let pause = |paused| Command::Pause { line: SISTER, paused };
    family.run(pause(true));
    assert_eq!(family.figures(1).reserved, 10 * MB, "what she holds she may use");
    assert_eq!(sister.report(&mut family, 10 * MB), Quota::Refused(Refusal::Paused));
    let terms = with_rule(RenewalRule::Add, at_purchase(fixed(GB)));
    family.run(Command::Credit(Credit { order: Id::from_u128(2), line: Some(SISTER), terms }));
    granted(sister.report(&mut family, 0));
    assert_eq!((family.figures(1).reserved, family.figures(2).reserved), (0, 10 * MB));
    family.run(pause(false));
    assert!(!family.pool.view(family.now).lines[0].paused);
}

#[test]
fn what_she_holds_of_a_bundle_counts_against_her_cap_once_she_gives_it() {
    let (_, mut family) = home_and_family();
    let terms = Terms { shareable: true, ..at_purchase(fixed(GB)) };
    family.run(Command::Credit(Credit { order: Id::from_u128(1), line: Some(SISTER), terms }));
    family.run(Command::Cap { line: SISTER, caps: Caps { in_all: Some(12 * MB), ..Caps::default() } });
    Phone::new(2, SISTER, "JP").start(&mut family);
    let room = |family: &World| family.pool.view(family.now).lines[0].cap_room;
    assert_eq!(room(&family), Some(DataVolume(12 * MB)));
    family.run(Command::Give(Id::from_u128(1)));
    assert_eq!(room(&family), Some(DataVolume(2 * MB)));
}
