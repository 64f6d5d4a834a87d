//! Trees of files, and the pipeline that they suggest.

use super::super::check::check;
use super::*;

fn guess(files: &[(&str, &str)]) -> Result<Detected, DetectError> {
    let paths: Vec<&str> = files.iter().map(|(path, _)| *path).collect();
    let read =
        |wanted: &str| files.iter().find(|(path, _)| *path == wanted).map(|(_, text)| (*text).to_owned());
    detect(&paths, &read)
}

/// The guess as `tool | build | test | start`, after making sure that it is a valid file.
fn line(files: &[(&str, &str)]) -> String {
    let detected = guess(files).unwrap();
    let checked = check(&serde_json::to_string(&detected.pipeline).unwrap());
    assert!(checked.ok(), "{:?}", checked.findings);
    assert!(!detected.because.is_empty());
    let PipelineFile { build, testing, deployment, .. } = detected.pipeline;
    let start = deployment.services.first().map(|service| service.command.clone().unwrap_or("?".to_owned()));
    let dash = || "-".to_owned();
    format!(
        "{} in {} | {} | {} | {}",
        build.tool.unwrap().word(),
        build.context,
        build.command.unwrap_or_else(dash),
        testing.command.unwrap_or_else(dash),
        start.unwrap_or_else(dash)
    )
}

#[test]
fn rust_starts_its_binary() {
    let package = "[package]\nname = \"greeter\"\n";
    assert_eq!(
        line(&[("Cargo.toml", package), ("src/main.rs", "")]),
        "cargo in . | - | cargo test | ./target/release/greeter"
    );
    assert_eq!(line(&[("Cargo.toml", package), ("src/lib.rs", "")]), "cargo in . | - | cargo test | -");
    let named = "[package]\nname = \"greeter\"\n[[bin]]\nname = \"serve\"\npath = \"serve.rs\"\n";
    assert_eq!(
        line(&[("Cargo.toml", named), ("serve.rs", "")]),
        "cargo in . | - | cargo test | ./target/release/serve"
    );
    let workspace = "[workspace]\nmembers = [\"crates/*\"]\n";
    assert_eq!(
        line(&[
            ("Cargo.toml", workspace),
            ("crates/lib/Cargo.toml", "[package]\nname = \"words\"\n"),
            ("crates/lib/src/lib.rs", ""),
            ("crates/web/Cargo.toml", "[package]\nname = \"web\"\n"),
            ("crates/web/src/main.rs", ""),
        ]),
        "cargo in . | - | cargo test | ./target/release/web"
    );
}

#[test]
fn go_builds_its_main_package() {
    assert_eq!(
        line(&[("go.mod", "module example.com/shop/v2\n"), ("main.go", ""), ("main_test.go", "")]),
        "go in . | go build -o bin/shop . | go test ./... | ./bin/shop"
    );
    assert_eq!(
        line(&[("go.mod", "module example.com/shop\n"), ("cmd/a/main.go", ""), ("cmd/server/main.go", "")]),
        "go in . | go build -o bin/server ./cmd/server | - | ./bin/server"
    );
    assert_eq!(line(&[("main.go", "")]), "go in . | go build -o bin/app main.go | - | ./bin/app");
}

#[test]
fn the_lock_file_tells_the_package_manager() {
    let scripts =
        r#"{"name": "@shop/web", "scripts": {"build": "tsc", "test": "mocha", "start": "node dist"}}"#;
    for (lock, tool) in [("package-lock.json", "npm"), ("yarn.lock", "yarn"), ("pnpm-lock.yaml", "pnpm")] {
        assert_eq!(
            line(&[("package.json", scripts), (lock, "")]),
            format!("{tool} in . | {tool} run build | {tool} test | {tool} start")
        );
    }
    let detected = guess(&[("package.json", scripts)]).unwrap();
    assert_eq!(detected.pipeline.project.name.as_deref(), Some("web"));
    let bare =
        r#"{"main": "./lib/server.js", "scripts": {"test": "echo \"Error: no test specified\" && exit 1"}}"#;
    assert_eq!(
        line(&[("package.json", bare), ("lib/server.js", "")]),
        "npm in . | - | - | node lib/server.js"
    );
    assert_eq!(
        line(&[("package.json", "{\"main\": \"x;rm -rf .js\"}"), ("x;rm -rf .js", "")]),
        "npm in . | - | - | -"
    );
    assert_eq!(line(&[("package.json", r#"{"packageManager": "pnpm@9.1.0"}"#)]), "pnpm in . | - | - | -");
}

#[test]
fn python_starts_what_is_there() {
    assert_eq!(line(&[("requirements.txt", "flask\n"), ("app.py", "")]), "pip in . | - | - | python3 app.py");
    assert_eq!(
        line(&[("requirements.txt", "fastapi\n"), ("src/main.py", "")]),
        "pip in . | - | - | python3 -m uvicorn src.main:app --host 127.0.0.1 --port $PORT"
    );
    assert_eq!(
        line(&[("requirements.txt", "pytest\n"), ("main.py", ""), ("tests/test_main.py", "")]),
        "pip in . | - | python3 -m pytest | python3 main.py"
    );
    assert_eq!(
        line(&[("setup.py", ""), ("shop/__main__.py", ""), ("test_shop.py", "")]),
        "pip in . | - | python3 -m unittest discover | python3 -m shop"
    );
    assert_eq!(
        line(&[("pyproject.toml", "[tool.poetry]\nname = \"shop\"\n"), ("main.py", "")]),
        "poetry in . | - | - | poetry run python main.py"
    );
    assert_eq!(
        line(&[("requirements.txt", ""), ("Procfile", "web: gunicorn shop:app\n"), ("app.py", "")]),
        "pip in . | - | - | gunicorn shop:app"
    );
}

#[test]
fn java_make_and_docker_are_recognised() {
    let pom = "<project><parent><artifactId>p</artifactId></parent><artifactId>shop</artifactId></project>";
    assert_eq!(line(&[("pom.xml", pom)]), "maven in . | - | mvn --batch-mode test | ?");
    assert_eq!(guess(&[("pom.xml", pom)]).unwrap().pipeline.project.name.as_deref(), Some("shop"));
    assert_eq!(line(&[("build.gradle.kts", ""), ("gradlew", "")]), "gradle in . | - | ./gradlew test | ?");
    assert_eq!(
        line(&[("Makefile", "all:\n\tcc x.c\nrun: all\n\t./x\ntest:\n\t./t\n")]),
        "make in . | - | make test | make run"
    );
    assert_eq!(line(&[("Makefile", "run := x\nall:\n\tcc x.c\n")]), "make in . | - | - | -");
    let detected = guess(&[("Dockerfile", "FROM x\nEXPOSE 3000/tcp\n")]).unwrap();
    assert_eq!(detected.pipeline.build.tool, Some(BuildTool::Docker));
    assert_eq!(detected.pipeline.deployment.services[0].port, Some(3000));
}

#[test]
fn the_manifest_that_can_start_something_wins_and_the_other_is_named() {
    let detected = guess(&[
        ("package.json", "{}"),
        ("requirements.txt", ""),
        ("main.py", ""),
        ("Dockerfile", "EXPOSE 5000"),
    ])
    .unwrap();
    assert_eq!(detected.pipeline.build.tool, Some(BuildTool::Pip));
    assert_eq!(
        detected.because,
        [
            "`package.json` is there too and was not used",
            "`Dockerfile` is there too and was not used",
            "`requirements.txt` is built with pip",
            "`main.py` is started",
            "`Dockerfile` exposes port 5000",
            "no tests were found",
        ]
    );
}

#[test]
fn a_single_inner_folder_is_built_and_two_are_asked_about() {
    assert_eq!(
        line(&[
            ("README.md", ""),
            ("service/go.mod", "module x\n"),
            ("service/main.go", ""),
            ("docs/Makefile", "")
        ]),
        "go in service | go build -o bin/x . | - | ./bin/x"
    );
    assert_eq!(
        line(&[("src/api/main.go", "")]),
        "go in src/api | go build -o bin/app main.go | - | ./bin/app"
    );
    let several = guess(&[("front/package.json", "{}"), ("back/go.mod", "module x\n")]).unwrap_err();
    assert_eq!(several, DetectError::Several { folders: vec!["back".to_owned(), "front".to_owned()] });
    assert!(several.to_string().contains("back, front"));
}

#[test]
fn what_nothing_builds_is_refused_by_name() {
    for files in [
        vec![],
        vec![("README.md", "hello")],
        vec![("Gemfile", ""), ("package.json", "{}")],
        vec![("shop.csproj", "")],
        vec![("Cargo.toml", "not toml at all [")],
    ] {
        assert!(matches!(guess(&files), Err(DetectError::Unknown { .. })), "{files:?}");
    }
    let told = guess(&[("Gemfile", "")]).unwrap_err().to_string();
    assert!(told.contains("found Gemfile (Ruby)") && told.contains("build.tool: custom"), "{told}");
}

#[test]
fn hostile_manifests_give_no_commands() {
    let nested = "[".repeat(100_000);
    for text in
        [nested.as_str(), "[package]\nname = \"a; rm -rf ~\"\n", "{\"name\": 5}", &"x".repeat(1_000_000)]
    {
        for manifest in ["Cargo.toml", "package.json", "pyproject.toml", "go.mod", "pom.xml", "Makefile"] {
            if let Ok(detected) = guess(&[(manifest, text), ("src/main.rs", ""), ("main.go", "")]) {
                let json = serde_json::to_string(&detected.pipeline).unwrap();
                assert!(check(&json).ok() && !json.contains("rm -rf"), "{json}");
            }
        }
    }
}
