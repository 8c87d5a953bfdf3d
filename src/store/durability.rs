//! What acknowledged writes survive.

/// What a write that was acknowledged must survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// A power failure: production. Only the flows that used their connections to files last keep them.
    PowerFailure,
    /// The end of this process only: simulation, which is many times faster so. All connections to files are kept.
    ProcessEnd,
}
