/** The log: JSON lines for machines, coloured lines for a terminal, and no secret in either. */
import { type Logger, pino } from 'pino';
import { createLineOutput } from './line-output.ts';

export type { Logger } from 'pino';

export interface LogOptions {
  readonly level: string;
  readonly format: 'pretty' | 'json';
  /** For the pretty format. */
  readonly color: boolean;
  /** File descriptor; 1 is standard output. */
  readonly fd: number;
  /**
   * Texts that must not appear in any line, whatever object they come with. One shorter than `MIN_SECRET_LENGTH` is
   * left alone: hiding it would blot out innocent words.
   */
  readonly secrets: readonly string[];
}

const MIN_SECRET_LENGTH = 8;
/** Part of the 5 s in which a stop must be over. */
const FLUSH_MS = 300;

/**
 * A log that writes before it returns: a daemon that is killed has said what it did.
 * When the reader stops reading or goes away, lines are dropped and the work goes on; their number is logged later.
 */
export async function createLog({ level, format, color, fd, secrets }: LogOptions): Promise<Logger> {
  const out = createLineOutput(fd, (count) => {
    const told = (['warn', 'error', 'fatal'] as const).find((each) => log.isLevelEnabled(each)) ?? 'warn';
    log[told]({ dropped: count }, `${count} lines of this log were dropped because nobody read them`);
  });
  const formatted = format === 'pretty' ? await prettyFormat(color) : (line: string) => line;
  const hidden = withoutSecrets(secrets);
  const stream = {
    write: (line: string) => out.write(formatted(hidden(line))),
    flush: (done: () => void) => void out.flush(FLUSH_MS).then(done),
  };
  const log = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, stream);
  return log;
}

/** Resolves when a reader that is only slow has the last lines; for the end of the process. */
export function flushLog(log: Logger): Promise<void> {
  return new Promise((resolve) => log.flush(() => resolve()));
}

/** Loaded only where it is wanted: a daemon under systemd never pays for it. */
async function prettyFormat(colorize: boolean): Promise<(line: string) => string> {
  const { prettyFactory } = await import('pino-pretty');
  // The message says it all; the fields are for machines.
  return prettyFactory({
    colorize,
    hideObject: true,
    errorLikeObjectKeys: ['err'],
    translateTime: 'SYS:HH:MM:ss.l',
  });
}

function withoutSecrets(secrets: readonly string[]): (line: string) => string {
  const hidden = secrets
    .filter((secret) => secret.length >= MIN_SECRET_LENGTH)
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)]);
  return (line) => hidden.reduce((text, secret) => text.replaceAll(secret, '[secret]'), line);
}
