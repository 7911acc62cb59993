//! The rooms of the crate keep to themselves: who may use whom, where `unsafe` may stand, who
//! may touch the screen, and how long a file may grow. `src/lib.rs` draws the same picture.

use std::fs;
use std::path::{Path, PathBuf};

/// Each room, and the rooms that it may use. A new room needs a line here.
const MAY_USE: &[(&str, &[&str])] = &[
    ("progress", &[]),
    ("mmap", &[]),
    ("files", &[]),
    ("random", &[]),
    ("spelling", &[]),
    ("log", &[]),
    ("lapack", &[]),
    ("linalg", &[]),
    ("matmul", &[]),
    ("elementary", &[]),
    ("model", &["linalg", "matmul", "elementary", "mmap", "progress", "random"]),
    ("analysis", &["model", "linalg", "matmul", "elementary", "progress", "random"]),
    ("vectors", &["linalg", "mmap", "files", "progress"]),
    ("jobs", &["vectors", "model", "analysis", "progress"]),
    ("app", &["jobs", "vectors", "model", "analysis", "progress"]),
    ("theme", &["spelling"]),
    ("ui", &["app", "jobs", "theme", "vectors", "model", "analysis", "progress"]),
    (
        "terminal",
        &["files", "spelling", "ui", "app", "jobs", "theme", "vectors", "model", "analysis", "progress"],
    ),
    (
        "cli",
        &[
            "files", "log", "terminal", "ui", "app", "jobs", "theme", "vectors", "model", "analysis", "mmap",
            "progress",
        ],
    ),
];

/// Where `unsafe` may stand: mapping a file, LAPACK's calling convention, vector instructions,
/// and signals.
const UNSAFE_IN: &[&str] =
    &["src/mmap.rs", "src/lapack.rs", "src/matmul.rs", "src/vectors/kernels", "src/terminal/signals.rs"];

/// Rooms that may not name these: numbers know nothing of the screen, state does no work itself.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("vectors", &["ratatui", "crossterm"]),
    ("model", &["ratatui", "crossterm"]),
    ("analysis", &["ratatui", "crossterm"]),
    ("jobs", &["ratatui", "crossterm"]),
    ("app", &["ratatui", "crossterm", "std::fs", "std::thread", "rayon", "Instant::now"]),
    ("ui", &["std::fs", "std::thread", "crossterm", "update("]),
];

const LONGEST_FILE: usize = 600;

/// What is wrong with one file of `src`.
fn complaints(path: &str, source: &str) -> Vec<String> {
    let code = without_comments_and_strings(source);
    let Some(room) = room_of(path) else { return Vec::new() };
    let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == room) else {
        return vec![format!("{path}: room `{room}` is not in MAY_USE of tests/architecture.rs")];
    };
    let mut found = Vec::new();
    for used in used_rooms(path, &code) {
        let is_room = MAY_USE.iter().any(|(name, _)| *name == used);
        if is_room && used != room && !allowed.contains(&used.as_str()) {
            found.push(format!("{path}: `{room}` may not use `{used}`"));
        }
    }
    if has_word(&code, "unsafe") && !UNSAFE_IN.iter().any(|place| path.starts_with(place)) {
        found.push(format!("{path}: `unsafe` belongs in {UNSAFE_IN:?} only"));
    }
    for (_, names) in FORBIDDEN.iter().filter(|(name, _)| *name == room) {
        for name in names.iter().filter(|name| has_word(&code, name)) {
            found.push(format!("{path}: `{room}` may not name `{name}`"));
        }
    }
    if room == "ui" && has_word(&code, "mut App") {
        found.push(format!("{path}: drawing may not change the application (`&mut App`)"));
    }
    let lines = source.lines().count();
    if lines > LONGEST_FILE {
        found.push(format!("{path}: {lines} lines; above {LONGEST_FILE} it is more than one room"));
    }
    found
}

/// The room that a file belongs to: the first folder or file name below `src`; none for the
/// crate's own two files.
fn room_of(path: &str) -> Option<&str> {
    let first = path.strip_prefix("src/")?.split('/').next()?;
    let room = first.strip_suffix(".rs").unwrap_or(first);
    (!matches!(room, "lib" | "main")).then_some(room)
}

/// The first names after `crate::` and `lexiscope::`, groups in braces opened, and after as many
/// `super::` as lead to the root.
fn used_rooms(path: &str, code: &str) -> Vec<String> {
    let mut used = Vec::new();
    for prefix in ["crate::", "lexiscope::"] {
        for (start, _) in code.match_indices(prefix) {
            used.extend(first_names(&code[start + prefix.len()..]));
        }
    }
    // src/a/b.rs is the module a::b, two steps from the root; src/a/mod.rs is a, one step.
    // Tests have a module of their own, one step further.
    let steps = path.trim_end_matches("/mod.rs").split('/').count() - 1;
    let before_tests = code.split("#[cfg(test)]").next().unwrap_or(code);
    let climb = "super::".repeat(steps);
    used.extend(
        before_tests
            .match_indices(&climb)
            .flat_map(|(start, _)| first_names(&before_tests[start + climb.len()..])),
    );
    used
}

fn first_names(rest: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let Some(group) = rest.strip_prefix('{') else { return vec![name(rest)] };
    let (mut depth, mut names, mut start) = (0, Vec::new(), 0);
    for (index, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                names.push(name(&group[start..index]));
                start = index + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    names
}

/// Whether `word` stands in `code`, not as a part of a longer name.
fn has_word(code: &str, word: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(start, _)| {
        let before = code[..start].chars().next_back();
        let after = code[start + word.len()..].chars().next();
        let goes_on = word.ends_with(is_name) && after.is_some_and(is_name);
        !(goes_on || before.is_some_and(is_name))
    })
}

/// The code with comments, strings and character literals blanked out.
fn without_comments_and_strings(source: &str) -> String {
    let mut code = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(c) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(hashes) = raw_string_hashes(rest, code.chars().next_back()) {
            let opening = hashes + 2;
            let closing = format!("\"{}", "#".repeat(hashes));
            rest[opening..].find(&closing).map_or(rest.len(), |end| opening + end + closing.len())
        } else if c == '"' {
            string_length(rest)
        } else if c == '\'' {
            char_length(rest)
        } else {
            0
        };
        if skipped > 0 {
            code.push(' ');
            rest = &rest[skipped..];
        } else {
            code.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    code
}

/// The number of `#` of a raw string that begins here.
fn raw_string_hashes(rest: &str, before: Option<char>) -> Option<usize> {
    if before.is_some_and(|c| c.is_alphanumeric() && c != 'b' || c == '_') {
        return None;
    }
    let after = rest.strip_prefix('r')?;
    let hashes = after.bytes().take_while(|byte| *byte == b'#').count();
    after[hashes..].starts_with('"').then_some(hashes)
}

fn string_length(rest: &str) -> usize {
    let mut escaped = false;
    for (index, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return index + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of a character literal, or 0 for a lifetime.
fn char_length(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => rest[3..].find('\'').map_or(0, |end| end + 4),
        Some(_) => chars.next().filter(|(_, c)| *c == '\'').map_or(0, |(index, _)| index + 1),
        None => 0,
    }
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
fn every_file_keeps_to_its_room() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    rust_files(&root.join("src"), &mut files);
    assert!(files.len() > 10, "only {} files found", files.len());
    let found: Vec<String> = files
        .iter()
        .flat_map(|file| {
            let path = file.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            complaints(&path, &fs::read_to_string(file).unwrap())
        })
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[track_caller]
fn complains(path: &str, source: &str, about: &str) {
    let found = complaints(path, source);
    assert!(found.iter().any(|line| line.contains(about)), "{found:?} says nothing of {about}");
}

#[test]
fn a_forbidden_use_is_seen_in_every_spelling() {
    complains("src/vectors/search.rs", "use crate::ui::draw;", "may not use `ui`");
    complains("src/vectors/search.rs", "fn f() { crate::app::App::new(); }", "may not use `app`");
    complains("src/vectors/search.rs", "use crate::{mmap::{Bytes, X}, terminal};", "may not use `terminal`");
    complains("src/vectors/search.rs", "use super::super::cli;", "may not use `cli`");
    complains("src/vectors/formats/text.rs", "use super::super::super::jobs::Slot;", "may not use `jobs`");
    complains("src/vectors/mod.rs", "use super::ui;", "may not use `ui`");
    complains("src/jobs/mod.rs", "use crate::app::App;", "may not use `app`");
    complains("src/linalg.rs", "use crate::vectors::Rows;", "may not use `vectors`");
    complains("src/mmap.rs", "use crate::progress::Progress;", "may not use `progress`");
    complains("src/attic/mod.rs", "", "not in MAY_USE");
}

#[test]
fn other_trespasses_are_seen() {
    complains("src/ui/words.rs", "fn draw(app: &mut App) {}", "&mut App");
    complains("src/ui/words.rs", "fn draw<'a>(app: &'a mut App) {}", "&mut App");
    complains("src/ui/words.rs", "app::update(state, action);", "`update(`");
    complains("src/ui/words.rs", "let x = unsafe { y };", "unsafe");
    complains("src/vectors/open.rs", "let c = '\"'; unsafe { y }", "unsafe");
    complains("src/app/words.rs", "let file = std::fs::read(path);", "std::fs");
    complains("src/vectors/open.rs", "use ratatui::Frame;", "ratatui");
    complains("src/vectors/open.rs", &"\n".repeat(LONGEST_FILE + 1), "601 lines");
}

#[test]
fn what_is_allowed_is_left_alone() {
    let quiet = |path: &str, source: &str| assert_eq!(complaints(path, source), Vec::<String>::new());
    quiet("src/vectors/search.rs", "use crate::{mmap, progress::{self, Progress}}; use super::filter;");
    quiet(
        "src/vectors/search.rs",
        "//! As crate::ui shows it.\n/* crate::cli */ let s = \"crate::app unsafe\";",
    );
    quiet("src/vectors/search.rs", r##"let s = r#"use crate::ui; "unsafe""#;"##);
    quiet("src/vectors/search.rs", "fn f<'a>(x: &'a str) -> char { '\\'' }");
    quiet("src/vectors/search.rs", "mod a {} #[cfg(test)] mod tests { use super::super::jobs; }");
    quiet("src/ui/words.rs", "use crate::app::App; fn draw(app: &App, scroll: &mut Apple) { my_update() }");
    quiet("src/mmap.rs", "let map = unsafe { map(file) };");
    quiet("src/vectors/kernels/avx2.rs", "unsafe { intrinsic() }");
    quiet("src/main.rs", "use lexiscope::cli; unsafe {}");
}

/// Rooms in which no file leads back to itself along the imports.
const WITHOUT_CIRCLES: &[&str] = &["analysis", "cli", "vectors"];

/// The files of `files` (paths below the crate's root) that `path` names, read off its paths:
/// `crate::...`, `super::...` and its own children. A name that a folder's `mod.rs` hands on counts
/// as that `mod.rs`.
fn named_files(path: &str, source: &str, files: &[String]) -> Vec<String> {
    let code = without_comments_and_strings(source);
    let code = code.split("#[cfg(test)]").next().unwrap_or_default();
    let own = module_of(path);
    let mut wanted: Vec<Vec<String>> = Vec::new();
    for (start, _) in code.match_indices("crate::") {
        wanted.extend(tree(&code[start + "crate::".len()..]));
    }
    for (start, _) in code.match_indices("super::") {
        if code[..start].ends_with("super::") {
            continue;
        }
        let (mut parent, mut rest) = (own.clone(), &code[start..]);
        while let Some(after) = rest.strip_prefix("super::") {
            parent.pop();
            rest = after;
        }
        wanted.extend(tree(rest).into_iter().map(|names| [parent.clone(), names].concat()));
    }
    for (start, _) in code.match_indices("mod ") {
        let child: String =
            code[start + 4..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let is_declared = code[start + 4 + child.len()..].starts_with(';');
        if is_declared && has_word(code, &format!("{child}::")) {
            wanted.push([own.clone(), vec![child]].concat());
        }
    }
    let mut found: Vec<String> = wanted.iter().filter_map(|names| file_of(names, files)).collect();
    found.retain(|file| file != path);
    found.sort();
    found.dedup();
    found
}

/// `src/a/b.rs` and `src/a/b/mod.rs` are a, b.
fn module_of(path: &str) -> Vec<String> {
    let path = path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    path.split('/').map(str::to_owned).collect()
}

/// The paths that begin here, groups in braces opened.
fn tree(rest: &str) -> Vec<Vec<String>> {
    let rest = rest.trim_start();
    if let Some(group) = rest.strip_prefix('{') {
        let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
        for (index, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth > 0 => depth -= 1,
                ',' | '}' if depth == 0 => {
                    parts.extend(tree(&group[start..index]));
                    start = index + 1;
                    if c == '}' {
                        break;
                    }
                }
                _ => {}
            }
        }
        return parts;
    }
    let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    if name.is_empty() {
        return Vec::new();
    }
    let Some(further) = rest[name.len()..].strip_prefix("::") else { return vec![vec![name]] };
    let below = tree(further);
    if below.is_empty() {
        return vec![vec![name]];
    }
    below.into_iter().map(|names| [vec![name.clone()], names].concat()).collect()
}

/// The file of the longest beginning of a path that is a module.
fn file_of(names: &[String], files: &[String]) -> Option<String> {
    (1..=names.len()).rev().find_map(|count| {
        let path = names[..count].join("/");
        let candidates = [format!("src/{path}.rs"), format!("src/{path}/mod.rs")];
        candidates.into_iter().find(|file| files.contains(file))
    })
}

/// Some way from a file back to itself, or `None`.
fn circle(sources: &[(String, String)]) -> Option<Vec<String>> {
    let files: Vec<String> = sources.iter().map(|(path, _)| path.clone()).collect();
    let edges: Vec<(&String, Vec<String>)> =
        sources.iter().map(|(path, source)| (path, named_files(path, source, &files))).collect();
    let mut done: Vec<&String> = Vec::new();
    // A file that names only files that are in no circle is in none itself.
    while let Some((path, _)) = edges
        .iter()
        .find(|(path, named)| !done.contains(path) && named.iter().all(|file| done.contains(&file)))
    {
        done.push(path);
    }
    let mut walk = vec![files.iter().find(|file| !done.contains(file))?.clone()];
    loop {
        let (_, named) = edges.iter().find(|(path, _)| *path == walk.last().unwrap())?;
        let next = named.iter().find(|file| !done.contains(file))?.clone();
        if let Some(start) = walk.iter().position(|file| *file == next) {
            walk.push(next);
            return Some(walk.split_off(start));
        }
        walk.push(next);
    }
}

#[test]
fn no_file_leads_back_to_itself() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for room in WITHOUT_CIRCLES {
        let mut files = Vec::new();
        rust_files(&root.join("src").join(room), &mut files);
        assert!(files.len() > 2, "{room} has {} files", files.len());
        let read = |file: &PathBuf| {
            let path = file.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            (path, fs::read_to_string(file).unwrap())
        };
        let sources: Vec<(String, String)> = files.iter().map(read).collect();
        if let Some(way) = circle(&sources) {
            panic!("{room}: a circle of files: {}", way.join(" -> "));
        }
    }
}

#[test]
fn a_circle_is_seen_in_every_spelling() {
    let found = |one: &str, other: &str| {
        let sources = [
            ("src/cli/mod.rs".into(), "mod one; mod other;".into()),
            ("src/cli/one.rs".into(), one.to_owned()),
            ("src/cli/other.rs".into(), other.to_owned()),
        ];
        circle(&sources).is_some()
    };
    assert!(found("use super::other::X;", "use crate::cli::one::{self, Y};"));
    assert!(found("use super::{a::B, other};", "fn f() { super::one::f() }"));
    assert!(found("use crate::{cli::{other::{self}}, x};", "use crate::cli::one;"));
    assert!(!found("use super::other::X;", "use crate::vectors::one;"));
    assert!(!found(
        "use super::other::X;",
        "//! As super::one does.\n#[cfg(test)] mod t { use super::one; }"
    ));
    let child = [
        ("src/cli/a.rs".into(), "mod b; fn f() { b::g() }".into()),
        ("src/cli/a/b.rs".into(), "use super::f;".into()),
    ];
    assert_eq!(circle(&child).unwrap().len(), 3);
}
