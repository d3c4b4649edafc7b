//! What to try in the sandbox.

use std::{fmt::Write as _, path::Path};

use rectify_render::{Style, escape};
use rectify_sandbox::World;

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
    })
}

pub(crate) struct Facts<'a> {
    pub(crate) endpoint: &'a str,
    pub(crate) account: &'a str,
    pub(crate) region: &'a str,
    pub(crate) functions: &'a [String],
    pub(crate) tables: &'a [String],
    pub(crate) settings: Option<&'a Path>,
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

#[cfg(test)]
mod tests {
    use std::path::Path;

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
        };
        insta::assert_snapshot!(anstream::adapter::strip_str(&of(&facts)).to_string());
        let text = of(&Facts { region: "us-east-1", tables: &[], settings: Some(Path::new("mine")), ..facts });
        assert!(
            !text.contains("LocationConstraint") && !text.contains("dynamodb") && !text.contains("put back"),
            "{text}"
        );
    }
}
