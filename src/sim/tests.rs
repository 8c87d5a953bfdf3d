//! The site as its clients see it.

mod api;
mod checking;
mod control;
mod effects;
mod fields;
mod flavours;
mod holding;
mod limits;
mod living;
mod moving;
mod rights;
mod searching;
mod spoiling;
mod stage;
