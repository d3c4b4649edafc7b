//! How much of the Internet a list of addresses is.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Why a list of addresses does not narrow a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TooWide {
    NotAnAddress(String),
    /// Broader than /8 (IPv4) or /32 (IPv6).
    Block(String),
    /// Each block is small enough, all of them together are not.
    Together,
}

/// Address blocks are read as `aws:SourceIp` takes them: CIDR, or one address.
fn read(text: &str) -> Option<IpNet> {
    let text = text.trim();
    let net = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))?;
    Some(net.trunc())
}

/// RFC 1918.
fn is_private(net: Ipv4Net) -> bool {
    [([10, 0, 0, 0], 8), ([172, 16, 0, 0], 12), ([192, 168, 0, 0], 16)].into_iter().any(|(base, length)| {
        let block = Ipv4Net::new_assert(base.into(), length);
        block.contains(&net)
    })
}

/// S3's rule, block by block: not broader than /8 (IPv4) or /32 (IPv6), RFC 1918 ranges excepted.
pub(crate) fn s3_fixed(values: &[String]) -> Result<(), TooWide> {
    for value in values {
        match read(value) {
            None => return Err(TooWide::NotAnAddress(value.clone())),
            Some(IpNet::V4(net)) if net.prefix_len() < 8 && !is_private(net) => {
                return Err(TooWide::Block(value.clone()));
            }
            Some(IpNet::V6(net)) if net.prefix_len() < 32 => return Err(TooWide::Block(value.clone())),
            Some(_) => {}
        }
    }
    Ok(())
}

/// The general rule: S3's, and all blocks together are at most sixteen /8 (IPv4) or sixteen /32 (IPv6). Otherwise a
/// list of 256 blocks of /8 would be the whole Internet and count as narrow. An IPv4 block in IPv6 clothes
/// (`::ffff:0:0/96`) is judged as the IPv4 block.
pub(crate) fn narrow(values: &[String]) -> Result<(), TooWide> {
    s3_fixed(values)?;
    let mut v4 = Vec::new();
    let mut v6 = Vec::new();
    for value in values {
        match read(value) {
            None => return Err(TooWide::NotAnAddress(value.clone())),
            Some(IpNet::V4(net)) => v4.push((net, value)),
            Some(IpNet::V6(net)) => match unmapped(net) {
                Mapped::No => v6.push(net),
                Mapped::Within(net) => v4.push((net, value)),
                Mapped::Around => return Err(TooWide::Block(value.clone())),
            },
        }
    }
    v4.retain(|(net, _)| !is_private(*net));
    if let Some((_, value)) = v4.iter().find(|(net, _)| net.prefix_len() < 8) {
        return Err(TooWide::Block((*value).clone()));
    }
    let v4: Vec<Ipv4Net> = v4.into_iter().map(|(net, _)| net).collect();
    let of_v4: u64 = Ipv4Net::aggregate(&v4).iter().map(|net| 1 << (32 - u32::from(net.prefix_len()))).sum();
    // At most 128 - 32 + 4 bits; a single block is never wider than /32 here, and there are fewer than 2^18 of them.
    let of_v6: u128 =
        Ipv6Net::aggregate(&v6).iter().map(|net| 1_u128 << (128 - u32::from(net.prefix_len())).min(127)).sum();
    if of_v4 > 16 << 24 || of_v6 > 16 << 96 { Err(TooWide::Together) } else { Ok(()) }
}

enum Mapped {
    No,
    Within(Ipv4Net),
    Around,
}

fn unmapped(net: Ipv6Net) -> Mapped {
    let all = Ipv6Net::new_assert(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96);
    if all.contains(&net) {
        let v4 = net.addr().to_ipv4_mapped().and_then(|address| Ipv4Net::new(address, net.prefix_len() - 96).ok());
        v4.map_or(Mapped::Around, Mapped::Within)
    } else if net.contains(&all) {
        Mapped::Around
    } else {
        Mapped::No
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(values: &[&str]) -> Vec<String> {
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    #[test]
    fn blocks_are_measured_one_by_one_and_together() {
        let narrow_ones: &[&[&str]] = &[
            &["203.0.113.7"],
            &["203.0.113.7/24"],
            &["8.0.0.0/8"],
            &["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"],
            &["2001:db8::/32"],
            &["2001:db8::1"],
            &["::ffff:203.0.113.0/120"],
        ];
        for values in narrow_ones {
            assert_eq!(narrow(&owned(values)), Ok(()), "{values:?}");
        }
        let wide_ones: &[&[&str]] = &[
            &["0.0.0.0/0"],
            &["203.0.113.7", "0.0.0.0/0"],
            &["0.0.0.0/1", "128.0.0.0/1"],
            &["8.0.0.0/7"],
            &["10.0.0.0/7"],
            &["::/0"],
            &["2000::/3"],
            &["2001:db8::/31"],
            &["::ffff:0:0/96"],
            &["::ffff:8.0.0.0/103"],
            &["::/32"],
            &["*"],
            &["10.*"],
            &["300.0.0.1"],
            &["1.2.3.4/33"],
            &[""],
        ];
        for values in wide_ones {
            assert!(narrow(&owned(values)).is_err(), "{values:?}");
        }
        let every_second: Vec<String> = (1..128).map(|n| format!("{}.0.0.0/8", n * 2)).collect();
        assert_eq!(narrow(&every_second), Err(TooWide::Together));
        assert_eq!(s3_fixed(&every_second), Ok(()));
        let many_v6: Vec<String> = (0..17).map(|n| format!("2001:{n:x}::/32")).collect();
        assert_eq!(narrow(&many_v6), Err(TooWide::Together));
    }
}
