//! The rooms of the crate keep to themselves: who may use whom, where `unsafe` may stand, who
//! may touch the screen, and how long a file may grow. `src/lib.rs` draws the same picture.

use std::fs;
use std::path::{Path, PathBuf};

/// Each room, and the rooms that it may use. A new room needs a line here.
const MAY_USE: &[(&str, &[&str])] = &[
    ("progress", &[]),
    ("mmap", &[]),
    ("foreign", &[]),
    ("visible", &[]),
    ("numerals", &[]),
    ("export", &["numerals", "visible"]),
    ("files", &[]),
    ("random", &[]),
    ("spelling", &[]),
    ("log", &[]),
    ("lapack", &[]),
    ("linalg", &[]),
    ("matmul", &[]),
    ("elementary", &[]),
    ("copies", &[]),
    ("correlation", &[]),
    (
        "model",
        &["linalg", "matmul", "elementary", "copies", "mmap", "files", "foreign", "progress", "random"],
    ),
    ("analysis", &["correlation", "model", "linalg", "matmul", "elementary", "progress", "random"]),
    (
        "lab",
        &[
            "correlation",
            "numerals",
            "model",
            "analysis",
            "elementary",
            "mmap",
            "progress",
            "random",
            "files",
        ],
    ),
    ("vectors", &["correlation", "linalg", "matmul", "mmap", "files", "foreign", "progress"]),
    ("jobs", &["vectors", "model", "progress"]),
    ("theme", &["spelling"]),
    ("widgets", &["theme", "analysis", "model", "visible", "numerals"]),
    ("app", &["jobs", "widgets", "theme", "vectors", "model", "progress"]),
    (
        "screens",
        &[
            "app", "jobs", "widgets", "theme", "vectors", "model", "analysis", "lab", "random", "progress",
            "export",
        ],
    ),
    (
        "terminal",
        &[
            "files", "foreign", "mmap", "visible", "export", "spelling", "screens", "app", "jobs", "widgets",
            "theme", "vectors", "model", "progress",
        ],
    ),
    (
        "cli",
        &[
            "files", "log", "terminal", "screens", "app", "jobs", "theme", "widgets", "vectors", "model",
            "analysis", "lab", "mmap", "progress", "visible", "numerals", "export",
        ],
    ),
];

/// Where `unsafe` may stand: mapping a file, LAPACK's calling convention, vector instructions,
/// and signals.
const UNSAFE_IN: &[&str] = &[
    "src/mmap.rs",
    "src/lapack.rs",
    "src/copies.rs",
    "src/matmul",
    "src/vectors/kernels",
    "src/terminal/faults.rs",
];

/// Rooms that may not name these: numbers know nothing of the screen, state does no work itself.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("vectors", &["ratatui", "crossterm"]),
    ("model", &["ratatui", "crossterm"]),
    ("analysis", &["ratatui", "crossterm"]),
    ("lab", &["ratatui", "crossterm"]),
    ("jobs", &["ratatui", "crossterm"]),
    ("cli", &["ratatui", "crossterm"]),
    ("app", &["crossterm", "std::fs", "std::thread", "rayon", "Instant::now"]),
    ("screens", &["crossterm", "std::thread", "rayon"]),
    ("widgets", &["std::fs", "std::thread", "crossterm"]),
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
    found.extend(complaints_of_a_screen(path, room, &code));
    found.extend(written_out_in_a_family(path, &code));
    let lines = source.lines().count();
    if lines > LONGEST_FILE {
        found.push(format!("{path}: {lines} lines; above {LONGEST_FILE} it is more than one room"));
    }
    found
}

/// Drawing stands in `draw` files and changes nothing; what only changes state does no work itself.
fn complaints_of_a_screen(path: &str, room: &str, code: &str) -> Vec<String> {
    let mut found = Vec::new();
    if !matches!(room, "app" | "screens") {
        return found;
    }
    let draws = path.split('/').any(|part| part == "draw" || part == "draw.rs");
    if path.ends_with("/tests.rs") || path.contains("/tests/") {
        return found;
    }
    if !draws && has_word(code, "ratatui") {
        found.push(format!("{path}: only `draw` files name `ratatui`"));
    }
    if draws {
        let code = code.split("#[cfg(test)]").next().unwrap_or(code);
        for changing in ["mut App", "mut Frame", "mut self"].iter().filter(|word| has_word(code, word)) {
            found.push(format!("{path}: drawing may not change the application (`&{changing}`)"));
        }
    }
    let works = path.ends_with("/work.rs") || path.contains("/work/");
    if room == "screens" && !works {
        for name in ["std::fs", "Instant::now"].iter().filter(|name| has_word(code, name)) {
            found.push(format!("{path}: only `work` may name `{name}`"));
        }
    }
    found
}

/// A family states what is different; the rest comes from constructors.
fn written_out_in_a_family(path: &str, code: &str) -> Vec<String> {
    if !path.starts_with("src/model/families/") {
        return Vec::new();
    }
    let parts = ["Block {", "Part {", "Attention {", "FeedForward {", "Stack {", "Network {"];
    let written = parts.iter().filter(|part| {
        let before = |at: usize| &code[..at];
        let is_whole = |at| !before(at).ends_with(|c: char| c.is_alphanumeric() || c == '<');
        code.match_indices(*part).any(|(at, _)| is_whole(at) && !before(at).ends_with("-> "))
    });
    written.map(|part| format!("{path}: writes `{part}` out; use its constructor")).collect()
}

/// A screen is known by its own folder and by the list: no other file names it.
fn names_of_screens(path: &str, source: &str, screens: &[String]) -> Vec<String> {
    let code = without_comments_and_strings(source);
    let own = |screen: &str| path.starts_with(&format!("src/screens/{screen}/"));
    let beside = path.starts_with("src/screens/");
    let named = |screen: &str| {
        has_word(&code, &format!("screens::{screen}"))
            || beside && has_word(&code, &format!("super::{screen}::"))
            || has_word(&code, &format!("{screen}::state"))
    };
    screens
        .iter()
        .filter(|screen| path != "src/screens/mod.rs" && !own(screen) && named(screen))
        .map(|screen| format!("{path}: names the screen `{screen}`, which only its folder and the list may"))
        .collect()
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

#[test]
fn screens_are_known_by_their_folder_and_the_list() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = fs::read_dir(root.join("src/screens")).unwrap().map(|entry| entry.unwrap());
    let screens: Vec<String> = folders
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    assert!(screens.len() >= 4, "{screens:?}");
    let list = fs::read_to_string(root.join("src/screens/mod.rs")).unwrap();
    for screen in &screens {
        assert!(list.contains(&format!("mod {screen};")), "{screen} is not in the list");
    }
    let mut files = Vec::new();
    rust_files(&root.join("src"), &mut files);
    let found: Vec<String> = files
        .iter()
        .flat_map(|file| {
            let path = file.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            names_of_screens(&path, &fs::read_to_string(file).unwrap(), &screens)
        })
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
    let screens = ["words".to_owned()];
    assert_eq!(names_of_screens("src/app/update.rs", "use crate::screens::words::Words;", &screens).len(), 1);
    assert_eq!(
        names_of_screens("src/screens/maps/mod.rs", "use super::words::state::Words;", &screens).len(),
        1
    );
    assert_eq!(
        names_of_screens("src/screens/words/mod.rs", "use crate::screens::words::state;", &screens).len(),
        0
    );
}

#[track_caller]
fn complains(path: &str, source: &str, about: &str) {
    let found = complaints(path, source);
    assert!(found.iter().any(|line| line.contains(about)), "{found:?} says nothing of {about}");
}

#[test]
fn a_forbidden_use_is_seen_in_every_spelling() {
    complains("src/vectors/search.rs", "use crate::app::draw;", "may not use `app`");
    complains("src/vectors/search.rs", "fn f() { crate::app::App::new(); }", "may not use `app`");
    complains("src/vectors/search.rs", "use crate::{mmap::{Bytes, X}, terminal};", "may not use `terminal`");
    complains("src/vectors/search.rs", "use super::super::cli;", "may not use `cli`");
    complains("src/vectors/formats/text.rs", "use super::super::super::jobs::Slot;", "may not use `jobs`");
    complains("src/vectors/mod.rs", "use super::screens;", "may not use `screens`");
    complains("src/jobs/mod.rs", "use crate::app::App;", "may not use `app`");
    complains("src/linalg.rs", "use crate::vectors::Rows;", "may not use `vectors`");
    complains("src/mmap.rs", "use crate::progress::Progress;", "may not use `progress`");
    complains("src/attic/mod.rs", "", "not in MAY_USE");
}

#[test]
fn a_family_uses_constructors() {
    let path = "src/model/families/new.rs";
    complains(path, "let block = Block { parts };", "constructor");
    complains(path, "Ok(Attention { heads, ..usual })", "constructor");
    for code in ["fn block() -> Result<Block> { todo() }", "fn one() -> Attention { Attention::new() }"] {
        assert_eq!(complaints(path, code), Vec::<String>::new());
    }
    assert_eq!(complaints("src/model/block.rs", "Block { parts }"), Vec::<String>::new());
}

#[test]
fn other_trespasses_are_seen() {
    complains("src/app/draw/chrome.rs", "fn draw(app: &mut App) {}", "&mut App");
    complains("src/screens/words/draw.rs", "fn draw<'a>(frame: &'a mut Frame) {}", "&mut Frame");
    complains("src/screens/words/draw/list.rs", "fn draw(&mut self) {}", "&mut self");
    complains("src/screens/words/update.rs", "use ratatui::layout::Rect;", "only `draw` files");
    complains("src/app/update.rs", "use ratatui::layout::Rect;", "only `draw` files");
    complains("src/screens/words/update.rs", "std::fs::read(path)", "only `work`");
    complains("src/widgets/bars.rs", "let x = unsafe { y };", "unsafe");
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
        "//! As crate::app shows it.\n/* crate::cli */ let s = \"crate::app unsafe\";",
    );
    quiet("src/vectors/search.rs", r##"let s = r#"use crate::app; "unsafe""#;"##);
    quiet("src/vectors/search.rs", "fn f<'a>(x: &'a str) -> char { '\\'' }");
    quiet("src/vectors/search.rs", "mod a {} #[cfg(test)] mod tests { use super::super::jobs; }");
    quiet("src/app/draw/chrome.rs", "use ratatui::layout::Rect; fn draw(app: &App, scroll: &mut Apple) {}");
    quiet("src/screens/words/work.rs", "let file = std::fs::read(path);");
    quiet("src/mmap.rs", "let map = unsafe { map(file) };");
    quiet("src/vectors/kernels/avx2.rs", "unsafe { intrinsic() }");
    quiet("src/main.rs", "use lexiscope::cli; unsafe {}");
}
