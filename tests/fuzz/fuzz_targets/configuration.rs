#![no_main]

mod file;

file::target!("configuration");
