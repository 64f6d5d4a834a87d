use super::*;
use proptest::prelude::*;

fn findings(path: &str, text: &str) -> Vec<(Severity, &'static str, usize)> {
    let scan = scan([(path, text.as_bytes())], Limits::default());
    scan.findings.iter().map(|finding| (finding.severity, finding.rule, finding.line)).collect()
}

fn worst(path: &str, text: &str) -> Option<(Severity, &'static str)> {
    findings(path, text)
        .into_iter()
        .map(|(severity, rule, _)| (severity, rule))
        .min_by_key(|(severity, _)| *severity)
}

/// Random-looking characters without a known secret's value standing in this file whole.
fn random(length: usize) -> String {
    "q7Rk2ZpX9vLm4TnB8sWc3YhD6fGj5KaE1uQoVtNiSxCyPzMwHbUdJgFeLrA0".chars().cycle().take(length).collect()
}

#[test]
fn every_token_of_the_table_is_found_and_its_near_misses_are_not() {
    for rule in tokens::RULES {
        let mut tail = random(rule.length.0);
        if rule.name == "aws-access-key" {
            tail = tail.to_uppercase();
        }
        let token = format!("{}{tail}", rule.prefix);
        let found = worst("src/app.py", &format!("x = f(\"{token}\")\n"));
        assert_eq!(found, Some((rule.severity, rule.name)), "{}…", rule.prefix);
        let inside_a_word = format!("x = f(\"A{token}\")\n");
        assert_eq!(worst("src/app.py", &inside_a_word), None, "{}… inside of a word", rule.prefix);
        if rule.length.0 > 16 || rule.name == "aws-access-key" {
            let short = format!("x = f(\"{}{}\")\n", rule.prefix, &tail[..8]);
            assert_eq!(worst("src/app.py", &short), None, "{}… too short", rule.prefix);
        }
    }
}

#[test]
fn a_secret_is_shown_by_its_first_four_characters() {
    let token = format!("ghp_{}", random(36));
    let scan = scan([("a.py", format!("t = \"{token}\"").as_bytes())], Limits::default());
    let message = &scan.findings[0].message;
    assert!(message.contains("`ghp_…`") && !message.contains(&token[..10]), "{message}");
    assert_eq!((scan.findings[0].line, scan.findings[0].column), (1, Some(6)));
    assert!(!scan.passed());
}

#[test]
fn assignments() {
    let value = random(24);
    let errors = [
        ("app.py", format!("PASSWORD = \"{value}\"")),
        ("app.py", format!("    db_password='{value}',")),
        ("app.js", format!("const apiKey = '{value}';")),
        ("app.js", format!("  clientSecret: \"{value}\",")),
        ("config.json", format!("{{\"api_token\": \"{value}\"}}")),
        (".env", format!("SECRET_KEY={value}")),
        (".env", format!("export AUTH_TOKEN={value}")),
        ("config.yaml", format!("db:\n  password: {value}")),
        ("app.go", format!("token := \"{value}\"")),
        ("app.rb", format!(":secret => '{value}'")),
        ("aws.ini", "aws_secret_access_key = q7Rk2ZpX9vLm4TnB8sWc/YhD6fGj5KaE1uQoVtNi".to_owned()),
    ];
    for (path, text) in errors {
        assert_eq!(worst(path, &text), Some((Severity::Error, "assigned-secret")), "{path}: {text}");
    }
    assert_eq!(worst("app.py", "password = \"Tr0ub4dor&3\""), Some((Severity::Warning, "assigned-secret")));
    assert_eq!(
        worst("tests/app.py", &format!("PASSWORD = \"{value}\"")),
        Some((Severity::Warning, "assigned-secret"))
    );
}

#[test]
fn what_only_looks_like_an_assignment_of_a_secret_is_let_pass() {
    let value = random(24);
    let harmless = [
        ("app.py", "password = os.environ[\"DB_PASSWORD\"]".to_owned()),
        ("app.py", "password = \"changeme\"".to_owned()),
        ("app.py", "password = \"<your password here>\"".to_owned()),
        ("app.py", "token_url = \"https://auth.internal/oauth2/token\"".to_owned()),
        ("app.py", "password = getpass(\"Password: \")".to_owned()),
        ("app.js", "const token = process.env.TOKEN_V2;".to_owned()),
        ("app.js", "const passwordField = \"login-password-2\";".to_owned()),
        ("config.yaml", "password: ${DB_PASSWORD_1}".to_owned()),
        ("config.yaml", "password: {{ vault_db_password2 }}".to_owned()),
        ("deploy.yaml", "  secretName: api-tls-2024\n".to_owned()),
        ("deploy.yaml", "  secretKeyRef: x9".to_owned()),
        (".env", "MAX_TOKENS=4096".to_owned()),
        (".env.example", "API_KEY=your-api-key-1".to_owned()),
        ("Cargo.lock", format!("token = \"{value}\"")),
        ("package-lock.json", format!("{{\"password\": \"{value}\"}}")),
        ("app.py", format!("checksum = \"{value}\"")),
        ("app.py", "DATABASE_URL = \"postgres://user:password@localhost/db\"".to_owned()),
        ("app.py", "url = \"postgres://app:app@db:5432/app\"".to_owned()),
        ("app.rs", "let token = parser.next_token(\"abc123\");".to_owned()),
    ];
    for (path, text) in harmless {
        let found = worst(path, &text)
            .filter(|(severity, rule)| *severity != Severity::Note && *rule != "does-not-parse");
        assert_eq!(found, None, "{path}: {text}");
    }
}

#[test]
fn passwords_in_urls() {
    let real = "url = \"postgres://app:q7Rk2ZpX9vLm@db.corp.net:5432/app\"";
    assert_eq!(worst("app.py", real), Some((Severity::Error, "url-password")));
    for text in [
        "postgres://u:$PASS@db.corp.net/x",
        "http://host/a:b@c",
        "ssh://git@github.com/a/b",
        "postgres://u:pass1@localhost/x",
    ] {
        assert_eq!(worst("app.py", text), None, "{text}");
    }
}

#[test]
fn private_keys_and_web_tokens() {
    let body = random(64);
    let key = format!("-----BEGIN RSA PRIVATE KEY-----\n{body}\n{body}\n-----END RSA PRIVATE KEY-----\n");
    assert_eq!(worst("deploy/key.pem", &key), Some((Severity::Error, "private-key")));
    assert_eq!(worst("tests/key.pem", &key), Some((Severity::Warning, "private-key")));
    let joined = format!("{{\"k\": \"-----BEGIN PRIVATE KEY-----\\n{body}\\n\"}}");
    assert_eq!(worst("sa.json", &joined), Some((Severity::Error, "private-key")));
    assert_eq!(
        worst("read.py", "if text.startswith('-----BEGIN PRIVATE KEY-----'):\n    return load(text)\n"),
        None
    );

    let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyLTQyIn0.q7Rk2ZpX9vLm4TnB8sWc3YhD6fGj5KaE1uQoVtNiSxC";
    assert_eq!(worst("a.js", &format!("f('{token}')")), Some((Severity::Error, "json-web-token")));
    assert_eq!(worst("docs/a.md", token), Some((Severity::Warning, "json-web-token")));
    assert_eq!(worst("a.js", &token.replace("eyJhbGci", "eyJxxxxx")), None);
}

#[test]
fn examples_and_allowed_lines_are_notes() {
    let aws = concat!("AKIA", "IOSFODNN7EXAMPLE");
    assert_eq!(worst("a.py", &format!("k = '{aws}'")), Some((Severity::Note, "aws-access-key")));
    let token = format!("ghp_{}", random(36));
    let allowed = format!("t = '{token}'  # devops-orchestra: allow\n");
    assert_eq!(worst("a.py", &allowed), Some((Severity::Note, "github-token")));
    let next_line = format!("# devops-orchestra: allow\nt = '{token}'\n");
    assert_eq!(worst("a.py", &next_line), Some((Severity::Error, "github-token")), "only on its own line");
}

#[test]
fn conflicts() {
    let left = "<".repeat(7);
    let middle = "=".repeat(7);
    let right = ">".repeat(7);
    let real = format!("a\n{left} HEAD\nb\n{middle}\nc\n{right} branch\nd\n");
    assert_eq!(findings("a.py", &real), [(Severity::Error, "conflict-marker", 2)]);
    let with_base = real.replace("\nb\n", "\nb\n||||||| base\nx\n");
    assert_eq!(findings("a.py", &with_base), [(Severity::Error, "conflict-marker", 2)]);
    assert_eq!(
        findings("a.json", &real),
        [(Severity::Error, "conflict-marker", 2)],
        "told once, not as bad JSON too"
    );
    assert_eq!(findings("a.py", &real.replace('\n', "\r\n")), [(Severity::Error, "conflict-marker", 2)]);
    assert_eq!(findings("a.md", &format!("```\n{real}```\n")), [(Severity::Warning, "conflict-marker", 3)]);
    for harmless in [
        format!("Title\n{middle}\n\ntext\n"),
        format!("{left} HEAD\nno middle\n{right} b\n"),
        format!("{middle}\n{left} a\n{right} b\n"),
        format!("  {left} HEAD\n  {middle}\n  {right} b\n"),
        format!("{left}< a\n{middle}=\n{right}> b\n"),
        format!("cat <<EOF\n{middle}\n{right} b\n"),
    ] {
        assert_eq!(findings("a.rst", &harmless), [], "{harmless}");
    }
}

#[test]
fn files_that_do_not_parse() {
    let table = [
        ("a.json", "{\"a\": 1,\n \"b\": }", Some(2)),
        ("a.ipynb", "{\"cells\": [", Some(1)),
        ("a.json", "", Some(1)),
        ("a.json", "{\"a\": 1} x", Some(1)),
        ("a.yaml", "a: 1\nb: [1, 2\nc: 3\n", Some(3)),
        ("a.yml", "a: b: c\n", Some(1)),
        ("a.toml", "a = 1\nb = \n", Some(2)),
        ("a.toml", "a = 1\na = 2\n", Some(2)),
        ("a.xml", "<a>\n<b></a>", Some(2)),
        ("a.xml", "<a/>\n<b/>", Some(2)),
        ("a.xml", "<a x='1' x='2'/>", Some(1)),
        ("a.xml", "<a>", Some(1)),
        ("a.json", "{\"a\": [1, 2, {\"b\": null}]}", None),
        ("a.json", "\u{feff}{}", None),
        ("tsconfig.json", "{\n // why\n \"a\": [1, /* two */ 2,],\n}", None),
        (".vscode/settings.json", "// nothing\n", None),
        ("tsconfig.json", "{\"a\": \"http://x\", \"b\": \",}\"}", None),
        ("a.yaml", "a: &x [1]\nb: *x\n---\nc: !Ref d\n", None),
        ("a.yaml", "", None),
        (".github/workflows/a.yml", "on: push\nenv:\n  A: ${{ secrets.A }}\n", None),
        ("a.toml", "[a]\nb = 2024-01-01\n", None),
        ("a.xml", "<?xml version='1.0'?>\n<!-- c -->\n<a b='1'>&lt;<c/></a>\n", None),
        ("a.svg", "<svg xmlns='x'><g/></svg>", None),
        ("a.txt", "{", None),
    ];
    for (path, text, line) in table {
        let expected: Vec<_> =
            line.map(|line| (Severity::Error, "does-not-parse", line)).into_iter().collect();
        let got = findings(path, text);
        assert_eq!(
            got.iter().map(|f| (f.0, f.1)).collect::<Vec<_>>(),
            expected.iter().map(|f| (f.0, f.1)).collect::<Vec<_>>(),
            "{path}: {text}"
        );
        if let (Some(got), Some(expected)) = (got.first(), expected.first()) {
            assert!(
                got.2 == expected.2 || path.ends_with("ml") && got.2.abs_diff(expected.2) <= 1,
                "{path}: {text}: line {}",
                got.2
            );
        }
    }
    assert_eq!(worst("tests/data/a.json", "{"), Some((Severity::Warning, "does-not-parse")));
}

#[test]
fn templates_are_no_parse_errors() {
    for (path, text) in [
        ("chart/templates/a.yaml", "{{- if .Values.x }}\na: {{ .Values.y }}\n{{- end }}\n"),
        ("a.yml", "{% if x %}\na: [\n{% endif %}\n"),
        ("a.json", "{\"a\": {{ value }} }"),
    ] {
        let got = worst(path, text);
        assert!(got.is_none() || got == Some((Severity::Note, "template")), "{path}: {got:?}");
    }
    assert_eq!(worst("a.yml", "a: ${{ x }}\nb: [\n").map(|found| found.0), Some(Severity::Error));
}

#[test]
fn limits_are_kept_and_told() {
    let limits = Limits { files: 2, file_bytes: 100, total_bytes: 1000, findings: 2 };
    let token = format!("x('ghp_{}')", random(36));
    let large = "x".repeat(200);
    let scan = scan(
        [
            ("large", large.as_bytes()),
            ("bin", b"\0\x01".as_slice()),
            ("a.py", token.as_bytes()),
            ("b.py", token.as_bytes()),
            ("c.py", token.as_bytes()),
        ],
        limits,
    );
    assert_eq!((scan.files, scan.skipped), (2, 3));
    assert_eq!(scan.count(Severity::Error), 2, "errors push out notes");
    let notes: Vec<&str> =
        scan.findings.iter().filter(|f| f.severity == Severity::Note).map(|f| f.message.as_str()).collect();
    assert!(
        notes.iter().any(|note| note.contains("binary"))
            && notes.iter().any(|note| note.contains("the rest was not")),
        "{notes:?}"
    );
    assert!(notes.iter().any(|note| note.contains("1 notes are not listed")), "{notes:?}");
    assert!(!super::scan([], Limits::default()).passed(), "nothing read is no success");
}

#[test]
fn a_folder_is_read_without_what_others_wrote() {
    let root = tempfile::tempdir().unwrap();
    let token = format!("x('ghp_{}')", random(36));
    for path in ["src/a.py", "node_modules/x/b.js", ".git/config", "target/c.txt"] {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, &token).unwrap();
    }
    std::os::unix::fs::symlink("/", root.path().join("link")).unwrap();
    let scan = tree::scan_folder(root.path(), Limits::default()).unwrap();
    assert_eq!(scan.findings.iter().map(|f| f.file.as_str()).collect::<Vec<_>>(), ["src/a.py"]);
}

#[test]
fn hostile_files_end_soon() {
    let deep = "[".repeat(500_000);
    let aliases =
        format!("a: &a [x,x]\n{}", (0..60).map(|n| format!("b{n}: &b{n} [*a,*a,*a]\n")).collect::<String>());
    let signs = "=:".repeat(200_000);
    let quotes = "token=\"".repeat(500);
    for path in ["a.json", "a.yaml", "a.toml", "a.xml", ".env", "tsconfig.json"] {
        for text in [&deep, &aliases, &signs, &quotes] {
            let scan = scan([(path, text.as_bytes())], Limits::default());
            assert!(scan.findings.len() < 600);
        }
    }
    assert_eq!(worst("a.yaml", &aliases), None, "aliases are not expanded");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_file_makes_it_panic(
        name in prop_oneof![Just("a.json"), Just("tsconfig.json"), Just("a.yaml"), Just("a.toml"), Just("a.xml"), Just(".env"), Just("a.md")],
        bytes in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..200),
            "[a-z=:\"'/<>{}\\[\\],&*\\-é#\n ]{0,120}".prop_map(String::into_bytes),
            "(password|token)[:=]{1,2} ?[\"']?[ -~é]{0,40}[\"']?".prop_map(String::into_bytes),
            "[a-z]{3}://[a-zé]{0,4}:[!-~é]{0,12}@[a-z.]{0,8}".prop_map(String::into_bytes),
            "-----BEGIN [A-Z ]{0,12}PRIVATE KEY[ A-Z-]{0,12}é?".prop_map(String::into_bytes),
        ],
    ) {
        let scan = scan([(name, bytes.as_slice())], Limits::default());
        prop_assert!(scan.files + scan.skipped == 1);
    }
}
