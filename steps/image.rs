//! `faultless image`: an OCI archive of this very program, made without a container engine and
//! without root. `layout` and `root_fs` say what is in it, the others read and write files.

mod archive;
mod digest;
mod elf;
mod image;
mod layer;
mod layout;
mod loaded;
mod root_fs;

pub(crate) use self::image::image;
