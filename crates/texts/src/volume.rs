//! Amounts of data.

use basis::DataVolume;
use icu::decimal::input::Decimal;

use crate::Texts;

const UNITS: [(&str, u64); 4] =
    [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1000)];

impl Texts {
    /// An amount of data, decimal as plans are sold, with a no-break space: `12.4 GB`, `820 MB`, `0 MB`.
    ///
    /// Never more than there is: what follows the shown digits is cut.
    pub fn volume(self, volume: DataVolume) -> String {
        let (figure, unit) = self.volume_parts(volume);
        format!("{figure}\u{a0}{unit}")
    }

    /// The figure and the unit of [`Texts::volume`] apart, for the large figures: `("12.4", "GB")`.
    pub fn volume_parts(self, volume: DataVolume) -> (String, &'static str) {
        let octets = volume.octets();
        let found = UNITS.into_iter().find(|(_, size)| octets >= *size);
        let (unit, size) = found.unwrap_or(("MB", 1_000_000));
        let tenths = octets / (size / 10);
        // One digit after the point where it says something: 12.4 GB, 1.5 MB, but 820 MB and 250 GB.
        let (figure, tenth) = if tenths >= 1000 { (tenths / 10, 0) } else { (tenths / 10, tenths % 10) };
        (self.figure(figure, tenth), unit)
    }

    /// As [`Texts::volume_parts`], with two digits after the point below ten gigabytes, so that a live figure is seen to
    /// move: `("4.83", "GB")`.
    pub fn volume_parts_fine(self, volume: DataVolume) -> (String, &'static str) {
        let hundredths = volume.octets() / 10_000_000;
        if !(100..1000).contains(&hundredths) || hundredths.is_multiple_of(10) {
            return self.volume_parts(volume);
        }
        let mut number = Decimal::from(hundredths);
        number.multiply_pow10(-2);
        (self.voice().decimal(&number), "GB")
    }

    /// As [`Texts::volume`], with the digits of [`Texts::volume_parts_fine`]: `4.83 GB`.
    pub fn volume_fine(self, volume: DataVolume) -> String {
        let (figure, unit) = self.volume_parts_fine(volume);
        format!("{figure}\u{a0}{unit}")
    }

    fn figure(self, whole: u64, tenth: u64) -> String {
        if tenth == 0 {
            return self.voice().decimal(&Decimal::from(whole));
        }
        let mut number = Decimal::from(whole.saturating_mul(10).saturating_add(tenth));
        number.multiply_pow10(-1);
        self.voice().decimal(&number)
    }
}

#[cfg(test)]
mod tests {
    use basis::Language;

    use super::*;

    #[test]
    fn volumes_read_well() {
        let zh = Texts::of(Language::ZhCn);
        let cases = [
            (12_449_999_999, "12.4\u{a0}GB"),
            (20_000_000_000, "20\u{a0}GB"),
            (250_900_000_000, "250\u{a0}GB"),
            (999_999_999, "999\u{a0}MB"),
            (820_000_000, "820\u{a0}MB"),
            (1_500_000, "1.5\u{a0}MB"),
            (340_000, "340\u{a0}KB"),
            (500, "0\u{a0}MB"),
            (0, "0\u{a0}MB"),
            (3_200_000_000_000, "3.2\u{a0}TB"),
        ];
        assert_eq!(zh.volume_parts_fine(DataVolume(4_839_999_999)), ("4.83".into(), "GB"));
        assert_eq!(zh.volume_parts_fine(DataVolume(12_449_999_999)), ("12.4".into(), "GB"));
        assert_eq!(zh.volume_parts_fine(DataVolume(839_999_999)), ("839".into(), "MB"));
        for (octets, shown) in cases {
            assert_eq!(zh.volume(DataVolume(octets)), shown);
        }
    }
}
