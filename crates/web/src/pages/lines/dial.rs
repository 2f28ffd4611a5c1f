//! The dial: the arc is data left, the ticks around it are days left. All lengths are SVG attributes.

use askama::{Template, filters::HtmlSafe};

/// The arc takes four fifths of the circle, whose length is set to 100.
const ARC: u64 = 80;
/// More ticks cannot be told apart; longer plans are drawn with so many.
const TICKS_MAX: u32 = 60;
/// A tick's width in thousandths of a day on a dial of one day; on one of thirty it fills 16 %.
const TICK_PER_DAY: u32 = 160 / 30;

/// The large dial of one line.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/lines/dial.html")]
pub(crate) struct Dial {
    /// `is-low`, `is-out` or nothing.
    pub(crate) state: &'static str,
    /// The whole dial in one sentence.
    pub(crate) sentence: String,
    /// What the figure is: data left, data left today.
    pub(crate) caption: String,
    /// The figure and its unit.
    pub(crate) figure: String,
    pub(crate) unit: &'static str,
    /// `of 20 GB`.
    pub(crate) of: String,
    /// `18 days left`.
    pub(crate) days: String,
    /// Drawn lengths.
    pub(crate) arcs: Arcs,
}

impl HtmlSafe for Dial {}

/// The lengths of a dial's strokes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arcs {
    /// Of the arc, in the circle's hundredths; none if there is nothing left.
    pub(crate) left: Option<String>,
    /// `pathLength` of the circle of ticks.
    pub(crate) tick_circle: String,
    /// Every day.
    pub(crate) ticks: String,
    /// The days left; none if there are none.
    pub(crate) ticks_left: Option<String>,
}

impl Arcs {
    /// The lengths for so many octets of so many, and so many days of so many.
    pub(crate) fn new(octets: (u64, u64), days: (u32, u32)) -> Self {
        let (days_left, days_all) = scaled(days);
        Self {
            left: share(octets, ARC),
            tick_circle: quarters(u64::from(days_all) * 5),
            ticks: ticks(days_all, days_all),
            ticks_left: (days_left > 0).then(|| ticks(days_left, days_all)),
        }
    }
}

/// The small dial of a row: the arc alone.
pub(crate) fn mini(octets: (u64, u64)) -> Option<String> {
    share(octets, 100)
}

/// So much of `length` as `part` is of `whole`, with one decimal. A tiny rest still shows.
fn share((part, whole): (u64, u64), length: u64) -> Option<String> {
    let tenths = u128::from(part.min(whole)) * u128::from(length) * 10 / u128::from(whole.max(1));
    let tenths = if part > 0 { tenths.max(1) } else { 0 };
    (tenths > 0).then(|| format!("{}.{}", tenths / 10, tenths % 10))
}

/// At most [`TICKS_MAX`] ticks; a begun one counts.
fn scaled((left, all): (u32, u32)) -> (u32, u32) {
    let (left, all) = (left.min(all), all.max(1));
    if all <= TICKS_MAX { (left, all) } else { ((left * TICKS_MAX).div_ceil(all), TICKS_MAX) }
}

/// A tick at the beginning and at the end of every day; all ticks look the same, however long a day is drawn.
fn ticks(count: u32, all: u32) -> String {
    let tick = all.saturating_mul(TICK_PER_DAY).min(500);
    let pair = format!(".{tick:03} .{:03} ", 1000 - tick);
    let before_last = pair.repeat(usize::try_from(count).unwrap_or(0));
    format!("{before_last}.{tick:03} 99")
}

/// A number of quarters as a decimal.
fn quarters(quarters: u64) -> String {
    format!("{}.{:02}", quarters / 4, quarters % 4 * 25)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arc_is_the_share_of_the_data() {
        let arcs = Arcs::new((12_400, 20_000), (18, 30));
        assert_eq!(arcs.left.as_deref(), Some("49.6"));
        assert_eq!(arcs.tick_circle, "37.50");
        assert_eq!(arcs.ticks.matches(".150").count(), 31);
        assert_eq!(arcs.ticks_left.map(|t| t.matches(".150").count()), Some(19));
    }

    #[test]
    fn the_ends_are_drawn_right() {
        assert_eq!(Arcs::new((0, 20), (0, 30)).left, None);
        assert_eq!(Arcs::new((0, 20), (0, 30)).ticks_left, None);
        assert_eq!(Arcs::new((1, 20_000_000), (1, 30)).left.as_deref(), Some("0.1"), "a tiny rest shows");
        assert_eq!(Arcs::new((u64::MAX, 1), (9, 8)).left.as_deref(), Some("80.0"), "never beyond the end");
        assert_eq!(mini((1, 2)).as_deref(), Some("50.0"));
        assert_eq!(scaled((364, 365)), (60, 60));
    }
}
