//! No circle of files within a room: whoever reads one file reads those that it uses, and never
//! comes back to where they began. Read off the imports, as written in the files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms that are held to it.
const ROOMS: &[&str] = &[
    "analysis", "app", "cli", "jobs", "lab", "matmul", "model", "screens", "terminal", "theme", "vectors",
    "widgets",
];

/// The modules of the crate: from the path of a module, such as `model::families`, to its file and
/// what that file hands on from others.
#[derive(Default)]
struct Modules {
    files: BTreeMap<String, Source>,
}

struct Source {
    /// `src/model/families/mod.rs`.
    path: String,
    /// Every name that is used, as a path from the root of the crate.
    uses: Vec<String>,
    /// Names that it re-exports, each with the path that it stands for.
    exports: BTreeMap<String, String>,
    /// Modules whose every name it re-exports.
    globs: Vec<String>,
}

impl Modules {
    fn read(root: &Path) -> Self {
        let mut paths = Vec::new();
        rust_files(&root.join("src"), &mut paths);
        let mut modules = Self::default();
        for path in paths {
            let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            modules.add(&name, &fs::read_to_string(&path).unwrap());
        }
        modules
    }

    fn add(&mut self, path: &str, text: &str) {
        let Some(module) = module_of(path) else { return };
        let code = code_of(text);
        let mut source =
            Source { path: path.to_owned(), uses: Vec::new(), exports: BTreeMap::new(), globs: Vec::new() };
        for (public, tree) in use_trees(&code) {
            for (used, name) in flatten(&tree) {
                let Some(full) = from_root(&used, &module) else { continue };
                match (public, name.as_str()) {
                    (true, "*") => source.globs.push(full),
                    (true, _) => drop(source.exports.insert(name, full)),
                    (false, _) => source.uses.push(full),
                }
            }
        }
        source.uses.extend(inline_paths(&code).filter_map(|used| from_root(&used, &module)));
        self.files.insert(module, source);
    }

    /// The file that defines what `path` names: its module, or where that module has it from.
    fn definition(&self, path: &str, depth: usize) -> Option<&str> {
        let parts: Vec<&str> = path.split("::").collect();
        let known = (1..=parts.len()).rev().find(|&end| self.files.contains_key(&parts[..end].join("::")))?;
        let module = parts[..known].join("::");
        let source = &self.files[&module];
        let Some(name) = parts.get(known).filter(|_| depth < 8) else { return Some(&source.path) };
        if let Some(export) = source.exports.get(*name) {
            return self.definition(export, depth + 1);
        }
        let through_glob = source.globs.iter().find_map(|glob| {
            let inner = self.files.get(glob)?;
            let defines = fs_defines(&inner.path, name);
            defines.then_some(inner.path.as_str())
        });
        Some(through_glob.unwrap_or(&source.path))
    }

    /// From each file to those of its own room that it uses.
    fn arrows(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let room = |path: &str| path.split('/').nth(1).map(str::to_owned);
        self.files
            .values()
            .map(|source| {
                let used = source.uses.iter().filter_map(|used| self.definition(used, 0));
                let own = used.filter(|used| *used != source.path && room(used) == room(&source.path));
                (source.path.as_str(), own.collect())
            })
            .collect()
    }

    /// The groups of files that all lead back to each other.
    fn circles(&self) -> Vec<Vec<&str>> {
        let arrows = self.arrows();
        let reached: BTreeMap<&str, BTreeSet<&str>> =
            arrows.keys().map(|file| (*file, reachable(file, &arrows))).collect();
        let mut groups: Vec<Vec<&str>> = Vec::new();
        for (file, others) in &reached {
            let told = groups.iter().any(|group| group.contains(file));
            if others.contains(file) && !told {
                groups.push(others.iter().copied().filter(|other| reached[other].contains(file)).collect());
            }
        }
        groups
    }
}

/// All files that a way of arrows leads to from `file`.
fn reachable<'a>(file: &str, arrows: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut ahead: Vec<&'a str> = arrows.get(file).into_iter().flatten().copied().collect();
    while let Some(next) = ahead.pop() {
        if reached.insert(next) {
            ahead.extend(arrows.get(next).into_iter().flatten());
        }
    }
    reached
}

/// Whether a file defines an item called `name`.
fn fs_defines(path: &str, name: &str) -> bool {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap_or_default();
    ["fn", "struct", "enum", "trait", "const", "type", "static"]
        .iter()
        .any(|kind| text.contains(&format!("{kind} {name}")))
}

/// `model::families` for `src/model/families/mod.rs`; none for the crate's own two files.
fn module_of(path: &str) -> Option<String> {
    let inner = path.strip_prefix("src/")?.strip_suffix(".rs")?;
    let inner = inner.strip_suffix("/mod").unwrap_or(inner);
    (!matches!(inner, "lib" | "main")).then(|| inner.replace('/', "::"))
}

/// The code without comments and without what only tests compile.
fn code_of(text: &str) -> String {
    let before_tests = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text);
    let lines = before_tests.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.map(|line| line.split(" // ").next().unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

/// Every `use` statement: whether it is public, and what stands behind `use`.
fn use_trees(code: &str) -> Vec<(bool, String)> {
    let mut found = Vec::new();
    for (start, _) in code.match_indices("use ") {
        let line_start = code[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let before = code[line_start..start].trim();
        let public = before.starts_with("pub");
        if before.is_empty() || public && !before.contains("fn") {
            let tree = code[start + 4..].split(';').next().unwrap_or_default();
            found.push((public, tree.split_whitespace().collect::<Vec<_>>().join(" ")));
        }
    }
    found
}

/// The paths of a use tree, each with the name that it has from then on.
fn flatten(tree: &str) -> Vec<(String, String)> {
    let tree = tree.trim();
    let Some(brace) = tree.find('{') else {
        let (path, alias) = tree.split_once(" as ").unwrap_or((tree, ""));
        let path = path.trim().trim_end_matches("::self");
        let last = path.rsplit("::").next().unwrap_or(path);
        return vec![(path.to_owned(), if alias.is_empty() { last } else { alias.trim() }.to_owned())];
    };
    let prefix = &tree[..brace];
    let inner = tree[brace + 1..].strip_suffix('}').unwrap_or(&tree[brace + 1..]);
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (index, character) in inner.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&inner[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(&inner[start..]);
    let parts = parts.into_iter().map(str::trim).filter(|part| !part.is_empty());
    parts.flat_map(|part| flatten(&format!("{prefix}{part}"))).collect()
}

/// Paths that stand in the code itself, not in a `use`.
fn inline_paths(code: &str) -> impl Iterator<Item = String> {
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    ["crate::", "super::", "self::"].into_iter().flat_map(move |prefix| {
        code.match_indices(prefix)
            .filter(move |(start, _)| !code[..*start].ends_with(is_path))
            .map(move |(start, _)| {
                let path: String = code[start..].chars().take_while(|&c| is_path(c)).collect();
                path.trim_end_matches(':').to_owned()
            })
            .collect::<Vec<_>>()
    })
}

/// A path as it is seen from the root of the crate; none for those of other crates.
fn from_root(path: &str, module: &str) -> Option<String> {
    let mut at: Vec<&str> = module.split("::").collect();
    let mut parts = path.split("::").peekable();
    match *parts.peek()? {
        "crate" => {
            parts.next();
            at.clear();
        }
        "self" => drop(parts.next()),
        "super" => {
            while parts.next_if_eq(&"super").is_some() {
                at.pop();
            }
        }
        // A child module named without `self::`: `use state::Words`.
        first => {
            let child = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(at.join("/"));
            if !child.join(format!("{first}.rs")).exists() && !child.join(first).join("mod.rs").exists() {
                return None;
            }
        }
    }
    Some(at.into_iter().chain(parts).collect::<Vec<_>>().join("::"))
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn no_files_of_a_room_use_each_other_in_a_circle() {
    let modules = Modules::read(Path::new(env!("CARGO_MANIFEST_DIR")));
    let arrows = modules.arrows().values().map(BTreeSet::len).sum::<usize>();
    assert!(arrows > 100, "only {arrows} imports found: are they read?");
    let held = |files: &&Vec<&str>| ROOMS.iter().any(|room| files[0].starts_with(&format!("src/{room}/")));
    let circles: Vec<String> = modules.circles().iter().filter(held).map(|files| files.join(", ")).collect();
    assert!(circles.is_empty(), "files that use each other in a circle:\n{}", circles.join("\n"));
}

#[test]
fn a_circle_is_seen_through_a_re_export() {
    let mut modules = Modules::default();
    modules.add("src/room/mod.rs", "mod one;\nmod two;\npub use one::{One, Other as Third};\n");
    modules.add("src/room/one.rs", "use super::two::Two;\npub struct One(Two);\n");
    modules.add("src/room/two.rs", "use super::{\n    Third,\n};\npub struct Two;\n");
    // Names of child modules are looked up in the file system; these do not exist.
    modules.files.get_mut("room").unwrap().exports.insert("Third".into(), "room::one::Other".into());
    assert_eq!(modules.circles(), [["src/room/one.rs", "src/room/two.rs"]]);
}

#[test]
fn what_goes_one_way_is_left_alone() {
    let mut modules = Modules::default();
    modules.add("src/room/mod.rs", "mod one;\nmod two;\n");
    modules.add(
        "src/room/one.rs",
        "// use super::two::Two;\nuse crate::other::Three;\nfn f() { super::two::g() }\n",
    );
    modules.add("src/room/two.rs", "#[cfg(test)]\nmod tests {\n    use super::super::one::f;\n}\n");
    modules.add("src/other.rs", "use crate::room::one::One;\n");
    assert_eq!(modules.circles(), Vec::<Vec<&str>>::new());
    assert!(modules.arrows()["src/room/one.rs"].contains("src/room/two.rs"));
}
