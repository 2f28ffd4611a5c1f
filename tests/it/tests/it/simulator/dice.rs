//! What decides.

use basis::{Entropy, SeededEntropy};

pub(super) struct Dice(SeededEntropy);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(SeededEntropy::new(seed ^ 0x5eed_5eed_5eed_5eed))
    }

    /// One of `0..sides`.
    pub(super) fn roll(&mut self, sides: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        usize::try_from(u64::from_le_bytes(bytes) % u64::try_from(sides.max(1)).unwrap()).unwrap()
    }

    /// True in so many of a hundred cases.
    pub(super) fn chance(&mut self, percent: usize) -> bool {
        self.roll(100) < percent
    }

    pub(super) fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        let nth = self.roll(of.len());
        of[nth].clone()
    }

    /// The same, but there may be nothing to pick from.
    pub(super) fn any<T: Clone>(&mut self, of: &[T]) -> Option<T> {
        (!of.is_empty()).then(|| self.pick(of))
    }
}
