//! Which version a request asks for itself, by header or cookie. Pure.

use http::header::{COOKIE, HeaderMap, HeaderName, HeaderValue};

/// The name under which clients stick to a version: read as a request header first, then as a cookie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StickyName {
    header: Option<HeaderName>,
    cookie: String,
}

impl StickyName {
    /// Takes any name; characters that a cookie's name can't have are written as `%XX`.
    pub(super) fn new(name: &str) -> Self {
        Self { header: HeaderName::from_bytes(name.as_bytes()).ok(), cookie: cookie_text(name) }
    }

    /// The value that the request carries under this name, in the form of [`cookie_text`] when it is a cookie's.
    pub(super) fn value_in<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let from_header = self.header.as_ref().and_then(|name| headers.get(name)).and_then(text);
        from_header.or_else(|| cookie_in(headers, &self.cookie))
    }

    /// The `Set-Cookie` value that makes a client stick to `version`.
    pub(super) fn set_cookie(&self, version: &str) -> Option<HeaderValue> {
        let line = format!("{}={}; Path=/; HttpOnly; SameSite=Lax", self.cookie, cookie_text(version));
        HeaderValue::try_from(line).ok()
    }
}

/// A version's name as a cookie's value: what isn't a letter, a digit or one of `-._~+` becomes `%XX`.
pub(super) fn cookie_text(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~+".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

/// The value of the first cookie called `name` (RFC 6265, section 5.4: pairs are separated by `; `).
fn cookie_in<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs = headers.get_all(COOKIE).into_iter().filter_map(text).flat_map(|line| line.split(';'));
    pairs.filter_map(|pair| pair.trim().split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// A header's value as text without surrounding blanks, unless it has bytes that aren't visible ASCII.
pub(super) fn text(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok().map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn a_version_is_found_in_header_or_cookie() {
        let sticky = StickyName::new("orchestra-version");
        for (lines, expected) in [
            (vec![], None),
            (vec![("cookie", "a=1; orchestra-version=v2; b=3")], Some("v2")),
            (vec![("cookie", "a=1"), ("cookie", "orchestra-version=v3")], Some("v3")),
            (vec![("cookie", "xorchestra-version=v2")], None),
            (vec![("cookie", "orchestra-version")], None),
            (vec![("orchestra-version", " v4 "), ("cookie", "orchestra-version=v2")], Some("v4")),
        ] {
            assert_eq!(sticky.value_in(&headers(&lines)), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_version_with_odd_letters_makes_a_cookie_that_is_found_again() {
        let sticky = StickyName::new("which one");
        let version = "feature/ä; Domain=evil";
        let cookie = sticky.set_cookie(version).unwrap();
        let line = cookie.to_str().unwrap();
        assert_eq!(line, "which%20one=feature%2F%C3%A4%3B%20Domain%3Devil; Path=/; HttpOnly; SameSite=Lax");
        let pair = line.split(';').next().unwrap();
        assert_eq!(sticky.value_in(&headers(&[("cookie", pair)])), Some(cookie_text(version).as_str()));
    }
}
