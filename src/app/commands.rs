//! The commands of the frame itself: what can be done on every screen.

use std::path::PathBuf;

use super::command::Command;
use super::effect::Effect;
use super::entry::{Reason, Scope::*};
use super::frame::Frame;
use super::guide;
use super::overlay::{Field, Form, Overlay};
use super::screen::{Gesture, Needs};
use super::screens::Screens;
use super::tour::Tour;
use crate::widgets::line::{Edit, Line};
use crate::widgets::print::Format;

/// How many entries a page has.
const PAGE: isize = 10;

/// A command of the frame.
type FrameCommand = Command<Screens>;

/// A heading of help and key table, with its commands.
pub struct Heading {
    /// What stands above them.
    pub title: &'static str,
    /// The commands.
    pub commands: &'static [FrameCommand],
}

/// Screens, help, leaving.
pub const GENERAL: Heading = Heading {
    title: "General",
    commands: &[
        FrameCommand::new("copy", "copy", "Copy what is selected through the terminal (OSC 52).", copy)
            .keys(&[(Browsing, "y")])
            .footer(10)
            .when(has_selection),
        FrameCommand::new(
            "copy-list",
            "copy list",
            "Copy the whole list with its scores, or the whole map.",
            copy_all,
        )
        .keys(&[(Browsing, "Y")])
        .when(has_selection)
        .search("export map"),
        FrameCommand::new("help", "help", "Show the keys.", show_help)
            .keys(&[(Browsing, "?"), (Everywhere, "f1"), (Reading, "?")])
            .footer(20)
            .search("keys"),
        FrameCommand::new("palette", "commands", "Find a command by its title.", show_palette)
            .keys(&[(Browsing, ":"), (Everywhere, "f2")])
            .footer(21)
            .unlisted(),
        FrameCommand::new("next-screen", "next screen", "Go to the next screen.", Screens::show_next)
            .keys(&[(Everywhere, "ctrl-page-down"), (Everywhere, "f6")]),
        FrameCommand::new("next-theme", "next theme", "Use the next theme.", next_theme)
            .keys(&[(Browsing, "T")])
            .search("colours dark light"),
        FrameCommand::new(
            "tour",
            "tour",
            "Begin the guided tour: ten stops over all screens.",
            |screens, frame| guide::begin(Tour::first(), screens, frame),
        )
        .search("guide begin learn introduction"),
        FrameCommand::new(
            "tour-next",
            "next stop",
            "Go to the next stop of the tour; behind the last it is over.",
            |screens, frame| guide::go(1, screens, frame),
        )
        .keys(&[(Everywhere, "f8")])
        .when(is_on_tour),
        FrameCommand::new("tour-before", "stop before", "Go to the stop before.", |screens, frame| {
            guide::go(-1, screens, frame)
        })
        .keys(&[(Everywhere, "f7")])
        .when(is_on_tour),
        FrameCommand::new("tour-end", "end of the tour", "Leave the tour.", |_, frame| frame.tour = None)
            .when(is_on_tour),
        FrameCommand::new(
            "mouse",
            "mouse",
            "Take the mouse, or leave it to the terminal for selecting text.",
            toggle_mouse,
        )
        .keys(&[(Browsing, "M")])
        .search("click wheel"),
        FrameCommand::new("message", "message", "Show the last message in full.", show_message)
            .keys(&[(Lists, "m")])
            .when(has_message)
            .unlisted(),
        FrameCommand::new(
            "reopen",
            "open again",
            "Open the vector file or the model again after it failed.",
            reopen,
        )
        .keys(&[(Browsing, "R"), (Everywhere, "f5")])
        .footer(0)
        .when(has_failed),
        FrameCommand::new(
            "open-shipped",
            "shipped vectors",
            "Open the vectors (where a model is looked at: the model) shipped inside the program.",
            open_shipped,
        )
        .keys(&[(Browsing, "D")])
        .search("model default"),
        FrameCommand::new(
            "open",
            "open",
            "Open other vectors (where a model is looked at: another model), by file, folder or name.",
            ask_what_to_open,
        )
        .keys(&[(Browsing, "O")])
        .search("file load path switch"),
        FrameCommand::new(
            "save-screen",
            "save screen",
            "Write what is on the screen to a file: svg, ansi or txt.",
            ask_where_to_save,
        )
        .keys(&[(Browsing, "W")])
        .search("export picture screenshot slide svg print"),
        FrameCommand::new("redraw", "redraw", "Draw everything again.", |_, frame| frame.ask(Effect::Redraw))
            .keys(&[(Everywhere, "ctrl-l")]),
        FrameCommand::new(
            "cancel",
            "back",
            "Stop what runs; close what lies on top; leave the line; zoom out.",
            cancel,
        )
        .keys(&[(Everywhere, "esc"), (Reading, "q")])
        .footer(19)
        .unlisted(),
        FrameCommand::new(
            "suspend",
            "suspend",
            "Hand the terminal back to the shell; fg returns.",
            |_, frame| {
                frame.ask(Effect::Suspend);
            },
        )
        .keys(&[(Everywhere, "ctrl-z")])
        .when(suspendable),
        FrameCommand::new("quit", "quit", "Leave the program.", |_, frame| frame.quit = true)
            .keys(&[(Browsing, "q"), (Everywhere, "ctrl-c")])
            .footer(22)
            .search("exit leave"),
    ],
};

/// Moving about.
pub const MOVING: Heading = Heading {
    title: "Moving",
    commands: &[
        FrameCommand::new(
            "search",
            "search",
            "Go into the line at the top; every keystroke asks.",
            |screens, frame| {
                screens.front_mut().gesture(Gesture::EnterLine, frame);
            },
        )
        .keys(&[(Browsing, "/"), (Browsing, "i")])
        .footer(0)
        .when(|screens, frame| offered(screens, Gesture::EnterLine, frame))
        .advertised(|screens, frame| screens.front().offer(Gesture::EnterLine, frame).in_footer),
        FrameCommand::new(
            "accept",
            "go",
            "From the line to what it found; from there to what is selected, or closer in.",
            |screens, frame| {
                screens.front_mut().gesture(Gesture::Accept, frame);
            },
        )
        .keys(&[(Typing, "enter"), (Browsing, "enter")])
        .footer(1)
        .when(|screens, frame| offered(screens, Gesture::Accept, frame))
        .advertised(|screens, frame| screens.front().offer(Gesture::Accept, frame).in_footer)
        .unlisted(),
        FrameCommand::new(
            "complete",
            "complete",
            "Take the next suggestion; where there is none: the next field, panel or method.",
            |screens, frame| {
                screens.front_mut().gesture(Gesture::Complete, frame);
            },
        )
        .keys(&[(Typing, "tab"), (Browsing, "tab")])
        .footer(2)
        .when(|screens, frame| offered(screens, Gesture::Complete, frame))
        .advertised(|screens, frame| screens.front().offer(Gesture::Complete, frame).in_footer)
        .unlisted(),
        FrameCommand::new("previous-field", "previous field", "Go to the field before.", |screens, frame| {
            screens.front_mut().gesture(Gesture::PreviousField, frame);
        })
        .keys(&[(Typing, "backtab"), (Browsing, "backtab")])
        .when(|screens, frame| offered(screens, Gesture::PreviousField, frame))
        .unlisted(),
        FrameCommand::new("down", "down", "Select the next entry.", |screens, frame| {
            move_by(screens, frame, 1)
        })
        .keys(&[(Lists, "j"), (Everywhere, "down"), (Reading, "j")])
        .unlisted(),
        FrameCommand::new("up", "up", "Select the entry before.", |screens, frame| {
            move_by(screens, frame, -1)
        })
        .keys(&[(Lists, "k"), (Everywhere, "up"), (Reading, "k")])
        .unlisted(),
        FrameCommand::new("left", "left", "Go to the left: to the list, the column.", |screens, frame| {
            screens.front_mut().gesture(Gesture::Left, frame);
        })
        .keys(&[(Lists, "h"), (Browsing, "left")])
        .when(|screens, frame| offered(screens, Gesture::Left, frame))
        .unlisted(),
        FrameCommand::new("right", "right", "Go to the right: to the list, the column.", |screens, frame| {
            screens.front_mut().gesture(Gesture::Right, frame);
        })
        .keys(&[(Lists, "l"), (Browsing, "right")])
        .when(|screens, frame| offered(screens, Gesture::Right, frame))
        .unlisted(),
        FrameCommand::new("page-down", "page down", "Move ten entries down.", |screens, frame| {
            move_by(screens, frame, PAGE)
        })
        .keys(&[(Everywhere, "page-down")])
        .unlisted(),
        FrameCommand::new("page-up", "page up", "Move ten entries up.", |screens, frame| {
            move_by(screens, frame, -PAGE)
        })
        .keys(&[(Everywhere, "page-up")])
        .unlisted(),
        FrameCommand::new("first", "first", "Select the first entry.", |screens, frame| {
            move_by(screens, frame, isize::MIN)
        })
        .keys(&[(Browsing, "home"), (Reading, "home")]),
        FrameCommand::new("last", "last", "Select the last entry.", |screens, frame| {
            move_by(screens, frame, isize::MAX)
        })
        .keys(&[(Browsing, "end"), (Browsing, "G"), (Reading, "end")]),
    ],
};

/// Editing a line of text.
pub const TYPING: Heading = Heading {
    title: "Typing",
    commands: &[
        edit("cursor-left", "left", "Move the cursor one character to the left.", |screens, frame| {
            edit_line(screens, frame, Edit::Left);
        })
        .keys(&[(Typing, "left")]),
        edit("cursor-right", "right", "Move the cursor one character to the right.", |screens, frame| {
            edit_line(screens, frame, Edit::Right);
        })
        .keys(&[(Typing, "right")]),
        edit("cursor-word-left", "word left", "Move the cursor one word to the left.", |screens, frame| {
            edit_line(screens, frame, Edit::WordLeft);
        })
        .keys(&[(Typing, "ctrl-left"), (Typing, "alt-b")]),
        edit(
            "cursor-word-right",
            "word right",
            "Move the cursor one word to the right.",
            |screens, frame| {
                edit_line(screens, frame, Edit::WordRight);
            },
        )
        .keys(&[(Typing, "ctrl-right"), (Typing, "alt-f")]),
        edit("cursor-start", "start", "Move the cursor to the start of the line.", |screens, frame| {
            edit_line(screens, frame, Edit::Start);
        })
        .keys(&[(Typing, "home")]),
        edit("cursor-end", "end", "Move the cursor to the end of the line.", |screens, frame| {
            edit_line(screens, frame, Edit::End);
        })
        .keys(&[(Typing, "end"), (Typing, "ctrl-e")]),
        edit(
            "delete-backward",
            "delete back",
            "Delete the character before the cursor.",
            |screens, frame| {
                edit_line(screens, frame, Edit::DeleteBackward);
            },
        )
        .keys(&[(Typing, "backspace"), (Typing, "ctrl-h")]),
        edit("delete-forward", "delete", "Delete the character under the cursor.", |screens, frame| {
            edit_line(screens, frame, Edit::DeleteForward);
        })
        .keys(&[(Typing, "delete"), (Typing, "ctrl-d")]),
        edit("delete-word", "delete word", "Delete the word before the cursor.", |screens, frame| {
            edit_line(screens, frame, Edit::DeleteWord);
        })
        .keys(&[(Typing, "ctrl-w"), (Typing, "alt-backspace")]),
        edit(
            "delete-to-start",
            "delete to start",
            "Delete everything before the cursor.",
            |screens, frame| {
                edit_line(screens, frame, Edit::DeleteToStart);
            },
        )
        .keys(&[(Typing, "ctrl-u")]),
        edit("delete-to-end", "delete to end", "Delete everything behind the cursor.", |screens, frame| {
            edit_line(screens, frame, Edit::DeleteToEnd);
        })
        .keys(&[(Typing, "ctrl-k")]),
    ],
};

/// All headings, in the order of the keymap.
pub const HEADINGS: [Heading; 3] = [GENERAL, MOVING, TYPING];

const fn edit(
    id: &'static str,
    title: &'static str,
    help: &'static str,
    run: fn(&mut Screens, &mut Frame),
) -> FrameCommand {
    FrameCommand::new(id, title, help, run).when(is_typing).unlisted()
}

fn is_on_tour(_: &Screens, frame: &Frame) -> Result<(), Reason> {
    if frame.tour.is_some() { Ok(()) } else { Err("there is no tour: `tour` begins one".into()) }
}

fn has_selection(screens: &Screens, frame: &Frame) -> Result<(), Reason> {
    if screens.front().copy(frame).is_some() { Ok(()) } else { Err("nothing is selected".into()) }
}

fn has_message(_: &Screens, frame: &Frame) -> Result<(), Reason> {
    if frame.status.is_some() { Ok(()) } else { Err("there is no message".into()) }
}

fn has_failed(screens: &Screens, frame: &Frame) -> Result<(), Reason> {
    let failed = match screens.place().needs {
        Needs::Model => frame.model.has_failed(),
        Needs::Vectors => frame.vectors.has_failed(),
        Needs::Nothing => false,
    };
    if failed { Ok(()) } else { Err("nothing failed to open".into()) }
}

fn suspendable(_: &Screens, _: &Frame) -> Result<(), Reason> {
    if cfg!(unix) { Ok(()) } else { Err("this system has no job control".into()) }
}

fn is_typing(screens: &Screens, frame: &Frame) -> Result<(), Reason> {
    let typing = match &frame.overlay {
        Some(overlay) => overlay.is_typing(),
        None => screens.front().is_typing(),
    };
    if typing { Ok(()) } else { Err("only while typing".into()) }
}

/// A gesture can be made where the screen offers it; in an overlay always.
fn offered(screens: &Screens, gesture: Gesture, frame: &Frame) -> Result<(), Reason> {
    let unavailable = screens.front().offer(gesture, frame).unavailable;
    unavailable.filter(|_| frame.overlay.is_none()).map_or(Ok(()), Err)
}

fn move_by(screens: &mut Screens, frame: &mut Frame, rows: isize) {
    screens.front_mut().move_by(rows, frame);
}

fn edit_line(screens: &mut Screens, frame: &mut Frame, edit: Edit) {
    if let Some(overlay) = &mut frame.overlay {
        if overlay.line().is_some_and(|line| line.edit(edit)) {
            overlay.text_changed();
        }
    } else if screens.front_mut().line().is_some_and(|line| line.edit(edit)) {
        screens.front_mut().text_changed(frame);
    }
}

fn copy(screens: &mut Screens, frame: &mut Frame) {
    if let Some(copied) = screens.front().copy(frame) {
        frame.inform(format!("sent {} to the terminal's clipboard", copied.what));
        frame.ask(Effect::Copy(copied.text));
    }
}

fn copy_all(screens: &mut Screens, frame: &mut Frame) {
    if let Some(copied) = screens.front().copy_all(frame) {
        frame.inform(format!("sent {} to the terminal's clipboard", copied.what));
        frame.ask(Effect::Copy(copied.text));
    }
}

fn show_help(_: &mut Screens, frame: &mut Frame) {
    frame.overlay = Some(Overlay::Help { scroll: 0 });
}

fn show_palette(_: &mut Screens, frame: &mut Frame) {
    frame.overlay = Some(Overlay::Palette { input: Default::default(), selected: 0 });
}

fn show_message(_: &mut Screens, frame: &mut Frame) {
    let text = frame.status.as_ref().map(|status| status.text.clone()).unwrap_or_default();
    frame.overlay = Some(Overlay::Message { title: "message".into(), text, scroll: 0 });
}

fn next_theme(_: &mut Screens, frame: &mut Frame) {
    let position = frame.themes.iter().position(|theme| *theme == frame.theme);
    let next = position.map_or(0, |index| index + 1);
    let Some(theme) = frame.themes.get(next).or(frame.themes.first()).cloned() else { return };
    frame.inform(format!("theme {theme}"));
    frame.theme.clone_from(&theme);
    frame.ask(Effect::UseTheme(theme));
}

fn toggle_mouse(_: &mut Screens, frame: &mut Frame) {
    frame.mouse = !frame.mouse;
    let key = frame.key_of("mouse");
    frame.inform(match frame.mouse {
        true => {
            format!("a click selects, a second one goes on, the wheel scrolls; {key} gives the mouse back")
        }
        false => "the mouse selects text again".into(),
    });
    frame.ask(Effect::Mouse(frame.mouse));
}

fn reopen(screens: &mut Screens, frame: &mut Frame) {
    match screens.place().needs {
        Needs::Model => frame.open_model(),
        Needs::Vectors => frame.open_vectors(),
        Needs::Nothing => {}
    }
}

fn open_shipped(screens: &mut Screens, frame: &mut Frame) {
    match screens.place().needs {
        Needs::Model => {
            frame.model_name = None;
            frame.open_model();
        }
        Needs::Vectors | Needs::Nothing => {
            frame.path = None;
            frame.open_vectors();
        }
    }
}

/// The forms of the frame itself.
const OPEN: &str = "frame.open";
const SAVE: &str = "frame.save";

fn ask_what_to_open(screens: &mut Screens, frame: &mut Frame) {
    let (title, label, example, text) = match screens.place().needs {
        Needs::Model => {
            ("Open another model", "model", "a folder, a .gguf file, or a name", &frame.model_name)
        }
        _ => ("Open other vectors", "vectors", "~/vectors/glove.6B.100d.txt", &None),
    };
    let path = || frame.path.as_ref().map(|path| path.display().to_string());
    let text = text.clone().or_else(|| path().filter(|_| label == "vectors"));
    let line = Line::new(text.unwrap_or_default());
    let note = "An empty line opens what is shipped inside the program.";
    let fields = vec![Field { label, example, line }];
    frame.overlay = Some(Overlay::Form(Form { id: OPEN, title, fields, note, ..Form::default() }));
}

fn ask_where_to_save(screens: &mut Screens, frame: &mut Frame) {
    let line = Line::new(format!("lexiscope-{}.svg", screens.place().id));
    let fields = vec![Field { label: "file", example: "screen.svg, screen.ansi or screen.txt", line }];
    let (title, note) = ("Write what is on the screen", "A file that is there already is replaced.");
    frame.overlay = Some(Overlay::Form(Form { id: SAVE, title, fields, note, ..Form::default() }));
}

/// Takes in a form of the frame itself; `None` where it is one of a screen.
pub(super) fn form_filled(form: &Form, screens: &Screens, frame: &mut Frame) -> Option<Result<(), String>> {
    let typed = form.fields.first().map_or("", |field| field.line.text().trim());
    let wanted = (!typed.is_empty()).then(|| typed.to_owned());
    match (form.id, screens.place().needs) {
        (OPEN, Needs::Model) => {
            frame.model_name = wanted;
            frame.open_model();
        }
        (OPEN, _) => {
            frame.path = wanted.map(|typed| typed_path(&typed));
            frame.open_vectors();
        }
        (SAVE, _) => {
            if Format::of_name(typed).is_none() {
                return Some(Err("the name must end in .svg, .ansi or .txt".into()));
            }
            frame.ask(Effect::SaveScreen(typed.to_owned()));
        }
        _ => return None,
    }
    Some(Ok(()))
}

/// What was typed as a path, `~/` as the home folder.
fn typed_path(typed: &str) -> PathBuf {
    match (typed.strip_prefix("~/"), etcetera::home_dir()) {
        (Some(rest), Ok(home)) => home.join(rest),
        _ => typed.into(),
    }
}

/// Esc: one step out of whatever is transient.
fn cancel(screens: &mut Screens, frame: &mut Frame) {
    let needs = screens.place().needs;
    let screen = screens.front_mut();
    if screen.cancel_work(frame) {
        return;
    }
    if screen.is_typing() {
        return screen.leave_line(frame);
    }
    let stopped = match needs {
        Needs::Model => frame.cancel_opening_model(),
        Needs::Vectors => frame.cancel_opening_vectors(),
        Needs::Nothing => false,
    };
    if !stopped && !screen.step_out(frame) {
        frame.status = None;
    }
}
