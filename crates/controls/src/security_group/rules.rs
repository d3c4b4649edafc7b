//! The options of this kind's controls, typed and with every default filled in.

use super::{Ports, admin_port, all_ports, high_risk_port, unauthorised_port};
use crate::{Control, options::Options};

/// The kind's options. [`Rules::default`] is what an empty settings file gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Ports of remote administration.
    pub admin_ports: Ports,
    /// At most so many ports of a protocol may be open to anywhere.
    pub most_ports: u32,
    /// Ports of services that are attacked first.
    pub high_risk_ports: Ports,
    /// Ports that may be open to anywhere.
    pub allowed_ports: Ports,
    /// Whether anywhere may not ping.
    pub echo: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            admin_ports: Ports::of(admin_port::PORTS),
            most_ports: all_ports::MOST,
            high_risk_ports: Ports::of(high_risk_port::PORTS),
            allowed_ports: Ports::of(unauthorised_port::PORTS),
            echo: false,
        }
    }
}

/// See [`crate::Kind::rules`].
pub(super) fn rules(lookup: &dyn Fn(&str, &str) -> Option<toml::Value>) -> Result<Rules, String> {
    let of = |control: &'static Control| Options { control, lookup };
    let ports = |control: &'static Control, name: &str| {
        let list = of(control).list(name, "ports from 0 to 65535 and ranges such as `\"8000-8100\"`", Ports::item);
        list.map(|list| list.map(Ports::new))
    };
    let default = Rules::default();
    let named = |control: &'static Control| match ports(control, "ports")? {
        Some(ports) if ports == Ports::default() => {
            Err(of(control).wrong("ports", "must name at least one port; set the control `off` to look at none"))
        }
        ports => Ok(ports),
    };
    let most = of(&all_ports::ANY).number("most-ports", "ports", 1, 65_535)?;
    let unauthorised = &unauthorised_port::ANY;
    Ok(Rules {
        admin_ports: named(&admin_port::ANY)?.unwrap_or(default.admin_ports),
        most_ports: most.and_then(|most| u32::try_from(most).ok()).unwrap_or(default.most_ports),
        high_risk_ports: named(&high_risk_port::ANY)?.unwrap_or(default.high_risk_ports),
        allowed_ports: ports(unauthorised, "allowed-ports")?.unwrap_or(default.allowed_ports),
        echo: of(unauthorised).flag("icmp-echo")?.unwrap_or(default.echo),
    })
}
