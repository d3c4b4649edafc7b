//! Lets the linker merge what is identical (docs/adr/0006-artefact-size.md).
//!
//! Only for release builds with the linker that Rust brings for x86-64 Linux. Any other linker (zig's in a cross build, GNU
//! ld in a distribution's Rust) may not know the options, and a larger artefact is better than none.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

/// `--icf=all` merges functions that came out the same, most of them generic code of the SDKs. Nobody may count on two
/// functions to have two addresses. `-O2` lets strings share their ends.
const MERGE: [&str; 2] = ["-Wl,--icf=all", "-Wl,-O2"];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if is("PROFILE", "release") && is("TARGET", "x86_64-unknown-linux-gnu") && uses_rust_lld() {
        for option in MERGE {
            println!("cargo:rustc-link-arg-bins={option}");
        }
    }
}

fn is(variable: &str, value: &str) -> bool {
    env::var(variable).is_ok_and(|found| found == value)
}

/// Whether rustc links with its own lld: it does so since 1.90, when it has one and nobody chose another.
fn uses_rust_lld() -> bool {
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let chosen = env::var_os("RUSTC_LINKER").is_some()
        || ["linker=", "linker-flavor", "linker-features", "link-self-contained", "fuse-ld"]
            .iter()
            .any(|flag| flags.contains(flag));
    !chosen
        && sysroot().is_some_and(|root| root.join("lib/rustlib/x86_64-unknown-linux-gnu/bin/gcc-ld/ld.lld").is_file())
}

fn sysroot() -> Option<PathBuf> {
    let output = Command::new(env::var_os("RUSTC")?).args(["--print", "sysroot"]).output().ok()?;
    let path = String::from_utf8(output.stdout).ok()?;
    Some(Path::new(path.trim()).to_owned())
}
