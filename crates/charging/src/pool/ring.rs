//! The last answers of a session: what makes a repeated request harmless.

use super::answer::Answer;

/// How many request numbers a session remembers, back from the highest.
pub const RING_NUMBERS: u32 = 8;

/// The answers to the last request numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ring {
    /// Number and answer, as they came; no number twice, none 8 or more below the highest.
    pub answered: Vec<(u32, Answer)>,
}

/// What a request number means to a session.
#[derive(Debug, PartialEq, Eq)]
pub enum Seen<'a> {
    /// Above all that came before.
    New,
    /// Not answered yet, but higher ones are.
    Late,
    /// Answered: this again.
    Repeat(&'a Answer),
    /// Too far back to know.
    Stale,
}

impl Ring {
    /// The highest number so far.
    pub fn highest(&self) -> Option<u32> {
        self.answered.iter().map(|(number, _)| *number).max()
    }

    /// The answer to the highest number so far.
    pub fn last(&self) -> Option<&Answer> {
        self.answered.iter().max_by_key(|(number, _)| *number).map(|(_, answer)| answer)
    }

    /// What this number means.
    pub fn look_up(&self, number: u32) -> Seen<'_> {
        if let Some((_, answer)) = self.answered.iter().find(|(seen, _)| *seen == number) {
            return Seen::Repeat(answer);
        }
        match self.highest() {
            Some(highest) if highest.saturating_sub(number) >= RING_NUMBERS => Seen::Stale,
            Some(highest) if highest > number => Seen::Late,
            _ => Seen::New,
        }
    }

    /// Keeps an answer and forgets those that fall out.
    pub fn keep(&mut self, number: u32, answer: Answer) {
        let highest = self.highest().unwrap_or(number).max(number);
        self.answered.retain(|(seen, _)| highest.saturating_sub(*seen) < RING_NUMBERS);
        self.answered.push((number, answer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::answer::Verdict;

    fn ring(numbers: &[u32]) -> Ring {
        let mut ring = Ring::default();
        for number in numbers {
            ring.keep(*number, Answer::bare(Verdict::Accepted));
        }
        ring
    }

    #[test]
    fn it_remembers_eight_numbers_back_from_the_highest() {
        let ring = ring(&[0, 1, 2, 9]);
        assert_eq!(ring.answered.len(), 2, "0 and 1 fell out");
        assert_eq!(ring.look_up(2), Seen::Repeat(&Answer::bare(Verdict::Accepted)));
        assert_eq!(ring.look_up(10), Seen::New);
        assert_eq!(ring.look_up(5), Seen::Late);
        assert_eq!(ring.look_up(1), Seen::Stale);
    }
}
