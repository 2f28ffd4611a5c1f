//! Who used how much of what is shared on each of the last days: bars of everyone's parts, drawn on the server.

use askama::{Template, filters::HtmlSafe};
use basis::Timestamp;

use crate::{
    Reader,
    pages::lines::{
        chart::{FLOOR, Guide, STEP, WIDTH, guide, scaled, sentence},
        day_uses,
    },
};

/// The last days' use. The last bar is today.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/pools/chart.html")]
pub(super) struct Chart {
    sentence: String,
    parts: Vec<Part>,
    guide: Option<Guide>,
    first: String,
    middle: String,
    middle_x: usize,
    today: String,
    end_x: usize,
}

impl HtmlSafe for Chart {}

/// What one person used on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    x: usize,
    y: u64,
    height: u64,
    colour: &'static str,
}

/// Someone's colour, and what they used on each day, today last.
pub(super) type Series<'a> = (&'static str, &'a [u64]);

impl Chart {
    /// The chart of everyone's days, in their order; none if nothing was used at all.
    pub(super) fn new(reader: &Reader, people: &[Series<'_>], now: Timestamp) -> Option<Self> {
        let count = people.iter().map(|(_, days)| days.len()).max()?;
        let on = |day: usize| people.iter().filter_map(move |(_, days)| days.get(day));
        let totals: Vec<u64> =
            (0..count).map(|day| on(day).fold(0, |sum, o| o.saturating_add(sum))).collect();
        let most = totals.iter().copied().max().filter(|most| *most > 0)?;
        let days = day_uses(reader, &totals, now);
        let last = count.saturating_sub(1);
        Some(Self {
            sentence: sentence(reader.texts, &days)?,
            parts: (0..count).flat_map(|day| stack(people, day, most)).collect(),
            guide: guide(reader.texts, most),
            first: days.first()?.day.clone(),
            middle: days.get(last / 2)?.day.clone(),
            middle_x: last / 2 * STEP + 11,
            today: reader.texts.t("lines-today"),
            end_x: last * STEP + 19,
        })
    }

    /// The box that holds the bars.
    fn width(&self) -> usize {
        WIDTH.max(self.end_x + 4)
    }
}

/// One day: everyone's part on top of those before.
fn stack(people: &[Series<'_>], day: usize, most: u64) -> Vec<Part> {
    let mut below = 0_u64;
    let mut parts = Vec::new();
    for (colour, days) in people {
        let octets = days.get(day).copied().unwrap_or(0);
        let foot = scaled(below, most);
        below = below.saturating_add(octets);
        let top = scaled(below, most);
        let height = top.saturating_sub(foot).max(u64::from(octets > 0));
        if height > 0 {
            parts.push(Part { x: day * STEP + 4, y: FLOOR - foot - height, height, colour });
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyones_part_stands_on_those_before() {
        let parts = stack(&[("c1", &[30]), ("m2", &[0]), ("m3", &[67])], 0, 97);
        let shape: Vec<_> = parts.iter().map(|part| (part.colour, part.y, part.height)).collect();
        assert_eq!(shape, [("c1", 82, 30), ("m3", 15, 67)]);
        assert_eq!(stack(&[("c1", &[1])], 0, u64::MAX)[0].height, 1, "a little is seen");
    }
}
