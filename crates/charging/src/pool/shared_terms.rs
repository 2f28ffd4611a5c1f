//! What bundles promise, in memory once for all that promise the same.

use std::{
    collections::HashSet,
    ops::Deref,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use basis::Terms;

/// Terms that look and compare like any others, and cost a bundle one pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedTerms(Arc<Terms>);

/// Those that bundles have at the moment: about as many as there are plans.
static KNOWN: LazyLock<Mutex<HashSet<Arc<Terms>>>> = LazyLock::new(Mutex::default);

impl From<Terms> for SharedTerms {
    fn from(terms: Terms) -> Self {
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(same) = known.get(&terms) {
            return Self(same.clone());
        }
        // New ones are rare: the time to forget those that no bundle has any more.
        known.retain(|terms| Arc::strong_count(terms) > 1);
        let terms = Arc::new(terms);
        known.insert(terms.clone());
        Self(terms)
    }
}

impl Deref for SharedTerms {
    type Target = Terms;

    fn deref(&self) -> &Terms {
        &self.0
    }
}
