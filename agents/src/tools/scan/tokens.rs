//! Tokens whose own shape gives them away: a table of prefixes, and what must follow.

use super::finding::{Finding, Severity, masked};
use super::place;
use aho_corasick::AhoCorasick;
use std::sync::LazyLock;

/// One kind of token.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// The rule's name in findings.
    pub name: &'static str,
    /// What it is, for the message.
    pub what: &'static str,
    /// What it begins with.
    pub prefix: &'static str,
    /// Characters that may follow, besides letters and digits.
    pub also: &'static str,
    /// Fewest and most characters after the prefix.
    pub length: (usize, usize),
    /// How much it weighs.
    pub severity: Severity,
}

const fn rule(
    name: &'static str,
    what: &'static str,
    prefix: &'static str,
    also: &'static str,
    length: (usize, usize),
) -> Rule {
    Rule { name, what, prefix, also, length, severity: Severity::Error }
}

/// The shapes that are known, as their issuers document them.
pub const RULES: &[Rule] = &[
    rule("aws-access-key", "an AWS access key id", "AKIA", "", (16, 16)),
    rule("aws-access-key", "a temporary AWS access key id", "ASIA", "", (16, 16)),
    rule("github-token", "a GitHub token", "ghp_", "", (36, 255)),
    rule("github-token", "a GitHub OAuth token", "gho_", "", (36, 255)),
    rule("github-token", "a GitHub user token", "ghu_", "", (36, 255)),
    rule("github-token", "a GitHub server token", "ghs_", "", (36, 255)),
    rule("github-token", "a GitHub refresh token", "ghr_", "", (36, 255)),
    rule("github-token", "a fine-grained GitHub token", "github_pat_", "_", (60, 255)),
    rule("gitlab-token", "a GitLab access token", "glpat-", "_-.", (20, 255)),
    rule("gitlab-token", "a GitLab deploy token", "gldt-", "_-", (20, 255)),
    rule("gitlab-token", "a GitLab runner token", "glrt-", "_-.", (20, 255)),
    rule("slack-token", "a Slack bot token", "xoxb-", "-", (20, 255)),
    rule("slack-token", "a Slack user token", "xoxp-", "-", (20, 255)),
    rule("slack-token", "a Slack app token", "xapp-", "-", (20, 255)),
    rule("slack-token", "a Slack workspace token", "xoxa-", "-", (20, 255)),
    rule("slack-token", "a Slack refresh token", "xoxe-", "-.", (20, 512)),
    rule("slack-webhook", "a Slack webhook's address", "hooks.slack.com/services/T", "/", (30, 120)),
    rule("discord-webhook", "a Discord webhook's address", "discord.com/api/webhooks/", "/_-", (70, 120)),
    rule("discord-webhook", "a Discord webhook's address", "discordapp.com/api/webhooks/", "/_-", (70, 120)),
    rule("stripe-key", "a live Stripe key", "sk_live_", "", (16, 255)),
    rule("stripe-key", "a live restricted Stripe key", "rk_live_", "", (16, 255)),
    Rule {
        severity: Severity::Warning,
        ..rule("stripe-key", "a Stripe test key", "sk_test_", "", (16, 255))
    },
    rule("google-key", "a Google API key", "AIza", "_-", (35, 35)),
    rule("google-key", "a Google OAuth client secret", "GOCSPX-", "_-", (28, 28)),
    rule("openai-key", "an OpenAI project key", "sk-proj-", "_-", (40, 255)),
    rule("openai-key", "an OpenAI service key", "sk-svcacct-", "_-", (40, 255)),
    rule("openai-key", "an OpenAI key", "sk-", "", (48, 48)),
    rule("anthropic-key", "an Anthropic key", "sk-ant-", "_-", (40, 255)),
    rule("npm-token", "an npm token", "npm_", "", (36, 36)),
    rule("pypi-token", "a PyPI token", "pypi-AgEIcHlwaS5vcmc", "_-", (50, 1000)),
    rule("pypi-token", "a TestPyPI token", "pypi-AgENdGVzdC5weXBpLm9yZw", "_-", (50, 1000)),
    rule("docker-token", "a Docker access token", "dckr_pat_", "_-", (20, 255)),
    rule("sendgrid-key", "a SendGrid key", "SG.", "_-.", (60, 80)),
    rule("hugging-face-token", "a Hugging Face token", "hf_", "", (34, 40)),
    rule("digitalocean-token", "a DigitalOcean token", "dop_v1_", "", (64, 64)),
    rule("shopify-token", "a Shopify token", "shpat_", "", (32, 32)),
    rule("age-key", "an age private key", "AGE-SECRET-KEY-1", "", (58, 58)),
];

static PREFIXES: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| AhoCorasick::new(RULES.iter().map(|rule| rule.prefix)).ok());

/// Longest line that is looked at; a longer one is a bundle.
const MAX_LINE: usize = 64 * 1024;

/// Adds a finding for each token, private key and JSON web token.
pub(super) fn find(path: &str, lines: &[&str], found: &mut Vec<Finding>) {
    for (at, line) in lines.iter().enumerate() {
        if line.len() > MAX_LINE {
            continue;
        }
        by_table(path, at, line, found);
        private_key(path, at, lines, found);
        web_token(path, at, line, found);
        discord_bot_token(path, at, line, found);
    }
}

fn by_table(path: &str, at: usize, line: &str, found: &mut Vec<Finding>) {
    let Some(prefixes) = PREFIXES.as_ref() else { return };
    let mut taken = 0;
    for hit in prefixes.find_overlapping_iter(line) {
        let Some(rule) = RULES.get(hit.pattern().as_usize()) else { continue };
        if hit.start() < taken || !begins_here(line, hit.start()) {
            continue;
        }
        let rest = &line[hit.end()..];
        let length =
            rest.find(|c: char| !(c.is_ascii_alphanumeric() || rule.also.contains(c))).unwrap_or(rest.len());
        if length < rule.length.0 || length > rule.length.1 || rest[length..].starts_with('_') {
            continue;
        }
        let token = &line[hit.start()..hit.end() + length];
        let upper_only = rule.name == "aws-access-key";
        if upper_only && token.bytes().any(|byte| byte.is_ascii_lowercase()) {
            continue;
        }
        taken = hit.end() + length;
        push(path, at, line, hit.start(), token, rule.name, rule.what, rule.severity, found);
    }
}

/// A token does not begin inside of a longer word.
fn begins_here(line: &str, start: usize) -> bool {
    !line[..start].chars().next_back().is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[expect(clippy::too_many_arguments, reason = "one place that turns a hit into a finding")]
fn push(
    path: &str,
    at: usize,
    line: &str,
    start: usize,
    token: &str,
    rule: &'static str,
    what: &str,
    severity: Severity,
    found: &mut Vec<Finding>,
) {
    let example = is_placeholder(token);
    let message = if example {
        format!("looks like {what}, but reads like an example: {}", masked(token))
    } else {
        format!("{what} is committed: {}; revoke it, and take it from the secrets' manager", masked(token))
    };
    found.push(Finding {
        severity: if example { Severity::Note } else { severity },
        rule,
        file: path.to_owned(),
        line: at + 1,
        column: Some(line[..start].chars().count() + 1),
        message,
    });
}

/// Examples as documentation writes them: the word itself, one character again and again, or a counted row.
pub(super) fn is_placeholder(token: &str) -> bool {
    let lower = token.to_lowercase();
    let words = [
        "example",
        "placeholder",
        "your",
        "changeme",
        "change_me",
        "change-me",
        "dummy",
        "redacted",
        "sample",
        "replace",
        "insert",
        "xxxx",
        "0000000",
        "1234567890",
        "abcdefghij",
    ];
    let distinct: std::collections::BTreeSet<char> = lower.chars().skip(4).collect();
    words.iter().any(|word| lower.contains(word)) || distinct.len() < 5
}

/// `-----BEGIN ... PRIVATE KEY-----` with key material after it; the words alone are code that reads keys.
fn private_key(path: &str, at: usize, lines: &[&str], found: &mut Vec<Finding>) {
    let line = lines[at];
    let Some(start) = line.find("-----BEGIN ") else { return };
    let after = &line[start + 11..];
    let Some(end) = after.find("PRIVATE KEY").filter(|end| *end <= 20) else { return };
    let Some(rest) =
        after[end + 11..].strip_prefix(" BLOCK-----").or_else(|| after[end + 11..].strip_prefix("-----"))
    else {
        return;
    };
    let material = |text: &str| {
        let longest =
            text.split(|c: char| !(c.is_ascii_alphanumeric() || "+/=".contains(c))).map(str::len).max();
        longest.is_some_and(|longest| longest >= 40)
    };
    // In a JSON or environment file the line breaks are written `\n`, all on one line.
    let following = lines.iter().skip(at + 1).take(6);
    if material(&rest.replace("\\n", " ").replace("\\r", " "))
        || following.into_iter().any(|line| material(line))
    {
        found.push(Finding {
            severity: if place::is_example(path) { Severity::Warning } else { Severity::Error },
            rule: "private-key",
            file: path.to_owned(),
            line: at + 1,
            column: Some(line[..start].chars().count() + 1),
            message: "a private key is committed; replace it, and take it from the secrets' manager"
                .to_owned(),
        });
    }
}

/// Three parts of base64 joined by dots, the first a JSON object with `alg` (RFC 7519).
fn web_token(path: &str, at: usize, line: &str, found: &mut Vec<Finding>) {
    for word in line.split(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))) {
        let parts: Vec<&str> = word.split('.').collect();
        let [head, body, signature] = parts.as_slice() else { continue };
        if !head.starts_with("eyJ") || !body.starts_with("eyJ") || signature.len() < 20 || word.len() > 8192 {
            continue;
        }
        let json = base64(head).is_some_and(|bytes| {
            serde_json::from_slice::<serde_json::Value>(&bytes).is_ok_and(|value| value.get("alg").is_some())
        });
        if !json {
            continue;
        }
        let claims =
            base64(body).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        let example = claims.contains("John Doe") || claims.contains("1234567890\"");
        let severity = match (example, place::is_example(path)) {
            (true, _) => Severity::Note,
            (false, true) => Severity::Warning,
            (false, false) => Severity::Error,
        };
        let start = word.as_ptr() as usize - line.as_ptr() as usize;
        push(path, at, line, start, word, "json-web-token", "a JSON web token", severity, found);
    }
}

/// A bot's id in base64, a time, a signature (Discord's developer documentation, *Authentication*).
fn discord_bot_token(path: &str, at: usize, line: &str, found: &mut Vec<Finding>) {
    for word in line.split(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))) {
        let parts: Vec<&str> = word.split('.').collect();
        let [id, time, signature] = parts.as_slice() else { continue };
        let shape = (24..=28).contains(&id.len()) && time.len() == 6 && (27..=40).contains(&signature.len());
        let digits =
            shape && base64(id).is_some_and(|id| id.len() >= 17 && id.iter().all(u8::is_ascii_digit));
        if digits {
            let start = word.as_ptr() as usize - line.as_ptr() as usize;
            push(
                path,
                at,
                line,
                start,
                word,
                "discord-token",
                "a Discord bot's token",
                Severity::Error,
                found,
            );
        }
    }
}

/// URL-safe base64 without padding (RFC 4648, section 5).
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut held) = (0_u32, 0);
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'-' | b'+' => 62,
            b'_' | b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0xffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held & 0xff) as u8);
        }
    }
    Some(out)
}
