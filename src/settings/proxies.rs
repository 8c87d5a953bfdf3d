//! The HTTP proxies that the environment names, and which request goes through which of them.
//!
//! A proxy that can't be used as written is an error: the HTTP library would ignore it, and requests would bypass it
//! silently.

use std::fmt;
use std::net::IpAddr;

use http::Uri;
use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};

use super::{Env, WrongSetting, set};

/// The proxies through which requests go; by default none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    /// For `http:` addresses.
    http: Option<Proxy>,
    /// For `https:` addresses.
    https: Option<Proxy>,
    exceptions: Vec<Exception>,
    unusable: Vec<String>,
}

/// One proxy. Prints as its host and port and the variable that names it, never with its credentials.
#[derive(Clone)]
pub struct Proxy {
    variable: &'static str,
    url: SecretString,
    address: String,
    has_credentials: bool,
}

/// The names of each variable; the first one that is set counts.
const HTTP: [&str; 2] = ["HTTP_PROXY", "http_proxy"];
const HTTPS: [&str; 2] = ["HTTPS_PROXY", "https_proxy"];
const ALL: [&str; 2] = ["ALL_PROXY", "all_proxy"];
const NO: [&str; 2] = ["NO_PROXY", "no_proxy"];

const NO_SOCKS: &str = "SOCKS proxies can't be used; name an HTTP proxy, such as http://proxy.example.net:3128";
const NO_SCHEME: &str = "it is not the address of an HTTP proxy: use one such as http://proxy.example.net:3128";
const NO_CREDENTIALS: &str = "its user name or password can't be used as written: percent-encode them as UTF-8 (a blank \
                              is %20, ü is %C3%BC, @ is %40, : is %3A, / is %2F, # is %23, % is %25)";

impl Proxies {
    /// Reads `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` (for what the first two leave open) and `NO_PROXY`, each also in
    /// lower case. An empty variable counts as unset.
    ///
    /// # Errors
    /// When a proxy can't be used as written. The error names the variable and repeats nothing of its value.
    pub fn from_env(env: Env<'_>) -> Result<Self, WrongSetting> {
        let (http, https) = (proxy(env, HTTP)?, proxy(env, HTTPS)?);
        let all = if http.is_none() || https.is_none() { proxy(env, ALL)? } else { None };
        let (exceptions, unusable) = exceptions(&named(env, NO).map(|(_, text)| text).unwrap_or_default());
        Ok(Self { http: http.or_else(|| all.clone()), https: https.or(all), exceptions, unusable })
    }

    /// The proxy for requests to this host and port; `None` for direct ones.
    #[must_use]
    pub fn of(&self, scheme: &str, host: &str, port: u16) -> Option<&Proxy> {
        let proxy = match scheme {
            "http" => self.http.as_ref(),
            "https" => self.https.as_ref(),
            _ => None,
        };
        proxy.filter(|_| !self.exceptions.iter().any(|exception| exception.holds(host, port)))
    }

    /// The proxies in use.
    pub fn all(&self) -> impl Iterator<Item = &Proxy> {
        self.http.iter().chain(&self.https)
    }

    /// Whether no request goes through a proxy.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.http.is_none() && self.https.is_none()
    }

    /// Warnings to log at start: entries of `NO_PROXY` that match nothing.
    #[must_use]
    pub fn unusable(&self) -> &[String] {
        &self.unusable
    }
}

impl Proxy {
    fn read(variable: &'static str, text: &str) -> Result<Self, &'static str> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let scheme = scheme.to_ascii_lowercase();
        if scheme.starts_with("socks") {
            return Err(NO_SOCKS);
        }
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (credentials, address) = match rest.rsplit_once('@') {
            Some((credentials, address)) => (Some(credentials), address),
            None => (None, rest),
        };
        if credentials.is_some_and(|written| !is_encoded(written)) {
            return Err(NO_CREDENTIALS);
        }
        if !["http", "https"].contains(&&*scheme) || !is_address(address) {
            return Err(NO_SCHEME);
        }
        let url = match credentials {
            Some(credentials) => format!("{scheme}://{credentials}@{address}"),
            None => format!("{scheme}://{address}"),
        };
        let address = address.to_owned();
        Ok(Self { variable, url: url.into(), address, has_credentials: credentials.is_some() })
    }

    /// The whole URL, with its credentials. Only for building a client.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.url.expose_secret()
    }

    /// The variable that names it.
    #[must_use]
    pub fn variable(&self) -> &'static str {
        self.variable
    }

    /// Whether a user name and a password are sent to it.
    #[must_use]
    pub fn has_credentials(&self) -> bool {
        self.has_credentials
    }
}

/// Prints as `the proxy proxy.example.net:3128 (HTTPS_PROXY)`.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the proxy {} ({})", self.address, self.variable)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for Proxy {
    fn eq(&self, other: &Self) -> bool {
        (self.variable, self.expose()) == (other.variable, other.expose())
    }
}

impl Eq for Proxy {}

fn named(env: Env<'_>, names: [&'static str; 2]) -> Option<(&'static str, String)> {
    names.into_iter().find_map(|name| set(env, name).map(|text| (name, text)))
}

fn proxy(env: Env<'_>, names: [&'static str; 2]) -> Result<Option<Proxy>, WrongSetting> {
    let Some((name, text)) = named(env, names) else { return Ok(None) };
    Proxy::read(name, text.trim()).map(Some).map_err(|why| WrongSetting { name, why: why.to_owned() })
}

/// Whether user name and password are percent-encoded as in RFC 3986, and decode to UTF-8 without control characters.
fn is_encoded(written: &str) -> bool {
    let mut meant = Vec::new();
    let mut rest = written.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (first, rest) {
            (b'%', [high, low, after @ ..]) => {
                let Some(byte) = hex(*high).zip(hex(*low)).map(|(high, low)| high << 4 | low) else { return false };
                meant.push(byte);
                rest = after;
            }
            (byte, _) if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:".contains(byte) => meant.push(*byte),
            _ => return false,
        }
    }
    String::from_utf8(meant).is_ok_and(|meant| !meant.chars().any(char::is_control))
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Whether a text is `HOST` or `HOST:PORT`.
fn is_address(text: &str) -> bool {
    let Ok(uri) = format!("http://{text}/").parse::<Uri>() else { return false };
    let host = uri.host().unwrap_or_default();
    let port = text.strip_prefix(host).map(|port| port.strip_prefix(':').map_or(port.is_empty(), is_port));
    let is_name = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    !host.is_empty() && port == Some(true) && (is_name || net(host).is_some())
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok_and(|port| port > 0)
}

/// One or many hosts to which requests go without a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Exception {
    hosts: Hosts,
    /// `None` is any port.
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Hosts {
    All,
    /// This name and all its subdomains, in lower case.
    Name(String),
    Net(IpNet),
}

/// The entries of `NO_PROXY`, and a warning for each that matches nothing.
fn exceptions(text: &str) -> (Vec<Exception>, Vec<String>) {
    let entries = text.split(|c: char| c == ',' || c.is_whitespace()).filter(|entry| !entry.is_empty());
    let (mut exceptions, mut unusable) = (Vec::new(), Vec::new());
    for (entry, nth) in entries.zip(1..) {
        match Exception::read(entry) {
            Some(exception) => exceptions.push(exception),
            None => unusable.push(format!(
                "NO_PROXY: its entry number {nth} matches no host, so that it changes nothing: use a name such as \
                 corp.test (with all names below it), HOST:PORT, an address, a range such as 10.0.0.0/8, or * alone"
            )),
        }
    }
    (exceptions, unusable)
}

impl Exception {
    fn read(entry: &str) -> Option<Self> {
        // An IPv6 address is full of colons.
        if let Some(net) = net(entry) {
            return Some(Self { hosts: Hosts::Net(net), port: None });
        }
        let (host, port) = match entry.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (entry, None),
        };
        Some(Self { hosts: Hosts::read(host)?, port })
    }

    fn holds(&self, host: &str, port: u16) -> bool {
        self.hosts.contain(host) && self.port.is_none_or(|only| only == port)
    }
}

impl Hosts {
    fn read(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::All);
        }
        if let Some(net) = net(text) {
            return Some(Self::Net(net));
        }
        let name = text.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(text);
        let name = name.trim_start_matches('.').trim_end_matches('.').to_ascii_lowercase();
        let is_name = !name.is_empty() && name.bytes().all(|it| it.is_ascii_alphanumeric() || b"-._".contains(&it));
        is_name.then_some(Self::Name(name))
    }

    fn contain(&self, host: &str) -> bool {
        match self {
            Self::All => true,
            Self::Net(net) => address(host).is_some_and(|address| net.contains(&address)),
            Self::Name(name) => {
                let host = host.trim_end_matches('.').to_ascii_lowercase();
                host.strip_suffix(&**name).is_some_and(|above| above.is_empty() || above.ends_with('.'))
            }
        }
    }
}

fn address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

fn net(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| address(text).map(IpNet::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(env: &[(&str, &str)]) -> Result<Proxies, WrongSetting> {
        Proxies::from_env(&|name: &str| env.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned()))
    }

    fn refusal(value: &str) -> Option<String> {
        read(&[("HTTPS_PROXY", value)]).err().map(|wrong| wrong.to_string())
    }

    #[test]
    fn a_proxy_that_can_not_be_used_is_refused_without_repeating_it() {
        for value in [
            "http://bot:hunter 2@proxy:3128",
            "http://bot:hunter2ü@proxy:3128",
            "http://bot:hunter2\u{fffd}@proxy:3128",
            "http://bot:hunter2%@proxy:3128",
            "http://bot:hunter2%zz@proxy:3128",
            "http://bot:hunter2%FC@proxy:3128",
            "http://bot:hunter2%0D@proxy:3128",
            "http://bot:hunter/2@proxy:3128",
            "http://bot:hunter2@x@proxy:3128",
            "http://bot:hunter#2@proxy:3128",
            "bot:hunter 2@proxy:3128",
        ] {
            let told = refusal(value).unwrap_or_else(|| panic!("{value} is taken"));
            assert!(told.starts_with("HTTPS_PROXY: ") && told.contains("%20"), "{told}");
            assert!(!told.contains("hunter") && !told.contains("proxy:3128"), "{told}");
        }
        for value in [
            "http://",
            "http://proxy:0",
            "http://proxy:99999",
            "http://proxy:",
            "http://proxy:3128/path",
            "http://proxy:3128?x",
            "http://pröxy:3128",
            "ftp://proxy:21",
            "http:proxy",
        ] {
            let told = refusal(value).unwrap_or_else(|| panic!("{value} is taken"));
            assert!(told.contains("not the address of an HTTP proxy"), "{told}");
        }
        assert!(refusal("socks5h://proxy:1080").unwrap().contains("SOCKS"));
    }

    #[test]
    fn a_proxy_that_can_be_used_is_taken() {
        for (value, url) in [
            ("http://proxy.corp.test:3128", "http://proxy.corp.test:3128"),
            ("HTTPS://proxy.corp.test/", "https://proxy.corp.test"),
            ("proxy:3128", "http://proxy:3128"),
            ("http://[fd00::1]:3128", "http://[fd00::1]:3128"),
            ("http://10.0.0.1:3128", "http://10.0.0.1:3128"),
            ("http://bot:p%40ss%20w%C3%B6rd@proxy:3128", "http://bot:p%40ss%20w%C3%B6rd@proxy:3128"),
            (" bot@proxy:3128 ", "http://bot@proxy:3128"),
        ] {
            let proxies = read(&[("HTTPS_PROXY", value)]).unwrap();
            assert_eq!(proxies.of("https", "a.example.net", 443).unwrap().expose(), url);
            assert_eq!(proxies.of("http", "a.example.net", 80), None, "{value}");
        }
    }

    #[test]
    fn each_variable_counts_for_its_scheme_and_in_lower_case_too() {
        let of = |env: &[(&str, &str)], scheme| {
            let proxies = read(env).unwrap();
            proxies.of(scheme, "a.example.net", 443).map(|proxy| proxy.variable())
        };
        assert_eq!(of(&[("http_proxy", "p")], "http"), Some("http_proxy"));
        assert_eq!(of(&[("HTTPS_PROXY", ""), ("https_proxy", "p")], "https"), Some("https_proxy"));
        assert_eq!(of(&[("ALL_PROXY", "p"), ("http_proxy", "q")], "https"), Some("ALL_PROXY"));
        assert_eq!(of(&[("ALL_PROXY", "p"), ("http_proxy", "q")], "http"), Some("http_proxy"));
        let unused = [("HTTP_PROXY", "p"), ("HTTPS_PROXY", "q"), ("ALL_PROXY", "socks5://r")];
        assert_eq!(of(&unused, "https"), Some("HTTPS_PROXY"), "what is not used is not refused");
    }

    #[test]
    fn exceptions_hold_as_users_of_curl_and_go_expect() {
        for (exception, host, port, straight) in [
            ("*", "jira.corp.test", 443, true),
            ("corp.test", "corp.test", 443, true),
            ("corp.test", "jira.corp.test", 443, true),
            ("corp.test", "JIRA.Corp.Test.", 443, true),
            ("corp.test", "notcorp.test", 443, false),
            ("corp.test", "corp.test.example.net", 443, false),
            (".corp.test", "jira.corp.test", 443, true),
            ("CORP.test.", "jira.corp.test", 443, true),
            ("*.corp.test", "jira.corp.test", 443, true),
            ("*.corp.test", "a.b.corp.test", 443, true),
            ("*.corp.test", "notcorp.test", 443, false),
            ("jira.corp.test:8443", "jira.corp.test", 8443, true),
            ("jira.corp.test:8443", "jira.corp.test", 443, false),
            ("jira.corp.test:443", "jira.corp.test", 443, true),
            ("*.corp.test:8443", "jira.corp.test", 8443, true),
            ("10.1.2.3", "10.1.2.3", 443, true),
            ("10.1.2.3:8080", "10.1.2.3", 8080, true),
            ("10.1.2.3:8080", "10.1.2.3", 443, false),
            ("10.0.0.0/8", "10.1.2.3", 443, true),
            ("10.0.0.0/8", "11.1.2.3", 443, false),
            ("10.0.0.0/8", "10.corp.test", 443, false),
            ("fd00::/8", "[fd12::1]", 443, true),
            ("::1", "[::1]", 443, true),
            ("[fd12::1]", "[fd12::1]", 443, true),
            ("[fd12::1]:8080", "[fd12::1]", 443, false),
            ("a.test, corp.test", "jira.corp.test", 443, true),
            ("a.test corp.test", "jira.corp.test", 443, true),
            ("", "jira.corp.test", 443, false),
        ] {
            let proxies = read(&[("ALL_PROXY", "proxy"), ("NO_PROXY", exception)]).unwrap();
            assert_eq!(proxies.of("https", host, port).is_none(), straight, "{exception} for {host}:{port}");
            assert_eq!(proxies.unusable(), [""; 0], "{exception}");
        }
    }

    #[test]
    fn an_exception_that_matches_nothing_is_told() {
        for entry in ["192.168.*", "<local>", "http://corp.test", "jira.*.test", "corp.test:https", "*corp.test"] {
            let proxies = read(&[("NO_PROXY", &format!("a.test,{entry}"))]).unwrap();
            let told = proxies.unusable();
            assert!(told.len() == 1 && told[0].contains("entry number 2 matches no host"), "{entry}: {told:?}");
        }
    }

    #[test]
    fn a_proxy_prints_without_its_credentials() {
        let proxies = read(&[("HTTPS_PROXY", "http://bot:hunter2@proxy:3128")]).unwrap();
        let proxy = proxies.of("https", "a.example.net", 443).unwrap();
        assert_eq!(proxy.to_string(), "the proxy proxy:3128 (HTTPS_PROXY)");
        assert!(!format!("{proxies:?}").contains("hunter2"));
    }
}
