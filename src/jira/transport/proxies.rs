//! The credentials for proxies, which an answer may repeat and no message tells.

use crate::flow::Secret;

/// Passwords for the proxies at these URLs, and pairs of user and password, as they are written and as they are meant.
pub(super) fn secrets<'a>(urls: impl Iterator<Item = &'a str>) -> Vec<Secret> {
    urls.flat_map(of_url).map(Secret::new).collect()
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
        let secrets = secrets(std::iter::once(proxy));
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
