import { expect, test } from 'vitest';
import { download, type Download } from '../../src/ingress/download.ts';
import type { Host } from '../../src/ports/host.ts';
import type { HttpResponse } from '../../src/ports/http.ts';
import { codeOf } from '../contract/world.ts';

/** Servers that redirect as `hops` says; whoever is not in it serves nothing. */
function redirecting(hops: Record<string, string>) {
  const asked: string[] = [];
  const get = ({ url }: { url: string }): Promise<HttpResponse> => {
    asked.push(url);
    const location = hops[url];
    const headers: Record<string, string> = location === undefined ? {} : { location };
    const body = { read: () => Promise.resolve(undefined), close: () => Promise.resolve() };
    return Promise.resolve({ status: location === undefined ? 404 : 302, headers, body });
  };
  const digests = { sha256: () => ({ update: () => {}, hex: () => '' }) };
  const clock = { now: () => 0, sleep: () => Promise.resolve() };
  const host = { http: { get }, digests, clock } as unknown as Host;
  const fetch = (url: string) =>
    codeOf(download(host, { url, onBytes: () => {}, signal: undefined } as unknown as Download));
  return { asked, fetch };
}

test('a redirect from https to plain http is refused, and not followed', async () => {
  const { asked, fetch } = redirecting({ 'https://a.example/x': 'http://a.example/x' });
  expect(await fetch('https://a.example/x')).toBe('UNSAFE_IMAGE');
  expect(asked).toEqual(['https://a.example/x']);
});

test('so is one after harmless redirects', async () => {
  const { asked, fetch } = redirecting({
    'http://a.example/x': 'https://a.example/x',
    'https://a.example/x': '/y',
    'https://a.example/y': 'HTTP://b.example/y',
  });
  expect(await fetch('http://a.example/x')).toBe('UNSAFE_IMAGE');
  expect(asked).not.toContain('http://b.example/y');
});

test('a redirect from plain http to https is followed', async () => {
  const { asked, fetch } = redirecting({ 'http://a.example/x': 'https://a.example/x' });
  expect(await fetch('http://a.example/x')).toBe('NOT_FOUND');
  expect(asked).toEqual(['http://a.example/x', 'https://a.example/x']);
});
