/** Versions whose containers end though they should run. */
import { type Story, untilTold, write } from './story.ts';

const LONG_LOG = Array.from({ length: 80 }, (_, index) => `line ${index + 1}`).join('|');

export const crashStories: readonly Story[] = [
  {
    name: 'a crash loop fails after its grace, with the line of the log that says why',
    deployment: { replicas: 2 },
    steps: [write('1.26.0-broken')],
    tells: [
      '1.26.0-broken failed after <time>: container app exits 1 (<n> restarts): "Error: DATABASE_URL is not set"',
    ],
    bound: { restartsAtMost: 3, availableAtLeast: 2, beforeDeadline: true },
    evidence: [
      /^event BackOff/m,
      /^log of \S+, container app, the run before:\n {2}starting$/m,
      /^ {2}Error: DATABASE_URL is not set$/m,
      /^try: kubectl logs \S+ -c app -n \S+ --previous$/m,
    ],
  },
  {
    name: 'the exit code is told',
    deployment: { behaviour: 'crash exit=3 log="usage: server PORT"', untilAvailable: false },
    steps: [write('1.26.0')],
    tells: ['1.26.0 failed after <time>: container app exits 3 (<n> restarts): "usage: server PORT"'],
    bound: { restartsAtMost: 3 },
  },
  {
    name: 'a container that ends well over and over fails too',
    deployment: { behaviour: 'crash exit=0 log="nothing to do"', untilAvailable: false },
    steps: [write('1.26.0')],
    tells: ['1.26.0 failed after <time>: container app exits 0 (<n> restarts): "nothing to do"'],
    bound: { restartsAtMost: 3 },
  },
  {
    name: 'a signal is named',
    deployment: { behaviour: 'crash exit=139 log="loading"', untilAvailable: false },
    steps: [write('1.26.0')],
    tells: ['1.26.0 failed after <time>: container app exits 139 (signal 11) (<n> restarts): "loading"'],
  },
  {
    name: 'a container killed for its memory is told with its limit',
    deployment: {
      behaviour: 'oom',
      app: { resources: { limits: { memory: '64Mi' } }, readinessProbe: { tcpSocket: { port: 8080 } } },
      untilAvailable: false,
    },
    engine: 'strict',
    steps: [write('1.26.0')],
    tells: [
      '1.26.0 failed after <time>: container app was killed for its memory (OOMKilled at its limit of 64Mi) (<n> restarts): "loading the index into memory"',
    ],
    bound: { restartsAtMost: 3 },
  },
  {
    name: 'a container without a limit can be killed for its memory too',
    deployment: { behaviour: 'oom after=0s', untilAvailable: false },
    steps: [write('1.26.0')],
    tells: [
      '1.26.0 failed after <time>: container app was killed for its memory (OOMKilled) (<n> restarts): "loading the index into memory"',
    ],
  },
  {
    name: 'a command that does not exist is told as a start that fails',
    deployment: { behaviour: 'start-error message="exec: no such file or directory"', untilAvailable: false },
    steps: [write('1.26.0')],
    tells: [
      '1.26.0 failed after <time>: container app cannot start (exit 128: exec: no such file or directory) (<n> restarts)',
    ],
  },
  {
    name: 'an init container that crashes is named as one',
    deployment: {
      pod: { initContainers: [{ name: 'migrate', image: 'migrate:1' }] },
      behaviour: 'init-crash exit=2 log="migration 7 failed"',
      untilAvailable: false,
    },
    steps: [write('1.26.0')],
    tells: ['1.26.0 failed after <time>: init container migrate exits 2 (<n> restarts): "migration 7 failed"'],
    evidence: [/^try: kubectl logs \S+ -c migrate /m],
  },
  {
    name: 'an init container that crashes once and then does its work is not a failure',
    deployment: {
      pod: { initContainers: [{ name: 'migrate', image: 'migrate:1' }] },
      behaviour: 'init-crash times=1',
      untilAvailable: false,
    },
    engine: 'patient',
    steps: [write('1.26.0')],
    tells: ['1.26.0 succeeded after <time>'],
  },
  {
    name: 'a sidecar that crashes fails the version though its own container runs',
    deployment: {
      pod: { initContainers: [{ name: 'proxy', image: 'envoy:1', restartPolicy: 'Always' }] },
      behaviour: 'crash container=proxy log="no route to the mesh"',
      untilAvailable: false,
    },
    steps: [write('1.26.0')],
    tells: ['1.26.0 failed after <time>: container proxy exits 1 (<n> restarts): "no route to the mesh"'],
  },
  {
    name: 'a second container that crashes is named',
    deployment: {
      beside: [{ name: 'agent', image: 'agent:1' }],
      behaviour: 'crash container=agent log="no token"',
      untilAvailable: false,
    },
    steps: [write('1.26.0', 'container: app')],
    tells: ['1.26.0 failed after <time>: container agent exits 1 (<n> restarts): "no token"'],
  },
  {
    name: 'the line that says why is quoted, not the last one',
    deployment: { behaviour: 'crash log="boot|FATAL: port 8080 in use|bye"', untilAvailable: false },
    steps: [write('1.26.0')],
    tells: ['1.26.0 failed after <time>: container app exits 1 (<n> restarts): "FATAL: port 8080 in use"'],
  },
  {
    name: 'of a long log the beginning and the end are kept',
    deployment: { behaviour: `crash log="${LONG_LOG}"`, untilAvailable: false },
    steps: [write('1.26.0')],
    tells: ['1.26.0 failed after <time>: container app exits 1 (<n> restarts): "line 80"'],
    evidence: [/^ {2}line 1\n(?: {2}line \d+\n){9} {2}…\n {2}line 31\n/m, /^ {2}line 80$/m],
  },
  {
    name: 'a secret in a log is hidden wherever the log is told',
    deployment: { behaviour: 'crash log="Error: login failed, password=hunter2-hunter2"', untilAvailable: false },
    steps: [write('1.26.0')],
    tells: [
      '1.26.0 failed after <time>: container app exits 1 (<n> restarts): "Error: login failed, password=[redacted]"',
    ],
    evidence: [/password=\[redacted\]/],
  },
  {
    name: 'one crash before a good start is not a failure',
    engine: 'patient',
    deployment: { behaviour: 'crash times=1', untilAvailable: false },
    steps: [write('1.26.0')],
    tells: ['1.26.0 succeeded after <time>'],
    bound: { restartsAtMost: 1 },
  },
  {
    name: 'with MAX_RESTARTS a crash loop fails long before its grace',
    engine: 'strict',
    steps: [write('1.26.0-broken')],
    tells: [
      '1.26.0-broken failed after <time>: container app exits 1 (<n> restarts): "Error: DATABASE_URL is not set"',
    ],
    bound: { restartsAtMost: 3, availableAtLeast: 1 },
  },
  {
    name: 'a crash soon after the success is told',
    deployment: { behaviour: 'crash after=20s exit=3 log="lost the database"', untilAvailable: false },
    steps: [write('1.26.0')],
    tells: [
      '1.26.0 succeeded after <time>',
      '1.26.0 crashed after its success: container app exits 3 (<n> restarts): "lost the database"',
    ],
  },
  {
    name: 'old pods that crash do not fail a version whose own pods are fine',
    deployment: { image: 'nginx:0.9-crash', replicas: 2, untilAvailable: false },
    steps: [write('1.26.0')],
    tells: ['1.26.0 succeeded after <time>'],
  },
  {
    name: 'a fix rolls out over pods that crash',
    deployment: { replicas: 2 },
    steps: [write('1.26.0-broken'), untilTold(1), write('1.26.1')],
    tells: [
      '1.26.0-broken failed after <time>: container app exits 1 (<n> restarts): "Error: DATABASE_URL is not set"',
      '1.26.1 succeeded after <time>',
    ],
  },
];
