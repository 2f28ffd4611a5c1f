//! Diameter's Time (RFC 6733 §4.3.1).

/// Seconds between the start of 1900 and the start of 1970.
const NTP_TO_UNIX: i64 = 2_208_988_800;
/// The seconds of one era of NTP's 32 bits.
const ERA: i64 = 1 << 32;
/// NTP values from here on belong to 1968..2036, those below to 2036..2104.
const FIRST_ERA_FROM: u32 = 1 << 31;

/// A moment, in whole seconds, between 20 January 1968 and 26 February 2104.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Time(u32);

impl Time {
    /// From the 32 bits on the wire; every value is a moment.
    pub const fn from_ntp(seconds: u32) -> Self {
        Self(seconds)
    }

    /// The 32 bits on the wire.
    pub const fn ntp(self) -> u32 {
        self.0
    }

    /// From seconds since the start of 1970, UTC; `None` outside of what Time can say.
    pub fn from_unix_seconds(seconds: i64) -> Option<Self> {
        let first_era = seconds.checked_add(NTP_TO_UNIX)?;
        match u32::try_from(first_era) {
            Ok(ntp) => (ntp >= FIRST_ERA_FROM).then_some(Self(ntp)),
            Err(_) => {
                let ntp = u32::try_from(first_era.checked_sub(ERA)?).ok()?;
                (ntp < FIRST_ERA_FROM).then_some(Self(ntp))
            }
        }
    }

    /// Seconds since the start of 1970, UTC.
    pub fn unix_seconds(self) -> i64 {
        let seconds = i64::from(self.0) - NTP_TO_UNIX;
        if self.0 < FIRST_ERA_FROM { seconds + ERA } else { seconds }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_on_after_the_overflow_of_2036() {
        let overflow = 2_085_978_496; // 2036-02-07T06:28:16Z
        assert_eq!(Time::from_ntp(u32::MAX).unix_seconds(), overflow - 1);
        assert_eq!(Time::from_ntp(0).unix_seconds(), overflow);
        assert_eq!(Time::from_unix_seconds(overflow), Some(Time::from_ntp(0)));
        assert_eq!(Time::from_unix_seconds(0), Some(Time::from_ntp(2_208_988_800)));
    }

    #[test]
    fn moments_that_the_wire_cannot_say_are_refused() {
        let (first, last) =
            (Time::from_ntp(1 << 31).unix_seconds(), Time::from_ntp((1 << 31) - 1).unix_seconds());
        for moment in [first, last] {
            assert_eq!(Time::from_unix_seconds(moment).unwrap().unix_seconds(), moment);
        }
        assert_eq!(Time::from_unix_seconds(first - 1), None);
        assert_eq!(Time::from_unix_seconds(last + 1), None);
        assert_eq!(Time::from_unix_seconds(i64::MAX), None);
    }
}
