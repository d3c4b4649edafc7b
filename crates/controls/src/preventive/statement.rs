//! What is denied, statement by statement.

use serde::Serialize;

use super::{
    Deployment, GLOBAL, Preventive, Protection,
    protect::{self, Protected},
};

/// One `Deny`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    /// Letters and digits only.
    pub(super) sid: String,
    pub(super) actions: Actions,
    pub(super) resources: Vec<String>,
    /// Only requests to other regions than these.
    pub(super) outside: Vec<String>,
    /// Only principals of this account.
    pub(super) account: Option<String>,
    /// Not these principals, as ARN patterns.
    pub(super) exempt: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Actions {
    These(Vec<String>),
    AllBut(Vec<String>),
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Written<'a> {
    sid: &'a str,
    effect: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_action: Option<&'a [String]>,
    resource: &'a [String],
    #[serde(skip_serializing_if = "Condition::is_empty")]
    condition: Condition<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Condition<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    string_equals: Option<Account<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    string_not_equals: Option<Region<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arn_not_like: Option<Principal<'a>>,
}

#[derive(Serialize)]
struct Account<'a> {
    #[serde(rename = "aws:PrincipalAccount")]
    account: &'a str,
}

#[derive(Serialize)]
struct Region<'a> {
    #[serde(rename = "aws:RequestedRegion")]
    regions: &'a [String],
}

#[derive(Serialize)]
struct Principal<'a> {
    #[serde(rename = "aws:PrincipalArn")]
    arns: &'a [String],
}

impl Condition<'_> {
    fn is_empty(&self) -> bool {
        self.string_equals.is_none() && self.string_not_equals.is_none() && self.arn_not_like.is_none()
    }
}

impl Statement {
    /// As it stands in a document. All of its conditions have to hold for a denial.
    pub(super) fn json(&self) -> String {
        let (action, not_action) = match &self.actions {
            Actions::These(actions) => (Some(&**actions), None),
            Actions::AllBut(actions) => (None, Some(&**actions)),
        };
        let written = Written {
            sid: &self.sid,
            effect: "Deny",
            action,
            not_action,
            resource: &self.resources,
            condition: Condition {
                string_equals: self.account.as_deref().map(|account| Account { account }),
                string_not_equals: (!self.outside.is_empty()).then_some(Region { regions: &self.outside }),
                arn_not_like: (!self.exempt.is_empty()).then_some(Principal { arns: &self.exempt }),
            },
        };
        // Text and lists of text: there is nothing in it that could fail.
        serde_json::to_string(&written).unwrap_or_default()
    }
}

/// Whom nothing but leaving binds: rectify's roles in members and in the hub, the roles that StackSets deploys with
/// (service-managed `stacksets-exec-*`, self-managed `AWSCloudFormationStackSetExecutionRole`: CloudFormation user guide,
/// "Prerequisites for using stack sets"), and whom the settings name.
fn exempt(preventive: &Preventive, deployment: &Deployment) -> Vec<String> {
    let Deployment { partition, stack, hub } = deployment;
    let role = |account: &str, name: &str| format!("arn:{partition}:iam::{account}:role/{name}");
    let mut exempt = vec![
        role("*", &format!("rectify/{stack}-correct-*")),
        role("*", &format!("rectify/{stack}-forward")),
        role("*", &format!("rectify/{stack}-observe-*")),
        role(hub.as_str(), &format!("rectify/{stack}-*")),
        role("*", "stacksets-exec-*"),
        role("*", "AWSCloudFormationStackSetExecutionRole"),
    ];
    exempt.extend(preventive.exempt_principals.iter().cloned());
    exempt
}

/// Everything that the settings deny, most needed first.
pub(super) fn all(preventive: &Preventive, deployment: &Deployment) -> Vec<Statement> {
    let exempt = exempt(preventive, deployment);
    let everything = || vec!["*".to_owned()];
    let mut statements = Vec::new();
    if !preventive.may_leave {
        statements.push(Statement {
            sid: "LeaveOrganization".to_owned(),
            actions: Actions::These(vec!["organizations:LeaveOrganization".to_owned()]),
            resources: everything(),
            outside: Vec::new(),
            account: None,
            exempt: Vec::new(),
        });
    }
    if !preventive.regions.is_empty() {
        let mut but: Vec<String> = GLOBAL.iter().map(|&action| action.to_owned()).collect();
        but.extend(preventive.regions_exempt_services.iter().cloned());
        statements.push(Statement {
            sid: "Regions".to_owned(),
            actions: Actions::AllBut(sorted(but)),
            resources: everything(),
            outside: preventive.regions.iter().map(|region| region.as_str().to_owned()).collect(),
            account: None,
            exempt: exempt.clone(),
        });
    }
    if !preventive.services.is_empty() {
        statements.push(Statement {
            sid: "Services".to_owned(),
            actions: Actions::AllBut(sorted(preventive.services.clone())),
            resources: everything(),
            outside: Vec::new(),
            account: None,
            exempt: exempt.clone(),
        });
    }
    for protection in Protection::ALL.into_iter().filter(|one| preventive.protect.contains(one)) {
        statements.extend(protect::of(protection).iter().map(|protected| Statement {
            sid: protected.sid.to_owned(),
            actions: Actions::These(protected.actions.iter().map(|&action| action.to_owned()).collect()),
            resources: resources(protected, deployment),
            outside: Vec::new(),
            account: protected.in_hub.then(|| deployment.hub.to_string()),
            exempt: exempt.clone(),
        }));
    }
    // A name is an exemption only as long as nobody else can take it.
    if statements.iter().any(|statement| !statement.exempt.is_empty()) {
        let names = &protect::EXEMPT_ROLES;
        let mut roles = resources(names, deployment);
        roles.extend(preventive.exempt_principals.iter().cloned());
        statements.push(Statement {
            sid: names.sid.to_owned(),
            actions: Actions::These(names.actions.iter().map(|&action| action.to_owned()).collect()),
            resources: roles,
            outside: Vec::new(),
            account: None,
            exempt,
        });
    }
    statements
}

fn resources(protected: &Protected, deployment: &Deployment) -> Vec<String> {
    let Deployment { partition, stack, hub } = deployment;
    let fill = |pattern: &&str| {
        pattern.replace("{partition}", &partition.to_string()).replace("{hub}", hub.as_str()).replace("{stack}", stack)
    };
    protected.resources.iter().map(fill).collect()
}

fn sorted(mut actions: Vec<String>) -> Vec<String> {
    actions.sort();
    actions.dedup();
    actions
}
