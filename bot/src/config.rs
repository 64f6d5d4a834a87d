//! The one configuration: `orchestra.toml` in the data folder. Every key has a default, so an empty file works.

use crate::command::Role;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

/// The file's name.
pub const FILE: &str = "orchestra.toml";

/// Everything that can be set.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Who may what: a person's name, and the role. With nobody listed, the users of this machine are admins;
    /// with anybody listed, the others may only look.
    pub people: BTreeMap<String, Role>,
    /// Approvals.
    pub approvals: Approvals,
    /// Builds and tests.
    pub builds: Builds,
    /// Services that are deployed on this machine.
    pub services: Services,
}

/// Approvals.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Approvals {
    /// Whether a deployment to the environment `production` waits for an approver's yes.
    pub production: bool,
}

/// Builds and tests.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Builds {
    /// Whether builds and tests reach the network. The tools' own fetch of dependencies always does.
    pub network: bool,
    /// How many builds and tests run at once.
    pub at_once: usize,
    /// How long one command may take, in seconds.
    pub seconds: u64,
    /// How much memory all its processes may have, in MiB.
    pub memory_mib: u64,
    /// How many processes and threads it may have.
    pub processes: u64,
    /// How much disk it may use, in MiB.
    pub disk_mib: u64,
    /// How much it may write as output, in MiB.
    pub output_mib: u64,
}

impl Default for Builds {
    fn default() -> Self {
        Self {
            network: false,
            at_once: 1,
            seconds: 1_800,
            memory_mib: 4_096,
            processes: 1_024,
            disk_mib: 8_192,
            output_mib: 64,
        }
    }
}

/// Services that are deployed on this machine.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Services {
    /// The address that they listen on.
    pub host: IpAddr,
    /// How long a version that is taken away may finish its requests, in seconds.
    pub drain_seconds: u64,
    /// How long a version may take until it is ready, in seconds.
    pub ready_seconds: u64,
}

impl Default for Services {
    fn default() -> Self {
        Self { host: IpAddr::V4(Ipv4Addr::LOCALHOST), drain_seconds: 30, ready_seconds: 20 }
    }
}

impl Config {
    /// Reads the file of a data folder; without one, everything is at its default.
    ///
    /// # Errors
    /// The file's path, line and mistake.
    pub fn read(dir: &Path) -> anyhow::Result<Self> {
        let path = dir.join(FILE);
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                toml::from_str(&text).map_err(|error| anyhow::anyhow!("`{}`: {error}", path.display()))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(anyhow::anyhow!("`{}` can't be read: {error}", path.display())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_is_the_default_and_a_misspelt_key_is_refused_with_its_line() {
        assert_eq!(toml::from_str::<Config>("").unwrap(), Config::default());
        let error = toml::from_str::<Config>("[builds]\nnetwrk = true\n").unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains("netwrk"), "{error}");
    }
}
