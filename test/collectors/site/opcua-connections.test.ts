import { expect, test } from 'vitest';
import { brief, check, problemsOf } from '../../support/sites.ts';

const site = (rest: string): string => `site: { id: s, name: S }
connections:
  - { id: ua, kind: opcua, endpoint: 'opc.tcp://10.0.0.7:4840'${rest} }
`;
const connectionOf = (rest: string): unknown => {
  const checked = check(site(rest));
  return 'problems' in checked ? checked.problems.map(({ code }) => code) : checked.plan.connections[0];
};

test('an OPC UA connection signs and encrypts, and logs in as nobody, unless something else is written', () => {
  expect(connectionOf('')).toEqual({
    kind: 'opcua',
    id: 'ua',
    endpoint: 'opc.tcp://10.0.0.7:4840',
    security: 'sign-and-encrypt',
    timeoutMs: 5_000,
  });
});

test('a user logs in by a name with a password from elsewhere, or by a certificate', () => {
  expect(connectionOf(', user: { name: meter, passwordEnv: UA_PASSWORD }')).toMatchObject({
    user: { kind: 'password', name: 'meter', password: { from: 'environment', name: 'UA_PASSWORD' } },
  });
  expect(connectionOf(', user: { name: meter, passwordFile: /etc/ua }')).toMatchObject({
    user: { kind: 'password', name: 'meter', password: { from: 'file', name: '/etc/ua' } },
  });
  expect(connectionOf(', user: { certificate: a.pem, key: a.key }, certificateHost: plc-7')).toMatchObject({
    user: { kind: 'certificate', certificate: 'a.pem', key: 'a.key' },
    certificateHost: 'plc-7',
  });
});

test.each([
  ', user: { name: meter }',
  ', user: { passwordEnv: UA_PASSWORD }',
  ', user: { name: meter, passwordEnv: A, passwordFile: b }',
  ', user: { certificate: a.pem }',
  ', user: { name: meter, certificate: a.pem, key: a.key }',
  ', user: {}',
])('half a login, or two at once, is a mistake with its place and what to write: %s', (rest) => {
  expect(brief(site(rest))).toEqual([expect.stringMatching(/^3:\d+ USER_UNCLEAR$/)]);
  expect(problemsOf(site(rest))[0]?.instead.en).toContain('{ name, passwordEnv }');
});

test('a password in the site file is refused', () => {
  expect(problemsOf(site(', user: { name: meter, password: secret }')).length).toBeGreaterThan(0);
});
