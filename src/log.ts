/** The log: JSON lines for machines, coloured lines for a terminal, and no secret in either. */
import { type DestinationStream, destination, type Logger, pino } from 'pino';

export type { Logger } from 'pino';

export interface LogOptions {
  readonly level: string;
  readonly format: 'pretty' | 'json';
  /** For the pretty format. */
  readonly color: boolean;
  /** File descriptor; 1 is standard output. */
  readonly fd: number;
  /**
   * Texts that must not appear in any line, whatever object they come with. A shorter one than `MIN_SECRET_LENGTH` is not
   * looked for: it would blot out words that are none.
   */
  readonly secrets: readonly string[];
}

const MIN_SECRET_LENGTH = 8;

/**
 * A log that writes before it returns: a daemon that is killed has said what it did.
 * When the reader of standard output goes away, lines are dropped and the work goes on.
 */
export async function createLog({ level, format, color, fd, secrets }: LogOptions): Promise<Logger> {
  const out = destination({ dest: fd, sync: true });
  out.on('error', () => undefined);
  const target = format === 'pretty' ? await prettyStream(out, color) : out;
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, withoutSecrets(target, secrets));
}

/** Loaded only where it is wanted: a daemon under systemd never pays for it. */
async function prettyStream(out: DestinationStream, colorize: boolean): Promise<DestinationStream> {
  const { prettyFactory } = await import('pino-pretty');
  // The message says it all; the fields are for machines.
  const format = prettyFactory({
    colorize,
    hideObject: true,
    errorLikeObjectKeys: ['err'],
    translateTime: 'SYS:HH:MM:ss.l',
  });
  return { write: (line) => out.write(format(line)) };
}

function withoutSecrets(out: DestinationStream, secrets: readonly string[]): DestinationStream {
  const hidden = secrets
    .filter((secret) => secret.length >= MIN_SECRET_LENGTH)
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)]);
  return {
    write(line: string) {
      out.write(hidden.reduce((text, secret) => text.replaceAll(secret, '[secret]'), line));
    },
  };
}
