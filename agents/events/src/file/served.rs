//! Keys and words that this version accepts but does not use, each with the reason.
//!
//! A file that has one of them passes with a warning, so that nobody waits for what will not happen.
//! A line is removed here when the code that uses the key arrives.

/// Keys that are read and then not used: path without list positions, and why.
pub const UNUSED: &[(&str, &str)] = &[
    ("project.language", "the build tool decides"),
    ("project.frontend-language", "the build tool decides"),
    ("project.backend-language", "the build tool decides"),
    ("project.framework", "the build tool decides"),
    ("project.repo", "the pushed repository is the one that is delivered"),
    ("testing.generate", "no tests are drafted"),
    ("testing.coverage_min", "coverage is not measured"),
    ("deployment.region", "the target local has no regions"),
    ("secrets.manager", "values come from the environment of `orchestra`"),
    ("observability.tools", "the built-in metrics are the only ones"),
    ("chatops.platform", "the console is the only chat"),
];

/// Words that no code serves yet: path without list positions, word, and what will happen instead.
pub const NOT_SERVED: &[(&str, &str, &str)] = &[
    ("build.tool", "docker", BUILD),
    ("build.tool", "maven", BUILD),
    ("build.tool", "gradle", BUILD),
    ("build.tool", "yarn", BUILD),
    ("build.tool", "pnpm", BUILD),
    ("build.tool", "poetry", BUILD),
    ("build.tool", "uv", BUILD),
    ("infrastructure.tool", "terraform", INFRASTRUCTURE),
    ("infrastructure.tool", "cloudformation", INFRASTRUCTURE),
    ("rollback.action", "terraform_destroy", "a rollback will go to the previous version"),
];

const BUILD: &str = "the push will stop at the build. Served: cargo, go, make, npm, pip, custom";
const INFRASTRUCTURE: &str = "the push will stop before deployment; set `none` meanwhile";

/// Targets that deploy.
pub const TARGETS: &[&str] = &["local"];

/// Runtimes that the targets run services on.
pub const RUNTIMES: &[&str] = &["process"];

/// Test frameworks whose reports are read into totals.
pub const FRAMEWORKS: &[&str] = &["cargo", "unittest", "pytest", "junit", "go"];
