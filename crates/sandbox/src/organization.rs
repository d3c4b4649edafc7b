//! An organisation of accounts: which there are, and how they come to be in moto.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::error::SandboxError;
use crate::hub::Hub;
use crate::moto::Answer;
use crate::progress::Progress;

/// An organisation whose management account is the hub. Ids are chosen here, so settings can name them beforehand.
///
/// An account that is not listed is outside: it has no stacks, no rules and no way to the hub's bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// `o-` and ten letters or digits.
    pub id: String,
    /// `r-` and four letters or digits; units' ids carry the same four.
    pub root: String,
    /// Parents stand before their children.
    pub units: Vec<Unit>,
    /// The members, in the order they were created.
    pub accounts: Vec<Member>,
}

/// An organisational unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// `ou-`, the root's four characters, `-` and eight letters or digits.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The unit it is in; `None` for the root.
    pub parent: Option<String>,
    /// Whether `member-correct.yaml` goes to it and to the units below.
    pub corrective: bool,
}

/// A member account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Twelve digits.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The unit it is in; `None` for the root.
    pub unit: Option<String>,
    /// Its tags in the organisation.
    pub tags: BTreeMap<String, String>,
    /// Whether it has been closed, after its stacks were deployed.
    pub suspended: bool,
}

impl Organization {
    /// An organisation without units and members.
    #[must_use]
    pub fn new(id: impl Into<String>, root: impl Into<String>) -> Self {
        Self { id: id.into(), root: root.into(), units: Vec::new(), accounts: Vec::new() }
    }

    /// A ready-made one: a unit with production below the workloads, which has writing roles, one with development, which has
    /// none, an account that was closed, and one that is in no unit.
    #[must_use]
    pub fn example() -> Self {
        Self::new("o-exampleorg", "r-home")
            .unit("ou-home-workload", "Workloads", None, false)
            .unit("ou-home-producti", "Production", Some("ou-home-workload"), true)
            .unit("ou-home-webshop0", "Web shop", Some("ou-home-producti"), false)
            .unit("ou-home-developm", "Development", Some("ou-home-workload"), false)
            .member("111111111111", "shop", Some("ou-home-webshop0"))
            .tag("environment", "production")
            .member("222222222222", "playground", Some("ou-home-developm"))
            .member("333333333333", "old shop", Some("ou-home-producti"))
            .suspended()
            .member("444444444444", "bought company", None)
    }

    /// Adds a unit below `parent`, or below the root.
    #[must_use]
    pub fn unit(
        mut self,
        id: impl Into<String>,
        name: impl Into<String>,
        parent: Option<&str>,
        corrective: bool,
    ) -> Self {
        self.units.push(Unit { id: id.into(), name: name.into(), parent: parent.map(str::to_owned), corrective });
        self
    }

    /// Adds a member in `unit`, or in the root.
    #[must_use]
    pub fn member(mut self, id: impl Into<String>, name: impl Into<String>, unit: Option<&str>) -> Self {
        let unit = unit.map(str::to_owned);
        self.accounts.push(Member { id: id.into(), name: name.into(), unit, tags: BTreeMap::new(), suspended: false });
        self
    }

    /// Tags the member that was added last.
    #[must_use]
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        if let Some(member) = self.accounts.last_mut() {
            member.tags.insert(key.into(), value.into());
        }
        self
    }

    /// Closes the member that was added last.
    #[must_use]
    pub fn suspended(mut self) -> Self {
        if let Some(member) = self.accounts.last_mut() {
            member.suspended = true;
        }
        self
    }

    /// A member by its id; the management account is none.
    #[must_use]
    pub fn account(&self, id: &str) -> Option<&Member> {
        self.accounts.iter().find(|member| member.id == id)
    }

    /// The names of the units above a member, from the root down, as a path.
    #[must_use]
    pub fn path(&self, member: &Member) -> String {
        let mut names = Vec::new();
        let mut unit = member.unit.as_deref();
        for _ in &self.units {
            let Some(found) = unit.and_then(|id| self.units.iter().find(|unit| unit.id == id)) else { break };
            names.push(found.name.as_str());
            unit = found.parent.as_deref();
        }
        names.push("Root");
        names.reverse();
        names.join("/")
    }

    /// Whether writing roles are deployed to a member: its unit, or one above it, is a target of their stack set.
    #[must_use]
    pub fn is_corrective(&self, member: &Member) -> bool {
        let mut unit = member.unit.as_deref();
        // As many steps as there are units: one that is its own parent ends, too.
        for _ in &self.units {
            let Some(found) = unit.and_then(|id| self.units.iter().find(|unit| unit.id == id)) else { return false };
            if found.corrective {
                return true;
            }
            unit = found.parent.as_deref();
        }
        false
    }

    /// Makes it in moto.
    pub(crate) async fn found(&self, hub: &Hub, progress: &Progress) -> Result<(), SandboxError> {
        let found = Found { hub };
        let ids = format!("{},{}", self.id, self.root);
        found.call(&self.id, "CreateOrganization", &json!({ "FeatureSet": "ALL" }), Some(&ids)).await?;
        for unit in &self.units {
            let parent = unit.parent.as_deref().unwrap_or(&self.root);
            let body = json!({ "ParentId": parent, "Name": unit.name });
            found.call(&unit.name, "CreateOrganizationalUnit", &body, Some(&unit.id)).await?;
        }
        for (at, member) in self.accounts.iter().enumerate() {
            progress.count("creating accounts", &member.name, at, self.accounts.len());
            let tags: Vec<Value> =
                member.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
            let email = format!("{}@example.com", member.id);
            let body = json!({ "Email": email, "AccountName": member.name, "Tags": tags });
            found.call(&member.name, "CreateAccount", &body, Some(&member.id)).await?;
            if let Some(unit) = &member.unit {
                let body = json!({ "AccountId": member.id, "SourceParentId": self.root, "DestinationParentId": unit });
                found.call(&member.name, "MoveAccount", &body, None).await?;
            }
        }
        Ok(())
    }

    /// Closes the accounts that are suspended.
    pub(crate) async fn close(&self, hub: &Hub) -> Result<(), SandboxError> {
        for member in self.accounts.iter().filter(|member| member.suspended) {
            Found { hub }.call(&member.name, "CloseAccount", &json!({ "AccountId": member.id }), None).await?;
        }
        Ok(())
    }
}

struct Found<'a> {
    hub: &'a Hub,
}

impl Found<'_> {
    /// One call to Organizations; `ids` are those that what is made shall have.
    async fn call(
        &self,
        about: &str,
        operation: &str,
        body: &Value,
        ids: Option<&str>,
    ) -> Result<Answer, SandboxError> {
        let own = self.hub.own_in("organizations", &self.hub.account, "us-east-1");
        let mut body: Map<String, Value> = body.as_object().cloned().unwrap_or_default();
        if body.get("Tags").and_then(Value::as_array).is_some_and(Vec::is_empty) {
            body.remove("Tags");
        }
        let target = format!("AWSOrganizationsV20161128.{operation}");
        let answer = self.hub.moto.json_with_ids(own, &target, &Value::Object(body), ids).await?;
        if answer.status.is_success() {
            return Ok(answer);
        }
        Err(SandboxError::Deploy {
            logical_id: about.to_owned(),
            operation: format!("organizations:{operation}"),
            status: answer.status.as_u16(),
            answer: String::from_utf8_lossy(&answer.body).chars().take(500).collect(),
        })
    }
}
