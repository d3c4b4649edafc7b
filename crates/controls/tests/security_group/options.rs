//! The settings of the controls.

use rectify_controls::{Trust, security_group::Ports};

use super::*;

fn rules(toml: &str) -> Result<Rules, String> {
    let table: toml::Table = toml.parse().unwrap();
    SecurityGroup::rules(&Trust::default(), &|control, option| table.get(control)?.get(option).cloned())
}

#[test]
fn nothing_gives_the_documented_defaults() {
    assert_eq!(rules("").unwrap(), Rules::default());
    let mut text = String::new();
    for control in SecurityGroup::CONTROLS.iter().filter(|control| !control.options.is_empty()) {
        text.push_str(&format!("[{}]\n", control.id));
        for option in control.options {
            text.push_str(&format!("{} = {}\n", option.name, option.default));
        }
    }
    assert_eq!(rules(&text).unwrap(), Rules::default());
}

#[test]
fn ports_are_numbers_and_ranges() {
    let set = rules(&format!(
        "[{ADMIN}]\nports = [22, \"5985-5986\"]\n[{HIGH_RISK}]\nports = [9092]\n[{ALL}]\nmost-ports = 100\n\
         [{UNAUTHORISED}]\nallowed-ports = [443, \"8000-8100\"]\nicmp-echo = true\n"
    ))
    .unwrap();
    assert_eq!(set.admin_ports, Ports::new(vec![(22, 22), (5985, 5986)]));
    let open = |text: &str, control| !judged(&group(&[text]), &set, control).is_empty();
    assert!(open("tcp 5986 0.0.0.0/0", ADMIN) && !open("tcp 3389 0.0.0.0/0", ADMIN));
    assert!(open("tcp 9092 0.0.0.0/0", HIGH_RISK) && !open("tcp 22 0.0.0.0/0", HIGH_RISK));
    assert!(open("tcp 1-101 0.0.0.0/0", ALL) && !open("tcp 1-100 0.0.0.0/0", ALL));
    assert!(!open("tcp 8000-8100 0.0.0.0/0", UNAUTHORISED) && open("tcp 80 0.0.0.0/0", UNAUTHORISED));
    for ping in ["icmp any 0.0.0.0/0", "icmp 8/-1 0.0.0.0/0", "icmp 8/0 0.0.0.0/0", "icmpv6 128/-1 ::/0"] {
        assert!(open(ping, UNAUTHORISED), "{ping}");
    }
    // Path MTU discovery is no ping, and neither is a ping from the office.
    for other in ["icmp 3/4 0.0.0.0/0", "icmpv6 2/-1 ::/0", "icmp 8/-1 203.0.113.0/24"] {
        assert!(!open(other, UNAUTHORISED), "{other}");
    }
    assert!(open("icmp 8/-1 0.0.0.0/1", UNAUTHORISED));
}

#[test]
fn what_makes_no_sense_is_named() {
    for (toml, says) in [
        (format!("[{ADMIN}]\nports = []"), "option `ports`"),
        (format!("[{ADMIN}]\nports = 22"), "must be a list of ports"),
        (format!("[{ADMIN}]\nports = [70000]"), "`70000`"),
        (format!("[{ADMIN}]\nports = [\"30-20\"]"), "`30-20`"),
        (format!("[{HIGH_RISK}]\nports = [\"ssh\"]"), "`ssh`"),
        (format!("[{HIGH_RISK}]\nports = [true]"), "boolean"),
        (format!("[{ALL}]\nmost-ports = 0"), "from 1 to 65535"),
        (format!("[{UNAUTHORISED}]\nicmp-echo = \"no\""), "true or false"),
    ] {
        let error = rules(&toml).unwrap_err();
        assert!(error.contains(says), "{toml}: {error}");
    }
    // Nothing may be open to anywhere: a strict setting, and no mistake.
    let none = rules(&format!("[{UNAUTHORISED}]\nallowed-ports = []")).unwrap();
    assert!(!judged(&group(&["tcp 443 0.0.0.0/0"]), &none, UNAUTHORISED).is_empty());
}
