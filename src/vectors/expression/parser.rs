//! The parser of expressions: by recursive descent over characters, with columns in its errors.

use super::node::Node;
use crate::vectors::error::{Result, VectorsError};

/// Parentheses within parentheses; more are a mistake, and would fill the stack.
const DEEPEST: usize = 64;

/// The minus signs that are read: hyphen-minus and U+2212.
pub(super) const MINUS: [char; 2] = ['-', '\u{2212}'];

pub(super) fn parse(text: &str) -> Result<Node> {
    let mut parser = Parser { characters: text.chars().collect(), at: 0, depth: 0 };
    parser.skip_blanks();
    if parser.peek().is_none() {
        return Err(VectorsError::EmptyQuery);
    }
    let sum = parser.sum()?;
    match parser.peek() {
        None => Ok(sum),
        Some(')') => {
            parser.fail("this closing parenthesis was never opened; remove it, or quote it as \")\"")
        }
        Some(']') => parser.fail("this closing bracket was never opened; remove it, or quote it as \"]\""),
        Some(_) => parser.fail(
            "an operator is missing before this; put + or - between words, or quotes around a word \
             with spaces in it, such as \"new york\"",
        ),
    }
}

/// Whether `word` is read as this word without quotes.
pub(super) fn is_bare_word(word: &str) -> bool {
    let mut parser = Parser { characters: word.chars().collect(), at: 0, depth: 0 };
    if number(word).is_some() {
        return false;
    }
    if word.starts_with('\'') && parser.single_quoted_word().is_some() {
        return false;
    }
    parser.bare_word().is_some_and(|read| read == word)
}

/// A factor of a product.
enum Factor {
    Number { value: f64, text: String, column: usize },
    Operand(Node),
}

struct Parser {
    characters: Vec<char>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.characters.get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    /// Takes the next character if it is one of `wanted`, with the blanks around it.
    fn take(&mut self, wanted: &[char]) -> Option<char> {
        self.skip_blanks();
        let found = self.peek().filter(|character| wanted.contains(character))?;
        self.at += 1;
        self.skip_blanks();
        Some(found)
    }

    fn fail<T>(&self, message: impl Into<String>) -> Result<T> {
        self.fail_at(self.at + 1, message)
    }

    fn fail_at<T>(&self, column: usize, message: impl Into<String>) -> Result<T> {
        Err(VectorsError::Syntax { column, message: message.into() })
    }

    fn sum(&mut self) -> Result<Node> {
        let first = self.product()?;
        let mut parts = vec![(false, first)];
        while let Some(operator) = self.take(&['+', MINUS[0], MINUS[1]]) {
            parts.push((operator != '+', self.product()?));
        }
        match parts.pop() {
            Some((false, only)) if parts.is_empty() => Ok(only),
            Some(last) => {
                parts.push(last);
                Ok(Node::Sum(parts))
            }
            None => unreachable!("a sum has a first part"),
        }
    }

    fn product(&mut self) -> Result<Node> {
        self.skip_blanks();
        let mut weight = 1.0;
        let mut operand = None;
        let mut only_number = None;
        let mut divides = None;
        let start = self.at + 1;
        loop {
            let column = self.at + 1;
            match (self.factor()?, divides) {
                (Factor::Number { value, text, column }, None) => {
                    weight *= value;
                    only_number = only_number.is_none().then_some((text, column));
                }
                (Factor::Number { value: 0.0, .. }, Some(true)) => {
                    return self.fail_at(column, "this divides by zero; divide by another number");
                }
                (Factor::Number { value, .. }, Some(divide)) => {
                    if divide {
                        weight /= value
                    } else {
                        weight *= value
                    }
                    only_number = None;
                }
                (Factor::Operand(_), Some(true)) => {
                    return self.fail_at(
                        column,
                        "only a number can divide, as in king / 2; a word with / in it needs quotes, \
                         such as \"and/or\"",
                    );
                }
                (Factor::Operand(_), _) if operand.is_some() => {
                    return self.fail_at(
                        column,
                        "two vectors cannot be multiplied; * takes a number, as in 2 * king",
                    );
                }
                (Factor::Operand(node), _) => operand = Some(node),
            }
            // After `0.5` an operand may follow without an operator; a second number may not.
            if operand.is_none() && only_number.is_some() && self.operand_follows() {
                divides = Some(false);
                only_number = None;
                continue;
            }
            match self.take(&['*', '/']) {
                Some(operator) => {
                    only_number = None;
                    divides = Some(operator == '/');
                }
                None => break,
            }
        }
        self.finish_product(weight, operand, only_number, start)
    }

    fn finish_product(
        &self,
        weight: f64,
        operand: Option<Node>,
        only_number: Option<(String, usize)>,
        start: usize,
    ) -> Result<Node> {
        if !weight.is_finite() {
            return self.fail_at(start, "this weight is too large a number");
        }
        match (operand, only_number) {
            (Some(operand), _) => match operand.scaled(weight) {
                Node::Scaled(factor, _) if !factor.is_finite() => {
                    self.fail_at(start, "these weights multiply to too large a number")
                }
                node => Ok(node),
            },
            // The sign stays, the number itself is the word.
            (None, Some((text, _))) => Ok(Node::Word(text).scaled(1.0f64.copysign(weight))),
            (None, None) => self.fail_at(
                start,
                "this weight has no word; write 2 * king, or quote a number that is meant as a word",
            ),
        }
    }

    /// The product of the signs that stand here.
    fn signs(&mut self) -> f64 {
        let mut sign = 1.0;
        while let Some(found) = self.take(&['+', MINUS[0], MINUS[1]]) {
            if found != '+' {
                sign = -sign;
            }
        }
        sign
    }

    /// Whether a word, a quote, a parenthesis or a bracket comes next, after blanks.
    fn operand_follows(&mut self) -> bool {
        self.skip_blanks();
        self.peek().is_some_and(|character| !"+*/)]".contains(character) && !MINUS.contains(&character))
    }

    /// A factor, with the signs that may stand before it after an operator, as in `2 * -king`.
    fn factor(&mut self) -> Result<Factor> {
        let sign = self.signs();
        Ok(match self.unsigned_factor()? {
            Factor::Number { value, text, column } => Factor::Number { value: sign * value, text, column },
            Factor::Operand(node) => Factor::Operand(node.scaled(sign)),
        })
    }

    fn unsigned_factor(&mut self) -> Result<Factor> {
        self.skip_blanks();
        let column = self.at + 1;
        if self.peek() == Some('\'')
            && let Some(word) = self.single_quoted_word()
        {
            return Ok(Factor::Operand(Node::Word(word)));
        }
        match self.peek() {
            None => self.fail("something is missing at the end; give a word"),
            Some('"') => Ok(Factor::Operand(Node::Word(self.quoted_word()?))),
            Some('(') => Ok(Factor::Operand(self.parentheses()?)),
            Some('[') => Ok(Factor::Operand(Node::Literal(self.literal()?))),
            Some(found) => match self.bare_word() {
                Some(text) => Ok(match number(&text) {
                    Some(value) => Factor::Number { value, text, column },
                    None => Factor::Operand(Node::Word(text)),
                }),
                None => self.fail(format!(
                    "a word is missing before {found}; to ask for it as a word, quote it: \"{found}\""
                )),
            },
        }
    }

    fn parentheses(&mut self) -> Result<Node> {
        let opened = self.at + 1;
        self.at += 1;
        self.depth += 1;
        if self.depth > DEEPEST {
            return self
                .fail_at(opened, format!("more than {DEEPEST} parentheses within each other; use fewer"));
        }
        let sum = self.sum()?;
        if self.take(&[')']).is_none() {
            return match self.peek() {
                None => self.fail_at(
                    opened,
                    format!("the open parenthesis at column {opened} is never closed; add ) or remove it"),
                ),
                Some(_) => self.fail("an operator or ) is missing before this"),
            };
        }
        self.depth -= 1;
        Ok(sum)
    }

    fn literal(&mut self) -> Result<Vec<f64>> {
        let opened = self.at + 1;
        self.at += 1;
        let mut values = Vec::new();
        loop {
            self.skip_blanks();
            match self.peek() {
                None => {
                    return self.fail_at(
                        opened,
                        format!("the open bracket at column {opened} is never closed; add ] or remove it"),
                    );
                }
                Some(']') => {
                    self.at += 1;
                    return Ok(values);
                }
                Some(',') if !values.is_empty() => {
                    self.at += 1;
                    self.skip_blanks();
                }
                _ => {}
            }
            let column = self.at + 1;
            let ends = |character: char| character.is_whitespace() || ",]".contains(character);
            let text: String = self.characters[self.at..].iter().take_while(|&&c| !ends(c)).collect();
            match text.parse::<f64>().ok().filter(|value| value.is_finite() && (*value as f32).is_finite()) {
                Some(value) => values.push(value),
                None => {
                    return self.fail_at(
                        column,
                        format!("\"{text}\" is not a number; a vector is written [0.1, -0.2, ...]"),
                    );
                }
            }
            self.at += text.chars().count();
        }
    }

    fn quoted_word(&mut self) -> Result<String> {
        let opened = self.at + 1;
        self.at += 1;
        let mut word = String::new();
        while let Some(character) = self.peek() {
            self.at += 1;
            match character {
                '"' if word.is_empty() => {
                    return self.fail_at(opened, "these quotes are empty; put a word between them");
                }
                '"' => return Ok(word),
                '\\' => match self.peek() {
                    Some(escaped @ ('"' | '\\')) => {
                        self.at += 1;
                        word.push(escaped);
                    }
                    _ => {
                        return self
                            .fail_at(self.at, "after \\ only \" or \\ can follow; write \\\\ for one \\");
                    }
                },
                other => word.push(other),
            }
        }
        self.fail_at(
            opened,
            format!("the quote at column {opened} is never closed; add \" at the end of the word"),
        )
    }

    /// The word in single quotes that begins here. Words may themselves begin with an apostrophe
    /// (`'s`), so that quotes are what ends before a blank, an operator or the end, without an
    /// operator between blanks inside.
    fn single_quoted_word(&mut self) -> Option<String> {
        let rest = &self.characters[self.at + 1..];
        let ends = |character: &char| !is_word_character(*character);
        let length =
            (0..rest.len()).find(|&index| rest[index] == '\'' && rest.get(index + 1).is_none_or(ends))?;
        let inside = &rest[..length];
        let operator = |found: char| "+*/".contains(found) || MINUS.contains(&found);
        let sums = inside
            .windows(3)
            .any(|three| three[0].is_whitespace() && operator(three[1]) && three[2].is_whitespace());
        if inside.is_empty() || sums || inside.contains(&'"') {
            return None;
        }
        let word = inside.iter().collect();
        self.at += length + 2;
        Some(word)
    }

    /// The word that begins here, or `None` where no word begins.
    fn bare_word(&mut self) -> Option<String> {
        let start = self.at;
        while let Some(character) = self.peek() {
            let hyphen = MINUS.contains(&character);
            let inside = hyphen
                && self.at > start
                && self.characters.get(self.at + 1).is_some_and(|&next| is_word_character(next));
            if !(is_word_character(character) || inside) {
                break;
            }
            self.at += 1;
        }
        (self.at > start).then(|| self.characters[start..self.at].iter().collect())
    }
}

pub(super) fn is_word_character(character: char) -> bool {
    !(character.is_whitespace() || MINUS.contains(&character) || "+*/()[]\"".contains(character))
}

/// The number that `text` is: digits first, so that `inf` and `nan` stay words.
fn number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('.').unwrap_or(text);
    let value =
        digits.starts_with(|first: char| first.is_ascii_digit()).then(|| text.parse::<f64>().ok())??;
    value.is_finite().then_some(value)
}
