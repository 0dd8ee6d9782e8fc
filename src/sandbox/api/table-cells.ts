/** Rows of the wider tables, cell by cell as the upstream printers write them. */
import { at, fields, items, type KubeObject, number, text } from '../objects.ts';
import { selectorText } from '../selectors.ts';
import { age } from './ages.ts';

type Cells = readonly unknown[];

function containerCells(object: KubeObject): Cells {
  const containers = items(at(object, 'spec', 'template', 'spec', 'containers'));
  return [
    containers.map((container) => text(at(container, 'name'))).join(','),
    containers.map((container) => text(at(container, 'image'))).join(','),
    selectorText(at(object, 'spec', 'selector')),
  ];
}

const statusNumber = (object: KubeObject, field: string): number => number(at(object, 'status', field)) ?? 0;
const desired = (object: KubeObject): number => number(at(object, 'spec', 'replicas')) ?? 0;
const born = (object: KubeObject): string => age(object.metadata.creationTimestamp);

export function deploymentCells(object: KubeObject): Cells {
  return [
    object.metadata.name,
    `${statusNumber(object, 'readyReplicas')}/${desired(object)}`,
    statusNumber(object, 'updatedReplicas'),
    statusNumber(object, 'availableReplicas'),
    born(object),
    ...containerCells(object),
  ];
}

export function replicaSetCells(object: KubeObject): Cells {
  return [
    object.metadata.name,
    desired(object),
    statusNumber(object, 'replicas'),
    statusNumber(object, 'readyReplicas'),
    born(object),
    ...containerCells(object),
  ];
}

export function serviceCells(object: KubeObject): Cells {
  const spec = fields(object.spec);
  const ports = items(spec.ports).map((port) => {
    const { port: number_, nodePort, protocol } = fields(port);
    return `${number_}${nodePort ? `:${nodePort}` : ''}/${protocol ?? 'TCP'}`;
  });
  const selector = Object.entries(fields(spec.selector)).map(([key, value]) => `${key}=${value}`);
  return [
    object.metadata.name,
    spec.type ?? 'ClusterIP',
    spec.clusterIP ?? '<none>',
    items(spec.externalIPs).join(',') || text(spec.externalName) || '<none>',
    ports.join(',') || '<none>',
    born(object),
    selector.sort().join(',') || '<none>',
  ];
}

export function nodeCells(object: KubeObject): Cells {
  const conditions = items(at(object, 'status', 'conditions'));
  const ready = conditions.find((condition) => at(condition, 'type') === 'Ready');
  const status = ready === undefined ? 'Unknown' : at(ready, 'status') === 'True' ? 'Ready' : 'NotReady';
  const unschedulable = at(object, 'spec', 'unschedulable') === true ? ',SchedulingDisabled' : '';
  const rolePrefix = 'node-role.kubernetes.io/';
  const roles = Object.keys(object.metadata.labels ?? {}).filter((label) => label.startsWith(rolePrefix));
  const address = (type: string): unknown =>
    at(
      items(at(object, 'status', 'addresses')).find((entry) => at(entry, 'type') === type),
      'address',
    ) ?? '<none>';
  const info = fields(at(object, 'status', 'nodeInfo'));
  return [
    object.metadata.name,
    `${status}${unschedulable}`,
    roles.map((role) => role.slice(rolePrefix.length)).join(',') || '<none>',
    born(object),
    info.kubeletVersion ?? '',
    address('InternalIP'),
    address('ExternalIP'),
    info.osImage ?? '<unknown>',
    info.kernelVersion ?? '<unknown>',
    info.containerRuntimeVersion ?? '<unknown>',
  ];
}

export function eventCells(object: KubeObject): Cells {
  const { involvedObject, source } = object;
  const kind = (text(at(involvedObject, 'kind')) ?? '').toLowerCase();
  const first = text(object.firstTimestamp) ?? text(object.eventTime);
  const last = text(object.lastTimestamp) ?? text(at(object.series, 'lastObservedTime')) ?? first;
  const sources = [text(at(source, 'component')) ?? text(object.reportingComponent), text(at(source, 'host'))];
  return [
    age(last),
    object.type ?? '',
    object.reason ?? '',
    `${kind}/${text(at(involvedObject, 'name')) ?? ''}`,
    at(involvedObject, 'fieldPath') ?? '',
    sources.filter(Boolean).join(', '),
    (text(object.message) ?? '').trim(),
    age(first),
    number(object.count) ?? 1,
    object.metadata.name,
  ];
}
