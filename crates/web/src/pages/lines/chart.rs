//! Use per day as bars, drawn on the server.

use askama::{Template, filters::HtmlSafe};
use basis::DataVolume;
use texts::Texts;

use super::now::average;

/// Days on the chart.
pub(crate) const DAYS: usize = 14;

/// The box that holds the bars.
pub(crate) const WIDTH: usize = 344;
/// From one bar to the next.
pub(crate) const STEP: usize = 24;
/// Where the bars stand.
pub(crate) const FLOOR: u64 = 112;
/// The highest bar.
const HEIGHT: u64 = 97;

/// What was used on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DayUse {
    /// The day in the reader's words: `12月10日`.
    pub(crate) day: String,
    /// Octets.
    pub(crate) octets: u64,
}

/// The last days' use. The last bar is today.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/lines/chart.html")]
pub(crate) struct Chart {
    sentence: String,
    bars: Vec<Bar>,
    guide: Option<Guide>,
    first: String,
    middle: String,
    middle_x: usize,
    today: String,
    end_x: usize,
}

impl HtmlSafe for Chart {}

#[derive(Debug, Clone)]
struct Bar {
    x: usize,
    y: u64,
    height: u64,
    /// `c1`, or `c2` far above the average.
    class: &'static str,
    past: bool,
}

/// The line at a round amount.
#[derive(Debug, Clone)]
pub(crate) struct Guide {
    pub(crate) y: u64,
    pub(crate) label_y: u64,
    pub(crate) text: String,
}

impl Chart {
    /// The chart of these days, oldest first; none if nothing was used at all.
    pub(crate) fn new(texts: Texts, days: &[DayUse]) -> Option<Self> {
        let most = days.iter().map(|day| day.octets).max().filter(|most| *most > 0)?;
        let average = average(&days.iter().map(|day| day.octets).collect::<Vec<_>>())?;
        let last = days.len().saturating_sub(1);
        let bars =
            days.iter().enumerate().map(|(n, day)| bar(n, day.octets, most, average, n != last)).collect();
        Some(Self {
            sentence: sentence(texts, days)?,
            bars,
            guide: guide(texts, most),
            first: days.first()?.day.clone(),
            middle: days.get(last / 2)?.day.clone(),
            middle_x: last / 2 * STEP + 11,
            today: texts.t("lines-today"),
            end_x: last * STEP + 19,
        })
    }

    /// The box that holds the bars.
    fn width(&self) -> usize {
        WIDTH.max(self.end_x + 4)
    }
}

fn bar(n: usize, octets: u64, most: u64, average: u64, past: bool) -> Bar {
    let height = scaled(octets, most).max(u64::from(octets > 0) * 2);
    let class = if octets > average.saturating_mul(2) { "c2" } else { "c1" };
    Bar { x: n * STEP + 4, y: FLOOR - height, height, class, past }
}

/// How high so many octets stand, if the most stand at the top.
pub(crate) fn scaled(octets: u64, most: u64) -> u64 {
    let height = u128::from(octets) * u128::from(HEIGHT) / u128::from(most.max(1));
    u64::try_from(height).unwrap_or(HEIGHT).min(HEIGHT)
}

/// The largest of 1, 2 and 5 times a power of ten that the highest bar passes.
pub(crate) fn guide(texts: Texts, most: u64) -> Option<Guide> {
    let power = 10_u64.checked_pow(most.checked_ilog10()?)?;
    let round = [5, 2, 1].into_iter().map(|n| power.saturating_mul(n)).find(|round| *round <= most)?;
    let y = FLOOR - scaled(round, most);
    Some(Guide { y, label_y: y.saturating_sub(5), text: texts.volume(DataVolume(round)) })
}

/// The chart in words: the highest day and today.
pub(crate) fn sentence(texts: Texts, days: &[DayUse]) -> Option<String> {
    let highest = days.iter().max_by_key(|day| day.octets)?;
    let (most, today) =
        (texts.volume(DataVolume(highest.octets)), texts.volume(DataVolume(days.last()?.octets)));
    let args = [
        ("count", texts::Arg::from(days.len())),
        ("day", texts::Arg::from(&highest.day)),
        ("most", texts::Arg::from(&most)),
        ("today", texts::Arg::from(&today)),
    ];
    Some(texts.tf("lines-chart", args))
}

#[cfg(test)]
mod tests {
    use basis::Language;

    use super::*;

    fn days(octets: &[u64]) -> Vec<DayUse> {
        octets.iter().enumerate().map(|(n, o)| DayUse { day: format!("{} Nov", n + 9), octets: *o }).collect()
    }

    #[test]
    fn the_chart_says_itself_in_words() {
        let chart =
            Chart::new(Texts::of(Language::En), &days(&[400_000_000, 1_120_000_000, 612_000_000])).unwrap();
        assert!(chart.sentence.contains("10 Nov") && chart.sentence.contains("612"), "{}", chart.sentence);
        assert_eq!(chart.bars.iter().map(|bar| bar.height).collect::<Vec<_>>(), [34, 97, 53]);
        assert_eq!(chart.guide.unwrap().text, "1\u{a0}GB");
    }

    #[test]
    fn nothing_used_is_no_chart_and_a_little_is_seen() {
        assert!(Chart::new(Texts::of(Language::En), &days(&[0, 0])).is_none());
        assert!(Chart::new(Texts::of(Language::En), &[]).is_none());
        let chart = Chart::new(Texts::of(Language::En), &days(&[1, u64::MAX / 8])).unwrap();
        assert_eq!(chart.bars[0].height, 2);
    }
}
