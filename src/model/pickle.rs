//! A reader of pickles that runs nothing: values, and what would be called with what. Operations as in Python's
//! `pickletools`, those that `torch.save` writes (protocols 2 to 4).

use std::collections::HashMap;
use std::rc::Rc;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// None, a fraction, or a list or whatever else nobody here asks for.
    Other,
    /// An integer; false is 0 and true is 1.
    Integer(i64),
    /// A text.
    Text(Rc<str>),
    /// A tuple.
    Tuple(Rc<[Item]>),
    /// A dictionary, in its order.
    Dictionary(Vec<(Item, Item)>),
    /// Something by the name of its module and its own.
    Named(Rc<str>, Rc<str>),
    /// What stands outside of the pickle, by a tuple that says where.
    Outside(Rc<[Item]>),
    /// The result of a call that was not made: what, and with what.
    Called(Rc<(Item, Rc<[Item]>)>),
}

/// Values within values deeper than this are refused.
const DEEPEST: usize = 64;

/// The value of the pickle `bytes`, or what is wrong with it and at which byte.
pub fn read(bytes: &[u8]) -> Result<Item, (usize, String)> {
    let mut machine = Machine { bytes, at: 0, stack: Vec::new(), marks: Vec::new(), memo: HashMap::new() };
    loop {
        let at = machine.at;
        match machine.step() {
            Ok(None) => {}
            Ok(Some(value)) => return Ok(value),
            Err(what) => return Err((at, what)),
        }
    }
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Each value and how deep it is.
    stack: Vec<(Item, usize)>,
    marks: Vec<usize>,
    memo: HashMap<u64, (Item, usize)>,
}

impl Machine<'_> {
    fn take(&mut self, count: usize) -> Result<&[u8], String> {
        let end = self.at.checked_add(count).filter(|&end| end <= self.bytes.len());
        let end = end.ok_or("it ends too early")?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    /// A little-endian integer of `count` bytes, at most 8.
    fn number(&mut self, count: usize) -> Result<u64, String> {
        let bytes = self.take(count)?;
        Ok(bytes.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte)))
    }

    fn length(&mut self, count: usize) -> Result<usize, String> {
        let length = self.number(count)?;
        usize::try_from(length).map_err(|_| format!("a length of {length}"))
    }

    fn text(&mut self, count: usize) -> Result<Item, String> {
        Ok(Item::Text(String::from_utf8_lossy(self.take(count)?).into()))
    }

    fn line(&mut self) -> Result<Rc<str>, String> {
        let left = &self.bytes[self.at..];
        let end = left.iter().position(|&byte| byte == b'\n').ok_or("a line without an end")?;
        self.at += end + 1;
        Ok(String::from_utf8_lossy(&left[..end]).into())
    }

    fn push(&mut self, item: Item) {
        self.stack.push((item, 0));
    }

    fn push_deeper(&mut self, item: Item, depth: usize) -> Result<(), String> {
        if depth >= DEEPEST {
            return Err(format!("values within values deeper than {DEEPEST}"));
        }
        self.stack.push((item, depth + 1));
        Ok(())
    }

    fn pop(&mut self) -> Result<(Item, usize), String> {
        let above_mark = self.marks.last().is_none_or(|&mark| self.stack.len() > mark);
        self.stack.pop().filter(|_| above_mark).ok_or_else(|| "a value is missing".to_owned())
    }

    /// What stands behind the last mark, and how deep it is.
    fn marked(&mut self) -> Result<(Vec<Item>, usize), String> {
        let mark = self.marks.pop().ok_or("a mark is missing")?;
        Ok(unzipped(self.stack.split_off(mark.min(self.stack.len()))))
    }

    fn tuple(&mut self, count: usize) -> Result<(), String> {
        let mut items = (0..count).map(|_| self.pop()).collect::<Result<Vec<_>, _>>()?;
        items.reverse();
        let (items, depth) = unzipped(items);
        self.push_deeper(Item::Tuple(items.into()), depth)
    }

    /// Puts pairs into the dictionary below.
    fn set(&mut self, items: Vec<Item>, depth: usize) -> Result<(), String> {
        let (below, own) = self.stack.last_mut().ok_or("a dictionary is missing")?;
        *own = (*own).max(depth + 1);
        if *own > DEEPEST {
            return Err(format!("values within values deeper than {DEEPEST}"));
        }
        if let Item::Dictionary(pairs) = below {
            let mut items = items.into_iter();
            while let (Some(key), Some(value)) = (items.next(), items.next()) {
                pairs.push((key, value));
            }
        }
        Ok(())
    }

    fn remember(&mut self, place: u64) -> Result<(), String> {
        let (top, depth) = self.stack.last().ok_or("a value is missing")?;
        // A container is filled later, and what is remembered of it would not be.
        let kept = match top {
            Item::Dictionary(_) => Item::Other,
            other => other.clone(),
        };
        self.memo.insert(place, (kept, *depth));
        Ok(())
    }

    fn recall(&mut self, place: u64) -> Result<(), String> {
        let kept =
            self.memo.get(&place).cloned().ok_or_else(|| format!("nothing is remembered at {place}"))?;
        self.stack.push(kept);
        Ok(())
    }

    fn call(&mut self) -> Result<(), String> {
        let ((with, deep), (what, deeper)) = (self.pop()?, self.pop()?);
        let Item::Tuple(with) = with else { return Err("a call without a tuple".into()) };
        let is_dictionary = matches!(&what, Item::Named(_, name) if &**name == "OrderedDict");
        match is_dictionary {
            true => self.push(Item::Dictionary(Vec::new())),
            false => self.push_deeper(Item::Called(Rc::new((what, with))), deep.max(deeper))?,
        }
        Ok(())
    }

    /// One operation; the value of the pickle at its end.
    fn step(&mut self) -> Result<Option<Item>, String> {
        let operation = *self.take(1)?.first().ok_or("it ends too early")?;
        match operation {
            b'.' => return Ok(Some(self.pop()?.0)),
            0x80 => _ = self.take(1)?,
            0x95 => _ = self.take(8)?,
            b'(' => self.marks.push(self.stack.len()),
            b'}' => self.push(Item::Dictionary(Vec::new())),
            b']' | b'N' | 0x8f => self.push(Item::Other),
            b')' => self.push(Item::Tuple(Rc::new([]))),
            0x88 => self.push(Item::Integer(1)),
            0x89 => self.push(Item::Integer(0)),
            b'K' => {
                let number = self.number(1)?;
                self.push(Item::Integer(number as i64));
            }
            b'M' => {
                let number = self.number(2)?;
                self.push(Item::Integer(number as i64));
            }
            b'J' => {
                let number = self.number(4)? as u32;
                self.push(Item::Integer(i64::from(number as i32)));
            }
            0x8a => self.long()?,
            b'G' => {
                self.take(8)?;
                self.push(Item::Other);
            }
            b'X' | b'T' => {
                let length = self.length(4)?;
                let text = self.text(length)?;
                self.push(text);
            }
            b'U' | 0x8c => {
                let length = self.length(1)?;
                let text = self.text(length)?;
                self.push(text);
            }
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.push(Item::Named(module, name));
            }
            0x93 => match (self.pop()?.0, self.pop()?.0) {
                (Item::Text(name), Item::Text(module)) => self.push(Item::Named(module, name)),
                _ => return Err("a name that is no text".into()),
            },
            b'q' => {
                let place = self.number(1)?;
                self.remember(place)?;
            }
            b'r' => {
                let place = self.number(4)?;
                self.remember(place)?;
            }
            0x94 => self.remember(self.memo.len() as u64)?,
            b'h' => {
                let place = self.number(1)?;
                self.recall(place)?;
            }
            b'j' => {
                let place = self.number(4)?;
                self.recall(place)?;
            }
            b't' => {
                let (items, depth) = self.marked()?;
                self.push_deeper(Item::Tuple(items.into()), depth)?;
            }
            0x85..=0x87 => self.tuple(usize::from(operation - 0x84))?,
            b'Q' => match self.pop()? {
                (Item::Tuple(place), depth) => self.push_deeper(Item::Outside(place), depth)?,
                _ => return Err("a place outside that is no tuple".into()),
            },
            b'R' | 0x81 => self.call()?,
            b's' => {
                let ((value, deep), (key, deeper)) = (self.pop()?, self.pop()?);
                self.set(vec![key, value], deep.max(deeper))?;
            }
            b'u' => {
                let (items, depth) = self.marked()?;
                self.set(items, depth)?;
            }
            // Lists and states of objects: nobody asks for them.
            b'a' | b'b' => _ = self.pop()?,
            b'e' | b'1' => _ = self.marked()?,
            b'0' => _ = self.pop()?,
            other => return Err(format!("the operation {other:#04x}, which no file of tensors needs")),
        }
        Ok(None)
    }

    /// An integer of any length; those that do not fit are no numbers that anybody asks for.
    fn long(&mut self) -> Result<(), String> {
        let count = self.length(1)?;
        if count > 8 {
            self.take(count)?;
            self.push(Item::Other);
            return Ok(());
        }
        let (number, unused) = (self.number(count)?, 64 - 8 * count as u32);
        let signed = if count == 0 { 0 } else { (number << unused) as i64 >> unused };
        self.push(Item::Integer(signed));
        Ok(())
    }
}

/// The values alone, and how deep the deepest is.
fn unzipped(items: Vec<(Item, usize)>) -> (Vec<Item>, usize) {
    let depth = items.iter().map(|(_, depth)| *depth).max().unwrap_or(0);
    (items.into_iter().map(|(item, _)| item).collect(), depth)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_and_calls_are_not_made() {
        // {"a": (1, -2), "b": os.system("x")}
        let bytes = b"\x80\x02}q\x00(X\x01\x00\x00\x00aK\x01J\xfe\xff\xff\xff\x86X\x01\x00\x00\x00bcos\nsystem\nX\x01\x00\x00\x00x\x85Ru.";
        let Item::Dictionary(pairs) = read(bytes).unwrap() else { panic!("a dictionary") };
        assert_eq!(pairs[0].1, Item::Tuple(Rc::new([Item::Integer(1), Item::Integer(-2)])));
        let Item::Called(call) = &pairs[1].1 else { panic!("a call") };
        assert_eq!(call.0, Item::Named("os".into(), "system".into()));
    }

    #[test]
    fn whatever_is_broken_is_refused() {
        for bytes in [
            &b""[..],
            b".",
            b"(",
            b"u.",
            b"h\x05.",
            b"X\xff\xff\xff\xffab",
            b"cos\n",
            b"\x85",
            b"R.",
            b"\xff",
            b"(\x85.",
        ] {
            assert!(read(bytes).is_err(), "{bytes:?}");
        }
        let deep = [&[b'K', 1][..], &[0x85; 100], b"."].concat();
        assert!(read(&deep).unwrap_err().1.contains("deeper"));
        // Every value is the one before, twice: shared, not copied.
        let twice = [&b"K\x01"[..], &b"q\x00h\x00\x86".repeat(60), b"."].concat();
        assert!(read(&twice).is_ok());
    }

    #[test]
    fn long_integers_have_a_sign() {
        assert_eq!(read(b"\x8a\x01\xff."), Ok(Item::Integer(-1)));
        assert_eq!(read(b"\x8a\x02\x00\x01."), Ok(Item::Integer(256)));
        assert_eq!(read(b"\x8a\x00."), Ok(Item::Integer(0)));
    }
}
