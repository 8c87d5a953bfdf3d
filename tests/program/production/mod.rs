//! The real program on a real MongoDB: servers that are away, refuse or lose their primary, and two programs for one flow.

mod house;

mod absence;
mod adopting;
mod away;
mod elections;
mod isolation;
mod moving;
mod refused;
mod rights;
