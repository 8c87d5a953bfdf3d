//! The site as its clients see it.

mod api;
mod attachments;
mod checking;
mod effects;
mod flavours;
mod linking;
mod living;
mod remarks;
mod searching;
mod stage;
