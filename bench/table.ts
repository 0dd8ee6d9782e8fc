/** What a section found, as a table: a row per measure, for each cluster the engine beside its floor. */
import type { ClusterKind } from './stage.ts';

export type Unit = 'ms' | 's' | 'MiB' | '%' | '';

export interface Row {
  /** Names the measure; the same on every cluster. */
  readonly measure: string;
  readonly unit: Unit;
  readonly engine: number;
  readonly floor?: number;
  /** The most the engine may have: as a value, or as a multiple of the floor. */
  readonly target?: { readonly atMost: number } | { readonly timesFloor: number };
}

export interface Result {
  readonly rows: readonly Row[];
  /** Further lines of text, below the table. */
  readonly notes?: readonly string[];
  /** What came out wrong: lost, a version nobody asked for, a false verdict. One line each. */
  readonly wrong: readonly string[];
}

export interface ClusterResult {
  readonly cluster: ClusterKind;
  readonly result: Result;
}

/** The lines of a section's table, e.g. for a terminal. */
export function formatTable(
  { title, beside = 'floor' }: { readonly title: string; readonly beside?: string },
  results: readonly ClusterResult[],
): readonly string[] {
  const head = ['', 'target', ...results.flatMap(({ cluster }) => [cluster, beside, 'ratio', ''])];
  const measures = [...new Set(results.flatMap(({ result }) => result.rows.map(({ measure }) => measure)))];
  const body = measures.map((measure) => {
    const rows = results.map(({ result }) => result.rows.find((row) => row.measure === measure));
    const target = rows.find((row) => row !== undefined);
    return [measure, target === undefined ? '' : formatTarget(target), ...rows.flatMap(cells)];
  });
  return [title, ...(body.length === 0 ? [] : aligned([head, ...body])), ...results.flatMap(remarks)];
}

function remarks({ cluster, result }: ClusterResult): readonly string[] {
  return [...(result.notes ?? []), ...result.wrong.map((line) => `WRONG on ${cluster}: ${line}`)];
}

function cells(row: Row | undefined): readonly string[] {
  if (row === undefined) return ['-', '', '', ''];
  const { engine, floor, unit } = row;
  if (floor === undefined) return [formatValue(engine, unit), '-', '', mark(row)];
  const ratio = floor > 0 ? `${(engine / floor).toFixed(1)}x` : '-';
  return [formatValue(engine, unit), formatValue(floor, unit), ratio, mark(row)];
}

function mark(row: Row): string {
  const limit = limitOf(row);
  if (limit === undefined) return '';
  return row.engine <= limit ? 'ok' : 'MISSED';
}

function limitOf({ target, floor = 0 }: Row): number | undefined {
  if (target === undefined) return undefined;
  return 'atMost' in target ? target.atMost : target.timesFloor * floor;
}

function formatTarget({ target, unit }: Row): string {
  if (target === undefined) return '';
  return 'atMost' in target ? `<= ${formatValue(target.atMost, unit)}` : `<= ${target.timesFloor}x`;
}

function formatValue(value: number, unit: Unit): string {
  const digits = unit === '' ? 2 : value < 10 && !Number.isInteger(value) ? 1 : 0;
  const text = Number.isInteger(value) ? String(value) : value.toFixed(unit === 's' ? 2 : digits);
  return unit === '' ? text : `${text} ${unit}`;
}

/** Columns padded to their widest cell: the first to the left, the others to the right. */
function aligned(lines: readonly (readonly string[])[]): readonly string[] {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines.map((line) =>
    line
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

/** The value below which this share (0 to 1) of the samples lies; NaN of none. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}
