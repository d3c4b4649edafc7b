//! What there is, what there should be, and the steps between. Pure.

use std::collections::{BTreeMap, BTreeSet};

use rectify_controls::preventive::{Document, fingerprint, is_document_of};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The tag that says whose a policy is.
pub(super) const STACK: &str = "rectify:stack";
/// The tag with fingerprints of what was last written: one, or two while a write is on its way.
pub(super) const CONTENT: &str = "rectify:content";

/// A policy of the organisation that this stack made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Existing {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) content: String,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) targets: BTreeSet<String>,
}

/// A policy as it should be. As a backup has it, too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Desired {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) content: String,
    pub(super) targets: BTreeSet<String>,
}

/// What is done to one policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) name: String,
    pub(super) before: Option<Existing>,
    pub(super) after: Option<Desired>,
}

/// What happens to the text of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Write {
    Create,
    Update,
    /// Only the tag is behind: a write that was cut off before it.
    Mark,
    Delete,
    Keep,
}

impl Existing {
    /// Whether somebody else has written it since rectify did.
    fn is_foreign(&self) -> bool {
        let own = fingerprint(&self.content);
        !self.tags.get(CONTENT).is_some_and(|written| written.split('+').any(|one| one == own))
    }

    /// As a backup has it.
    pub(super) fn kept(&self) -> Desired {
        Desired {
            name: self.name.clone(),
            description: self.description.clone(),
            content: self.content.clone(),
            targets: self.targets.clone(),
        }
    }
}

impl Desired {
    pub(super) fn of(document: Document, targets: &[String]) -> Self {
        let Document { name, description, content, .. } = document;
        Self { name, description, content, targets: targets.iter().cloned().collect() }
    }
}

impl Change {
    pub(super) fn write(&self) -> Write {
        match (&self.before, &self.after) {
            (None, _) => Write::Create,
            (Some(_), None) => Write::Delete,
            (Some(before), Some(after)) if !same(&before.content, &after.content) => Write::Update,
            (Some(before), Some(after)) if before.description != after.description => Write::Update,
            (Some(before), Some(_)) if before.tags.get(CONTENT) != Some(&fingerprint(&before.content)) => Write::Mark,
            (Some(_), Some(_)) => Write::Keep,
        }
    }

    /// Targets that it is to be attached to.
    pub(super) fn attach(&self) -> Vec<&String> {
        let before = self.before.as_ref().map(|before| &before.targets);
        let after = self.after.iter().flat_map(|after| &after.targets);
        after.filter(|target| !before.is_some_and(|before| before.contains(*target))).collect()
    }

    /// Targets that it is to be detached from.
    pub(super) fn detach(&self) -> Vec<&String> {
        let after = self.after.as_ref().map(|after| &after.targets);
        let before = self.before.iter().flat_map(|before| &before.targets);
        before.filter(|target| !after.is_some_and(|after| after.contains(*target))).collect()
    }

    /// Whether there is anything to do. A tag that is behind is put right on the way, but is nothing to ask about.
    pub(super) fn is_something(&self) -> bool {
        self.write() != Write::Keep || !self.attach().is_empty() || !self.detach().is_empty()
    }

    /// Whether carrying it out would write over what somebody else wrote.
    pub(super) fn overwrites(&self) -> bool {
        let foreign = self.before.as_ref().is_some_and(Existing::is_foreign);
        foreign && matches!(self.write(), Write::Update | Write::Delete)
    }
}

/// From what there is to what there should be, in the order of the names; what stays is in it, too.
pub(super) fn plan(existing: Vec<Existing>, desired: Vec<Desired>) -> Vec<Change> {
    let mut changes: BTreeMap<String, Change> = BTreeMap::new();
    for before in existing {
        let name = before.name.clone();
        changes.insert(name.clone(), Change { name, before: Some(before), after: None });
    }
    for after in desired {
        let name = after.name.clone();
        changes.entry(name.clone()).or_insert(Change { name, before: None, after: None }).after = Some(after);
    }
    changes.into_values().collect()
}

/// What this stack's policies were at one time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Backup {
    /// [`FORMAT`].
    pub(super) format: String,
    pub(super) at: jiff::Timestamp,
    pub(super) organization: String,
    pub(super) stack: String,
    pub(super) policies: Vec<Desired>,
}

/// What a backup begins with.
pub(super) const FORMAT: &str = "rectify scp backup 1";

impl Backup {
    /// What makes it not one of this stack in this organisation, or not one that AWS would take.
    pub(super) fn wrong(&self, organization: &str, stack: &str) -> Option<String> {
        if self.format != FORMAT {
            return Some(format!("it is not in the format `{FORMAT}`"));
        }
        if self.organization != organization {
            return Some(format!("it is of organisation {}, and this is {organization}", self.organization));
        }
        if self.stack != stack {
            return Some(format!("it is of the stack {}, not of {stack}", self.stack));
        }
        let mut names = BTreeSet::new();
        self.policies.iter().find_map(|policy| {
            let name = &policy.name;
            if !is_document_of(stack, name) {
                Some(format!("`{name}` is not the name of a policy of this stack"))
            } else if !names.insert(name) {
                Some(format!("`{name}` is in it twice"))
            } else if !serde_json::from_str::<Value>(&policy.content).is_ok_and(|content| content.is_object()) {
                Some(format!("what it has for `{name}` is not a policy"))
            } else {
                None
            }
        })
    }
}

/// Whether two documents say the same, however they are spelt.
fn same(one: &str, other: &str) -> bool {
    one == other || fingerprint(one) == fingerprint(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desired(number: usize, content: &str, targets: &[&str]) -> Desired {
        let targets = targets.iter().map(|&target| target.to_owned()).collect();
        let name = format!("rectify-{number}-guardrails");
        Desired { name, description: String::new(), content: content.to_owned(), targets }
    }

    fn existing(number: usize, content: &str, written: &str, targets: &[&str]) -> Existing {
        let Desired { name, description, content, targets } = desired(number, content, targets);
        let tags = BTreeMap::from([(CONTENT.to_owned(), written.to_owned())]);
        Existing { id: format!("p-{number}"), name, description, content, tags, targets }
    }

    #[test]
    fn what_is_as_it_should_be_is_kept() {
        let before = existing(1, "{ \"a\": 1 }", &fingerprint("{\"a\":1}"), &["r-1"]);
        let changes = plan(vec![before], vec![desired(1, "{\"a\":1}", &["r-1"])]);
        assert_eq!(changes.len(), 1);
        assert!(!changes[0].is_something() && !changes[0].overwrites(), "{changes:?}");
    }

    #[test]
    fn each_difference_is_a_step() {
        let written = fingerprint("{}");
        let before = vec![existing(1, "{}", &written, &["r-1", "ou-1"]), existing(2, "{}", &written, &["r-1"])];
        let changes = plan(before, vec![desired(1, "{\"a\":1}", &["r-1", "ou-2"]), desired(3, "{}", &["r-1"])]);
        let writes: Vec<Write> = changes.iter().map(Change::write).collect();
        assert_eq!(writes, [Write::Update, Write::Delete, Write::Create]);
        assert_eq!((changes[0].attach(), changes[0].detach()), (vec![&"ou-2".to_owned()], vec![&"ou-1".to_owned()]));
        assert_eq!((changes[1].attach().len(), changes[1].detach()), (0, vec![&"r-1".to_owned()]));
        assert!(changes.iter().all(|change| change.is_something() && !change.overwrites()));
    }

    #[test]
    fn what_somebody_else_wrote_is_noticed_and_a_write_cut_off_is_not_somebody_else() {
        let (old, new) = (fingerprint("{}"), fingerprint("{\"a\":1}"));
        let change = |content: &str, written: &str| {
            plan(vec![existing(1, content, written, &[])], vec![desired(1, "{\"a\":2}", &[])]).remove(0)
        };
        assert!(change("{\"b\":1}", &old).overwrites());
        assert!(change("{\"b\":1}", "").overwrites());
        for content in ["{}", "{\"a\":1}"] {
            assert!(!change(content, &format!("{old}+{new}")).overwrites(), "{content}");
        }
        // What somebody wrote is what we would write: nothing is lost.
        let change = change("{\"a\":2}", &old);
        assert!(!change.overwrites() && change.write() == Write::Mark);
    }

    #[test]
    fn a_backup_is_only_for_what_it_is_of() {
        let backup = |policies| Backup {
            format: FORMAT.to_owned(),
            at: jiff::Timestamp::UNIX_EPOCH,
            organization: "o-1".to_owned(),
            stack: "rectify".to_owned(),
            policies,
        };
        let good = backup(vec![desired(1, "{}", &[]), desired(2, "{}", &[])]);
        assert_eq!(good.wrong("o-1", "rectify"), None);
        assert_eq!(serde_json::from_str::<Backup>(&serde_json::to_string(&good).unwrap()).unwrap(), good);
        assert!(good.wrong("o-2", "rectify").unwrap().contains("o-2"));
        assert!(good.wrong("o-1", "other").unwrap().contains("not of other"));
        assert!(Backup { format: "2".to_owned(), ..good }.wrong("o-1", "rectify").is_some());
        assert!(backup(vec![desired(1, "{}", &[]), desired(1, "{}", &[])]).wrong("o-1", "rectify").is_some());
        assert!(backup(vec![desired(1, "[]", &[])]).wrong("o-1", "rectify").is_some());
        let named = Desired { name: "FullAWSAccess".to_owned(), ..desired(1, "{}", &[]) };
        assert!(backup(vec![named]).wrong("o-1", "rectify").is_some());
    }
}
