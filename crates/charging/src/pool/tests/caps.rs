//! What a family lets each one take.

use super::*;

fn family() -> World {
    let mut world = World::new();
    world.join(SISTER);
    world.credit(1, shared(at_purchase(fixed(GB))));
    world
}

fn per_day(bytes: u64) -> Command {
    Command::Cap { line: SISTER, caps: Caps { per_day: Some(bytes), ..Caps::default() } }
}

#[test]
fn a_capped_member_stops_and_the_others_go_on() {
    let mut world = family();
    world.run(per_day(3 * MB));
    let mut sister = Phone::new(2, SISTER, "JP");
    let mut grant = granted(sister.start(&mut world));
    assert_eq!(grant.bytes, 1_500_000, "half of what the cap leaves");
    while !grant.is_last() {
        grant = granted(sister.report(&mut world, grant.bytes));
    }
    assert_eq!(sister.report(&mut world, grant.bytes), Quota::Refused(Refusal::CapReached));
    assert_eq!(world.figures(1).used, 3 * MB);
    granted(Phone::new(1, LINE, "JP").start(&mut world));
    world.wait(DAY_MS);
    granted(sister.report(&mut world, 0));
}

#[test]
fn a_line_may_always_use_its_own() {
    let mut world = family();
    world.run(per_day(0));
    let credit = Credit { order: Id::from_u128(2), line: Some(SISTER), terms: at_purchase(fixed(GB)) };
    world.run(Command::Credit(Credit { terms: with_rule(RenewalRule::Add, credit.terms.clone()), ..credit }));
    let mut sister = Phone::new(2, SISTER, "JP");
    assert_eq!(granted(sister.start(&mut world)).bytes, 10 * MB);
    assert_eq!((world.figures(1).reserved, world.figures(2).reserved), (0, 10 * MB));
}

#[test]
fn a_cap_counts_what_is_held_already_and_can_be_lifted() {
    let mut world = family();
    let mut sister = Phone::new(2, SISTER, "JP");
    sister.start(&mut world);
    world.run(per_day(12 * MB));
    let room = |world: &World| world.pool.view(world.now).lines[1].cap_room;
    assert_eq!(room(&world), Some(DataVolume(2 * MB)));
    sister.report(&mut world, 10 * MB);
    assert_eq!(room(&world), Some(DataVolume(MB)), "used 10, holds 1");
    world.run(Command::Cap { line: SISTER, caps: Caps::default() });
    assert_eq!(room(&world), None);
}

#[test]
fn another_cap_keeps_what_was_counted() {
    let mut world = family();
    world.run(per_day(12 * MB));
    let mut sister = Phone::new(2, SISTER, "JP");
    sister.start(&mut world);
    sister.end(&mut world, 5 * MB);
    world.run(per_day(8 * MB));
    assert_eq!(world.pool.view(world.now).lines[1].cap_room, Some(DataVolume(3 * MB)));
}
