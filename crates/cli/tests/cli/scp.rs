//! `rectify scp`, offline and against an organisation in the sandbox.

#![expect(clippy::indexing_slicing, reason = "helpers of tests")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use rectify_sandbox::{Effect, Fault, World, WorldBuilder};
use serde_json::{Value, json};

use crate::harness::{self, Run, rectify};

const ENVIRONMENT: &str = "[[environment]]\nname = \"all\"\nmode = \"detective\"\ndefault = true\n\n";

/// A folder of the test's own, empty.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("scp-{name}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn offline(section: &str, args: &[&str]) -> Run {
    let settings = format!("{ENVIRONMENT}[preventive]\n{section}\n");
    rectify(&[&["scp", "--settings", "-"], args].concat(), settings.as_bytes())
}

#[test]
fn the_documents_are_printed_without_aws() {
    let run = offline("regions = [\"eu-central-1\"]", &["--hub-account", "111122223333", "--output", "json"]);
    assert_eq!(run.code, Some(0), "{run}");
    let documents: Value = serde_json::from_str(&run.out).unwrap();
    let documents = documents.as_array().unwrap();
    assert!(documents.len() > 1, "{run}");
    for document in documents {
        let content = document["content"].as_str().unwrap();
        assert!(content.len() <= 5_120 && document["characters"] == content.len(), "{run}");
        assert!(run.err.contains(&format!("{} of 5120", content.len())), "{run}");
    }
    assert!(run.err.contains("neither the management account nor service-linked roles"), "{run}");
    assert!(run.err.contains("nobody in account 111122223333 can update the hub stack"), "{run}");
    let exempt = "hub-account = \"111122223333\"\nexempt-principals = [\"arn:aws:iam::111122223333:role/deploy\"]";
    assert!(!offline(exempt, &[]).err.contains("can update the hub stack"));
    let stack = offline("hub-account = \"111122223333\"", &["--stack", "guard", "--output", "json"]);
    assert!(stack.out.contains("guard-1-guardrails") && stack.out.contains("role/rectify/guard-correct-*"), "{stack}");
    let nothing = offline("protect = []\nleave-organization = \"allow\"", &["--hub-account", "111122223333"]);
    assert_eq!((nothing.code, nothing.out.as_str()), (Some(0), ""), "{nothing}");
    assert!(nothing.err.contains("deny nothing"), "{nothing}");
}

#[test]
fn the_documents_are_written_as_aws_takes_them() {
    let folder = folder("written");
    fs::write(folder.join("rectify-9-guardrails.json"), "{}").unwrap();
    fs::write(folder.join("notes.json"), "{}").unwrap();
    let run = offline("hub-account = \"111122223333\"", &["--directory", folder.to_str().unwrap()]);
    assert_eq!((run.code, run.out.as_str()), (Some(0), ""), "{run}");
    let first = fs::read_to_string(folder.join("rectify-1-guardrails.json")).unwrap();
    assert!(first.starts_with("{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"LeaveOrganization\","), "{first}");
    assert!(run.err.contains("rectify-9-guardrails.json is from before") && !run.err.contains("notes"), "{run}");
    assert!(folder.join("rectify-9-guardrails.json").exists());
}

#[test]
fn what_cannot_be_rendered_says_what_to_do() {
    let hub = ["--hub-account", "111122223333"];
    let cases: [(&str, &[&str], &str); 6] = [
        ("", &[], "which account is the hub stack in?"),
        ("region = []", &hub, "line 7: [preventive] `region`: there is no such setting: did you mean `regions`?"),
        ("exempt-principals = [\"\\u001b[2Jarn\"]", &hub, "is not a role's ARN"),
        ("max-policies = 2", &hub, "documents are needed, and a target can have 2"),
        ("", &["--hub-account", "12"], "--hub-account"),
        ("", &["--apply", "--diff", "--hub-account", "111122223333"], "cannot be used with"),
    ];
    for (section, args, said) in cases {
        let run = offline(section, args);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{run}");
        assert!(run.err.contains(said) && !run.err.contains('\u{1b}'), "{said}: {run}");
    }
    let none = rectify(&["scp", "--settings", "-"], ENVIRONMENT.as_bytes());
    assert!(none.code == Some(2) && none.err.contains("standard input has no [preventive]"), "{none}");
    let targets = offline("", &["--hub-account", "111122223333", "--diff"]);
    assert!(targets.code == Some(2) && targets.err.contains("no targets are named"), "{targets}");
}

/// An organisation with two units, and somebody in front of it.
struct Office {
    world: World,
    folder: PathBuf,
    root: String,
    units: [String; 2],
}

impl Office {
    async fn new(name: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
        // No guard has anything to do here, so any program will do.
        let builder = WorldBuilder::new(root.join("template.yaml"), |_| env!("CARGO_BIN_EXE_rectify").into());
        let world = builder.start().await.unwrap();
        let mut office =
            Self { world, folder: folder(name), root: String::new(), units: [String::new(), String::new()] };
        office.ask("CreateOrganization", &json!({"FeatureSet": "ALL"})).await;
        let roots = office.ask("ListRoots", &json!({})).await;
        office.root = roots["Roots"][0]["Id"].as_str().unwrap().to_owned();
        for (index, name) in ["workloads", "sandbox"].into_iter().enumerate() {
            let unit = json!({"ParentId": office.root, "Name": name});
            let made = office.ask("CreateOrganizationalUnit", &unit).await;
            office.units[index] = made["OrganizationalUnit"]["Id"].as_str().unwrap().to_owned();
        }
        office
    }

    async fn enabled(name: &str) -> Self {
        let office = Self::new(name).await;
        office.enable().await;
        office
    }

    async fn enable(&self) {
        let root = json!({"RootId": self.root, "PolicyType": "SERVICE_CONTROL_POLICY"});
        self.ask("EnablePolicyType", &root).await;
    }

    async fn ask(&self, operation: &str, body: &Value) -> Value {
        let target = format!("AWSOrganizationsV20161128.{operation}");
        let (status, answer) = self.world.aws_json("organizations", &target, body).await.unwrap();
        assert_eq!(status, 200, "{operation}: {answer}");
        answer
    }

    fn settings(&self, section: &str) {
        let text = format!("{ENVIRONMENT}[preventive]\nhub-account = \"111122223333\"\n{section}\n");
        fs::write(self.folder.join("settings.toml"), text).unwrap();
    }

    fn run(&self, args: &[&str]) -> Run {
        let mut command = harness::command(&[&["scp"], args].concat());
        command
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_REGION", "eu-central-1")
            .env("AWS_ENDPOINT_URL", self.world.endpoint())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .current_dir(&self.folder);
        harness::finish(command, b"")
    }

    fn scp(&self, args: &[&str]) -> Run {
        self.run(&[&["--settings", "settings.toml"], args].concat())
    }

    /// An apply that has to work, and its report.
    fn apply(&self, args: &[&str]) -> Value {
        let run = self.scp(&[&["--apply", "--yes", "--output", "json"], args].concat());
        assert_eq!(run.code, Some(0), "{run}");
        serde_json::from_str(&run.out).unwrap()
    }

    /// Names and ids of the policies there are.
    async fn policies(&self) -> Vec<(String, String)> {
        let answer = self.ask("ListPolicies", &json!({"Filter": "SERVICE_CONTROL_POLICY"})).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        answer["Policies"].as_array().unwrap().iter().map(|one| (text(&one["Name"]), text(&one["Id"]))).collect()
    }

    async fn id(&self, name: &str) -> String {
        self.policies().await.into_iter().find(|(known, _)| known == name).unwrap().1
    }

    /// The policies on a target, but the one that is always there.
    async fn attached(&self, target: &str) -> Vec<String> {
        let body = json!({"TargetId": target, "Filter": "SERVICE_CONTROL_POLICY"});
        let answer = self.ask("ListPoliciesForTarget", &body).await;
        let names = answer["Policies"].as_array().unwrap().iter().map(|one| one["Name"].as_str().unwrap().to_owned());
        names.filter(|name| name != "FullAWSAccess").collect()
    }

    async fn content(&self, name: &str) -> String {
        let answer = self.ask("DescribePolicy", &json!({"PolicyId": self.id(name).await})).await;
        answer["Policy"]["Content"].as_str().unwrap().to_owned()
    }

    fn backups(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(&self.folder).unwrap().map(|entry| entry.unwrap().path());
        let mut backups: Vec<PathBuf> =
            files.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("rectify-scp-")).collect();
        backups.sort();
        backups
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_are_made_changed_taken_back_and_put_back() {
    let office = Office::new("whole").await;
    let [workloads, sandbox] = office.units.clone();
    office.settings(&format!("targets = [\"{workloads}\"]\nregions = [\"eu-central-1\"]"));
    let disabled = office.scp(&["--diff"]);
    assert_eq!((disabled.code, disabled.out.as_str()), (Some(11), ""), "{disabled}");
    assert!(disabled.err.contains(&format!("enable-policy-type --root-id {}", office.root)), "{disabled}");
    office.enable().await;

    let diff = office.scp(&["--diff"]);
    assert_eq!(diff.code, Some(0), "{diff}");
    assert!(diff.out.contains("create rectify-1-guardrails\n  + denies LeaveOrganization, Regions, "), "{diff}");
    assert!(diff.out.contains(&format!("+ attach to {workloads}")), "{diff}");
    let nobody = office.scp(&["--apply"]);
    assert_eq!((nobody.code, nobody.out.as_str()), (Some(5), ""), "{nobody}");
    assert!(nobody.err.contains("nobody is there to be asked, and nothing was changed"), "{nobody}");
    assert_eq!(office.policies().await.len(), 1, "a look and a refusal change nothing");

    let applied = office.apply(&[]);
    let names = ["rectify-1-guardrails", "rectify-2-guardrails", "rectify-3-guardrails"];
    assert_eq!(office.attached(&workloads).await, names, "{applied:#}");
    assert!(office.content(names[0]).await.contains("\"aws:RequestedRegion\":[\"eu-central-1\"]"));
    let tags = office.ask("ListTagsForResource", &json!({"ResourceId": office.id(names[0]).await})).await;
    assert!(tags["Tags"].as_array().unwrap().contains(&json!({"Key": "rectify:stack", "Value": "rectify"})), "{tags}");
    let again = office.scp(&["--apply", "--yes"]);
    assert_eq!((again.code, again.out.as_str()), (Some(0), ""), "{again}");
    assert!(again.err.contains("nothing to change"), "{again}");
    assert_eq!(office.backups().len(), 1, "and nothing to keep");

    // Another region, fewer protections, another unit.
    office.settings(&format!(
        "targets = [\"{sandbox}\"]\nregions = [\"eu-central-1\", \"eu-west-1\"]\nprotect = [\"cloudtrail\"]"
    ));
    let diff = office.scp(&["--diff"]);
    assert!(
        diff.out.contains("update rectify-1-guardrails\n") && diff.out.contains("+             \"eu-west-1\""),
        "{diff}"
    );
    assert!(diff.out.contains("delete rectify-3-guardrails\n  - denies "), "{diff}");
    let report = office.apply(&["--backup", "kept"]);
    assert_eq!(office.attached(&sandbox).await, ["rectify-1-guardrails"], "{report:#}");
    assert!(office.attached(&workloads).await.is_empty());
    assert_eq!(office.policies().await.len(), 2, "one, and AWS's own");
    let backup = report["backup"].as_str().unwrap().to_owned();
    assert!(backup.starts_with("kept/rectify-scp-") && office.folder.join(&backup).is_file(), "{backup}");

    let restored = office.run(&["--restore", &backup, "--yes"]);
    assert_eq!(restored.code, Some(0), "{restored}");
    assert_eq!(office.attached(&workloads).await, names, "{restored}");
    assert!(office.attached(&sandbox).await.is_empty());
    assert!(!office.content(names[0]).await.contains("eu-west-1"));
    let again = office.run(&["--restore", &backup, "--yes"]);
    assert!(again.code == Some(0) && again.err.contains("nothing to change"), "{again}");

    // Nothing denied: nothing left.
    office.settings(&format!("targets = [\"{sandbox}\"]\nprotect = []\nleave-organization = \"allow\""));
    office.apply(&[]);
    assert_eq!(office.policies().await.len(), 1);
    office.world.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_made_or_changed_is_left_alone() {
    let office = Office::enabled("others").await;
    let [workloads, _] = office.units.clone();
    office.settings(&format!("targets = [\"{workloads}\"]"));
    let deny =
        r#"{"Version":"2012-10-17","Statement":[{"Sid":"Theirs","Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#;
    let theirs =
        |name: &str| json!({"Name": name, "Description": "theirs", "Type": "SERVICE_CONTROL_POLICY", "Content": deny});

    // A policy with our name that is not ours.
    office.ask("CreatePolicy", &theirs("rectify-2-guardrails")).await;
    let foreign = office.scp(&["--apply", "--yes", "--force"]);
    assert_eq!((foreign.code, foreign.out.as_str()), (Some(5), ""), "{foreign}");
    assert!(foreign.err.contains("`rectify-2-guardrails`") && foreign.err.contains("rename or delete it"), "{foreign}");
    assert_eq!(office.policies().await.len(), 2, "nothing was made");
    assert_eq!(office.content("rectify-2-guardrails").await, deny);
    let id = office.id("rectify-2-guardrails").await;
    office.ask("DeletePolicy", &json!({"PolicyId": id})).await;

    // No room: three of ours, AWS's own and two of theirs, of five.
    for name in ["one", "two"] {
        let made = office.ask("CreatePolicy", &theirs(name)).await;
        let id = made["Policy"]["PolicySummary"]["Id"].as_str().unwrap();
        office.ask("AttachPolicy", &json!({"PolicyId": id, "TargetId": workloads})).await;
    }
    // The sandbox gives a new unit no policy of its own; AWS attaches this one.
    office.ask("AttachPolicy", &json!({"PolicyId": "p-FullAWSAccess", "TargetId": workloads})).await;
    let full = office.scp(&["--apply", "--yes"]);
    assert_eq!((full.code, full.out.as_str()), (Some(5), ""), "{full}");
    assert!(full.err.contains(&format!("no room on {workloads}")) && full.err.contains("are more than 5"), "{full}");
    assert_eq!(office.policies().await.len(), 3, "nothing was made");
    office.settings(&format!("targets = [\"{workloads}\"]\nmax-policies = 10"));
    office.apply(&[]);
    assert_eq!(office.attached(&workloads).await.len(), 5);

    // Somebody opens one of ours.
    let (id, before) = (office.id("rectify-1-guardrails").await, office.content("rectify-1-guardrails").await);
    office.ask("UpdatePolicy", &json!({"PolicyId": id, "Content": deny})).await;
    let changed = office.scp(&["--apply", "--yes"]);
    assert_eq!((changed.code, changed.out.as_str()), (Some(5), ""), "{changed}");
    assert!(changed.err.contains("somebody else changed rectify-1-guardrails since"), "{changed}");
    assert!(changed.err.contains("\"Theirs\"") && changed.err.contains("--force"), "{changed}");
    assert_eq!(office.content("rectify-1-guardrails").await, deny);
    office.apply(&["--force"]);
    assert_eq!(office.content("rectify-1-guardrails").await, before);
    let kept = fs::read_to_string(office.backups().last().unwrap()).unwrap();
    assert!(kept.contains("Theirs"), "what was written over can be put back: {kept}");

    // Files that are no backups of this stack here.
    let backup: Value = serde_json::from_str(&kept).unwrap();
    let cases =
        [("stack", json!("other")), ("organization", json!("o-other")), ("format", json!("2")), ("more", json!(1))];
    for (key, value) in cases {
        let mut wrong = backup.clone();
        wrong[key] = value;
        fs::write(office.folder.join("wrong.json"), wrong.to_string()).unwrap();
        let run = office.run(&["--restore", "wrong.json", "--yes"]);
        assert!(run.code == Some(2) && run.err.contains("is not a backup that can be put back here"), "{key}: {run}");
    }
    office.settings("targets = [\"ou-abcd-00000000\"]");
    let nowhere = office.scp(&["--diff"]);
    assert!(
        nowhere.code == Some(11) && nowhere.err.contains("something that is not in this organisation"),
        "{nowhere}"
    );
    office.world.shutdown().await;
}

fn fault(operation: &str, code: &str) -> Fault {
    Fault {
        service: Some("organizations".to_owned()),
        operation: Some(operation.to_owned()),
        function: Some("person".to_owned()),
        effect: Effect::Error { status: 400, code: code.to_owned() },
        ..Fault::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_half_way_is_said_and_the_same_command_does_the_rest() {
    let office = Office::enabled("half").await;
    let [workloads, sandbox] = office.units.clone();
    office.settings(&format!("targets = [\"{workloads}\", \"{sandbox}\"]"));
    office.world.set_faults(vec![Fault { nth: Some(3), ..fault("AttachPolicy", "AccessDeniedException") }]);
    let half = office.scp(&["--apply", "--yes"]);
    assert_eq!(half.code, Some(11), "{half}");
    assert!(half.out.contains("done: create rectify-1-guardrails\n"), "{half}");
    let (done, left) = half.out.split_at(half.out.find("not done:").unwrap());
    assert!(done.contains("done: create rectify-2-guardrails\n") && !left.contains("create rectify-2"), "{half}");
    assert!(left.starts_with("not done: attach rectify-2-guardrails to "), "the one that failed comes first: {half}");
    assert!(
        half.err.contains("AccessDeniedException") && half.err.contains("the same command does the rest"),
        "{half}"
    );
    assert_eq!(office.attached(&workloads).await.len() + office.attached(&sandbox).await.len(), 2);

    // The rest, while others change the organisation and AWS is busy.
    office.world.set_faults(vec![
        Fault { times: Some(2), ..fault("AttachPolicy", "ConcurrentModificationException") },
        Fault { times: Some(2), ..fault("ListPolicies", "TooManyRequestsException") },
        Fault { times: Some(1), effect: Effect::CutAfter, ..fault("CreatePolicy", "") },
    ]);
    let rest = office.scp(&["--apply", "--yes"]);
    // A creation whose answer was lost is there the next time.
    let rest = if rest.code == Some(11) { office.scp(&["--apply", "--yes"]) } else { rest };
    assert_eq!(rest.code, Some(0), "{rest}");
    for unit in [&workloads, &sandbox] {
        assert_eq!(office.attached(unit).await.len(), office.policies().await.len() - 1, "{rest}");
    }

    // A write that is cut off before its tag is not somebody else's.
    office.settings(&format!("targets = [\"{workloads}\", \"{sandbox}\"]\nleave-organization = \"allow\""));
    office.world.set_faults(vec![Fault { nth: Some(2), ..fault("TagResource", "AccessDeniedException") }]);
    let cut = office.scp(&["--apply", "--yes"]);
    assert_eq!(cut.code, Some(11), "{cut}");
    office.world.set_faults(Vec::new());
    office.settings(&format!("targets = [\"{workloads}\", \"{sandbox}\"]\nregions = [\"eu-west-1\"]"));
    office.apply(&[]);
    assert!(office.content("rectify-1-guardrails").await.contains("eu-west-1"));
    office.world.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_permission_or_an_organisation_the_way_on_is_named() {
    let office = Office::enabled("denied").await;
    office.settings(&format!("targets = [\"{}\"]", office.units[0]));
    office.world.set_faults(vec![fault("DescribeOrganization", "AWSOrganizationsNotInUseException")]);
    let none = office.scp(&["--diff"]);
    assert!(none.code == Some(11) && none.err.contains("--organization-profile"), "{none}");
    office.world.set_faults(vec![fault("ListPolicies", "AccessDeniedException")]);
    let denied = office.scp(&["--apply", "--yes"]);
    assert!(denied.code == Some(11) && denied.err.contains("--organization-profile"), "{denied}");
    office.world.set_faults(Vec::new());
    fs::write(office.folder.join("file"), "").unwrap();
    let kept = office.scp(&["--apply", "--yes", "--backup", "file/below"]);
    assert!(kept.code == Some(10) && kept.err.contains("so nothing was changed"), "{kept}");
    assert_eq!(office.policies().await.len(), 1);
    office.settings(&format!("targets = [\"{}\"]\nregions = [\"us-gov-west-1\"]", office.units[0]));
    let partition = office.scp(&["--diff"]);
    assert!(partition.code == Some(2) && partition.err.contains("partition aws-us-gov"), "{partition}");
    office.world.shutdown().await;
}
