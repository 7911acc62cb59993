#![no_main]

mod file;

file::target!("tokenizer");
