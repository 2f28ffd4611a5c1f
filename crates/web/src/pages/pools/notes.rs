//! What someone should know at once about their part of a shared pool.

use basis::{Account, DataVolume, Id};
use charging::{BundleView, PoolView};
use pools::{Member, PoolOf};
use texts::Texts;

use super::describe::{figures, tightest};
use crate::pages::lines::note::Note;

/// From so much on, in per cent, people are told: as by mail.
const TOLD_FROM_PERCENT: u64 = 80;

/// Of people who are at their caps so many are named; the list below shows all.
const THEIRS_SHOWN: usize = 3;

/// What stands against using data, or soon will: of what everyone shares, of each of the reader's lines, and of those
/// for whom the reader may do something about it.
pub(super) fn of_pool(
    texts: Texts,
    seen: &PoolOf,
    me: Id<Account>,
    view: Option<&PoolView>,
    shared: &[&BundleView],
) -> Vec<Note> {
    let mine = seen.members.iter().filter(|member| member.account == me);
    let mine = mine.filter_map(|member| of_member(texts, member, view));
    let managed = seen.members.iter().filter(|m| m.account != me && seen.role.manages(m.role));
    let theirs = managed.filter_map(|member| of_managed(texts, member, view)).take(THEIRS_SHOWN);
    of_shared(texts, figures(shared)).into_iter().chain(mine).chain(theirs).collect()
}

/// Whether someone waits for the reader, who may raise their cap.
fn of_managed(texts: Texts, member: &Member, view: Option<&PoolView>) -> Option<Note> {
    let line = view?.lines.iter().find(|line| line.line == member.line)?;
    let cap = tightest(line).filter(|cap| cap.used >= cap.cap && !member.paused)?;
    let (name, of) = (member.name.as_str(), texts.volume(cap.cap));
    Some(Note::warn("alert", texts.tf("pools-note-theirs", [("name", name), ("of", &of)])))
}

fn of_shared(texts: Texts, (left, total): (u64, u64)) -> Option<Note> {
    if !is_near(left, total) {
        return None;
    }
    if left == 0 {
        return Some(Note::warn("alert", texts.t("pools-note-gone")));
    }
    let (left, total) = (texts.volume(DataVolume(left)), texts.volume(DataVolume(total)));
    Some(Note::warn("alert", texts.tf("pools-note-low", [("left", &left), ("total", &total)])))
}

/// Whether a line is paused, or at its cap, or near it.
pub(super) fn of_member(texts: Texts, member: &Member, view: Option<&PoolView>) -> Option<Note> {
    let name = member.name.as_str();
    if member.paused {
        return Some(Note::warn("pause", texts.tf("pools-note-paused", [("name", name)])));
    }
    let line = view?.lines.iter().find(|line| line.line == member.line)?;
    let cap = tightest(line)?;
    let left = cap.cap.octets().saturating_sub(cap.used.octets());
    if !is_near(left, cap.cap.octets()) {
        return None;
    }
    let of = texts.volume(cap.cap);
    if left == 0 {
        return Some(Note::warn("alert", texts.tf("pools-note-cap-reached", [("name", name), ("of", &of)])));
    }
    let left = texts.volume(DataVolume(left));
    Some(Note::warn("alert", texts.tf("pools-note-cap-near", [("name", name), ("left", &left), ("of", &of)])))
}

fn is_near(left: u64, total: u64) -> bool {
    let used = u128::from(total.saturating_sub(left));
    total > 0 && used * 100 >= u128::from(total) * u128::from(TOLD_FROM_PERCENT)
}

#[cfg(test)]
mod tests {
    use basis::Language;

    use super::*;

    #[test]
    fn people_are_told_from_eighty_per_cent_on() {
        let said = |left, total| of_shared(Texts::of(Language::En), (left, total)).map(|note| note.text);
        assert_eq!(said(21, 100), None);
        assert!(said(20_000_000, 100_000_000).unwrap().contains("20"), "what is left is named");
        assert!(said(0, 100).unwrap().contains("used"));
        assert_eq!(said(0, 0), None, "nothing was ever there");
    }
}
