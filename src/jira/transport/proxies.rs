//! The credentials for proxies, which an answer may repeat and no message tells.

use crate::flow::Secret;

/// The variables that name proxies.
const VARIABLES: [&str; 6] = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// Passwords for proxies, and pairs of user and password, as they are written and as they are meant.
pub(super) fn secrets(env: &dyn Fn(&str) -> Option<String>) -> Vec<Secret> {
    VARIABLES.iter().filter_map(|name| env(name)).flat_map(|url| of_url(&url)).map(Secret::new).collect()
}

fn of_url(url: &str) -> Vec<String> {
    let behind_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let Some((pair, _)) = behind_scheme.rsplit_once('@') else { return Vec::new() };
    let forms = [pair.to_owned(), meant(pair)];
    forms
        .into_iter()
        .flat_map(|pair| [pair.split_once(':').map(|(_, it)| it.to_owned()), Some(pair)])
        .flatten()
        .collect()
}

/// Without percent-encoding.
fn meant(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = if *first == b'%' { after.get(..2).and_then(|code| std::str::from_utf8(code).ok()) } else { None };
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => (bytes.push(byte), rest = &after[2..]),
            None => (bytes.push(*first), rest = after),
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::foreign::Mask;

    /// What is told of a text where this proxy is set.
    fn told(proxy: &str, text: &str) -> String {
        let secrets = secrets(&|name| (name == "https_proxy").then(|| proxy.to_owned()));
        Mask::of(secrets.iter().map(Secret::expose)).tell(text)
    }

    #[test]
    fn the_credentials_for_a_proxy_are_not_told_however_it_repeats_them() {
        let proxy = "http://bot:hun%2Fter2@proxy.example.net:3128";
        // What `Proxy-Authorization` holds: the pair in Base64.
        let echo = "Basic Ym90Omh1bi90ZXIy, bot:hun/ter2, hun%2Fter2, hun/ter2, http://x:y@proxy";
        assert_eq!(told(proxy, echo), "Basic ***, ***, ***, ***, http://***@proxy");
        assert_eq!(told("proxy.example.net:3128", "all of it"), "all of it");
        assert_eq!(told("bot:hunter2@proxy", "hunter2 %"), "*** %");
    }
}
