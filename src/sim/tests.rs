//! The site as its clients see it.

mod api;
mod attachments;
mod checking;
mod effects;
mod fields;
mod flavours;
mod limits;
mod linking;
mod living;
mod moving;
mod remarks;
mod rights;
mod searching;
mod stage;
