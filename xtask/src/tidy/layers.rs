//! Dependencies point one way.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use toml::{Table, Value};

use crate::repo::Repo;

/// What each crate may use of this workspace. Outermost last; whatever is not here may not be used.
const MAY_USE: &[(&str, &[&str])] = &[
    ("rectify-event", &[]),
    ("rectify-policy", &[]),
    ("rectify-pattern", &[]),
    ("rectify-controls", &["rectify-event", "rectify-policy"]),
    ("rectify-render", &["rectify-event", "rectify-policy", "rectify-controls"]),
    ("rectify-aws", &["rectify-event", "rectify-policy", "rectify-controls"]),
    ("rectify-s3", &["rectify-controls"]),
    ("rectify-secrets", &[]),
    ("rectify-runtime", &["rectify-event", "rectify-policy", "rectify-controls", "rectify-render", "rectify-aws"]),
    ("rectify-organization", &["rectify-controls", "rectify-aws"]),
    ("rectify-report", &["rectify-controls", "rectify-aws", "rectify-render"]),
    ("rectify-replay", &["rectify-event", "rectify-controls", "rectify-render", "rectify-pattern"]),
    (
        "rectify-sweeper",
        &[
            "rectify-event",
            "rectify-controls",
            "rectify-render",
            "rectify-aws",
            "rectify-organization",
            "rectify-runtime",
        ],
    ),
    (
        "rectify-notifier",
        &[
            "rectify-event",
            "rectify-policy",
            "rectify-controls",
            "rectify-render",
            "rectify-report",
            "rectify-aws",
            "rectify-runtime",
        ],
    ),
    ("xtask", &["rectify-event", "rectify-policy", "rectify-controls", "rectify-pattern", "rectify-render"]),
];

/// Guards see the runtime and everything below it, and never each other.
const GUARDS_MAY_USE: &[&str] = &[
    "rectify-event",
    "rectify-policy",
    "rectify-controls",
    "rectify-render",
    "rectify-aws",
    "rectify-runtime",
    "rectify-s3",
    "rectify-secrets",
];

/// Lambdas that guard nothing.
const FUNCTIONS: &[&str] = &["crates/notifier", "crates/sweeper"];

/// Crates that may use all others, and that nothing else may use.
const OUTERMOST: &[&str] = &["rectify-sandbox", "rectify-cli", "rectify-e2e"];

/// For tests only: any crate may use these in `[dev-dependencies]`.
const TEST_ONLY: &[&str] = &["rectify-pattern", "rectify-sandbox"];

/// Facts in, decision out: no I/O, no runtime, no SDK.
const PURE: &[&str] = &[
    "rectify-event",
    "rectify-policy",
    "rectify-pattern",
    "rectify-controls",
    "rectify-render",
    "rectify-secrets",
    "xtask",
];

const IMPURE_PREFIXES: &[&str] = &["aws-", "aws_", "lambda_", "tokio", "hyper", "reqwest", "ureq", "async-", "futures"];

/// SDK crates: their default features bring a second, vulnerable HTTP stack.
const SDK_PREFIXES: &[&str] =
    &["aws-config", "aws-sdk-", "aws-credential-types", "aws-smithy-runtime", "lambda_runtime"];

pub(super) fn check(repo: &Repo, files: &[String]) -> Result<Vec<String>> {
    let root = parse(repo, "Cargo.toml")?;
    let mut problems = workspace_dependencies(&root);
    problems.extend(default_members(&root, files));
    for file in files.iter().filter(|file| file.ends_with("/Cargo.toml") && !file.contains("/fixtures/")) {
        problems.extend(package(file, &parse(repo, file)?));
    }
    Ok(problems)
}

fn parse(repo: &Repo, path: &str) -> Result<Table> {
    repo.read(path)?.parse().with_context(|| format!("`{path}` is not TOML"))
}

/// The root `Cargo.toml`: every SDK crate without its default features.
fn workspace_dependencies(root: &Table) -> Vec<String> {
    let dependencies =
        root.get("workspace").and_then(|workspace| workspace.get("dependencies")).and_then(Value::as_table);
    dependencies
        .into_iter()
        .flatten()
        .filter(|(name, spec)| {
            SDK_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
                && spec.get("default-features").and_then(Value::as_bool) != Some(false)
        })
        .map(|(name, _)| format!("Cargo.toml: `{name}` needs `default-features = false`, see the comment above it"))
        .collect()
}

/// `default-members` is every function, which is the guards and [`FUNCTIONS`], and nothing else: `sam build` builds the default members' features into each function.
fn default_members(root: &Table, files: &[String]) -> Vec<String> {
    let functions: BTreeSet<&str> = files
        .iter()
        .filter_map(|file| file.strip_suffix("/Cargo.toml"))
        .filter(|directory| directory.starts_with("crates/guards/") || FUNCTIONS.contains(directory))
        .collect();
    let members =
        root.get("workspace").and_then(|workspace| workspace.get("default-members")).and_then(Value::as_array);
    let members: BTreeSet<&str> = members.into_iter().flatten().filter_map(Value::as_str).collect();
    members
        .symmetric_difference(&functions)
        .map(|path| format!("Cargo.toml: `default-members` has to be all functions and nothing else: look at `{path}`"))
        .collect()
}

fn package(file: &str, manifest: &Table) -> Vec<String> {
    let mut problems = Vec::new();
    let Some(name) = manifest.get("package").and_then(|package| package.get("name")).and_then(Value::as_str) else {
        return vec![format!("{file}: no package name")];
    };
    if manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(Value::as_bool) != Some(true) {
        problems.push(format!("{file}: add `[lints]` with `workspace = true`"));
    }
    for (section, test) in [("dependencies", false), ("dev-dependencies", true), ("build-dependencies", false)] {
        for (dependency, spec) in manifest.get(section).and_then(Value::as_table).into_iter().flatten() {
            let ours = dependency.starts_with("rectify-") || dependency == "xtask";
            if ours && !may_use(name, dependency) && !(test && TEST_ONLY.contains(&dependency.as_str())) {
                problems.push(format!(
                    "{file}: `{name}` may not use `{dependency}`: dependencies point one way, see docs/ARCHITECTURE.md"
                ));
            }
            if !test && PURE.contains(&name) && IMPURE_PREFIXES.iter().any(|prefix| dependency.starts_with(prefix)) {
                problems.push(format!("{file}: `{name}` is pure and may not use `{dependency}`"));
            }
            if spec.get("workspace").and_then(Value::as_bool) != Some(true) {
                problems.push(format!(
                    "{file}: `{dependency}` has a version of its own: move it to `[workspace.dependencies]` in the root"
                ));
            }
        }
    }
    problems
}

fn may_use(name: &str, dependency: &str) -> bool {
    if OUTERMOST.contains(&name) {
        return name != "rectify-sandbox" || !OUTERMOST.contains(&dependency);
    }
    if name.starts_with("rectify-guard-") {
        return GUARDS_MAY_USE.contains(&dependency);
    }
    MAY_USE.iter().any(|(known, uses)| *known == name && uses.contains(&dependency))
}

#[cfg(test)]
mod tests {
    use super::{default_members, may_use, package, workspace_dependencies};

    #[test]
    fn the_default_members_are_the_functions() {
        let files = ["crates/guards/ebs/Cargo.toml", "crates/guards/s3-bucket/Cargo.toml", "crates/aws/Cargo.toml"];
        let members = |text: &str| default_members(&text.parse().unwrap(), &files.map(str::to_owned));
        assert!(members("[workspace]\ndefault-members = ['crates/guards/ebs', 'crates/guards/s3-bucket']").is_empty());
        assert!(members("[workspace]\ndefault-members = ['crates/guards/ebs']")[0].contains("crates/guards/s3-bucket"));
        assert_eq!(members("[workspace]\nmembers = ['crates/aws']").len(), 2);
        let more = "[workspace]\ndefault-members = ['crates/guards/ebs', 'crates/guards/s3-bucket']";
        let with = [files[0], files[1], "crates/sweeper/Cargo.toml"].map(str::to_owned);
        assert!(default_members(&more.parse().unwrap(), &with)[0].contains("crates/sweeper"));
        let cli = "[workspace]\ndefault-members = ['crates/guards/ebs', 'crates/guards/s3-bucket', 'crates/cli']";
        assert!(members(cli)[0].contains("crates/cli"));
    }

    #[test]
    fn dependencies_point_one_way() {
        assert!(may_use("rectify-controls", "rectify-policy"));
        assert!(may_use("rectify-guard-s3-bucket", "rectify-runtime"));
        assert!(may_use("rectify-cli", "rectify-sandbox"));
        assert!(!may_use("rectify-policy", "rectify-controls"));
        assert!(!may_use("rectify-controls", "rectify-aws"));
        assert!(!may_use("rectify-guard-s3-bucket", "rectify-guard-ebs"));
        assert!(!may_use("rectify-runtime", "rectify-sandbox"));
        assert!(!may_use("rectify-sandbox", "rectify-cli"));
        assert!(!may_use("rectify-new", "rectify-event"), "a new crate has to be given its place");
    }

    #[test]
    fn a_package_is_told_what_is_wrong_with_it() {
        let manifest = r#"
            [package]
            name = "rectify-controls"
            [dependencies]
            rectify-event.workspace = true
            rectify-aws.workspace = true
            tokio = "1"
            [dev-dependencies]
            rectify-pattern.workspace = true
        "#;
        let problems = package("crates/controls/Cargo.toml", &manifest.parse().unwrap());
        let text = problems.join("\n");
        assert_eq!(problems.len(), 4, "{text}");
        for part in
            ["add `[lints]`", "may not use `rectify-aws`", "is pure and may not use `tokio`", "a version of its own"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn an_sdk_crate_with_default_features_is_found() {
        let root = r#"
            [workspace.dependencies]
            aws-sdk-s3 = { version = "1", default-features = false }
            aws-sdk-sns = { version = "1", features = ["rt-tokio"] }
            aws-config = "1"
            aws-smithy-mocks = "0.3"
        "#;
        let problems = workspace_dependencies(&root.parse().unwrap());
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(problems[0].contains("aws-config") && problems[1].contains("aws-sdk-sns"));
    }
}
