//! Which settings hold.

use std::path::Path;

use rectify_controls::{Environment, Settings};

use super::Error;
use crate::{input, kinds};

/// What stands in the repository, for whoever has only the command.
const SHIPPED: &str = include_str!("../../../../../settings/settings.toml");

/// Where the settings are in a checkout.
const SETTINGS: &str = "settings/settings.toml";

/// Settings, and what they are called.
pub(in crate::command) struct Named {
    pub(in crate::command) file: String,
    pub(in crate::command) settings: Settings,
}

/// The settings in `file`, or where they are by default, with every account in `environment` when one is named.
pub(in crate::command) fn named(file: Option<&Path>, environment: Option<&str>) -> Result<Named, Error> {
    let found = file.or_else(|| Some(Path::new(SETTINGS)).filter(|file| file.is_file()));
    let (file, text) = match found {
        Some(file) => (input::name(file), input::read(file)?),
        None => ("the settings that rectify is shipped with".to_owned(), SHIPPED.to_owned()),
    };
    let mut settings = kinds::settings(&text).map_err(|source| Error::Settings { file: file.clone(), source })?;
    if let Some(name) = environment {
        let known = || {
            let names: Vec<String> = settings.environments.iter().map(|one| format!("`{}`", one.name)).collect();
            names.join(", ")
        };
        match settings.environments.iter().find(|one| one.name == name).cloned() {
            Some(one) => settings.environments = vec![Environment { default: true, ..one }],
            None => return Err(Error::Environment { file, name: name.to_owned(), known: known() }),
        }
    }
    Ok(Named { file, settings })
}
