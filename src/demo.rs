//! `lockstep demo`: three pairs of projects, people at work in them, and the real daemon between them.

pub mod world;
