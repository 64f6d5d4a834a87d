//! From the file's `testing` section to a command line (pure).

use thiserror::Error;

/// Where the report file is written that a framework is asked for, relative to the workspace.
pub const REPORT_FILE: &str = "orchestra-test-report.xml";

/// How to run the tests, and what report to expect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestPlan {
    /// The program and its arguments; no shell unless the file's own command needs one.
    pub argv: Vec<String>,
    /// Variables to set besides the clean environment.
    pub env: Vec<(String, String)>,
    /// What the run must leave behind.
    pub report: ReportKind,
    /// Where the framework came from, for the run's thread.
    pub chosen_by: String,
}

/// The forms of report that are understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportKind {
    /// `cargo test`'s standard output.
    CargoText,
    /// `unittest`'s standard error.
    UnittestText,
    /// A JUnit file at this path, else pytest's standard output.
    PytestJunit(String),
    /// JUnit files that match one of these patterns, relative to the workspace.
    JunitXml(Vec<String>),
    /// `go test -json`'s standard output.
    GoJson,
}

impl ReportKind {
    /// Patterns of the files to look for; delete what matches before the run, so that no old report is read.
    #[must_use]
    pub fn patterns(&self) -> Vec<String> {
        match self {
            Self::PytestJunit(path) => vec![path.clone()],
            Self::JunitXml(patterns) => patterns.clone(),
            Self::CargoText | Self::UnittestText | Self::GoJson => Vec::new(),
        }
    }
}

/// What is known of the source tree.
#[derive(Debug, Clone, Copy, Default)]
pub struct TreeFacts<'a> {
    /// Paths of the files, relative, with `/`.
    pub files: &'a [String],
    /// The text of `pyproject.toml`, `setup.cfg`, `tox.ini` and `requirements*.txt` together, where they exist.
    pub python_config: &'a str,
}

impl TreeFacts<'_> {
    fn has(&self, name: &str) -> bool {
        self.files.iter().any(|file| file == name)
    }

    fn has_named(&self, name: &str) -> bool {
        self.files.iter().any(|file| file.rsplit('/').next() == Some(name))
    }
}

/// Why no plan could be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlanError {
    /// The framework is none that is known.
    #[error("the test framework `{0}` is not known; known are {known}; or give `testing.command` one that leaves JUnit XML", known = KNOWN)]
    UnknownFramework(String),
    /// Neither the file nor the tree says how to test.
    #[error(
        "nothing says how to run the tests; set `testing.framework` or `testing.command`, or `testing.enabled: false`"
    )]
    NothingToRun,
    /// The command cannot be read.
    #[error("the test command cannot be read: {0}")]
    BadCommand(String),
}

const KNOWN: &str =
    "`cargo`, `unittest`, `pytest`, `junit`, `maven`, `gradle`, `go`, `node`, `jest`, `mocha`";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Framework {
    Cargo,
    Unittest,
    Pytest,
    Maven,
    Gradle,
    Go,
    Node,
    /// Whatever leaves JUnit files in one of the usual places.
    Junit,
}

/// Chooses the command for the file's `testing.framework`, `build.tool` and `testing.command`, in that order of weight.
///
/// # Errors
///
/// [`PlanError`], whose text names the keys to set.
pub fn command(
    framework: Option<&str>,
    tool: Option<&str>,
    given: Option<&str>,
    facts: &TreeFacts<'_>,
) -> Result<TestPlan, PlanError> {
    let given = given.map(str::trim).filter(|text| !text.is_empty());
    let (framework, chosen_by) = choose(framework, tool, given, facts)?;
    let mut plan = TestPlan { argv: Vec::new(), env: Vec::new(), report: ReportKind::CargoText, chosen_by };
    // A command with shell syntax runs in a shell, as its author wrote it; it is the repository's own code.
    let words = given.map(split).transpose()?.flatten();
    let shell = given.is_some() && words.is_none();
    plan.argv = match (given, words) {
        (Some(text), None) => ["sh", "-c", text].map(str::to_owned).to_vec(),
        (Some(_), Some(words)) => words,
        (None, _) => default_command(framework, facts),
    };
    ask_for_report(framework, shell, &mut plan);
    Ok(plan)
}

fn choose(
    framework: Option<&str>,
    tool: Option<&str>,
    given: Option<&str>,
    facts: &TreeFacts<'_>,
) -> Result<(Framework, String), PlanError> {
    if let Some(name) = framework.map(str::trim).filter(|name| !name.is_empty()) {
        let known = by_name(name).ok_or_else(|| PlanError::UnknownFramework(name.to_owned()));
        return Ok((known?, "`testing.framework`".to_owned()));
    }
    if let Some(text) = given {
        let found = by_command(text).unwrap_or(Framework::Junit);
        return Ok((found, "`testing.command`".to_owned()));
    }
    let python = || {
        let named = facts.has_named("conftest.py")
            || facts.has("pytest.ini")
            || facts.python_config.contains("pytest");
        if named { Framework::Pytest } else { Framework::Unittest }
    };
    let by_tool = match tool.unwrap_or_default() {
        "cargo" => Some(Framework::Cargo),
        "go" => Some(Framework::Go),
        "maven" => Some(Framework::Maven),
        "gradle" => Some(Framework::Gradle),
        "npm" | "yarn" | "pnpm" => Some(Framework::Node),
        "pip" | "poetry" | "uv" => Some(python()),
        _ => None,
    };
    if let Some(found) = by_tool {
        return Ok((found, "`build.tool`".to_owned()));
    }
    let marks = [
        ("Cargo.toml", Framework::Cargo),
        ("go.mod", Framework::Go),
        ("pom.xml", Framework::Maven),
        ("build.gradle", Framework::Gradle),
        ("build.gradle.kts", Framework::Gradle),
        ("package.json", Framework::Node),
        ("pyproject.toml", python()),
        ("setup.py", python()),
        ("requirements.txt", python()),
    ];
    if let Some((name, found)) = marks.into_iter().find(|(name, _)| facts.has(name)) {
        return Ok((found, format!("the file `{name}`")));
    }
    let test_file = |file: &String| {
        let name = file.rsplit('/').next().unwrap_or(file);
        name.ends_with(".py") && (name.starts_with("test_") || name.ends_with("_test.py"))
    };
    match facts.files.iter().find(|file| test_file(file)) {
        Some(file) => Ok((python(), format!("the file `{file}`"))),
        None => Err(PlanError::NothingToRun),
    }
}

fn by_name(name: &str) -> Option<Framework> {
    Some(match name.to_lowercase().as_str() {
        "cargo" | "cargo-test" | "cargo test" | "rust" => Framework::Cargo,
        "unittest" => Framework::Unittest,
        "pytest" | "py.test" => Framework::Pytest,
        "maven" | "surefire" => Framework::Maven,
        "gradle" => Framework::Gradle,
        "go" | "gotest" | "go test" | "go-test" => Framework::Go,
        "node" | "node:test" | "npm" | "jest" | "mocha" | "vitest" => Framework::Node,
        "junit" | "junit5" | "custom" => Framework::Junit,
        _ => return None,
    })
}

fn by_command(text: &str) -> Option<Framework> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let program = words.first().map(|word| word.rsplit('/').next().unwrap_or(word));
    let says = |word: &str| words.iter().any(|other| other.rsplit('/').next() == Some(word));
    Some(match program {
        _ if says("nextest") => Framework::Junit,
        Some("cargo") => Framework::Cargo,
        _ if says("pytest") || says("py.test") => Framework::Pytest,
        _ if says("unittest") => Framework::Unittest,
        Some("go") => Framework::Go,
        Some("mvn" | "mvnw") => Framework::Maven,
        Some("gradle" | "gradlew") => Framework::Gradle,
        Some("npm" | "npx" | "yarn" | "pnpm" | "node") => Framework::Node,
        _ => return None,
    })
}

fn default_command(framework: Framework, facts: &TreeFacts<'_>) -> Vec<String> {
    let words: &[&str] = match framework {
        Framework::Cargo => &["cargo", "test", "--no-fail-fast"],
        Framework::Unittest => &["python3", "-m", "unittest"],
        Framework::Pytest => &["python3", "-m", "pytest"],
        Framework::Go => &["go", "test", "-json", "./..."],
        Framework::Gradle if facts.has("gradlew") => &["sh", "./gradlew", "test"],
        Framework::Gradle => &["gradle", "test"],
        Framework::Node if facts.has("package.json") => &["npm", "test"],
        Framework::Node => &["node", "--test"],
        Framework::Junit if facts.has("gradlew") => &["sh", "./gradlew", "test"],
        Framework::Junit if facts.has("build.gradle") || facts.has("build.gradle.kts") => &["gradle", "test"],
        Framework::Maven | Framework::Junit => &["mvn", "-B", "-ntp", "test"],
    };
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// The usual places of JUnit files: Surefire and Failsafe, Gradle, nextest, and what people name themselves.
const JUNIT_PLACES: [&str; 7] = [
    REPORT_FILE,
    "**/target/surefire-reports/TEST-*.xml",
    "**/target/failsafe-reports/TEST-*.xml",
    "**/build/test-results/**/TEST-*.xml",
    "target/nextest/*/junit.xml",
    "junit.xml",
    "test-results/**/*.xml",
];

fn ask_for_report(framework: Framework, shell: bool, plan: &mut TestPlan) {
    let mut set = |name: &str, value: String| plan.env.push((name.to_owned(), value));
    match framework {
        Framework::Cargo => {
            set("CARGO_TERM_COLOR", "never".to_owned());
            plan.report = ReportKind::CargoText;
        }
        Framework::Unittest => plan.report = ReportKind::UnittestText,
        Framework::Pytest => {
            let asked = plan.argv.iter().find_map(|word| word.strip_prefix("--junitxml=")).map(str::to_owned);
            let path = asked.clone().unwrap_or_else(|| REPORT_FILE.to_owned());
            if shell {
                // Appending to a shell's text would change what it means; pytest reads this variable.
                set("PYTEST_ADDOPTS", format!("--junitxml={path}"));
            } else if asked.is_none() {
                plan.argv.push(format!("--junitxml={path}"));
            }
            plan.report = ReportKind::PytestJunit(path);
        }
        Framework::Go => {
            if !shell
                && !plan.argv.iter().any(|word| word == "-json")
                && let Some(at) = plan.argv.iter().position(|word| word == "test")
            {
                plan.argv.insert(at + 1, "-json".to_owned());
            }
            plan.report = ReportKind::GoJson;
        }
        Framework::Node => {
            // `node --test` takes its reporter from here; the jest-junit reporter reads the other one.
            let reporter = format!("--test-reporter=junit --test-reporter-destination={REPORT_FILE}");
            if !plan.argv.iter().any(|word| word.contains("--test-reporter")) {
                set("NODE_OPTIONS", reporter);
            }
            set("JEST_JUNIT_OUTPUT_FILE", REPORT_FILE.to_owned());
            plan.report = ReportKind::JunitXml(vec![
                REPORT_FILE.to_owned(),
                "junit.xml".to_owned(),
                "test-results/**/*.xml".to_owned(),
            ]);
        }
        Framework::Maven | Framework::Gradle | Framework::Junit => {
            plan.report = ReportKind::JunitXml(JUNIT_PLACES.map(str::to_owned).to_vec());
        }
    }
}

/// Splits a plain command into words, quotes honoured; nothing if it holds shell syntax.
fn split(text: &str) -> Result<Option<Vec<String>>, PlanError> {
    if text.len() > 8192 || text.contains('\0') {
        return Err(PlanError::BadCommand("it is longer than 8 KiB or holds a zero byte".to_owned()));
    }
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    for c in text.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some('"'), '$' | '`' | '\\') => return Ok(None),
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c == ' ' || c == '\t' => words.extend(word.take()),
            (
                None,
                '|' | '&' | ';' | '<' | '>' | '(' | ')' | '$' | '`' | '\\' | '*' | '?' | '[' | '#' | '~'
                | '\n' | '{' | '!',
            ) => {
                return Ok(None);
            }
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err(PlanError::BadCommand("a quote is not closed".to_owned()));
    }
    words.extend(word);
    // `NAME=value program` is shell syntax too.
    Ok((!words.is_empty() && !words[0].contains('=')).then_some(words))
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
