//! The trust zone of the tests.

use std::collections::BTreeSet;

use rectify_policy::{AccountId, OrganizationId, TrustZone};

/// Account 1111…, in organisation `o-ours123456`, which trusts 2222….
pub(crate) fn zone() -> TrustZone {
    TrustZone {
        account: Some(AccountId::new("111122223333").unwrap()),
        organization: Some(OrganizationId::new("o-ours123456").unwrap()),
        accounts: BTreeSet::from([AccountId::new("222233334444").unwrap()]),
        access_point_vpc_origin: false,
    }
}
