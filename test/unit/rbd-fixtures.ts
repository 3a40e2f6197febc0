/** Recordings of rbd and ceph 16.2 (fixtures/rbd-16.2). */
import { readFileSync } from 'node:fs';
import type { RunResult } from '../../src/ports/executor.ts';

export interface Recording {
  readonly name: string;
  readonly argv: readonly string[];
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export const topics = [
  'away',
  'basics',
  'clones',
  'cluster',
  'full',
  'import-export',
  'killed',
  'names',
  'namespaces',
  'remove',
  'rename-race',
  'resize-rename',
  'snapshots',
  'template',
  'users',
  'warnings',
] as const;

export type Topic = (typeof topics)[number];

export function recordings(topic: Topic): readonly Recording[] {
  const path = `${import.meta.dirname}/../../fixtures/rbd-16.2/${topic}.json`;
  return JSON.parse(readFileSync(path, 'utf8')) as Recording[];
}

/** The first of this name. */
export function recording(topic: Topic, name: string): Recording {
  const found = recordings(topic).find((entry) => entry.name === name);
  if (found === undefined) throw new Error(`${topic}.json has no recording "${name}"`);
  return found;
}

export function resultOf({ exitCode, signal, stdout, stderr }: Recording): RunResult {
  return { exitCode, signal, stdout, stderr, killed: null };
}
