import { describe, expect, test } from 'vitest';
import { redact } from '../../src/rollout/redact.ts';

describe('redact', () => {
  test.each([
    ['DB_PASSWORD=hunter2hunter2', 'hunter2hunter2'],
    ['{"password": "hunter2hunter2", "user": "app"}', 'hunter2hunter2'],
    ["token: 'abc.def-ghi'", 'abc.def-ghi'],
    ['apiKey=0123456789abcdef', '0123456789abcdef'],
    ['connect postgres://app:s3cr3t@db:5432/shop', 's3cr3t'],
    ['Authorization: Bearer abcdefgh12345678', 'abcdefgh12345678'],
    ['POST https://hooks.slack.com/services/T000/B000/XXXXXXXX failed', 'XXXXXXXX'],
    ['AKIAIOSFODNN7EXAMPLE', 'AKIAIOSFODNN7EXAMPLE'],
    ['using ghp_0123456789abcdefghijABCDEFGHIJ', 'ghp_0123456789abcdefghijABCDEFGHIJ'],
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl', 'c2lnbmF0dXJl'],
    ['-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----', 'MIIEow'],
    ['xoxb-1234567890-abcdef', 'xoxb-1234567890-abcdef'],
    ['GET /login?token=hunter2hunter2', 'hunter2hunter2'],
    ['Error: "api-token: hunter2hunter2" was refused', 'hunter2hunter2'],
  ])('hides the secret of %j', (text, secret) => {
    expect(redact(text)).not.toContain(secret);
    expect(redact(text)).toContain('[redacted]');
  });

  test.each([
    'Error: DATABASE_URL is not set',
    'exits 137 (signal 9)',
    'pull access denied, repository does not exist or may require authorization',
    'failed to resolve reference "docker.io/library/nginx:typo": not found',
    'GET http://10.0.0.1:8080/healthz returned 503',
    'pod api-token-7d9f8-wpwdq: container webhook exits 1 (1 restart)',
    'container token-service: image registry.example/shop/token-service:1.26.0 cannot be pulled: not found',
    'image: token-service:1.25.0 → token-service:1.26.0',
  ])('leaves %j as it is', (text) => {
    expect(redact(text)).toBe(text);
  });

  test('hides known secrets wherever they stand, and no short word', () => {
    expect(redact('a=my-own-secret-value b=or', ['my-own-secret-value', 'or'])).toBe('a=[redacted] b=or');
  });

  test('stays fast on hostile text', () => {
    const hostile = [
      'password'.repeat(5_000),
      'a://'.repeat(5_000),
      `${'eyJ'.repeat(5_000)}.`,
      ' token ='.repeat(5_000),
    ];

    // A quadratic pattern would take minutes here and end in the test's own time-out.
    expect(hostile.map((text) => redact(text).length).every((length) => length > 0)).toBe(true);
  });
});
