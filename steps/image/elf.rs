//! What an ELF file says about how it is loaded: who loads it, and under which name.

use std::fs::File;

use object::Endianness;
use object::elf::{DT_SONAME, FileHeader64};
use object::read::elf::{FileHeader as _, ProgramHeader as _};
use object::read::{ReadCache, Result};

type Header = FileHeader64<Endianness>;

/// The loader that a program names; none if it needs no loader.
pub(super) fn interpreter(file: &File) -> Result<Option<String>> {
    let data = ReadCache::new(file);
    let header = Header::parse(&data)?;
    let endian = header.endian()?;
    for segment in header.program_headers(endian, &data)? {
        if let Some(name) = segment.interpreter(endian, &data)? {
            return Ok(Some(String::from_utf8_lossy(name).into_owned()));
        }
    }
    Ok(None)
}

/// The name by which others ask for a library, if it has one.
pub(super) fn soname(file: &File) -> Result<Option<String>> {
    let data = ReadCache::new(file);
    let header = Header::parse(&data)?;
    let endian = header.endian()?;
    let table = header.sections(endian, &data)?.dynamic_table(endian, &data)?;
    for entry in &table {
        if entry.tag == DT_SONAME {
            return Ok(Some(String::from_utf8_lossy(table.string(entry)?).into_owned()));
        }
    }
    Ok(None)
}
