#![no_main]

mod file;

file::target!("theme");
