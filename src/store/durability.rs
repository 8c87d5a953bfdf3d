//! What acknowledged writes survive.

/// What a write that was acknowledged must survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// A power failure: production. Of idle flows with a file only those that came to rest last keep their connections.
    PowerFailure,
    /// The end of this process only: simulation, which is many times faster so. All connections to files are kept.
    ProcessEnd,
}
