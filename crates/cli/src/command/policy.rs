//! `rectify policy`

mod document;

use std::{collections::BTreeSet, fmt::Write as _, path::PathBuf};

use rectify_policy::{
    AccountId, Assessment, OrganizationId, Policy, PolicyError, Reason, Service, StatementAssessment, TrustZone,
    Verdict,
};
use rectify_render::{Style, escape};
use serde_json::json;

use crate::{
    exit,
    failure::Failure,
    input::{self, InputError},
    output::{self, Format, Text, paint},
};

/// Judge a resource policy: who outside may use it?
///
/// Prints the verdict (`public`, `foreign`, `organisation` or `internal`), and for each statement what decides. Reads a
/// policy document, or anything that holds exactly one: the answer of an AWS call, a template's resource, percent-encoded
/// text from IAM.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit codes: 0 for `internal` and `organisation`, 3 for `foreign` and `public`, 2 when unreadable.

Examples:
  rectify policy policy.json --service s3 --account 111122223333
  aws s3api get-bucket-policy --bucket NAME | rectify policy - --service s3")]
pub(crate) struct Args {
    /// File with the policy, or `-` for standard input.
    #[arg(value_name = "FILE|-")]
    file: PathBuf,
    /// What the policy is attached to: s3, s3-access-point, sqs, sns, kms, lambda, secretsmanager, ecr, efs, opensearch,
    /// backup, dynamodb, eventbridge, iam-trust, general.
    #[arg(long, default_value_t = Service::General)]
    service: Service,
    /// Account that owns the resource.
    #[arg(long, value_name = "ID")]
    account: Option<AccountId>,
    /// Organisation that the account is in, for example `o-a1b2c3d4e5`.
    #[arg(long, value_name = "ID")]
    organization: Option<OrganizationId>,
    /// Account that is trusted: a member of the organisation, or allow-listed. Can be given several times, or as a list.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    trust: Vec<AccountId>,
    /// The access point can be reached from a VPC only (with `--service s3-access-point`).
    #[arg(long)]
    vpc_origin: bool,
    /// How to print the answer.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    output: Format,
}

/// Why a policy could not be judged.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Input(#[from] InputError),
    #[error("{file}: {source}")]
    Document { file: String, source: document::DocumentError },
    #[error("{file}{}: {source}", .within.as_ref().map(|path| format!(", in {path}")).unwrap_or_default())]
    Policy { file: String, within: Option<String>, source: PolicyError },
}

impl Error {
    /// The next step.
    pub(crate) fn help(&self) -> Option<String> {
        match self {
            Self::Input(error) => error.help(),
            Self::Document { source, .. } => source.help(),
            Self::Policy { .. } => Some(document::EXAMPLE.to_owned()),
        }
    }
}

pub(crate) fn run(args: &Args) -> Result<u8, Failure> {
    let file = input::name(&args.file);
    let text = input::read(&args.file).map_err(Error::Input)?;
    let document = document::find(&text).map_err(|source| Error::Document { file: file.clone(), source })?;
    let policy = Policy::parse(&document.text).map_err(|source| Error::Policy {
        file,
        within: document.within.clone(),
        source,
    })?;
    if let Some(within) = &document.within {
        output::talk(&format!("judging the policy in {}", escape::line(within, 300)));
    }
    let zone = TrustZone {
        account: args.account.clone(),
        organization: args.organization.clone(),
        accounts: args.trust.iter().cloned().collect::<BTreeSet<_>>(),
        access_point_vpc_origin: args.vpc_origin,
    };
    let assessment = rectify_policy::assess(&policy, args.service, &zone);
    match args.output {
        Format::Json => output::json(&report(args, &document, &assessment))?,
        Format::Text => output::data(&text_of(args.service, &assessment))?,
    }
    let foreign = matches!(assessment.verdict, Verdict::ForeignAccounts(_));
    if foreign && args.account.is_none() && args.organization.is_none() && args.trust.is_empty() {
        output::talk("every account counts as foreign: say which is yours with --account, --organization or --trust");
    }
    Ok(match assessment.verdict {
        Verdict::Internal | Verdict::Organisation => exit::FINE,
        Verdict::ForeignAccounts(_) | Verdict::Public => exit::BREACH,
    })
}

/// The library's report, with what was asked.
fn report(args: &Args, document: &document::Document, assessment: &Assessment) -> serde_json::Value {
    let mut report = rectify_policy::report_json(assessment);
    if let Some(members) = report.as_object_mut() {
        members.insert("service".to_owned(), json!(args.service.as_str()));
        members.insert("within".to_owned(), json!(document.within));
    }
    report
}

fn text_of(service: Service, assessment: &Assessment) -> Text {
    let mut text = Text::new();
    let meaning = match &assessment.verdict {
        Verdict::Internal => "only the resource's own account, or nobody".to_owned(),
        Verdict::Organisation => "also the organisation or trusted accounts".to_owned(),
        Verdict::ForeignAccounts(accounts) if accounts.is_empty() => {
            "also callers outside that no account is known of".to_owned()
        }
        Verdict::ForeignAccounts(accounts) => {
            let shown: Vec<&str> = accounts.iter().take(10).map(AccountId::as_str).collect();
            let more = accounts.len().saturating_sub(shown.len());
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("also foreign account {}{more}", shown.join(", "))
        }
        Verdict::Public => "anyone".to_owned(),
    };
    let _ = writeln!(text, "{}: {meaning}", paint(style(&assessment.verdict), assessment.verdict.as_str()));
    for statement in &assessment.statements {
        write_statement(&mut text, statement);
    }
    if let Some(s3) = &assessment.s3 {
        let (style, word) = if s3.public { (Style::Bad, "public") } else { (Style::Good, "not public") };
        let whose = if service == Service::S3AccessPoint { "access point policy" } else { "bucket policy" };
        let _ = writeln!(text, "\nS3's own meaning of \"public\": this {whose} is {}", paint(style, word));
        for difference in &s3.differs {
            let _ =
                writeln!(text, "  statement {}: {}", difference.statement, escape::line(&difference.sentence, 2_000));
        }
    }
    text
}

fn write_statement(text: &mut Text, statement: &StatementAssessment) {
    let sid = statement.sid.as_ref().map(|sid| format!(" `{}`", escape::line(sid, 100))).unwrap_or_default();
    let verdict = match statement.reason {
        Reason::Denies => paint(Style::Dim, "deny"),
        _ => paint(style(&statement.verdict), statement.verdict.as_str()),
    };
    let _ = writeln!(text, "\nstatement {}{sid}: {verdict}", statement.index);
    let _ = writeln!(text, "  {}", escape::line(&statement.reason.to_string(), 4_000));
    if !statement.actions.is_empty() {
        let shown: Vec<&str> = statement.actions.iter().take(12).map(String::as_str).collect();
        let more = statement.actions.len().saturating_sub(shown.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let _ = writeln!(text, "  {} {}{more}", paint(Style::Dim, "actions:"), escape::line(&shown.join(", "), 1_000));
    }
    for principal in &statement.unmappable {
        let _ = writeln!(text, "  {} {}", paint(Style::Dim, "no account known of:"), escape::line(principal, 300));
    }
}

fn style(verdict: &Verdict) -> Style {
    match verdict {
        Verdict::Internal | Verdict::Organisation => Style::Good,
        Verdict::ForeignAccounts(_) => Style::Warn,
        Verdict::Public => Style::Bad,
    }
}
