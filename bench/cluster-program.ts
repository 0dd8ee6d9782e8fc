/** A cluster as a process of its own, so that its work does not hold up the proxy that takes the times. */
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { startControlPlane } from '../test/support/control-plane.ts';

/** The line it prints when it is up. */
export interface ClusterAddress {
  readonly url: string;
  /** The administrator's; none where nobody needs one. */
  readonly token?: string;
}

const { address, stop } = process.argv[2] === 'real' ? await startReal() : await startInMemory();
process.once('SIGTERM', () => void stop().finally(() => process.exit()));
process.stdout.write(`${JSON.stringify(address)}\n`);

async function startReal() {
  const plane = await startControlPlane();
  const address: ClusterAddress = { url: plane.url, token: plane.address.adminToken };
  return { address, stop: plane.stop };
}

async function startInMemory() {
  const sandbox = await startSandbox();
  const address: ClusterAddress = { url: sandbox.url };
  return { address, stop: sandbox.stop };
}
