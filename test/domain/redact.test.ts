import { describe, expect, test } from 'vitest';
import { redact, redactLines } from '../../src/domain/redact.ts';

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
    ['DB_PASS=hunter2hunter2 was refused', 'hunter2hunter2'],
    ['SIGNING_KEY=hunter2hunter2', 'hunter2hunter2'],
    ['SLACK_WEBHOOK=https://chat.example/1/hunter2', 'hunter2'],
    ['{"line": "{\\"password\\": \\"hunter2\\"}"}', 'hunter2'],
    ['{"name":"DB_PASSWORD","value":"hunter2hunter2"}', 'hunter2hunter2'],
    ['v1.EnvVar{Name:"DB_PASSWORD", Value:"hunter2hunter2"}', 'hunter2hunter2'],
    ['exec: "app --db-password hunter2hunter2 --port 80": not found', 'hunter2hunter2'],
    ['exec: ["app", "--token", "hunter2hunter2"]', 'hunter2hunter2'],
    ['Authorization: token hunter2hunter2', 'hunter2hunter2'],
    ['Cookie: session=hunter2hunter2', 'hunter2hunter2'],
    ['connect amqp://guest:hunter2@hunter3@queue/', 'hunter3'],
    ['dial app:hunter2@tcp(db:3306)/shop', 'hunter2'],
    ['AccountName=shop;AccountKey=hunter2==', 'hunter2'],
    ['password: no-more-hunter2', 'hunter2'],
    ['exec redis-cli -h 10.0.0.1 -a hunter2 ping', 'hunter2'],
    ['exec mysqladmin ping -uroot -phunter2', 'hunter2'],
    ['exec curl -fsu admin:x http://a && curl -u admin:hunter2 http://b', 'hunter2'],
    ['passphrase: invalid.hunter2', 'hunter2'],
  ])('hides the secret of %j', (text, secret) => {
    expect(redact(text)).not.toContain(secret);
    expect(redact(text)).toContain('[redacted]');
  });

  test.each([
    'Error: DATABASE_URL is not set',
    'exits 137 (signal 9)',
    'pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
    'failed to authorize: failed to fetch oauth token: denied: denied',
    'failed to fetch oauth token: 401 Unauthorized',
    'unauthorized: authentication required',
    'MountVolume.SetUp failed for volume "app-token" : secret "app-token" not found',
    "couldn't find key password in Secret prod/db",
    'invalid token: signature has expired',
    '{"error":"token: expired","retry":false}',
    'API_TOKEN: undefined',
    'cannot log in (password=undefined, token=<nil>)',
    'jwt.secret: may not be empty',
    'Basic authentication required, bearer token missing',
    'SyntaxError: unexpected token: EOF',
    'exec sh -c mysqladmin ping -p$MYSQL_ROOT_PASSWORD --port 3306',
    'load credentials: x509: certificate has expired',
    'failed to get token: rpc error: code = Unavailable',
    'NoCredentialsError: Unable to locate credentials',
    'event FailedToRetrieveImagePullSecret: Unable to retrieve some image pull secrets (regcred)',
    'may not read arn:aws:secretsmanager:eu-west-1:1:secret:prod/db-AbCdEf',
    'no serviceaccount key: JWT_SECRET: This field is required',
    'failed to resolve reference "docker.io/library/nginx:typo": not found',
    'GET http://10.0.0.1:8080/healthz returned 503',
    'pod api-token-7d9f8-wpwdq: container webhook exits 1 (1 restart)',
    'container token-service: image registry.example/shop/token-service:1.26.0 cannot be pulled: not found',
    'image: token-service:1.25.0 → token-service:1.26.0',
    'web/prod token-service:1.26.0 failed after 20 s',
    'web/prod my-secret:v2.0.1-rc.1 refused',
    'Back-off pulling image "token-service:1.26.0": ErrImagePull',
    'failed to call webhook: Post "https://policy.example": connection refused',
    'failed to fetch anonymous token: unexpected status: 401 Unauthorized',
    'Error: required flag --db-password must be given',
    "Access denied for user 'app' (using password: YES)",
    'the bypass: on, the tests passed: 3',
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
      '-eyJaaaaaaaaaaa'.repeat(60_000),
      ' token ='.repeat(5_000),
      '--password'.repeat(5_000),
      '--a'.repeat(20_000),
      'mysql curl redis-cli'.repeat(5_000),
      'name: '.repeat(8_000),
      'x://a:b@'.repeat(6_000),
      `${'A'.repeat(20)}\n`.repeat(2_500),
    ];

    // A quadratic pattern would take minutes here and end in the test's own time-out.
    expect(hostile.map((text) => redact(text).length).every((length) => length > 0)).toBe(true);
  });

  test('hides nothing twice', () => {
    const once = redact('--token abc12345 password => "hunter2" DB_PASS=hunter2 token: abc postgres://app:hunter2@db');

    expect(redact(once)).toBe(once);
  });
});

describe('redactLines', () => {
  const KEY = ['MIIEowIBAAKCAQEAhunter2', 'c3VwZXJzZWNyZXQhunter3'];

  test.each([
    ['a whole key', ['-----BEGIN RSA PRIVATE KEY-----', ...KEY, '-----END RSA PRIVATE KEY-----']],
    ['the beginning of a key', ['-----BEGIN PRIVATE KEY-----', ...KEY]],
    ['the end of a key', [...KEY, '-----END PRIVATE KEY-----']],
  ])('hides %s', (_what, lines) => {
    expect(redactLines(lines).join('\n')).not.toMatch(/hunter/);
  });

  test('leaves the lines around a key, and those that only lie beside a name', () => {
    const lines = [
      'reading',
      '-----BEGIN PRIVATE KEY-----',
      ...KEY,
      '-----END PRIVATE KEY-----',
      'token:',
      'Error: bad',
    ];

    expect(redactLines(lines)).toEqual(['reading', '[redacted]', 'token:', 'Error: bad']);
  });

  test('leaves no lines where there were none', () => {
    expect(redactLines([])).toEqual([]);
  });
});
