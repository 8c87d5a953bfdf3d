//! The settings of one process: environment variables, with the names that the Node.js service used, and flags that
//! override them.

mod connections;
mod named_store;
mod proxies;
mod store_url;

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tracing::Level;

pub use connections::ConnectionLimits;
pub use named_store::{NamedStore, StoreFlags, store};
pub use proxies::{Proxies, Proxy};
pub use store_url::{MongoParts, MongoUrl, NoServer, NoStore, ReadMongo, StoreUrl};

/// The interval of flows that set none, unless `SYNC_INTERVAL_MINUTES` is set.
pub const DEFAULT_INTERVAL: Duration = Duration::from_secs(300);

/// The longest default interval: a year, which can be added to any point in time without overflow.
const LONGEST_INTERVAL: Duration = Duration::from_secs(366 * 24 * 3600);

/// The shortest default interval, as for an interval in a flow file.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);

/// Memory for Jira's answers, unless `LOCKSTEP_ANSWER_MEMORY_MIB` is set.
const DEFAULT_MIB: usize = 256;

/// Least memory for Jira's answers: with less, a flow could not read a page of a hundred usual issues.
const LEAST_MIB: usize = 64;

/// The highest value of `LOCKSTEP_ANSWER_MEMORY_MIB`: 1 TiB.
const MOST_MIB: usize = 1 << 20;

/// Memory for log lines that wait to be written, about 30,000 of them, unless `LOCKSTEP_LOG_QUEUE_MIB` is set.
const DEFAULT_LOG_QUEUE_MIB: usize = 8;

/// The highest value of `LOCKSTEP_LOG_QUEUE_MIB`: 1 GiB.
const MOST_LOG_QUEUE_MIB: usize = 1 << 10;

/// Everything that is set for the whole process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The folder of flow files: `--flows`, `CONFIG_DIR`, else `flows.d`.
    pub flows: PathBuf,
    /// Where data is stored: `--store`, the file of `--store-file`, `DATABASE_URL`, the file of `DATABASE_URL_FILE`,
    /// else `sqlite:./data`.
    pub store: StoreUrl,
    /// Where the admin server listens: `--listen`, `PORT` (on all addresses), else 127.0.0.1:3000.
    pub listen: SocketAddr,
    /// The interval of flows that set none: `SYNC_INTERVAL_MINUTES` (may be fractional), else 5 minutes.
    pub interval: Duration,
    /// Memory for Jira's answers while they are read, in bytes: `LOCKSTEP_ANSWER_MEMORY_MIB`, else 256 MiB.
    pub answer_memory: usize,
    /// The log's settings.
    pub log: LogSettings,
    /// The API's settings.
    pub api: ApiSettings,
    /// How many connections the admin server keeps.
    pub connections: ConnectionLimits,
    /// The proxies through which Jira is reached: `HTTPS_PROXY` and its like.
    pub proxies: Proxies,
    /// Warnings to log at start; none contains a secret.
    pub warnings: Vec<String>,
}

/// Settings of the API. Its token is not one of them, so that printing settings prints no secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiSettings {
    /// The file that holds the token: `--api-token-file`.
    pub token_file: Option<PathBuf>,
    /// Host names under which it is reached, besides loopback and the address on which it listens: `--api-host`,
    /// `LOCKSTEP_API_HOSTS` (separated by commas).
    pub hosts: Vec<String>,
}

/// Settings of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// The lowest level that is written: `LOG_LEVEL`, else info.
    pub level: Level,
    /// The file to append to instead of standard error: `LOG_FILE`.
    pub file: Option<PathBuf>,
    /// Whether to write text instead of JSON: `LOG_PRETTY`; if unset, a terminal gets text and everything else JSON.
    pub pretty: Option<bool>,
    /// Memory for lines that wait to be written, in bytes: `LOCKSTEP_LOG_QUEUE_MIB`, else 8 MiB.
    pub queue: usize,
}

/// Flags that override variables, as typed on the command line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--flows`.
    pub flows: Option<PathBuf>,
    /// `--store` or `--store-file`.
    pub store: StoreFlags,
    /// `--listen`.
    pub listen: Option<String>,
    /// `--api-token-file`.
    pub api_token_file: Option<PathBuf>,
    /// `--api-host`, which may be given several times.
    pub api_hosts: Vec<String>,
}

/// A setting that can't be used: its name, and what it should be. Never contains a value that may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {why}")]
pub struct WrongSetting {
    name: &'static str,
    why: String,
}

impl Settings {
    /// Reads the environment, except for variables that `overrides` replaces. An empty variable counts as unset.
    ///
    /// # Errors
    /// On the first value that can't be used, naming its variable or flag.
    pub fn from_env(
        env: &dyn Fn(&str) -> Option<String>,
        overrides: &Overrides,
        mongo: ReadMongo,
    ) -> Result<Self, WrongSetting> {
        let env = |name: &str| set(env, name);
        let NamedStore { url, warnings } = store(&env, &overrides.store, mongo)?;
        Ok(Self {
            flows: flows(&env, overrides.flows.as_deref()),
            store: url,
            warnings,
            listen: listen(&env, overrides)?,
            interval: interval(&env)?,
            answer_memory: mib(&env, "LOCKSTEP_ANSWER_MEMORY_MIB", LEAST_MIB..=MOST_MIB, DEFAULT_MIB)?,
            log: LogSettings {
                level: parse_or(&env, "LOG_LEVEL", level, Level::INFO)?,
                file: env("LOG_FILE").map(PathBuf::from),
                pretty: parse_or(&env, "LOG_PRETTY", |text| flag(text).map(Some), None)?,
                queue: mib(&env, "LOCKSTEP_LOG_QUEUE_MIB", 1..=MOST_LOG_QUEUE_MIB, DEFAULT_LOG_QUEUE_MIB)?,
            },
            api: ApiSettings { token_file: overrides.api_token_file.clone(), hosts: hosts(&env, &overrides.api_hosts) },
            connections: ConnectionLimits::from_env(&env)?,
            proxies: Proxies::from_env(&env)?,
        })
    }
}

type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Only the folder of flow files: `flag`, `CONFIG_DIR`, else `flows.d`.
#[must_use]
pub fn flows(env: Env<'_>, flag: Option<&Path>) -> PathBuf {
    let named = flag.map(Path::to_owned).or_else(|| set(env, "CONFIG_DIR").map(PathBuf::from));
    named.unwrap_or_else(|| "flows.d".into())
}

/// The value of a variable, if it is not blank: compose files pass unset variables on as empty ones.
fn set(env: Env<'_>, name: &str) -> Option<String> {
    env(name).filter(|text| !text.trim().is_empty())
}

fn hosts(env: Env<'_>, flags: &[String]) -> Vec<String> {
    let written = if flags.is_empty() { env("LOCKSTEP_API_HOSTS").into_iter().collect() } else { flags.to_vec() };
    let names = written.iter().flat_map(|names| names.split(','));
    names.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn listen(env: Env<'_>, overrides: &Overrides) -> Result<SocketAddr, WrongSetting> {
    if let Some(text) = &overrides.listen {
        let why = format!("{text:?} is not an address to listen on: use one such as 127.0.0.1:3000 or [::1]:3000");
        return text.parse().map_err(|_| WrongSetting { name: "--listen", why });
    }
    let on_all = |text: &str| match text.parse() {
        Ok(port) => Ok(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))),
        Err(_) => Err(format!("{text:?} is not a port: use a number from 0 to 65535")),
    };
    parse_or(env, "PORT", on_all, SocketAddr::from((Ipv4Addr::LOCALHOST, 3000)))
}

fn interval(env: Env<'_>) -> Result<Duration, WrongSetting> {
    let minutes = |text: &str| {
        let seconds = text.parse::<f64>().ok().map(|minutes| minutes * 60.0);
        seconds
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .filter(|interval| (SHORTEST_INTERVAL..=LONGEST_INTERVAL).contains(interval))
            .ok_or_else(|| format!("{text:?} is not an interval: use minutes such as 5 or 0.5, at least one second"))
    };
    parse_or(env, "SYNC_INTERVAL_MINUTES", minutes, DEFAULT_INTERVAL)
}

/// The bytes of a size that is given in MiB.
fn mib(env: Env<'_>, name: &'static str, sizes: RangeInclusive<usize>, default: usize) -> Result<usize, WrongSetting> {
    let bytes = |text: &str| {
        let mib = text.parse::<usize>().ok().filter(|mib| sizes.contains(mib));
        mib.map(|mib| mib << 20)
            .ok_or_else(|| format!("{text:?} is not a size in MiB: use one from {} to {}", sizes.start(), sizes.end()))
    };
    parse_or(env, name, bytes, default << 20)
}

fn level(text: &str) -> Result<Level, String> {
    match text.to_ascii_lowercase().as_str() {
        "trace" => Ok(Level::TRACE),
        "debug" => Ok(Level::DEBUG),
        "info" => Ok(Level::INFO),
        "warn" => Ok(Level::WARN),
        "error" => Ok(Level::ERROR),
        _ => Err(format!("{text:?} is not a log level: use trace, debug, info, warn or error")),
    }
}

fn flag(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err(format!("{text:?} is neither true nor false")),
    }
}

fn parse_or<T>(
    env: Env<'_>,
    name: &'static str,
    parse: impl Fn(&str) -> Result<T, String>,
    default: T,
) -> Result<T, WrongSetting> {
    match env(name) {
        Some(text) => parse(text.trim()).map_err(|why| WrongSetting { name, why }),
        None => Ok(default),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::mongo_url;

    fn read(env: &[(&str, &str)], overrides: Overrides) -> Result<Settings, String> {
        let env = |name: &str| env.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        Settings::from_env(&env, &overrides, mongo_url).map_err(|e| e.to_string())
    }

    #[test]
    fn an_empty_environment_gives_the_defaults() {
        let defaults = Settings {
            flows: "flows.d".into(),
            store: StoreUrl::Sqlite("./data".into()),
            listen: "127.0.0.1:3000".parse().unwrap(),
            interval: Duration::from_secs(300),
            answer_memory: 256 << 20,
            log: LogSettings { level: Level::INFO, file: None, pretty: None, queue: 8 << 20 },
            api: ApiSettings::default(),
            connections: ConnectionLimits::default(),
            proxies: Proxies::default(),
            warnings: Vec::new(),
        };
        assert_eq!(read(&[], Overrides::default()), Ok(defaults.clone()));
        assert_eq!(read(&[("PORT", ""), ("DATABASE_URL", " ")], Overrides::default()), Ok(defaults));
    }

    #[test]
    fn every_variable_is_read() {
        let env = [
            ("CONFIG_DIR", "/etc/flows"),
            ("DATABASE_URL", "sqlite:///var/lib/lockstep"),
            ("PORT", "8080"),
            ("SYNC_INTERVAL_MINUTES", "0.5"),
            ("LOCKSTEP_ANSWER_MEMORY_MIB", "100"),
            ("LOG_LEVEL", "WARN"),
            ("LOG_FILE", "/var/log/lockstep"),
            ("LOG_PRETTY", "true"),
            ("LOCKSTEP_LOG_QUEUE_MIB", "2"),
            ("LOCKSTEP_API_HOSTS", "lockstep.example.net, jira-sync,"),
            ("LOCKSTEP_ANONYMOUS_CONNECTIONS", "40"),
            ("LOCKSTEP_ANONYMOUS_PER_ADDRESS", "4"),
            ("LOCKSTEP_AUTHENTICATED_CONNECTIONS", "100"),
        ];
        let expected = Settings {
            flows: "/etc/flows".into(),
            store: StoreUrl::Sqlite("/var/lib/lockstep".into()),
            listen: "0.0.0.0:8080".parse().unwrap(),
            interval: Duration::from_secs(30),
            answer_memory: 100 << 20,
            log: LogSettings {
                level: Level::WARN,
                file: Some("/var/log/lockstep".into()),
                pretty: Some(true),
                queue: 2 << 20,
            },
            api: ApiSettings { token_file: None, hosts: vec!["lockstep.example.net".into(), "jira-sync".into()] },
            connections: ConnectionLimits { anonymous: 40, anonymous_per_address: 4, authenticated: 100 },
            proxies: Proxies::default(),
            warnings: Vec::new(),
        };
        assert_eq!(read(&env, Overrides::default()), Ok(expected));
    }

    #[test]
    fn a_flag_wins_even_over_a_variable_that_is_wrong() {
        let env = [("PORT", "no port"), ("DATABASE_URL", "no store"), ("CONFIG_DIR", "a")];
        let overrides = Overrides {
            flows: Some("b".into()),
            store: StoreFlags { url: Some("sqlite:c".into()), file: None },
            listen: Some("127.0.0.1:1".into()),
            ..Overrides::default()
        };
        let settings = read(&env, overrides).unwrap();
        assert_eq!(settings.flows, PathBuf::from("b"));
        assert_eq!(settings.store, StoreUrl::Sqlite("c".into()));
        assert_eq!(settings.listen, "127.0.0.1:1".parse().unwrap());
    }

    #[test]
    fn a_wrong_value_is_named_with_its_variable() {
        for (name, value, why) in [
            ("PORT", "70000", "\"70000\" is not a port: use a number from 0 to 65535"),
            ("SYNC_INTERVAL_MINUTES", "0", "at least one second"),
            ("SYNC_INTERVAL_MINUTES", "-1", "at least one second"),
            ("SYNC_INTERVAL_MINUTES", "NaN", "at least one second"),
            ("SYNC_INTERVAL_MINUTES", "1e300", "at least one second"),
            ("LOCKSTEP_ANSWER_MEMORY_MIB", "63", "use one from 64 to 1048576"),
            ("LOCKSTEP_ANSWER_MEMORY_MIB", "a lot", "use one from 64 to 1048576"),
            ("LOCKSTEP_ANONYMOUS_CONNECTIONS", "0", "use one from 1 to 1000000"),
            ("HTTPS_PROXY", "http://bot:a b@proxy", "percent-encode"),
            ("LOCKSTEP_LOG_QUEUE_MIB", "0", "use one from 1 to 1024"),
            ("LOG_LEVEL", "loud", "use trace, debug, info, warn or error"),
            ("LOG_PRETTY", "perhaps", "neither true nor false"),
            ("DATABASE_URL", "sqlite:", "names no folder"),
            ("DATABASE_URL", "./data", "use sqlite:FOLDER"),
            ("DATABASE_URL", "mongodb://", "no MongoDB address"),
            ("DATABASE_URL", "mongodb://db/?tlsInsecure=true", "tlsInsecure"),
        ] {
            let error = read(&[(name, value)], Overrides::default()).unwrap_err();
            assert!(error.starts_with(name) && error.contains(why), "{error}");
        }
    }

    #[test]
    fn the_node_services_database_is_taken_as_it_is() {
        let settings = read(&[("DATABASE_URL", "mongodb://u:hunter2@db/jira")], Overrides::default()).unwrap();
        assert_eq!(settings.store, StoreUrl::Mongo(mongo_url("mongodb://u:hunter2@db/jira").unwrap()));
        assert!(!format!("{settings:?}").contains("hunter2"));
    }
}
