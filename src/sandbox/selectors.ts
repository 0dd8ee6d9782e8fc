/** Label and field selectors, as query parameters and as `spec.selector` write them. */
import { badRequest } from './api-status.ts';
import { at, type Fields, fields, items, type KubeObject, text } from './objects.ts';
import type { Resource } from './resources.ts';

export type Labels = Readonly<Record<string, string>>;

export interface LabelSelector {
  /** The equality part, for the store's index. */
  readonly matchLabels: Labels;
  /** The whole selector. */
  matches(labels: Labels): boolean;
}

type Requirement =
  | { readonly kind: 'in' | 'notin'; readonly key: string; readonly values: readonly string[] }
  | { readonly kind: 'exists' | 'missing'; readonly key: string };

function satisfies(labels: Labels, requirement: Requirement): boolean {
  const value = labels[requirement.key];
  switch (requirement.kind) {
    case 'in':
      return value !== undefined && requirement.values.includes(value);
    case 'notin':
      return value === undefined || !requirement.values.includes(value);
    case 'exists':
      return value !== undefined;
    case 'missing':
      return value === undefined;
    default:
      return requirement satisfies never;
  }
}

function selectorOf(requirements: readonly Requirement[]): LabelSelector {
  const matchLabels: Record<string, string> = {};
  for (const requirement of requirements) {
    const [only, second] = requirement.kind === 'in' ? requirement.values : [];
    if (only !== undefined && second === undefined) matchLabels[requirement.key] = only;
  }
  return {
    matchLabels,
    matches: (labels) => requirements.every((requirement) => satisfies(labels, requirement)),
  };
}

const KEY_PATTERN = '[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9])?';
const SET_BASED = new RegExp(`^(${KEY_PATTERN})\\s+(in|notin)\\s*\\(([^()]*)\\)$`);
const EQUALITY = new RegExp(`^(${KEY_PATTERN})\\s*(==|=|!=)\\s*([A-Za-z0-9._-]*)$`);
const EXISTENCE = new RegExp(`^(!?)\\s*(${KEY_PATTERN})$`);

function parseRequirement(part: string): Requirement {
  const set = SET_BASED.exec(part);
  if (set?.[1] && set[4] !== undefined) {
    const values = set[4].split(',').map((value) => value.trim());
    return { kind: set[3] === 'in' ? 'in' : 'notin', key: set[1], values };
  }
  const equal = EQUALITY.exec(part);
  if (equal?.[1] && equal[4] !== undefined) {
    return { kind: equal[3] === '!=' ? 'notin' : 'in', key: equal[1], values: [equal[4]] };
  }
  const exists = EXISTENCE.exec(part);
  if (exists?.[2]) return { kind: exists[1] === '!' ? 'missing' : 'exists', key: exists[2] };
  throw badRequest(`unable to parse requirement: found '${part}', expected a label requirement`);
}

/** Parses `app=web,tier in (a, b),!legacy`; throws ApiStatus 400 on anything else. */
export function parseLabelSelector(selector: string): LabelSelector {
  const parts = selector.split(/,(?![^(]*\))/).map((part) => part.trim());
  return selectorOf(parts.filter((part) => part !== '').map(parseRequirement));
}

const OPERATORS: Readonly<Record<string, Requirement['kind']>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: 'missing',
};

/** The selector of an object, `{ matchLabels, matchExpressions }`; an empty one matches everything. */
export function labelSelectorOf(selector: unknown): LabelSelector {
  const requirements: Requirement[] = Object.entries(fields(at(selector, 'matchLabels'))).map(([key, value]) => ({
    kind: 'in',
    key,
    values: [String(value)],
  }));
  for (const expression of items(at(selector, 'matchExpressions'))) {
    const kind = OPERATORS[text(at(expression, 'operator')) ?? ''] ?? 'exists';
    const key = text(at(expression, 'key')) ?? '';
    const values = items(at(expression, 'values')).map(String);
    requirements.push(kind === 'in' || kind === 'notin' ? { kind, key, values } : { kind, key });
  }
  return selectorOf(requirements);
}

type FieldReader = (object: KubeObject) => unknown;

const path =
  (...steps: readonly string[]): FieldReader =>
  (object) =>
    at(object, ...steps);

const METADATA_FIELDS: Readonly<Record<string, FieldReader>> = {
  'metadata.name': path('metadata', 'name'),
  'metadata.namespace': path('metadata', 'namespace'),
};

const EVENT_FIELDS = Object.fromEntries(
  ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].flatMap((field) => [
    [`involvedObject.${field}`, path('involvedObject', field)],
    [`regarding.${field}`, path('involvedObject', field)],
  ]),
);

/** The fields each resource can be selected by, as upstream declares them. */
const SELECTABLE_FIELDS: Readonly<Record<Resource, Readonly<Record<string, FieldReader>>>> = {
  pods: {
    'spec.nodeName': path('spec', 'nodeName'),
    'spec.restartPolicy': path('spec', 'restartPolicy'),
    'spec.schedulerName': path('spec', 'schedulerName'),
    'spec.serviceAccountName': path('spec', 'serviceAccountName'),
    'spec.hostNetwork': (object) => String(at(object, 'spec', 'hostNetwork') ?? false),
    'status.phase': path('status', 'phase'),
    'status.podIP': path('status', 'podIP'),
    'status.nominatedNodeName': path('status', 'nominatedNodeName'),
  },
  namespaces: { 'status.phase': path('status', 'phase') },
  nodes: { 'spec.unschedulable': (object) => String(at(object, 'spec', 'unschedulable') ?? false) },
  replicasets: {},
  'replicasets.apps': { 'status.replicas': (object) => String(at(object, 'status', 'replicas') ?? 0) },
  secrets: { type: path('type') },
  services: { 'spec.clusterIP': path('spec', 'clusterIP'), 'spec.type': path('spec', 'type') },
  events: {
    ...EVENT_FIELDS,
    reason: path('reason'),
    type: path('type'),
    source: path('source', 'component'),
    reportingComponent: path('reportingComponent'),
  },
};

export interface FieldSelector {
  /** The name asked for, when the selector pins one: lets a list be a lookup. */
  readonly name: string | undefined;
  matches(object: KubeObject): boolean;
}

/** Parses `metadata.name=web,status.phase!=Running`; throws ApiStatus 400 on a field the resource cannot be selected by. */
export function parseFieldSelector(resource: Resource, selector: string): FieldSelector {
  const known: Readonly<Record<string, FieldReader>> = { ...METADATA_FIELDS, ...SELECTABLE_FIELDS[resource] };
  const terms = selector
    .split(',')
    .filter((part) => part !== '')
    .map((part) => {
      const match = /^([^=!]+?)(==|=|!=)(.*)$/.exec(part);
      if (!match?.[1] || match[3] === undefined) throw badRequest(`invalid field selector: '${part}'`);
      const read = known[match[1]];
      if (!read) throw badRequest(`field label not supported: ${match[1]}`);
      return { field: match[1], read, value: match[3], equal: match[2] !== '!=' };
    });
  return {
    name: terms.find((term) => term.field === 'metadata.name' && term.equal)?.value,
    matches: (object) => terms.every(({ read, value, equal }) => (String(read(object) ?? '') === value) === equal),
  };
}

/** `app=web,tier=a`, as Tables and `scale.status.selector` print a selector. */
export function selectorText(selector: unknown): string {
  const equal = Object.entries(fields(at(selector, 'matchLabels'))).map(([key, value]) => `${key}=${value}`);
  const expressions = items(at(selector, 'matchExpressions')).map((expression) => expressionText(fields(expression)));
  const all = [...equal.sort(), ...expressions];
  return all.length > 0 ? all.join(',') : '<none>';
}

function expressionText(expression: Fields): string {
  const key = text(expression.key) ?? '';
  const values = items(expression.values).join(',');
  switch (expression.operator) {
    case 'In':
      return `${key} in (${values})`;
    case 'NotIn':
      return `${key} notin (${values})`;
    case 'DoesNotExist':
      return `!${key}`;
    default:
      return key;
  }
}
