//! Stories of families and teams, on both engines.

mod buying;
mod caps;
mod coming_and_going;
mod homes;
mod house;
mod races;
mod rights;
mod telling;
