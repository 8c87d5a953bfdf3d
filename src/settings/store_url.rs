//! Where state is kept, as people write it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use mongodb::options::{ConnectionString, HostInfo};
use secrecy::{ExposeSecret, SecretString};

/// Where state is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreUrl {
    /// `sqlite:FOLDER`: one file per flow in this folder, relative or absolute.
    Sqlite(PathBuf),
    /// `mongodb://…` or `mongodb+srv://…`: one database per flow on these servers.
    Mongo(MongoUrl),
}

/// A MongoDB connection string. It prints as its servers only: the rest may hold a password.
#[derive(Clone)]
pub struct MongoUrl {
    text: SecretString,
    password: Option<SecretString>,
    servers: String,
    database: Option<String>,
}

impl MongoUrl {
    /// The whole text. Only for building a client.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }

    /// The database that it names behind the servers, if any.
    #[must_use]
    pub fn database(&self) -> Option<&str> {
        self.database.as_deref()
    }

    /// `said` without the password, in any form in which a library may repeat it.
    #[must_use]
    pub fn scrubbed(&self, said: &str) -> String {
        let written = userinfo(self.expose()).and_then(|user| user.split_once(':')).map(|(_, password)| password);
        let meant = self.password.as_ref().map(ExposeSecret::expose_secret);
        let known = [written, meant].into_iter().flatten().filter(|password| !password.is_empty());
        known.fold(said.to_owned(), |said, password| said.replace(password, "***"))
    }
}

/// User and password as they are written.
fn userinfo(url: &str) -> Option<&str> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.rsplit_once('@').map(|(user, _)| user)
}

/// The servers, such as `mongodb://db1:27017,db2:27017`.
impl fmt::Display for MongoUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.servers)
    }
}

impl fmt::Debug for MongoUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.servers)
    }
}

/// Equal texts; for telling whether a flow's meaning changed.
impl PartialEq for MongoUrl {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for MongoUrl {}

/// Why a text names no store. Says nothing of the text beyond its scheme: the rest may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoStore {
    /// `mongodb:` or `mongodb+srv:`, and what follows can't be read.
    #[error(
        "no MongoDB address: use mongodb://USER:PASSWORD@HOST:PORT/?OPTIONS or mongodb+srv://…, with user and password \
         percent-encoded and options that MongoDB knows"
    )]
    NoServer,
    /// `sqlite:` and nothing behind it.
    #[error("sqlite: names no folder: use one such as sqlite:./data")]
    NoFolder,
    /// Anything else.
    #[error("unknown kind of store: use sqlite:FOLDER, such as sqlite:./data, or mongodb://HOST")]
    Unknown,
}

impl FromStr for StoreUrl {
    type Err = NoStore;

    fn from_str(text: &str) -> Result<Self, NoStore> {
        let text = text.trim();
        let (scheme, rest) = text.split_once(':').ok_or(NoStore::Unknown)?;
        match scheme.to_ascii_lowercase().as_str() {
            "sqlite" => match rest.strip_prefix("//").unwrap_or(rest) {
                "" => Err(NoStore::NoFolder),
                folder => Ok(Self::Sqlite(folder.into())),
            },
            "mongodb" | "mongodb+srv" => text.parse().map(Self::Mongo),
            _ => Err(NoStore::Unknown),
        }
    }
}

impl FromStr for MongoUrl {
    type Err = NoStore;

    /// Names no reason: the driver's may quote what it could not read, and that may be a password.
    fn from_str(text: &str) -> Result<Self, NoStore> {
        let text = text.trim();
        let read = ConnectionString::parse(text).map_err(|_| NoStore::NoServer)?;
        let servers = match read.host_info {
            HostInfo::HostIdentifiers(hosts) => {
                let hosts: Vec<_> = hosts.iter().map(ToString::to_string).collect();
                format!("mongodb://{}", hosts.join(","))
            }
            HostInfo::DnsRecord(name) => format!("mongodb+srv://{name}"),
            // An address of a kind that this version does not know: no harm in not telling where it is.
            _ => "mongodb".to_owned(),
        };
        let password = read.credential.and_then(|credential| credential.password).map(Into::into);
        Ok(Self { text: text.into(), password, servers, database: read.default_database })
    }
}

/// As it is written, a password aside.
impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(folder) => write!(f, "sqlite:{}", folder.display()),
            Self::Mongo(url) => url.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mongodb_address_prints_as_its_servers() {
        for (text, shown) in [
            ("mongodb://u:hunter2@db1:27018,db2/admin?replicaSet=rs", "mongodb://db1:27018,db2:27017"),
            (" mongodb+srv://u:hunter2@cluster.example.net/?tls=true ", "mongodb+srv://cluster.example.net"),
        ] {
            let url: StoreUrl = text.parse().unwrap();
            assert_eq!(url.to_string(), shown);
            assert!(!format!("{url:?}").contains("hunter2"), "{url:?}");
            let StoreUrl::Mongo(url) = url else { panic!("{url}") };
            assert_eq!(url.expose(), text.trim());
        }
    }

    #[test]
    fn the_password_is_taken_out_of_what_a_library_says_however_it_writes_it() {
        let url: MongoUrl = "mongodb://bot:hun%2Fter2@db/NAME".parse().unwrap();
        assert_eq!(url.scrubbed("bot hun%2Fter2, hun/ter2"), "bot ***, ***");
        assert_eq!(url.database(), Some("NAME"));
        let open: MongoUrl = "mongodb://db".parse().unwrap();
        assert_eq!((open.scrubbed("all of it"), open.database()), ("all of it".to_owned(), None));
    }

    #[test]
    fn what_names_no_store_is_not_repeated() {
        for (text, why) in [
            ("mongodb://u:hunter2", NoStore::NoServer),
            ("mongodb://u:hunter2@h:hunter2", NoStore::NoServer),
            ("mongodb://u:hun/ter2@h", NoStore::NoServer),
            ("mongodb://u:hunter2@h/?colour=hunter2", NoStore::NoServer),
            ("mongodb:hunter2", NoStore::NoServer),
            ("postgres://u:hunter2@h", NoStore::Unknown),
            ("hunter2", NoStore::Unknown),
            ("sqlite:", NoStore::NoFolder),
        ] {
            let no = text.parse::<StoreUrl>().unwrap_err();
            assert_eq!(no, why, "{text}");
            assert!(!no.to_string().contains("hunter2"), "{no}");
        }
    }
}
