//! Over real sockets, with reqwest.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Request, Response};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use parking_lot::Mutex;
use reqwest::{Certificate, ClientBuilder};
use sha2::{Digest, Sha256};

use super::near::{self, FarOnly, Near};
use super::{Body, BoxError, ThroughProxy, ToStranger, Transport, Transports, Unreachable, proxies};
use crate::descriptors;
use crate::flow::{JiraAccess, Secret};
use crate::jira::limits::CONNECT_LIMIT;
use crate::settings::{Proxies, Proxy};

/// Over the network. Bodies stream both ways, at the pace of whoever is slower.
pub struct Network {
    /// Through the proxies.
    outside: reqwest::Client,
    /// Straight: nobody's proxy can reach our own loopback.
    loopback: reqwest::Client,
    /// Straight, and never to this machine or its link.
    far: reqwest::Client,
    /// Tells what goes through a proxy, which alone knows the address that it connects to.
    proxies: Arc<Proxies>,
    /// The credentials for proxies.
    secrets: Vec<Secret>,
}

impl Network {
    /// Trusts the authorities that this machine trusts.
    ///
    /// # Errors
    /// When no HTTP client can be made on this machine.
    pub fn new(proxies: &Arc<Proxies>) -> Result<Self, Unreachable> {
        Self::trusting(&[], proxies)
    }

    /// Trusts further authorities besides: the certificates of `pem`, any number of them.
    ///
    /// # Errors
    /// When there is no certificate in `pem`, or one that can't be read.
    pub fn with_ca(pem: &[u8], proxies: &Arc<Proxies>) -> Result<Self, Unreachable> {
        let certificates = Certificate::from_pem_bundle(pem).map_err(|e| not_made(story(&e)))?;
        if certificates.is_empty() {
            return Err(not_made("there is no certificate in PEM format in the file of authorities".to_owned()));
        }
        Self::trusting(&certificates, proxies)
    }

    fn trusting(authorities: &[Certificate], proxies: &Arc<Proxies>) -> Result<Self, Unreachable> {
        let outside = client(authorities, |builder| through(builder, proxies))?;
        let loopback = client(authorities, ClientBuilder::no_proxy)?;
        let far = client(authorities, |builder| builder.no_proxy().dns_resolver(FarOnly))?;
        let secrets = proxies::secrets(proxies.all().map(Proxy::expose));
        Ok(Self { outside, loopback, far, proxies: Arc::clone(proxies), secrets })
    }

    async fn carry(&self, request: Request<Body>) -> Result<Response<Body>, Unreachable> {
        let stranger = request.extensions().get::<ToStranger>().cloned();
        let request = request.map(|body| reqwest::Body::wrap(Shareable(Mutex::new(body))));
        let request = reqwest::Request::try_from(request).map_err(|e| not_made(story(&e)))?;
        let proxy = proxy_for(&self.proxies, request.url()).cloned();
        let (client, proxy) = match stranger {
            Some(stranger) if !near::is_near_host(&stranger.site).await => {
                if near::is_written_near(request.url()) {
                    return Err(off_limits());
                }
                (if proxy.is_some() { &self.outside } else { &self.far }, proxy)
            }
            Some(_) | None if is_loopback(request.url()) => (&self.loopback, None),
            Some(_) | None => (&self.outside, proxy),
        };
        let host = request.url().host_str().unwrap_or_default().to_owned();
        let response = client.execute(request).await.map_err(|e| match (is_near(&e), &proxy) {
            (true, _) => off_limits(),
            (false, Some(proxy)) => unreachable(&e, through_proxy(&e, proxy, &host)),
            (false, None) => unreachable(&e, story(&e)),
        })?;
        let mut response = Response::from(response).map(|body| body.map_err(BoxError::from).boxed_unsync());
        if let Some(proxy) = proxy {
            response.extensions_mut().insert(ThroughProxy(proxy));
        }
        Ok(response)
    }
}

impl Transport for Network {
    fn send(&self, request: Request<Body>) -> BoxFuture<'_, Result<Response<Body>, Unreachable>> {
        Box::pin(self.carry(request))
    }

    fn secrets(&self) -> Vec<Secret> {
        self.secrets.clone()
    }
}

/// The networks of a process: flows that trust the same authorities share one, and with it its connections.
#[derive(Default)]
pub struct Networks {
    proxies: Arc<Proxies>,
    known: Mutex<BTreeMap<Authorities, Weak<Network>>>,
}

/// Digest of a bundle of certificates; `None` for those of the machine alone.
type Authorities = Option<[u8; 32]>;

impl Networks {
    /// All of them go through these proxies; by default straight.
    #[must_use]
    pub fn through(proxies: Proxies) -> Self {
        Self { proxies: Arc::new(proxies), known: Mutex::default() }
    }

    /// The network that trusts this machine's authorities and those in `ca`, the content of a PEM file. It lives as
    /// long as somebody uses it.
    ///
    /// # Errors
    /// As [`Network::new`] and [`Network::with_ca`].
    pub fn of(&self, ca: Option<&[u8]>) -> Result<Arc<Network>, Unreachable> {
        let key = ca.map(|pem| Sha256::digest(pem).into());
        let mut networks = self.known.lock();
        if let Some(network) = networks.get(&key).and_then(Weak::upgrade) {
            return Ok(network);
        }
        let network = Arc::new(match ca {
            Some(pem) => Network::with_ca(pem, &self.proxies)?,
            None => Network::new(&self.proxies)?,
        });
        networks.retain(|_, network| network.strong_count() > 0);
        networks.insert(key, Arc::downgrade(&network));
        Ok(network)
    }
}

impl Transports for Networks {
    fn of(&self, access: &JiraAccess) -> Result<Arc<dyn Transport>, Unreachable> {
        let network = Networks::of(self, access.authority.as_ref().map(|authority| authority.pem().as_bytes()))?;
        Ok(network)
    }
}

/// A body that reqwest takes: it asks that bodies can be looked at from several threads, which ours can't. The lock is
/// free whenever it is asked for.
struct Shareable(Mutex<Body>);

impl http_body::Body for Shareable {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let body = self.get_mut().0.get_mut();
        Pin::new(body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.lock().size_hint()
    }
}

/// A client without a proxy that could be used would go straight, so each is one that can be: see [`Proxies`].
fn through(builder: ClientBuilder, proxies: &Arc<Proxies>) -> ClientBuilder {
    if proxies.is_empty() {
        return builder.no_proxy();
    }
    let proxies = Arc::clone(proxies);
    let url = move |url: &reqwest::Url| proxy_for(&proxies, url).map(|proxy| proxy.expose().to_owned());
    builder.proxy(reqwest::Proxy::custom(url))
}

fn proxy_for<'a>(proxies: &'a Proxies, url: &reqwest::Url) -> Option<&'a Proxy> {
    proxies.of(url.scheme(), url.host_str()?, url.port_or_known_default()?)
}

/// A machine without any authorities' certificates can still speak plain HTTP: there it gets a client that trusts
/// nobody but the `authorities` it was given, whose first https request says so.
fn client(
    authorities: &[Certificate],
    shape: impl Fn(ClientBuilder) -> ClientBuilder,
) -> Result<reqwest::Client, Unreachable> {
    // Nothing asks for compressed answers: Jira's are small, and a bound on what is read is then a bound on what is
    // held.
    let builder = || {
        let plain = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .user_agent(concat!("lockstep/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_LIMIT);
        shape(plain)
    };
    let made = builder().tls_certs_merge(authorities.iter().cloned()).build();
    let made = made.or_else(|_| builder().tls_certs_only(authorities.iter().cloned()).build());
    made.map_err(|e| not_made(story(&e)))
}

fn not_made(why: String) -> Unreachable {
    Unreachable { begun: false, why }
}

fn unreachable(error: &reqwest::Error, why: String) -> Unreachable {
    Unreachable { begun: !error.is_connect() && !error.is_builder(), why }
}

/// Why no response came through a proxy, as far as it can be told from why none came from Jira.
fn through_proxy(error: &reqwest::Error, proxy: &Proxy, host: &str) -> String {
    let said = story(error);
    if said.contains(WANTS_LOGIN) {
        return wants_login(proxy);
    }
    if said.contains(REFUSED_TUNNEL) {
        return format!(
            "{proxy} does not connect us to {host}: it answered CONNECT with a refusal, such as 403; see that its rules \
             allow this machine to reach {host}, or name the host in NO_PROXY"
        );
    }
    format!("through {proxy}: {said}")
}

/// What hyper-util says of a proxy's 407 and of its other refusals; its error is no public type.
const WANTS_LOGIN: &str = "tunnel error: proxy authorization required";
const REFUSED_TUNNEL: &str = "tunnel error: unsuccessful";

/// 407, in words.
pub(in crate::jira) fn wants_login(proxy: &Proxy) -> String {
    let variable = proxy.variable();
    if proxy.has_credentials() {
        format!("{proxy} does not accept the user name and password of {variable} (407): correct them and restart")
    } else {
        format!("{proxy} wants a user name and a password (407): put them into {variable}, before the host and an @")
    }
}

/// It concerns that file alone, unlike a network that is down.
fn off_limits() -> Unreachable {
    Unreachable { begun: true, why: Near.to_string() }
}

fn is_near(error: &reqwest::Error) -> bool {
    let cause = std::error::Error::source(error);
    std::iter::successors(cause, |error| error.source()).any(|error| error.is::<Near>())
}

fn is_loopback(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// An error with its causes, without the URL, which is told elsewhere.
fn story(error: &reqwest::Error) -> String {
    let mut parts = Vec::new();
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(error) = cause {
        parts.push(error.to_string());
        cause = error.source();
    }
    let said = if parts.is_empty() { "the request could not be sent".to_owned() } else { parts.join(": ") };
    let explained = descriptors::explained_text(said.clone());
    match descriptors::shortage_now().filter(|_| explained == said && error.is_connect()) {
        // A name can't be looked up then, and the resolver does not say why.
        Some(shortage) => format!("{said}: {shortage}"),
        None => explained,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_told_from_the_outside() {
        let cases = [
            ("http://127.0.0.1:8080/x", true),
            ("http://localhost/x", true),
            ("http://[::1]:1/x", true),
            ("https://127.0.0.1.example.net/", false),
            ("https://a.example.net/", false),
        ];
        for (url, loopback) in cases {
            assert_eq!(is_loopback(&url.parse().unwrap()), loopback, "{url}");
        }
    }

    #[test]
    fn flows_that_trust_the_same_share_a_network_that_ends_with_them() {
        let networks = Networks::default();
        let one = networks.of(None).unwrap();
        assert!(Arc::ptr_eq(&one, &networks.of(None).unwrap()));
        drop(one);
        assert!(networks.known.lock().values().all(|network| network.strong_count() == 0));
    }

    #[test]
    fn a_file_of_authorities_without_any_is_refused() {
        for pem in ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            assert!(Network::with_ca(pem.as_bytes(), &Arc::default()).is_err(), "{pem}");
        }
    }

    /// One https answer by a server whose certificate only the authority of the test data vouches for.
    #[expect(clippy::disallowed_methods, reason = "the test's own server, which the runtime's end ends")]
    async fn https_server() -> String {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
        use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};
        let certificate = CertificateDer::from_pem_slice(include_bytes!("testdata/server.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_slice(include_bytes!("testdata/server.key.pem")).unwrap();
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("https://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = TlsAcceptor::from(Arc::new(config)).accept(stream).await else { return };
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await;
        });
        address
    }

    async fn status(network: &Network) -> Result<u16, Unreachable> {
        let request = Request::get(https_server().await).body(super::super::full("")).unwrap();
        network.send(request).await.map(|response| response.status().as_u16())
    }

    #[tokio::test]
    async fn a_site_is_trusted_only_with_the_authority_that_vouches_for_it() {
        let with = Network::with_ca(include_bytes!("testdata/authority.pem"), &Arc::default()).unwrap();
        assert_eq!(status(&with).await, Ok(204));
        let without = status(&Network::new(&Arc::default()).unwrap()).await.unwrap_err();
        assert!(!without.begun, "nothing was asked of a stranger: {without}");
    }

    /// A listener on loopback, and the request for a file there by a site elsewhere.
    async fn file_on_loopback(host: &str, site: &str) -> (tokio::net::TcpListener, Request<Body>) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{host}:{}/latest/meta-data", listener.local_addr().unwrap().port());
        let request = Request::get(uri).extension(ToStranger { site: site.to_owned() });
        (listener, request.body(super::super::full("")).unwrap())
    }

    #[tokio::test]
    async fn a_file_on_this_machine_is_fetched_only_if_the_site_is_there() {
        let network = Network::new(&Arc::default()).unwrap();
        for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"] {
            let (listener, request) = file_on_loopback(host, "192.0.2.1").await;
            let end = network.send(request).await.unwrap_err();
            assert!(end.why.contains("this machine"), "{host}: {end}");
            let asked = std::future::poll_fn(|cx| std::task::Poll::Ready(listener.poll_accept(cx).is_ready())).await;
            assert!(!asked, "{host}: nothing may even connect");
        }
        let (listener, request) = file_on_loopback("127.0.0.1", "localhost").await;
        let accepted = async { drop(listener.accept().await.unwrap()) };
        let (end, ()) = tokio::join!(network.send(request), accepted);
        assert!(!end.unwrap_err().why.contains("this machine"));
    }

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "the test's own server, which the runtime's end ends")]
    async fn nobody_is_sent_on_behind_our_back() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream.write_all(b"HTTP/1.1 302 Found\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n").await;
        });
        let request = Request::get(address).body(super::super::full("")).unwrap();
        assert_eq!(Network::new(&Arc::default()).unwrap().send(request).await.unwrap().status(), 302);
    }

    /// A server on loopback that answers each of its first connections with one of these, and what it was asked.
    #[expect(clippy::disallowed_methods, reason = "the test's own server, which the runtime's end ends")]
    async fn proxy(answers: &[&'static str]) -> (String, Arc<Mutex<Vec<String>>>) {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (asked, answers) = (Arc::<Mutex<Vec<String>>>::default(), answers.to_vec());
        let heard = Arc::clone(&asked);
        tokio::spawn(async move {
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let (mut head, mut piece) = (Vec::new(), [0; 1024]);
                while !head.ends_with(b"\r\n\r\n") {
                    let read = stream.read(&mut piece).await.unwrap();
                    head.extend_from_slice(&piece[..read]);
                }
                heard.lock().push(String::from_utf8(head).unwrap());
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        (address, asked)
    }

    fn proxies(env: &[(&str, String)]) -> Arc<Proxies> {
        let env = |name: &str| env.iter().find(|(n, _)| *n == name).map(|(_, value)| value.clone());
        Arc::new(Proxies::from_env(&env).unwrap())
    }

    async fn fetched(proxies: &Arc<Proxies>, url: &str) -> Result<Response<Body>, Unreachable> {
        let request = Request::get(url).body(super::super::full("")).unwrap();
        Network::new(proxies).unwrap().send(request).await
    }

    #[tokio::test]
    async fn a_request_goes_through_the_proxy_with_the_credentials_of_its_variable() {
        let (address, asked) = proxy(&["HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 403 Forbidden\r\n\r\n"]).await;
        let named = format!("http://bot:p%40ss%20w%C3%B6rd@{address}");
        let proxies = proxies(&[("ALL_PROXY", named)]);
        let response = fetched(&proxies, "http://jira.corp.test/x").await.unwrap();
        assert!(response.extensions().get::<ThroughProxy>().is_some());
        let _ = fetched(&proxies, "https://jira.corp.test/x").await.unwrap_err();
        let asked = asked.lock().clone();
        assert!(asked[0].starts_with("GET http://jira.corp.test/x HTTP/1.1"), "{asked:?}");
        assert!(asked[1].starts_with("CONNECT jira.corp.test:443 HTTP/1.1"), "{asked:?}");
        for head in asked {
            // bot:p@ss wörd
            assert!(head.to_ascii_lowercase().contains("proxy-authorization: basic ym90onbac3mgd8o2cmq="), "{head}");
        }
    }

    #[tokio::test]
    async fn an_exception_goes_straight() {
        let (site, asked) = proxy(&["HTTP/1.1 204 No Content\r\n\r\n"]).await;
        let port = site.rsplit_once(':').unwrap().1;
        let env = [("ALL_PROXY", "http://127.0.0.1:1".to_owned()), ("NO_PROXY", format!("127.0.0.2:{port}"))];
        let response = fetched(&proxies(&env), &format!("http://127.0.0.1:{port}/x")).await.unwrap();
        assert_eq!((response.status().as_u16(), asked.lock().len()), (204, 1), "loopback goes straight always");
        let far = fetched(&proxies(&env), "http://jira.corp.test/x").await.unwrap_err();
        assert!(!far.begun && far.why.starts_with("through the proxy 127.0.0.1:1 (ALL_PROXY): "), "{far}");
        let exempt =
            proxies(&[("ALL_PROXY", "http://127.0.0.1:1".to_owned()), ("NO_PROXY", "*.invalid:80".to_owned())]);
        let straight = fetched(&exempt, "http://jira.invalid/x").await.unwrap_err();
        assert!(!straight.begun && !straight.why.contains("proxy"), "{straight}");
    }

    #[tokio::test]
    async fn what_a_proxy_refuses_is_told_as_the_proxys_and_nothing_was_sent() {
        for (answer, credentials, told) in [
            (
                "407 Proxy Authentication Required",
                "",
                "wants a user name and a password (407): put them into ALL_PROXY",
            ),
            (
                "407 Proxy Authentication Required",
                "bot:hunter2@",
                "does not accept the user name and password of ALL_PROXY",
            ),
            ("403 Forbidden", "bot:hunter2@", "does not connect us to jira.corp.test"),
        ] {
            let answer = Box::leak(format!("HTTP/1.1 {answer}\r\n\r\n").into_boxed_str());
            let (address, _) = proxy(&[answer]).await;
            let proxies = proxies(&[("ALL_PROXY", format!("http://{credentials}{address}"))]);
            let end = fetched(&proxies, "https://jira.corp.test/x").await.unwrap_err();
            assert!(!end.begun && end.why.starts_with(&format!("the proxy {address} (ALL_PROXY) ")), "{end}");
            assert!(end.why.contains(told) && !end.why.contains("hunter2"), "{end}");
        }
    }
}
