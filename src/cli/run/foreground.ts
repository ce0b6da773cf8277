import { readFileSync } from 'node:fs';
import { isatty } from 'node:tty';

/**
 * Whether keys such as Ctrl-C signal this process. The terminal signals all processes of its foreground group, a
 * command that this process has started among them. A process that only shares a terminal with others, and has none of
 * its standard streams there, is taken for one that signals of other programs end.
 */
export function isInForeground(): boolean {
  if (!STANDARD_STREAMS.some((descriptor) => isatty(descriptor))) return false;
  let stat: string;
  try {
    stat = readFileSync('/proc/self/stat', 'utf8');
  } catch {
    return true; // no Linux
  }
  // proc(5): the name of the program ends at the last ")"; then state, ppid, pgrp, session, tty_nr, tpgid.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[2] === fields[5];
}

const STANDARD_STREAMS = [0, 1, 2];
