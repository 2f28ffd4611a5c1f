//! A line in words: what its card, its row and its page say.

use askama::Template;
use basis::{Allowance, DAY_MS, DataVolume, Timestamp};
use texts::Texts;

use super::{
    age::{Age, age_of},
    dial::{Arcs, Dial, mini},
    facts::{LineFacts, Placed},
    note::Note,
    standing::{Phase, Slower, Standing, others, speaking},
};
use crate::{Markup, Reader, Shell};

/// A line, ready to be shown.
#[derive(Debug, Clone)]
pub(crate) struct LineNow {
    pub(crate) path: String,
    /// What it has: `日本20 GB`; without a bundle its name.
    pub(crate) title: String,
    /// A flag, or a globe for several countries.
    pub(crate) mark: Markup,
    /// Under the title: its name, and where it is used.
    pub(crate) under: String,
    /// The tone of its state and the state in a word.
    pub(crate) tone: &'static str,
    pub(crate) chip: String,
    pub(crate) dial: Option<Dial>,
    /// For a row: `is-low`, `is-out`, the arc, and one line of words.
    pub(crate) dial_state: &'static str,
    pub(crate) arc: Option<String>,
    pub(crate) row_text: String,
    pub(crate) age: Option<Age>,
    pub(crate) note: Option<Note>,
    pub(crate) stats: Vec<Stat>,
    /// What comes after this bundle.
    pub(crate) then: Vec<Then>,
    pub(crate) action: Option<Action>,
    /// The page with its install code, which must be readable offline.
    pub(crate) keep: Option<String>,
}

/// A small figure.
#[derive(Debug, Clone)]
pub(crate) struct Stat {
    pub(crate) name: String,
    pub(crate) value: String,
}

/// A further bundle of the line.
#[derive(Debug, Clone)]
pub(crate) struct Then {
    pub(crate) title: String,
    pub(crate) text: String,
}

/// The one primary button.
#[derive(Debug, Clone)]
pub(crate) struct Action {
    pub(crate) path: String,
    pub(crate) label: String,
    pub(crate) price: Option<String>,
    pub(crate) hint: Option<String>,
}

/// The card of the line that matters most, on the home page.
#[derive(Template)]
#[template(path = "pages/lines/card.html")]
pub(crate) struct Card<'a> {
    pub(crate) shell: &'a Shell,
    pub(crate) line: &'a LineNow,
}

/// Puts a line into the reader's words.
pub(crate) fn describe(shell: &Shell, facts: &LineFacts, now: Timestamp) -> LineNow {
    let reader = &shell.reader;
    let (bundles, at) = (facts.plain(), facts.whereabouts());
    let state = facts.standing(now);
    let placed = speaking(&bundles, at).and_then(|b| facts.bundles.iter().find(|p| p.bundle.id == b.id));
    let (tone, chip) = chip(reader.texts, state);
    LineNow {
        path: format!("/lines/{}", facts.id),
        title: placed.map_or_else(|| facts.name.clone(), |placed| title(reader.texts, placed)),
        mark: mark(shell, placed),
        under: under(reader.texts, facts, placed),
        tone,
        chip,
        dial: placed.map(|placed| dial(reader, placed, state, now)),
        dial_state: dial_state(state),
        arc: placed.and_then(|placed| mini((placed.bundle.left, placed.bundle.total))),
        row_text: row_text(reader, placed, state, now),
        age: age(reader.texts, facts, now),
        note: note(reader, facts, placed, state, now),
        stats: stats(reader, facts, placed, now),
        then: others(&bundles, at).into_iter().filter_map(|b| then(reader, facts, b.id, now)).collect(),
        action: action(reader.texts, facts, placed, state),
        keep: facts.has_code.then(|| format!("/lines/{}/install", facts.id)),
    }
}

/// `日本20 GB`, `Europe 1 GB a day`.
pub(crate) fn title(texts: Texts, placed: &Placed) -> String {
    let amount = catalog::words::data(&placed.bundle.terms.allowance, texts);
    texts.tf("lines-bundle", [("place", &placed.place), ("amount", &amount)])
}

fn mark(shell: &Shell, placed: Option<&Placed>) -> Markup {
    match placed.map(|placed| placed.bundle.only_country()) {
        Some(Some(country)) => shell.flag(&country),
        Some(None) => Markup::of(&Round { icon: shell.icon_small("globe") }),
        None => Markup::of(&Round { icon: shell.icon_small("sim") }),
    }
}

/// A round icon in a flag's place.
#[derive(Template)]
#[template(ext = "html", source = r#"<span class="flag place">{{ icon }}</span>"#)]
struct Round {
    icon: Markup,
}

/// Which line it is, where it is used, and with whom it shares what is shown.
fn under(texts: Texts, facts: &LineFacts, placed: Option<&Placed>) -> String {
    let Some(placed) = placed else { return String::new() };
    let name = facts.name.as_str();
    let used = match facts.session.and_then(|session| session.country) {
        Some(country) => texts.tf("lines-used-in", [("name", name), ("country", texts.country(country))]),
        None => name.to_owned(),
    };
    match facts.sharing.as_ref().filter(|_| placed.bundle.line.is_none()) {
        Some(pool) => format!("{used} · {}", texts.tf("pools-on-line", [("pool", pool)])),
        None => used,
    }
}

fn chip(texts: Texts, state: Standing) -> (&'static str, String) {
    let (tone, key) = match state {
        Standing::Unknown => ("", texts::key("lines-state-unknown")),
        Standing::Barred => ("bad", texts::key("lines-state-barred")),
        Standing::Paused => ("warn", texts::key("pools-paused")),
        Standing::AtCap => ("warn", texts::key("pools-cap-reached")),
        Standing::NoPlan => ("", texts::key("lines-state-no-plan")),
        Standing::Waiting => ("", texts::key("lines-state-waiting")),
        Standing::Active => ("ok", texts::key("lines-state-active")),
        Standing::Low => ("warn", texts::key("lines-state-low")),
        Standing::EndsSoon => ("warn", texts::key("lines-state-ends-soon")),
        Standing::Slower => ("warn", texts::key("lines-state-slower")),
        Standing::UsedUpToday => ("warn", texts::key("lines-state-used-up-today")),
        Standing::UsedUp => ("warn", texts::key("lines-state-used-up")),
        Standing::Over => ("", texts::key("lines-state-over")),
    };
    (tone, texts.t(key))
}

const fn dial_state(state: Standing) -> &'static str {
    match state {
        Standing::Low | Standing::EndsSoon | Standing::Slower => "is-low",
        Standing::UsedUp
        | Standing::UsedUpToday
        | Standing::Over
        | Standing::NoPlan
        | Standing::Unknown
        | Standing::Barred
        | Standing::Paused
        | Standing::AtCap => "is-out",
        Standing::Waiting | Standing::Active => "",
    }
}

fn dial(reader: &Reader, placed: &Placed, state: Standing, now: Timestamp) -> Dial {
    let (texts, bundle) = (reader.texts, &placed.bundle);
    let (figure, unit) = texts.volume_parts_fine(DataVolume(bundle.left));
    let (left, total) = (texts.volume(DataVolume(bundle.left)), texts.volume(DataVolume(bundle.total)));
    let days = days_text(reader, placed, now);
    let sentence = [("left", &left), ("total", &total), ("days", &days)];
    Dial {
        state: dial_state(state),
        sentence: texts.tf("lines-dial", sentence),
        caption: left_word(texts, &bundle.terms.allowance),
        figure,
        unit,
        of: texts.tf("lines-of", [("total", &total)]),
        days,
        arcs: Arcs::new((bundle.left, bundle.total), (bundle.left_days(now), bundle.terms.days)),
    }
}

/// What the figure means: what is left in all, or of the day's part.
pub(crate) fn left_word(texts: Texts, allowance: &Allowance) -> String {
    texts.t(match allowance {
        Allowance::Fixed { .. } => texts::key("lines-left"),
        Allowance::PerDay { .. } | Allowance::Unlimited { .. } => texts::key("lines-left-today"),
    })
}

/// `18 days left`, `30 days from the first use`, `ended on 3 Nov`.
fn days_text(reader: &Reader, placed: &Placed, now: Timestamp) -> String {
    let (texts, bundle) = (reader.texts, &placed.bundle);
    match bundle.phase {
        Phase::Waiting => texts.tf("lines-days-waiting", [("days", bundle.terms.days)]),
        Phase::Active if bundle.left_ms(now) < DAY_MS => {
            texts.tf("lines-time-left", [("time", texts.duration(bundle.left_ms(now)))])
        }
        Phase::Active => texts.tf("lines-days-left", [("days", bundle.left_days(now))]),
        Phase::Over => over_text(reader, placed),
    }
}

fn over_text(reader: &Reader, placed: &Placed) -> String {
    match placed.bundle.ends_at {
        Some(end) => reader.texts.tf("lines-ended-on", [("day", reader.texts.day(end, &reader.zone))]),
        None => reader.texts.t("lines-state-over"),
    }
}

fn row_text(reader: &Reader, placed: Option<&Placed>, state: Standing, now: Timestamp) -> String {
    let texts = reader.texts;
    match state {
        Standing::Barred => return texts.t("lines-barred-row"),
        Standing::Unknown => return texts.t("lines-unknown-row"),
        _ => {}
    }
    let Some(placed) = placed else { return texts.t("lines-no-plan-row") };
    if state == Standing::Over {
        return over_text(reader, placed);
    }
    let bundle = &placed.bundle;
    if let Some(slower) = bundle.slower.filter(|_| state == Standing::Slower) {
        return slower_row(reader, slower);
    }
    let key = match (&bundle.terms.allowance, bundle.phase) {
        (Allowance::Fixed { .. }, _) | (_, Phase::Waiting) => texts::key("lines-row"),
        (Allowance::PerDay { .. } | Allowance::Unlimited { .. }, _) => texts::key("lines-row-today"),
    };
    let (left, days) = (texts.volume(DataVolume(bundle.left)), days_text(reader, placed, now));
    texts.tf(key, [("left", &left), ("days", &days)])
}

fn slower_row(reader: &Reader, slower: Slower) -> String {
    let texts = reader.texts;
    match slower.until {
        Some(until) => texts.tf("lines-slower-row", [("time", texts.day_clock(until, &reader.zone))]),
        None => texts.t("lines-slower-row-to-the-end"),
    }
}

/// Until when it is slower, and that nothing is lost by it.
fn slower_text(reader: &Reader, placed: &Placed) -> String {
    let texts = reader.texts;
    let fast = ("volume", texts.volume(DataVolume(placed.bundle.total)));
    match placed.bundle.slower.and_then(|slower| slower.until) {
        Some(until) => texts.tf("lines-note-slower", [fast, ("time", texts.day_clock(until, &reader.zone))]),
        None => texts.tf("lines-note-slower-to-the-end", [fast]),
    }
}

/// Only what is in use can be old: without a session nothing is under way, and the figures are exact.
fn age(texts: Texts, facts: &LineFacts, now: Timestamp) -> Option<Age> {
    facts.session.map(|session| age_of(texts, session.at, now))
}

fn note(
    reader: &Reader,
    facts: &LineFacts,
    placed: Option<&Placed>,
    state: Standing,
    now: Timestamp,
) -> Option<Note> {
    let texts = reader.texts;
    let plain = |text| Some(Note { tone: "quiet", icon: "info", text });
    match state {
        Standing::Unknown => plain(texts.t("lines-note-unknown")),
        Standing::Barred => Some(Note { tone: "bad", icon: "alert", text: texts.t("lines-note-barred") }),
        Standing::Paused => {
            Some(Note::warn("pause", shared_text(texts, facts, texts::key("lines-note-paused"))))
        }
        Standing::AtCap => {
            Some(Note::warn("alert", shared_text(texts, facts, texts::key("lines-note-at-cap"))))
        }
        Standing::Low => Some(Note::warn("alert", low_text(reader, facts, placed?, now))),
        Standing::UsedUp => Some(Note::warn("alert", texts.t("lines-note-used-up"))),
        Standing::Slower => plain(slower_text(reader, placed?)),
        Standing::UsedUpToday => plain(texts.t("lines-note-used-up-today")),
        Standing::Waiting if facts.session.is_some() => plain(texts.t("lines-note-waiting-connected")),
        Standing::Waiting => plain(waiting_text(reader, placed?)),
        Standing::Over => plain(texts.t("lines-note-over")),
        // The engine forgets in time what is over.
        Standing::NoPlan if facts.renewal.is_some() => plain(texts.t("lines-note-over")),
        Standing::NoPlan => plain(texts.t("lines-note-no-plan")),
        Standing::Active | Standing::EndsSoon => None,
    }
}

fn shared_text(texts: Texts, facts: &LineFacts, key: &'static str) -> String {
    texts.tf(key, [("pool", facts.sharing.as_deref().unwrap_or_default())])
}

/// When a waiting bundle begins, and until when it must.
fn waiting_text(reader: &Reader, placed: &Placed) -> String {
    let texts = reader.texts;
    match placed.bundle.ends_at {
        Some(by) => texts.tf("lines-note-waiting-by", [("day", texts.date(by, &reader.zone))]),
        None => texts.t("lines-note-waiting"),
    }
}

/// By when it will be used up if the day goes on as it does, if it will be used up before it ends.
fn low_text(reader: &Reader, facts: &LineFacts, placed: &Placed, now: Timestamp) -> String {
    let texts = reader.texts;
    let until = lasts_until(facts, placed, now).filter(|until| until.since(now) < 2 * DAY_MS);
    match until {
        Some(until) => texts.tf("lines-note-low-until", [("time", texts.day_clock(until, &reader.zone))]),
        None => texts.t("lines-note-low"),
    }
}

/// Today, per day, lasts until.
fn stats(reader: &Reader, facts: &LineFacts, placed: Option<&Placed>, now: Timestamp) -> Vec<Stat> {
    let texts = reader.texts;
    let Some(average) = average(&facts.days) else { return Vec::new() };
    let today = facts.days.last().copied().unwrap_or(0);
    let mut stats = vec![
        Stat { name: texts.t("lines-today"), value: texts.volume(DataVolume(today)) },
        Stat { name: texts.t("lines-average"), value: texts.volume(DataVolume(average)) },
    ];
    let until = placed.filter(|p| p.bundle.phase == Phase::Active).and_then(|p| lasts_until(facts, p, now));
    if let Some(until) = until {
        stats.push(Stat { name: texts.t("lines-lasts-until"), value: texts.day(until, &reader.zone) });
    }
    stats
}

/// Octets per day over the days since the first use shown.
pub(crate) fn average(days: &[u64]) -> Option<u64> {
    let used: Vec<u64> = days.iter().copied().skip_while(|octets| *octets == 0).collect();
    let count = u64::try_from(used.len()).ok().filter(|count| *count > 0)?;
    Some(used.iter().fold(0_u64, |sum, octets| sum.saturating_add(*octets)) / count)
}

/// Its end, or sooner if its data will be used up at the average rate; none for a daily allowance.
fn lasts_until(facts: &LineFacts, placed: &Placed, now: Timestamp) -> Option<Timestamp> {
    let bundle = &placed.bundle;
    if !matches!(bundle.terms.allowance, Allowance::Fixed { .. }) {
        return bundle.ends_at;
    }
    let average = average(&facts.days).filter(|average| *average > 0)?;
    let ms = u128::from(bundle.left) * u128::from(DAY_MS.unsigned_abs()) / u128::from(average);
    let used_up = now.plus_ms(i64::try_from(ms).unwrap_or(i64::MAX));
    Some(bundle.ends_at.map_or(used_up, |end| end.min(used_up)))
}

fn then(reader: &Reader, facts: &LineFacts, id: basis::Id<basis::Order>, now: Timestamp) -> Option<Then> {
    let placed = facts.bundles.iter().find(|placed| placed.bundle.id == id)?;
    let text = match placed.bundle.phase {
        Phase::Waiting => waiting_text(reader, placed),
        Phase::Active | Phase::Over => row_text(reader, Some(placed), placed.bundle.standing(now), now),
    };
    Some(Then { title: title(reader.texts, placed), text })
}

/// Nothing can be bought for a line that is stopped, or of which nobody knows what it has.
fn action(texts: Texts, facts: &LineFacts, placed: Option<&Placed>, state: Standing) -> Option<Action> {
    (!matches!(state, Standing::Barred | Standing::Unknown)).then(|| purchase(texts, facts, placed, state))
}

fn purchase(texts: Texts, facts: &LineFacts, placed: Option<&Placed>, state: Standing) -> Action {
    let choose = || Action {
        path: format!("/plans?line={}", facts.id),
        label: texts.t("lines-choose-plan"),
        price: None,
        hint: None,
    };
    let Some(renewal) = &facts.renewal else { return choose() };
    let label = match state {
        Standing::NoPlan | Standing::Over | Standing::UsedUp => {
            texts.tf("lines-renew-again", [("amount", &renewal.amount)])
        }
        _ => texts.tf("lines-renew", [("amount", &renewal.amount)]),
    };
    Action {
        path: renewal.path.clone(),
        label,
        price: Some(texts.price(renewal.price)),
        hint: Some(placed.map_or_else(|| texts.t("lines-hint-over"), |placed| hint(texts, placed))),
    }
}

/// What a renewal means for what is there, in the words of the plan's rule.
fn hint(texts: Texts, placed: &Placed) -> String {
    let key = match (placed.bundle.phase, placed.bundle.terms.renewal) {
        (Phase::Over, _) => texts::key("lines-hint-over"),
        (_, basis::RenewalRule::Follow) => texts::key("lines-hint-follow"),
        (_, basis::RenewalRule::Add) => texts::key("lines-hint-add"),
        (_, basis::RenewalRule::Replace) => texts::key("lines-hint-replace"),
    };
    texts.t(key)
}
