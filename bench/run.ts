/**
 * `npm run bench [-- --cluster sandbox|real] [-- <section>...]`: the engine's bundle beside the least a program could
 * do, in one run. Ends with 1 only when a result is wrong; times say "ok" or "MISSED" and are judged by people.
 */
import { availableParallelism, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import * as burst from './sections/burst.ts';
import * as completion from './sections/completion.ts';
import * as latency from './sections/latency.ts';
import * as rest from './sections/rest.ts';
import * as together from './sections/together.ts';
import * as verdicts from './sections/verdicts.ts';
import { type ClusterKind, type Stage, startStage } from './stage.ts';
import { type ClusterResult, formatTable, type Result } from './table.ts';

interface Section {
  readonly title: string;
  /** What the engine stands beside; the floor unless told. */
  readonly beside?: string;
  run(stage: Stage): Promise<Result>;
}

const SECTIONS: Readonly<Record<string, Section>> = { latency, together, completion, rest, burst, verdicts };

const USAGE = `usage: npm run bench -- [--cluster sandbox|real] [section...]
  --cluster sandbox  the cluster in memory (default)
  --cluster real     the same on a real control plane too, printed beside the sandbox's
  sections           ${Object.keys(SECTIONS).join(' ')} (default: all)
`;

interface Wanted {
  readonly clusters: readonly ClusterKind[];
  readonly names: readonly string[];
}

/** Undefined when the arguments make no sense. */
function parse(args: readonly string[]): Wanted | undefined {
  const { values, positionals } = parseArgs({
    args: [...args],
    strict: false,
    options: { cluster: { type: 'string', default: 'sandbox' } },
  });
  const { cluster, ...unknown } = values;
  const names = positionals.length === 0 ? Object.keys(SECTIONS) : positionals;
  if (Object.keys(unknown).length > 0 || names.some((name) => SECTIONS[name] === undefined)) return undefined;
  if (cluster === 'sandbox') return { clusters: ['sandbox'], names };
  return cluster === 'real' ? { clusters: ['sandbox', 'real'], names } : undefined;
}

async function bench(clusters: readonly ClusterKind[], names: readonly string[]): Promise<number> {
  const load = loadavg()[0]?.toFixed(1);
  process.stdout.write(`node ${process.version}, ${availableParallelism()} processors, load before: ${load}\n\n`);
  const found = new Map<string, ClusterResult[]>();
  for (const cluster of clusters) {
    await using stage = await startStage(cluster);
    for (const name of names) {
      const section = SECTIONS[name];
      if (section === undefined) continue;
      const results = [...(found.get(name) ?? []), { cluster, result: await section.run(stage) }];
      found.set(name, results);
      process.stdout.write(`${formatTable(section, results).join('\n')}\n\n`);
    }
  }
  const wrong = [...found.values()].flat().reduce((sum, { result }) => sum + result.wrong.length, 0);
  if (wrong > 0) process.stdout.write(`${wrong} wrong result(s)\n`);
  return wrong === 0 ? 0 : 1;
}

const wanted = parse(process.argv.slice(2));
if (wanted === undefined) process.stderr.write(USAGE);
process.exitCode = wanted === undefined ? 64 : await bench(wanted.clusters, wanted.names);
