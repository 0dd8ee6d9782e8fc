/** The few fields of a pod that decide how it behaves, read once from its JSON. */

export interface ContainerShape {
  readonly name: string;
  readonly image: string;
  /** A container without a readiness probe is ready as soon as it runs. */
  readonly probed: boolean;
  readonly role: 'init' | 'sidecar' | 'app';
}

export interface PodShape {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly annotations: Readonly<Record<string, unknown>>;
  readonly restartPolicy: 'Always' | 'OnFailure' | 'Never';
  /** Init containers and sidecars first, in the order they start. */
  readonly containers: readonly ContainerShape[];
}

/** Reads a pod's JSON, lenient: what is missing gets the default of Kubernetes. */
export function podShape(pod: unknown): PodShape {
  const { metadata, spec } = record(pod);
  const meta = record(metadata);
  const { restartPolicy, initContainers, containers } = record(spec);
  return {
    name: text(meta.name),
    namespace: text(meta.namespace) || 'default',
    uid: text(meta.uid) || text(meta.name),
    annotations: record(meta.annotations),
    restartPolicy: restartPolicy === 'Never' || restartPolicy === 'OnFailure' ? restartPolicy : 'Always',
    containers: [
      ...list(initContainers).map((container) => containerShape(container, 'init')),
      ...list(containers).map((container) => containerShape(container, 'app')),
    ],
  };
}

function containerShape(value: unknown, place: 'init' | 'app'): ContainerShape {
  const container = record(value);
  const isSidecar = place === 'init' && container.restartPolicy === 'Always';
  return {
    name: text(container.name),
    image: text(container.image),
    probed: container.readinessProbe !== undefined,
    role: isSidecar ? 'sidecar' : place,
  };
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
