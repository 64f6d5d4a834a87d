//! The clean environment of a build, and where this machine's tools are.
//!
//! A build gets its own home and caches, can read the toolchains and not write them, and sees no
//! variable of the server but the ones listed here, none of which is a secret.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use super::process::find_program;
use super::walls::Network;
use super::workspace::Workspace;

/// Variables that say where certificates are; without them a fetch fails behind a company's proxy.
const CERTIFICATES: [&str; 8] = [
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "PIP_CERT",
    "NODE_EXTRA_CA_CERTS",
    "CARGO_HTTP_CAINFO",
    "GIT_SSL_CAINFO",
];

/// Variables that say where dependencies come from; one that carries a login is left out.
const SOURCES: [&str; 12] = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "GOPROXY",
    "GOSUMDB",
    "PIP_INDEX_URL",
    "PIP_FIND_LINKS",
    "npm_config_registry",
    "NPM_CONFIG_REGISTRY",
];

/// This machine's tools.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toolchain {
    path: OsString,
    home: Option<PathBuf>,
    variables: BTreeMap<OsString, OsString>,
}

impl Toolchain {
    /// Looks at the environment of this process, once, at start.
    #[must_use]
    pub fn detect() -> Self {
        Self::from_variables(std::env::vars_os())
    }

    /// The same from given variables.
    #[must_use]
    pub fn from_variables(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let variables: BTreeMap<OsString, OsString> = variables.into_iter().collect();
        let listed = variables.get(OsStr::new("PATH")).cloned();
        let listed = listed.unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into());
        // A relative entry would mean another folder for each build.
        let absolute = std::env::split_paths(&listed).filter(|folder| folder.is_absolute());
        let path = std::env::join_paths(absolute).unwrap_or(listed);
        let home = variables.get(OsStr::new("HOME")).map(PathBuf::from).filter(|home| home.is_absolute());
        Self { path, home, variables }
    }

    /// Where a program is, if it is there.
    #[must_use]
    pub fn find(&self, program: &str) -> Option<PathBuf> {
        find_program(program, &self.path)
    }

    /// The folders of toolchain managers, by the variable that names them.
    fn managers(&self) -> Vec<(&'static str, PathBuf)> {
        let table = [("RUSTUP_HOME", ".rustup"), ("PYENV_ROOT", ".pyenv")];
        let place = |(variable, folder): (&'static str, &str)| {
            let set = self.variables.get(OsStr::new(variable)).map(PathBuf::from);
            let found = set.or_else(|| Some(self.home.as_ref()?.join(folder)))?;
            found.is_dir().then_some((variable, found))
        };
        table.into_iter().filter_map(place).collect()
    }

    /// The whole environment of a command in this workspace.
    #[must_use]
    pub(super) fn environment(&self, workspace: &Workspace, network: Network) -> Vec<(OsString, OsString)> {
        let mut environment: Vec<(OsString, OsString)> = Vec::new();
        let mut set = |name: &str, value: &OsStr| environment.push((name.into(), value.to_os_string()));
        set("PATH", &self.path);
        set("LANG", OsStr::new("C.UTF-8"));
        set("CI", OsStr::new("true"));
        set("HOME", workspace.home().as_os_str());
        set("TMPDIR", workspace.temporary().as_os_str());
        for (name, folder) in [
            ("CARGO_HOME", "cargo-home"),
            ("CARGO_TARGET_DIR", "cargo-target"),
            ("GOCACHE", "go-build"),
            ("GOMODCACHE", "go-modules"),
            ("GOPATH", "go"),
            ("npm_config_cache", "npm"),
            ("PIP_CACHE_DIR", "pip"),
        ] {
            set(name, workspace.cache().join(folder).as_os_str());
        }
        for (name, value) in [
            ("CARGO_TERM_COLOR", "never"),
            ("RUSTUP_AUTO_INSTALL", "0"),
            ("GOENV", "off"),
            ("GOTOOLCHAIN", "local"),
            ("GOFLAGS", "-buildvcs=false -modcacherw"),
            ("npm_config_update_notifier", "false"),
            ("npm_config_audit", "false"),
            ("npm_config_fund", "false"),
            ("npm_config_color", "false"),
            ("PIP_DISABLE_PIP_VERSION_CHECK", "1"),
            ("PIP_NO_INPUT", "1"),
            ("PYTHONDONTWRITEBYTECODE", "1"),
            ("GIT_TERMINAL_PROMPT", "0"),
        ] {
            set(name, OsStr::new(value));
        }
        for (name, folder) in self.managers() {
            set(name, folder.as_os_str());
        }
        for name in CERTIFICATES {
            if let Some(value) = self.variables.get(OsStr::new(name)) {
                set(name, value);
            }
        }
        match network {
            Network::Off => {
                for (name, value) in [
                    ("CARGO_NET_OFFLINE", "true"),
                    ("GOPROXY", "off"),
                    ("npm_config_offline", "true"),
                    ("PIP_NO_INDEX", "1"),
                ] {
                    set(name, OsStr::new(value));
                }
            }
            Network::On => {
                for name in SOURCES {
                    if let Some(value) =
                        self.variables.get(OsStr::new(name)).filter(|value| !has_login(value))
                    {
                        set(name, value);
                    }
                }
            }
        }
        environment
    }
}

/// An address with `user:password@` in it is a secret.
fn has_login(value: &OsStr) -> bool {
    value.to_string_lossy().contains('@')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_variables_without_logins_reach_a_build() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace::open(&folder.path().join("w"), u64::MAX).unwrap();
        let variables = [
            ("PATH", "/usr/bin:relative:/bin"),
            ("HOME", "/home/me"),
            ("AWS_SECRET_ACCESS_KEY", "hush"),
            ("SLACK_BOT_TOKEN", "hush"),
            ("HTTPS_PROXY", "http://me:hush@proxy"),
            ("GOPROXY", "https://proxy.example"),
        ];
        let variables = variables.map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let toolchain = Toolchain::from_variables(variables);
        let on = toolchain.environment(&workspace, Network::On);
        assert!(!format!("{on:?}").contains("hush"), "{on:?}");
        let get = |environment: &[(OsString, OsString)], name: &str| {
            let found: Vec<_> =
                environment.iter().filter(|(n, _)| n == name).map(|(_, v)| v.clone()).collect();
            assert!(found.len() <= 1, "{name} stands there twice");
            found.into_iter().next().map(|value| value.into_string().unwrap())
        };
        assert_eq!(get(&on, "GOPROXY").as_deref(), Some("https://proxy.example"));
        assert_eq!(get(&on, "PATH").as_deref(), Some("/usr/bin:/bin"));
        let off = toolchain.environment(&workspace, Network::Off);
        assert_eq!(get(&off, "GOPROXY").as_deref(), Some("off"));
        assert!(get(&off, "HOME").unwrap().starts_with(folder.path().to_str().unwrap()));
    }
}
