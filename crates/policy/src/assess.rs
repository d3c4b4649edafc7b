//! The question of this crate: who outside the trust zone may do what.

use crate::condition::{Context, Limit, limit};
use crate::document::{Condition, Effect, Policy, Principal, PrincipalKind, Statement};
use crate::key::{Reading, Subject};
use crate::principal::{Caller, classify, describe_unmapped, is_unmappable, service_acts_for_owner_only};
use crate::reason::{Reason, quote};
use crate::{Service, TrustZone, Verdict, claim, s3};

/// How many conditions that do not limit are explained in one sentence.
const MOST_EXPLAINED: usize = 3;

/// The answer for a whole policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// The widest of the statements' verdicts, with the foreign accounts of all of them.
    pub verdict: Verdict,
    /// One entry per statement, in the order of the document.
    pub statements: Vec<StatementAssessment>,
    /// S3's own answer; `None` for other services.
    pub s3: Option<S3Verdict>,
}

/// The answer for one statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementAssessment {
    /// The statement's place in the document, from 0; what [`Policy::without`] takes.
    pub index: usize,
    /// `Sid`.
    pub sid: Option<String>,
    /// How far the statement reaches. For S3 it is also [`Verdict::Public`] when only S3's written meaning says so.
    pub verdict: Verdict,
    /// What decides it.
    pub reason: Reason,
    /// What may be done, as written; `NotAction` as `all but …`.
    pub actions: Vec<String>,
    /// Principals of an `Allow` of which no account is known: unique ids of (mostly deleted) principals, canonical users,
    /// CloudFront identities, malformed ids.
    pub unmappable: Vec<String>,
    /// Whether S3 calls the statement public; `None` for other services.
    pub s3_public: Option<bool>,
}

/// What S3 says about a bucket's or access point's policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Verdict {
    /// Public in S3's written meaning: one public statement is enough.
    pub public: bool,
    /// Statements on which S3 and the general answer differ about "public".
    pub differs: Vec<Difference>,
}

/// One statement on which S3 and the general answer differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The statement's place in the document, from 0.
    pub statement: usize,
    /// What each says, and why.
    pub sentence: String,
}

/// Answers who can use the policy's grants, at most.
///
/// `Deny` statements are not used to narrow the answer: a grant to everyone beside a `Deny` for most of them is
/// [`Verdict::Public`]. A statement whose `Effect` AWS would refuse is judged as a grant.
///
/// A grant that is limited, but to something that belongs to no known account (addresses, a VPC or endpoint, another
/// organisation, an AWS service acting for anybody), is [`Verdict::ForeignAccounts`] with an empty set: outside, not public.
///
/// For [`Service::S3`] and [`Service::S3AccessPoint`] a statement is public when the general answer or S3's written
/// meaning says so; [`S3Verdict::differs`] lists where only one of them does.
///
/// # Examples
///
/// ```
/// use rectify_policy::{Policy, Service, TrustZone, Verdict, assess};
///
/// let policy = Policy::parse(r#"{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
///     "Resource": "arn:aws:s3:::logs/*", "Condition": {"StringLike": {"aws:Referer": "https://example.com/*"}}}}"#)?;
/// let assessment = assess(&policy, Service::S3, &TrustZone::default());
/// assert_eq!(assessment.verdict, Verdict::Public);
/// # Ok::<(), rectify_policy::PolicyError>(())
/// ```
#[must_use]
pub fn assess(policy: &Policy, service: Service, zone: &TrustZone) -> Assessment {
    let mut differs = Vec::new();
    let mut verdict = Verdict::Internal;
    let mut s3_public = false;
    let mut statements = Vec::with_capacity(policy.statements.len());
    for (index, statement) in policy.statements.iter().enumerate() {
        let variables = policy.version.as_deref() == Some("2012-10-17");
        let context = Context::of(statement, variables, service, zone);
        let mut answer = general(statement, service, &context);
        let vpc_only = service == Service::S3AccessPoint && zone.access_point_vpc_origin;
        if vpc_only && answer.0 == Verdict::Public {
            answer = (Verdict::outsider(), Reason::VpcOrigin);
        }
        let s3_answer = service.has_s3_meaning().then(|| {
            let why = if vpc_only { None } else { s3::public_because(statement, &context) };
            differs.extend(difference(index, &answer, why.as_deref()));
            why
        });
        let is_s3_public = s3_answer.as_ref().map(Option::is_some);
        s3_public |= is_s3_public == Some(true);
        if let Some(Some(why)) = s3_answer
            && answer.0 != Verdict::Public
        {
            answer = (Verdict::Public, Reason::S3Meaning { why });
        }
        verdict = verdict.join(answer.0.clone());
        statements.push(StatementAssessment {
            index,
            sid: statement.sid.clone(),
            verdict: answer.0,
            reason: answer.1,
            actions: actions(statement),
            unmappable: unmappable(statement),
            s3_public: is_s3_public,
        });
    }
    let s3 = service.has_s3_meaning().then_some(S3Verdict { public: s3_public, differs });
    Assessment { verdict, statements, s3 }
}

fn actions(statement: &Statement) -> Vec<String> {
    let all_but = statement.not_actions.iter().map(|actions| format!("all but {}", actions.join(", ")));
    statement.actions.iter().cloned().chain(all_but).collect()
}

fn unmappable(statement: &Statement) -> Vec<String> {
    if statement.effect == Effect::Deny {
        return Vec::new();
    }
    statement.principals.iter().filter(|principal| is_unmappable(principal)).map(|p| p.value.clone()).collect()
}

fn difference(index: usize, general: &(Verdict, Reason), s3_public: Option<&str>) -> Option<Difference> {
    let sentence = match (general.0 == Verdict::Public, s3_public) {
        (true, Some(_)) | (false, None) => return None,
        (true, None) => format!("S3's written meaning does not call it public, but {}", general.1),
        (false, Some(why)) => format!("S3's written meaning calls it public ({why}), but in general {}", general.1),
    };
    Some(Difference { statement: index, sentence })
}

/// The tightest limit of one subject among a statement's conditions.
#[derive(Default)]
struct Tightest<'a>(Option<(&'a Condition, Limit)>);

impl<'a> Tightest<'a> {
    fn add(&mut self, condition: &'a Condition, limit: &Limit) {
        match &self.0 {
            Some((_, held)) if held.reach.clone().meet(limit.reach.clone()) == held.reach => {}
            _ => self.0 = Some((condition, limit.clone())),
        }
    }

    /// Narrows an answer, and the reason with it when the answer changes.
    fn narrow(&self, answer: (Verdict, Reason)) -> (Verdict, Reason) {
        let Some((condition, limit)) = &self.0 else { return answer };
        let narrowed = answer.0.clone().meet(limit.reach.clone());
        if narrowed == answer.0 {
            return answer;
        }
        let reason = Reason::Limited {
            operator: condition.operator.clone(),
            key: condition.key.clone(),
            values: condition.values.clone(),
            reach: narrowed.clone(),
        };
        (narrowed, reason)
    }
}

/// Everything that a statement's conditions say.
struct Limits<'a> {
    requester: Tightest<'a>,
    source: Tightest<'a>,
    network: Tightest<'a>,
    service_context: Tightest<'a>,
    /// A condition lets AWS services in only.
    services_only: bool,
    weak: Vec<String>,
}

impl<'a> Limits<'a> {
    fn of(conditions: &'a [Condition], context: &Context<'_>) -> Self {
        let none = Tightest::default;
        let mut limits = Self {
            requester: none(),
            source: none(),
            network: none(),
            service_context: none(),
            services_only: false,
            weak: Vec::new(),
        };
        for condition in conditions {
            match limit(condition, context) {
                Ok(found) => {
                    limits.services_only |= found.subject == Subject::Requester
                        && matches!(found.reading, Reading::Flag | Reading::ServiceName);
                    let tightest = match found.subject {
                        Subject::Requester => &mut limits.requester,
                        Subject::Source => &mut limits.source,
                        Subject::Network => &mut limits.network,
                        Subject::ServiceContext => &mut limits.service_context,
                    };
                    tightest.add(condition, &found);
                }
                Err(why) if limits.weak.len() < MOST_EXPLAINED => {
                    let (operator, key) = (quote(&condition.operator), quote(&condition.key));
                    limits.weak.push(format!("{operator} on {key} does not, {why}"));
                }
                Err(_) => {}
            }
        }
        limits
    }

    /// Anyone, narrowed by whatever there is.
    fn open(&self, reason: Reason) -> (Verdict, Reason) {
        let mut answer = self.requester.narrow((Verdict::Public, reason));
        answer = self.source.narrow(answer);
        answer = self.network.narrow(answer);
        if self.services_only { self.service_context.narrow(answer) } else { answer }
    }
}

fn general(statement: &Statement, service: Service, context: &Context<'_>) -> (Verdict, Reason) {
    if statement.effect == Effect::Deny {
        return (Verdict::Internal, Reason::Denies);
    }
    let limits = Limits::of(&statement.conditions, context);
    let everyone_but =
        statement.not_principals.is_some().then(|| limits.open(Reason::EveryoneBut { weak: limits.weak.clone() }));
    let mut widest: Option<(Verdict, Reason)> = everyone_but;
    for principal in &statement.principals {
        let answer = one(principal, statement, service, context, &limits);
        widest = Some(match widest {
            None => answer,
            Some((verdict, reason)) => {
                let reason = if answer.0.rank() > verdict.rank() { answer.1 } else { reason };
                (verdict.join(answer.0), reason)
            }
        });
    }
    widest.unwrap_or((Verdict::Internal, Reason::NamesNobody))
}

/// Who can use the grant as this principal.
///
/// A principal that is fixed is narrowed only by conditions on the requester: the keys of source and network would be
/// missing or say nothing about its account.
fn one(
    principal: &Principal,
    statement: &Statement,
    service: Service,
    context: &Context<'_>,
    limits: &Limits<'_>,
) -> (Verdict, Reason) {
    let name = || principal.value.clone();
    let weak = || limits.weak.clone();
    let of_account = |reach: Verdict| {
        let reason = Reason::Account { principal: name(), reach: reach.clone() };
        limits.requester.narrow((reach, reason))
    };
    match classify(principal) {
        Caller::Anyone if principal.kind == PrincipalKind::Federated => {
            limits.open(Reason::AnyIdentity { provider: name(), weak: weak() })
        }
        Caller::Anyone => limits.open(Reason::Anyone { principal: name(), weak: weak() }),
        Caller::Account(account) => of_account(context.zone.standing(&account)),
        Caller::Unmapped => {
            let reason = Reason::Unmapped { principal: name(), looks_like: describe_unmapped(principal) };
            limits.requester.narrow((Verdict::outsider(), reason))
        }
        Caller::Service if service_acts_for_owner_only(service) => {
            (Verdict::Internal, Reason::ServiceForOwner { service: name() })
        }
        Caller::Service => {
            let mut answer = (Verdict::outsider(), Reason::ServiceForAnyone { service: name() });
            for tightest in [&limits.requester, &limits.source, &limits.network, &limits.service_context] {
                answer = tightest.narrow(answer);
            }
            answer
        }
        Caller::Provider(provider) => {
            let tied = statement.conditions.iter().find(|condition| claim::ties(condition, &provider, context));
            let loose = || -> Vec<String> {
                let claims = statement.conditions.iter().filter(|c| claim::claim(c, &provider).is_some());
                let explain = |c: &Condition| {
                    format!("{} on {} does not, it leaves open whose identity", quote(&c.operator), quote(&c.key))
                };
                claims.take(MOST_EXPLAINED).map(explain).collect()
            };
            match (provider.shared, tied, provider.account.clone()) {
                (true, None, _) => limits.open(Reason::AnyIdentity { provider: name(), weak: loose() }),
                (_, _, Some(account)) => of_account(context.zone.standing(&account)),
                (_, Some(condition), None) => {
                    let reach = Verdict::outsider();
                    let reason = Reason::Limited {
                        operator: condition.operator.clone(),
                        key: condition.key.clone(),
                        values: condition.values.clone(),
                        reach: reach.clone(),
                    };
                    limits.requester.narrow((reach, reason))
                }
                (false, None, None) => limits.open(Reason::AnyIdentity { provider: name(), weak: loose() }),
            }
        }
    }
}
