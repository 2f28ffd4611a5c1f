//! Dates, times, durations and ages.

use basis::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Timestamp};
use icu::{
    calendar::{Date, Gregorian},
    datetime::input::{DateTime, Time},
};
pub use jiff::tz::TimeZone;

use crate::Texts;

/// The time zone of this IANA name, e.g. `Asia/Shanghai`.
pub fn time_zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok()
}

impl Texts {
    /// A day of this year: `12月10日`, `10 Dec`.
    pub fn day(self, at: Timestamp, zone: &TimeZone) -> String {
        or_iso(at, zone, |t| Some(self.voice().day.as_ref()?.format(&t.date).to_string()))
    }

    /// A date with its year: `2026年12月10日`, `10 Dec 2026`.
    pub fn date(self, at: Timestamp, zone: &TimeZone) -> String {
        or_iso(at, zone, |t| Some(self.voice().date.as_ref()?.format(&t.date).to_string()))
    }

    /// A time of day: `12:32`.
    pub fn clock(self, at: Timestamp, zone: &TimeZone) -> String {
        or_iso(at, zone, |t| Some(self.voice().clock.as_ref()?.format(&t.time).to_string()))
    }

    /// A day of this year and a time: `12月10日 12:32`, `10 Dec, 12:32`.
    pub fn day_clock(self, at: Timestamp, zone: &TimeZone) -> String {
        or_iso(at, zone, |t| Some(self.voice().day_clock.as_ref()?.format(&t).to_string()))
    }

    /// A date with its year and a time, for receipts: `2026年12月10日 12:32`, `10 Dec 2026, 12:32`.
    pub fn date_clock(self, at: Timestamp, zone: &TimeZone) -> String {
        or_iso(at, zone, |t| Some(self.voice().date_clock.as_ref()?.format(&t).to_string()))
    }

    /// So many days: `3天`, `3 days`.
    pub fn days(self, days: u32) -> String {
        self.tf("duration-days", [("count", days)])
    }

    /// How long, in its largest unit, cut: `2天`, `5小时`, `10分钟`, `3秒`; a negative one counts as nothing.
    pub fn duration(self, ms: i64) -> String {
        let (key, count) = largest_unit(ms);
        self.tf(key.0, [("count", count)])
    }

    /// How long ago: `12秒前`, `12 s ago`; at least a second.
    pub fn ago(self, then: Timestamp, now: Timestamp) -> String {
        let (key, count) = largest_unit(now.since(then).max(SECOND_MS));
        self.tf(key.1, [("count", count)])
    }

    /// The zone as a person knows it: its city, `Shanghai`; for a day that counts elsewhere.
    pub fn zone_city(self, zone: &TimeZone) -> String {
        let name = zone.iana_name().unwrap_or("UTC");
        name.rsplit('/').next().unwrap_or(name).replace('_', " ")
    }
}

/// The keys for the duration and for the age, and how many of the unit.
fn largest_unit(ms: i64) -> ((&'static str, &'static str), i64) {
    match ms.max(0) {
        ms if ms < MINUTE_MS => ((crate::key("duration-seconds"), crate::key("ago-seconds")), ms / SECOND_MS),
        ms if ms < HOUR_MS => ((crate::key("duration-minutes"), crate::key("ago-minutes")), ms / MINUTE_MS),
        ms if ms < DAY_MS => ((crate::key("duration-hours"), crate::key("ago-hours")), ms / HOUR_MS),
        ms => ((crate::key("duration-days"), crate::key("ago-days")), ms / DAY_MS),
    }
}

/// What `show` makes of the local time; if it cannot, ISO 8601, which every language can read.
fn or_iso(at: Timestamp, zone: &TimeZone, show: impl Fn(DateTime<Gregorian>) -> Option<String>) -> String {
    let instant = jiff::Timestamp::from_millisecond(at.as_ms()).unwrap_or_default();
    let local = instant.to_zoned(zone.clone());
    civil(&local).and_then(show).unwrap_or_else(|| local.datetime().to_string())
}

fn civil(local: &jiff::Zoned) -> Option<DateTime<Gregorian>> {
    let part = |n: i8| u8::try_from(n).ok();
    let date =
        Date::try_new_gregorian(i32::from(local.year()), part(local.month())?, part(local.day())?).ok()?;
    let time = Time::try_new(part(local.hour())?, part(local.minute())?, part(local.second())?, 0).ok()?;
    Some(DateTime { date, time })
}

#[cfg(test)]
mod tests {
    use basis::Language;

    use super::*;

    const ZH: Texts = Texts::of(Language::ZhCn);
    const EN: Texts = Texts::of(Language::En);
    /// 2026-12-10T04:32:05Z
    const THEN: Timestamp = Timestamp(1_796_877_125_000);

    #[test]
    fn a_moment_in_shanghai() {
        let zone = time_zone("Asia/Shanghai").unwrap();
        let all = |t: Texts| {
            [
                t.day(THEN, &zone),
                t.date(THEN, &zone),
                t.clock(THEN, &zone),
                t.day_clock(THEN, &zone),
                t.date_clock(THEN, &zone),
            ]
        };
        assert_eq!(
            all(ZH),
            ["12月10日", "2026年12月10日", "12:32", "12月10日 12:32", "2026年12月10日 12:32"]
        );
        assert_eq!(all(EN), ["10 Dec", "10 Dec 2026", "12:32", "10 Dec, 12:32", "10 Dec 2026, 12:32"]);
    }

    #[test]
    fn the_same_moment_is_another_day_in_honolulu() {
        let zone = time_zone("Pacific/Honolulu").unwrap();
        assert_eq!(EN.day_clock(THEN, &zone), "9 Dec, 18:32");
        assert_eq!(EN.zone_city(&zone), "Honolulu");
    }

    #[test]
    fn ages_and_durations() {
        assert_eq!(EN.ago(THEN, THEN.plus_ms(12_900)), "12 s ago");
        assert_eq!(ZH.ago(THEN, THEN.plus_ms(12_900)), "12秒前");
        assert_eq!(EN.ago(THEN, THEN.plus_ms(-5)), "1 s ago", "a clock that stepped back");
        assert_eq!(EN.duration(10 * MINUTE_MS), "10 minutes");
        assert_eq!(EN.duration(HOUR_MS), "1 hour");
        assert_eq!([ZH.days(3), EN.days(3), EN.days(1)], ["3天", "3 days", "1 day"]);
    }
}
