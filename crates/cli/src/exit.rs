//! What `rectify` exits with. Scripts rely on it: a code never changes its meaning.

/// Done; where something was judged, nothing is wrong.
pub(crate) const FINE: u8 = 0;
/// A bug in rectify.
pub(crate) const BUG: u8 = 1;
/// Wrong arguments, or input that could not be read.
pub(crate) const USAGE: u8 = 2;
/// Judged, and a breach was found: a policy is public, or foreign accounts may use it.
pub(crate) const BREACH: u8 = 3;
/// Something was not put back, or not proven: by the sandbox's story, or by an undo.
pub(crate) const UNPROVEN: u8 = 4;
/// Nothing was done: refused by rectify or by the person who was asked. An undo: something else has changed the resource.
pub(crate) const REFUSED: u8 = 5;
/// Something of the deployment does not work: by the doctor.
pub(crate) const UNWELL: u8 = 6;
/// Not everything that was named could be read: by a replay. What could be was.
pub(crate) const INCOMPLETE: u8 = 7;
/// The machine lacks something: a free port, a program, a file that has to be built first.
pub(crate) const MACHINE: u8 = 10;
/// AWS refused, or could not be reached; or not everything that was asked for could be done there.
pub(crate) const AWS: u8 = 11;
/// Stopped by Ctrl-C before the end (128 and the signal's number, as shells have it).
pub(crate) const STOPPED: u8 = 130;

/// The codes, as `--help` says them.
pub(crate) const HELP: &str = "\
Exit codes:
  0   done; where something was judged, nothing is wrong
  1   a bug in rectify
  2   wrong arguments, or input that could not be read
  3   judged, and a breach was found
  4   something was not put back, or not proven
  5   nothing was done: refused (an undo: something else has changed the resource since)
  6   something of the deployment does not work (doctor)
  7   not everything could be read (replay); what could be was
  10  the machine lacks something (a free port, a program, a file to be built first)
  11  AWS refused or could not be reached
  130 stopped before the end";
