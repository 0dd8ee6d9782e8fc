/** A server certificate made on the spot by openssl. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { TempDir } from '../support/temp-dir.ts';

export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
}

/** Self-signed for 127.0.0.1, its own CA. */
export function createCertificate(dir: TempDir, name = 'server'): Certificate {
  const certFile = dir.file(`${name}.crt`);
  const keyFile = dir.file(`${name}.key`);
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
      ...['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', keyFile, '-out', certFile],
    ],
    { stdio: 'ignore' },
  );
  return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8'), certFile };
}
