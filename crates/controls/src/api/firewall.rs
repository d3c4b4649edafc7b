//! What the controls about a missing web ACL share: the one that is to be associated, and why it may not be.

use super::{Acl, Change, Scope};
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

/// The same for what has no region.
pub(super) const GLOBAL_OPTION: OptionSpec = OptionSpec {
    name: OPTION.name,
    default: OPTION.default,
    doc: "The web ACL a correction associates, by its name in the distribution's account, or as an ARN in which {account} is \
          filled in. It is one for CloudFront, so it lives in us-east-1; the stack `rectify` makes the default there where its \
          parameter `BaselineWebAcl` says so. Where there is none the control is only told.",
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
    /// The web ACLs that there are of the scope that the resource takes.
    pub(super) acls: &'a Fact<Vec<Acl>>,
    /// The option [`OPTION`] or [`GLOBAL_OPTION`].
    pub(super) wanted: &'a str,
    /// Which web ACLs the resource takes, and which it does not.
    pub(super) takes: Takes,
}

/// Which web ACLs a resource takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// Any of its region.
    Regional,
    /// Any of its region without a rule group of WAF Fraud Control.
    WithoutFraudControl,
    /// Any for CloudFront.
    Global,
    /// None now, for this reason.
    Nothing(&'static str),
}

impl Takes {
    /// Where such web ACLs live.
    pub(super) fn scope(self) -> Scope {
        match self {
            Self::Regional | Self::WithoutFraudControl => Scope::Regional,
            Self::Global | Self::Nothing(_) => Scope::Global,
        }
    }
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
        if let Takes::Nothing(why) = self.takes {
            return Err(why.to_owned());
        }
        if self.wanted.is_empty() {
            return Err(format!("no web ACL to associate is configured (option `{}`)", OPTION.name));
        }
        let Place { account, region } = self.place;
        let (all, here) = match self.takes.scope() {
            Scope::Regional => ("in the region", format!("in {region}")),
            Scope::Global => ("for CloudFront", "for CloudFront".to_owned()),
        };
        let Some(acls) = self.acls.known() else {
            return Err(format!("which web ACLs there are {all} cannot be read"));
        };
        if acls.iter().any(|acl| acl.name.starts_with(FIREWALL_MANAGER)) {
            return Err(format!("Firewall Manager associates web ACLs {all}, so this is left to its policy"));
        }
        let wanted = self.wanted.replace("{account}", account.as_str()).replace("{region}", region.as_str());
        let Some(acl) = acls.iter().find(|acl| acl.name == wanted || acl.arn == wanted) else {
            return Err(format!("there is no web ACL `{wanted}` {here} to associate (option `{}`)", OPTION.name));
        };
        if self.takes == Takes::WithoutFraudControl {
            match acl.fraud_control {
                Fact::Known(false) => {}
                Fact::Known(true) => {
                    return Err(format!(
                        "the web ACL `{}` has a rule group of WAF Fraud Control, which AWS takes for no user pool",
                        acl.name
                    ));
                }
                _ => return Err(format!("whether a user pool takes the web ACL `{}` cannot be read", acl.name)),
            }
        }
        Ok(acl.arn.clone())
    }
}
