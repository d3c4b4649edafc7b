//! What a control is.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One rule, as data. Everything a person is ever told about a control comes from here.
#[derive(Debug)]
pub struct Control {
    /// Kebab case, stable for ever: settings, ledger rows and exemptions name it.
    pub id: &'static str,
    /// What is wrong when the control is broken, for example `Bucket ACL grants access to everyone`.
    pub title: &'static str,
    /// Severity of a live breach; a neutralised one is told with less.
    pub severity: Severity,
    /// What the control may do at most unless settings switch it on by name.
    pub action: Action,
    /// What counts as a breach and what does not, in full sentences.
    pub breach: &'static str,
    /// What a correction changes, and what an undo brings back. Empty for [`Action::Notify`].
    pub correction: &'static str,
    /// What can break when the correction acts.
    pub disruption: &'static str,
    /// Why the control exists and how to be compliant at the source.
    pub guidance: Guidance,
    /// The same rule in published frameworks.
    pub frameworks: &'static [Framework],
    /// Options under `[control.<id>]` in the settings, beside the modes.
    pub options: &'static [OptionSpec],
}

/// Where the generated pages of `docs/controls/` can be read.
const PAGES: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/controls/");

impl Control {
    /// Address of the control's generated page.
    #[must_use]
    pub fn page(&self) -> String {
        format!("{PAGES}{}.md", self.id)
    }

    /// Address of the generated page of the control that is called `id`. `None` for what cannot be a control's id: a text
    /// from outside never becomes part of a link.
    #[must_use]
    pub fn page_of(id: &str) -> Option<String> {
        let fits = (1..=80).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        fits.then(|| format!("{PAGES}{id}.md"))
    }
}

/// Directive guidance: shown in messages and generated into `docs/controls/`.
#[derive(Debug)]
pub struct Guidance {
    /// Two or three sentences for a developer.
    pub why: &'static str,
    /// The way through the AWS console: numbered steps, each on a line of its own.
    pub console: &'static str,
    /// The same with `aws` commands.
    pub cli: &'static str,
    /// A snippet that is compliant.
    pub terraform: &'static str,
    /// A snippet that is compliant (YAML).
    pub cloudformation: &'static str,
    /// A snippet that is compliant (TypeScript).
    pub cdk: &'static str,
}

/// A control of a published framework, for example `Security Hub` `S3.2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Framework {
    /// `Security Hub`, `CIS AWS v5.0`, `NIST 800-53 r5`, `PCI DSS v4.0`, `AWS Config`.
    pub name: &'static str,
    /// The ids, separated by `, `.
    pub ids: &'static str,
}

/// One option of a control, as the settings file may name it.
#[derive(Debug, Clone, Copy)]
pub struct OptionSpec {
    /// Kebab case.
    pub name: &'static str,
    /// The default, in TOML.
    pub default: &'static str,
    /// One sentence.
    pub doc: &'static str,
}

/// How bad a breach is. Ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Hygiene.
    Low,
    /// Weakens a defence.
    Medium,
    /// One step from a leak.
    High,
    /// Open now.
    Critical,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        })
    }
}

/// What a control does by default; an environment's [`Mode`] can only lower it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Reversible, small blast radius: put back where the environment is corrective.
    Correct,
    /// Reversible, but can break a workload or cost money: put back only when the settings switch the control on by name.
    Guarded,
    /// No safe or no reversible call exists: told only.
    Notify,
}

/// What an environment allows. Ordered from nothing to everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Not looked at.
    Off,
    /// Decide and record, tell nobody, change nothing.
    Shadow,
    /// Tell, change nothing.
    Detective,
    /// Tell and put back.
    Corrective,
}
