/** The calls the engine makes, each with typed answers and `ApiError`s. Nothing here retries; the work queue does. */
import { AppsV1Api, AuthorizationV1Api, CoreV1Api, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import type { Clock } from '../clock.ts';
import { ApiError } from '../domain/api-error.ts';
import { FIELD_MANAGER } from '../domain/signature.ts';
import type { Target } from '../domain/target.ts';
import type { DeploymentView, EventView } from '../domain/workload.ts';
import { errorOfNonsense } from './api-errors.ts';
import { type Call, type ClientSettings, type Connection, createConnection } from './connection.ts';
import { type KubeconfigSource, loadClusterAccess } from './kubeconfig.ts';
import { listPages } from './list-pages.ts';
import { parseDeployment, parseEvent, parseIdentity } from './views.ts';

export interface ClusterConfig extends KubeconfigSource, ClientSettings {
  /** Told after every request, watches included. */
  readonly onCall?: (call: Call) => void;
}

/** One operation of a JSON Patch (RFC 6902), of the kinds the engine sends. */
export interface JsonPatchOperation {
  readonly op: 'add' | 'replace' | 'test';
  readonly path: string;
  readonly value: unknown;
}

export interface LogOptions {
  /** The container's run before the present one. */
  readonly previous: boolean;
  /** From the end; without it the log is read from its beginning. */
  readonly tailLines?: number;
  readonly limitBytes: number;
}

/** Every call rejects with an `ApiError`, unless it says otherwise. */
export interface Cluster {
  readonly server: string;
  readonly contextName: string;
  readDeployment(target: Target): Promise<DeploymentView>;
  /** A failed `test` is an `ApiError` of kind `conflict`; what the server will never take is `invalid`. */
  patchDeployment(target: Target, patch: readonly JsonPatchOperation[]): Promise<DeploymentView>;
  /** Whether our account has the right to patch this Deployment; `false` too when that cannot be found out. */
  mayPatch(target: Target): Promise<boolean>;
  readNamespace(name: string): Promise<{ readonly terminating: boolean }>;
  /** One that exists already is fine. */
  createNamespace(name: string): Promise<void>;
  /** Events about these objects, oldest first. One call for each object. */
  listEvents(namespace: string, uids: readonly string[]): Promise<readonly EventView[]>;
  /** The last lines of a container's log, oldest first. */
  readLogs(namespace: string, pod: string, container: string, options: LogOptions): Promise<readonly string[]>;
  readonly connection: Connection;
  /** Open connections. */
  readonly connections: number;
  close(): Promise<void>;
}

/**
 * Reads the kubeconfig; no network.
 *
 * @throws KubeconfigError that lists what is wrong with it
 */
export function loadCluster(config: ClusterConfig, clock: Clock): Cluster {
  const access = loadClusterAccess(config);
  const { contextName } = access;
  // The context of the start: somebody who works with the same file may have chosen another one since.
  const reload = () => loadClusterAccess({ ...config, context: contextName });
  const connection = createConnection(access, { ...config, reload }, clock);
  if (config.onCall !== undefined) connection.subscribe(config.onCall);
  return {
    get server() {
      return connection.server;
    },
    contextName,
    ...createDeploymentCalls(connection),
    ...createNamespaceCalls(connection),
    ...createEvidenceCalls(connection),
    connection,
    get connections() {
      return connection.connections;
    },
    close: () => connection.close(),
  };
}

function createDeploymentCalls(
  connection: Connection,
): Pick<Cluster, 'readDeployment' | 'patchDeployment' | 'mayPatch'> {
  const apps = new AppsV1Api(connection.configuration);
  const authorization = new AuthorizationV1Api(connection.configuration);
  return {
    async readDeployment({ service, namespace }) {
      const parameters = { name: pathPart(service), namespace: pathPart(namespace) };
      const asked = `read Deployment ${service}/${namespace}`;
      return parsed(asked, await called(asked, apps.readNamespacedDeployment(parameters)), parseDeployment);
    },
    async patchDeployment({ service, namespace }, patch) {
      const parameters = {
        name: pathPart(service),
        namespace: pathPart(namespace),
        fieldManager: FIELD_MANAGER,
        body: patch,
      };
      const asked = `patch Deployment ${service}/${namespace}`;
      const options = setHeaderOptions('Content-Type', PatchStrategy.JsonPatch);
      return parsed(asked, await called(asked, apps.patchNamespacedDeployment(parameters, options)), parseDeployment);
    },
    async mayPatch({ service, namespace }) {
      const resourceAttributes = { group: 'apps', resource: 'deployments', verb: 'patch', name: service, namespace };
      const body = { spec: { resourceAttributes } };
      try {
        const review = await called('review access', authorization.createSelfSubjectAccessReview({ body }));
        return review.status?.allowed === true;
      } catch (error) {
        if (error instanceof ApiError) return false;
        throw error;
      }
    },
  };
}

function createNamespaceCalls(connection: Connection): Pick<Cluster, 'readNamespace' | 'createNamespace'> {
  const core = new CoreV1Api(connection.configuration);
  return {
    async readNamespace(name) {
      const asked = `read Namespace ${name}`;
      const namespace = await called(asked, core.readNamespace({ name: pathPart(name) }));
      parsed(asked, namespace, parseIdentity);
      return { terminating: namespace.status?.phase === 'Terminating' };
    },
    async createNamespace(name) {
      const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: pathPart(name) } };
      try {
        await called(`create Namespace ${name}`, core.createNamespace({ body, fieldManager: FIELD_MANAGER }));
      } catch (error) {
        // Somebody was faster: two services may arrive for one new namespace.
        if (!(error instanceof ApiError) || error.kind !== 'already-exists') throw error;
      }
    },
  };
}

function createEvidenceCalls(connection: Connection): Pick<Cluster, 'listEvents' | 'readLogs'> {
  const core = new CoreV1Api(connection.configuration);
  return {
    async listEvents(namespace, uids) {
      const path = `/api/v1/namespaces/${pathPart(namespace)}/events`;
      const events: EventView[] = [];
      const add = (item: unknown) => {
        const event = parseEvent(item);
        if (event !== undefined) events.push(event);
      };
      // One list for each: a selector knows no "or", and a namespace may hold any number of events of others.
      await Promise.all(
        uids.map((uid) => listPages(connection, path, add, { fieldSelector: `involvedObject.uid=${uid}` })),
      );
      return events.sort((a, b) => a.lastAt - b.lastAt);
    },
    async readLogs(namespace, pod, container, options) {
      const parameters = { name: pathPart(pod), namespace: pathPart(namespace), container, ...options };
      const asked = `read the log of ${pod}/${namespace}, container ${container}`;
      const text: unknown = await called(asked, core.readNamespacedPodLog(parameters));
      return typeof text === 'string' ? text.split('\n').filter((line) => line !== '') : [];
    },
  };
}

/** What the library throws after the answer came is about the answer: not JSON, or cut off. */
async function called<T>(asked: string, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw errorOfNonsense(asked, 'the answer cannot be read', error);
  }
}

function parsed<T>(asked: string, value: unknown, parse: (value: unknown) => T | undefined): T {
  const view = parse(value);
  if (view === undefined) throw errorOfNonsense(asked, 'the answer is not such an object');
  return view;
}

/** Names were checked when the dep file was read; one with a slash or dots here would reach another resource. */
function pathPart(name: string): string {
  if (!/^[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?$/.test(name) || name.includes('..')) {
    throw new Error(`not the name of a Kubernetes object: ${JSON.stringify(name)}`);
  }
  return name;
}
