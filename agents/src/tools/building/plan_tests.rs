use super::*;
use crate::tools::building::facts::NpmFacts;

fn tree(names: &[&str]) -> TreeFacts {
    TreeFacts { names: names.iter().map(|name| (*name).to_owned()).collect(), ..TreeFacts::default() }
}

fn shown(commands: &[Command]) -> Vec<String> {
    commands.iter().map(|command| command.join(" ")).collect()
}

#[test]
fn a_tool_that_is_not_there_is_refused_by_name_with_what_to_set_meanwhile() {
    for tool in ["docker", "maven", "gradle", "yarn", "pnpm", "poetry", "uv", "bazel", ""] {
        let refused = plan(tool, Some("anything"), &tree(&["Cargo.toml"])).unwrap_err();
        assert_eq!(refused.tool, tool);
        assert!(refused.to_string().contains("set `build.tool"), "{refused}");
    }
}

#[test]
fn a_tree_that_the_tool_cannot_build_is_refused_with_the_file_it_lacks() {
    for (tool, file) in
        [("cargo", "Cargo.toml"), ("go", "go.mod"), ("npm", "package.json"), ("make", "Makefile")]
    {
        let refused = plan(tool, None, &tree(&[])).unwrap_err().to_string();
        assert!(refused.contains(file), "{refused}");
    }
    assert!(plan("custom", Some("  "), &tree(&[])).unwrap_err().to_string().contains("build.command"));
}

#[test]
fn a_lock_file_is_held_to() {
    let locked = plan("cargo", None, &tree(&["Cargo.toml", "Cargo.lock"])).unwrap();
    assert_eq!(shown(&locked.fetch), ["cargo fetch --locked"]);
    assert_eq!(shown(&locked.build), ["cargo build --release --offline --locked"]);
    let free = plan("cargo", None, &tree(&["Cargo.toml"])).unwrap();
    assert_eq!(shown(&free.fetch), ["cargo fetch"]);
}

#[test]
fn packages_are_fetched_without_their_scripts_which_run_without_network() {
    let npm = NpmFacts {
        scripts: ["build", "start"].map(str::to_owned).into(),
        has_dependencies: true,
        main: None,
    };
    let facts = TreeFacts { npm: Some(npm), ..tree(&["package.json", "package-lock.json"]) };
    let plan = plan("npm", None, &facts).unwrap();
    assert_eq!(shown(&plan.fetch), ["npm ci --ignore-scripts"]);
    assert_eq!(shown(&plan.build), ["npm rebuild", "npm run build"]);
    assert_eq!(plan.start, Start::Command(words(&["npm", "start", "--silent"])));
}

#[test]
fn without_dependencies_nothing_is_fetched() {
    let npm = NpmFacts { main: Some("-e".to_owned()), ..NpmFacts::default() };
    let facts = TreeFacts { npm: Some(npm), ..tree(&["package.json", "go.mod", "main.py"]) };
    for tool in ["npm", "go", "pip"] {
        assert_eq!(plan(tool, None, &facts).unwrap().fetch, Vec::<Command>::new(), "{tool}");
    }
    assert_eq!(plan("npm", None, &facts).unwrap().start, Start::Unknown, "a dash is no file");
}

#[test]
fn python_packages_go_into_a_folder_of_the_tree() {
    let facts = TreeFacts { has_requirements: true, ..tree(&["requirements.txt", "app.py"]) };
    let plan = plan("pip", None, &facts).unwrap();
    assert_eq!(shown(&plan.fetch), ["python3 -m pip wheel --wheel-dir .wheels -r requirements.txt"]);
    assert_eq!(plan.search_paths, [("PYTHONPATH", ".packages")]);
    assert_eq!(plan.artefact, Artefact::Tree { without: &[".wheels"] });
}

#[test]
fn a_command_of_the_file_replaces_the_build_as_one_text_for_the_shell() {
    let text = "make all; echo $(whoami) '&' \"$HOME\"";
    for tool in ["cargo", "go", "make", "custom"] {
        let plan = plan(tool, Some(text), &tree(&["Cargo.toml", "go.mod"])).unwrap();
        assert_eq!(plan.build, [vec!["/bin/sh".to_owned(), "-c".to_owned(), text.to_owned()]], "{tool}");
    }
    let go = plan("go", Some(text), &tree(&["go.mod"])).unwrap();
    assert_eq!(go.artefact, Artefact::Tree { without: &[] }, "its own command may write anywhere");
}
