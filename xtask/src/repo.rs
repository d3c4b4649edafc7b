//! The checkout: where it is, what files it has, and writing generated files.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

/// The checkout this binary was built from.
#[derive(Debug, Clone)]
pub(crate) struct Repo {
    root: PathBuf,
}

/// A file that is written by a command here and never by hand.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Generated {
    /// Below the root, with `/`.
    pub(crate) path: String,
    /// The whole file.
    pub(crate) text: String,
    /// Which command writes it.
    pub(crate) by: &'static str,
}

impl Repo {
    /// The checkout, found from where this crate was compiled.
    ///
    /// # Errors
    /// When the checkout has moved since.
    pub(crate) fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask has no parent directory")?.to_owned();
        if !root.join("Cargo.toml").is_file() {
            bail!("no `Cargo.toml` in `{}`: the checkout has moved, run `cargo xtask` in it again", root.display());
        }
        Ok(Self { root })
    }

    /// The root of the checkout.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// `path` below the root.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Where cargo builds: `CARGO_TARGET_DIR`, or `target`.
    pub(crate) fn target(&self) -> PathBuf {
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| self.path("target"), |path| self.root.join(path))
    }

    /// The text of `path`.
    ///
    /// # Errors
    /// When it cannot be read, naming it.
    pub(crate) fn read(&self, path: &str) -> Result<String> {
        fs::read_to_string(self.path(path)).with_context(|| format!("could not read `{path}`"))
    }

    /// Every file git tracks or would track, sorted, below the root and with `/`. Files deleted but not yet committed are
    /// left out.
    ///
    /// # Errors
    /// When git is missing or this is no checkout.
    pub(crate) fn files(&self) -> Result<Vec<String>> {
        let output = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(&self.root)
            .output()
            .context("could not run git")?;
        if !output.status.success() {
            bail!("`git ls-files` failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        let listed = String::from_utf8(output.stdout).context("a file name in this repository is not UTF-8")?;
        let files: BTreeSet<&str> = listed.split('\0').filter(|name| !name.is_empty()).collect();
        Ok(files.into_iter().filter(|name| self.path(name).is_file()).map(ToOwned::to_owned).collect())
    }

    /// Those of `files` that are not on disk as given, with what to run.
    ///
    /// # Errors
    /// When one exists and cannot be read.
    pub(crate) fn stale(&self, files: &[Generated]) -> Result<Vec<String>> {
        let mut stale = Vec::new();
        for file in files {
            match fs::read_to_string(self.path(&file.path)) {
                Ok(text) if text == file.text => {}
                Ok(_) => stale.push(format!("{}: stale, run `{}` and commit the result", file.path, file.by)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    stale.push(format!("{}: missing, run `{}` and commit the result", file.path, file.by));
                }
                Err(error) => return Err(error).with_context(|| format!("could not read `{}`", file.path)),
            }
        }
        Ok(stale)
    }

    /// Writes those of `files` that differ, or with `check` only says which.
    ///
    /// # Errors
    /// With `check`, when a file is stale; otherwise when one cannot be written.
    pub(crate) fn sync(&self, files: &[Generated], check: bool) -> Result<()> {
        if check {
            let stale = self.stale(files)?;
            if !stale.is_empty() {
                bail!("{} of {} generated files are not fresh:\n  {}", stale.len(), files.len(), stale.join("\n  "));
            }
            return Ok(());
        }
        for file in files {
            let path = self.path(&file.path);
            if fs::read_to_string(&path).is_ok_and(|text| text == file.text) {
                continue;
            }
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).with_context(|| format!("could not make `{}`", parent.display()))?;
            }
            fs::write(&path, &file.text).with_context(|| format!("could not write `{}`", file.path))?;
            eprintln!("wrote {}", file.path);
        }
        Ok(())
    }
}
