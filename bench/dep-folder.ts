/** The watched directory, from the side of those who write dep files and read answers. */
import { readdirSync, renameSync, writeFileSync } from 'node:fs';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { preciseNow } from '../test/support/loopback-server.ts';
import type { Service } from './services.ts';

export interface DepFolder {
  readonly path: string;
  /** In place, as `echo` does; epoch ms at which the file was closed. */
  overwrite(service: Service, text: string): number;
  /** By rename, as `mv` does; epoch ms at which it was there. */
  replace(service: Service, text: string): number;
  /** All of them by rename, with nothing between the renames; epoch ms at which the first was there. */
  replaceAll(services: readonly Service[], text: string): number;
  /** As an earlier engine leaves it: `.last` of every one of them holds the version. */
  markConcluded(services: readonly Service[], version: string): void;
  /** How many status files there are. */
  answers(): number;
  /** Whether `.last` holds the version. */
  isConcluded(service: Service, version: string): Promise<boolean>;
  /** Epoch ms at which `.last` was renamed into place. */
  concludedAt(service: Service): Promise<number>;
}

/** A directory with a dep file of this version for each service. */
export async function createDepFolder(path: string, services: readonly Service[], version: string): Promise<DepFolder> {
  await mkdir(path, { recursive: true });
  const depFile = ({ key }: Service) => join(path, `${key}.dep`);
  const lastFile = ({ key }: Service) => join(path, `${key}.last`);
  for (const service of services) writeFileSync(depFile(service), `${version}\n`);

  const prepare = (service: Service, text: string) => {
    const temporary = join(path, `.${service.key}.new`);
    writeFileSync(temporary, text);
    return () => renameSync(temporary, depFile(service));
  };
  const isConcluded = async (service: Service, version: string) =>
    (await readFile(lastFile(service), 'utf8').catch(() => '')) === version;
  return {
    path,
    overwrite: (service, text) => {
      writeFileSync(depFile(service), text);
      return preciseNow();
    },
    replace: (service, text) => {
      prepare(service, text)();
      return preciseNow();
    },
    replaceAll: (services, text) => {
      const moves = services.map((service) => prepare(service, text));
      const startedAt = preciseNow();
      for (const move of moves) move();
      return startedAt;
    },
    markConcluded: (services, version) => {
      for (const service of services) writeFileSync(lastFile(service), version);
    },
    answers: () => readdirSync(path).filter((name) => name.endsWith('.status.json')).length,
    isConcluded,
    concludedAt: async (service) => (await stat(lastFile(service))).ctimeMs,
  };
}
