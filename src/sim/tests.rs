//! The site as its clients see it.

mod api;
mod checking;
mod effects;
mod flavours;
mod living;
mod searching;
mod stage;
