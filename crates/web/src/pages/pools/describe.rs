//! A shared pool in words: what is left, and who used what.

use std::collections::HashMap;

use basis::{DAY_MS, DataVolume, Id, Line, Problem, Timestamp};
use charging::{BundleState, BundleView, CapView, LineView, PoolView};
use pools::{Member, MemberState, PoolOf, Role};
use store::Conn;
use texts::Texts;

use super::chart::Chart;
use crate::{
    App, Reader,
    pages::lines::{
        chart::DAYS as CHART_DAYS,
        load::{day_start, offset_ms},
    },
};

/// "In the last thirty days" means this many, today included.
const DAYS: i64 = 30;
/// People are told apart by so many colours; whoever comes after them shares the last.
const COLOURS: [&str; 4] = ["c1", "m2", "m3", "m4"];

/// What one line used of what is shared, and in all.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Used {
    pub(super) today: u64,
    pub(super) month: u64,
    /// Of its own plans, in the same time.
    pub(super) own: u64,
    /// Of what is shared on each of the last days, today last.
    pub(super) days: [u64; CHART_DAYS],
    /// The same of its own plans.
    pub(super) own_days: [u64; CHART_DAYS],
}

/// What everyone used while in this pool, by line.
pub(super) async fn used(
    conn: &mut Conn,
    app: &App,
    reader: &Reader,
    pool: Id<basis::Pool>,
) -> Result<HashMap<Id<Line>, Used>, Problem> {
    let now = app.env.now();
    let offset_ms = offset_ms(&reader.zone, now);
    let today = day_start(now, offset_ms);
    let first = today.plus_ms(-DAY_MS * (DAYS - 1));
    let rows = charging::usage_of_pool(conn, pool, first, now.plus_ms(DAY_MS), offset_ms).await?;
    let mut used: HashMap<_, Used> = HashMap::new();
    for row in rows {
        let entry = used.entry(row.line).or_default();
        let shared = row.shared.octets();
        entry.month = entry.month.saturating_add(shared);
        let own = row.octets.octets().saturating_sub(shared);
        entry.own = entry.own.saturating_add(own);
        if row.day == today {
            entry.today = entry.today.saturating_add(shared);
        }
        let place = usize::try_from(today.since(row.day) / DAY_MS).ok();
        let place = place.and_then(|ago| CHART_DAYS.checked_sub(ago + 1));
        if let Some(day) = place.and_then(|place| entry.days.get_mut(place)) {
            *day = day.saturating_add(shared);
        }
        if let Some(day) = place.and_then(|place| entry.own_days.get_mut(place)) {
            *day = day.saturating_add(own);
        }
    }
    Ok(used)
}

/// The shared bundles that live.
pub(super) fn shared(view: Option<&PoolView>) -> Vec<&BundleView> {
    let lives = |b: &&BundleView| !matches!(b.state, BundleState::Ended | BundleState::Closed);
    let bundles = view.iter().flat_map(|view| &view.bundles);
    bundles.filter(|bundle| bundle.line.is_none()).filter(lives).collect()
}

/// What is left of them now and what they gave: of one that counts by the day, the day's.
pub(super) fn figures(bundles: &[&BundleView]) -> (u64, u64) {
    let of = |b: &&BundleView| match b.window {
        Some(window) => (window.remaining.octets(), window.total.octets()),
        None => (b.remaining.octets(), b.total.octets()),
    };
    let sum =
        |(left, total): (u64, u64), (l, t): (u64, u64)| (left.saturating_add(l), total.saturating_add(t));
    bundles.iter().map(of).fold((0, 0), sum)
}

/// A member, ready to be shown.
#[derive(Debug, Clone)]
pub(super) struct MemberNow {
    /// Its page; none of whoever is leaving.
    pub(super) path: Option<String>,
    pub(super) name: String,
    pub(super) initial: String,
    pub(super) colour: &'static str,
    /// `today 1.2 GB · 30 days 5.9 GB`.
    pub(super) used: String,
    /// `3.1 GB of 10 GB left`, by the tightest cap.
    pub(super) cap: Option<String>,
    /// The arc of what is left of the cap.
    pub(super) arc: Option<String>,
    pub(super) dial_state: &'static str,
    pub(super) tone: &'static str,
    pub(super) chip: Option<String>,
    /// Where its share of the bar begins and how wide it is, in per cent.
    pub(super) bar: Option<(String, String)>,
    pub(super) short: String,
}

/// Everyone, with their share of what was used in the last thirty days.
pub(super) fn members(
    reader: &Reader,
    seen: &PoolOf,
    view: Option<&PoolView>,
    used: &HashMap<Id<Line>, Used>,
    total: u64,
) -> Vec<MemberNow> {
    let me = reader.person.as_ref().map(|person| person.account);
    let all: u64 = seen.members.iter().map(|m| used.get(&m.line).map_or(0, |used| used.month)).sum();
    let of = all.max(total);
    let mut begun = 0_u64;
    let describe = |(place, member): (usize, &Member)| {
        let used = used.get(&member.line).copied().unwrap_or_default();
        let bar = (used.month > 0).then(|| (permille(begun, of), permille(used.month, of)));
        begun = begun.saturating_add(used.month);
        let live = view.and_then(|view| view.lines.iter().find(|line| line.line == member.line));
        describe(reader.texts, member, live, used, Some(member.account) == me, colour(place), bar)
    };
    seen.members.iter().enumerate().map(describe).collect()
}

/// Who used what of it over the last days; whoever has left is the last, without a colour.
pub(super) fn chart(
    reader: &Reader,
    seen: &PoolOf,
    used: &HashMap<Id<Line>, Used>,
    now: Timestamp,
) -> Option<Chart> {
    let place = |line| seen.members.iter().position(|member| member.line == line);
    let mut lines: Vec<_> =
        used.iter().map(|(line, used)| (place(*line).unwrap_or(usize::MAX), used)).collect();
    lines.sort_by_key(|(place, _)| *place);
    let series: Vec<_> = lines.iter().map(|(place, used)| (colour(*place), used.days.as_slice())).collect();
    Chart::new(reader, &series, now)
}

fn colour(place: usize) -> &'static str {
    if place == usize::MAX {
        return "gone";
    }
    COLOURS.get(place).or(COLOURS.last()).copied().unwrap_or_default()
}

/// Per cent with one decimal, for an attribute of SVG.
fn permille(part: u64, of: u64) -> String {
    let permille = u128::from(part) * 1000 / u128::from(of.max(1));
    format!("{}.{}", permille / 10, permille % 10)
}

fn describe(
    texts: Texts,
    member: &Member,
    live: Option<&LineView>,
    used: Used,
    is_me: bool,
    colour: &'static str,
    bar: Option<(String, String)>,
) -> MemberNow {
    let volume = |octets| texts.volume(DataVolume(octets));
    let tight = live.and_then(tightest);
    let cap = tight.map(|cap| (cap.cap.octets().saturating_sub(cap.used.octets()), cap.cap.octets()));
    let name =
        if is_me { texts.tf("pools-you", [("name", member.name.as_str())]) } else { member.name.clone() };
    let (tone, chip) = chip(texts, member, cap);
    let (today, month) = (volume(used.today), volume(used.month));
    MemberNow {
        path: (member.state != MemberState::Leaving)
            .then(|| format!("/pools/{}/members/{}", member.pool, member.line)),
        initial: member.name.chars().next().map(|c| c.to_uppercase().to_string()).unwrap_or_default(),
        name,
        colour,
        used: texts.tf("pools-used", [("today", &today), ("month", &month)]),
        cap: cap.map(|(left, of)| texts.tf("pools-cap-left", [("left", &volume(left)), ("of", &volume(of))])),
        arc: cap.filter(|(left, _)| *left > 0).map(|(left, of)| permille(left, of)),
        dial_state: match cap {
            Some((0, _)) => "is-out",
            Some((left, of)) if left.saturating_mul(5) <= of => "is-low",
            _ => "",
        },
        tone,
        chip,
        bar,
        short: month,
    }
}

/// The cap that leaves least.
pub(super) fn tightest(line: &LineView) -> Option<CapView> {
    let caps = [line.per_day, line.per_30_days, line.in_all];
    caps.into_iter().flatten().min_by_key(|cap| cap.cap.octets().saturating_sub(cap.used.octets()))
}

fn chip(texts: Texts, member: &Member, cap: Option<(u64, u64)>) -> (&'static str, Option<String>) {
    let (tone, key) = match (member.state, member.role) {
        (MemberState::Joining, _) => ("", texts::key("pools-joining")),
        (MemberState::Leaving, _) => ("", texts::key("pools-leaving")),
        _ if member.paused => ("warn", texts::key("pools-paused")),
        _ if cap.is_some_and(|(left, _)| left == 0) => ("warn", texts::key("pools-cap-reached")),
        (_, Role::Owner) => ("", texts::key("pools-role-owner")),
        (_, Role::Manager) => ("", texts::key("pools-role-manager")),
        (_, Role::Member) => return ("", None),
    };
    (tone, Some(texts.t(key)))
}

/// A role in a word.
pub(super) fn role(texts: Texts, role: Role) -> String {
    texts.t(match role {
        Role::Owner => texts::key("pools-role-owner"),
        Role::Manager => texts::key("pools-role-manager"),
        Role::Member => texts::key("pools-role-member"),
    })
}

/// A bundle of a pool in two lines: what it is, and how it stands.
#[derive(Debug, Clone)]
pub(super) struct BundleNow {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) text: String,
}

/// `日本20 GB`, and `12 GB left · until 21 Dec`.
pub(super) fn bundle(reader: &Reader, bundle: &BundleView, now: Timestamp) -> BundleNow {
    let texts = reader.texts;
    let mut countries = bundle.terms.coverage.iter();
    let place = match (countries.next(), countries.next()) {
        (Some(only), None) => texts.country(only).to_owned(),
        _ => texts.tf("lines-places", [("count", bundle.terms.coverage.len())]),
    };
    let amount = catalog::words::data(&bundle.terms.allowance, texts);
    let (left, _) = figures(&[bundle]);
    let left = texts.volume(DataVolume(left));
    let text = match bundle.ends_at.filter(|end| *end > now) {
        Some(end) => {
            let day = texts.day(end, &reader.zone);
            texts.tf("pools-bundle-until", [("left", left.as_str()), ("day", &day)])
        }
        None => texts.tf("pools-bundle-left", [("left", &left)]),
    };
    BundleNow {
        id: bundle.bundle.to_string(),
        title: texts.tf("lines-bundle", [("place", &place), ("amount", &amount)]),
        text,
    }
}
