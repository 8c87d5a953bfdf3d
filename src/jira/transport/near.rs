//! Addresses of this machine and of the link that it is on, where only the site's own files may be fetched.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Resolves names to addresses that are not near. What is judged is so what is connected to.
pub(super) struct FarOnly;

/// A name or an address that leads to this machine or its link.
#[derive(Debug)]
pub(super) struct Near;

impl fmt::Display for Near {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "it is said to be on this machine or its own link, where no file is fetched unless the site is there",
        )
    }
}

impl std::error::Error for Near {}

impl Resolve for FarOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let far: Vec<SocketAddr> = addresses(name.as_str()).await?.filter(|at| !is_near(at.ip())).collect();
            if far.is_empty() { Err(Near.into()) } else { Ok(Box::new(far.into_iter()) as Addrs) }
        })
    }
}

/// Whether an address in a URL is near as it is written; names are for [`FarOnly`].
pub(super) fn is_written_near(url: &Url) -> bool {
    literal(url.host_str().unwrap_or_default()).is_some_and(is_near)
}

/// Whether a host has any address near.
pub(super) async fn is_near_host(host: &str) -> bool {
    match literal(host) {
        Some(address) => is_near(address),
        None => addresses(host).await.is_ok_and(|mut found| found.any(|at| is_near(at.ip()))),
    }
}

async fn addresses(name: &str) -> std::io::Result<impl Iterator<Item = SocketAddr> + use<>> {
    Ok(tokio::net::lookup_host((name, 0)).await?.collect::<Vec<_>>().into_iter())
}

fn literal(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// Loopback, link-local, and the unspecified address, which leads to loopback.
fn is_near(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(it) => it.is_loopback() || it.is_link_local() || it.is_unspecified(),
        IpAddr::V6(it) => match it.to_ipv4_mapped() {
            Some(mapped) => is_near(mapped.into()),
            None => it.is_loopback() || it.is_unspecified() || is_link_local(it),
        },
    }
}

fn is_link_local(address: Ipv6Addr) -> bool {
    address.segments()[0] & 0xffc0 == 0xfe80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_and_its_link_are_near() {
        for near in [
            "127.0.0.1",
            "127.8.9.1",
            "0.0.0.0",
            "169.254.169.254",
            "::1",
            "::",
            "fe80::1",
            "febf::1",
            "::ffff:127.0.0.1",
        ] {
            assert!(is_near(near.parse().unwrap()), "{near}");
        }
        for far in [
            "10.0.0.1",
            "192.168.1.1",
            "128.0.0.1",
            "169.253.1.1",
            "fec0::1",
            "fd00::1",
            "2001:db8::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(!is_near(far.parse().unwrap()), "{far}");
        }
    }

    #[tokio::test]
    async fn a_host_is_judged_by_what_its_name_leads_to() {
        assert!(is_near_host("localhost").await && is_near_host("[::1]").await);
        assert!(!is_near_host("192.0.2.1").await);
        assert!(is_written_near(&"http://[::ffff:7f00:1]:80/".parse().unwrap()));
        assert!(is_written_near(&"http://2130706433/".parse().unwrap()), "a number is an address too");
        let resolved = FarOnly.resolve("localhost".parse().unwrap()).await;
        assert!(resolved.err().is_some_and(|error| error.is::<Near>()));
    }
}
