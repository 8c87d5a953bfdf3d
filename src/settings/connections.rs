//! How many connections the admin server keeps open.

use super::{Env, WrongSetting, parse_or};

/// The highest limit that can be set.
const MOST: usize = 1_000_000;

/// The most connections of each kind that are kept open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Connections without a valid credential so far: `LOCKSTEP_ANONYMOUS_CONNECTIONS`.
    pub anonymous: usize,
    /// The same from one address, unless it is loopback: `LOCKSTEP_ANONYMOUS_PER_ADDRESS`.
    pub anonymous_per_address: usize,
    /// Connections with a valid credential: `LOCKSTEP_AUTHENTICATED_CONNECTIONS`.
    pub authenticated: usize,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self { anonymous: 256, anonymous_per_address: 16, authenticated: 1024 }
    }
}

impl ConnectionLimits {
    pub(super) fn from_env(env: Env<'_>) -> Result<Self, WrongSetting> {
        let default = Self::default();
        Ok(Self {
            anonymous: parse_or(env, "LOCKSTEP_ANONYMOUS_CONNECTIONS", number, default.anonymous)?,
            anonymous_per_address: parse_or(
                env,
                "LOCKSTEP_ANONYMOUS_PER_ADDRESS",
                number,
                default.anonymous_per_address,
            )?,
            authenticated: parse_or(env, "LOCKSTEP_AUTHENTICATED_CONNECTIONS", number, default.authenticated)?,
        })
    }

    /// These limits, lowered so that most of `descriptors` (`None` is unlimited) are left to the flows: at most an
    /// eighth for connections without a credential and a quarter for those with one.
    #[must_use]
    pub fn within(self, descriptors: Option<u64>) -> Self {
        let share =
            |of: u64| descriptors.map_or(usize::MAX, |all| usize::try_from(all / of).unwrap_or(usize::MAX)).max(1);
        Self {
            anonymous: self.anonymous.min(share(8)),
            anonymous_per_address: self.anonymous_per_address,
            authenticated: self.authenticated.min(share(4)),
        }
    }
}

fn number(text: &str) -> Result<usize, String> {
    let number = text.parse::<usize>().ok().filter(|number| (1..=MOST).contains(number));
    number.ok_or_else(|| format!("{text:?} is not a number of connections: use one from 1 to {MOST}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_descriptors_are_left_to_the_flows() {
        let limits = ConnectionLimits::default();
        let within = |descriptors| {
            let limits = limits.within(descriptors);
            (limits.anonymous, limits.authenticated)
        };
        assert_eq!(within(None), (256, 1024));
        assert_eq!(within(Some(65_536)), (256, 1024));
        assert_eq!(within(Some(1024)), (128, 256));
        assert_eq!(within(Some(2)), (1, 1));
    }
}
