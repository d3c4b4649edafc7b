//! Request by request.

use rectify_controls::{
    Settings,
    preventive::{Deployment, render},
};
use serde_json::Value;

use crate::{
    FILE, deployment, documents,
    evaluator::{Request, denied},
    parsed,
};

const ADMIN: &str = "arn:aws:iam::444455556666:role/admin";
const ROOT: &str = "arn:aws:iam::444455556666:root";
const CORRECT: &str = "arn:aws:iam::444455556666:role/rectify/rectify-correct-s3-bucket";
const FORWARD: &str = "arn:aws:iam::444455556666:role/rectify/rectify-forward";
const OBSERVE: &str = "arn:aws:iam::444455556666:role/rectify/rectify-observe-s3-bucket";
const FUNCTION: &str = "arn:aws:iam::111122223333:role/rectify/rectify-s3-bucket";
const HUB_ADMIN: &str = "arn:aws:iam::111122223333:role/admin";
const STACKSETS: &str = "arn:aws:iam::444455556666:role/stacksets-exec-0123456789abcdef";
const SELF_MANAGED: &str = "arn:aws:iam::444455556666:role/AWSCloudFormationStackSetExecutionRole";
const BREAK_GLASS: &str = "arn:aws:iam::444455556666:role/break-glass";
const SECURITY: &str = "arn:aws:iam::999999999999:role/security/auditor";

const BUCKET: &str = "arn:aws:s3:::reports";
const RULE: &str = "arn:aws:events:eu-central-1:444455556666:rule/rectify-s3-bucket";
const BUS: &str = "arn:aws:events:eu-central-1:111122223333:event-bus/rectify";
const STACK: &str = "arn:aws:cloudformation:eu-central-1:444455556666:stack/StackSet-rectify-member-1a2b/3c4d";
const OUR_ROLE: &str = "arn:aws:iam::444455556666:role/rectify/rectify-correct-evil";

fn verdict(documents: &[Value], (principal, action, resource, region): (&str, &str, &str, &str)) -> Option<String> {
    denied(documents, Request { principal, action, resource, region })
}

#[test]
fn what_members_may_not_do() {
    let documents = parsed(&documents(FILE));
    let cases = [
        // Elsewhere.
        (ADMIN, "s3:PutBucketPolicy", BUCKET, "us-east-1", "Regions"),
        (ROOT, "ec2:RunInstances", "*", "ap-southeast-2", "Regions"),
        (ADMIN, "s3:GetObject", BUCKET, "eu-central-2", "Regions"),
        // Something else.
        (ADMIN, "bedrock:InvokeModel", "*", "eu-central-1", "Services"),
        (ADMIN, "s3express:CreateBucket", "*", "eu-central-1", "Services"),
        // Leaving, whoever it is.
        (ADMIN, "organizations:LeaveOrganization", "*", "us-east-1", "LeaveOrganization"),
        (BREAK_GLASS, "organizations:LeaveOrganization", "*", "us-east-1", "LeaveOrganization"),
        // Blinding.
        (
            ADMIN,
            "cloudtrail:StopLogging",
            "arn:aws:cloudtrail:eu-central-1:444455556666:trail/t",
            "eu-central-1",
            "CloudTrail",
        ),
        (ROOT, "cloudtrail:DeleteTrail", "*", "eu-west-1", "CloudTrail"),
        (ADMIN, "CLOUDTRAIL:stoplogging", "*", "eu-west-1", "CloudTrail"),
        (ADMIN, "config:StopConfigurationRecorder", "*", "us-east-1", "Config"),
        (ADMIN, "guardduty:DeleteDetector", "*", "eu-west-1", "GuardDuty"),
        (ADMIN, "guardduty:DisassociateFromAdministratorAccount", "*", "eu-west-1", "GuardDuty"),
        (ADMIN, "macie2:DisableMacie", "*", "eu-west-1", "Macie"),
        // rectify's own.
        (ADMIN, "events:DisableRule", RULE, "eu-central-1", "RectifyRules"),
        (ADMIN, "events:PutTargets", RULE, "eu-central-1", "RectifyRules"),
        (ADMIN, "cloudformation:DeleteStack", STACK, "eu-central-1", "RectifyStacks"),
        (HUB_ADMIN, "events:DeleteEventBus", BUS, "eu-central-1", "RectifyBus"),
        (HUB_ADMIN, "events:PutPermission", "*", "eu-central-1", "RectifyBusPolicy"),
        (
            HUB_ADMIN,
            "events:DeleteRule",
            "arn:aws:events:eu-central-1:111122223333:rule/rectify/all",
            "eu-central-1",
            "RectifyRules",
        ),
        (
            HUB_ADMIN,
            "lambda:UpdateFunctionCode",
            "arn:aws:lambda:eu-central-1:111122223333:function:rectify-s3-bucket",
            "eu-central-1",
            "RectifyFunctions",
        ),
        (
            HUB_ADMIN,
            "dynamodb:DeleteTable",
            "arn:aws:dynamodb:eu-central-1:111122223333:table/rectify-ledger",
            "eu-central-1",
            "RectifyLedger",
        ),
        (
            HUB_ADMIN,
            "cloudformation:DeleteStack",
            "arn:aws:cloudformation:eu-central-1:111122223333:stack/rectify/1a",
            "eu-central-1",
            "RectifyStacks",
        ),
        (
            HUB_ADMIN,
            "cloudformation:DeleteStackSet",
            "arn:aws:cloudformation:eu-central-1:111122223333:stackset/rectify-member:1a",
            "eu-central-1",
            "RectifyStackSets",
        ),
        // Becoming somebody who is exempt.
        (ADMIN, "iam:CreateRole", OUR_ROLE, "us-east-1", "ExemptRoles"),
        (ADMIN, "iam:UpdateAssumeRolePolicy", CORRECT, "us-east-1", "ExemptRoles"),
        (ADMIN, "iam:CreateRole", "arn:aws:iam::444455556666:role/stacksets-exec-mine", "us-east-1", "ExemptRoles"),
        (ADMIN, "iam:CreateRole", SELF_MANAGED, "us-east-1", "ExemptRoles"),
        (ADMIN, "iam:PutRolePolicy", BREAK_GLASS, "us-east-1", "ExemptRoles"),
        (ADMIN, "iam:PassRole", FORWARD, "us-east-1", "ExemptRoles"),
        // Looking like somebody who is exempt.
        ("arn:aws:iam::444455556666:role/rectify-correct-s3-bucket", "s3:PutBucketAcl", BUCKET, "us-east-1", "Regions"),
        (
            "arn:aws:iam::444455556666:role/my/rectify/rectify-correct-x",
            "s3:PutBucketAcl",
            BUCKET,
            "us-east-1",
            "Regions",
        ),
        ("arn:aws:iam::444455556666:role/rectify/rectify-forwarder", "s3:PutBucketAcl", BUCKET, "us-east-1", "Regions"),
        ("arn:aws:iam::444455556666:user/rectify/rectify-correct-x", "s3:PutBucketAcl", BUCKET, "us-east-1", "Regions"),
        (
            "arn:aws:iam::444455556666:role/rectify/rectify-s3-bucket",
            "cloudtrail:StopLogging",
            "*",
            "eu-west-1",
            "CloudTrail",
        ),
        ("arn:aws:iam::444455556666:role/break-glass-2", "cloudtrail:StopLogging", "*", "eu-west-1", "CloudTrail"),
        ("arn:aws:iam::444455556666:role/security/auditor", "guardduty:UpdateDetector", "*", "eu-west-1", "GuardDuty"),
    ];
    for (principal, action, resource, region, sid) in cases {
        let verdict = verdict(&documents, (principal, action, resource, region));
        assert_eq!(verdict.as_deref(), Some(sid), "{principal} {action} {resource} {region}");
    }
}

#[test]
fn what_has_to_go_on() {
    let documents = parsed(&documents(FILE));
    let cases = [
        // Ordinary work, global services, and being somebody at all.
        (ADMIN, "s3:PutBucketPolicy", BUCKET, "eu-central-1"),
        (ADMIN, "iam:CreateUser", "arn:aws:iam::444455556666:user/u", "us-east-1"),
        (ADMIN, "sts:AssumeRole", CORRECT, "us-east-1"),
        (ADMIN, "organizations:DescribeOrganization", "*", "us-east-1"),
        (ADMIN, "s3:ListAllMyBuckets", "*", "us-east-1"),
        (ADMIN, "iam:CreateRole", "arn:aws:iam::444455556666:role/app", "us-east-1"),
        (ADMIN, "cloudtrail:LookupEvents", "*", "eu-central-1"),
        (ADMIN, "events:PutRule", "arn:aws:events:eu-central-1:444455556666:rule/nightly", "eu-central-1"),
        (ADMIN, "events:PutPermission", "arn:aws:events:eu-central-1:444455556666:event-bus/own", "eu-central-1"),
        (
            ADMIN,
            "cloudformation:DeleteStack",
            "arn:aws:cloudformation:eu-central-1:444455556666:stack/app/1a",
            "eu-central-1",
        ),
        (
            ADMIN,
            "lambda:UpdateFunctionCode",
            "arn:aws:lambda:eu-central-1:444455556666:function:rectify-own",
            "eu-central-1",
        ),
        // Operators write the ledger.
        (
            HUB_ADMIN,
            "dynamodb:PutItem",
            "arn:aws:dynamodb:eu-central-1:111122223333:table/rectify-ledger",
            "eu-central-1",
        ),
        (
            HUB_ADMIN,
            "lambda:InvokeFunction",
            "arn:aws:lambda:eu-central-1:111122223333:function:rectify-s3-bucket",
            "eu-central-1",
        ),
        // rectify: corrections and reads everywhere, forwarding to the hub's region, entering members.
        (CORRECT, "s3:PutBucketAcl", BUCKET, "us-east-1"),
        (CORRECT, "rds:ModifyDBInstance", "*", "ap-southeast-2"),
        (CORRECT, "cloudtrail:UpdateTrail", "*", "us-west-2"),
        (OBSERVE, "s3:GetBucketAcl", BUCKET, "sa-east-1"),
        (FORWARD, "events:PutEvents", BUS, "us-east-2"),
        (FUNCTION, "sts:AssumeRole", CORRECT, "us-east-1"),
        (FUNCTION, "iam:PassRole", "arn:aws:iam::111122223333:role/rectify/rectify-scheduler", "us-east-1"),
        (FUNCTION, "scheduler:CreateSchedule", "*", "eu-central-1"),
        // StackSets: install, update and remove.
        (STACKSETS, "events:PutRule", RULE, "us-east-1"),
        (STACKSETS, "events:DeleteRule", RULE, "eu-central-1"),
        (STACKSETS, "iam:CreateRole", CORRECT, "us-east-1"),
        (STACKSETS, "iam:PassRole", FORWARD, "us-east-1"),
        (SELF_MANAGED, "events:PutTargets", RULE, "us-east-1"),
        // In an emergency.
        (BREAK_GLASS, "cloudtrail:UpdateTrail", "*", "us-east-1"),
        (BREAK_GLASS, "iam:PutRolePolicy", CORRECT, "us-east-1"),
        (SECURITY, "guardduty:UpdateDetector", "*", "us-east-1"),
    ];
    for case in cases {
        assert_eq!(verdict(&documents, case), None, "{case:?}");
    }
}

#[test]
fn nothing_is_restricted_that_the_settings_do_not_name() {
    let environment = "[[environment]]\nname = \"all\"\nmode = \"detective\"\ndefault = true\n[preventive]\n";
    let file = |rest: &str| parsed(&documents(&format!("{environment}{rest}")));
    let all = file("");
    assert_eq!(verdict(&all, (ADMIN, "bedrock:InvokeModel", "*", "us-west-2")), None);
    assert_eq!(verdict(&all, (ADMIN, "macie2:DisableMacie", "*", "us-west-2")).as_deref(), Some("Macie"));
    let only = file("protect = [\"macie\"]\nleave-organization = \"allow\"\n");
    assert_eq!(verdict(&only, (ADMIN, "cloudtrail:StopLogging", "*", "us-west-2")), None);
    assert_eq!(verdict(&only, (ADMIN, "organizations:LeaveOrganization", "*", "us-east-1")), None);
    let exempt = verdict(&only, (ADMIN, "iam:CreateRole", OUR_ROLE, "us-east-1"));
    assert_eq!(exempt.as_deref(), Some("ExemptRoles"), "an exemption without its protection is a hole");
    assert!(documents(&format!("{environment}protect = []\nleave-organization = \"allow\"\n")).is_empty());
    let leave = documents(&format!("{environment}protect = []\n"));
    assert_eq!(leave.len(), 1);
    assert_eq!(leave[0].statements, ["LeaveOrganization"], "nobody is exempt from it, so no name has to be kept");
}

#[test]
fn the_other_partitions_have_their_arns() {
    let file = FILE
        .replace("eu-central-1", "us-gov-west-1")
        .replace("eu-west-1", "us-gov-east-1")
        .replace("arn:aws:", "arn:aws-us-gov:");
    let settings = Settings::parse(&file, &[]).unwrap().preventive.unwrap();
    let deployment = Deployment { partition: settings.partition(), ..deployment() };
    let documents = render(&settings, &deployment).unwrap();
    let text: String = documents.iter().map(|document| document.content.as_str()).collect();
    assert!(
        !text.contains("arn:aws:") && text.contains("arn:aws-us-gov:iam::*:role/rectify/rectify-correct-*"),
        "{text}"
    );
}
