use super::*;

fn plan(framework: &str, tool: &str, given: &str, files: &[&str]) -> Result<TestPlan, PlanError> {
    let files: Vec<String> = files.iter().map(|file| (*file).to_owned()).collect();
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let (framework, tool, given) = (some(framework), some(tool), some(given));
    command(
        framework.as_deref(),
        tool.as_deref(),
        given.as_deref(),
        &TreeFacts { files: &files, python_config: "" },
    )
}

#[test]
fn commands() {
    let table: [(&str, &str, &str, &[&str], &str); 17] = [
        ("pytest", "", "", &[], "python3 -m pytest --junitxml=orchestra-test-report.xml"),
        ("pytest", "", "pytest -x 'a b'", &[], "pytest -x a b --junitxml=orchestra-test-report.xml"),
        ("pytest", "", "pytest --junitxml=out.xml", &[], "pytest --junitxml=out.xml"),
        ("pytest", "", "cd api && pytest", &[], "sh -c cd api && pytest"),
        ("unittest", "", "", &[], "python3 -m unittest"),
        ("", "", "", &["Cargo.toml"], "cargo test --no-fail-fast"),
        ("", "cargo", "", &["package.json"], "cargo test --no-fail-fast"),
        ("", "go", "", &[], "go test -json ./..."),
        ("go", "", "go test ./api/...", &[], "go test -json ./api/..."),
        ("", "maven", "", &[], "mvn -B -ntp test"),
        ("junit", "", "", &["pom.xml"], "mvn -B -ntp test"),
        ("junit", "", "", &["build.gradle", "gradlew"], "sh ./gradlew test"),
        ("", "npm", "", &["package.json"], "npm test"),
        ("node", "", "", &[], "node --test"),
        ("", "pip", "", &["tests/conftest.py"], "python3 -m pytest --junitxml=orchestra-test-report.xml"),
        ("", "", "", &["tests/test_a.py"], "python3 -m unittest"),
        ("", "", "make test", &[], "make test"),
    ];
    for (framework, tool, given, files, expected) in table {
        let plan = plan(framework, tool, given, files).unwrap_or_else(|error| panic!("{expected}: {error}"));
        assert_eq!(plan.argv.join(" "), expected);
    }
}

#[test]
fn a_shell_command_asks_pytest_by_variable() {
    let plan = plan("", "", "cd api && pytest | tee log", &[]).unwrap();
    assert_eq!(plan.env, [("PYTEST_ADDOPTS".to_owned(), "--junitxml=orchestra-test-report.xml".to_owned())]);
    assert_eq!(plan.report, ReportKind::PytestJunit(REPORT_FILE.to_owned()));
}

#[test]
fn shell_syntax_goes_to_a_shell_whole() {
    for text in ["a | b", "a; b", "a $X", "a `b`", "X=1 a", "a *.py", "a > b", "a \"$X\"", "a\nb"] {
        assert_eq!(plan("cargo", "", text, &[]).unwrap().argv, ["sh", "-c", text], "{text}");
    }
    assert_eq!(plan("cargo", "", "a 'b $X' \"c d\" ''", &[]).unwrap().argv, ["a", "b $X", "c d", ""]);
    assert!(matches!(plan("cargo", "", "a 'b", &[]), Err(PlanError::BadCommand(_))));
}

#[test]
fn what_cannot_be_planned_says_what_to_set() {
    let unknown = plan("rspec", "", "", &[]).unwrap_err().to_string();
    assert!(unknown.contains("`rspec`") && unknown.contains("`pytest`"), "{unknown}");
    let nothing = plan("", "docker", "", &["README.md"]).unwrap_err().to_string();
    assert!(nothing.contains("testing.command"), "{nothing}");
}
