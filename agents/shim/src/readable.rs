//! What a confined command may read: the system without its secrets, and the toolchains that `PATH` names.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Devices that a build may read and write.
pub(crate) const DEVICES: [&str; 7] =
    ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/shm"];

/// Parts of the system that hold programs, and no secrets.
const SYSTEM: [&str; 12] = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/opt",
    "/nix/store",
    "/proc",
    "/sys/devices/system/cpu",
    "/run/systemd/resolve",
];

/// Parts of `/etc` that programs need; the rest may hold keys and passwords.
const ETC: [&str; 30] = [
    "alternatives",
    "ca-certificates",
    "ca-certificates.conf",
    "debian_version",
    "gai.conf",
    "group",
    "host.conf",
    "hostname",
    "hosts",
    "java-17-openjdk",
    "java-21-openjdk",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "locale.alias",
    "mime.types",
    "nsswitch.conf",
    "os-release",
    "passwd",
    "php",
    "pki/tls/certs",
    "protocols",
    "python3",
    "resolv.conf",
    "services",
    "ssl/certs",
    "ssl/openssl.cnf",
    "timezone",
    "maven",
];

/// The parts of the system that exist here.
pub(crate) fn system() -> Vec<PathBuf> {
    let etc = ETC.iter().map(|name| Path::new("/etc").join(name));
    SYSTEM.iter().map(PathBuf::from).chain(etc).filter(|path| path.exists()).collect()
}

/// The toolchains of this process's `PATH`, `CARGO_HOME` and `RUSTUP_HOME` outside the system's own folders.
pub(crate) fn toolchains() -> Vec<PathBuf> {
    let home = std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
    let path: Vec<PathBuf> =
        std::env::var_os("PATH").map(|all| std::env::split_paths(&all).collect()).unwrap_or_default();
    let of = |name: &str, standard: &str| {
        std::env::var_os(name).map(PathBuf::from).or_else(|| home.as_ref().map(|home| home.join(standard)))
    };
    let found = of_path(&path, home.as_deref());
    let cargo = of("CARGO_HOME", ".cargo").into_iter().flat_map(|cargo| {
        // Not the whole: it may hold the tokens of registries.
        ["bin", "registry", "git", "config.toml"].map(|name| cargo.join(name))
    });
    let all: BTreeSet<PathBuf> = found.into_iter().chain(cargo).chain(of("RUSTUP_HOME", ".rustup")).collect();
    all.into_iter().filter(|path| path.exists()).collect()
}

/// The folders of a `PATH`, each with the installation around it where that is a toolchain's own.
fn of_path(path: &[PathBuf], home: Option<&Path>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let outside =
        |folder: &&PathBuf| folder.is_absolute() && !SYSTEM.iter().any(|system| folder.starts_with(system));
    for folder in path.iter().filter(outside) {
        found.push(folder.clone());
        let around = folder.parent().filter(|_| folder.ends_with("bin") || folder.ends_with("shims"));
        let Some(around) = around else { continue };
        // `~/bin` would open the whole home, and these two hold more than one program's files.
        let shared = around.ends_with(".local") || around.ends_with(".cargo");
        let too_wide = around == Path::new("/") || home.is_some_and(|home| home.starts_with(around));
        if !shared && !too_wide {
            found.push(around.to_owned());
        } else if around.ends_with(".local") {
            found.push(around.join("lib"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_opens_toolchains_and_never_a_home() {
        let path = [
            "/usr/bin",
            "/home/ada/.nvm/versions/node/v22/bin",
            "/home/ada/bin",
            "/home/ada/.cargo/bin",
            "relative/bin",
            "/home/ada/.pyenv/shims",
            "/home/ada/.local/bin",
            "/home/bin",
            "/bin",
        ];
        let found = of_path(&path.map(PathBuf::from), Some(Path::new("/home/ada")));
        let expected = [
            "/home/ada/.nvm/versions/node/v22/bin",
            "/home/ada/.nvm/versions/node/v22",
            "/home/ada/bin",
            "/home/ada/.cargo/bin",
            "/home/ada/.pyenv/shims",
            "/home/ada/.pyenv",
            "/home/ada/.local/bin",
            "/home/ada/.local/lib",
            "/home/bin",
        ];
        assert_eq!(found, expected.map(PathBuf::from));
    }

    #[test]
    fn the_password_file_is_not_part_of_the_system() {
        let system = system();
        assert!(system.contains(&PathBuf::from("/usr")));
        for secret in ["/etc/shadow", "/etc/ssl/private", "/etc/ssh", "/root", "/home", "/var"] {
            assert!(!system.iter().any(|path| Path::new(secret).starts_with(path)), "{secret}");
        }
    }
}
