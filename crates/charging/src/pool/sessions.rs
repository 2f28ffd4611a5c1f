//! The sessions of a pool.

use std::{ops::Deref, sync::Arc};

use super::{Session, SessionKey};

/// Sessions in the order of their keys, those that are over for less than a day included. None take no memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sessions(Option<Box<Table>>);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Table {
    all: Vec<Arc<Session>>,
    /// How many of them are open.
    open: u32,
}

impl Sessions {
    /// None.
    pub const NONE: Self = Self(None);

    /// How many are open.
    pub fn open(&self) -> u32 {
        self.0.as_ref().map_or(0, |table| table.open)
    }

    /// The session of this name.
    pub fn get(&self, key: SessionKey) -> Option<&Session> {
        <[_]>::get(self, self.place(key).ok()?).map(AsRef::as_ref)
    }

    /// Puts a session in, unless one of its name is there.
    pub fn put(&mut self, session: Arc<Session>) {
        if let Err(place) = self.place(session.key) {
            let table = self.0.get_or_insert_default();
            table.open = table.open.saturating_add(u32::from(session.is_open()));
            table.all.insert(place, session);
        }
    }

    /// Changes the session of this name, if there is one; as it is then.
    pub fn change(&mut self, key: SessionKey, change: impl FnOnce(&mut Session)) -> Option<&Session> {
        let place = self.place(key).ok()?;
        let table = self.0.as_mut()?;
        let session = Arc::make_mut(table.all.get_mut(place)?);
        table.open = table.open.saturating_sub(u32::from(session.is_open()));
        change(session);
        table.open = table.open.saturating_add(u32::from(session.is_open()));
        Some(session)
    }

    /// Takes the sessions of these names out.
    pub fn take(&mut self, keys: &[SessionKey]) -> Vec<Arc<Session>> {
        let Some(mut table) = self.0.take() else { return Vec::new() };
        let taken = table.all.extract_if(.., |session| keys.contains(&session.key)).collect();
        *self = table.all.into_iter().collect();
        taken
    }

    fn place(&self, key: SessionKey) -> Result<usize, usize> {
        self.binary_search_by_key(&key, |session| session.key)
    }
}

impl Deref for Sessions {
    type Target = [Arc<Session>];

    fn deref(&self) -> &[Arc<Session>] {
        self.0.as_ref().map_or(&[], |table| &table.all)
    }
}

impl FromIterator<Arc<Session>> for Sessions {
    fn from_iter<I: IntoIterator<Item = Arc<Session>>>(sessions: I) -> Self {
        let mut all: Vec<_> = sessions.into_iter().collect();
        if all.is_empty() {
            return Self::NONE;
        }
        all.sort_by_key(|session| session.key);
        let open = all.iter().filter(|session| session.is_open()).count();
        Self(Some(Box::new(Table { all, open: u32::try_from(open).unwrap_or(u32::MAX) })))
    }
}
