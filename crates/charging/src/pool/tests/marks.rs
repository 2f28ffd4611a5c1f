//! People hear in time that something runs out, and once.

use super::*;

fn told(world: &World) -> Vec<u8> {
    let marks = world.events.iter().filter_map(|event| match event {
        Event::Marked { percent, .. } | Event::CapMarked { percent, .. } => Some(*percent),
        _ => None,
    });
    marks.collect()
}

#[test]
fn each_mark_of_a_bundle_is_told_once() {
    let mut world = World::with(at_purchase(fixed(100 * MB)));
    let mut phone = Phone::new(1, LINE, "JP");
    phone.start(&mut world);
    let mut heard = Vec::new();
    for _ in 0..14 {
        phone.report(&mut world, 8 * MB);
        heard.push(told(&world));
    }
    let some: Vec<_> = heard.iter().enumerate().filter(|(_, marks)| !marks.is_empty()).collect();
    assert_eq!(some, [(9, &vec![80]), (11, &vec![95]), (12, &vec![100])]);
}

#[test]
fn one_large_report_passes_several_marks_at_once() {
    let mut world = World::with(at_purchase(fixed(100 * MB)));
    let mut phone = Phone::new(1, LINE, "JP");
    phone.start(&mut world);
    phone.report(&mut world, 120 * MB);
    assert_eq!(told(&world), [80, 95, 100]);
}

#[test]
fn each_day_of_a_daily_plan_has_its_own_marks() {
    let mut world = World::with(at_purchase(daily(10 * MB, 3)));
    for _ in 0..2 {
        let mut phone = Phone::new(1, LINE, "JP");
        phone.key = SessionKey(world.now.0.to_be_bytes().repeat(2).try_into().unwrap());
        phone.start(&mut world);
        phone.end(&mut world, 9 * MB);
        assert_eq!(told(&world), [80]);
        world.wait(DAY_MS);
    }
}

#[test]
fn a_member_hears_when_the_cap_is_near_and_when_it_is_reached() {
    let mut world = World::new();
    world.credit(1, shared(at_purchase(fixed(GB))));
    world.run(Command::Cap { line: LINE, caps: Caps { per_day: Some(10 * MB), ..Caps::default() } });
    let mut phone = Phone::new(1, LINE, "JP");
    phone.start(&mut world);
    phone.report(&mut world, 8 * MB);
    let capped = |percent| Event::CapMarked { line: LINE, cap: CapKind::PerDay, percent };
    assert!(world.events.contains(&capped(80)));
    phone.report(&mut world, 3 * MB);
    assert!(world.events.contains(&capped(100)));
    phone.report(&mut world, 3 * MB);
    assert!(told(&world).is_empty());
    world.run(Command::Cap { line: LINE, caps: Caps { per_day: Some(15 * MB), ..Caps::default() } });
    phone.report(&mut world, MB);
    assert!(world.events.contains(&capped(100)), "15 of the new cap's 15");
}
