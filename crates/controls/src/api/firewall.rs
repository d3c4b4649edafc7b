//! What the controls about a missing web ACL share: the one that is to be associated, and why it may not be.

use super::{Acl, Change};
use crate::{
    Control, Evidence, Fact, OptionSpec, Place,
    verdict::{blind, live},
};

type Found = crate::Finding<Change>;

/// The option that names the web ACL.
pub(super) const OPTION: OptionSpec = OptionSpec {
    name: "web-acl",
    default: r#""rectify-baseline""#,
    doc: "The web ACL a correction associates, by its name in the resource's region and account, or as an ARN in which \
          {account} and {region} are filled in. The stack `rectify` makes the default where its parameter `BaselineWebAcl` says \
          so. Where there is none the control is only told.",
};

/// How Firewall Manager calls the web ACLs it makes (WAF developer guide, "AWS Firewall Manager policies for AWS WAF").
pub(super) const FIREWALL_MANAGER: &str = "FMManagedWebACL";

/// A resource that a web ACL can be in front of.
pub(super) struct Front<'a> {
    pub(super) control: &'static Control,
    /// How messages call it.
    pub(super) subject: String,
    pub(super) place: &'a Place,
    pub(super) web_acl: &'a Fact<Option<String>>,
    /// The read that gives `web_acl`.
    pub(super) read: &'static str,
    pub(super) acls: &'a Fact<Vec<Acl>>,
    /// The option [`OPTION`].
    pub(super) wanted: &'a str,
}

impl Front<'_> {
    /// Broken where there is no web ACL. `open` says that anybody outside reaches it, or what is in the way of knowing; it is
    /// asked only then.
    pub(super) fn judge(&self, open: impl FnOnce() -> Result<bool, Option<Found>>) -> Option<Found> {
        match self.web_acl {
            Fact::Known(Some(_)) => return None,
            Fact::Known(None) => match open() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(found) => return found,
            },
            unknown => return blind(self.control, &format!("the web ACL of {}", self.subject), unknown, self.read),
        }
        let (change, why) = match self.baseline() {
            Ok(arn) => (Some(Change::Associate(arn)), String::new()),
            Err(why) => (None, format!("; {why}")),
        };
        let summary = format!("{} can be reached from the internet and has no web ACL{why}", self.subject);
        live(self.control, summary, vec![Evidence::new("web ACL", "none")], change.into_iter().collect())
    }

    /// The ARN of the web ACL to associate, or why there is none.
    fn baseline(&self) -> Result<String, String> {
        if self.wanted.is_empty() {
            return Err(format!("no web ACL to associate is configured (option `{}`)", OPTION.name));
        }
        let Some(acls) = self.acls.known() else {
            return Err("which web ACLs there are in the region cannot be read".to_owned());
        };
        if acls.iter().any(|acl| acl.name.starts_with(FIREWALL_MANAGER)) {
            return Err("Firewall Manager associates web ACLs in this region, so this is left to its policy".to_owned());
        }
        let Place { account, region } = self.place;
        let wanted = self.wanted.replace("{account}", account.as_str()).replace("{region}", region.as_str());
        match acls.iter().find(|acl| acl.name == wanted || acl.arn == wanted) {
            Some(acl) => Ok(acl.arn.clone()),
            None => Err(format!("there is no web ACL `{wanted}` in {region} to associate (option `{}`)", OPTION.name)),
        }
    }
}
