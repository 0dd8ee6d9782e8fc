/**
 * What must not outlive the test process: child processes and folders. A tiny shell, in a session of its own, holds a
 * pipe to this process; when the pipe ends, however this process died, it kills and removes whatever is still held.
 */
import { type ChildProcess, spawn } from 'node:child_process';

/**
 * awk keeps the list until the pipe ends; only then is anything done. Processes come first (`sort -r`), and a folder is
 * removed again for as long as a dying process still writes to it. A pid is the leader of its own process group.
 */
const CARETAKER = `
trap '' INT HUP TERM
awk '/^hold /{ held[substr($0, 6)] } /^drop /{ delete held[substr($0, 6)] } END { for (what in held) print what }' |
sort -r | while read -r kind what; do
  case $kind in
    process) kill -9 "-$what" ;;
    folder) tries=50; until rm -rf -- "$what" || [ $((tries -= 1)) -le 0 ]; do sleep 0.1; done ;;
  esac
done 2>/dev/null
`;

let caretaker: ChildProcess | undefined;

function tell(line: string): void {
  caretaker ??= startCaretaker();
  caretaker.stdin?.write(`${line}\n`);
}

function startCaretaker(): ChildProcess {
  const child = spawn('sh', ['-c', CARETAKER], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  child.unref();
  // A socket, though typed as a plain stream: it must not keep this process alive.
  if (child.stdin !== null && 'unref' in child.stdin && typeof child.stdin.unref === 'function') child.stdin.unref();
  return child;
}

function hold(what: string): () => void {
  tell(`hold ${what}`);
  return () => tell(`drop ${what}`);
}

/**
 * The process group led by `pid` (spawned with `detached: true`) is killed should this process die.
 * Call the returned function once it has exited: pids are used again.
 */
export function killIfOrphaned(pid: number): () => void {
  return hold(`process ${pid}`);
}

/** The folder is removed should this process die; call the returned function once it is gone. */
export function removeIfOrphaned(folder: string): () => void {
  return hold(`folder ${folder}`);
}
