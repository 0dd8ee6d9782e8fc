/** RFC 6902 and RFC 7386, with the upstream server's answers to what cannot be applied. */
import { ApiStatus, badRequest } from '../api-status.ts';
import { at, type Fields, isFields, items, sameJson, text } from '../objects.ts';

/** 422 without causes: how the server tells an inapplicable patch from an invalid object. */
function inapplicable(): ApiStatus {
  return new ApiStatus(422, 'Invalid', 'the server rejected our request due to an error in our request', {});
}

interface Operation {
  readonly op: string;
  readonly path: readonly string[];
  readonly from: readonly string[];
  readonly value: unknown;
}

function parsePointer(pointer: unknown): readonly string[] {
  const value = text(pointer) ?? '';
  if (value === '') return [];
  if (!value.startsWith('/')) throw inapplicable();
  return value
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function parseOperations(patch: unknown): readonly Operation[] {
  if (!Array.isArray(patch)) throw badRequest('error decoding patch: expected an array of operations');
  if (patch.length > 10_000) {
    throw new ApiStatus(
      413,
      'RequestEntityTooLarge',
      'Request entity too large: The allowed maximum operations in a JSON patch is 10000',
    );
  }
  return items(patch).map((operation) => ({
    op: text(at(operation, 'op')) ?? '',
    path: parsePointer(at(operation, 'path')),
    from: parsePointer(at(operation, 'from')),
    value: at(operation, 'value'),
  }));
}

/** A place in an array; a negative one counts from the end, as upstream's library has it. */
function indexOf(step: string, length: number, inserting: boolean): number {
  if (inserting && step === '-') return length;
  if (!/^-?\d+$/.test(step)) throw inapplicable();
  const places = inserting ? length + 1 : length;
  const index = Number(step) < 0 ? Number(step) + places : Number(step);
  if (index < 0 || index >= places) throw inapplicable();
  return index;
}

/** The value at the path; undefined when the last key is missing, 422 when an earlier one or an index is. */
function read(document: unknown, path: readonly string[]): unknown {
  let current = document;
  path.forEach((step, depth) => {
    const last = depth === path.length - 1;
    if (Array.isArray(current)) {
      current = items(current)[indexOf(step, current.length, false)];
    } else if (isFields(current)) {
      if (!last && current[step] === undefined) throw inapplicable();
      current = current[step];
    } else {
      throw inapplicable();
    }
  });
  return current;
}

/** Rebuilds the containers along the path with `change` applied to the innermost one. */
function rewrite(
  document: unknown,
  path: readonly string[],
  change: (container: unknown, step: string) => unknown,
): unknown {
  const [step, ...rest] = path;
  if (step === undefined) throw inapplicable();
  if (rest.length === 0) return change(document, step);
  if (Array.isArray(document)) {
    const index = indexOf(step, document.length, false);
    return items(document).with(index, rewrite(items(document)[index], rest, change));
  }
  if (!isFields(document) || document[step] === undefined) throw inapplicable();
  return { ...document, [step]: rewrite(document[step], rest, change) };
}

function add(document: unknown, path: readonly string[], value: unknown): unknown {
  if (path.length === 0) return value;
  return rewrite(document, path, (container, step) => {
    if (Array.isArray(container)) return items(container).toSpliced(indexOf(step, container.length, true), 0, value);
    if (!isFields(container)) throw inapplicable();
    return { ...container, [step]: value };
  });
}

function remove(document: unknown, path: readonly string[]): unknown {
  return rewrite(document, path, (container, step) => {
    if (Array.isArray(container)) return items(container).toSpliced(indexOf(step, container.length, false), 1);
    if (!isFields(container) || container[step] === undefined) throw inapplicable();
    const { [step]: _, ...rest } = container;
    return rest;
  });
}

function replace(document: unknown, path: readonly string[], value: unknown): unknown {
  if (path.length === 0) return value;
  return rewrite(document, path, (container, step) => {
    if (Array.isArray(container)) return items(container).with(indexOf(step, container.length, false), value);
    if (!isFields(container) || container[step] === undefined) throw inapplicable();
    return { ...container, [step]: value };
  });
}

function existing(document: unknown, path: readonly string[]): unknown {
  const value = read(document, path);
  if (value === undefined) throw inapplicable();
  return value;
}

function applyOperation(document: unknown, { op, path, from, value }: Operation): unknown {
  switch (op) {
    case 'add':
      return add(document, path, value);
    case 'remove':
      return remove(document, path);
    case 'replace':
      return replace(document, path, value);
    case 'move':
      return add(remove(document, from), path, existing(document, from));
    case 'copy':
      return add(document, path, existing(document, from));
    case 'test':
      // A missing value equals null, as upstream's library has it.
      if (!sameJson(read(document, path) ?? null, value ?? null)) throw inapplicable();
      return document;
    default:
      throw inapplicable();
  }
}

/** Applies every operation or none; throws ApiStatus 422 without causes when one cannot be applied, 400 when malformed. */
export function applyJsonPatch(document: unknown, patch: unknown): unknown {
  return parseOperations(patch).reduce(applyOperation, document);
}

/** Applies a merge patch: null removes, objects merge, everything else replaces. */
export function applyMergePatch(document: unknown, patch: unknown): unknown {
  if (!isFields(patch)) return patch;
  const merged: Record<string, unknown> = { ...(isFields(document) ? document : {}) };
  for (const [key, value] of Object.entries<Fields[string]>(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = applyMergePatch(merged[key], value);
  }
  return merged;
}
