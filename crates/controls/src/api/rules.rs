//! The options of this kind's controls, typed and with every default filled in.

use super::{Scope, acl, alb, apprunner, appsync, cloudfront, cognito, firewall, logging, rest, routes};
use crate::{Place, Trust, options::Options};

/// The kind's options. [`Rules::default`] is what an empty settings file gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Whom we trust beside the account that owns a resource.
    pub trust: Trust,
    /// The web ACL for stages of REST APIs: a name, or an ARN with `{account}` and `{region}`.
    pub rest_acl: String,
    /// The web ACL for load balancers.
    pub alb_acl: String,
    /// The web ACL for GraphQL APIs.
    pub appsync_acl: String,
    /// The web ACL for user pools.
    pub cognito_acl: String,
    /// The web ACL for services of App Runner.
    pub apprunner_acl: String,
    /// The web ACL for CloudFront distributions.
    pub cloudfront_acl: String,
    /// Whether a web ACL of AWS WAF Classic is a firewall.
    pub classic_counts: bool,
    /// Routes that may be open; `*` stands for any characters.
    pub allowed_routes: Vec<String>,
    /// The log group of access logs, by name, with `{account}` and `{region}`.
    pub log_group: Option<String>,
    /// The line of an access log.
    pub log_format: String,
    /// The log group of web ACLs, by name, with `{account}` and `{region}`.
    pub waf_log_group: Option<String>,
}

/// The names of these log groups begin so (WAF developer guide, "Logging web ACL traffic").
const WAF_LOGS: &str = "aws-waf-logs-";

impl Default for Rules {
    fn default() -> Self {
        let baseline = "rectify-baseline".to_owned();
        let line = [
            "$context.requestId",
            "$context.requestTime",
            "$context.identity.sourceIp",
            "$context.protocol",
            "$context.status",
        ];
        Self {
            trust: Trust::default(),
            rest_acl: baseline.clone(),
            alb_acl: baseline.clone(),
            appsync_acl: baseline.clone(),
            cognito_acl: baseline.clone(),
            apprunner_acl: baseline.clone(),
            cloudfront_acl: baseline,
            classic_counts: true,
            allowed_routes: Vec::new(),
            log_group: None,
            log_format: line.join(" "),
            waf_log_group: None,
        }
    }
}

/// The log group called `name` in `place`, as an ARN.
pub(super) fn log_group(name: &str, place: &Place) -> String {
    let Place { account, region } = place;
    let name = name.replace("{account}", account.as_str()).replace("{region}", region.as_str());
    format!("arn:{}:logs:{region}:{account}:log-group:{name}", region.partition())
}

/// See [`crate::Kind::rules`].
pub(super) fn rules(trust: &Trust, lookup: &dyn Fn(&str, &str) -> Option<toml::Value>) -> Result<Rules, String> {
    let of = |control: &'static crate::Control| Options { control, lookup };
    let default = Rules::default();

    let scoped =
        |control: &'static crate::Control, default: String, scope: Scope| {
            let options = of(control);
            let which = match scope {
                Scope::Regional => "a web ACL",
                Scope::Global => "a web ACL for CloudFront",
            };
            match options.text(firewall::OPTION.name)? {
                None => Ok(default),
                Some(text) if text.is_empty() || is_web_acl(&text, scope) => Ok(text),
                Some(text) => Err(options
                    .wrong(firewall::OPTION.name, &format!("must be the name of {which} or its ARN, not `{text}`"))),
            }
        };
    let web_acl = |control, default| scoped(control, default, Scope::Regional);

    let logs = of(&logging::OFF);
    let log_group = group(&logs, "")?;
    let log_format = logs.text("format")?.unwrap_or(default.log_format);
    if !log_format.contains("$context.requestId") && !log_format.contains("$context.extendedRequestId") {
        return Err(logs.wrong("format", "must have `$context.requestId` in it"));
    }

    Ok(Rules {
        trust: trust.clone(),
        rest_acl: web_acl(&rest::WITHOUT_WAF, default.rest_acl)?,
        alb_acl: web_acl(&alb::WITHOUT_WAF, default.alb_acl)?,
        appsync_acl: web_acl(&appsync::WITHOUT_WAF, default.appsync_acl)?,
        cognito_acl: web_acl(&cognito::WITHOUT_WAF, default.cognito_acl)?,
        apprunner_acl: web_acl(&apprunner::WITHOUT_WAF, default.apprunner_acl)?,
        cloudfront_acl: scoped(&cloudfront::WITHOUT_WAF, default.cloudfront_acl, Scope::Global)?,
        classic_counts: of(&rest::WITHOUT_WAF).flag("classic-counts")?.unwrap_or(default.classic_counts),
        allowed_routes: of(&routes::WITHOUT_AUTHORIZER).texts("allowed-routes")?.unwrap_or_default(),
        log_group,
        log_format,
        waf_log_group: group(&of(&acl::LOGGING_OFF), WAF_LOGS)?,
    })
}

/// A name as AWS takes it, or the ARN of a web ACL of this scope.
fn is_web_acl(text: &str, scope: Scope) -> bool {
    let plain = |text: &str| {
        (1..=128).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let filled = text.replace("{account}", "123456789012").replace("{region}", "eu-central-1");
    let of_scope = format!(":{}/webacl/", scope.as_str());
    plain(&filled) || (filled.starts_with("arn:") && filled.contains(":wafv2:") && filled.contains(&of_scope))
}

/// The option `log-group`: a name that begins with `begin`. CloudWatch Logs API reference, `CreateLogGroup`: 1 to 512 of
/// letters, digits and `_-/.#`.
fn group(options: &Options<'_>, begin: &str) -> Result<Option<String>, String> {
    const NAME: &str = "log-group";
    let Some(name) = options.text(NAME)?.filter(|name| !name.is_empty()) else { return Ok(None) };
    let filled = name.replace("{account}", "123456789012").replace("{region}", "eu-central-1");
    let plain =
        filled.len() <= 512 && filled.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-/.#".contains(&byte));
    if !plain {
        let hint = "must be the name of a log group, in which only {account} and {region} are filled in";
        return Err(options.wrong(NAME, &format!("{hint}, not `{name}`")));
    }
    if !name.starts_with(begin) {
        return Err(options.wrong(NAME, &format!("must begin with `{begin}`, which `{name}` does not")));
    }
    Ok(Some(name))
}
