/**
 * Launcher of a program that permission bits are to count for: root passes over them, so as root the program goes
 * without its privileges, and is the owner of the files of the test all the same.
 */
export const HELD_TO_PERMISSIONS: readonly string[] =
  process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-all'] : [];
