//! Cards: the inventory, binding, and the lines that come of it.
//!
//! A card is inventory until a person binds it: by its secret serial alone, or by EID, ICCID or another maker's serial
//! together with its bind code. Binding makes the line and its pool in one transaction; a job then opens the pool at
//! the charging engine. Serials and bind codes are kept as keyed MACs only, so the inventory binds nothing by itself.

mod bind;
mod csv_file;
mod inventory;
mod lines;
mod moves;
mod rows;
mod rules;
mod serial;

use store::{Migrations, migrations};

pub use bind::{BindInput, bind_card};
pub use csv_file::BadLine;
pub use inventory::{ImportReport, MadeCard, MakeReport, import, make, make_test_cards};
pub use lines::{LINE_OPEN, Line, handlers, line, line_of_id, lines_of, open_line, rename_line};
pub use moves::{LineMove, begin_move, end_move, hold_still, new_home};
pub use serial::grouped;

/// The tables of cards, lines and pools.
pub const MIGRATIONS: Migrations = migrations!("cards", ["0001_cards.sql", "0002_moves.sql"]);
