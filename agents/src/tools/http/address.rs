//! Which addresses are not for requests whose target came from outside (pure).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The name of the special range an address lies in, or nothing for a public address.
///
/// Ranges after IANA's registries of special-purpose addresses (RFC 6890 and its updates).
/// An IPv4 address inside an IPv6 one (mapped, compatible, 6to4, NAT64, Teredo) is judged as itself too.
#[must_use]
pub fn special(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => special_v4(address),
        IpAddr::V6(address) => special_v6(address),
    }
}

fn special_v4(address: Ipv4Addr) -> Option<&'static str> {
    let [a, b, c, _] = address.octets();
    Some(match (a, b, c) {
        (0, ..) => "unspecified (0.0.0.0/8)",
        (10, ..) | (172, 16..=31, _) | (192, 168, _) => "private",
        (100, 64..=127, _) => "shared by carriers (100.64.0.0/10)",
        (127, ..) => "loopback",
        (169, 254, _) => "link-local",
        (192, 0, 0) => "reserved for protocols (192.0.0.0/24)",
        (192, 0, 2) | (198, 51, 100) | (203, 0, 113) => "for documentation",
        (192, 88, 99) => "a 6to4 relay",
        (198, 18..=19, _) => "for benchmarks (198.18.0.0/15)",
        (224..=239, ..) => "multicast",
        (240..=255, ..) => "reserved (240.0.0.0/4)",
        _ => return None,
    })
}

fn special_v6(address: Ipv6Addr) -> Option<&'static str> {
    let parts = address.segments();
    let v4 = |high: u16, low: u16| special_v4(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
    Some(match parts {
        [0, 0, 0, 0, 0, 0, 0, 0] => "unspecified",
        [0, 0, 0, 0, 0, 0, 0, 1] => "loopback",
        // IPv4-mapped (::ffff:0:0/96), and -compatible (::/96), which no one uses with good intent.
        [0, 0, 0, 0, 0, 0xffff, high, low] => return v4(high, low),
        [0, 0, 0, 0, 0xffff, 0, _, _] => "an IPv4-translated address",
        [0, 0, 0, 0, 0, 0, _, _] => "an IPv4-compatible address",
        // NAT64 (RFC 6052) leads to the IPv4 address; its local form (RFC 8215) wherever its owner says.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => return v4(high, low),
        [0x64, 0xff9b, 1, ..] => "a local NAT64 address",
        [0x100, 0, 0, 0, ..] => "a discard address",
        // Teredo carries its client's address inverted (RFC 4380).
        [0x2001, 0, _, _, _, _, high, low] => return Some(v4(!high, !low).unwrap_or("a Teredo address")),
        [0x2001, 0x1..=0x1ff, ..] => "reserved for protocols (2001::/23)",
        [0x2001, 0xdb8, ..] | [0x3fff, 0x0..=0xfff, ..] => "for documentation",
        [0x2002, high, low, ..] => return v4(high, low),
        [0x5f00, ..] => "a segment routing address",
        [0xfc00..=0xfdff, ..] => "private (unique local)",
        [0xfe80..=0xfebf, ..] => "link-local",
        [0xfec0..=0xfeff, ..] => "private (site-local)",
        [0xff00..=0xffff, ..] => "multicast",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_addresses() {
        let table = "127.0.0.1 loopback|127.255.0.9 loopback|10.1.2.3 private|172.16.0.1 private|172.31.255.255 private\
            |192.168.1.1 private|169.254.169.254 link-local|100.64.0.1 shared|100.127.255.255 shared|0.0.0.0 unspecified\
            |224.0.0.1 multicast|255.255.255.255 reserved|240.0.0.1 reserved|198.18.0.1 for benchmarks|192.0.2.1 for doc\
            |::1 loopback|:: unspecified|::ffff:127.0.0.1 loopback|::ffff:10.0.0.1 private|::127.0.0.1 an IPv4-compatible\
            |64:ff9b::7f00:1 loopback|64:ff9b::a9fe:a9fe link-local|64:ff9b:1::1 a local NAT64|2002:7f00:1:: loopback\
            |2002:a00:1::1 private|2001:0:1:2:3:4:80ff:fffe loopback|2001:0::1 reserved|fc00::1 private|fd12:3456::1 private\
            |fe80::1 link-local|febf::1 link-local|fec0::1 private|ff02::1 multicast|2001:db8::1 for doc|::ffff:0:7f00:1 an IPv4-translated";
        for row in table.split('|') {
            let (address, why) = row.split_once(' ').unwrap();
            let found = special(address.parse().unwrap());
            assert!(found.is_some_and(|found| found.starts_with(why)), "{address}: {found:?}");
        }
    }

    #[test]
    fn public_addresses() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "172.15.0.1",
            "172.32.0.1",
            "100.63.0.1",
            "100.128.0.1",
            "126.0.0.1",
            "169.253.0.1",
            "192.167.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00::1",
            "64:ff9b::101:101",
            "2002:101:101::1",
            "::ffff:1.1.1.1",
            "2001:4860:4860::8888",
        ] {
            assert_eq!(special(address.parse().unwrap()), None, "{address}");
        }
    }
}
