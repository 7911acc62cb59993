//! The registry of commands: the one source of keymap, footer, help, palette and README.

use super::attention::{AttentionFocus, Zoom};
use super::key::Key;
use super::words::WordsFocus;
use super::{Action, App, ModelState, Overlay, Screen, VectorsState};
use crate::analysis::Stack;
use crate::model::trace::Keep;

/// Where a key has its meaning. A key may mean different things in contexts that are never
/// active together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Context {
    /// Everywhere, also while typing.
    Everywhere,
    /// While a line of text has the focus.
    Typing,
    /// While no line of text has the focus, on any screen.
    Browsing,
    /// While a list of the screens Words and Analogy has the focus.
    Lists,
    /// While a list of the screen Words has the focus.
    Words,
    /// While a list of the screen Analogy has the focus.
    Analogy,
    /// While the maps of the screen Attention have the focus.
    Attention,
    /// While the table of the screen Positions has the focus.
    Positions,
    /// In help and messages, which lie on top.
    Reading,
}

impl Context {
    /// Whether both can be active at the same time, so that a key can have only one meaning in them.
    pub fn overlaps(self, other: Self) -> bool {
        use Context::*;
        let both = |one, other| match one {
            Everywhere => true,
            Browsing => matches!(other, Lists | Words | Analogy | Attention | Positions),
            Lists => matches!(other, Words | Analogy),
            _ => false,
        };
        self == other || both(self, other) || both(other, self)
    }

    /// What to call it in messages and tables.
    pub fn label(self) -> &'static str {
        match self {
            Self::Everywhere => "everywhere",
            Self::Typing => "while typing",
            Self::Browsing => "while browsing",
            Self::Lists => "in lists",
            Self::Words => "in Words",
            Self::Analogy => "in Analogy",
            Self::Attention => "in Attention",
            Self::Positions => "in Positions",
            Self::Reading => "in help and messages",
        }
    }
}

/// Headings of help and key table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// Screens, help, leaving.
    General,
    /// Moving about.
    Moving,
    /// The screen Words.
    Words,
    /// The screen Analogy.
    Analogy,
    /// The screen Attention.
    Attention,
    /// The screen Positions.
    Positions,
    /// Editing a line of text.
    Editing,
}

impl Group {
    /// All groups, in the order of the help.
    pub const ALL: [Self; 7] = [
        Self::General,
        Self::Moving,
        Self::Words,
        Self::Analogy,
        Self::Attention,
        Self::Positions,
        Self::Editing,
    ];

    /// The heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::General => "General",
            Self::Moving => "Moving",
            Self::Words => "Words",
            Self::Analogy => "Analogy",
            Self::Attention => "Attention",
            Self::Positions => "Positions",
            Self::Editing => "Typing",
        }
    }
}

/// One command.
#[derive(Debug)]
pub struct Command {
    /// What it does.
    pub action: Action,
    /// Two or three words, for footer and palette.
    pub title: &'static str,
    /// One sentence, for help and README.
    pub help: &'static str,
    /// Default keys with their contexts; the first is the one to show.
    pub keys: &'static [(Context, &'static str)],
    /// Its heading.
    pub group: Group,
    /// Position in the footer, lowest first; `None` keeps it out.
    pub footer: Option<u8>,
    /// `Err` with the reason while it cannot be used.
    pub availability: fn(&App) -> Result<(), &'static str>,
}

impl Command {
    /// Its name in the configuration file.
    pub fn id(&self) -> &'static str {
        self.action.name()
    }

    /// The default keys, parsed.
    pub fn default_keys(&self) -> impl Iterator<Item = (Context, Key)> {
        self.keys.iter().filter_map(|(context, key)| Some((*context, key.parse().ok()?)))
    }
}

/// The command of an action.
pub fn command(action: Action) -> &'static Command {
    COMMANDS.iter().find(|command| command.action == action).expect("every action has a command (tested)")
}

fn always(_: &App) -> Result<(), &'static str> {
    Ok(())
}

fn on_words(app: &App) -> Result<(), &'static str> {
    if app.screen == Screen::Words { Ok(()) } else { Err("only on the screen Words (1)") }
}

fn on_analogy(app: &App) -> Result<(), &'static str> {
    if app.screen == Screen::Analogy { Ok(()) } else { Err("only on the screen Analogy (2)") }
}

fn vectors_are_open(app: &App) -> Result<(), &'static str> {
    match app.vectors {
        VectorsState::Ready(_) => Ok(()),
        VectorsState::NotOpened | VectorsState::Opening { .. } => Err("the vectors are not open yet"),
        VectorsState::Failed { .. } => Err("the vectors could not be opened"),
    }
}

fn has_answer(app: &App) -> Result<(), &'static str> {
    on_words(app)?;
    if app.words.answer.is_some() { Ok(()) } else { Err("ask for a word first") }
}

fn has_selection(app: &App) -> Result<(), &'static str> {
    let selected = match app.screen {
        Screen::Words => app.words.selected_neighbour().is_some(),
        Screen::Analogy => app.analogy.selected_neighbour().is_some(),
        Screen::Attention => app.attention.value().is_some(),
        Screen::Positions => false,
    };
    if selected { Ok(()) } else { Err("nothing is selected") }
}

fn can_compare(app: &App) -> Result<(), &'static str> {
    has_answer(app)?;
    has_selection(app)
}

fn can_go_back(app: &App) -> Result<(), &'static str> {
    on_words(app)?;
    if app.words.history_position > 0 { Ok(()) } else { Err("there is nothing to go back to") }
}

fn can_go_forward(app: &App) -> Result<(), &'static str> {
    on_words(app)?;
    if app.words.history_position + 1 < app.words.history.len() {
        Ok(())
    } else {
        Err("there is nothing to go forward to")
    }
}

fn has_subwords(app: &App) -> Result<(), &'static str> {
    has_answer(app)?;
    match &app.vectors {
        VectorsState::Ready(vectors) if vectors.subwords().is_some() => Ok(()),
        VectorsState::Ready(_) => Err("this file has no subwords"),
        _ => vectors_are_open(app),
    }
}

fn can_filter(app: &App) -> Result<(), &'static str> {
    on_words(app)?;
    vectors_are_open(app)
}

fn has_message(app: &App) -> Result<(), &'static str> {
    if app.status.is_some() { Ok(()) } else { Err("there is no message") }
}

fn has_failed(app: &App) -> Result<(), &'static str> {
    let failed = match app.screen.needs_model() {
        true => matches!(app.model, ModelState::Failed { .. }),
        false => matches!(app.vectors, VectorsState::Failed { .. }),
    };
    if failed { Ok(()) } else { Err("nothing failed to open") }
}

fn on_model_screen(app: &App) -> Result<(), &'static str> {
    if app.screen.needs_model() { Ok(()) } else { Err("only on the screens Attention (3) and Positions (4)") }
}

fn on_positions(app: &App) -> Result<(), &'static str> {
    if app.screen == Screen::Positions { Ok(()) } else { Err("only on the screen Positions (4)") }
}

fn has_columns(app: &App) -> Result<(), &'static str> {
    if app.screen == Screen::Words { Err("there is one list only") } else { Ok(()) }
}

fn has_pass(app: &App) -> Result<(), &'static str> {
    if app.screen != Screen::Attention {
        return Err("only on the screen Attention (3)");
    }
    match (&app.model, &app.attention.before) {
        (_, Some(_)) => Ok(()),
        (ModelState::Failed { .. }, None) => Err("the model could not be opened"),
        (_, None) => Err("no pass has come to its end yet"),
    }
}

fn has_cell(app: &App) -> Result<(), &'static str> {
    has_pass(app)?;
    match app.attention.shown().map(|pass| pass.keep) {
        Some(Keep::Everything) => Ok(()),
        _ => Err("this text is so long that only its weights are kept"),
    }
}

fn has_changes(app: &App) -> Result<(), &'static str> {
    has_pass(app)?;
    if app.attention.interventions.is_empty() { Err("nothing is changed") } else { Ok(()) }
}

fn can_change_heads(app: &App) -> Result<(), &'static str> {
    has_pass(app)?;
    match app.attention.stack {
        Stack::Text => Ok(()),
        Stack::Decoder | Stack::Cross => Err("only heads of the encoder can be changed"),
    }
}

fn can_hide_token(app: &App) -> Result<(), &'static str> {
    has_pass(app)?;
    match app.attention.stack {
        Stack::Text | Stack::Cross => Ok(()),
        Stack::Decoder => Err("only tokens of the encoder's text can be hidden"),
    }
}

fn has_figures(app: &App) -> Result<(), &'static str> {
    has_pass(app)?;
    if app.attention.figures.is_some() { Ok(()) } else { Err("the heads are still being looked at") }
}

fn has_decoder(app: &App) -> Result<(), &'static str> {
    has_pass(app)?;
    let decoder = app.attention.before.as_ref().is_some_and(|pass| pass.decoder_tokens.is_some());
    if decoder { Ok(()) } else { Err("this model has one stack only") }
}

fn has_places(app: &App) -> Result<(), &'static str> {
    on_positions(app)?;
    let places = app.positions.experiments.as_ref().map_or(0, |found| found.places.len());
    if places > 1 { Ok(()) } else { Err("no other word stands at two places") }
}

fn is_typing(app: &App) -> Result<(), &'static str> {
    if app.is_typing() { Ok(()) } else { Err("only while typing") }
}

fn suspendable(_: &App) -> Result<(), &'static str> {
    if cfg!(unix) { Ok(()) } else { Err("this system has no job control") }
}

macro_rules! commands {
    ($($action:ident, $group:ident, $title:literal, $help:literal, [$($context:ident $key:literal),*], $footer:expr, $availability:ident;)*) => {
        /// All commands.
        pub const COMMANDS: &[Command] = &[$(Command {
            action: Action::$action,
            title: $title,
            help: $help,
            keys: &[$((Context::$context, $key)),*],
            group: Group::$group,
            footer: $footer,
            availability: $availability,
        },)*];
    };
}

commands! {
    Search, Words, "search", "Type a word or an expression; every keystroke searches.",
        [Browsing "/", Browsing "i"], Some(0), always;
    Accept, Moving, "go", "From the line to the list; from the list to the selected word; on Attention: zoom in.",
        [Typing "enter", Browsing "enter"], Some(1), always;
    Complete, Moving, "complete", "Take the next suggestion; on Analogy: go to the next field; on Attention: show the next panel.",
        [Typing "tab", Browsing "tab"], Some(2), always;
    PreviousField, Analogy, "previous field", "Go to the field before.",
        [Typing "backtab", Browsing "backtab"], None, on_analogy;
    Back, Words, "back", "Go back to the query before.", [Words "["], Some(3), can_go_back;
    Forward, Words, "forward", "Go forward again.", [Words "]"], Some(4), can_go_forward;
    Compare, Words, "compare", "Compare the query with the selected word, dimension by dimension.",
        [Words "c"], Some(5), can_compare;
    Filter, Words, "filter", "Say which words may be answers: ranks, a regular expression, a word list.",
        [Words "f"], Some(6), can_filter;
    Bookmark, Words, "bookmark", "Remember the query; again: forget it.", [Words "b"], Some(7), has_answer;
    GoTo, Words, "go to", "Go to a bookmark, an earlier query, or the word of a rank.", [Words "g"], Some(8), can_filter;
    Subwords, Words, "subwords", "Show the n-grams that the query's vector is made of.", [Words "s"], Some(9), has_subwords;
    More, Words, "more", "Ask for more neighbours.", [Words "+"], None, has_answer;
    Fewer, Words, "fewer", "Ask for fewer neighbours.", [Words "-"], None, has_answer;
    EditExpression, Analogy, "expression", "Edit the question as a free expression; again: as three words.",
        [Analogy "e"], Some(3), on_analogy;
    ToggleAsked, Analogy, "asked words", "Show the asked words among the answers, or leave them out.",
        [Analogy "a"], Some(4), on_analogy;
    EditText, Moving, "text", "Type another text for the model; it runs with every keystroke.",
        [Attention "e", Positions "e"], Some(2), on_model_screen;
    NextStep, Attention, "next step", "Show the next step of the making of the cell under the cursor.",
        [Attention "space"], Some(3), has_cell;
    PreviousStep, Attention, "step back", "Show the step before.", [Attention "backspace"], None, has_cell;
    ToggleHead, Attention, "head off", "Switch the selected head off, or on again.",
        [Attention "x"], Some(4), can_change_heads;
    HideToken, Attention, "hide token", "Hide the token of the cursor's column from all others, or show it again.",
        [Attention "m"], Some(5), can_hide_token;
    ShowBefore, Attention, "before/after", "Show the pass before the changes, or after them.",
        [Attention "b"], Some(4), has_changes;
    RestoreAll, Attention, "restore", "Take back all changes.", [Attention "r"], Some(5), has_changes;
    ChangeView, Attention, "view", "Show weights, scores, difference, norm-weighted attention, mean of the heads, or rollout.",
        [Attention "v"], Some(6), has_pass;
    NextInteresting, Attention, "interesting head",
        "Go to the next interesting head: by change where something is changed, else by its label.",
        [Attention "n"], Some(7), has_figures;
    PreviousInteresting, Attention, "interesting head before", "Go to the interesting head before.",
        [Attention "p"], None, has_figures;
    NextLayer, Attention, "layer", "Select the next layer.", [Attention "j"], Some(8), has_pass;
    PreviousLayer, Attention, "layer before", "Select the layer before.", [Attention "k"], None, has_pass;
    NextHead, Attention, "head", "Select the next head.", [Attention "l"], Some(9), has_pass;
    PreviousHead, Attention, "head before", "Select the head before.", [Attention "h"], None, has_pass;
    ChangeScale, Attention, "scale", "Colour by the largest weight, its square root, or row by row.",
        [Attention "s"], Some(10), has_pass;
    ChangeHead, Attention, "change head", "Set the selected head to zero, to its mean, its map to uniform; then back.",
        [Attention "X"], None, can_change_heads;
    HeadAlone, Attention, "head alone", "Switch off all other heads of the layer; again: on.",
        [Attention "o"], None, can_change_heads;
    ChangePositions, Attention, "positions", "Shuffle the positions, remove them, give them back.",
        [Attention "P"], None, has_pass;
    ChangeStack, Attention, "stack", "Look at the encoder, the decoder, or the decoder looking at the encoder.",
        [Attention "c"], Some(11), has_decoder;
    NextKind, Positions, "method", "Look at the next position method.", [Positions "v"], Some(3), on_positions;
    NextPlaces, Positions, "next word", "Look at the next word that stands at two places.", [Positions "n"], Some(4), has_places;
    Copy, General, "copy", "Copy the selected word or cell through the terminal (OSC 52).", [Browsing "y"], Some(10), has_selection;
    CopyList, General, "copy list", "Copy the whole list with its scores, or the whole map.", [Browsing "Y"], None, has_selection;
    ShowHelp, General, "help", "Show the keys.", [Browsing "?", Everywhere "f1", Reading "?"], Some(20), always;
    ShowPalette, General, "commands", "Find a command by its title.", [Browsing ":", Everywhere "f2"], Some(21), always;
    ShowWords, General, "Words", "Go to the screen Words.", [Everywhere "alt-1", Browsing "1"], None, always;
    ShowAnalogy, General, "Analogy", "Go to the screen Analogy.", [Everywhere "alt-2", Browsing "2"], None, always;
    ShowAttention, General, "Attention", "Go to the screen Attention.", [Everywhere "alt-3", Browsing "3"], None, always;
    ShowPositions, General, "Positions", "Go to the screen Positions.", [Everywhere "alt-4", Browsing "4"], None, always;
    NextScreen, General, "next screen", "Go to the next screen.", [Everywhere "ctrl-page-down", Everywhere "f6"], None, always;
    NextTheme, General, "next theme", "Use the next theme.", [Browsing "T"], None, always;
    ToggleMouse, General, "mouse", "Take the mouse, or leave it to the terminal for selecting text.", [Browsing "M"], None, always;
    ShowMessage, General, "message", "Show the last message in full.", [Lists "m"], None, has_message;
    Reopen, General, "open again", "Open the vector file or the model again after it failed.", [Browsing "R", Everywhere "f5"], Some(0), has_failed;
    OpenShipped, General, "shipped vectors", "Open the vectors (on Attention and Positions: the model) shipped inside the program.", [Browsing "D"], None, always;
    Redraw, General, "redraw", "Draw everything again.", [Everywhere "ctrl-l"], None, always;
    Cancel, General, "cancel", "Stop what runs; close what lies on top; leave the line; zoom out.",
        [Everywhere "esc", Reading "q"], None, always;
    Suspend, General, "suspend", "Hand the terminal back to the shell; fg returns.", [Everywhere "ctrl-z"], None, suspendable;
    Quit, General, "quit", "Leave the program.", [Browsing "q", Everywhere "ctrl-c"], Some(22), always;
    Down, Moving, "down", "Select the next entry.", [Lists "j", Positions "j", Everywhere "down", Reading "j"], None, always;
    Up, Moving, "up", "Select the entry before.", [Lists "k", Positions "k", Everywhere "up", Reading "k"], None, always;
    Left, Moving, "left", "Go to the left: to the list, the column.",
        [Analogy "h", Analogy "left", Attention "left", Positions "h", Positions "left"], None, has_columns;
    Right, Moving, "right", "Go to the right: to the list, the column.",
        [Analogy "l", Analogy "right", Attention "right", Positions "l", Positions "right"], None, has_columns;
    PageDown, Moving, "page down", "Move ten entries down.", [Everywhere "page-down"], None, always;
    PageUp, Moving, "page up", "Move ten entries up.", [Everywhere "page-up"], None, always;
    First, Moving, "first", "Select the first entry.", [Browsing "home", Reading "home"], None, always;
    Last, Moving, "last", "Select the last entry.", [Browsing "end", Browsing "G", Reading "end"], None, always;
    CursorLeft, Editing, "left", "Move the cursor one character to the left.", [Typing "left"], None, is_typing;
    CursorRight, Editing, "right", "Move the cursor one character to the right.", [Typing "right"], None, is_typing;
    CursorWordLeft, Editing, "word left", "Move the cursor one word to the left.",
        [Typing "ctrl-left", Typing "alt-b"], None, is_typing;
    CursorWordRight, Editing, "word right", "Move the cursor one word to the right.",
        [Typing "ctrl-right", Typing "alt-f"], None, is_typing;
    CursorStart, Editing, "start", "Move the cursor to the start of the line.", [Typing "home"], None, is_typing;
    CursorEnd, Editing, "end", "Move the cursor to the end of the line.", [Typing "end", Typing "ctrl-e"], None, is_typing;
    DeleteBackward, Editing, "delete back", "Delete the character before the cursor.",
        [Typing "backspace", Typing "ctrl-h"], None, is_typing;
    DeleteForward, Editing, "delete", "Delete the character under the cursor.",
        [Typing "delete", Typing "ctrl-d"], None, is_typing;
    DeleteWord, Editing, "delete word", "Delete the word before the cursor.",
        [Typing "ctrl-w", Typing "alt-backspace"], None, is_typing;
    DeleteToStart, Editing, "delete to start", "Delete everything before the cursor.", [Typing "ctrl-u"], None, is_typing;
    DeleteToEnd, Editing, "delete to end", "Delete everything behind the cursor.", [Typing "ctrl-k"], None, is_typing;
}

/// One entry of the footer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FooterEntry {
    /// The key that the person really has for it.
    pub key: String,
    /// The title, made to fit the moment ("go to queen").
    pub title: String,
}

/// The commands that work now, for the footer, in its order. An overlay has its own short list.
pub fn footer(app: &App) -> Vec<FooterEntry> {
    let entry = |action: Action| {
        let key = app.keymap.key_for(action, &app.contexts())?;
        Some(FooterEntry { key: key.to_string(), title: title_now(app, action) })
    };
    if let Some(overlay) = &app.overlay {
        let actions: &[Action] = match overlay {
            Overlay::Help { .. } | Overlay::Message { .. } => &[Action::Down, Action::Up, Action::Cancel],
            _ => &[Action::Accept, Action::Complete, Action::Cancel],
        };
        return actions.iter().copied().filter_map(entry).collect();
    }
    let mut commands: Vec<_> = COMMANDS
        .iter()
        .filter(|command| belongs(command.group, app.screen) && (command.availability)(app).is_ok())
        .filter(|command| is_worth_a_place(app, command.action))
        .filter_map(|command| Some((command.footer?, command.action)))
        .collect();
    commands.sort();
    commands.into_iter().filter_map(|(_, action)| entry(action)).collect()
}

/// Keeps out of the footer what works but says nothing new there.
fn is_worth_a_place(app: &App, action: Action) -> bool {
    match (action, app.screen) {
        (Action::Search, _) => !app.screen.needs_model(),
        (Action::Complete, Screen::Words) => app.is_typing(),
        (Action::Complete, Screen::Positions) => false,
        // While typing it does what Enter does.
        (Action::Complete, Screen::Attention) => !app.is_typing(),
        (Action::Accept, Screen::Positions) => app.is_typing(),
        // In their place stand the commands that look at the change and take it back.
        (Action::ToggleHead | Action::HideToken, _) => app.attention.interventions.is_empty(),
        _ => true,
    }
}

fn belongs(group: Group, screen: Screen) -> bool {
    match group {
        Group::Words => screen == Screen::Words,
        Group::Analogy => screen == Screen::Analogy,
        Group::Attention => screen == Screen::Attention,
        Group::Positions => screen == Screen::Positions,
        Group::General | Group::Moving | Group::Editing => true,
    }
}

/// The title of a command, made to fit the present state.
pub fn title_now(app: &App, action: Action) -> String {
    let overlaid = app.overlay.is_some();
    match action {
        Action::Accept if app.overlay.is_none() => match (app.screen, app.words.focus) {
            (Screen::Words, WordsFocus::Input) => "to the list".into(),
            (Screen::Words, WordsFocus::List) => match app.words.selected_neighbour() {
                Some(selected) => format!("go to {}", selected.word),
                None => "go".into(),
            },
            (Screen::Analogy, _) if app.is_typing() => "next".into(),
            (Screen::Analogy, _) => match app.analogy.selected_neighbour() {
                Some(selected) => format!("{} in Words", selected.word),
                None => "go".into(),
            },
            (Screen::Attention, _) => match (app.attention.focus, app.attention.zoom) {
                (AttentionFocus::Input, _) => "to the maps".into(),
                (AttentionFocus::Maps, Zoom::Cell) => "next step".into(),
                (AttentionFocus::Maps, _) => "zoom in".into(),
            },
            (Screen::Positions, _) => "to the table".into(),
        },
        Action::Cancel if overlaid => "close".into(),
        Action::Complete if !overlaid && app.screen == Screen::Attention => "next panel".into(),
        Action::Complete if !overlaid && app.screen == Screen::Positions => "method".into(),
        Action::Complete if overlaid || app.screen == Screen::Analogy => "next field".into(),
        _ => command(action).title.into(),
    }
}

/// One entry of the palette.
#[derive(Debug)]
pub struct PaletteEntry {
    /// The command.
    pub command: &'static Command,
    /// The keys that the person has for it, such as `j, down`.
    pub keys: String,
    /// Why it cannot be used now.
    pub unavailable: Option<&'static str>,
}

/// The commands that the palette offers for what is typed: those that can be used first. Moving
/// the cursor and editing text are not offered.
pub fn palette(app: &App, typed: &str) -> Vec<PaletteEntry> {
    let mut entries: Vec<PaletteEntry> = COMMANDS
        .iter()
        .filter(|command| command.group != Group::Editing && !MOVES.contains(&command.action))
        .filter(|command| super::update::matches_typed(command.action, typed))
        .map(|command| PaletteEntry {
            command,
            keys: app
                .keymap
                .keys(command.action)
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", "),
            unavailable: (command.availability)(app).err(),
        })
        .collect();
    let titled =
        |entry: &PaletteEntry| !entry.command.title.to_lowercase().starts_with(&typed.to_lowercase());
    entries.sort_by_key(|entry| (entry.unavailable.is_some(), titled(entry)));
    entries
}

/// Commands that make no sense once the palette has closed.
const MOVES: [Action; 12] = [
    Action::Accept,
    Action::Complete,
    Action::Cancel,
    Action::PreviousField,
    Action::Left,
    Action::Right,
    Action::Up,
    Action::Down,
    Action::PageUp,
    Action::PageDown,
    Action::ShowPalette,
    Action::ShowMessage,
];
