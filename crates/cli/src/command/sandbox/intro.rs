//! What to try in the sandbox.

use std::{fmt::Write as _, path::Path};

use rectify_render::{Style, escape};
use rectify_sandbox::{Organization, World};

use crate::output::{Text, paint};

/// Endpoint, accounts, and lines to copy.
pub(crate) fn text(world: &World, tables: &[String], settings: Option<&Path>) -> Text {
    of(&Facts {
        endpoint: world.endpoint(),
        account: world.account(),
        region: world.region(),
        functions: &world.functions(),
        tables,
        settings,
        organization: world.organization(),
    })
}

pub(crate) struct Facts<'a> {
    pub(crate) endpoint: &'a str,
    pub(crate) account: &'a str,
    pub(crate) region: &'a str,
    pub(crate) functions: &'a [String],
    pub(crate) tables: &'a [String],
    pub(crate) settings: Option<&'a Path>,
    pub(crate) organization: Option<&'a Organization>,
}

pub(crate) fn of(facts: &Facts<'_>) -> Text {
    let Facts { endpoint, account, region, .. } = *facts;
    let mut text = Text::new();
    let strong = |text: &str| paint(Style::Strong, &escape::line(text, 300));
    let _ = writeln!(text, "AWS is at {}\n", strong(endpoint));
    let _ = writeln!(text, "  account    {account} in {region}");
    let settings = facts.settings.map_or("the template's layer; --settings takes others".into(), Path::to_string_lossy);
    let _ = writeln!(text, "  settings   {}", escape::line(&settings, 300));
    let _ = writeln!(text, "  functions  {}", escape::line(&facts.functions.join(", "), 500));
    let secret = super::slack_secret(account, region);
    let _ =
        writeln!(text, "  slack      {endpoint}/_rectify/slack has the posts of channels with secret = \"{secret}\"");
    let _ = writeln!(text, "\n{}\n", strong("Try it in another terminal, with any keys:"));
    let _ = writeln!(
        text,
        "  export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION={region} AWS_PAGER=\n"
    );
    let location = if region == "us-east-1" {
        String::new()
    } else {
        format!(" --create-bucket-configuration LocationConstraint={region}")
    };
    let policy = r#"'{"Version":"2012-10-17","Statement":[{"Sid":"Everybody","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::reports/*"}]}'"#;
    for command in [
        format!("s3api create-bucket --bucket reports{location}"),
        "s3api put-bucket-acl --bucket reports --acl public-read".to_owned(),
        "s3api get-bucket-acl --bucket reports".to_owned(),
        format!("s3api put-bucket-policy --bucket reports --policy {policy}"),
        "s3api get-bucket-policy --bucket reports".to_owned(),
        "s3api delete-public-access-block --bucket reports".to_owned(),
        "s3api get-public-access-block --bucket reports".to_owned(),
    ] {
        let _ = writeln!(text, "  aws --endpoint-url {endpoint} {command}");
    }
    if let Some(organization) = facts.organization {
        members(&mut text, organization, account);
    }
    if !facts.tables.is_empty() {
        let _ = writeln!(text, "\n{}\n", strong("What was put back, and how to get it back:"));
        let _ = writeln!(text, "  export AWS_ENDPOINT_URL={endpoint}\n");
        for command in
            ["history", "explain arn:aws:s3:::reports", "undo ID --reason \"why\"", "pause --all --reason \"why\""]
        {
            let _ = writeln!(text, "  rectify {command}");
        }
        let _ = writeln!(text, "\n{}\n", strong("What was found and done, with what stood there before:"));
        for table in facts.tables {
            let table = escape::line(table, 300);
            let _ = writeln!(text, "  aws --endpoint-url {endpoint} dynamodb scan --table-name {table}");
        }
    }
    let _ = writeln!(text, "\n{}\n", strong("What happens, until Ctrl-C:"));
    text
}

/// The accounts, and how to be somebody in one of them.
fn members(text: &mut Text, organization: &Organization, hub: &str) {
    let strong = |text: &str| paint(Style::Strong, &escape::line(text, 300));
    let _ = writeln!(text, "\n{}\n", strong(&format!("The organisation {}:", organization.id)));
    let _ = writeln!(text, "  {hub}  Root, the hub");
    for member in &organization.accounts {
        let state = match (member.suspended, organization.is_corrective(member)) {
            (true, _) => "closed",
            (false, true) => "with writing roles",
            (false, false) => "watched only",
        };
        let path = organization.path(member);
        let _ = writeln!(
            text,
            "  {}  {}, {}: {state}",
            member.id,
            escape::line(&path, 200),
            escape::line(&member.name, 100)
        );
    }
    let _ =
        writeln!(text, "\n{}\n", strong("Be somebody in an account: the access key says who, the secret is anything."));
    for (key, who) in [
        ("111111111111", "its administrator"),
        ("root-111111111111", "its root user"),
        ("user-alice-111111111111", "a user"),
        ("role-deploy-111111111111", "a role"),
        ("autoscaling.amazonaws.com-111111111111", "a service"),
        ("999999999999", "an administrator of an account outside"),
    ] {
        let _ = writeln!(text, "  export AWS_ACCESS_KEY_ID={key:<40} # {who}");
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rectify_sandbox::Organization;

    use super::{Facts, of};

    #[test]
    fn lines_can_be_copied() {
        let facts = Facts {
            endpoint: "http://127.0.0.1:4566",
            account: "123456789012",
            region: "eu-central-1",
            functions: &["S3BucketGuard".to_owned()],
            tables: &["rectify-Ledger".to_owned()],
            settings: None,
            organization: None,
        };
        insta::assert_snapshot!(anstream::adapter::strip_str(&of(&facts)).to_string());
        let text = of(&Facts { region: "us-east-1", tables: &[], settings: Some(Path::new("mine")), ..facts });
        assert!(
            !text.contains("LocationConstraint") && !text.contains("dynamodb") && !text.contains("put back"),
            "{text}"
        );
    }

    #[test]
    fn an_organisation_is_shown_with_its_accounts_and_ways_to_act_in_them() {
        let organization = Organization::example();
        let text = of(&Facts {
            endpoint: "http://127.0.0.1:4566",
            account: "123456789012",
            region: "eu-central-1",
            functions: &[],
            tables: &[],
            settings: None,
            organization: Some(&organization),
        });
        let text = anstream::adapter::strip_str(&text).to_string();
        for line in [
            "  123456789012  Root, the hub",
            "  111111111111  Root/Workloads/Production/Web shop, shop: with writing roles",
            "  222222222222  Root/Workloads/Development, playground: watched only",
            "  333333333333  Root/Workloads/Production, old shop: closed",
            "  444444444444  Root, bought company: watched only",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in {text}");
        }
        assert!(text.contains("AWS_ACCESS_KEY_ID=root-111111111111 "), "{text}");
    }
}
