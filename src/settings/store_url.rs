//! Addresses of stores: `sqlite:FOLDER` and `mongodb://HOST`.

use std::fmt;
use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};

use crate::foreign::Mask;

/// The address of a store.
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
    ignored: Vec<&'static str>,
}

/// Reads a MongoDB address. Callers pass `store::mongo_url`, since this layer does not know the driver.
pub type ReadMongo = fn(&str) -> Result<MongoUrl, NoServer>;

/// The parts of a MongoDB address, as the driver reads it.
pub struct MongoParts {
    /// The whole address, without the options that have no effect.
    pub text: String,
    /// The password, decoded.
    pub password: Option<String>,
    /// The servers, such as `mongodb://db1:27017,db2:27017`.
    pub servers: String,
    /// The database that follows the servers.
    pub database: Option<String>,
    /// The options in it that have no effect.
    pub ignored: Vec<&'static str>,
}

impl From<MongoParts> for MongoUrl {
    fn from(parts: MongoParts) -> Self {
        let MongoParts { text, password, servers, database, ignored } = parts;
        Self { text: text.into(), password: password.map(Into::into), servers, database, ignored }
    }
}

impl MongoUrl {
    /// A warning that names the options in the address that have no effect.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let (last, others) = self.ignored.split_last()?;
        Some(match others {
            [] => format!("the MongoDB option {last} has no effect here; remove it"),
            others => format!("the MongoDB options {} and {last} have no effect here; remove them", others.join(", ")),
        })
    }

    /// The whole address, without the options that have no effect. Only for building a client.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }

    /// The database that follows the servers, if any.
    #[must_use]
    pub fn database(&self) -> Option<&str> {
        self.database.as_deref()
    }

    /// Whether it contains a password.
    #[must_use]
    pub fn has_password(&self) -> bool {
        self.password.is_some()
    }

    /// `said` on one line, without the password in any spelling in which a library may repeat it.
    #[must_use]
    pub fn scrubbed(&self, said: &str) -> String {
        let written = userinfo(self.expose()).and_then(|user| user.split_once(':')).map(|(_, password)| password);
        let meant = self.password.as_ref().map(ExposeSecret::expose_secret);
        Mask::of([written, meant].into_iter().flatten()).tell(said)
    }
}

/// User and password as written, still encoded.
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

/// Compares the texts, to tell whether a flow's meaning changed.
impl PartialEq for MongoUrl {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for MongoUrl {}

/// Why a text is not a usable MongoDB address. Quotes only names of options: the rest may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoServer(pub String);

/// Why a text is not the address of a store. Quotes only scheme and options: the rest may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoStore {
    /// `mongodb:` or `mongodb+srv:`, followed by something that can't be used.
    #[error(transparent)]
    NoServer(#[from] NoServer),
    /// `sqlite:` followed by nothing.
    #[error("sqlite: names no folder: use one such as sqlite:./data")]
    NoFolder,
    /// Any other text.
    #[error("unknown kind of store: use sqlite:FOLDER, such as sqlite:./data, or mongodb://HOST")]
    Unknown,
}

impl StoreUrl {
    /// Reads an address, without asking any server or DNS.
    ///
    /// # Errors
    /// When the text names no store that can be used.
    pub fn read(text: &str, mongo: ReadMongo) -> Result<Self, NoStore> {
        let text = text.trim();
        let (scheme, rest) = text.split_once(':').ok_or(NoStore::Unknown)?;
        match scheme.to_ascii_lowercase().as_str() {
            "sqlite" => match rest.strip_prefix("//").unwrap_or(rest) {
                "" => Err(NoStore::NoFolder),
                folder => Ok(Self::Sqlite(folder.into())),
            },
            "mongodb" | "mongodb+srv" => Ok(Self::Mongo(mongo(text)?)),
            _ => Err(NoStore::Unknown),
        }
    }

    /// A warning that names the parts of the address that have no effect.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        match self {
            Self::Sqlite(_) => None,
            Self::Mongo(url) => url.warning(),
        }
    }
}

/// The address without options and password.
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
    use crate::store::mongo_url;

    #[test]
    fn a_mongodb_address_prints_as_its_servers() {
        for (text, shown) in [
            ("mongodb://u:hunter2@db1:27018,db2/admin?replicaSet=rs", "mongodb://db1:27018,db2:27017"),
            (" mongodb+srv://u:hunter2@cluster.example.net/?tls=true ", "mongodb+srv://cluster.example.net"),
        ] {
            let url = StoreUrl::read(text, mongo_url).unwrap();
            assert_eq!(url.to_string(), shown);
            assert!(!format!("{url:?}").contains("hunter2"), "{url:?}");
            let StoreUrl::Mongo(url) = url else { panic!("{url}") };
            assert_eq!(url.expose(), text.trim());
        }
    }

    #[test]
    fn the_password_is_taken_out_of_what_a_library_says_however_it_writes_it() {
        let url = mongo_url("mongodb://bot:hun%2Fter2@db/NAME").unwrap();
        assert_eq!(url.scrubbed("bot hun%2Fter2, hun/ter2"), "bot ***, ***");
        assert_eq!(url.database(), Some("NAME"));
        let short = mongo_url("mongodb://bot:a@db").unwrap();
        let said = "a bad day: mongodb://bot:a@db, mongodb://other:b@db";
        assert_eq!(short.scrubbed(said), "a bad day: mongodb://***@db, mongodb://***@db", "no letter by letter");
        let open = mongo_url("mongodb://db").unwrap();
        assert_eq!((open.scrubbed("all of it"), open.database()), ("all of it".to_owned(), None));
    }

    #[test]
    fn what_names_no_store_is_not_repeated() {
        for (text, why) in [
            ("postgres://u:hunter2@h", NoStore::Unknown),
            ("hunter2", NoStore::Unknown),
            ("sqlite:", NoStore::NoFolder),
        ] {
            let no = StoreUrl::read(text, mongo_url).unwrap_err();
            assert_eq!(no, why, "{text}");
            assert!(!no.to_string().contains("hunter2"), "{no}");
        }
    }
}
