//! Tools a fresh machine does not have, in exactly the versions that were tested, outside the checkout.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

use crate::run::{cargo, command, quiet, run};

/// `cargo-deny`, the only tool built from source: it is on no package index.
const DENY: &str = "0.20.2";

/// A set of Python packages, complete and with hashes, for Linux and macOS and Python 3.10 or newer.
pub(crate) struct PythonSet {
    name: &'static str,
    requirements: &'static str,
}

/// AWS SAM CLI 1.170.0. It brings a `cfn-lint` of its own, older than the one below.
pub(crate) const SAM: PythonSet = PythonSet { name: "sam", requirements: include_str!("../python/sam.txt") };
/// cfn-lint 1.58.0.
pub(crate) const CFN_LINT: PythonSet =
    PythonSet { name: "cfn-lint", requirements: include_str!("../python/cfn-lint.txt") };
/// parliament 1.6.4, which checks IAM policies, with the last setuptools that has `pkg_resources`.
pub(crate) const PARLIAMENT: PythonSet =
    PythonSet { name: "parliament", requirements: include_str!("../python/parliament.txt") };
/// cargo-lambda 1.9.2, with zig where plain cargo cannot build for Lambda.
pub(crate) const CARGO_LAMBDA: PythonSet =
    PythonSet { name: "cargo-lambda", requirements: include_str!("../python/cargo-lambda.txt") };

/// Where tools are kept: `$RECTIFY_CACHE`, `$XDG_CACHE_HOME/rectify` or `~/.cache/rectify`.
///
/// # Errors
/// When none of the three is set.
pub(crate) fn cache() -> Result<PathBuf> {
    let from = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    from("RECTIFY_CACHE")
        .or_else(|| from("XDG_CACHE_HOME").map(|path| path.join("rectify")))
        .or_else(|| from("HOME").map(|path| path.join(".cache").join("rectify")))
        .context("no place for tools: set RECTIFY_CACHE to a directory")
}

/// The `bin` directory of a virtual environment that holds `set`, made on first use. An interrupted installation is never
/// taken for a finished one: the mark that it is complete comes last.
///
/// # Errors
/// When Python or its `venv` module is missing, or pip fails.
pub(crate) fn python(set: &PythonSet, cache: &Path) -> Result<PathBuf> {
    let digest = Sha256::digest(set.requirements.as_bytes());
    let hash: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let parent = cache.join("tools");
    let home = parent.join(format!("{}-{hash}", set.name));
    if home.join("complete").is_file() {
        return Ok(home.join("bin"));
    }
    eprintln!("installing {} below {} (once)", set.name, parent.display());
    fs::create_dir_all(&parent).with_context(|| format!("could not make `{}`", parent.display()))?;
    let _ = fs::remove_dir_all(&home);
    let list = parent.join(format!("{}-{hash}.txt", set.name));
    fs::write(&list, set.requirements).with_context(|| format!("could not write `{}`", list.display()))?;
    run(&mut command("python3", &["-m", "venv", &home.to_string_lossy()], &parent))
        .context("Python 3.10 or newer with its `venv` module is needed (on Debian: apt install python3-venv)")?;
    let pip = home.join("bin").join("python");
    run(&mut command(
        &pip,
        // The lists are complete, so nothing has to be resolved, and nothing may be installed without a hash.
        &[
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--require-hashes",
            "-r",
            &list.to_string_lossy(),
        ],
        &parent,
    ))
    .with_context(|| format!("could not install {}", set.name))?;
    fs::write(home.join("complete"), "").with_context(|| format!("could not write to `{}`", home.display()))?;
    Ok(home.join("bin"))
}

/// `cargo deny`, built on first use.
///
/// # Errors
/// When it cannot be built.
pub(crate) fn cargo_deny(cache: &Path, directory: &Path) -> Result<PathBuf> {
    let home = cache.join("tools").join(format!("cargo-deny-{DENY}"));
    let binary = home.join("bin").join("cargo-deny");
    if !binary.is_file() {
        eprintln!("building cargo-deny {DENY} below {} (once, some minutes)", home.display());
        let root = home.to_string_lossy().into_owned();
        // Not optimised: it runs for a second, and building it is most of the time.
        let mut install = cargo(
            &["install", "--locked", "--debug", "--quiet", "--root", &root, "--version", DENY, "cargo-deny"],
            directory,
        );
        run(install.env_remove("CARGO_TARGET_DIR")).context("could not build cargo-deny")?;
    }
    if !quiet(Command::new(&binary).arg("--version")).is_some_and(|version| version.contains(DENY)) {
        bail!("`{}` is not cargo-deny {DENY}: delete it and run this again", binary.display());
    }
    Ok(binary)
}

/// Whether `cargo nextest` can be run.
pub(crate) fn has_nextest(directory: &Path) -> bool {
    quiet(&mut cargo(&["nextest", "--version"], directory)).is_some()
}

#[cfg(test)]
mod tests {
    use super::{CARGO_LAMBDA, CFN_LINT, PARLIAMENT, SAM};

    #[test]
    fn the_lists_pin_what_we_tested_and_every_package_has_a_hash() {
        for (set, pin) in [
            (SAM, "aws-sam-cli==1.170.0"),
            (CFN_LINT, "cfn-lint==1.58.0"),
            (CARGO_LAMBDA, "cargo-lambda==1.9.2"),
            (PARLIAMENT, "parliament==1.6.4"),
        ] {
            assert!(set.requirements.lines().any(|line| line.starts_with(pin)), "{pin}");
            let mut lines = set.requirements.lines().peekable();
            while let Some(line) = lines.next() {
                if !line.starts_with(' ') {
                    assert!(line.contains("=="), "{line}");
                    assert!(lines.peek().is_some_and(|next| next.trim_start().starts_with("--hash=sha256:")), "{line}");
                }
            }
        }
    }
}
