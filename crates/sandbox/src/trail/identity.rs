//! Who is behind an access key. Learned from the answers that hand keys out.
//!
//! Keys nobody handed out say themselves who it is, so that every kind of caller can be played with `AWS_ACCESS_KEY_ID` alone:
//! `111122223333` is that account's administrator (moto's own convention), `root-111122223333` its root user,
//! `user-alice-111122223333` and `role-deploy-111122223333` a user and a role of it, `autoscaling.amazonaws.com-111122223333` a
//! service at work in it. Any other key is the hub's administrator. None of them is checked.

use std::collections::HashMap;

use parking_lot::RwLock;
use serde_json::{Value, json};

use crate::naming::Named;
use crate::trail::xml;

/// Whoever signs with an access key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Principal {
    pub(crate) account: String,
    /// The function whose credentials these are, or come from. Its calls are checked against its role's policies.
    pub(crate) function: Option<Caller>,
    kind: Kind,
}

/// A function's process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The function's logical id.
    pub(crate) function: String,
    /// Every environment has credentials of its own, so a call tells which one made it.
    pub(crate) environment: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// The person at the keyboard: any key nobody handed out.
    Administrator,
    User {
        name: String,
    },
    Root,
    /// A service that acts by itself.
    Service {
        host: String,
    },
    Role {
        arn: String,
        role_id: String,
        session: String,
        since: String,
    },
}

/// The user's name of the person at the keyboard.
const ADMINISTRATOR: &str = "administrator";

/// All keys handed out so far.
pub(crate) struct Identities {
    hub: String,
    by_key: RwLock<HashMap<String, Principal>>,
}

impl Identities {
    pub(crate) fn new(hub: &str) -> Self {
        Self { hub: hub.to_owned(), by_key: RwLock::default() }
    }

    pub(crate) fn of(&self, access_key: Option<&str>) -> Principal {
        access_key
            .and_then(|key| self.by_key.read().get(key).cloned().or_else(|| Principal::played(key)))
            .unwrap_or_else(|| Principal { account: self.hub.clone(), function: None, kind: Kind::Administrator })
    }

    /// Remembers the key in an answer of STS or IAM, if there is one. Keys a function obtains remain the function's.
    pub(crate) fn learn(&self, named: &Named, by: &Principal, request: &Value, answer: &[u8]) {
        let text = |name: &str| xml::first_text(answer, name);
        let learned = match (named.service.name.as_str(), named.operation.as_str()) {
            ("sts", "AssumeRole" | "AssumeRoleWithWebIdentity" | "AssumeRoleWithSAML") => {
                let Some(arn) = request.get("roleArn").and_then(Value::as_str) else { return };
                self.role(arn, &by.function, answer)
            }
            ("iam", "CreateAccessKey") => text("AccessKeyId").zip(text("UserName")).map(|(key, name)| {
                (key, Principal { account: by.account.clone(), function: None, kind: Kind::User { name } })
            }),
            _ => None,
        };
        if let Some((key, principal)) = learned {
            self.by_key.write().insert(key, principal);
        }
    }

    /// Remembers the credentials the Lambda service obtained for a function.
    pub(crate) fn learn_function(&self, caller: Caller, role_arn: &str, answer: &[u8]) {
        if let Some((key, principal)) = self.role(role_arn, &Some(caller), answer) {
            self.by_key.write().insert(key, principal);
        }
    }

    fn role(&self, arn: &str, function: &Option<Caller>, answer: &[u8]) -> Option<(String, Principal)> {
        let key = xml::first_text(answer, "AccessKeyId")?;
        let assumed = xml::first_text(answer, "AssumedRoleId")?;
        let (role_id, session) = assumed.split_once(':')?;
        let account = arn.split(':').nth(4).filter(|account| !account.is_empty()).unwrap_or(&self.hub);
        let kind = Kind::Role {
            arn: arn.to_owned(),
            role_id: role_id.to_owned(),
            session: session.to_owned(),
            since: seconds(jiff::Timestamp::now()),
        };
        Some((key, Principal { account: account.to_owned(), function: function.clone(), kind }))
    }
}

impl Principal {
    /// Who a key says it is.
    fn played(key: &str) -> Option<Self> {
        let (who, account) = key.rsplit_once('-').map_or((None, key), |(who, account)| (Some(who), account));
        if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let kind = match who {
            None => Kind::Administrator,
            Some("root") => Kind::Root,
            Some(host) if host.ends_with(".amazonaws.com") => Kind::Service { host: host.to_owned() },
            Some(who) => match who.split_once('-')? {
                ("user", name) => Kind::User { name: name.to_owned() },
                ("role", name) => {
                    return Some(Self::role(account, &format!("arn:aws:iam::{account}:role/{name}"), "person"));
                }
                _ => return None,
            },
        };
        Some(Self { account: account.to_owned(), function: None, kind })
    }

    /// A session of a role of `account` that nobody had to ask for.
    pub(crate) fn role(account: &str, arn: &str, session: &str) -> Self {
        let kind = Kind::Role {
            arn: arn.to_owned(),
            role_id: format!("AROA{}", stable_id(arn)),
            session: session.to_owned(),
            since: seconds(jiff::Timestamp::now()),
        };
        Self { account: account.to_owned(), function: None, kind }
    }

    /// The service's host name, when a service acts by itself.
    pub(crate) fn service(&self) -> Option<&str> {
        if let Kind::Service { host } = &self.kind { Some(host) } else { None }
    }

    /// The ARN that `aws:PrincipalArn` has: the role's own for a session.
    pub(crate) fn issuer_arn(&self) -> String {
        let account = &self.account;
        match &self.kind {
            Kind::Administrator => format!("arn:aws:iam::{account}:user/{ADMINISTRATOR}"),
            Kind::User { name } => format!("arn:aws:iam::{account}:user/{name}"),
            Kind::Root => format!("arn:aws:iam::{account}:root"),
            Kind::Role { arn, .. } => arn.clone(),
            Kind::Service { host } => host.clone(),
        }
    }

    /// A role session's own ARN.
    pub(crate) fn session_arn(&self) -> Option<String> {
        let Kind::Role { arn, session, .. } = &self.kind else { return None };
        let name = arn.rsplit('/').next().unwrap_or(arn);
        Some(format!("arn:aws:sts::{}:assumed-role/{name}/{session}", self.account))
    }

    pub(crate) fn is_root(&self) -> bool {
        self.kind == Kind::Root
    }

    /// CloudTrail's `userIdentity` in another account that this caller takes a role of: who it is there is only an account and an
    /// id (CloudTrail user guide, "userIdentity element", examples).
    pub(crate) fn foreign_identity(&self) -> Value {
        let id = self.user_identity(None).get("principalId").cloned().unwrap_or_default();
        json!({ "type": "AWSAccount", "principalId": id, "accountId": self.account })
    }

    /// CloudTrail's `userIdentity` (CloudTrail user guide, "userIdentity element").
    pub(crate) fn user_identity(&self, access_key: Option<&str>) -> Value {
        let account = &self.account;
        let key = access_key.unwrap_or_default();
        match &self.kind {
            Kind::Administrator | Kind::User { .. } => {
                let name = if let Kind::User { name } = &self.kind { name } else { ADMINISTRATOR };
                json!({
                    "type": "IAMUser",
                    "principalId": format!("AIDA{}", stable_id(name)),
                    "arn": format!("arn:aws:iam::{account}:user/{name}"),
                    "accountId": account,
                    "accessKeyId": key,
                    "userName": name,
                })
            }
            Kind::Root => json!({
                "type": "Root",
                "principalId": account,
                "arn": format!("arn:aws:iam::{account}:root"),
                "accountId": account,
                "accessKeyId": key,
            }),
            Kind::Service { host } => json!({ "type": "AWSService", "invokedBy": host }),
            Kind::Role { arn, role_id, session, since } => {
                let name = arn.rsplit('/').next().unwrap_or(arn);
                json!({
                    "type": "AssumedRole",
                    "principalId": format!("{role_id}:{session}"),
                    "arn": format!("arn:aws:sts::{account}:assumed-role/{name}/{session}"),
                    "accountId": account,
                    "accessKeyId": key,
                    "sessionContext": {
                        "sessionIssuer": {
                            "type": "Role",
                            "principalId": role_id,
                            "arn": arn,
                            "accountId": account,
                            "userName": name,
                        },
                        "attributes": { "creationDate": since, "mfaAuthenticated": "false" },
                    },
                })
            }
        }
    }
}

/// `2026-11-23T06:09:11Z`, CloudTrail's precision.
pub(crate) fn seconds(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Seventeen letters that are the same for the same name, as the ids of users are.
fn stable_id(name: &str) -> String {
    use sha2::{Digest, Sha256};
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    Sha256::digest(name)
        .iter()
        .take(17)
        .filter_map(|byte| LETTERS.get(usize::from(byte & 31)).copied())
        .map(char::from)
        .collect()
}
