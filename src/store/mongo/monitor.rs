//! What the driver's monitors last learned of each server behind an address, and why none of them can be used.
//!
//! When no server can be used the driver says so in one long text. Its monitors tell the same in values, also of servers
//! that it has since dismissed: a member of a set with another name, or one that is known by another address.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mongodb::bson::Document;
use mongodb::event::EventHandler;
use mongodb::event::sdam::SdamEvent;
use mongodb::options::{ClientOptions, ServerAddress, Tls};
use parking_lot::Mutex;

use super::reach::{self, Cause, Way};

/// What matters of an address when its servers can't be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// `replicaSet`.
    set: Option<String>,
    /// `directConnection=true`.
    direct: bool,
    /// Whether connections are encrypted.
    tls: bool,
    /// The database in which the user is looked for; `None` without a user.
    pub(super) user_of: Option<String>,
}

impl Asked {
    pub(super) fn of(options: &ClientOptions) -> Self {
        Self {
            set: options.repl_set_name.clone(),
            direct: options.direct_connection == Some(true),
            tls: matches!(options.tls, Some(Tls::Enabled(_))),
            user_of: options.credential.as_ref().map(|user| user.source.clone().unwrap_or_else(|| "admin".to_owned())),
        }
    }
}

/// What is known of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    /// It was asked, and has not answered yet.
    Asked,
    /// It answered.
    Answered(Hello),
    /// It can't be asked.
    Failed(Cause),
}

/// What a server says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Hello {
    Standalone,
    Router,
    /// Started as a member, and in no set.
    InNoSet,
    Member {
        set: String,
        /// Their addresses, as the set knows them.
        members: BTreeSet<String>,
        is_primary: bool,
    },
}

impl Hello {
    fn of(reply: &Document) -> Self {
        let says = |field: &str| reply.get_bool(field).is_ok_and(|it| it);
        if let Ok(set) = reply.get_str("setName") {
            let hosts = ["hosts", "passives"].into_iter().filter_map(|field| reply.get_array(field).ok()).flatten();
            let members = hosts.filter_map(|host| host.as_str().map(written_key)).collect();
            let is_primary = says("isWritablePrimary") || says("ismaster");
            return Self::Member { set: set.to_owned(), members, is_primary };
        }
        match (says("isreplicaset"), reply.get_str("msg")) {
            (true, _) => Self::InNoSet,
            (false, Ok("isdbgrid")) => Self::Router,
            (false, _) => Self::Standalone,
        }
    }

    /// Whether the driver works with the server that says this at this address.
    fn is_usable(&self, address: &str, asked: &Asked) -> bool {
        let is_wanted = |set: &String| asked.set.as_ref().is_none_or(|wanted| wanted == set);
        match self {
            Self::Standalone | Self::Router => asked.set.is_none(),
            Self::InNoSet => false,
            Self::Member { set, .. } if asked.direct => is_wanted(set),
            Self::Member { set, members, is_primary } => *is_primary && members.contains(address) && is_wanted(set),
        }
    }
}

/// What the monitors of one client learned. Clones are one.
#[derive(Clone, Default)]
pub(super) struct Monitor(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    /// By their addresses.
    servers: BTreeMap<String, Seen>,
    /// Whether any has answered since the client was made.
    has_answered: bool,
}

impl Monitor {
    /// Told by the driver of all that happens to its servers.
    pub(super) fn handler(&self) -> EventHandler<SdamEvent> {
        let monitor = self.clone();
        EventHandler::callback(move |event| monitor.note(event))
    }

    /// Why no server can be used; `None` if one can, as far as is known.
    pub(super) fn trouble(&self, asked: &Asked) -> Option<String> {
        let known = self.0.lock();
        trouble(asked, known.way(asked), &known.servers)
    }

    /// How servers are spoken to.
    pub(super) fn way(&self, asked: &Asked) -> Way {
        self.0.lock().way(asked)
    }

    fn note(&self, event: SdamEvent) {
        let mut known = self.0.lock();
        known.has_answered |= matches!(event, SdamEvent::ServerHeartbeatSucceeded(_));
        let seen = &mut known.servers;
        match event {
            SdamEvent::ServerHeartbeatStarted(event) => {
                seen.entry(key(&event.server_address)).or_insert(Seen::Asked);
            }
            SdamEvent::ServerHeartbeatSucceeded(event) => {
                seen.insert(key(&event.server_address), Seen::Answered(Hello::of(&event.reply)));
            }
            SdamEvent::ServerHeartbeatFailed(event) => {
                seen.insert(key(&event.server_address), Seen::Failed(reach::cause(&event.failure)));
            }
            // Monitors need no user: that one was refused is seen here only.
            SdamEvent::ServerDescriptionChanged(event) => {
                if let Some(error) = event.new_description.error().filter(|error| reach::is_about_users(error)) {
                    seen.insert(key(&event.address), Seen::Failed(reach::cause(error)));
                }
            }
            // What a dismissed server said is why it was dismissed; that it failed is of no interest any more.
            SdamEvent::ServerClosed(event) => {
                let key = key(&event.address);
                if !matches!(seen.get(&key), Some(Seen::Answered(_))) {
                    seen.remove(&key);
                }
            }
            SdamEvent::ServerOpening(_)
            | SdamEvent::TopologyOpening(_)
            | SdamEvent::TopologyClosed(_)
            | SdamEvent::TopologyDescriptionChanged(_)
            // Of a kind that this version does not know.
            | _ => {}
        }
    }
}

/// A member as its set writes it, in the driver's way: without the brackets of IPv6.
fn written_key(host: &str) -> String {
    ServerAddress::parse(host).map_or_else(|_| host.to_lowercase(), |address| key(&address))
}

impl Known {
    fn way(&self, asked: &Asked) -> Way {
        match (self.has_answered, asked.tls) {
            (true, _) => Way::Proven,
            (false, true) => Way::Encrypted,
            (false, false) => Way::Plain,
        }
    }
}

fn key(address: &ServerAddress) -> String {
    address.to_string().to_lowercase()
}

fn trouble(asked: &Asked, way: Way, seen: &BTreeMap<String, Seen>) -> Option<String> {
    let answered = || {
        seen.iter().filter_map(|(address, seen)| match seen {
            Seen::Answered(hello) => Some((address, hello)),
            Seen::Asked | Seen::Failed(_) => None,
        })
    };
    if answered().any(|(address, hello)| hello.is_usable(address, asked)) {
        return None;
    }
    let unfit = || answered().find_map(|(address, hello)| unfit(address, hello, asked));
    unfit()
        .or_else(|| inside_names(asked, seen))
        .or_else(|| no_primary(answered().count(), seen))
        .or_else(|| away(way, seen))
}

/// Why a server that answers is not one that is asked for.
fn unfit(address: &str, hello: &Hello, asked: &Asked) -> Option<String> {
    match (hello, asked.set.as_ref()) {
        (Hello::InNoSet, _) => Some(format!(
            "{address} was started as a member of a replica set that was never initiated, or was removed from it; run \
             rs.initiate() on it once, and check rs.status()"
        )),
        (Hello::Member { set, .. }, Some(wanted)) if set != wanted => Some(format!(
            "the replica set of {address} is called {set}, and not {wanted}; correct replicaSet in its address"
        )),
        (Hello::Standalone, Some(wanted)) => Some(format!(
            "{address} is a standalone server, and no member of a replica set {wanted}; remove replicaSet from its address"
        )),
        (Hello::Router, Some(_)) => {
            Some(format!("{address} is a router of a sharded cluster; remove replicaSet from its address"))
        }
        (Hello::Standalone | Hello::Router, None) | (Hello::Member { .. }, _) => None,
    }
}

/// The usual set in a container: it answers, and knows itself by a name that means nothing outside.
fn inside_names(asked: &Asked, seen: &BTreeMap<String, Seen>) -> Option<String> {
    let (address, members) = seen.iter().find_map(|(address, seen)| match seen {
        Seen::Answered(Hello::Member { members, .. }) if !asked.direct && !members.contains(address) => {
            Some((address, members))
        }
        Seen::Asked | Seen::Answered(_) | Seen::Failed(_) => None,
    })?;
    let why = members.iter().find_map(|member| match seen.get(member) {
        Some(Seen::Failed(cause)) => Some(format!(" ({})", cause.what)),
        Some(Seen::Asked | Seen::Answered(_)) | None => None,
    });
    let names: Vec<_> = members.iter().map(String::as_str).collect();
    let (names, why) = (names.join(", "), why.unwrap_or_default());
    Some(match members.len() {
        1 => format!(
            "the replica set of {address} knows its only member as {names}, which can't be reached from here{why}; add \
             directConnection=true to its address, or have that name lead to it from here"
        ),
        _ => format!(
            "the replica set of {address} knows its members as {names}, none of which can be used from here{why}; have \
             these names lead to them from here (directConnection=true does for a set with one member)"
        ),
    })
}

fn no_primary(answering: usize, seen: &BTreeMap<String, Seen>) -> Option<String> {
    let failed = failed(seen);
    let missing: Vec<_> = failed.iter().map(|(address, cause)| format!("{address}: {}", cause.what)).collect();
    let missing = if missing.is_empty() { String::new() } else { format!(" ({})", missing.join(", ")) };
    (answering > 0)
        .then(|| format!("its replica set has no primary{missing}; it elects one when a majority of its members is up"))
}

/// No server answers.
fn away(way: Way, seen: &BTreeMap<String, Seen>) -> Option<String> {
    let failed = failed(seen);
    let Some((_, first)) = failed.first() else {
        return (!seen.is_empty()).then(|| format!("no server answers; {}", reach::REACH));
    };
    // One that tells of more than its being away is what to see to first.
    let telling = failed.iter().map(|(_, cause)| cause).find(|cause| cause.remedy != reach::REACH).unwrap_or(first);
    let causes: Vec<_> = failed.iter().map(|(address, cause)| format!("{address}: {}", cause.what)).collect();
    Some(format!("no server can be used: {}; {}", causes.join(", "), telling.advice(way)))
}

fn failed(seen: &BTreeMap<String, Seen>) -> Vec<(&String, &Cause)> {
    let failed = seen.iter().filter_map(|(address, seen)| match seen {
        Seen::Failed(cause) => Some((address, cause)),
        Seen::Asked | Seen::Answered(_) => None,
    });
    failed.collect()
}

#[cfg(test)]
mod tests {
    use mongodb::bson::doc;

    use super::*;

    fn told(asked: &Asked, seen: &[(&str, Seen)]) -> Option<String> {
        trouble(asked, Way::Proven, &seen.iter().map(|(address, seen)| ((*address).to_owned(), seen.clone())).collect())
    }

    fn member(members: &[&str], is_primary: bool) -> Seen {
        let reply = doc! { "setName": "rs", "hosts": members, "isWritablePrimary": is_primary };
        Seen::Answered(Hello::of(&reply))
    }

    fn lost() -> Seen {
        Seen::Failed(reach::cause(&std::io::Error::other("failed to lookup address information").into()))
    }

    fn any() -> Asked {
        Asked::default()
    }

    #[test]
    fn a_member_with_an_ipv6_address_is_recognised() {
        let address = key(&ServerAddress::parse("[::1]:27018").unwrap());
        assert_eq!(told(&any(), &[(&address, member(&["[::1]:27018"], true))]), None);
    }

    #[test]
    fn a_server_that_can_be_used_is_no_trouble() {
        let named = Asked { set: Some("rs".to_owned()), ..any() };
        let direct = Asked { direct: true, ..any() };
        for (asked, seen) in [
            (&any(), &[("a:1", member(&["a:1", "b:2"], true)), ("b:2", lost())][..]),
            (&named, &[("a:1", member(&["A:1"], true))]),
            (&direct, &[("a:1", member(&["mongo:27017"], false))]),
            (&any(), &[("a:1", Seen::Answered(Hello::Standalone))]),
            (&any(), &[]),
        ] {
            assert_eq!(told(asked, seen), None, "{asked:?} {seen:?}");
        }
    }

    #[test]
    fn a_member_known_by_an_inside_name_is_named() {
        let seen = [("localhost:1", member(&["mongo:27017"], true)), ("mongo:27017", lost())];
        let said = told(&any(), &seen).unwrap();
        assert!(
            said.contains("knows its only member as mongo:27017, which can't be reached from here (failed to"),
            "{said}"
        );
        assert!(said.contains("add directConnection=true to its address"), "{said}");
        let three = member(&["a:1", "b:1", "c:1"], false);
        let said = told(&any(), &[("localhost:1", three), ("a:1", Seen::Asked)]).unwrap();
        assert!(said.contains("as a:1, b:1, c:1, none of which"), "{said}");
    }

    #[test]
    fn members_that_are_away_are_named_when_there_is_no_primary() {
        let said = told(&any(), &[("a:1", member(&["a:1", "b:1"], false)), ("b:1", lost())]).unwrap();
        assert_eq!(
            said,
            "its replica set has no primary (b:1: failed to lookup address information); it elects one when a majority of \
             its members is up"
        );
    }

    #[test]
    fn what_tells_most_decides_what_to_do() {
        let refused = Seen::Failed(reach::cause(&std::io::Error::from(std::io::ErrorKind::ConnectionRefused).into()));
        let said = told(&any(), &[("a:1", refused.clone()), ("b:1", lost())]).unwrap();
        assert!(said.ends_with("see that its host's name is right and known here"), "{said}");
        let said = told(&any(), &[("a:1", refused), ("b:1", Seen::Asked)]).unwrap();
        assert!(said.starts_with("no server can be used: a:1: ") && said.ends_with(reach::REACH), "{said}");
    }
}
