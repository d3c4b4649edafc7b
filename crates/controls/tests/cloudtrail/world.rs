//! Facts that break nothing, to be changed by each test.

use std::collections::{BTreeMap, BTreeSet};

use rectify_controls::{AccountId, Fact, Finding, Kind, Place, Region, Selection, State, Unreadable, cloudtrail::*};

pub(crate) const OURS: &str = "111122223333";
pub(crate) const MANAGEMENT: &str = "999988887777";

pub(crate) fn account(id: &str) -> AccountId {
    AccountId::new(id).unwrap()
}

pub(crate) fn region(name: &str) -> Region {
    Region::new(name).unwrap()
}

pub(crate) fn place() -> Place {
    Place { account: account(OURS), region: region("eu-central-1") }
}

pub(crate) fn trail_id(name: &str) -> TrailId {
    TrailId { region: region("eu-central-1"), name: TrailName::new(name).unwrap() }
}

pub(crate) fn basic(read_write: &str, management: bool, excluded: &[&str], data: &[(&str, &[&str])]) -> BasicSelector {
    BasicSelector {
        read_write: read_write.to_owned(),
        management,
        excluded: excluded.iter().map(|source| (*source).to_owned()).collect(),
        data: data
            .iter()
            .map(|(kind, values)| DataResource {
                kind: (*kind).to_owned(),
                values: values.iter().map(|value| (*value).to_owned()).collect(),
            })
            .collect(),
    }
}

pub(crate) fn field(name: &str, equals: &[&str]) -> FieldSelector {
    let equals = equals.iter().map(|value| (*value).to_owned()).collect();
    FieldSelector { field: name.to_owned(), equals, ..FieldSelector::default() }
}

pub(crate) fn starts(name: &str, with: &[&str]) -> FieldSelector {
    let starts_with = with.iter().map(|value| (*value).to_owned()).collect();
    FieldSelector { field: name.to_owned(), starts_with, ..FieldSelector::default() }
}

pub(crate) fn advanced(fields: Vec<FieldSelector>) -> AdvancedSelector {
    AdvancedSelector { name: None, fields }
}

pub(crate) fn settings() -> Settings {
    Settings {
        bucket: "logs".to_owned(),
        prefix: Some("trail".to_owned()),
        topic: None,
        log_group: None,
        log_role: None,
        key: Some("arn:aws:kms:eu-central-1:111122223333:key/1".to_owned()),
        multi_region: true,
        global_events: true,
        organization: false,
        validation: true,
    }
}

pub(crate) fn own_bucket() -> Bucket {
    Bucket::Own {
        policy_public: Fact::Known(false),
        acl_public: Fact::Known(false),
        block: Fact::Known(None),
        account_block: Fact::Known(None),
    }
}

pub(crate) fn definition() -> Definition {
    Definition {
        settings: settings(),
        logging: true,
        selectors: Selectors::default_of_aws(),
        insights: BTreeSet::new(),
        tags: BTreeMap::from([("team".to_owned(), "audit".to_owned())]),
    }
}

pub(crate) fn trail() -> TrailFacts {
    let Definition { settings, selectors, insights, tags, .. } = definition();
    TrailFacts {
        trail: trail_id("main"),
        place: place(),
        settings: Fact::Known(Some(settings)),
        status: Fact::Known(Status { logging: true, started: true, delivery_error: None }),
        selectors: Fact::Known(selectors),
        insights: Fact::Known(insights),
        tags: Fact::Known(tags),
        bucket: Fact::Known(own_bucket()),
        beside: Fact::Known(Vec::new()),
        kept: None,
        deleted: false,
    }
}

/// The trail as it is after `DeleteTrail`.
pub(crate) fn gone(kept: Option<Definition>) -> TrailFacts {
    TrailFacts {
        settings: Fact::Known(None),
        status: Fact::NotRead,
        selectors: Fact::NotRead,
        insights: Fact::NotRead,
        tags: Fact::NotRead,
        bucket: Fact::NotRead,
        beside: Fact::NotRead,
        kept: kept.map(Box::new),
        deleted: false,
        ..trail()
    }
}

pub(crate) fn seen(name: &str) -> Seen {
    Seen {
        trail: trail_id(name),
        owner: account(OURS),
        multi_region: true,
        global_events: true,
        organization: false,
        logging: Fact::Known(true),
        selectors: Fact::Known(Selectors::default_of_aws()),
    }
}

/// The organisation's trail as a member sees it.
pub(crate) fn organizations() -> Seen {
    Seen { owner: account(MANAGEMENT), organization: true, selectors: Fact::NotRead, ..seen("everything") }
}

pub(crate) fn all_of(trails: Vec<Seen>) -> AccountFacts {
    AccountFacts { place: place(), trails: Fact::Known(trails), kept: BTreeMap::new() }
}

pub(crate) fn store(status: &str) -> StoreFacts {
    let store = StoreId::new(region("eu-central-1"), "6b3c1f0e-2d4a-4c8e-9f51-0a7b8c9d0e1f").unwrap();
    StoreFacts {
        store,
        place: place(),
        status: Fact::Known(status.to_owned()),
        kept: None,
        settings: Fact::Known(store_settings()),
        kept_settings: None,
    }
}

/// All management events of all regions, for a year, and nobody deletes it.
pub(crate) fn store_settings() -> StoreSettings {
    let fields = vec![FieldSelector {
        field: "eventCategory".to_owned(),
        equals: vec!["Management".to_owned()],
        ..FieldSelector::default()
    }];
    let selectors = Selectors::Advanced(vec![AdvancedSelector { name: None, fields }]);
    StoreSettings { multi_region: true, protected: true, retention: 366, selectors }
}

pub(crate) fn refused<T>(operation: &str) -> Fact<T> {
    let (operation, code) = (operation.to_owned(), "AccessDenied".to_owned());
    Fact::Unreadable(Unreadable { operation, code, request_id: None })
}

pub(crate) trait Judged {
    fn facts(&self) -> Facts;

    fn under(&self, rules: &Rules) -> Vec<Finding<Change>> {
        let all: Selection = CloudTrail::CONTROLS.iter().map(|control| control.id).collect();
        CloudTrail::judge(&self.facts(), rules, &all)
    }

    fn judged(&self) -> Vec<Finding<Change>> {
        self.under(&Rules::default())
    }

    /// The one live finding, and its changes.
    #[track_caller]
    fn breach(&self, control: &str) -> Finding<Change> {
        let mut found = self.judged();
        assert_eq!(found.len(), 1, "{found:#?}");
        let found = found.remove(0);
        assert_eq!((found.control.id, &found.state), (control, &State::Live), "{found:#?}");
        found
    }

    #[track_caller]
    fn fine(&self) {
        let found = self.judged();
        assert!(found.is_empty(), "{found:#?}");
    }
}

impl Judged for TrailFacts {
    fn facts(&self) -> Facts {
        Facts::Trail(Box::new(self.clone()))
    }
}

impl Judged for AccountFacts {
    fn facts(&self) -> Facts {
        Facts::Account(Box::new(self.clone()))
    }
}

impl Judged for StoreFacts {
    fn facts(&self) -> Facts {
        Facts::Store(Box::new(self.clone()))
    }
}
