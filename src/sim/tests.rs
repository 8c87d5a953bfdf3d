//! The site as its clients see it.

mod api;
mod checking;
mod effects;
mod fields;
mod flavours;
mod limits;
mod living;
mod moving;
mod rights;
mod searching;
mod stage;
