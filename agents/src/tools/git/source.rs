//! What may be cloned (pure, but for looking whether a path is there).

use std::path::{Path, PathBuf};

use super::GitError;
use super::names::short;

/// Where a repository is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A folder of this machine, absolute.
    Path(PathBuf),
    /// An address with `https`, `http`, `ssh` or `file`, or `user@host:path` (which is ssh).
    Url(String),
}

const SCHEMES: [&str; 4] = ["https", "http", "ssh", "file"];

impl Source {
    /// Reads what a person typed; a relative path is taken from `folder`.
    ///
    /// Git's own helpers (`ext::`, `fd::` and the like) run programs and are refused, as is all that
    /// begins with a dash.
    ///
    /// # Errors
    /// [`GitError::Source`] saying what is wrong.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, GitError> {
        let refused = |why: &str| GitError::Source { shown: masked(&short(text)), why: why.to_owned() };
        if text.is_empty() || text.len() > 2000 {
            return Err(refused("it is empty or too long"));
        }
        if text.starts_with('-') {
            return Err(refused("it begins with a dash"));
        }
        if text.chars().any(char::is_control) {
            return Err(refused("it holds control characters"));
        }
        if let Some((scheme, rest)) = text.split_once("://") {
            if !SCHEMES.contains(&scheme) {
                return Err(refused("only https, http, ssh and file addresses are read"));
            }
            let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
            if rest.starts_with('-') || host.starts_with('-') || rest.is_empty() {
                return Err(refused("its host begins with a dash or is missing"));
            }
            return Ok(Self::Url(text.to_owned()));
        }
        let before_slash = text.split('/').next().unwrap_or_default();
        if before_slash.contains("::") {
            return Err(refused("git's helper protocols run programs and are not read"));
        }
        if let Some((host, path)) = before_slash.split_once(':') {
            let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
            let is_ssh = !host.is_empty() && !host.starts_with('-') && !path.starts_with('-');
            return if is_ssh { Ok(Self::Url(text.to_owned())) } else { Err(refused("its host is missing")) };
        }
        Ok(Self::Path(folder.join(text)))
    }

    /// What git is given.
    pub(super) fn argument(&self) -> String {
        match self {
            Self::Path(path) => path.to_string_lossy().into_owned(),
            Self::Url(url) => url.clone(),
        }
    }

    /// Says early and plainly when a path is no repository.
    pub(super) fn check(&self) -> Result<(), GitError> {
        let Self::Path(path) = self else { return Ok(()) };
        if !path.is_absolute() {
            let why = "a path has to be absolute here".to_owned();
            return Err(GitError::Source { shown: short(&self.argument()), why });
        }
        let is_bare = path.join("HEAD").is_file() && path.join("objects").is_dir();
        if path.join(".git").exists() || is_bare {
            return Ok(());
        }
        let root = path.ancestors().skip(1).find(|above| above.join(".git").exists());
        Err(GitError::NotARepository { path: path.clone(), root: root.map(Path::to_path_buf) })
    }
}

impl std::fmt::Display for Source {
    /// Without a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Path(path) => write!(f, "{}", path.display()),
            Self::Url(url) => f.write_str(&masked(url)),
        }
    }
}

/// Takes user and password out of addresses.
pub(super) fn masked(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let end = rest.find(['/', ' ', '\'']).unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => format!("{scheme}://…{}", &rest[at..]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_programs_or_looks_like_an_option_is_refused() {
        let table = [
            "",
            "-x",
            "--upload-pack=touch /tmp/x",
            "ext::sh -c touch% x",
            "fd::17",
            "git://host/x",
            "ftp://host/x",
            "https://",
            "ssh://-oProxyCommand=x/y",
            "ssh://a@-oProxyCommand=x/y",
            "a\nb",
            "-oProxyCommand=x:y",
            ":x",
            "a@-x:y",
        ];
        for text in table {
            assert!(Source::parse(text, Path::new("/home")).is_err(), "{text:?}");
        }
    }

    #[test]
    fn paths_and_addresses_are_told_apart() {
        let url = |text: &str| Source::Url(text.to_owned());
        let path = |text: &str| Source::Path(PathBuf::from(text));
        let table = [
            ("https://host/a.git", url("https://host/a.git")),
            ("git@host:team/a.git", url("git@host:team/a.git")),
            ("ssh://git@host/a", url("ssh://git@host/a")),
            ("file:///srv/a", url("file:///srv/a")),
            ("/srv/a b", path("/srv/a b")),
            (".", path("/home/.")),
            ("./a:b", path("/home/./a:b")),
        ];
        for (text, expected) in table {
            assert_eq!(Source::parse(text, Path::new("/home")).unwrap(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        let source = Source::Url("https://me:secret@host/a@b".to_owned());
        assert_eq!(source.to_string(), "https://…@host/a@b");
        assert_eq!(
            masked("fatal: unable to access 'https://me:secret@host/a/': no"),
            "fatal: unable to access 'https://…@host/a/': no"
        );
    }
}
