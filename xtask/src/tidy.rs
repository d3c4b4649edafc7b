//! The rules of this repository that no compiler checks. Each rule is a function from the checkout to what is wrong.

mod events;
mod layers;
mod rulebook;
mod sources;

use anyhow::{Result, bail};

use crate::{docs, kinds, repo::Repo, template};

/// Runs every rule.
///
/// # Errors
/// With everything that is wrong, one line each; or when a rule could not look.
pub(crate) fn run(repo: &Repo) -> Result<()> {
    let problems = problems(repo)?;
    if !problems.is_empty() {
        bail!("{} broken rules:\n  {}", problems.len(), problems.join("\n  "));
    }
    Ok(())
}

fn problems(repo: &Repo) -> Result<Vec<String>> {
    let kinds = kinds::all();
    let files = repo.files()?;
    let mut problems = layers::check(repo, &files)?;
    problems.extend(sources::check(repo, &files)?);
    problems.extend(events::check(repo, &files)?);
    problems.extend(rulebook::check(repo, &files, &kinds)?);
    problems.extend(repo.stale(&template::files(&kinds)?)?);
    problems.extend(repo.stale(&docs::files(&kinds)?)?);
    for needed in ["CHANGELOG.md", "LICENSE", "README.md", "SECURITY.md"] {
        if !files.iter().any(|file| file == needed) {
            problems.push(format!("{needed}: missing"));
        }
    }
    Ok(problems)
}
