//! User pools, App Runner services and distributions, whose answers describe the whole of what was made or changed.

use rectify_event::Params;
use serde_json::Value;

use super::Learned;
use crate::{
    Fact,
    api::{AppRunner, AppRunnerFacts, Distribution, DistributionFacts, UserPoolFacts},
    asked::{field, flag, is_empty, text, told},
};

impl Learned<'_> {
    pub(super) fn user_pool(&self, facts: &mut UserPoolFacts) {
        self.front(&mut facts.web_acl);
        if self.name == "CreateUserPool" {
            facts.web_acl = Fact::Known(None);
        }
    }

    pub(super) fn app_runner(&self, facts: &mut AppRunnerFacts) {
        self.front(&mut facts.web_acl);
        if !matches!(self.name, "CreateService" | "UpdateService" | "ResumeService" | "PauseService") {
            return;
        }
        let service = self.response.get("service");
        let public = service
            .and_then(|service| {
                field(field(field(service, "networkConfiguration")?, "ingressConfiguration")?, "isPubliclyAccessible")
            })
            .and_then(flag);
        let status = service.and_then(|service| text(service, "status"));
        let stands = status.map(|status| !matches!(status, "PAUSED" | "CREATE_FAILED" | "DELETED" | "DELETE_FAILED"));
        // It pauses in a moment, and says until then that something is under way.
        let runs = if self.name == "PauseService" { Some(false) } else { stands };
        facts.service = told(public.zip(runs).map(|(public, runs)| AppRunner { public, runs }));
        if self.name == "CreateService" {
            facts.web_acl = Fact::Known(None);
        }
    }

    pub(super) fn distribution(&self, facts: &mut DistributionFacts) {
        match self.name {
            "DisassociateDistributionWebACL" => facts.web_acl = Fact::Known(None),
            "AssociateDistributionWebACL" => {
                let arn = self.request.str("webACLArn").filter(|arn| !arn.is_empty());
                facts.web_acl = told(arn.map(|arn| Some(arn.to_owned())));
            }
            _ => {
                let config = described(&self.response);
                facts.distribution = told(config.and_then(distribution));
                facts.web_acl = told(config.and_then(web_acl));
            }
        }
    }
}

fn described(response: &Params) -> Option<&Value> {
    response.get("distribution/distributionConfig").filter(|config| config.is_object())
}

fn distribution(config: &Value) -> Option<Distribution> {
    let on = |name: &str| match field(config, name) {
        none if is_empty(none) => Some(false),
        some => flag(some?),
    };
    Some(Distribution {
        enabled: flag(field(config, "enabled")?)?,
        staging: on("staging")?,
        continuous_deployment: !is_empty(field(config, "continuousDeploymentPolicyId")),
    })
}

fn web_acl(config: &Value) -> Option<Option<String>> {
    match field(config, "webACLId") {
        none if is_empty(none) => Some(None),
        some => Some(Some(some?.as_str()?.to_owned())),
    }
}
