use http::header::{CONNECTION, HeaderValue, TE, TRANSFER_ENCODING, UPGRADE};
use http::request::Parts;
use http::{Request, Version};

use super::super::answer::Answer;
use super::{Via, to_backend};

const ADDRESS: HeaderValue = HeaderValue::from_static("192.0.2.9");
const LOCAL: HeaderValue = HeaderValue::from_static("127.0.0.1:8080");

fn request(method: &str, target: &str, lines: &[(&str, &str)]) -> Parts {
    let mut builder = Request::builder().method(method).uri(target);
    for (name, value) in lines {
        builder = builder.header(*name, *value);
    }
    builder.body(()).unwrap().into_parts().0
}

fn passed(parts: &mut Parts, has_body: bool) -> Result<Option<HeaderValue>, Answer> {
    to_backend(parts, has_body, &Via { address: &ADDRESS, local: &LOCAL, trust_forwarded: true })
}

fn lines(parts: &Parts, name: &str) -> Vec<String> {
    parts.headers.get_all(name).iter().map(|value| value.to_str().unwrap().to_owned()).collect()
}

#[test]
fn forwarded_headers_are_set_and_the_chain_of_addresses_grows() {
    let mut parts = request("GET", "/a?b", &[("host", "shop.example")]);
    passed(&mut parts, false).unwrap();
    assert_eq!(lines(&parts, "x-forwarded-for"), ["192.0.2.9"]);
    assert_eq!(lines(&parts, "x-forwarded-proto"), ["http"]);
    assert_eq!(lines(&parts, "x-forwarded-host"), ["shop.example"]);
    assert_eq!(lines(&parts, "via"), ["1.1 orchestra"]);

    let outer = [
        ("host", "inner"),
        ("x-forwarded-for", "198.51.100.1"),
        ("x-forwarded-for", "198.51.100.2"),
        ("x-forwarded-proto", "https"),
        ("via", "2 edge"),
    ];
    let mut parts = request("GET", "/", &outer);
    passed(&mut parts, false).unwrap();
    assert_eq!(lines(&parts, "x-forwarded-for"), ["198.51.100.1, 198.51.100.2, 192.0.2.9"]);
    assert_eq!(lines(&parts, "x-forwarded-proto"), ["https"]);
    assert_eq!(lines(&parts, "via"), ["2 edge, 1.1 orchestra"]);

    let mut parts = request("GET", "/", &outer);
    let distrusting = Via { address: &ADDRESS, local: &LOCAL, trust_forwarded: false };
    to_backend(&mut parts, false, &distrusting).unwrap();
    assert_eq!(lines(&parts, "x-forwarded-proto"), ["http"]);
}

#[test]
fn hop_by_hop_headers_stay_behind() {
    let mut parts = request(
        "POST",
        "/",
        &[
            ("host", "a"),
            ("connection", "keep-alive, X-Secret"),
            ("connection", "x-forwarded-for"),
            ("x-secret", "1"),
            ("x-public", "2"),
            ("keep-alive", "timeout=5"),
            ("proxy-authorization", "Basic eA=="),
            ("proxy-connection", "keep-alive"),
            ("te", "gzip"),
            ("transfer-encoding", "chunked"),
            ("expect", "100-continue"),
            ("upgrade", "websocket"),
        ],
    );
    assert_eq!(passed(&mut parts, true), Ok(None), "an upgrade that `Connection` doesn't list is none");
    let mut names: Vec<&str> = parts.headers.keys().map(|name| name.as_str()).collect();
    names.sort_unstable();
    let expected = [
        "host",
        "transfer-encoding",
        "via",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-public",
    ];
    assert_eq!(names, expected);
}

#[test]
fn a_body_without_length_is_chunked_whatever_the_method() {
    let mut parts = request("GET", "/", &[("host", "a"), ("transfer-encoding", "chunked")]);
    passed(&mut parts, true).unwrap();
    assert_eq!(parts.headers[TRANSFER_ENCODING], "chunked");
    let mut parts = request("POST", "/", &[("host", "a"), ("content-length", "3")]);
    passed(&mut parts, true).unwrap();
    assert!(!parts.headers.contains_key(TRANSFER_ENCODING));
}

#[test]
fn upgrades_pass_but_for_http2() {
    for (protocol, expected) in [("websocket", true), ("h2c", false), ("websocket, H2C", false)] {
        let mut parts =
            request("GET", "/", &[("host", "a"), ("connection", "Upgrade"), ("upgrade", protocol)]);
        assert_eq!(passed(&mut parts, false).unwrap().is_some(), expected, "{protocol}");
        assert_eq!(parts.headers.contains_key(UPGRADE), expected, "{protocol}");
    }
}

#[test]
fn trailers_are_asked_for_where_the_client_takes_them() {
    let mut parts = request("GET", "/", &[("host", "a"), ("te", "trailers, deflate"), ("connection", "te")]);
    passed(&mut parts, false).unwrap();
    assert_eq!(
        (&parts.headers[TE], &parts.headers[CONNECTION]),
        (&"trailers".parse().unwrap(), &"te".parse().unwrap())
    );
}

#[test]
fn targets_and_hosts_are_read_as_the_protocol_says() {
    for (method, target, hosts, expected) in [
        ("GET", "/a?b=c", vec!["shop"], Some(("/a?b=c", "shop"))),
        ("GET", "http://other:81/a", vec!["shop"], Some(("/a", "other:81"))),
        ("GET", "http://other", vec![], Some(("/", "other"))),
        ("GET", "http://other?x=1", vec![], Some(("/?x=1", "other"))),
        ("OPTIONS", "*", vec!["shop"], Some(("*", "shop"))),
        ("GET", "/", vec![""], Some(("/", ""))),
        ("GET", "*", vec!["shop"], None),
        ("GET", "ftp://other/a", vec!["shop"], None),
        ("GET", "http://user@other/", vec!["shop"], None),
        ("GET", "other:80", vec!["shop"], None),
        ("GET", "/", vec![], None),
        ("GET", "/", vec!["a", "b"], None),
        ("GET", "/", vec!["a b"], None),
        ("GET", "/", vec!["user@a"], None),
        ("CONNECT", "other:80", vec!["other:80"], None),
    ] {
        let hosts: Vec<(&str, &str)> = hosts.into_iter().map(|host| ("host", host)).collect();
        let mut parts = request(method, target, &hosts);
        let result = passed(&mut parts, false);
        let seen = result.is_ok().then(|| (parts.uri.to_string(), lines(&parts, "host")[0].clone()));
        let expected = expected.map(|(target, host)| (target.to_owned(), host.to_owned()));
        assert_eq!(seen, expected, "{method} {target} {hosts:?}: {result:?}");
    }
}

#[test]
fn an_old_client_without_host_gets_the_servers_own() {
    let mut parts = request("GET", "/", &[]);
    parts.version = Version::HTTP_10;
    passed(&mut parts, false).unwrap();
    assert_eq!((lines(&parts, "host"), parts.version), (vec!["127.0.0.1:8080".to_owned()], Version::HTTP_11));
    assert_eq!(lines(&parts, "via"), ["1.0 orchestra"]);
}
