/** The columns `kubectl get` shows, as the API server's own printers define them. */
import { at, type Fields, fields, items, type KubeObject } from '../objects.ts';
import type { Resource } from '../resources.ts';
import { age } from './ages.ts';
import { podCells } from './pod-table.ts';
import { deploymentCells, eventCells, nodeCells, replicaSetCells, serviceCells } from './table-cells.ts';

export interface Column {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  /** 0 is always shown, 1 only with `-o wide`. */
  readonly priority: number;
}

interface Printer {
  readonly columns: readonly Column[];
  cells(object: KubeObject): readonly unknown[];
}

/** `name`, `name:wide` for `-o wide` only, `name#` for a number, `name@` for a date. */
function column(spec: string): Column {
  const [head = '', wide] = spec.split(':');
  const name = head.replace(/[#@]/, '');
  return {
    name,
    type: head.endsWith('#') ? 'integer' : head.endsWith('@') ? 'date' : 'string',
    format: name === 'Name' ? 'name' : '',
    description: '',
    priority: wide ? 1 : 0,
  };
}

function printer(specs: readonly string[], cells: (object: KubeObject) => readonly unknown[]): Printer {
  return { columns: specs.map(column), cells };
}

const count = (value: unknown): number => Object.keys(fields(value)).length;
const name = (object: KubeObject): string => object.metadata.name;

function limits(hard: Fields, used: Fields, prefix: 'limits.' | ''): string {
  return Object.entries(hard)
    .filter(([entry]) => entry.startsWith('limits.') === (prefix === 'limits.'))
    .map(([entry, limit]) => `${entry}: ${used[entry] ?? 0}/${limit}`)
    .join(', ');
}

function roleOf(binding: KubeObject): string {
  const { kind, name: role } = fields(binding.roleRef);
  return `${kind}/${role}`;
}

function subjectsOf(binding: KubeObject, kind: string): string {
  const subjects = items(binding.subjects).filter((subject) => at(subject, 'kind') === kind);
  return subjects
    .map((subject) => [at(subject, 'namespace'), at(subject, 'name')].filter((part) => part !== undefined).join('/'))
    .join(', ');
}

const BINDINGS = printer(['Name', 'Role', 'Age', 'Users:wide', 'Groups:wide', 'ServiceAccounts:wide'], (object) => [
  name(object),
  roleOf(object),
  age(object.metadata.creationTimestamp),
  ...['User', 'Group', 'ServiceAccount'].map((kind) => subjectsOf(object, kind)),
]);

function endpointsText(object: KubeObject): string {
  const all = items(object.subsets).flatMap((subset) =>
    items(at(subset, 'addresses')).flatMap((address) =>
      items(at(subset, 'ports')).map((port) => `${at(address, 'ip')}:${at(port, 'port')}`),
    ),
  );
  return all.join(',') || '<none>';
}

const PRINTERS: Readonly<Record<Resource, Printer>> = {
  'deployments.apps': printer(
    ['Name', 'Ready', 'Up-to-date', 'Available', 'Age', 'Containers:wide', 'Images:wide', 'Selector:wide'],
    deploymentCells,
  ),
  'replicasets.apps': printer(
    ['Name', 'Desired#', 'Current#', 'Ready#', 'Age', 'Containers:wide', 'Images:wide', 'Selector:wide'],
    replicaSetCells,
  ),
  pods: printer(
    [
      'Name',
      'Ready',
      'Status',
      'Restarts',
      'Age',
      'IP:wide',
      'Node:wide',
      'Nominated Node:wide',
      'Readiness Gates:wide',
    ],
    podCells,
  ),
  namespaces: printer(['Name', 'Status', 'Age'], (object) => [
    name(object),
    fields(object.status).phase ?? 'Active',
    age(object.metadata.creationTimestamp),
  ]),
  events: printer(
    [
      'Last Seen',
      'Type',
      'Reason',
      'Object',
      'Subobject:wide',
      'Source:wide',
      'Message',
      'First Seen:wide',
      'Count:wide',
      'Name:wide',
    ],
    eventCells,
  ),
  nodes: printer(
    [
      'Name',
      'Status',
      'Roles',
      'Age',
      'Version',
      'Internal-IP:wide',
      'External-IP:wide',
      'OS-Image:wide',
      'Kernel-Version:wide',
      'Container-Runtime:wide',
    ],
    nodeCells,
  ),
  services: printer(['Name', 'Type', 'Cluster-IP', 'External-IP', 'Port(s)', 'Age', 'Selector:wide'], serviceCells),
  configmaps: printer(['Name', 'Data', 'Age'], (object) => [
    name(object),
    count(object.data) + count(object.binaryData),
    age(object.metadata.creationTimestamp),
  ]),
  secrets: printer(['Name', 'Type', 'Data', 'Age'], (object) => [
    name(object),
    object.type,
    count(object.data),
    age(object.metadata.creationTimestamp),
  ]),
  serviceaccounts: printer(['Name', 'Age'], (object) => [name(object), age(object.metadata.creationTimestamp)]),
  endpoints: printer(['Name', 'Endpoints', 'Age'], (object) => [
    name(object),
    endpointsText(object),
    age(object.metadata.creationTimestamp),
  ]),
  resourcequotas: printer(['Name', 'Request', 'Limit', 'Age'], (object) => {
    const hard = fields(fields(object.spec).hard);
    const used = fields(fields(object.status).used);
    return [
      name(object),
      limits(hard, used, ''),
      limits(hard, used, 'limits.'),
      age(object.metadata.creationTimestamp),
    ];
  }),
  'leases.coordination.k8s.io': printer(['Name', 'Holder', 'Age'], (object) => [
    name(object),
    fields(object.spec).holderIdentity ?? '',
    age(object.metadata.creationTimestamp),
  ]),
  'rolebindings.rbac.authorization.k8s.io': BINDINGS,
  'clusterrolebindings.rbac.authorization.k8s.io': BINDINGS,
};

const CREATED_AT = printer(['Name', 'Created At@'], (object) => [name(object), object.metadata.creationTimestamp]);

function printerOf(resource: Resource): Printer {
  return PRINTERS[resource === 'events.events.k8s.io' ? 'events' : resource] ?? CREATED_AT;
}

export function columnsOf(resource: Resource): readonly Column[] {
  return printerOf(resource).columns;
}

/** One row; `object` is in its stored form. */
export function tableCells(resource: Resource, object: KubeObject): readonly unknown[] {
  return printerOf(resource).cells(object);
}
