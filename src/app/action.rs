//! What a person can do, by name.

/// Declares [`Action`] with the name that each has in the configuration file.
macro_rules! actions {
    ($($(#[$doc:meta])* $action:ident = $name:literal,)*) => {
        /// What a person can do. Every one is a command of the registry
        /// ([`super::commands`]) and can be bound to keys by its name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Action { $($(#[$doc])* $action,)* }

        impl Action {
            /// All actions, in the order of the help.
            pub const ALL: &[Self] = &[$(Self::$action,)*];

            /// The name in the configuration file.
            pub fn name(self) -> &'static str {
                match self { $(Self::$action => $name,)* }
            }
        }
    };
}

actions! {
    /// Leave the program.
    Quit = "quit",
    /// Hand the terminal back to the shell for a while.
    Suspend = "suspend",
    /// Stop what runs, close what lies on top.
    Cancel = "cancel",
    /// Show the keys that work here.
    ShowHelp = "help",
    /// Find a command by its title.
    ShowPalette = "palette",
    /// Go to the screen Words.
    ShowWords = "words",
    /// Go to the screen Analogy.
    ShowAnalogy = "analogy",
    /// Go to the screen Attention.
    ShowAttention = "attention",
    /// Go to the screen Positions.
    ShowPositions = "positions",
    /// Go to the next screen.
    NextScreen = "next-screen",
    /// Use the next theme.
    NextTheme = "next-theme",
    /// Take or release the mouse.
    ToggleMouse = "mouse",
    /// Draw everything again.
    Redraw = "redraw",
    /// Show the last message in full.
    ShowMessage = "message",
    /// Open the vector file again after it failed.
    Reopen = "reopen",
    /// Open the vectors shipped inside the program.
    OpenShipped = "open-shipped",
    /// Select the next entry.
    Down = "down",
    /// Select the entry before.
    Up = "up",
    /// Go to the list on the right.
    Right = "right",
    /// Go to the list on the left.
    Left = "left",
    /// Select some entries further down.
    PageDown = "page-down",
    /// Select some entries further up.
    PageUp = "page-up",
    /// Select the first entry.
    First = "first",
    /// Select the last entry.
    Last = "last",
    /// Type into the line at the top.
    Search = "search",
    /// Go to what is selected, or from the line to the list.
    Accept = "accept",
    /// Take the next suggestion, or go to the next field.
    Complete = "complete",
    /// Go to the field before.
    PreviousField = "previous-field",
    /// Go back to the query before.
    Back = "back",
    /// Go forward again.
    Forward = "forward",
    /// Compare the query with the selected word, dimension by dimension.
    Compare = "compare",
    /// Say which words may be answers.
    Filter = "filter",
    /// Remember the query, or forget it.
    Bookmark = "bookmark",
    /// Go to a bookmark, an earlier query or a rank.
    GoTo = "go-to",
    /// Show the n-grams that the query's vector is made of.
    Subwords = "subwords",
    /// Copy the selected word.
    Copy = "copy",
    /// Copy the whole list.
    CopyList = "copy-list",
    /// Ask for more neighbours.
    More = "more",
    /// Ask for fewer neighbours.
    Fewer = "fewer",
    /// Edit the analogy as a free expression, or as three words again.
    EditExpression = "edit-expression",
    /// Show the asked words among the answers, or leave them out.
    ToggleAsked = "asked-words",
    /// Type another text for the model.
    EditText = "edit-text",
    /// Select the next layer.
    NextLayer = "next-layer",
    /// Select the layer before.
    PreviousLayer = "previous-layer",
    /// Select the next head.
    NextHead = "next-head",
    /// Select the head before.
    PreviousHead = "previous-head",
    /// Show the next step of a cell's making.
    NextStep = "next-step",
    /// Show the step before.
    PreviousStep = "previous-step",
    /// Go to the next interesting head.
    NextInteresting = "next-interesting",
    /// Go to the interesting head before.
    PreviousInteresting = "previous-interesting",
    /// Show weights, scores, differences, ...
    ChangeView = "view",
    /// Change how numbers become colours.
    ChangeScale = "scale",
    /// Switch the selected head off or on.
    ToggleHead = "head-off",
    /// Change the selected head in another way.
    ChangeHead = "change-head",
    /// Switch off all other heads of the layer.
    HeadAlone = "head-alone",
    /// Hide a token from all others.
    HideToken = "hide-token",
    /// Shuffle or remove positions.
    ChangePositions = "change-positions",
    /// Take back all changes.
    RestoreAll = "restore",
    /// Show the pass before the changes, or after.
    ShowBefore = "before-after",
    /// Look at another attention of an encoder-decoder model.
    ChangeStack = "stack",
    /// Look at the next position method.
    NextKind = "next-method",
    /// Look at the next word that stands at two places.
    NextPlaces = "next-places",
    /// Move the cursor one character to the left.
    CursorLeft = "cursor-left",
    /// Move the cursor one character to the right.
    CursorRight = "cursor-right",
    /// Move the cursor one word to the left.
    CursorWordLeft = "cursor-word-left",
    /// Move the cursor one word to the right.
    CursorWordRight = "cursor-word-right",
    /// Move the cursor to the start of the line.
    CursorStart = "cursor-start",
    /// Move the cursor to the end of the line.
    CursorEnd = "cursor-end",
    /// Delete the character before the cursor.
    DeleteBackward = "delete-backward",
    /// Delete the character under the cursor.
    DeleteForward = "delete-forward",
    /// Delete the word before the cursor.
    DeleteWord = "delete-word",
    /// Delete everything before the cursor.
    DeleteToStart = "delete-to-start",
    /// Delete everything behind the cursor.
    DeleteToEnd = "delete-to-end",
}

impl Action {
    /// The action of a name in the configuration file.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.name() == name)
    }

    /// Whether it edits a line of text.
    pub fn edits_text(self) -> bool {
        self >= Self::CursorLeft
    }
}
