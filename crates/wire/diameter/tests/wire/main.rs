//! The crate from outside. `cfg(test)` always holds here; it tells clippy that helpers may unwrap, too.

#[cfg(test)]
mod anything;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod limits;
