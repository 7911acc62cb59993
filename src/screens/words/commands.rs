//! The commands of the screen *Words*.

use super::state::Words;
use crate::app::{Command, Frame, Opened, Reason, Scope::Own};
use crate::vectors::explain::Origin;

type WordsCommand = Command<Words>;

/// All of them, in the order of the help.
pub const COMMANDS: &[WordsCommand] = &[
    WordsCommand::new("back", "back", "Go back to the query before.", |words, frame| {
        words.walk_history(false, frame)
    })
    .keys(&[(Own, "[")])
    .footer(3)
    .when(can_go_back)
    .search("history earlier"),
    WordsCommand::new("forward", "forward", "Go forward again.", |words, frame| {
        words.walk_history(true, frame)
    })
    .keys(&[(Own, "]")])
    .footer(4)
    .when(can_go_forward)
    .search("history later"),
    WordsCommand::new(
        "compare",
        "compare",
        "Compare the query with the selected word, dimension by dimension.",
        Words::toggle_comparison,
    )
    .keys(&[(Own, "c")])
    .footer(5)
    .when(can_compare)
    .search("dimensions similarity cosine"),
    WordsCommand::new(
        "filter",
        "filter",
        "Say which words may be answers: ranks, a regular expression, a word list.",
        Words::show_filter,
    )
    .keys(&[(Own, "f")])
    .footer(6)
    .when(vectors_are_open)
    .search("rank regex frequent only"),
    WordsCommand::new(
        "bookmark",
        "bookmark",
        "Remember the query; again: forget it.",
        Words::toggle_bookmark,
    )
    .keys(&[(Own, "b")])
    .footer(7)
    .when(has_answer)
    .search("favourite mark"),
    WordsCommand::new(
        "go-to",
        "go to",
        "Go to a bookmark, an earlier query, or the word of a rank.",
        Words::show_go_to,
    )
    .keys(&[(Own, "g")])
    .footer(8)
    .when(vectors_are_open)
    .search("jump history rank"),
    WordsCommand::new(
        "subwords",
        "subwords",
        "Show the n-grams that the query's vector is made of.",
        Words::toggle_subwords,
    )
    .keys(&[(Own, "s")])
    .footer(9)
    .when(has_subwords)
    .search("ngrams fasttext"),
    WordsCommand::new("more", "more", "Ask for more neighbours.", |words, frame| {
        words.change_count(true, frame)
    })
    .keys(&[(Own, "+")])
    .when(has_answer),
    WordsCommand::new("fewer", "fewer", "Ask for fewer neighbours.", |words, frame| {
        words.change_count(false, frame)
    })
    .keys(&[(Own, "-")])
    .when(has_answer),
];

fn vectors_are_open(_: &Words, frame: &Frame) -> Result<(), Reason> {
    match frame.vectors {
        Opened::Open(_) => Ok(()),
        Opened::Closed | Opened::Opening { .. } => Err("the vectors are not open yet".into()),
        Opened::Failed { .. } => Err("the vectors could not be opened".into()),
    }
}

fn has_answer(words: &Words, _: &Frame) -> Result<(), Reason> {
    if words.answer.is_some() { Ok(()) } else { Err("ask for a word first".into()) }
}

fn can_compare(words: &Words, frame: &Frame) -> Result<(), Reason> {
    has_answer(words, frame)?;
    if words.selected_neighbour().is_some() { Ok(()) } else { Err("nothing is selected".into()) }
}

fn can_go_back(words: &Words, _: &Frame) -> Result<(), Reason> {
    if words.chosen.history_position > 0 { Ok(()) } else { Err("there is nothing to go back to".into()) }
}

fn can_go_forward(words: &Words, _: &Frame) -> Result<(), Reason> {
    if words.chosen.history_position + 1 < words.chosen.history.len() {
        Ok(())
    } else {
        Err("there is nothing to go forward to".into())
    }
}

fn has_subwords(words: &Words, frame: &Frame) -> Result<(), Reason> {
    has_answer(words, frame)?;
    vectors_are_open(words, frame)?;
    let subwords = frame.vectors.open().is_some_and(|vectors| vectors.subwords().is_some());
    let expression = words.answer.as_ref().is_some_and(|answer| answer.origin == Origin::Expression);
    match (subwords, expression) {
        (false, _) => Err("this file has no subwords".into()),
        (true, true) => Err("an expression has none; ask for a single word".into()),
        (true, false) => Ok(()),
    }
}
