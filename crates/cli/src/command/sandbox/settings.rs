//! The settings of a sandbox nobody gave any to.

use std::{fs, io, path::PathBuf};

/// Corrects in the hub account, tells in every other; many corrections an hour, since nobody is harmed.
pub(crate) const TEXT: &str = r#"# The settings of `rectify sandbox`. Give your own with --settings.

[[environment]]
name = "production"
accounts = ["123456789012"]
mode = "corrective"

[[environment]]
name = "development"
default = true
mode = "detective"

[limits]
corrections-per-hour = 10000
"#;

/// Writes the settings where a function finds them, and returns the folder. Written only when they differ: another sandbox
/// may be reading them.
pub(crate) fn prepare() -> Result<PathBuf, (PathBuf, io::Error)> {
    let folder = rectify_sandbox::cache_directory().join("sandbox-settings");
    let file = folder.join("settings.toml");
    if fs::read_to_string(&file).is_ok_and(|text| text == TEXT) {
        return Ok(folder);
    }
    let failed = |source| (file.clone(), source);
    fs::create_dir_all(&folder).map_err(failed)?;
    let beside = folder.join(format!("settings.{}.toml", std::process::id()));
    fs::write(&beside, TEXT).and_then(|()| fs::rename(&beside, &file)).map_err(failed)?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use rectify_controls::{AccountId, Kind, Mode, Settings, s3_bucket::S3Bucket};

    #[test]
    fn the_hub_is_corrective_and_others_are_detective() {
        let controls: Vec<_> = S3Bucket::CONTROLS.iter().collect();
        let settings = Settings::parse(super::TEXT, &controls).unwrap();
        let mode = |account: &str| settings.environment(&AccountId::new(account).unwrap()).unwrap().mode;
        assert_eq!(mode("123456789012"), Mode::Corrective);
        assert_eq!(mode("222222222222"), Mode::Detective);
    }
}
