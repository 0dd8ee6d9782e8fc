/** One way to the API server for ordinary calls and watches: login, deadline, one retry after a 401, errors by kind. */
import type { Readable } from 'node:stream';
import { type Configuration, createConfiguration, ServerConfiguration, wrapHttpLibrary } from '@kubernetes/client-node';
import { type Dispatcher, request } from 'undici';
import type { Clock } from '../clock.ts';
import { ApiError } from '../domain/api-error.ts';
import { errorOfAnswer, errorOfClosing, errorOfDeadline, errorOfFailure } from './api-errors.ts';
import type { Login } from './credentials.ts';
import { startDeadline } from './deadline.ts';
import type { PluginEnv } from './exec-plugin.ts';
import { headerOf, parseJson, readAnswer, readRefusal } from './http-body.ts';
import type { ClusterAccess } from './kubeconfig.ts';
import { getOf, type Outgoing, outgoingOf, readContext } from './outgoing.ts';
import { createRoutes, type Route } from './route.ts';

export interface ClientSettings {
  readonly userAgent: string;
  /** What a credential plugin inherits. */
  readonly pluginEnv: PluginEnv;
  /** Reads the kubeconfig again, for when nothing gets through; throws a `KubeconfigError`. */
  readonly reload?: () => ClusterAccess;
}

/** One request as it ended, told to `onCall`. */
export interface Call {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** Undefined when there was no answer. */
  readonly status: number | undefined;
  readonly durationMs: number;
  /** What was wrong with the answer, or why there was none; absent when all is well. */
  readonly error?: ApiError;
}

export interface Connection {
  readonly server: string;
  /** For the library's typed API classes: their calls go out through this connection. */
  readonly configuration: Configuration;
  /**
   * GETs JSON without the typed classes.
   *
   * @param path with the query
   * @throws ApiError
   */
  getJson(path: string, signal?: AbortSignal): Promise<unknown>;
  /**
   * Opens a watch and resolves with its body, which the caller destroys.
   *
   * @param signal ends the opening
   * @throws ApiError
   */
  openStream(path: string, signal: AbortSignal): Promise<Readable>;
  /** Called after each request; returns the way to stop that. */
  subscribe(listener: (call: Call) => void): () => void;
  /** Open connections, watches included. */
  readonly connections: number;
  close(): Promise<void>;
}

const READ_DEADLINE_MS = 10_000;
const WRITE_DEADLINE_MS = 30_000;
/** How long a call may wait for a free connection before it is sent: a busy server is not a silent one. */
const QUEUE_DEADLINE_MS = 20_000;

interface Received<T> {
  readonly status: number;
  readonly value: T;
}

type Reader<T> = (asked: string, answer: Dispatcher.ResponseData) => Promise<T>;

/** Opens nothing until the first call. */
export function createConnection(access: ClusterAccess, settings: ClientSettings, clock: Clock): Connection {
  const { userAgent, pluginEnv, reload } = settings;
  const routes = createRoutes({ access, reload, pluginEnv, clock });
  const listeners = new Set<(call: Call) => void>();
  const stopping = new AbortController();
  let lastAnswerAt = Number.NEGATIVE_INFINITY;

  /** Sends once, and once more when the answer is 401 and there are fresh credentials. */
  async function exchange<T>(outgoing: Outgoing, read: Reader<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      if (stopping.signal.aborted) throw errorOfClosing(`${outgoing.method} ${outgoing.path}`);
      const route = routes.current;
      let login: Login | undefined;
      try {
        const received = await told(outgoing, route, async () => {
          login = await route.credentials.current();
          return sendOnce(outgoing, route, login, read);
        });
        return received.value;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        const isRenewed = routes.failed(route, error);
        if (error.code !== 401 || login === undefined || attempt > 1) throw error;
        if (!route.credentials.drop(login) && !isRenewed) throw error;
      }
    }
  }

  async function sendOnce<T>(
    outgoing: Outgoing,
    { base, transport }: Route,
    login: Login,
    read: Reader<T>,
  ): Promise<Received<T>> {
    const asked = `${outgoing.method} ${outgoing.path}`;
    const agents = await transport.agents(login);
    const limitMs = outgoing.method === 'GET' ? READ_DEADLINE_MS : WRITE_DEADLINE_MS;
    const deadline = startDeadline(clock, QUEUE_DEADLINE_MS, signalsOf(outgoing));
    let sentAt = Number.POSITIVE_INFINITY;
    const onSent = () => {
      sentAt = clock.monotonic();
      deadline.restart(limitMs);
    };
    try {
      const answer = await request(`${base}${outgoing.path}${outgoing.query}`, {
        method: outgoing.method,
        headers: { 'user-agent': userAgent, 'accept-encoding': 'identity', ...outgoing.headers, ...login.headers },
        ...(outgoing.body === undefined ? {} : { body: outgoing.body }),
        dispatcher: agents[outgoing.agent].compose(tellingStart(onSent)),
        signal: deadline.signal,
      });
      // The reader of the body meets its errors; without a listener a destroyed body would end the process.
      answer.body.on('error', () => {});
      lastAnswerAt = clock.monotonic();
      if (answer.statusCode < 200 || answer.statusCode > 299) throw await refusal(asked, answer);
      return { status: answer.statusCode, value: await read(asked, answer) };
    } catch (error) {
      if (!deadline.passed) throw errorOfFailure(asked, error);
      // Nobody answered since this call was sent: the connection may be dead though nothing has said so.
      if (lastAnswerAt < sentAt && sentAt < clock.monotonic()) transport.retire(agents);
      throw errorOfDeadline(asked, deadline.ms);
    } finally {
      deadline.cancel();
    }
  }

  async function refusal(asked: string, answer: Dispatcher.ResponseData): Promise<ApiError> {
    const retryAfter = headerOf(answer, 'retry-after');
    const body = await readRefusal(asked, answer);
    return errorOfAnswer(asked, { status: answer.statusCode, retryAfter, body }, clock.now());
  }

  /** Tells the listeners how a request ended, unless we ended it ourselves. */
  async function told<T>(outgoing: Outgoing, route: Route, send: () => Promise<Received<T>>): Promise<Received<T>> {
    const startedAt = clock.monotonic();
    const tell = (status: number | undefined, error?: ApiError) => {
      const { method, path } = outgoing;
      const call = { method, path, status, durationMs: clock.monotonic() - startedAt };
      for (const listener of listeners) listener(error === undefined ? call : { ...call, error });
    };
    try {
      const received = await send();
      tell(received.status);
      return received;
    } catch (error) {
      // What a route met that was left meanwhile says nothing of the present one.
      const ended = route !== routes.current || signalsOf(outgoing).some((signal) => signal.aborted);
      if (error instanceof ApiError && !ended) tell(error.code, error);
      throw error;
    }
  }

  function signalsOf({ signal }: Outgoing): AbortSignal[] {
    return signal === undefined ? [stopping.signal] : [stopping.signal, signal];
  }

  return {
    get server() {
      return routes.current.server;
    },
    configuration: createConfiguration({
      // The address is added when sending; the library only needs something absolute.
      baseServer: new ServerConfiguration('http://api', {}),
      httpApi: wrapHttpLibrary({ send: (context) => exchange(outgoingOf(context), readContext) }),
    }),
    getJson: (path, signal) =>
      exchange({ ...getOf(path, signal), agent: 'calls' }, async (asked, answer) =>
        parseJson(asked, await readAnswer(asked, answer)),
      ),
    openStream: (path, signal) =>
      exchange({ ...getOf(path, signal), agent: 'watches' }, (_asked, answer) => Promise.resolve(answer.body)),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    get connections() {
      return routes.current.transport.connections;
    },
    async close() {
      stopping.abort();
      await routes.close();
    },
  };
}

/** Tells when a request gets its connection; until then it waits in the agent. */
function tellingStart(onStart: () => void): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    const start = handler.onRequestStart?.bind(handler);
    handler.onRequestStart = (controller, context) => {
      onStart();
      start?.(controller, context);
    };
    return dispatch(options, handler);
  };
}
