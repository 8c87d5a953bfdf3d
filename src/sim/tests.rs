//! The site as its clients see it.

mod api;
mod attachments;
mod checking;
mod chronicle;
mod cloning;
mod control;
mod copying;
mod counting;
mod effects;
mod fetching;
mod fields;
mod flavours;
mod freezing;
mod holding;
mod limits;
mod linking;
mod living;
mod moving;
mod remarks;
mod repeating;
mod repetition;
mod rights;
mod searching;
mod spoiling;
mod stage;
mod strictness;
