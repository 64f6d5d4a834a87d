//! What each kind of manifest says about building, testing and starting; part of `detect`.
//!
//! Whatever a manifest says becomes part of a command only if it is a plain name or path.

use serde_json::Value;

use super::detect::Folder;
use super::pipeline::BuildTool;
use super::scalars;

/// What one manifest gives.
pub(super) struct Guess {
    /// The file that it comes from.
    pub(super) manifest: &'static str,
    pub(super) tool: BuildTool,
    pub(super) name: Option<String>,
    /// Builds instead of the tool's usual command.
    pub(super) build: Option<String>,
    /// The framework whose report is read, if one is known, and what runs the tests.
    pub(super) test: Option<(Option<String>, String)>,
    pub(super) start: Option<String>,
    pub(super) because: Vec<String>,
}

impl Guess {
    fn new(manifest: &'static str, tool: BuildTool, because: String) -> Guess {
        let because = vec![because];
        Guess { manifest, tool, name: None, build: None, test: None, start: None, because }
    }
}

/// Every kind of manifest, the most telling first.
pub(super) const GUESSES: &[fn(&Folder<'_>) -> Option<Guess>] =
    &[cargo, go, node, python, maven, gradle, make, docker];

fn cargo(folder: &Folder<'_>) -> Option<Guess> {
    let text = folder.text("Cargo.toml")?;
    let mut guess = Guess::new("Cargo.toml", BuildTool::Cargo, "`Cargo.toml` is built with cargo".to_owned());
    guess.test = Some((Some("cargo".to_owned()), "cargo test".to_owned()));
    let manifest: toml::Table = text.parse().ok()?;
    guess.name = cargo_package(&manifest);
    let mut binaries = cargo_binaries(folder, "", &manifest);
    for member in cargo_members(folder, &manifest) {
        let inner =
            folder.text(&format!("{member}/Cargo.toml")).and_then(|text| text.parse::<toml::Table>().ok());
        if let Some(inner) = inner {
            binaries.extend(cargo_binaries(folder, &format!("{member}/"), &inner));
        }
    }
    binaries.dedup();
    match binaries.as_slice() {
        [] => guess.because.push("no binary was found in `Cargo.toml`".to_owned()),
        [first, rest @ ..] => {
            let main = guess.name.clone().filter(|name| rest.contains(name)).unwrap_or_else(|| first.clone());
            guess.because.push(format!("the binary is `{main}`"));
            guess.start = Some(format!("./target/release/{main}"));
            guess.name = guess.name.or(Some(main));
        }
    }
    Some(guess)
}

fn cargo_package(manifest: &toml::Table) -> Option<String> {
    let package = manifest.get("package")?.as_table()?;
    package.get("name")?.as_str().filter(|name| is_plain(name)).map(str::to_owned)
}

/// The declared binaries of a package, else its own name where it has a `main.rs`.
fn cargo_binaries(folder: &Folder<'_>, at: &str, manifest: &toml::Table) -> Vec<String> {
    let package = manifest.get("package").and_then(toml::Value::as_table);
    let default_run = package.and_then(|package| package.get("default-run")).and_then(toml::Value::as_str);
    let declared = manifest.get("bin").and_then(toml::Value::as_array).into_iter().flatten();
    let declared = declared.filter_map(|binary| binary.get("name").and_then(toml::Value::as_str));
    let found = folder.below().filter_map(|path| {
        let file = path.strip_prefix(at)?.strip_prefix("src/bin/")?;
        file.strip_suffix("/main.rs").or_else(|| file.strip_suffix(".rs")).filter(|name| !name.contains('/'))
    });
    let own = cargo_package(manifest).filter(|_| folder.has(&format!("{at}src/main.rs")));
    let names = default_run.into_iter().map(str::to_owned).chain(declared.map(str::to_owned)).chain(own);
    names.chain(found.map(str::to_owned)).filter(|name| is_plain(name)).take(50).collect()
}

/// The members of a workspace; `crates/*` stands for every folder there.
fn cargo_members(folder: &Folder<'_>, manifest: &toml::Table) -> Vec<String> {
    let workspace = manifest.get("workspace").and_then(toml::Value::as_table);
    let listed =
        workspace.and_then(|workspace| workspace.get("default-members").or(workspace.get("members")));
    let mut members = Vec::new();
    for entry in listed.and_then(toml::Value::as_array).into_iter().flatten().take(50) {
        let Some(entry) = entry.as_str() else { continue };
        match entry.strip_suffix("/*") {
            None => members.push(entry.to_owned()),
            Some(parent) => members.extend(folder.below().filter_map(|path| {
                let inner = path.strip_prefix(parent)?.strip_prefix('/')?.strip_suffix("/Cargo.toml")?;
                (!inner.contains('/')).then(|| format!("{parent}/{inner}"))
            })),
        }
    }
    members.truncate(50);
    members
}

fn go(folder: &Folder<'_>) -> Option<Guess> {
    let module = folder.text("go.mod");
    if module.is_none() && !folder.has("main.go") {
        return None;
    }
    let manifest = if module.is_some() { "go.mod" } else { "main.go" };
    let mut guess = Guess::new(manifest, BuildTool::Go, format!("`{manifest}` is built with go"));
    let path = module.as_deref().and_then(|text| {
        text.lines()
            .find_map(|line| line.trim().strip_prefix("module "))
            .map(|path| path.trim().trim_matches('"'))
    });
    guess.name = path.and_then(|path| {
        // A last part such as `v2` is the major version, not a name.
        let is_version = |part: &&str| {
            part.strip_prefix('v')
                .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
        };
        path.rsplit('/').find(|part| !is_version(part)).filter(|name| is_plain(name)).map(str::to_owned)
    });
    let mut commands: Vec<&str> = folder
        .below()
        .filter_map(|path| path.strip_prefix("cmd/")?.strip_suffix("/main.go"))
        .filter(|name| is_plain(name))
        .collect();
    commands.sort_unstable();
    let own = guess.name.clone();
    let named = |wanted: &str| commands.iter().copied().find(|name| *name == wanted);
    let command = own.as_deref().and_then(named).or_else(|| named("server")).or(commands.first().copied());
    let (package, binary) = match command {
        _ if folder.has("main.go") => (if module.is_some() { "." } else { "main.go" }.to_owned(), own),
        Some(command) => (format!("./cmd/{command}"), Some(command.to_owned())),
        None => {
            guess.because.push("no `main.go` was found".to_owned());
            (String::new(), None)
        }
    };
    if !package.is_empty() {
        let binary = binary.unwrap_or_else(|| "app".to_owned());
        guess.because.push(format!("the program is `{package}`"));
        guess.build = Some(format!("go build -o bin/{binary} {package}"));
        guess.start = Some(format!("./bin/{binary}"));
        guess.name = guess.name.or(Some(binary));
    }
    if folder.below().any(|path| path.ends_with("_test.go")) {
        guess.test = Some((Some("go".to_owned()), "go test ./...".to_owned()));
    }
    Some(guess)
}

fn node(folder: &Folder<'_>) -> Option<Guess> {
    let manifest: Value = serde_json::from_str(&folder.text("package.json")?).ok()?;
    let declared = manifest["packageManager"].as_str().unwrap_or_default();
    let by_lock = [
        ("pnpm-lock.yaml", BuildTool::Pnpm),
        ("yarn.lock", BuildTool::Yarn),
        ("package-lock.json", BuildTool::Npm),
        ("npm-shrinkwrap.json", BuildTool::Npm),
    ];
    let (tool, because) = if let Some((lock, tool)) = by_lock.into_iter().find(|(lock, _)| folder.has(lock)) {
        (tool, format!("`{lock}` belongs to {}", tool.word()))
    } else if declared.starts_with("pnpm@") || declared.starts_with("yarn@") {
        let tool = if declared.starts_with("pnpm@") { BuildTool::Pnpm } else { BuildTool::Yarn };
        (tool, format!("`package.json` names {}", tool.word()))
    } else {
        (BuildTool::Npm, "`package.json` is built with npm".to_owned())
    };
    let mut guess = Guess::new("package.json", tool, because);
    guess.name = manifest["name"].as_str().map(str::to_owned);
    let script = |name: &str| manifest["scripts"][name].as_str().filter(|script| !script.trim().is_empty());
    let runner = tool.word();
    if script("build").is_some() {
        guess.build = Some(format!("{runner} run build"));
    }
    // What `npm init` writes fails on purpose.
    if script("test").is_some_and(|script| !script.contains("no test specified")) {
        guess.test = Some((None, format!("{runner} test")));
    }
    let main = manifest["main"].as_str().map(|main| main.trim_start_matches("./"));
    let entry = [main.unwrap_or("index.js"), "index.js", "server.js", "app.js"]
        .into_iter()
        .find(|file| is_plain_path(file) && folder.has(file));
    if script("start").is_some() {
        guess.because.push("`package.json` has a script `start`".to_owned());
        guess.start = Some(format!("{runner} start"));
    } else if let Some(entry) = entry {
        guess.because.push(format!("`{entry}` is started, since there is no script `start`"));
        guess.start = Some(format!("node {entry}"));
    }
    Some(guess)
}

fn python(folder: &Folder<'_>) -> Option<Guess> {
    let project = folder.text("pyproject.toml").and_then(|text| text.parse::<toml::Table>().ok());
    let section = |name: &str| project.as_ref()?.get("tool")?.get(name);
    let (manifest, tool) = if folder.has("poetry.lock") || section("poetry").is_some() {
        ("pyproject.toml", BuildTool::Poetry)
    } else if folder.has("uv.lock") || section("uv").is_some() {
        ("pyproject.toml", BuildTool::Uv)
    } else {
        let known = ["requirements.txt", "setup.py", "pyproject.toml", "Pipfile", "manage.py", "main.py"];
        (known.into_iter().find(|file| folder.has(file))?, BuildTool::Pip)
    };
    let mut guess = Guess::new(manifest, tool, format!("`{manifest}` is built with {}", tool.word()));
    let named = |table: Option<&toml::Value>| table?.get("name")?.as_str().map(str::to_owned);
    guess.name =
        named(project.as_ref().and_then(|project| project.get("project"))).or(named(section("poetry")));
    // Poetry and uv keep their own environment, which only their `run` enters.
    let python = match tool {
        BuildTool::Poetry => "poetry run python",
        BuildTool::Uv => "uv run python",
        _ => "python3",
    };
    let package = folder.below().find_map(|path| {
        let name = path.strip_prefix("src/").unwrap_or(path).strip_suffix("/__main__.py")?;
        (is_plain(name) && !path.starts_with("src/")).then_some(name)
    });
    let entry = ["main.py", "app.py", "server.py", "src/main.py", "src/app.py"]
        .into_iter()
        .find(|file| folder.has(file));
    let manifests =
        ["requirements.txt", "requirements-dev.txt", "pyproject.toml", "Pipfile", "setup.cfg", "setup.py"];
    let mentions =
        |word: &str| manifests.iter().any(|file| folder.text(file).is_some_and(|text| text.contains(word)));
    if folder.has("manage.py") {
        guess.because.push("`manage.py` starts a Django server".to_owned());
        guess.start = Some(format!("{python} manage.py runserver --noreload 127.0.0.1:$PORT"));
    } else if let Some(entry) = entry {
        guess.because.push(format!("`{entry}` is started"));
        let module = entry.trim_end_matches(".py").replace('/', ".");
        guess.start = Some(if mentions("fastapi") {
            format!("{python} -m uvicorn {module}:app --host 127.0.0.1 --port $PORT")
        } else {
            format!("{python} {entry}")
        });
    } else if let Some(package) = package {
        guess.because.push(format!("the package `{package}` is started"));
        guess.start = Some(format!("{python} -m {package}"));
    }
    let pytest = folder.has("pytest.ini") || mentions("pytest");
    let tested = folder.below().any(|path| {
        let file = path.rsplit('/').next().unwrap_or(path);
        file.ends_with(".py") && (file.starts_with("test_") || file.ends_with("_test.py"))
    });
    if tested {
        let (framework, module) =
            if pytest { ("pytest", "pytest") } else { ("unittest", "unittest discover") };
        guess.test = Some((Some(framework.to_owned()), format!("{python} -m {module}")));
    }
    Some(guess)
}

fn maven(folder: &Folder<'_>) -> Option<Guess> {
    let text = folder.text("pom.xml")?;
    let mut guess = Guess::new("pom.xml", BuildTool::Maven, "`pom.xml` is built with maven".to_owned());
    // The parent and the dependencies have names too; the project's own comes first once the parent is cut out.
    let own = match (text.find("<parent>"), text.find("</parent>")) {
        (Some(start), Some(end)) if start < end => format!("{}{}", &text[..start], &text[end..]),
        _ => text,
    };
    let name = own.split_once("<artifactId>").and_then(|(_, rest)| rest.split('<').next());
    guess.name = name.map(|name| name.trim().to_owned());
    guess.test = Some((Some("junit".to_owned()), "mvn --batch-mode test".to_owned()));
    Some(guess)
}

fn gradle(folder: &Folder<'_>) -> Option<Guess> {
    let manifest = ["build.gradle", "build.gradle.kts"].into_iter().find(|file| folder.has(file))?;
    let mut guess = Guess::new(manifest, BuildTool::Gradle, format!("`{manifest}` is built with gradle"));
    let runner = if folder.has("gradlew") { "./gradlew" } else { "gradle" };
    guess.test = Some((Some("junit".to_owned()), format!("{runner} test")));
    Some(guess)
}

fn make(folder: &Folder<'_>) -> Option<Guess> {
    let manifest = ["Makefile", "makefile", "GNUmakefile"].into_iter().find(|file| folder.has(file))?;
    let text = folder.text(manifest)?;
    let mut guess = Guess::new(manifest, BuildTool::Make, format!("`{manifest}` is built with make"));
    let target = |name: &str| {
        text.lines().any(|line| {
            line.strip_prefix(name).is_some_and(|rest| {
                rest.trim_start().starts_with(':') && !rest.trim_start().starts_with(":=")
            })
        })
    };
    if let Some(start) = ["run", "start", "serve"].into_iter().find(|name| target(name)) {
        guess.because.push(format!("`{manifest}` has a target `{start}`"));
        guess.start = Some(format!("make {start}"));
    }
    if let Some(test) = ["test", "check"].into_iter().find(|name| target(name)) {
        guess.test = Some((None, format!("make {test}")));
    }
    Some(guess)
}

fn docker(folder: &Folder<'_>) -> Option<Guess> {
    folder
        .has("Dockerfile")
        .then(|| Guess::new("Dockerfile", BuildTool::Docker, "`Dockerfile` is built with docker".to_owned()))
}

fn is_plain(name: &str) -> bool {
    scalars::name(name, 63).is_ok()
}

/// A path that needs no quotes in a command and stays inside the repository.
fn is_plain_path(path: &str) -> bool {
    scalars::repository_path(path).is_ok() && path.split('/').all(is_plain)
}
