//! The five controls in one table.

use super::{SecurityGroup, admin_port, all_ports, default_group, high_risk_port, ingress, unauthorised_port};
use crate::{Control, book::Rule};

/// In the order in which they are corrected: exposures first.
pub(super) const CONTROLS: &[Control] =
    &[admin_port::ANY, all_ports::ANY, high_risk_port::ANY, unauthorised_port::ANY, default_group::HAS_RULES];

/// In the order of [`CONTROLS`].
pub(super) const RULES: &[Rule<SecurityGroup>] = &[
    Rule { control: &admin_port::ANY, judge: ingress::admin_port },
    Rule { control: &all_ports::ANY, judge: ingress::all_ports },
    Rule { control: &high_risk_port::ANY, judge: ingress::high_risk_port },
    Rule { control: &unauthorised_port::ANY, judge: ingress::unauthorised_port },
    Rule { control: &default_group::HAS_RULES, judge: default_group::has_rules },
];
