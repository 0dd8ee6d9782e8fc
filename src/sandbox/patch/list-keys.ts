/**
 * Which lists merge by key and which maps are one value, for strategic merge patch and server-side apply.
 * The keys are those of the upstream OpenAPI document (`x-kubernetes-patch-merge-key`, `x-kubernetes-list-map-keys`,
 * `x-kubernetes-map-type`).
 */

/** Field names from the root; entries of lists add no step. */
export type FieldPath = readonly string[];

export type ListRule =
  | { readonly kind: 'map'; readonly patchKey: string; readonly applyKeys: readonly string[] }
  | { readonly kind: 'set' }
  | { readonly kind: 'atomic' };

const BY_NAME: ListRule = { kind: 'map', patchKey: 'name', applyKeys: ['name'] };
const ATOMIC: ListRule = { kind: 'atomic' };
const CONTAINER_PORTS: ListRule = { kind: 'map', patchKey: 'containerPort', applyKeys: ['containerPort', 'protocol'] };
const SERVICE_PORTS: ListRule = { kind: 'map', patchKey: 'port', applyKeys: ['port', 'protocol'] };

const RULES: ReadonlyMap<string, ListRule> = new Map<string, ListRule>([
  ['containers', BY_NAME],
  ['initContainers', BY_NAME],
  ['ephemeralContainers', BY_NAME],
  ['env', BY_NAME],
  ['volumes', BY_NAME],
  ['imagePullSecrets', BY_NAME],
  ['secrets', BY_NAME],
  ['resourceClaims', BY_NAME],
  ['schedulingGates', BY_NAME],
  ['volumeMounts', { kind: 'map', patchKey: 'mountPath', applyKeys: ['mountPath'] }],
  ['volumeDevices', { kind: 'map', patchKey: 'devicePath', applyKeys: ['devicePath'] }],
  ['hostAliases', { kind: 'map', patchKey: 'ip', applyKeys: ['ip'] }],
  ['podIPs', { kind: 'map', patchKey: 'ip', applyKeys: ['ip'] }],
  ['conditions', { kind: 'map', patchKey: 'type', applyKeys: ['type'] }],
  ['addresses', { kind: 'map', patchKey: 'type', applyKeys: ['type'] }],
  ['taints', { kind: 'map', patchKey: 'key', applyKeys: ['key', 'effect'] }],
  [
    'topologySpreadConstraints',
    { kind: 'map', patchKey: 'topologyKey', applyKeys: ['topologyKey', 'whenUnsatisfiable'] },
  ],
  ['ownerReferences', { kind: 'map', patchKey: 'uid', applyKeys: ['uid'] }],
  ['finalizers', { kind: 'set' }],
]);

const ATOMIC_MAPS: ReadonlySet<string> = new Set([
  'selector',
  'labelSelector',
  'namespaceSelector',
  'nodeSelector',
  'configMapKeyRef',
  'secretKeyRef',
  'fieldRef',
  'resourceFieldRef',
  'nodeSelectorTerms',
  'claimRef',
  'roleRef',
  'involvedObject',
  'configMapRef',
  'secretRef',
]);

/** How the list at this path merges. */
export function listRule(path: FieldPath): ListRule {
  const field = path.at(-1) ?? '';
  if (field !== 'ports') return RULES.get(field) ?? ATOMIC;
  const parent = path.at(-2) ?? '';
  if (parent === 'spec') return SERVICE_PORTS;
  return /[cC]ontainers$/.test(parent) ? CONTAINER_PORTS : ATOMIC;
}

/** Whether the map at this path has one owner and is replaced as a whole by server-side apply. */
export function isAtomicMap(path: FieldPath): boolean {
  return ATOMIC_MAPS.has(path.at(-1) ?? '');
}

/** The value of a key field that may be left out. */
export function keyDefault(key: string): string | undefined {
  return key === 'protocol' ? 'TCP' : undefined;
}
