import { expect, test } from 'vitest';
import type { OpcUaConnection } from '../../../collectors/contract.ts';
import { chooseOffers, hostOf, type Login, type Offer } from '../../../collectors/opcua/endpoint.ts';

const offer = (
  security: Offer['security'],
  policy: string,
  logins: readonly Login[] = [login('anonymous', policy)],
): Offer => ({
  security,
  policy,
  certificate: Buffer.alloc(0),
  applicationUri: 'urn:x',
  logins,
});
const login = (kind: Login['kind'], policy: string): Login => ({ kind, policy });
const connection = (more: Partial<OpcUaConnection> = {}): OpcUaConnection => ({
  kind: 'opcua',
  id: 'ua',
  endpoint: 'opc.tcp://meter:4840',
  security: 'sign-and-encrypt',
  timeoutMs: 1_000,
  ...more,
});
const BY_PASSWORD = { kind: 'password', name: 'me', password: { from: 'file', name: '/secret' } } as const;
const code = (offers: readonly Offer[], more: Partial<OpcUaConnection> = {}): unknown => {
  try {
    return chooseOffers(offers, connection(more))[0].policy;
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error;
  }
};

test('the strongest policy in the configured mode is taken, whatever the order of the offers', () => {
  const all = ['None', 'Basic256', 'Aes128_Sha256_RsaOaep', 'Basic256Sha256', 'Aes256_Sha256_RsaPss'];
  const offers = all.map((policy) => offer('sign-and-encrypt', policy));
  expect(code(offers)).toBe('Aes256_Sha256_RsaPss');
  expect(code(offers.toReversed())).toBe('Aes256_Sha256_RsaPss');
  expect(chooseOffers(offers, connection()).map(({ policy }) => policy)).toEqual([
    'Aes256_Sha256_RsaPss',
    'Basic256Sha256',
    'Aes128_Sha256_RsaOaep',
  ]);
  expect(code(offers.slice(0, 4))).toBe('Basic256Sha256');
  expect(code(offers.slice(0, 3))).toBe('Aes128_Sha256_RsaOaep');
});

test('no weaker mode and no broken policy is taken in its place', () => {
  const weak = [offer('none', 'None'), offer('sign', 'Basic256Sha256'), offer('sign-and-encrypt', 'Basic128Rsa15')];
  expect(code([...weak, offer('sign-and-encrypt', 'Basic256')])).toBe('OPCUA_SECURITY_NOT_OFFERED');
  expect(code([offer('sign', 'Basic256Sha256')], { security: 'none' })).toBe('OPCUA_SECURITY_NOT_OFFERED');
  expect(() => chooseOffers(weak, connection())).toThrow(/it offers none \(None\), sign \(Basic256Sha256\)/);
});

test('no security is taken where it is written, and only then', () => {
  expect(code([offer('none', 'None')], { security: 'none' })).toBe('None');
  expect(code([offer('none', 'None')])).toBe('OPCUA_SECURITY_NOT_OFFERED');
});

test('an endpoint that does not admit such a user is passed over', () => {
  const offers = [
    offer('sign-and-encrypt', 'Aes256_Sha256_RsaPss', [login('certificate', '')]),
    offer('sign-and-encrypt', 'Basic256Sha256', [login('password', '')]),
  ];
  expect(code(offers, { user: BY_PASSWORD })).toBe('Basic256Sha256');
  expect(code(offers)).toBe('OPCUA_LOGIN_NOT_OFFERED');
});

test('a password never travels unencrypted', () => {
  const clear = [login('password', 'None')];
  const sealed = [login('password', 'None'), login('password', 'Basic256Sha256')];
  const user = { user: BY_PASSWORD };
  expect(code([offer('none', 'None', clear)], { ...user, security: 'none' })).toBe('OPCUA_PASSWORD_IN_CLEAR');
  expect(code([offer('sign', 'Basic256Sha256', clear)], { ...user, security: 'sign' })).toBe('OPCUA_PASSWORD_IN_CLEAR');
  expect(code([offer('none', 'None', sealed)], { ...user, security: 'none' })).toBe('None');
  expect(code([offer('sign-and-encrypt', 'Basic256Sha256', clear)], user)).toBe('Basic256Sha256');
});

test('the host of an endpoint', () => {
  const endpoints = ['opc.tcp://plc-7:4840/x', 'opc.tcp://10.0.0.7', 'opc.tcp://[fe80::1]:4840', 'opc.tcp://plc.lan/x'];
  expect(endpoints.map(hostOf)).toEqual(['plc-7', '10.0.0.7', 'fe80::1', 'plc.lan']);
});
