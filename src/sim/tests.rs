//! The site as its clients see it.

mod api;
mod checking;
mod control;
mod effects;
mod flavours;
mod holding;
mod living;
mod searching;
mod spoiling;
mod stage;
