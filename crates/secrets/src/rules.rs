//! The tokens of well-known services, as data: prefix, alphabet, length, how random they have to look.
//!
//! Shapes and thresholds are those of gitleaks (`config/gitleaks.toml` of July 2026, MIT, see `LICENSE-gitleaks`) unless a line says
//! otherwise. Left out is every rule that needs a variable's name to tell what it sees. What gitleaks does with a boundary
//! in the pattern, [`crate::shape`] does for all.

use crate::shape::{
    Alphabet,
    Part::{self, Maybe, Run, Text},
    alnum, base64, base64_lines, dash, digit, dotted, equals, hex, letter, lower, lower_hex, tilde, upper, word,
};

/// One kind of token.
pub(crate) struct Rule {
    pub(crate) id: &'static str,
    /// What is searched for: the prefix, or the rarest text in it.
    pub(crate) anchor: &'static str,
    /// What stands before the anchor: an alphabet, how many at least and at most.
    pub(crate) before: Option<(Alphabet, usize, usize)>,
    /// What stands after it.
    pub(crate) parts: &'static [Part],
    /// Least bits per character of all but the anchor.
    pub(crate) entropy: f64,
    /// Published by the vendor, so nobody's secret.
    pub(crate) known: &'static [&'static str],
}

const fn token(id: &'static str, anchor: &'static str, parts: &'static [Part], entropy: f64) -> Rule {
    Rule { id, anchor, before: None, parts, entropy, known: &[] }
}

const fn exactly(alphabet: Alphabet, count: usize) -> Part {
    Run(alphabet, count, count)
}

const ALNUM_36: &[Part] = &[exactly(alnum, 36)];
const DASH_20: &[Part] = &[exactly(dash, 20)];
const LOWER_HEX_32: &[Part] = &[exactly(lower_hex, 32)];
const HEX_32: &[Part] = &[exactly(hex, 32)];
const LOWER_HEX_64: &[Part] = &[exactly(lower_hex, 64)];
/// GitLab's routable tokens, with the version and as they were before it (`Authn::TokenField::Generator::RoutableToken`, and the
/// handbook's "Routable Tokens"): payload, version, length of the payload and checksum, all in base 36.
const ROUTABLE: &[Part] = &[Run(dash, 27, 304), Text("."), exactly(lower, 2), Text("."), exactly(lower, 9)];
const ROUTABLE_BEFORE: &[Part] = &[Run(dash, 27, 304), Text("."), exactly(lower, 9)];
const PSCALE: &[Part] = &[Run(dotted, 32, 64)];

/// Rules of one anchor stand together, the longer shape first.
pub(crate) const RULES: &[Rule] = &[
    token("aws-bedrock-api-key", "ABSK", &[Run(base64, 109, 269), Maybe(equals, 2)], 3.0),
    token("github-pat", "ghp_", ALNUM_36, 3.0),
    token("github-oauth", "gho_", ALNUM_36, 3.0),
    token("github-app-token", "ghu_", ALNUM_36, 3.0),
    token("github-app-token", "ghs_", ALNUM_36, 3.0),
    token("github-refresh-token", "ghr_", &[Run(alnum, 36, 76)], 3.0),
    token("github-fine-grained-pat", "github_pat_", &[exactly(word, 82)], 3.0),
    token("gitlab-pat", "glpat-", ROUTABLE, 3.5),
    token("gitlab-pat", "glpat-", ROUTABLE_BEFORE, 3.5),
    token("gitlab-pat", "glpat-", DASH_20, 3.0),
    token("gitlab-runner-token", "glrt-", ROUTABLE, 3.5),
    token("gitlab-runner-token", "glrt-", ROUTABLE_BEFORE, 3.5),
    // The kind of the runner stands before the same twenty. No rule of gitleaks.
    token("gitlab-runner-token", "glrt-", &[Text("t"), exactly(digit, 1), Text("_"), exactly(dash, 20)], 3.0),
    token("gitlab-runner-token", "glrt-", DASH_20, 3.0),
    token("gitlab-runner-registration-token", "GR1348941", DASH_20, 3.0),
    token("gitlab-ci-job-token", "glcbt-", ROUTABLE, 3.5),
    token("gitlab-ci-job-token", "glcbt-", &[Run(alnum, 1, 5), Text("_"), exactly(dash, 20)], 3.0),
    token("gitlab-deploy-token", "gldt-", ROUTABLE, 3.5),
    token("gitlab-deploy-token", "gldt-", DASH_20, 3.0),
    token("gitlab-feed-token", "glft-", ROUTABLE, 3.5),
    token("gitlab-feed-token", "glft-", DASH_20, 3.0),
    token("gitlab-incoming-mail-token", "glimt-", ROUTABLE, 3.5),
    token("gitlab-incoming-mail-token", "glimt-", &[exactly(dash, 25)], 3.0),
    token("gitlab-kubernetes-agent-token", "glagent-", ROUTABLE, 3.5),
    token("gitlab-kubernetes-agent-token", "glagent-", &[exactly(dash, 50)], 3.0),
    token("gitlab-oauth-app-secret", "gloas-", ROUTABLE, 3.5),
    token("gitlab-oauth-app-secret", "gloas-", &[exactly(dash, 64)], 3.0),
    token("gitlab-trigger-token", "glptt-", ROUTABLE, 3.5),
    token("gitlab-trigger-token", "glptt-", &[exactly(lower_hex, 40)], 3.0),
    token("gitlab-scim-token", "glsoat-", ROUTABLE, 3.5),
    token("gitlab-scim-token", "glsoat-", DASH_20, 3.0),
    token("slack-bot-token", "xoxb-", &[Run(digit, 8, 14), Text("-"), Run(dash, 18, 60)], 3.0),
    token(
        "slack-user-token",
        "xoxp-",
        &[Run(digit, 10, 13), Text("-"), Run(digit, 10, 13), Text("-"), Run(dash, 28, 60)],
        2.5,
    ),
    token(
        "slack-user-token",
        "xoxe-",
        &[Run(digit, 10, 13), Text("-"), Run(digit, 10, 13), Text("-"), Run(dash, 28, 60)],
        2.5,
    ),
    token("slack-config-refresh-token", "xoxe-", &[exactly(digit, 1), Text("-"), Run(alnum, 140, 170)], 3.0),
    token("slack-config-access-token", "xoxe.xoxp-", &[exactly(digit, 1), Text("-"), Run(alnum, 160, 170)], 3.0),
    token("slack-config-access-token", "xoxe.xoxb-", &[exactly(digit, 1), Text("-"), Run(alnum, 160, 170)], 3.0),
    token(
        "slack-app-token",
        "xapp-",
        &[
            exactly(digit, 1),
            Text("-"),
            Run(upper, 8, 16),
            Text("-"),
            Run(digit, 10, 16),
            Text("-"),
            Run(lower, 32, 80),
        ],
        3.0,
    ),
    token(
        "slack-legacy-token",
        "xoxs-",
        &[Run(digit, 6, 14), Text("-"), Run(digit, 6, 14), Text("-"), Run(digit, 6, 14), Text("-"), Run(hex, 10, 64)],
        2.5,
    ),
    token(
        "slack-webhook-url",
        "hooks.slack.com/",
        &[Text("services/"), Run(alnum, 9, 12), Text("/"), Run(alnum, 9, 12), Text("/"), Run(alnum, 20, 30)],
        3.5,
    ),
    token(
        "slack-webhook-url",
        "hooks.slack.com/",
        &[
            Text("workflows/"),
            Run(alnum, 9, 12),
            Text("/"),
            Run(alnum, 9, 12),
            Text("/"),
            Run(digit, 15, 20),
            Text("/"),
            Run(alnum, 20, 30),
        ],
        3.5,
    ),
    // Without keys of the test mode: they move no money, and documentation is full of them.
    token("stripe-key", "sk_live_", &[Run(alnum, 20, 130)], 3.0),
    token("stripe-key", "rk_live_", &[Run(alnum, 20, 130)], 3.0),
    // Stripe, "Webhooks": signs events. No rule of gitleaks.
    token("stripe-webhook-secret", "whsec_", &[Run(base64, 32, 64)], 3.5),
    Rule { known: GCP_KNOWN, ..token("gcp-api-key", "AIza", &[exactly(dash, 35)], 4.0) },
    // Google, "Using OAuth 2.0": a token for an hour. No rule of gitleaks.
    token("gcp-oauth-access-token", "ya29.", &[Run(dash, 60, 1000)], 4.0),
    // Google Cloud, "OAuth client secrets": no rule of gitleaks.
    token("gcp-oauth-client-secret", "GOCSPX-", &[exactly(dash, 28)], 3.5),
    Rule { before: Some((tilde, 4, 4)), ..token("azure-client-secret", "Q~", &[Run(tilde, 31, 34)], 3.5) },
    // Azure Storage, "Configure Azure Storage connection strings": 64 bytes as base64. No rule of gitleaks.
    Rule { known: AZURE_KNOWN, ..token("azure-storage-key", "AccountKey=", &[exactly(base64, 86), Text("==")], 4.5) },
    // Service Bus, Event Hubs, IoT Hub: 32 bytes as base64. No rule of gitleaks.
    token("azure-shared-access-key", "SharedAccessKey=", &[exactly(base64, 43), Text("=")], 4.0),
    // Docker, "Personal access tokens". No rule of gitleaks.
    token("docker-token", "dckr_pat_", &[exactly(dash, 27)], 3.5),
    token("docker-token", "dckr_oat_", &[exactly(dash, 32)], 3.5),
    token("npm-token", "npm_", ALNUM_36, 3.0),
    token("pypi-token", "pypi-AgEIcHlwaS5vcmc", &[Run(dash, 50, 1000)], 3.0),
    token("rubygems-token", "rubygems_", &[exactly(lower_hex, 48)], 3.0),
    token("clojars-token", "CLOJARS_", &[exactly(lower, 60)], 3.0),
    Rule { before: Some((dash, 23, 90)), ..token("openai-key", "T3BlbkFJ", &[Run(dash, 20, 74)], 3.5) },
    token("anthropic-key", "sk-ant-", &[Text("api03-"), exactly(dash, 95)], 3.5),
    token("anthropic-key", "sk-ant-", &[Text("admin01-"), exactly(dash, 95)], 3.5),
    token("huggingface-token", "hf_", &[exactly(letter, 34)], 3.5),
    token("huggingface-token", "api_org_", &[exactly(letter, 34)], 3.5),
    token("sendgrid-token", "SG.", &[exactly(dash, 22), Text("."), exactly(dash, 43)], 3.5),
    token("twilio-api-key", "SK", LOWER_HEX_32, 3.0),
    token("digitalocean-token", "dop_v1_", LOWER_HEX_64, 3.0),
    token("digitalocean-token", "doo_v1_", LOWER_HEX_64, 3.0),
    token("digitalocean-token", "dor_v1_", LOWER_HEX_64, 3.0),
    token("doppler-token", "dp.pt.", &[Run(alnum, 40, 44)], 3.0),
    token("dynatrace-token", "dt0c01.", &[exactly(upper, 24), Text("."), exactly(upper, 64)], 4.0),
    token("databricks-token", "dapi", &[exactly(lower_hex, 32), Maybe(dash, 2)], 3.0),
    token("shopify-token", "shpat_", HEX_32, 2.8),
    token("shopify-token", "shpca_", HEX_32, 2.8),
    token("shopify-token", "shppa_", HEX_32, 2.8),
    token("shopify-token", "shpss_", HEX_32, 2.8),
    token("square-token", "sq0atp-", &[exactly(dash, 22)], 3.0),
    token("square-token", "sq0csp-", &[exactly(dash, 43)], 3.0),
    token("grafana-token", "glsa_", &[exactly(alnum, 32), Text("_"), exactly(hex, 8)], 3.0),
    token("grafana-token", "glc_", &[Run(base64, 32, 400), Maybe(equals, 3)], 3.5),
    token("vault-token", "hvs.", &[Run(dash, 90, 120)], 3.5),
    token("vault-token", "hvb.", &[Run(dash, 138, 300)], 4.0),
    Rule { before: Some((alnum, 14, 14)), ..token("terraform-cloud-token", ".atlasv1.", &[Run(dash, 60, 70)], 3.5) },
    token("heroku-key", "HRKU-AA", &[exactly(dash, 58)], 4.0),
    token("new-relic-key", "NRAK-", &[exactly(upper, 27)], 3.0),
    token("linear-key", "lin_api_", &[exactly(alnum, 40)], 3.0),
    token("notion-token", "ntn_", &[exactly(digit, 11), exactly(alnum, 35)], 3.5),
    token("planetscale-token", "pscale_tkn_", PSCALE, 3.0),
    token("planetscale-token", "pscale_oauth_", PSCALE, 3.0),
    token("planetscale-token", "pscale_pw_", PSCALE, 3.0),
    token("postman-key", "PMAK-", &[exactly(lower_hex, 24), Text("-"), exactly(lower_hex, 34)], 3.0),
    token("pulumi-token", "pul-", &[exactly(lower_hex, 40)], 3.0),
    token("sentry-user-token", "sntryu_", LOWER_HEX_64, 3.0),
    token("sentry-org-token", "sntrys_", &[Run(base64_lines, 60, 500), Text("_"), exactly(base64, 43)], 4.5),
    token("fly-token", "fm2_", &[Run(base64, 100, 1200), Maybe(equals, 3)], 4.0),
    token("fly-token", "fo1_", &[exactly(dash, 43)], 4.0),
    token("artifactory-key", "AKCp", &[exactly(alnum, 69)], 4.5),
    token("artifactory-token", "cmVmd", &[exactly(alnum, 59)], 4.5),
    token("atlassian-token", "ATATT3", &[exactly(dotted, 186)], 3.5),
    // Telegram, "Bot API": the bot's number, then a hash. gitleaks asks for the word beside it.
    Rule { before: Some((digit, 8, 10)), ..token("telegram-bot-token", ":AA", &[exactly(dash, 33)], 4.0) },
    token("cloudflare-origin-ca-key", "v1.0-", &[exactly(lower_hex, 24), Text("-"), exactly(lower_hex, 146)], 2.0),
    token("onepassword-service-account-token", "ops_eyJ", &[Run(base64, 250, 1000), Maybe(equals, 3)], 4.0),
    token("readme-key", "rdme_", &[exactly(lower, 70)], 3.0),
    token("prefect-key", "pnu_", ALNUM_36, 3.0),
    token("easypost-key", "EZAK", &[exactly(alnum, 54)], 4.0),
    token("infracost-key", "ico-", &[exactly(alnum, 32)], 3.0),
];

/// gitleaks' list of keys that Google's own documentation and libraries publish, in so far as their shape matches at all.
const GCP_KNOWN: &[&str] = &[
    "AIzaSyabcdefghijklmnopqrstuvwxyz1234567",
    "AIzaSyAnLA7NfeLquW1tJFpx_eQCxoX-oo6YyIs",
    "AIzaSyCkEhVjf3pduRDt6d1yKOMitrUEke8agEM",
    "AIzaSyDMAScliyLx7F0NPDEJi1QmyCgHIAODrlU",
    "AIzaSyD3asb-2pEZVqMkmL6M9N6nHZRR_znhrh0",
    "AIzaSyAdOS2zB6NCsk1pCdZ4-P6GBdi_UUPwX7c",
    "AIzaSyASWm6HmTMdYWpgMnjRBjxcQ9CKctWmLd4",
    "AIzaSyANUvH9H9BsUccjsu2pCmEkOPjjaXeDQgY",
    "AIzaSyA5_iVawFQ8ABuTZNUdcwERLJv_a_p4wtM",
    "AIzaSyA4UrcGxgwQFTfaI3no3t7Lt1sjmdnP5sQ",
    "AIzaSyDSb51JiIcB6OJpwwMicseKRhhrOq1cS7g",
    "AIzaSyBF2RrAIm4a0mO64EShQfqfd2AFnzAvvuU",
    "AIzaSyBcE-OOIbhjyR83gm4r2MFCu4MJmprNXsw",
    "AIzaSyB8qGxt4ec15vitgn44duC5ucxaOi4FmqE",
    "AIzaSyA8vmApnrHNFE0bApF4hoZ11srVL_n0nvY",
];

/// Azurite, "Well-known storage account and key".
const AZURE_KNOWN: &[&str] =
    &["AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="];

/// Ids of all rules, sorted: those of tokens, of access keys and of private keys.
#[must_use]
pub fn ids() -> Vec<&'static str> {
    let mut ids: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
    ids.extend(crate::aws::IDS);
    ids.extend(crate::pem::IDS);
    ids.sort_unstable();
    ids.dedup();
    ids
}
