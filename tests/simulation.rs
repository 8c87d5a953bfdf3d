//! Stories on a paused clock: the real daemon beside a simulated company, replayed from seeds.

#[path = "simulation/house.rs"]
mod house;

#[path = "simulation/crash.rs"]
mod crash;
#[path = "simulation/day.rs"]
mod day;
#[path = "simulation/modes.rs"]
mod modes;
