//! A list that mostly holds one thing, and then needs no memory of its own.

use std::{ops::Deref, slice};

/// None, one, or several.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Few<T> {
    /// Nothing.
    #[default]
    None,
    /// One thing, in place.
    One(T),
    /// Two or more, elsewhere.
    Many(Vec<T>),
}

impl<T> Few<T> {
    /// Puts one more at the end.
    pub fn push(&mut self, item: T) {
        *self = match std::mem::take(self) {
            Self::None => Self::One(item),
            Self::One(first) => Self::Many(vec![first, item]),
            Self::Many(mut items) => {
                items.push(item);
                Self::Many(items)
            }
        };
    }

    /// The things, to be changed in place.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        match self {
            Self::None => &mut [],
            Self::One(item) => slice::from_mut(item),
            Self::Many(items) => items,
        }
    }

    /// Keeps only the things of which this is true.
    pub fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        *self = std::mem::take(self).into_iter().filter(keep).collect();
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Self::None => &[],
            Self::One(item) => slice::from_ref(item),
            Self::Many(items) => items,
        }
    }
}

impl<T> FromIterator<T> for Few<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut few = Self::None;
        items.into_iter().for_each(|item| few.push(item));
        few
    }
}

impl<T> IntoIterator for Few<T> {
    type Item = T;
    type IntoIter = std::iter::Chain<std::option::IntoIter<T>, std::vec::IntoIter<T>>;

    fn into_iter(self) -> Self::IntoIter {
        let (one, many) = match self {
            Self::None => (None, Vec::new()),
            Self::One(item) => (Some(item), Vec::new()),
            Self::Many(items) => (None, items),
        };
        one.into_iter().chain(many)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_and_shrinks_like_a_list() {
        let mut few: Few<u32> = (1..=3).collect();
        assert_eq!(&*few, [1, 2, 3]);
        few.retain(|n| *n > 1);
        assert_eq!(few, Few::Many(vec![2, 3]));
        few.retain(|n| *n > 2);
        assert_eq!(few, Few::One(3), "one thing is held in place");
        few.retain(|_| false);
        assert_eq!(few, Few::None);
    }
}
