//! Reading a MongoDB address: the driver's rules and ours, without asking a server or DNS.
//!
//! Messages name options and never repeat a value: any part of an address may be a password.

use futures::FutureExt as _;
use mongodb::error::Error as DriverError;
use mongodb::options::{ClientOptions, ConnectionString, HostInfo, ServerAddress};

use crate::settings::{MongoParts, MongoUrl, NoServer};

/// Options of the Node.js driver and of Mongoose that tune them and mean nothing to others.
const IGNORED: [&str; 41] = [
    "acceptableLatencyMS",
    "autoCreate",
    "autoIndex",
    "autoReconnect",
    "autoSelectFamily",
    "autoSelectFamilyAttemptTimeout",
    "bsonRegExp",
    "bufferCommands",
    "bufferMaxEntries",
    "checkKeys",
    "compressors",
    "connectWithNoPrimary",
    "family",
    "forceServerObjectId",
    "fsync",
    "ha",
    "haInterval",
    "ignoreUndefined",
    "j",
    "keepAlive",
    "keepAliveInitialDelay",
    "loggerLevel",
    "minHeartbeatFrequencyMS",
    "monitorCommands",
    "noDelay",
    "poolSize",
    "promoteBuffers",
    "promoteLongs",
    "promoteValues",
    "raw",
    "reconnectInterval",
    "reconnectTries",
    "serializeFunctions",
    "socketTimeoutMS",
    "timeoutMS",
    "useNewUrlParser",
    "useUnifiedTopology",
    "uuidRepresentation",
    "waitQueueTimeoutMS",
    "wtimeout",
    "zlibCompressionLevel",
];

/// Options of any driver that leave a server's certificate unchecked, or part of it.
const WEAKENING: [&str; 13] = [
    "checkServerIdentity",
    "rejectUnauthorized",
    "sslAllowInvalidCertificates",
    "sslAllowInvalidHostnames",
    "sslInvalidHostNameAllowed",
    "sslValidate",
    "ssl_cert_reqs",
    "ssl_match_hostname",
    "tlsAllowInvalidCertificates",
    "tlsAllowInvalidHostnames",
    "tlsDisableCertificateRevocationCheck",
    "tlsDisableOCSPEndpointCheck",
    "tlsInsecure",
];

/// Options that the driver has under another name, or not at all, and what to do about it.
const INSTEAD: [(&str, &str); 13] = [
    ("authdb", "use authSource"),
    ("gssapiServiceName", "Kerberos can't be used"),
    ("ssl_ca_certs", "use tlsCAFile"),
    ("sslCA", "use tlsCAFile"),
    ("sslCert", "use tlsCertificateKeyFile: one file with certificate and key"),
    ("sslKey", "use tlsCertificateKeyFile: one file with certificate and key"),
    ("tlsCertificateFile", "use tlsCertificateKeyFile: one file with certificate and key"),
    ("sslPass", "use a key without a password in tlsCertificateKeyFile"),
    ("tlsCertificateKeyFilePassword", "use a key without a password in tlsCertificateKeyFile"),
    ("sslCRL", "lists of revoked certificates can't be used"),
    ("tlsCRLFile", "lists of revoked certificates can't be used"),
    ("proxyHost", "proxies to MongoDB can't be used"),
    ("dbName", "name the database in database.name of the flow file"),
];

/// May be there several times.
const REPEATABLE: &str = "readPreferenceTags";

/// Reads a MongoDB address by the rules that also hold when a client is made of it.
///
/// # Errors
/// When it can't be used; says which option is the reason, if one is.
pub fn mongo_url(text: &str) -> Result<MongoUrl, NoServer> {
    let written = Written::of(text.trim());
    written.refuse_malformed()?;
    let (kept, ignored) = written.sorted_out()?;
    let text = kept.text();
    let read = client_options(&text).and_then(|_| ConnectionString::parse(&text)).map_err(|_| kept.blame())?;
    let password = read.credential.and_then(|credential| credential.password);
    let parts =
        MongoParts { text, password, servers: shown(&read.host_info), database: read.default_database, ignored };
    Ok(parts.into())
}

/// What the driver makes of an address when a client is made. One name stands for the servers behind a `mongodb+srv`
/// address, for which DNS would have to be asked.
fn client_options(text: &str) -> Result<(), DriverError> {
    let mut read = ConnectionString::parse(text)?;
    if let HostInfo::DnsRecord(host) = read.host_info {
        read.host_info = HostInfo::HostIdentifiers(vec![ServerAddress::Tcp { host, port: None }]);
    }
    // Without DNS there is nothing to wait for.
    let made = ClientOptions::parse(read).into_future().now_or_never();
    made.map_or(Ok(()), |made| made.map(drop))
}

fn shown(host_info: &HostInfo) -> String {
    match host_info {
        HostInfo::HostIdentifiers(hosts) => {
            let hosts: Vec<_> = hosts.iter().map(ToString::to_string).collect();
            format!("mongodb://{}", hosts.join(","))
        }
        HostInfo::DnsRecord(name) => format!("mongodb+srv://{name}"),
        // An address of a kind that this version does not know: no harm in not telling where it is.
        _ => "mongodb".to_owned(),
    }
}

/// An address in two halves.
struct Written<'a> {
    /// Scheme, user, servers and database.
    base: &'a str,
    /// `NAME=VALUE` each.
    options: Vec<&'a str>,
}

impl<'a> Written<'a> {
    fn of(text: &'a str) -> Self {
        let (base, options) = text.split_once('?').unwrap_or((text, ""));
        Self { base, options: options.split('&').filter(|option| !option.is_empty()).collect() }
    }

    fn text(&self) -> String {
        if self.options.is_empty() {
            return self.base.to_owned();
        }
        format!("{}?{}", self.base, self.options.join("&"))
    }

    /// The same address with these options alone.
    fn with(&self, options: &[&'a str]) -> Self {
        Self { base: self.base, options: options.to_vec() }
    }

    /// A `?` in a password makes the rest of it look like options: nothing of them is told then.
    fn refuse_malformed(&self) -> Result<(), NoServer> {
        let is_password = self.options.iter().any(|option| option.contains('@'));
        if is_password || ConnectionString::parse(self.base).is_err() {
            return Err(NoServer(
                "no MongoDB address: use mongodb://USER:PASSWORD@HOST:PORT/?OPTIONS or mongodb+srv://…, with user and \
                 password percent-encoded"
                    .to_owned(),
            ));
        }
        Ok(())
    }

    /// Without the options that have no effect, and their names. Options that leave a server unchecked are refused, and
    /// those that the driver lacks.
    fn sorted_out(&self) -> Result<(Self, Vec<&'static str>), NoServer> {
        let (mut kept, mut ignored) = (Vec::new(), Vec::new());
        for option in &self.options {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            if let Some(known) = named(&IGNORED, name) {
                ignored.push(known);
                continue;
            }
            if let Some(known) = named(&WEAKENING, name).filter(|_| !is_strict(name, value)) {
                return Err(refused(known, "it weakens TLS; remove it, and name a private authority in tlsCAFile"));
            }
            if let Some((known, instead)) = INSTEAD.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
                return Err(refused(known, instead));
            }
            kept.push(*option);
        }
        Ok((self.with(&kept), ignored))
    }

    /// Which options are the reason why the driver can't use the address.
    fn blame(&self) -> NoServer {
        if let Some(name) = self.repeated() {
            return refused(name, "it is there twice; keep one");
        }
        let without = |culprit: usize| {
            let others = self.options.iter().enumerate().filter(|(index, _)| *index != culprit);
            self.with(&others.map(|(_, option)| *option).collect::<Vec<_>>())
        };
        let cures = (0..self.options.len()).filter(|culprit| client_options(&without(*culprit).text()).is_ok());
        let culprits: Vec<&str> = cures.map(|culprit| self.options[culprit]).collect();
        let alone = self.options.iter().find(|option| client_options(&self.with(&[option]).text()).is_err());
        match (&culprits[..], alone) {
            ([culprit], _) => fault_of(culprit, &self.with(&[culprit]).text()),
            ([one, other, ..], _) => {
                let pair = format!("{} and {}", name_of(one), name_of(other));
                NoServer(format!("the MongoDB options {pair} can't be used together; keep one of them"))
            }
            ([], Some(first)) => fault_of(first, &self.with(&[first]).text()),
            ([], None) => NoServer("its MongoDB options can't be used together".to_owned()),
        }
    }

    fn repeated(&self) -> Option<&'a str> {
        let names: Vec<_> = self.options.iter().map(|option| name_of(option)).collect();
        let is_again = |(index, name): &(usize, &&str)| {
            !name.eq_ignore_ascii_case(REPEATABLE) && names[..*index].iter().any(|it| it.eq_ignore_ascii_case(name))
        };
        names.iter().enumerate().find(is_again).map(|(_, name)| *name)
    }
}

/// The name in a list that differs from this one in case at most.
fn named(list: &[&'static str], name: &str) -> Option<&'static str> {
    list.iter().find(|known| known.eq_ignore_ascii_case(name)).copied()
}

/// Whether the driver knows the option and is asked to check what it checks anyway.
fn is_strict(name: &str, value: &str) -> bool {
    let known = ["tlsInsecure", "tlsAllowInvalidCertificates"];
    value == "false" && named(&known, name).is_some()
}

fn refused(name: &str, why: &str) -> NoServer {
    NoServer(format!("the MongoDB option {name} can't be used: {why}"))
}

/// What is wrong with an option that the driver does not take, in an address that has no other.
fn fault_of(option: &str, text: &str) -> NoServer {
    let name = name_of(option);
    let said = client_options(text).err().map(|error| error.kind.to_string()).unwrap_or_default();
    let why = if !option.contains('=') {
        "it has no value; write NAME=VALUE".to_owned()
    } else if let Some((_, similar)) = said.split_once("similar name exists: ") {
        format!("it is not known; did you mean {similar}?")
    } else if said.contains("is an invalid option") {
        "it is not known; correct its name or remove it".to_owned()
    } else if said.contains("must be a boolean") {
        "its value is true or false".to_owned()
    } else if said.contains("must be a") && said.contains("integer") {
        "its value is a whole number".to_owned()
    } else if ["mongodb://host", "mongodb+srv://host.example.net"].iter().any(|base| is_fine(base, option)) {
        "it does not go with the rest of this address".to_owned()
    } else {
        "its value is not one that is supported".to_owned()
    };
    refused(name, &why)
}

fn is_fine(base: &str, option: &str) -> bool {
    client_options(&format!("{base}/?{option}")).is_ok()
}

/// The name of an option, if that is what stands there.
fn name_of(option: &str) -> &str {
    let name = option.split_once('=').map_or(option, |(name, _)| name);
    let is_name = !name.is_empty() && name.len() <= 40 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_name { name } else { "without a proper name" }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with an address of which every value is `hunter2`, or is part of a password.
    fn wrong(text: &str) -> String {
        let no = mongo_url(text).unwrap_err().to_string();
        assert!(!no.contains("hunter2"), "{text}: {no}");
        no
    }

    #[test]
    fn options_that_tune_the_nodejs_driver_are_ignored_and_named() {
        let url = mongo_url(
            "mongodb://u:p@h/db?useNewUrlParser=true&replicaSet=rs&socketTimeoutMS=45000&KEEPALIVE=true&family=4&\
             useUnifiedTopology=true&compressors=zlib,snappy&j=true&",
        );
        let url = url.unwrap();
        assert_eq!(url.expose(), "mongodb://u:p@h/db?replicaSet=rs");
        assert_eq!(
            url.warning().unwrap(),
            "the MongoDB options useNewUrlParser, socketTimeoutMS, keepAlive, family, useUnifiedTopology, compressors and j \
             have no effect here; remove them"
        );
        assert_eq!(mongo_url("mongodb://h/?family=4"), mongo_url("mongodb://h/"), "it means the same");
        assert_eq!(mongo_url("mongodb://h/?retryWrites=true&w=majority").unwrap().warning(), None);
        for ignored in IGNORED {
            let url = mongo_url(&format!("mongodb://h/?{ignored}=hunter2")).unwrap();
            assert!(url.warning().unwrap().contains(&format!("option {ignored} has")), "{ignored}");
        }
    }

    #[test]
    fn options_that_weaken_tls_are_refused_by_name() {
        for option in WEAKENING {
            let lower = option.to_ascii_lowercase();
            for written in [format!("{option}=true"), format!("{lower}=0"), format!("{lower}=hunter2"), lower.clone()] {
                for address in ["mongodb://u:hunter2@h/?tls=true&", "mongodb+srv://u:hunter2@a.example.net/?"] {
                    let no = wrong(&format!("{address}{written}"));
                    assert!(no.contains(&format!("the MongoDB option {option} can't be used: it weakens TLS")), "{no}");
                }
            }
        }
        assert!(mongo_url("mongodb://h/?tls=true&tlsInsecure=false&replicaSet=rs").is_ok());
        assert!(wrong("mongodb://h/?tls=true&tlsAllowInvalidHostnames=false").contains("tlsAllowInvalidHostnames"));
    }

    #[test]
    fn what_the_driver_does_not_take_is_refused_with_the_name_of_the_option() {
        for (text, why) in [
            ("mongodb://u:hunter2@h/?colour=hunter2", "option colour can't be used: it is not known"),
            (
                "mongodb://h/?replicasett=hunter2",
                "option replicasett can't be used: it is not known; did you mean replicaset?",
            ),
            ("mongodb://h/?tls=hunter2", "option tls can't be used: its value is true or false"),
            (
                "mongodb://h/?replicaSet=rs&maxPoolSize=hunter2&w=1",
                "option maxPoolSize can't be used: its value is a whole number",
            ),
            ("mongodb://h/?connectTimeoutMS=-1", "option connectTimeoutMS can't be used: its value is a whole number"),
            (
                "mongodb://h/?readPreference=hunter2",
                "option readPreference can't be used: its value is not one that is",
            ),
            ("mongodb://u:hunter2@h/?authMechanism=hunter2", "option authMechanism can't be used: its value is not"),
            ("mongodb://h/?tls", "option tls can't be used: it has no value"),
            ("mongodb://h/?tls=true&TLS=true", "option TLS can't be used: it is there twice"),
            ("mongodb://h/?tls=true&x=1&y=2", "option x can't be used"),
            ("mongodb://h/?hun/ter2=hunter2", "option without a proper name can't be used"),
            ("mongodb://h/?tls=true&ssl=false", "options tls and ssl can't be used together"),
            ("mongodb://h/?tls=false&tlsCAFile=/hunter2", "options tls and tlsCAFile can't be used together"),
            (
                "mongodb://h/?tlsCertificateKeyFilePassword=hunter2",
                "tlsCertificateKeyFilePassword can't be used: use a key",
            ),
            ("mongodb://h/?sslCA=hunter2", "option sslCA can't be used: use tlsCAFile"),
        ] {
            let no = wrong(text);
            assert!(no.contains(why), "{text}: {no}");
        }
    }

    #[test]
    fn the_rules_for_a_clients_options_hold_before_there_is_a_client() {
        for (text, why) in [
            (
                "mongodb://a,b/?directConnection=true",
                "option directConnection can't be used: it does not go with the rest",
            ),
            ("mongodb+srv://a.example.net/?directConnection=true", "option directConnection can't be used"),
            ("mongodb://a,b/?loadBalanced=true", "option loadBalanced can't be used: it does not go with the rest"),
            (
                "mongodb://a/?loadBalanced=true&replicaSet=rs",
                "options loadBalanced and replicaSet can't be used together",
            ),
            ("mongodb://a/?maxPoolSize=0", "option maxPoolSize can't be used"),
            ("mongodb://a/?heartbeatFrequencyMS=10", "option heartbeatFrequencyMS can't be used"),
            ("mongodb://a/?w=0&journal=true", "options w and journal can't be used together"),
            ("mongodb://a/?srvMaxHosts=1", "option srvMaxHosts can't be used: it does not go with the rest"),
        ] {
            let no = wrong(text);
            assert!(no.contains(why), "{text}: {no}");
        }
        assert!(mongo_url("mongodb+srv://nowhere.invalid/?replicaSet=rs&tls=false").is_ok(), "DNS is not asked");
    }

    #[test]
    fn of_a_malformed_address_nothing_is_told() {
        for text in [
            "mongodb://u:hunter2",
            "mongodb://u:hunter2@h:hunter2",
            "mongodb://u:hun/ter2@h",
            "mongodb:hunter2",
            "mongodb://u:1?hunter2=x@h/?tls=true",
            "mongodb://u:1?hunter2@h",
            "mongodb://u:p&hunter2@h@h",
            "mongodb://",
        ] {
            assert!(wrong(text).starts_with("no MongoDB address: use mongodb://USER:PASSWORD@"), "{text}");
        }
    }
}
